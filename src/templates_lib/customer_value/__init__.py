"""What customers are worth, who costs money and why, and what is still to come."""
