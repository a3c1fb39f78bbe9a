"""Ten digits, a bar each: probabilities, counts, or a filter's mean response."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import BLUE, GREEN, GREY_BLUE, PURPLE, VERMILLION, Chart, Trace
from digitlab.config import DIGITS
from digitlab.labels import percentage
from digitlab.messages import Translator

Counts = Sequence[int] | npt.NDArray[np.integer[Any]]

_PART_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, GREY_BLUE)


def probability_bars(values: npt.ArrayLike, t: Translator, *, height: int = 240) -> Chart:
    """Ten class probabilities (10,), 0 to 1, as bars; the largest stands out."""
    shares = np.asarray(values, np.float64)
    title = t("Probability of each digit")
    labels = [_percent(share) for share in shares]
    said = t("digit {digit}: {value}", digit="%{x}", value="%{y:.4%}")
    likely = t.listed(f"{digit} {label}" for digit, label in enumerate(labels) if label)
    # The place above 100% is for the winner's own label.
    ticks = {"range": [0, 1.12], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
    return _over_digits(
        title,
        [_bars(shares, _one_other(shares, GREY_BLUE), said, **frame.bar_labels(labels))],
        frame.axis(t("probability (%)"), **ticks),
        t,
        height=height,
        alt=f"{title}: {likely}",
        uirevision="probabilities",
    )


def digit_responses(means: npt.ArrayLike, t: Translator, *, title: str) -> Chart:
    """The mean response to the images of each digit (10,), the largest in another colour."""
    values = np.asarray(means, np.float64)
    bars = _bars(values, _one_other(values, BLUE), t("digit") + " %{x}: %{y:.4f}")
    yaxis = frame.axis(t("mean response"), zeroline=True, zerolinecolor=GREY_BLUE)
    return _over_digits(title, [bars], yaxis, t, height=240, uirevision="digits")


def count_bars(
    per_digit: Mapping[str, Counts] | Counts, t: Translator, *, title: str, axis: str
) -> Chart:
    """How many of each digit: ten counts (10,), or up to five parts' ten by name, stacked.

    ``axis`` says what is counted, with its unit.

    Raises:
        ValueError: there are more parts than colours that can be told apart.
    """
    parts = per_digit if isinstance(per_digit, Mapping) else {"": per_digit}
    if len(parts) > len(_PART_COLOURS):
        raise ValueError(f"no colours for {len(parts)} parts; {len(_PART_COLOURS)} is the most")
    stacked = len(parts) > 1
    said = t("digit {digit}: {value}", digit="%{x}", value="%{y:,d}")
    bars = []
    for (name, numbers), colour in zip(parts.items(), _PART_COLOURS, strict=False):
        labels = frame.bar_labels(None if stacked else [f"{count:,}" for count in numbers])
        bars.append(_bars(np.asarray(numbers), colour, said, name, name=name, **labels))
    return _over_digits(
        title,
        bars,
        frame.axis(axis, rangemode="tozero", tickformat=",d"),
        t,
        height=300 if stacked else 260,
        uirevision="counts",
        barmode="stack",
        legend_room=frame.LEGEND_ROOM if stacked else 0,
        legend={"traceorder": "normal"},
    )


def _bars(
    values: npt.NDArray[Any], colour: str | list[str], hover: str, extra: str = "", **settings: Any
) -> Trace:
    return frame.trace(
        "bar",
        x=list(range(DIGITS)),
        y=values,
        marker={"color": colour},
        hovertemplate=f"{hover}<extra>{extra}</extra>",
        **settings,
    )


def _over_digits(
    title: str, bars: list[Trace], yaxis: frame.Settings, t: Translator, **layout: Any
) -> Chart:
    xaxis = frame.axis(t("digit"), dtick=1, showgrid=False, range=[-0.6, DIGITS - 0.4])
    return frame.figure(title, bars, bargap=0.25, xaxis=xaxis, yaxis=yaxis, **layout)


def _one_other(values: npt.NDArray[np.float64], others: str) -> list[str]:
    """A colour a bar, another one for the largest."""
    top = int(np.nanargmax(values)) if np.isfinite(values).any() else -1
    return [VERMILLION if digit == top else others for digit in range(DIGITS)]


def _percent(share: float) -> str:
    """A label that never says 100% of what is only nearly so; none for a bar under 1%."""
    if not share >= 0.01:  # nor for one that is not a number
        return ""
    return f"{share:.0%}" if share < 0.99 or share == 1 else percentage(share)
