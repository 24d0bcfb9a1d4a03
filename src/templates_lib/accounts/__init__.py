"""Companies that buy: what each brings, fit and intent, people by role, offers won and lost."""
