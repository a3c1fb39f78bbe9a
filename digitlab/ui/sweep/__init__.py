"""The Sweep page: planning one, watching it, and what it came to."""
