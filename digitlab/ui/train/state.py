"""What the Train page remembers in a session."""

from __future__ import annotations

from digitlab.config import Value
from digitlab.messages import Message
from digitlab.ui.session import SessionValue

LESSON = SessionValue[str | None]("lesson", None)  # None: it was pressed again
REFUSED_SETTING = SessionValue[Message | None]("refused-setting", None)


def setting(field: str) -> SessionValue[Value | None]:
    """A field's widget, a slider where it has one."""
    return SessionValue(f"field-{field}", None)


def number(field: str) -> SessionValue[Value | None]:
    """The same setting beside its slider, as a number to type."""
    return SessionValue(f"number-{field}", None)
