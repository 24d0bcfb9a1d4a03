"""What the data are, whether they agree with the shop's own totals, what they are enough for."""
