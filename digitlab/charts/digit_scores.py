"""Precision, recall and F1 of the ten digits as dots, on a scale that shows how they differ."""

from __future__ import annotations

import math
from collections.abc import Sequence

from digitlab.charts import frame
from digitlab.charts.frame import BLUE, GREEN, VERMILLION, Chart
from digitlab.config import DIGITS
from digitlab.inspection.metrics import Rates
from digitlab.messages import Translator

_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)  # between two lines of the grid
_MOST_LINES = 5
_STRIPE = "rgba(128,128,128,0.1)"
_APART = 0.22  # of the room of a digit, between its three dots


def digit_scores(scores: Sequence[Rates], t: Translator) -> Chart:
    """Three dots a digit, told apart by colour and form; a share that is None has no dot.

    The axis ends at 100% and begins at ``scores_axis_start``, which its title says.
    """
    traces = []
    for shift, name, values, colour, symbol in (
        (-_APART, t("precision"), [s.precision for s in scores], BLUE, "circle"),
        (0.0, t("recall"), [s.recall for s in scores], VERMILLION, "diamond"),
        (_APART, t("F1"), [s.f1 for s in scores], GREEN, "line-ew-open"),
    ):
        digits = [digit for digit, value in enumerate(values) if value is not None]
        edge = {"width": 3 if "open" in symbol else 0, "color": colour}
        traces.append(
            frame.trace(
                "scatter",
                x=[digit + shift for digit in digits],
                y=[values[digit] for digit in digits],
                mode="markers",
                name=name,
                cliponaxis=False,
                marker={"color": colour, "symbol": symbol, "size": 10, "line": edge},
                customdata=digits,
                hovertemplate=t("digit") + " %{customdata}: %{y:.2%}<extra>" + name + "</extra>",
            )
        )
    # Behind every second digit, so that the eye keeps its three dots together.
    stripes = [
        frame.box(digit - 0.5, 0, digit + 0.5, 1, layer="below", yref="paper", fillcolor=_STRIPE)
        for digit in range(1, DIGITS, 2)
    ]
    least, step = _grid(scores)
    every = {"tickvals": list(range(DIGITS)), "range": [-0.5, DIGITS - 0.5]}
    shares = {"dtick": step, "tick0": least, "range": [least - step / 4, 1 + step / 4]}
    share = t("share (from {least})", least=f"{least:.0%}") if least else t("share")
    return frame.figure(
        t("Precision, recall and F1 of each digit"),
        traces,
        height=360,
        uirevision="digit-scores",
        legend_room=frame.LEGEND_ROOM,
        shapes=stripes,
        xaxis=frame.axis(t("digit"), showgrid=False, **every),
        yaxis=frame.axis(share, tickformat=".0%", **shares),
    )


def scores_axis_start(scores: Sequence[Rates]) -> float:
    """Where the axis begins: at the line of the grid below the smallest share."""
    return _grid(scores)[0]


def _grid(scores: Sequence[Rates]) -> tuple[float, float]:
    """The first line of the grid, and the step from one to the next."""
    there = [value for s in scores for value in (s.precision, s.recall, s.f1) if value is not None]
    room = 1 - min([*there, 0.99])  # never 0: the axis has a length
    step = next((step for step in _STEPS if room <= _MOST_LINES * step), _STEPS[-1])
    return max(0.0, round(1 - math.ceil(room / step - 1e-9) * step, 10)), step
