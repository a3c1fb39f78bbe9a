"""Which digit is taken for which, and the samples behind each number."""

from __future__ import annotations

from digitlab.ui.readers import Reader
from digitlab.ui.shell import Visit


def show(reader: Reader, visit: Visit) -> None:
    """Which digit is taken for which, and the samples behind each number."""
