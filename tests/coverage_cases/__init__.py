"""Simulated shops whose true numbers are known: how often each interval holds them."""
