"""Precision, recall and F1 of each digit, and what accuracy hides."""

from __future__ import annotations

from digitlab.ui.readers import Reader
from digitlab.ui.shell import Visit


def show(reader: Reader, visit: Visit) -> None:
    """Precision, recall and F1 of each digit, and what accuracy hides."""
