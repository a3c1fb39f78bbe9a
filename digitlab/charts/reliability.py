"""Certainty against the share that is right, and how many samples are how certain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digitlab.charts import frame
from digitlab.charts.frame import BLUE, GREY_BLUE, VERMILLION, Chart, Trace
from digitlab.inspection.reliability import Bin
from digitlab.messages import Translator
from digitlab.scores import wilson

_DIAGRAM, _HISTOGRAM = (0.36, 1.0), (0.0, 0.24)  # shares of the figure's height
_AXIS_OF_TARGETS = {"range": [1, 0], "visible": False, "fixedrange": True}
_LEAST = 0.5  # where the histogram's log scale begins: a single sample is still a bar


def reliability_diagram(bins: Sequence[Bin], t: Translator) -> Chart:
    """How often a network is right against how certain it is, and a histogram under it.

    Both axes are stretched alike, so that every bin is as wide as the next: most samples lie in
    the last ones. What is right as often as it is certain lies on the diagonal, as on plain axes.
    A click anywhere in a bin tells its number, counted from 0.
    """
    edges = [bins[0].low, *(each.high for each in bins)]
    count = len(bins)
    ends, name = [0, count], t("as often right as certain")
    dashed = {"color": GREY_BLUE, "width": 2, "dash": "dash"}
    diagonal = frame.trace(
        "scatter", x=ends, y=ends, name=name, mode="lines", line=dashed, hoverinfo="skip"
    )
    middles = [place + 0.5 for place in range(count)]
    histogram = frame.trace(
        "bar",
        x=middles,
        width=0.86,
        y=[each.count or None for each in bins],
        yaxis="y2",
        name=t("samples in the bin (log scale)"),
        marker={"color": VERMILLION},
        hoverinfo="skip",
        **frame.bar_labels([f"{each.count:,}" for each in bins]),
    )
    hovers = [_hover(each, t) for each in bins]
    targets = frame.click_targets(middles, [0.0] * count, range(count), hovers, chosen=0.16)
    texts = [edge_text(edge) for edge in edges]
    shares = {"tickvals": list(range(count + 1)), "ticktext": texts, "range": [-0.05, count + 0.05]}
    low, high = float(np.log10(_LEAST)), float(np.log10(max(1, *(each.count for each in bins))))
    tallest = high + 0.28 * (high - low)  # with room for its number
    log = {"type": "log", "range": [low, tallest], "dtick": 1, "exponentformat": "none"}
    traces = [diagonal, _points(bins, edges, t), histogram]
    return frame.figure(
        t("Right as often as it is certain?"),
        [*traces, targets | {"yaxis": "y3"}, targets | {"yaxis": "y4"}],
        height=560,
        uirevision="reliability",
        barmode="overlay",
        legend_room=frame.LEGEND_ROOM,
        xaxis=frame.axis(t("certainty of the answer (%)"), anchor="y2", **shares),
        yaxis=frame.axis(t("share that is right (%)"), domain=_DIAGRAM, **shares),
        yaxis2=frame.axis(t("samples"), domain=_HISTOGRAM, **log),
        yaxis3=_AXIS_OF_TARGETS | {"overlaying": "y"},
        yaxis4=_AXIS_OF_TARGETS | {"overlaying": "y2"},
    )


def edge_text(edge: float) -> str:
    """An edge of a bin in percent, with no more digits than it has: 99.9."""
    return f"{100 * edge:.10g}"


def _points(bins: Sequence[Bin], edges: Sequence[float], t: Translator) -> Trace:
    """Mean certainty and share right of every bin that has samples, each with its interval."""
    told = [
        (each.confidence, each.accuracy, *wilson(each.right, each.count))
        for each in bins
        if each.count
    ]
    # Where they lie on axes on which the edges stand at 0, 1, 2 ...
    shares = np.array(told, np.float64).reshape(-1, 4)
    places = np.interp(shares, edges, np.arange(len(edges)))
    xs, ys, lows, highs = places.T
    return frame.trace(
        "scatter",
        x=xs.tolist(),
        y=ys.tolist(),
        name=t("share right, with its 95% interval"),
        mode="markers",
        marker={"color": BLUE, "size": 9},
        hoverinfo="skip",
        cliponaxis=False,
        error_y=frame.error_bars((highs - ys).tolist(), (ys - lows).tolist(), BLUE, width=5),
    )


def _hover(each: Bin, t: Translator) -> str:
    low, high = edge_text(each.low), edge_text(each.high)
    if each.confidence is None or each.accuracy is None:
        return t("{low}% to {high}%: no samples", low=low, high=high)
    least, most = wilson(each.right, each.count)
    return t(
        "{low}% to {high}%: {count} samples<br>certain on average {confidence}<br>right {accuracy} "
        "(95% interval {least} to {most})",
        low=low,
        high=high,
        count=f"{each.count:,}",
        confidence=f"{each.confidence:.2%}",
        accuracy=f"{each.accuracy:.2%}",
        least=f"{least:.1%}",
        most=f"{most:.1%}",
    )
