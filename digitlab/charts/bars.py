"""Ten digits, a bar each: how probable they are, or how many there are of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import (
    BLUE,
    GREEN,
    GREY_BLUE,
    LABEL_SIZE,
    LEGEND_ROOM,
    PURPLE,
    SMALL_SIZE,
    VERMILLION,
    Chart,
    Trace,
    figure,
    legend_below,
    margin,
    trace,
)
from digitlab.config import DIGITS
from digitlab.messages import Translator

Counts = Sequence[int] | npt.NDArray[np.integer[Any]]

_PART_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, GREY_BLUE)
_UPRIGHT: dict[str, Any] = {"textangle": 0, "cliponaxis": False, "constraintext": "none"}


def probabilities(values: npt.ArrayLike, t: Translator, *, height: int = 240) -> Chart:
    """Ten class probabilities (10,), 0 to 1, as bars; the largest stands out."""
    shares = np.asarray(values, np.float64)
    winner = int(shares.argmax())
    title = t("Probability of each digit")
    labels = [_percent(share) for share in shares]
    bars = trace(
        "bar",
        x=list(range(DIGITS)),
        y=shares,
        marker={"color": [VERMILLION if digit == winner else GREY_BLUE for digit in range(DIGITS)]},
        text=labels,
        textposition="outside",
        textfont={"size": LABEL_SIZE},
        **_UPRIGHT,
        hovertemplate=t("digit {digit}: {value}", digit="%{x}", value="%{y:.4%}")
        + "<extra></extra>",
    )
    likely = t.listed(f"{digit} {label}" for digit, label in enumerate(labels) if label)
    return figure(
        title,
        [bars],
        height=height,
        alt=f"{title}: {likely}",
        uirevision="probabilities",
        bargap=0.25,
        xaxis=_digit_axis(t),
        # The place above 100% is for the winner's own label.
        yaxis=frame.axis(
            t("probability (%)"),
            range=[0, 1.12],
            tickvals=[0, 0.25, 0.5, 0.75, 1],
            tickformat=".0%",
        ),
    )


def _digit_axis(t: Translator) -> dict[str, Any]:
    return frame.axis(t("digit"), dtick=1, showgrid=False, range=[-0.6, DIGITS - 0.4])


def _percent(share: float) -> str:
    """A label that never says 100% of what is only nearly so; none for a bar under 1%."""
    if not share >= 0.01:  # nor for one that is not a number
        return ""
    if share < 0.99 or share == 1:
        return f"{share:.0%}"
    return f"{share:.1%}" if share < 0.9995 else ">99.9%"


def counts(
    per_digit: Mapping[str, Counts] | Counts, t: Translator, *, title: str, axis: str
) -> Chart:
    """How many of each digit: ten counts (10,), or up to five parts' ten by name, stacked.

    ``title`` and ``axis`` (what is counted, with its unit) are in the reader's language already.

    Raises:
        ValueError: there are more parts than colours that can be told apart.
    """
    parts = per_digit if isinstance(per_digit, Mapping) else {"": per_digit}
    if len(parts) > len(_PART_COLOURS):
        raise ValueError(f"no colours for {len(parts)} parts; {len(_PART_COLOURS)} is the most")
    stacked = len(parts) > 1
    bars = [
        _count_bars(name, numbers, colour, t, labelled=not stacked)
        for (name, numbers), colour in zip(parts.items(), _PART_COLOURS, strict=False)
    ]
    return figure(
        title,
        bars,
        height=300 if stacked else 260,
        uirevision="counts",
        barmode="stack",
        bargap=0.25,
        showlegend=stacked,
        legend=legend_below(traceorder="normal"),
        margin=margin(bottom=LEGEND_ROOM if stacked else 8),
        xaxis=_digit_axis(t),
        yaxis=frame.axis(axis, rangemode="tozero", tickformat=",d"),
    )


def _count_bars(name: str, numbers: Counts, colour: str, t: Translator, *, labelled: bool) -> Trace:
    per_digit = np.asarray(numbers)
    return trace(
        "bar",
        x=list(range(DIGITS)),
        y=per_digit,
        name=name,
        marker={"color": colour},
        text=[f"{count:,}" for count in per_digit] if labelled else None,
        textposition="outside" if labelled else "none",
        textfont={"size": SMALL_SIZE},
        **_UPRIGHT,
        hovertemplate=t("digit {digit}: {value}", digit="%{x}", value="%{y:,d}")
        + f"<extra>{name}</extra>",
    )
