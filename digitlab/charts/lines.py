"""Loss and accuracy over the epochs as lines: of one run, or of several over each other."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import BLUE, GREEN, GREY_BLUE, PURPLE, VERMILLION, Chart, Trace
from digitlab.messages import Translator

Metric = Literal["loss", "accuracy"]
METRICS: tuple[Metric, ...] = ("loss", "accuracy")
Points = tuple[npt.ArrayLike, npt.ArrayLike]
Floats = npt.NDArray[np.float64]

NO_POINTS: Points = ((), ())
MOST_POINTS = 1500
RUN_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, GREY_BLUE, "#E69F00", "#56B4E9", "#8B5A2B")
MOST_RUNS = len(RUN_COLOURS)


def learning_curves(
    metric: Metric,
    training: Points,
    validation: Points,
    t: Translator,
    *,
    untrained: float | None = None,
    continued: bool = False,
    epochs: float | None = None,
) -> Chart:
    """Loss or accuracy (0 to 1) of a run, batch by batch in training and at each epoch's end.

    Args:
        training: (epochs trained so far, values), each (N,): 2.5 is the middle of the third epoch.
            More than ``MOST_POINTS`` are drawn as the means of neighbours, see ``thin``.
        validation: (epoch numbers, values) at epochs' ends; ``NO_POINTS`` where there is none.
        untrained: the value on the test set before training, marked at epoch 0.
        continued: whether it began with what another run had learned, and not untrained.
        epochs: how far the axis reaches; without it, as far as the points.
    """
    name, value = metric_name(metric, t), value_format(metric)
    dots: frame.Settings = {"symbol": "circle", "size": 6}
    validated = np.size(validation[0]) > 0
    trained = t("training") if validated else t("training (no validation)")
    traces = [_curve(training, trained, BLUE, value, **dots)]
    if validated:
        style = dots | {"mode": "lines+markers", "width": 2.5}
        traces.append(_curve(validation, t("validation"), VERMILLION, value, **style))
    if untrained is not None:
        start = t("at its beginning, test set") if continued else t("untrained, test set")
        style = {"mode": "markers", "width": 2.5, "symbol": "diamond", "size": 10}
        traces.append(_curve(((0.0,), (untrained,)), start, GREEN, value, **style))
    ends = t.listed(f"{line['name']} {line['y'][-1]:.4f}" for line in traces if len(line["y"]))
    return over_epochs(
        name,
        traces,
        (0, max(epochs or 0.0, epochs_of([training, validation])[1])),
        t,
        height=320,
        room=frame.LEGEND_ROOM,
        alt=f"{name}: {ends}",
        uirevision=f"curves-{metric}",
        hovermode="x unified",
        yaxis=_value_axis(metric, t),
    )


@dataclass(frozen=True)
class RunCurves:
    """One run's values at its epochs' ends, and what it is called."""

    name: str
    training: Points
    validation: Points


def compared_curves(metric: Metric, runs: Sequence[RunCurves], t: Translator) -> Chart:
    """Loss or accuracy (0 to 1) of at most ``MOST_RUNS`` runs on the same axes.

    Each run has a colour; its training values are dotted, its validation values solid.

    Raises:
        ValueError: there are more runs than colours that can be told apart.
    """
    if len(runs) > MOST_RUNS:
        raise ValueError(f"{len(runs)} runs cannot be told apart")
    # Three digits of the epoch: a run may have been stopped within one.
    value = f"%{{x:.3~g}}: {value_format(metric)}"
    traces = []
    for run, colour in zip(runs, RUN_COLOURS, strict=False):
        name = html.escape(run.name, quote=False)  # a person has typed it, and Plotly knows tags
        parts = [("dot", t("training"), run.training)]
        if np.size(run.validation[0]):
            parts.append(("solid", t("validation"), run.validation))
        for dash, part, points in parts:  # the last has the run's entry in the legend
            entry: frame.Settings = {"legendgroup": name, "showlegend": dash == parts[-1][0]}
            style = entry | {"dash": dash, "extra": f"{name}<br>{part}"}
            traces.append(_curve(points, name, colour, value, **style))
    room = 60 + 22 * len(runs)  # a row of the legend each
    return over_epochs(
        t("{metric}: training dotted, validation solid", metric=metric_name(metric, t)),
        traces,
        epochs_of(run.training for run in runs),
        t,
        height=320 + room,
        room=room,
        title_cells=34,  # beside the tools of the chart
        uirevision=f"overlay-{metric}",
        legend={"orientation": "v"},
        yaxis=_value_axis(metric, t),
    )


def _curve(
    points: Points, name: str, colour: str, value: str, *, extra: str = "", **style: Any
) -> Trace:
    """A line whose hover is ``value`` and, beside it, ``extra`` or else the name."""
    xs, ys = thin(*points)
    if len(xs) == 1:
        style["mode"] = "markers"  # a line of one point would not be seen
    hover = f"{value}<extra>{extra or name}</extra>"
    return frame.line(xs, ys, name, colour, hover=hover, **style)


def over_epochs(
    title: str,
    traces: Sequence[Trace],
    span: tuple[float, float],
    t: Translator,
    *,
    room: int,
    **layout: Any,
) -> Chart:
    """A figure of lines over the epochs of ``span`` (first, last), ticks at whole ones.

    The legend and its axis have ``room`` pixels below; ``layout`` is the height and the rest of
    the figure's.
    """
    first, last = span
    pad = 0.02 * (last - first) or 0.5
    xaxis = frame.axis(
        t("epoch"),
        range=[first - pad, last + pad],
        dtick=next(step for step in (1, 2, 5, 10, 20, 50, 10**6) if last / step <= 10),
        tick0=0,
        hoverformat=".2f",
        unifiedhovertitle={"text": t("epoch") + " %{x:.2f}"},
    )
    return frame.figure(title, traces, legend_room=room, xaxis=xaxis, **layout)


def thin(x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Floats, Floats]:
    """At most ``MOST_POINTS`` points: the means of equally many neighbours, the last group less.

    ``x``, ``y`` and the result are float64 (N,). A group with a value that is not finite has NaN,
    which leaves a gap in the line.
    """
    xs, ys = np.asarray(x, np.float64), np.array(y, np.float64)
    ys[~np.isfinite(ys)] = np.nan
    if len(xs) <= MOST_POINTS:
        return xs, ys
    starts = np.arange(0, len(xs), math.ceil(len(xs) / MOST_POINTS))
    sizes = np.diff(starts, append=len(xs))
    return np.add.reduceat(xs, starts) / sizes, np.add.reduceat(ys, starts) / sizes


def epochs_of(lines: Iterable[Points]) -> tuple[float, float]:
    """The first epoch, 1 at most, and the last, 1 at least, of some lines."""
    epochs = np.concatenate([[1.0], *(np.asarray(xs, np.float64) for xs, _ in lines)])
    return float(epochs.min()), float(epochs.max())


def metric_name(metric: Metric, t: Translator) -> str:
    """What a metric is called in the reader's language."""
    return t("Loss") if metric == "loss" else t("Accuracy")


def value_format(metric: Metric) -> str:
    """A value of y in Plotly's hover template: four decimals, or percent with two."""
    return "%{y:.4f}" if metric == "loss" else "%{y:.2%}"


def _value_axis(metric: Metric, t: Translator) -> frame.Settings:
    """An axis of losses from 0, or of accuracies from 0 to 100%."""
    name = metric_name(metric, t)
    if metric == "loss":
        return frame.axis(name, rangemode="tozero")
    return frame.axis(t("{measure} (%)", measure=name), range=[0, 1.02], tickformat=".0%")
