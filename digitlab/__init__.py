"""Digit Lab: train, draw and inspect networks that read handwritten digits."""

__version__ = "0.1.0"
