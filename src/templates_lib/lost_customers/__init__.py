"""Who left for good, after what, why they say so, and whom to win back."""
