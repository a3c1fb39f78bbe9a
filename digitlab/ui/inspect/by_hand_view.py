"""One weighted sum of the network, in numbers that add up."""

from __future__ import annotations

from digitlab.ui.readers import Reader
from digitlab.ui.shell import Visit


def show(reader: Reader, visit: Visit) -> None:
    """One weighted sum of the network, in numbers that add up."""
