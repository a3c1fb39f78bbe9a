"""What a visitor feels, measured in a real browser on a real server; ``commands/bench.py`` asks."""
