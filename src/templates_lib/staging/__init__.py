"""From the files of a client to the canonical tables, in one read-only file."""
