"""``make new-client``: from the files that a merchant sent to a first parameter file, and a letter
that asks for what is missing."""
