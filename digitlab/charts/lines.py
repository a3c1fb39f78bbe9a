"""How a run's loss and accuracy went, as lines over its epochs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from digitlab.charts.frame import (
    BLUE,
    GREEN,
    LEGEND_ROOM,
    VERMILLION,
    Chart,
    Trace,
    axis,
    figure,
    legend_below,
    margin,
    trace,
)
from digitlab.messages import Translator

Metric = Literal["loss", "accuracy"]
METRICS: tuple[Metric, ...] = ("loss", "accuracy")
Points = tuple[npt.ArrayLike, npt.ArrayLike]
Floats = npt.NDArray[np.float64]

NO_POINTS: Points = ((), ())
MOST_POINTS = 1500
_VALUES: dict[Metric, str] = {"loss": "%{y:.4f}", "accuracy": "%{y:.2%}"}


def curves(
    metric: Metric,
    training: Points,
    validation: Points,
    t: Translator,
    *,
    untrained: float | None = None,
    continued: bool = False,
    epochs: float | None = None,
) -> Chart:
    """How loss or accuracy (0 to 1) went, batch by batch in training and at each epoch's end.

    Args:
        metric: what the values are.
        training: (epochs trained so far, values), each (N,): 2.5 is the middle of the third epoch.
            More than ``MOST_POINTS`` are drawn as the means of neighbours, see ``thin``.
        validation: (epoch numbers, values) at epochs' ends; ``NO_POINTS`` where there is none.
        t: the reader's language.
        untrained: the value on the test set before training, marked at epoch 0.
        continued: whether it began with what another run had learned, and not untrained.
        epochs: how far the axis reaches; without it, as far as the points.
    """
    name = t("Loss") if metric == "loss" else t("Accuracy")
    reach = max([1.0, epochs or 0.0, *farthest(training), *farthest(validation)])
    traces = _traces(metric, training, validation, t)
    if untrained is not None:
        traces.append(_start(metric, untrained, continued, t))
    ends = t.listed(f"{line['name']} {line['y'][-1]:.4f}" for line in traces if len(line["y"]))
    return figure(
        name,
        traces,
        alt=f"{name}: {ends}",
        height=320,
        uirevision=f"curves-{metric}",
        showlegend=True,
        legend=legend_below(),
        margin=margin(bottom=LEGEND_ROOM),
        hovermode="x unified",
        xaxis=epoch_axis(0, reach, t),
        yaxis=value_axis(metric, name, t),
    )


def thin(x: npt.ArrayLike, y: npt.ArrayLike, most: int = MOST_POINTS) -> tuple[Floats, Floats]:
    """At most ``most`` points: the means of equally many neighbours (the last group may be less).

    ``x``, ``y`` and the result are float64 (N,). A group with a value that is not finite has NaN,
    which leaves a gap in the line.
    """
    xs, ys = np.asarray(x, np.float64), np.array(y, np.float64)
    ys[~np.isfinite(ys)] = np.nan
    if len(xs) <= most:
        return xs, ys
    size = math.ceil(len(xs) / most)
    starts = np.arange(0, len(xs), size)
    sizes = np.diff(np.append(starts, len(xs)))
    return np.add.reduceat(xs, starts) / sizes, np.add.reduceat(ys, starts) / sizes


def farthest(points: Points) -> list[float]:
    """The largest x of some points, or nothing where there are none."""
    xs = np.asarray(points[0], np.float64)
    return [float(xs.max())] if len(xs) else []


def epochs_of(lines: Iterable[Points]) -> tuple[float, float]:
    """The first epoch, 1 at most, and the last, 1 at least, of points at epochs' ends."""
    epochs = np.concatenate([[1.0], *(np.asarray(xs, np.float64) for xs, _ in lines)])
    return float(epochs.min()), float(epochs.max())


def epoch_axis(first: float, last: float, t: Translator) -> dict[str, Any]:
    """An axis of epochs from ``first`` to ``last``, with ticks at whole ones."""
    pad = 0.02 * (last - first) or 0.5
    return axis(
        t("epoch"),
        range=[first - pad, last + pad],
        dtick=_whole_step(last),
        tick0=0,
        hoverformat=".2f",
        unifiedhovertitle={"text": t("epoch") + " %{x:.2f}"},
    )


def _whole_step(reach: float) -> int:
    """Epochs between two ticks: at most ten ticks, at whole epochs."""
    return next(step for step in (1, 2, 5, 10, 20, 50, 10**6) if reach / step <= 10)


def value_axis(metric: Metric, name: str, t: Translator) -> dict[str, Any]:
    """An axis of losses from 0, or of accuracies from 0 to 100%."""
    if metric == "accuracy":
        return axis(t("{measure} (%)", measure=name), range=[0, 1.02], tickformat=".0%")
    return axis(name, rangemode="tozero")


def _traces(metric: Metric, training: Points, validation: Points, t: Translator) -> list[Trace]:
    value = _VALUES[metric]
    validated = bool(farthest(validation))
    name = t("training") if validated else t("training (no validation)")
    traces = [_line(training, name, value, "lines", BLUE, width=2)]
    if validated:
        traces.append(_line(validation, t("validation"), value, "lines+markers", VERMILLION))
    return traces


def _start(metric: Metric, untrained: float, continued: bool, t: Translator) -> Trace:
    point: Points = ((0.0,), (untrained,))
    name = t("at its beginning, test set") if continued else t("untrained, test set")
    return _line(point, name, _VALUES[metric], "markers", GREEN, symbol="diamond", size=10)


def _line(
    points: Points,
    name: str,
    value: str,
    mode: str,
    colour: str,
    *,
    width: float = 2.5,
    symbol: str = "circle",
    size: int = 6,
) -> Trace:
    xs, ys = thin(*points)
    return trace(
        "scatter",
        x=xs,
        y=ys,
        name=name,
        line={"color": colour, "width": width},
        mode="markers" if len(xs) == 1 else mode,  # a line of one point would not be seen
        marker={"color": colour, "symbol": symbol, "size": size},
        hovertemplate=f"{value}<extra>{name}</extra>",
    )
