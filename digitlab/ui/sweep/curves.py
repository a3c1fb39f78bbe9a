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

_TITLES = {
    "loss": mark("Training loss"),
    "accuracy": mark("Training accuracy"),
    "val_loss": mark("Validation loss"),
    "val_accuracy": mark("Validation accuracy"),
}


def show(sweep: Sweep, trials: Sequence[Trial], epochs: Epochs, live: bool, t: Translator) -> None:
    """The lesson's three pictures; without validation, what there is of training."""
    plan = sweep.plan
    if any(cell.config.validation != "none" for cell in plan.cells):
        metrics = ["loss", "val_loss", "val_accuracy"]
    else:
        metrics = ["loss", "accuracy"]
    if not one_loss(cell.config for cell in plan.cells):  # on different scales
        metrics = ["accuracy", "val_accuracy"][: len(metrics) - 1]
    first = plan.axes[0] if plan.axes else None
    second = plan.axes[1] if len(plan.axes) > 1 else None
    cells = names.cells(plan, t)
    groups = [names.value(cell, first, t) for cell in plan.cells] if first else cells
    st.markdown(t("**All runs over each other**"))
    for column, metric in zip(st.columns(len(metrics)), metrics, strict=True):
        curves = []
        for trial in trials:
            if trial.run is None:
                continue
            told = [
                (epoch.position(trial.run.digits.train), value)
                for epoch in epochs.get(trial.run.id, ())
                if (value := getattr(epoch, metric)) is not None
            ]
            if told:
                seed = t("seed {seed}", seed=trial.run.config.seed)
                name = f"{cells[trial.cell]}<br>{seed}"
                places, values = zip(*told, strict=True)
                config = plan.cells[trial.cell].config
                dash = second.values.index(getattr(config, second.field)) if second else 0
                curves.append(SweepCurve(name, groups[trial.cell], (places, values), dash))
        kind: Metric = "loss" if metric.endswith("loss") else "accuracy"
        figure = sweep_curves(kind, t(_TITLES[metric]), curves, list(dict.fromkeys(groups)), t)
        with column:
            plot.draw(figure, t, key=f"sweep-{metric}-{sweep.id}", tools=not live)
    st.caption(_legend(plan, t))


def _legend(plan: Plan, t: Translator) -> str:
    if not plan.axes:
        return t("Each line is one run; a colour is one network.")
    field = names.field(plan.axes[0], t)
    if len(plan.axes) == 1:
        return t("Each line is one run; the colours are values of: {field}.", field=field)
    return t(
        "Each line is one run; the colours are values of: {field}. The kinds of line, first solid, "
        "then dashed, then dotted, are values of: {other}, in this order: {values}.",
        field=field,
        other=names.field(plan.axes[1], t),
        values=", ".join(names.values(plan.axes[1], t)),
    )
