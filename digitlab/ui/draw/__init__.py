"""The Draw page: the canvas, what the network reads, and why."""
