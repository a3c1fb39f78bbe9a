"""Whether the network is right as often as it says it is."""

from __future__ import annotations

from digitlab.ui.readers import Reader
from digitlab.ui.shell import Visit


def show(reader: Reader, visit: Visit) -> None:
    """Whether the network is right as often as it says it is."""
