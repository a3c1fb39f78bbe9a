"""Ten digits, a bar each: probabilities, counts, or a filter's mean response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import BLUE, GREEN, GREY_BLUE, PURPLE, VERMILLION, Chart
from digitlab.config import DIGITS
from digitlab.labels import percentage
from digitlab.messages import Translator

Counts = Sequence[int] | npt.NDArray[np.integer[Any]]

_PART_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, GREY_BLUE)
_UPRIGHT: dict[str, Any] = {"textangle": 0, "cliponaxis": False, "constraintext": "none"}


def probability_bars(values: npt.ArrayLike, t: Translator, *, height: int = 240) -> Chart:
    """Ten class probabilities (10,), 0 to 1, as bars; the largest stands out."""
    shares = np.asarray(values, np.float64)
    title = t("Probability of each digit")
    labels = [_percent(share) for share in shares]
    bars = frame.trace(
        "bar",
        x=list(range(DIGITS)),
        y=shares,
        marker={"color": _one_other(int(shares.argmax()), VERMILLION, GREY_BLUE)},
        text=labels,
        textposition="outside",
        textfont={"size": frame.LABEL_SIZE},
        **_UPRIGHT,
        hovertemplate=t("digit {digit}: {value}", digit="%{x}", value="%{y:.4%}")
        + "<extra></extra>",
    )
    likely = t.listed(f"{digit} {label}" for digit, label in enumerate(labels) if label)
    return frame.figure(
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


def digit_responses(means: npt.ArrayLike, t: Translator, *, title: str) -> Chart:
    """The mean response to the images of each digit (10,), the largest in another colour."""
    values = np.asarray(means, np.float64)
    top = int(np.nanargmax(values)) if np.isfinite(values).any() else -1
    bars = frame.trace(
        "bar",
        x=list(range(DIGITS)),
        y=values,
        marker={"color": _one_other(top, VERMILLION, BLUE)},
        hovertemplate=t("digit") + " %{x}: %{y:.4f}<extra></extra>",
    )
    return frame.figure(
        title,
        [bars],
        height=240,
        uirevision="digits",
        bargap=0.25,
        xaxis=_digit_axis(t),
        yaxis=frame.axis(t("mean response"), zeroline=True, zerolinecolor=GREY_BLUE),
    )


def _percent(share: float) -> str:
    """A label that never says 100% of what is only nearly so; none for a bar under 1%."""
    if not share >= 0.01:  # nor for one that is not a number
        return ""
    if share < 0.99 or share == 1:
        return f"{share:.0%}"
    return percentage(share)


def count_bars(
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
    said = t("digit {digit}: {value}", digit="%{x}", value="%{y:,d}")
    bars = [
        frame.trace(
            "bar",
            x=list(range(DIGITS)),
            y=np.asarray(numbers),
            name=name,
            marker={"color": colour},
            text=None if stacked else [f"{count:,}" for count in numbers],
            textposition="none" if stacked else "outside",
            textfont={"size": frame.SMALL_SIZE},
            **_UPRIGHT,
            hovertemplate=f"{said}<extra>{name}</extra>",
        )
        for (name, numbers), colour in zip(parts.items(), _PART_COLOURS, strict=False)
    ]
    return frame.figure(
        title,
        bars,
        height=300 if stacked else 260,
        uirevision="counts",
        barmode="stack",
        bargap=0.25,
        legend_room=frame.LEGEND_ROOM if stacked else 0,
        legend={"traceorder": "normal"},
        xaxis=_digit_axis(t),
        yaxis=frame.axis(axis, rangemode="tozero", tickformat=",d"),
    )


def _one_other(place: int, colour: str, others: str) -> list[str]:
    return [colour if digit == place else others for digit in range(DIGITS)]


def _digit_axis(t: Translator) -> dict[str, Any]:
    return frame.axis(t("digit"), dtick=1, showgrid=False, range=[-0.6, DIGITS - 0.4])
