"""What the Runs page remembers in a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from digitlab.archive import Packed, Unpacked
from digitlab.messages import Message
from digitlab.ui.session import SessionValue


class PackedZip(Protocol):
    """A zip on the disk, and what is in it."""

    path: Path
    packed: Packed


# The table: the ids of the ticked runs, those that the filter hides for now among them.
TICKED = SessionValue[frozenset[str]]("runs-ticked", frozenset())

# The archive: the zip to save, what came of the one that was loaded last, how many were loaded, and
# the estimated sizes in bytes, by what goes in and what there is.
PACKED = SessionValue[PackedZip | None]("archive-packed", None)
LOADED = SessionValue[Unpacked | Message | None]("archive-told", None)
LOADS = SessionValue("archive-number", 0)
SIZES = SessionValue[dict[tuple[bool, object], int]]("archive-sizes", {})

# Leaving: whether the second question is asked, and how many runs and drawings were deleted.
LEAVE_ASKED = SessionValue("leave-asked", False)
LEFT = SessionValue[tuple[int, int] | None]("leave-done", None)
JUST_LEFT = SessionValue("leave-fresh", False)


def table(key: str) -> SessionValue[dict[str, Any]]:
    """The rows that are chosen in the table with this key."""
    return SessionValue(key, {})


def name(run: str, given: str = "") -> SessionValue[str]:
    """The field for a run's name; at first the name it was ``given``."""
    return SessionValue(f"runs-name-{run}", given)
