"""Who comes back and when, and who is overdue."""
