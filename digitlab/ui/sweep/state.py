"""What the Sweep page remembers in a session."""

from __future__ import annotations

from collections.abc import Sequence

from digitlab.config import Value
from digitlab.messages import Message
from digitlab.ui.session import SessionValue

REFUSED = SessionValue[Message | None]("sweep-refused", None)  # why nothing came of a press


def seeds(sweep: str, usual: int) -> SessionValue[int | None]:
    """With how many seeds each value is trained, in a lesson's sweep or in one's "own"."""
    return SessionValue(f"sweep-seeds-{sweep}", usual)


def fields(usual: Sequence[str]) -> SessionValue[Sequence[str]]:
    """The names of the fields to vary."""
    return SessionValue("sweep-fields", usual)


def choices(field: str, every: Sequence[Value]) -> SessionValue[Sequence[Value]]:
    """The chosen values of a field with choices."""
    return SessionValue(f"sweep-values-{field}", every)


def values(field: str, proposed: str) -> SessionValue[str]:
    """The values of a field of numbers, as they are written."""
    return SessionValue(f"sweep-values-{field}", proposed)


def measure(sweep: str, first: str) -> SessionValue[str]:
    """The name of the measure that a sweep's cells are compared by."""
    return SessionValue(f"sweep-measure-{sweep}", first)
