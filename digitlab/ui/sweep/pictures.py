"""A sweep's result as a picture: dots or a curve, a heatmap, or parallel coordinates."""

from __future__ import annotations

import streamlit as st

from digitlab.charts.frame import Chart
from digitlab.charts.parallel import Coordinate, parallel_coordinates
from digitlab.charts.sweep import SweepPoint, sweep_heatmap, sweep_points
from digitlab.messages import Translator
from digitlab.sweeps import Sweep
from digitlab.sweeps.measures import Measure, Spreads
from digitlab.sweeps.planning import Plan
from digitlab.ui import plot
from digitlab.ui.sweep import names


def show(sweep: Sweep, measure: Measure, spreads: Spreads, live: bool, t: Translator) -> None:
    """A curve or dots for one field, a heatmap for two, parallel coordinates for more."""
    axes = len(sweep.plan.axes)
    picture = _points if axes < 2 else _heatmap if axes == 2 else _parallel
    figure = picture(sweep.plan, measure, spreads, t)
    plot.draw(figure, t, key=f"sweep-result-{sweep.id}", tools=not live)
    if axes > 2:
        st.caption(
            t(
                "How to read it: follow a line from left to right. It crosses each upright at the "
                "value of that setting, and the last one at its result, by which it is coloured: "
                "blue is the lowest, orange the highest. Lines with the same value are drawn side "
                "by side. Where lines of one colour gather on an upright, that value goes with "
                "that result."
            )
        )


def _points(plan: Plan, measure: Measure, spreads: Spreads, t: Translator) -> Chart:
    values: list[float | None] = [None] * len(plan.cells)
    field, cells = "", names.cells(plan, t)
    if plan.axes:
        (axis,) = plan.axes
        values = [None if isinstance(v, bool | str) else float(v) for v in axis.values]
        field, cells = names.field(axis, t), names.values(axis, t)
    points = [
        SweepPoint(cell, value, spread.values if spread else ())
        for cell, value, spread in zip(cells, values, spreads, strict=True)
    ]
    return sweep_points(measure.kind, t(measure.label), field, points, t)


def _heatmap(plan: Plan, measure: Measure, spreads: Spreads, t: Translator) -> Chart:
    down, across = plan.axes
    width = len(across.values)
    cells = [spread.values if spread else () for spread in spreads]
    return sweep_heatmap(
        measure.kind,
        t(measure.label),
        (names.field(down, t), names.field(across, t)),
        (names.values(down, t), names.values(across, t)),
        [cells[at : at + width] for at in range(0, len(cells), width)],
        t,
    )


def _parallel(plan: Plan, measure: Measure, spreads: Spreads, t: Translator) -> Chart:
    """The values of a field at even distances, the measure from its lowest mean to its highest."""
    coordinates = []
    for axis in plan.axes:
        last = max(1, len(axis.values) - 1)
        heights = {value: place / last for place, value in enumerate(axis.values)}
        places = [heights[getattr(cell.config, axis.field)] for cell in plan.cells]
        ticks = list(zip(heights.values(), names.values(axis, t), strict=True))
        coordinates.append(Coordinate(names.field(axis, t), places, ticks))
    means = [spread.mean for spread in spreads if spread]
    low, high = min(means), max(means)
    width = high - low or 1.0
    results = [(spread.mean - low) / width if spread else None for spread in spreads]
    ends = [((mean - low) / width, names.figure(mean, measure)) for mean in sorted({low, high})]
    lines = [
        f"{name}: {names.figure(spread.mean, measure)}" if spread else name
        for name, spread in zip(names.cells(plan, t), spreads, strict=True)
    ]
    title = t("{measure}: each line is one combination", measure=t(measure.label))
    result = Coordinate(t(measure.label), results, ends)
    return parallel_coordinates(title, [*coordinates, result], lines)
