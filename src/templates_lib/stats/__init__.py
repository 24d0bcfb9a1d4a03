"""Statistics on counts and sums: no business words, no rounding, no clock."""
