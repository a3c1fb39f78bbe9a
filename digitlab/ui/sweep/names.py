"""What a sweep, its cells and its fields are called."""

from __future__ import annotations

from digitlab import labels
from digitlab.config import BY_NAME
from digitlab.messages import Translator
from digitlab.presets import nearest
from digitlab.sweeps.measures import Measure
from digitlab.sweeps.planning import SWEEP_LESSONS, Axis, Cell, Plan


def title(plan: Plan, t: Translator) -> str:
    """A sweep's name: its lesson's, or what varies."""
    if plan.lesson in SWEEP_LESSONS:
        return t(SWEEP_LESSONS[plan.lesson].title)
    fields = " × ".join(field(axis, t) for axis in plan.axes)
    return t("{fields} of {lesson}", fields=fields, lesson=nearest(plan.base))


def field(axis: Axis, t: Translator) -> str:
    """What the field of an axis is called."""
    return t(BY_NAME[axis.field].label)


def values(axis: Axis, t: Translator) -> list[str]:
    """The values of an axis as a person reads them."""
    return [labels.setting(axis.field, value, t) for value in axis.values]


def value(cell: Cell, axis: Axis, t: Translator) -> str:
    """The value that a cell has on an axis, as a person reads it."""
    return labels.setting(axis.field, getattr(cell.config, axis.field), t)


def cells(plan: Plan, t: Translator) -> list[str]:
    """Each cell's own name, or its fields with their values."""
    return [
        t(cell.label)
        if cell.label
        else t.listed(f"{field(axis, t)} = {value(cell, axis, t)}" for axis in plan.axes)
        for cell in plan.cells
    ]


def figure(value: float, measure: Measure) -> str:
    """A measure's value as a person reads it."""
    return f"{value:.2%}" if measure.kind == "accuracy" else f"{value:.4f}"
