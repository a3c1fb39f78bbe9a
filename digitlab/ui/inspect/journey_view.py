"""How the network came to read as it does, epoch by epoch."""

from __future__ import annotations

from digitlab.ui.readers import Reader
from digitlab.ui.shell import Visit


def show(reader: Reader, visit: Visit) -> None:
    """How the network came to read as it does, epoch by epoch."""
