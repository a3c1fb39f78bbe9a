"""What makes and measures Digit Lab; README.md tells what for. The lab imports nothing of it."""
