"""What marketing costs and brings, and what tests say that it adds."""
