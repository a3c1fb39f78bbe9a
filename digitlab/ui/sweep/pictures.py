"""A sweep's result as a picture: dots or a curve, a heatmap, or parallel coordinates."""

from __future__ import annotations

import streamlit as st

from digitlab.charts.frame import Chart
from digitlab.charts.parallel import Coordinate, parallel_coordinates
from digitlab.charts.sweep import SweepPoint, sweep_heatmap, sweep_points
from digitlab.config import Value
from digitlab.messages import Translator
from digitlab.sweeps import Sweep
from digitlab.sweeps.measures import Measure, Spreads
from digitlab.sweeps.planning import Axis, Plan
from digitlab.ui import plot
from digitlab.ui.sweep import names


def show(sweep: Sweep, measure: Measure, spreads: Spreads, live: bool, t: Translator) -> None:
    """A curve or dots for one field, a heatmap for two, parallel coordinates for more."""
    plan = sweep.plan
    if len(plan.axes) < 2:
        figure = _points(plan, measure, spreads, t)
    elif len(plan.axes) == 2:
        figure = _heatmap(plan, measure, spreads, t)
    else:
        figure = _parallel(plan, measure, spreads, t)
    plot.draw(figure, t, key=f"sweep-result-{sweep.id}", tools=not live)
    if len(plan.axes) > 2:
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
    values = plan.axes[0].values if plan.axes else (None,) * len(plan.cells)
    points = [
        SweepPoint(names.cell(plan, number, t), _number(value), spread.values if spread else ())
        for number, (value, spread) in enumerate(zip(values, spreads, strict=True))
    ]
    field = names.field(plan.axes[0], t) if plan.axes else ""
    return sweep_points(measure.kind, t(measure.label), field, points, t)


def _number(value: Value | None) -> float | None:
    return None if value is None or isinstance(value, bool | str) else float(value)


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
    coordinates = [_coordinate(plan, axis, t) for axis in plan.axes]
    told = [names.cell_in_full(plan, number, t) for number in range(len(plan.cells))]
    lines = [
        f"{name}: {names.figure(spread.mean, measure)}" if spread else name
        for name, spread in zip(told, spreads, strict=True)
    ]
    title = t("{measure}: each line is one combination", measure=t(measure.label))
    return parallel_coordinates(title, [*coordinates, _result_axis(measure, spreads, t)], lines)


def _coordinate(plan: Plan, axis: Axis, t: Translator) -> Coordinate:
    """A field's values at even distances, in the order in which they were given."""
    last = max(1, len(axis.values) - 1)
    heights = {value: place / last for place, value in enumerate(axis.values)}
    return Coordinate(
        names.field(axis, t),
        [heights[getattr(cell.config, axis.field)] for cell in plan.cells],
        list(zip(heights.values(), names.values(axis, t), strict=True)),
    )


def _result_axis(measure: Measure, spreads: Spreads, t: Translator) -> Coordinate:
    """The measure from its lowest mean to its highest."""
    means = [spread.mean for spread in spreads if spread]
    low, high = min(means), max(means)
    width = high - low or 1.0
    ticks = [(0.0, names.figure(low, measure))]
    if high > low:
        ticks.append((1.0, names.figure(high, measure)))
    places = [(spread.mean - low) / width if spread else None for spread in spreads]
    return Coordinate(t(measure.label), places, ticks)
