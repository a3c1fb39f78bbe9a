"""What a visitor's runs are called, wherever one is named."""

from __future__ import annotations

from digitlab import words
from digitlab.store import Run
from digitlab.ui import lab
from digitlab.ui.shell import Visit


def called(run: Run, visit: Visit) -> str:
    """The name that the visitor gave their run, or its lesson's; others see no names."""
    given = lab.shelf().name(run.id) if run.owner == visit.me else ""
    return given or words.run_name(run, visit.t)
