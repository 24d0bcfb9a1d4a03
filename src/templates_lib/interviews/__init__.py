"""Interviews: whom to call, what to ask, when themes repeat, and what was told."""
