"""What a sweep came to, as pictures: a measure over its values, a heatmap, and all its curves.

Values that have an order are coloured along a ramp from blue to orange that keeps a contrast of
3:1 on a white and on a dark page, and whose ends colour-blind people tell apart.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from digitlab.charts import frame
from digitlab.charts.frame import BLUE, GREY_BLUE, VERMILLION, Chart, Trace
from digitlab.charts.lines import (
    Metric,
    Points,
    epochs_of,
    metric_name,
    over_epochs,
    thin,
    value_format,
)
from digitlab.messages import Translator

_RAMP = (BLUE, "#8C6BB1", "#C8517F", VERMILLION)
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
_LOG_FROM = 30.0  # values that span more than this factor stand on a logarithmic axis
_LEGEND_ROW = 24  # pixels
_LEGEND_COLUMNS = 4  # entries that stand side by side in a narrow chart
_WRAP = 16  # characters of an axis's name in a line


@dataclass(frozen=True)
class SweepPoint:
    """The values of one cell, one a seed; ``x`` is the varied number, None where it is a name."""

    name: str
    x: float | None
    values: Sequence[float]


def sweep_points(
    metric: Metric, measure: str, field: str, points: Sequence[SweepPoint], t: Translator
) -> Chart:
    """A measure against the varied field: each run a ring, the mean of its seeds a dot.

    The bar of a dot reaches from the lowest to the highest seed. Means of numbers are joined by a
    line; names stand side by side.
    """
    numbers = [point.x for point in points if point.x is not None]
    ordered = len(numbers) == len(points)
    xs = numbers if ordered else [float(place) for place in range(len(points))]
    value = value_format(metric)
    pairs = [(x, point) for x, point in zip(xs, points, strict=True) if len(point.values)]
    rings = frame.trace(
        "scatter",
        x=[x for x, point in pairs for _ in point.values],
        y=[value for _, point in pairs for value in point.values],
        mode="markers",
        cliponaxis=False,
        name=t("one run"),
        customdata=[point.name for _, point in pairs for _ in point.values],
        marker={"symbol": "circle-open", "size": 10, "color": GREY_BLUE, "line": {"width": 2}},
        hovertemplate=f"%{{customdata}}: {value}<extra></extra>",
    )
    means = [float(np.mean(point.values)) for _, point in pairs]
    dots = frame.line(
        [x for x, _ in pairs],
        means,
        t("mean, and from the lowest to the highest seed"),
        BLUE,
        hover=f"%{{customdata[0]}}: {value} (n = %{{customdata[1]}})<extra></extra>",
        mode="lines+markers" if ordered else "markers",
        cliponaxis=False,
        customdata=[(point.name, len(point.values)) for _, point in pairs],
        error_y=frame.error_bars(
            [max(point.values) - mean for mean, (_, point) in zip(means, pairs, strict=True)],
            [mean - min(point.values) for mean, (_, point) in zip(means, pairs, strict=True)],
            BLUE,
            width=6,
        ),
    )
    return frame.figure(
        measure,
        [rings, dots],
        height=400,
        uirevision=f"sweep-points-{measure}",
        legend_room=96,
        xaxis=_field_axis(field, xs, [point.name for point in points], ordered),
        yaxis=_measure_axis(metric, measure, [v for point in points for v in point.values], t),
    )


def _field_axis(
    field: str, xs: Sequence[float], names: Sequence[str], ordered: bool
) -> dict[str, Any]:
    ticks: dict[str, Any] = {"tickvals": list(xs), "ticktext": [wrapped(name) for name in names]}
    if not ordered:
        return frame.axis(field, range=[-0.5, len(xs) - 0.5], **ticks)
    if min(xs) > 0 and max(xs) / min(xs) > _LOG_FROM:
        low, high = _padded(float(np.log10(min(xs))), float(np.log10(max(xs))))
        return frame.axis(field, type="log", range=[low, high], **ticks)
    return frame.axis(field, range=_padded(min(xs), max(xs)), **ticks)


def _padded(low: float, high: float) -> list[float]:
    """Room beside the first and the last value, those without a result yet included."""
    pad = 0.05 * (high - low) or 1.0
    return [low - pad, high + pad]


def _measure_axis(
    metric: Metric, measure: str, values: Sequence[float], t: Translator
) -> dict[str, Any]:
    scale: dict[str, Any] = {"range": measure_range(metric, values)} if len(values) else {}
    if metric == "accuracy":
        return frame.axis(t("{measure} (%)", measure=measure), tickformat=".4~p", **scale)
    return frame.axis(measure, tickformat=".3~g", **scale)


def measure_range(metric: Metric, values: Sequence[float]) -> list[float]:
    """From below the lowest to above the highest value, but no accuracy below 0 or above 100%.

    Equal values get an axis too. What is not finite does not count.
    """
    finite = [value for value in values if np.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    pad = 0.06 * (high - low) or 0.005 * max(1.0, abs(high))
    return [max(0.0, low - pad), min(1.0, high + pad) if metric == "accuracy" else high + pad]


def sweep_heatmap(
    metric: Metric,
    measure: str,
    fields: tuple[str, str],
    names: tuple[Sequence[str], Sequence[str]],
    values: Sequence[Sequence[Sequence[float]]],
    t: Translator,
) -> Chart:
    """The mean of a measure for every pair of two fields' values; brighter is better.

    Args:
        metric: what the measure is; of losses the smaller is the better.
        measure: what it is called.
        fields: what the field down and the field across are called.
        names: their values.
        values: those of each cell, [down][across][seed]; none where no run has ended.
        t: the reader's language.
    """
    means = [[float(np.mean(cell)) if len(cell) else None for cell in row] for row in values]
    down, across = names
    low, high = measure_range(metric, [mean for row in means for mean in row if mean is not None])
    short = "{:.1%}" if metric == "accuracy" else "{:.3f}"
    cells = frame.trace(
        "heatmap",
        z=means,
        x=list(range(len(across))),
        y=list(range(len(down))),
        text=[["" if mean is None else short.format(mean) for mean in row] for row in means],
        texttemplate="%{text}",
        textfont={"size": frame.TEXT_SIZE + 1},
        xgap=2,
        ygap=2,
        hovertext=[
            [
                f"{fields[0]} = {name}<br>{fields[1]} = {other}<br>" + _spread_text(cell, metric, t)
                for other, cell in zip(across, row, strict=True)
            ]
            for name, row in zip(down, values, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        colorscale=frame.named_scale("Cividis"),
        reversescale=metric == "loss",
        hoverongaps=False,
        zmin=low,
        zmax=high,
        colorbar={
            "thickness": 10,
            "outlinewidth": 0,
            "tickfont": {"size": frame.SMALL_SIZE},
            "tickformat": ".4~p" if metric == "accuracy" else ".3~g",
        },
    )
    return frame.figure(
        measure,
        [cells],
        height=130 + 54 * len(down),
        uirevision=f"sweep-heatmap-{measure}",
        xaxis=_names_axis(fields[1], across),
        yaxis=_names_axis(fields[0], down),
    )


def _names_axis(field: str, names: Sequence[str]) -> dict[str, Any]:
    texts = [wrapped(name) for name in names]
    return frame.axis(field, tickvals=list(range(len(names))), ticktext=texts, showgrid=False)


def _spread_text(values: Sequence[float], metric: Metric, t: Translator) -> str:
    if not len(values):
        return t("no result yet")
    form = "{:.2%}" if metric == "accuracy" else "{:.4f}"
    mean, low, high = map(form.format, (float(np.mean(values)), min(values), max(values)))
    return t("{mean} (seeds: {low} to {high})", mean=mean, low=low, high=high)


@dataclass(frozen=True)
class SweepCurve:
    """One run's values at its epochs' ends. Runs of a ``group`` share a colour and a legend entry;
    ``dash`` counts the kinds of line within it, from 0."""

    name: str
    group: str
    points: Points
    dash: int = 0


def sweep_curves(
    metric: Metric, title: str, curves: Sequence[SweepCurve], groups: Sequence[str], t: Translator
) -> Chart:
    """The curves of all runs of a sweep over each other; ``groups`` are in the ramp's order."""
    colours = dict(zip(groups, shades(len(groups)), strict=True))
    room = 64 + _LEGEND_ROW * -(-len(groups) // _LEGEND_COLUMNS)
    kinds: dict[tuple[str, int], list[SweepCurve]] = {}
    for curve in curves:
        kinds.setdefault((curve.group, curve.dash), []).append(curve)
    first = dict(reversed(kinds))
    values = [value for curve in curves for value in np.asarray(curve.points[1], float)]
    return over_epochs(
        title,
        [
            _lines(alike, colours[group], metric, dash == first[group])
            for (group, dash), alike in kinds.items()
        ],
        epochs_of(curve.points for curve in curves),
        t,
        height=300 + room,
        room=room,
        uirevision=f"sweep-curves-{title}",
        yaxis=_measure_axis(metric, metric_name(metric, t), values, t),
    )


def _lines(curves: Sequence[SweepCurve], colour: str, metric: Metric, named: bool) -> Trace:
    """Lines that look alike as one trace with gaps between them: few traces are drawn soon."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    told: list[str] = []
    for curve in curves:
        x, y = thin(*curve.points)
        xs += [*x.tolist(), None]
        ys += [*y.tolist(), None]
        told += [curve.name] * (len(x) + 1)
    group = curves[0].group
    return frame.line(
        xs,
        ys,
        group,
        colour,
        hover=f"%{{x:.3~g}}: {value_format(metric)}<extra>%{{customdata}}</extra>",
        mode="lines+markers",
        width=1.8,
        dash=_DASHES[curves[0].dash % len(_DASHES)],
        size=4,
        customdata=told,
        legendgroup=group,
        showlegend=named,
        cliponaxis=False,
        connectgaps=False,
    )


def shades(count: int) -> list[str]:
    """``count`` colours along the ramp, "#RRGGBB"."""
    return [shade(place / (count - 1) if count > 1 else 0.0) for place in range(count)]


def shade(share: float) -> str:
    """The ramp's colour at ``share``, 0 to 1."""
    stops = np.array([list(bytes.fromhex(colour[1:])) for colour in _RAMP])
    where = np.linspace(0, 1, len(_RAMP))
    return "#" + "".join(f"{round(np.interp(share, where, stop)):02X}" for stop in stops.T)


def wrapped(name: str) -> str:
    """A name in lines that stand side by side under an axis."""
    return "<br>".join(textwrap.wrap(name, _WRAP)) or name
