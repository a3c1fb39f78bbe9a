"""The curves of several runs over each other: training dotted, validation solid."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from digitlab.charts.frame import (
    BLUE,
    GREEN,
    GREY_BLUE,
    PURPLE,
    VERMILLION,
    Chart,
    Trace,
    figure,
    legend_below,
    margin,
    trace,
)
from digitlab.charts.lines import Metric, Points, epoch_axis, epochs_of, farthest, thin, value_axis
from digitlab.messages import Translator

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, GREY_BLUE, "#E69F00", "#56B4E9", "#8B5A2B")
MOST_RUNS = len(COLOURS)

_LEGEND_ROW = 22  # pixels


@dataclass(frozen=True)
class RunCurves:
    """One run's values at its epochs' ends, and what it is called."""

    name: str
    training: Points
    validation: Points


def overlay(metric: Metric, runs: Sequence[RunCurves], t: Translator) -> Chart:
    """Loss or accuracy (0 to 1) of at most ``MOST_RUNS`` runs on the same axes.

    Each run has a colour; its training values are dotted, its validation values solid.

    Raises:
        ValueError: there are more runs than colours that can be told apart.
    """
    if len(runs) > MOST_RUNS:
        raise ValueError(f"{len(runs)} runs cannot be told apart")
    name = t("Loss") if metric == "loss" else t("Accuracy")
    first, last = epochs_of([run.training for run in runs])
    traces = [
        trace
        for run, colour in zip(runs, COLOURS, strict=False)
        for trace in _traces(run, colour, metric, t)
    ]
    room = 60 + _LEGEND_ROW * len(runs)
    return figure(
        t("{metric}: training dotted, validation solid", metric=name),
        traces,
        height=320 + room,
        title_cells=34,  # beside the tools of the chart
        uirevision=f"overlay-{metric}",
        showlegend=True,
        legend=legend_below(orientation="v"),
        margin=margin(bottom=room),
        xaxis=epoch_axis(first, last, t),
        yaxis=value_axis(metric, name, t),
    )


def _traces(run: RunCurves, colour: str, metric: Metric, t: Translator) -> list[Trace]:
    validated = bool(farthest(run.validation))
    dotted = _line(run.training, run, colour, metric, t("training"), dash="dot")
    dotted["showlegend"] = not validated  # one entry a run
    if not validated:
        return [dotted]
    return [dotted, _line(run.validation, run, colour, metric, t("validation"), dash="solid")]


def _line(
    points: Points, run: RunCurves, colour: str, metric: Metric, part: str, *, dash: str
) -> Trace:
    xs, ys = thin(*points)
    name = html.escape(run.name, quote=False)  # a person has typed it, and Plotly knows tags
    value = "%{y:.4f}" if metric == "loss" else "%{y:.2%}"
    epoch = "%{x:.3~g}"  # a run may have been stopped within one
    return trace(
        "scatter",
        x=xs,
        y=ys,
        name=name,
        legendgroup=name,
        mode="markers" if len(xs) == 1 else "lines",
        line={"color": colour, "width": 2, "dash": dash},
        marker={"color": colour, "size": 7},
        hovertemplate=f"{epoch}: {value}<extra>{name}<br>{part}</extra>",
    )
