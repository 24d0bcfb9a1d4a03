"""Profiles: cards, who is in which, the page that the customer sees, and how well it fits."""
