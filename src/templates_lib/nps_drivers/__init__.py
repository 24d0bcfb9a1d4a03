"""The recommendation score, what moves it, the reasons given, and what it leads to."""
