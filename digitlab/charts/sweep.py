"""What a sweep came to, as pictures: a measure over its values, a heatmap, and all its curves.

Values that have an order are coloured along a ramp from blue to orange that keeps a contrast of
3:1 on a white and on a dark page, and whose ends colour-blind people tell apart.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digitlab.charts import frame, lines
from digitlab.charts.frame import BLUE, GREY_BLUE, VERMILLION, Chart, Settings
from digitlab.charts.lines import Metric, Points
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
    value = lines.value_format(metric)
    pairs = [(x, point) for x, point in zip(xs, points, strict=True) if len(point.values)]
    runs = [(x, point.name, value) for x, point in pairs for value in point.values]
    ring = {"symbol": "circle-open", "size": 10, "color": GREY_BLUE, "line": {"width": 2}}
    rings = frame.trace(
        "scatter",
        x=[x for x, _, _ in runs],
        y=[value for _, _, value in runs],
        mode="markers",
        cliponaxis=False,
        name=t("one run"),
        customdata=[name for _, name, _ in runs],
        marker=ring,
        hovertemplate=f"%{{customdata}}: {value}<extra></extra>",
    )
    means = [float(np.mean(point.values)) for _, point in pairs]
    above = [max(point.values) - mean for mean, (_, point) in zip(means, pairs, strict=True)]
    below = [mean - min(point.values) for mean, (_, point) in zip(means, pairs, strict=True)]
    dots = frame.line(
        [x for x, _ in pairs],
        means,
        t("mean, and from the lowest to the highest seed"),
        BLUE,
        hover=f"%{{customdata[0]}}: {value} (n = %{{customdata[1]}})<extra></extra>",
        mode="lines+markers" if ordered else "markers",
        cliponaxis=False,
        customdata=[(point.name, len(point.values)) for _, point in pairs],
        error_y=frame.error_bars(above, below, BLUE, width=6),
    )
    if not ordered:
        scale: Settings = {"range": [-0.5, len(xs) - 0.5]}
    elif min(xs) > 0 and max(xs) / min(xs) > _LOG_FROM:
        scale = {"type": "log", "range": _padded(np.log10(min(xs)), np.log10(max(xs)))}
    else:
        scale = {"range": _padded(min(xs), max(xs))}
    names = [wrapped(point.name) for point in points]
    return frame.figure(
        measure,
        [rings, dots],
        height=400,
        uirevision=f"sweep-points-{measure}",
        legend_room=96,
        xaxis=frame.axis(field, tickvals=list(xs), ticktext=names, **scale),
        yaxis=_measure_axis(metric, measure, [v for point in points for v in point.values], t),
    )


def _padded(low: float, high: float) -> list[float]:
    """Room beside the first and the last value, those without a result yet included."""
    pad = 0.05 * float(high - low) or 1.0
    return [float(low) - pad, float(high) + pad]


def _measure_axis(metric: Metric, measure: str, values: Sequence[float], t: Translator) -> Settings:
    scale: Settings = {"range": measure_range(metric, values)} if len(values) else {}
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
        fields: what the field down and the field across are called.
        names: their values.
        values: those of each cell, [down][across][seed]; none where no run has ended.
    """
    short, long, tick = (".1%", ".2%", ".4~p") if metric == "accuracy" else (".3f", ".4f", ".3~g")

    def spread(cell: Sequence[float]) -> str:
        if not len(cell):
            return t("no result yet")
        mean, low, high = (f"{value:{long}}" for value in (np.mean(cell), min(cell), max(cell)))
        return t("{mean} (seeds: {low} to {high})", mean=mean, low=low, high=high)

    down, across = names
    means = [[float(np.mean(cell)) if len(cell) else None for cell in row] for row in values]
    low, high = measure_range(metric, [mean for row in means for mean in row if mean is not None])
    hovers = [
        [
            f"{fields[0]} = {name}<br>{fields[1]} = {other}<br>{spread(cell)}"
            for other, cell in zip(across, row, strict=True)
        ]
        for name, row in zip(down, values, strict=True)
    ]
    texts = [["" if mean is None else f"{mean:{short}}" for mean in row] for row in means]
    small = {"size": frame.LABEL_SIZE}
    cells = frame.heatmap(
        means,
        (low, high),
        frame.named_scale("Cividis"),
        "%{hovertext}",
        x=list(range(len(across))),
        y=list(range(len(down))),
        hovertext=hovers,
        reversescale=metric == "loss",
        **frame.numbers(texts, gap=2, size=frame.TEXT_SIZE + 1),
        colorbar={"thickness": 10, "outlinewidth": 0, "tickfont": small, "tickformat": tick},
    )
    axes = []
    for field, called in zip(fields, names, strict=True):
        ticks = {"tickvals": list(range(len(called))), "ticktext": list(map(wrapped, called))}
        axes.append(frame.axis(field, showgrid=False, **ticks))
    return frame.figure(
        measure,
        [cells],
        height=130 + 54 * len(down),
        uirevision=f"sweep-heatmap-{measure}",
        xaxis=axes[1],
        yaxis=axes[0],
    )


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
    kinds: dict[tuple[str, int], list[SweepCurve]] = {}
    for curve in curves:
        kinds.setdefault((curve.group, curve.dash), []).append(curve)
    first = dict(reversed(kinds))
    look: Settings = {
        "hover": f"%{{x:.3~g}}: {lines.value_format(metric)}<extra>%{{customdata}}</extra>",
        "mode": "lines+markers",
        "width": 1.8,
        "size": 4,
        "cliponaxis": False,
        "connectgaps": False,
    }
    traces = []
    for (group, dash), alike in kinds.items():
        # Lines that look alike are one trace with gaps between them: few traces are drawn soon.
        xs: list[float | None] = []
        ys: list[float | None] = []
        told: list[str] = []
        for curve in alike:
            x, y = lines.thin(*curve.points)
            xs += [*x.tolist(), None]
            ys += [*y.tolist(), None]
            told += [curve.name] * (len(x) + 1)
        own: Settings = {"customdata": told, "legendgroup": group}
        own |= {"dash": _DASHES[dash % len(_DASHES)], "showlegend": dash == first[group]}
        traces.append(frame.line(xs, ys, group, colours[group], **look, **own))
    room = 64 + _LEGEND_ROW * -(-len(groups) // _LEGEND_COLUMNS)
    values = [value for curve in curves for value in np.asarray(curve.points[1], float)]
    return lines.over_epochs(
        title,
        traces,
        lines.epochs_of(curve.points for curve in curves),
        t,
        height=300 + room,
        room=room,
        uirevision=f"sweep-curves-{title}",
        yaxis=_measure_axis(metric, lines.metric_name(metric, t), values, t),
    )


def shades(count: int) -> list[str]:
    """``count`` colours along the ramp, "#RRGGBB"."""
    return [shade(place / max(count - 1, 1)) for place in range(count)]


def shade(share: float) -> str:
    """The ramp's colour at ``share``, 0 to 1."""
    stops = np.array([list(bytes.fromhex(colour[1:])) for colour in _RAMP])
    where = np.linspace(0, 1, len(_RAMP))
    return "#" + "".join(f"{round(np.interp(share, where, stop)):02X}" for stop in stops.T)


def wrapped(name: str) -> str:
    """A name in lines that stand side by side under an axis."""
    return "<br>".join(textwrap.wrap(name, _WRAP)) or name
