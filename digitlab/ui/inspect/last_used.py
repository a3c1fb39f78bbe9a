"""Two ways to choose one thing, a picture to click and a widget: what was used last holds."""

from __future__ import annotations

from digitlab.charts.frame import Chart
from digitlab.messages import Translator
from digitlab.ui import clicks
from digitlab.ui.inspect import state


def place(
    figure: Chart, key: str, t: Translator, count: int, *, shows: str = "opened-sample"
) -> int | None:
    """The place of ``figure`` clicked since ``forget(key)``, from 0 to ``count`` - 1.

    ``shows`` is the key of what answers the click, which a phone scrolls to.
    """
    return clicks.place(figure, f"{key}-{state.turn(key).get()}", t, count, shows=shows)


def forget(key: str) -> None:
    """A widget was used: what was clicked before does not hold any more, nor is it marked."""
    turn = state.turn(key)
    turn.set(turn.get() + 1)
