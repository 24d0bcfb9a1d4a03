"""From notebooks to what a client reads."""
