"""The curves of all runs of a sweep over each other, as the lesson draws them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from digitlab.charts.lines import Metric
from digitlab.charts.sweep import SweepCurve, sweep_curves
from digitlab.messages import Translator, mark
from digitlab.sweeps import Sweep, Trial
from digitlab.sweeps.measures import Epochs, one_loss
from digitlab.sweeps.planning import Plan
from digitlab.ui import plot
from digitlab.ui.sweep import names

# The lesson's three pictures; without validation, what there is of training.
_CURVES: tuple[tuple[str, Metric, str], ...] = (
    ("loss", "loss", mark("Training loss")),
    ("val_loss", "loss", mark("Validation loss")),
    ("val_accuracy", "accuracy", mark("Validation accuracy")),
)
_UNVALIDATED: tuple[tuple[str, Metric, str], ...] = (
    ("loss", "loss", mark("Training loss")),
    ("accuracy", "accuracy", mark("Training accuracy")),
)

_ACCURACIES: tuple[tuple[str, Metric, str], ...] = (
    ("accuracy", "accuracy", mark("Training accuracy")),
    ("val_accuracy", "accuracy", mark("Validation accuracy")),
)


def show(sweep: Sweep, trials: Sequence[Trial], epochs: Epochs, live: bool, t: Translator) -> None:
    """All curves over each other, as the lesson draws them."""
    plan = sweep.plan
    validated = any(cell.config.validation != "none" for cell in plan.cells)
    pictures = _CURVES if validated else _UNVALIDATED
    if not one_loss(cell.config for cell in plan.cells):  # on different scales
        pictures = _ACCURACIES if validated else _ACCURACIES[:1]
    st.markdown(t("**All runs over each other**"))
    groups = list(dict.fromkeys(_group(plan, number, t) for number in range(len(plan.cells))))
    for column, (metric, kind, title) in zip(st.columns(len(pictures)), pictures, strict=True):
        lines = [line for trial in trials for line in _line(plan, trial, metric, epochs, t)]
        figure = sweep_curves(kind, t(title), lines, groups, t)
        with column:
            plot.draw(figure, t, key=f"sweep-{metric}-{sweep.id}", tools=not live)
    st.caption(_legend(plan, t))


def _line(plan: Plan, trial: Trial, metric: str, epochs: Epochs, t: Translator) -> list[SweepCurve]:
    """The curve of a run, if it has trained an epoch."""
    if trial.run is None:
        return []
    found = [
        (epoch.position(trial.run.digits.train), value)
        for epoch in epochs.get(trial.run.id, ())
        if (value := getattr(epoch, metric)) is not None
    ]
    if not found:
        return []
    name = names.cell_in_full(plan, trial.cell, t)
    seed = t("seed {seed}", seed=trial.run.config.seed)
    return [
        SweepCurve(
            f"{name}<br>{seed}",
            _group(plan, trial.cell, t),
            ([epoch for epoch, _ in found], [value for _, value in found]),
            _dash(plan, trial.cell),
        )
    ]


def _group(plan: Plan, cell: int, t: Translator) -> str:
    if not plan.axes:
        return t(plan.cells[cell].label)
    return names.value(plan.cells[cell], plan.axes[0], t)


def _dash(plan: Plan, cell: int) -> int:
    """Which of the second field's values it has."""
    if len(plan.axes) < 2:
        return 0
    second = plan.axes[1]
    return second.values.index(getattr(plan.cells[cell].config, second.field))


def _legend(plan: Plan, t: Translator) -> str:
    if not plan.axes:
        return t("Each line is one run; a colour is one network.")
    if len(plan.axes) == 1:
        return t(
            "Each line is one run; the colours are values of: {field}.",
            field=names.field(plan.axes[0], t),
        )
    return t(
        "Each line is one run; the colours are values of: {field}. The kinds of line, first solid, "
        "then dashed, then dotted, are values of: {other}, in this order: {values}.",
        field=names.field(plan.axes[0], t),
        other=names.field(plan.axes[1], t),
        values=", ".join(names.values(plan.axes[1], t)),
    )
