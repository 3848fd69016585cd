"""What to measure and how to judge it."""
