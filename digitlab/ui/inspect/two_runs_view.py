"""What one network reads right and another does not."""

from __future__ import annotations

from digitlab.ui.readers import Reader
from digitlab.ui.shell import Visit


def show(reader: Reader, visit: Visit) -> None:
    """What one network reads right and another does not."""
