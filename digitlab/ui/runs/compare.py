"""The chosen runs side by side: their curves over each other, and the settings that differ."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from digitlab import charts, words
from digitlab.charts import MOST_RUNS, Metric, RunCurves
from digitlab.config import FIELDS
from digitlab.messages import Translator
from digitlab.shelf import Line
from digitlab.ui import lab, plot
from digitlab.ui.run_panel import METRICS, name_of


def show(chosen: Sequence[Line], t: Translator) -> None:
    """Loss and accuracy of the chosen runs on the same axes, then only what differs in them."""
    shown = chosen[:MOST_RUNS]
    if len(chosen) > len(shown):
        st.caption(t("The first {count} of the chosen runs are drawn.", count=len(shown)))
    for column, metric in zip(st.columns(2), METRICS, strict=True):
        curves = [_curves(line, metric, t) for line in shown]
        with column:
            plot.draw(charts.overlay(metric, curves, t), t, key=f"runs-{metric}", tools=True)
    if len(chosen) > 1:
        _differences(chosen, t)


def _curves(line: Line, metric: Metric, t: Translator) -> RunCurves:
    epochs = lab.store().epochs(line.run.id)
    validated = [epoch for epoch in epochs if epoch.val_loss is not None]
    return RunCurves(
        _name(line, t),
        ([epoch.epoch for epoch in epochs], [getattr(epoch, metric) for epoch in epochs]),
        ([epoch.epoch for epoch in validated],
         [getattr(epoch, f"val_{metric}") for epoch in validated]),
    )  # fmt: skip


def _differences(chosen: Sequence[Line], t: Translator) -> None:
    """A row for each setting that is not the same in all; a column for each run."""
    settings = [line.run.config.relevant() for line in chosen]
    rows = {
        t(field.label): [
            words.shown(setting[field.name], t) if field.name in setting else "–"
            for setting in settings
        ]
        for field in FIELDS
        if len({setting.get(field.name) for setting in settings}) > 1
    }
    if not rows:
        st.caption(t("All settings of these runs are the same."))
        return
    st.markdown(t("**What differs** between the chosen runs"))
    columns = {t("Setting"): list(rows)}
    for number, line in enumerate(chosen):
        columns[f"{number + 1}. {_name(line, t)}"] = [values[number] for values in rows.values()]
    st.dataframe(columns, hide_index=True)


def _name(line: Line, t: Translator) -> str:
    return line.name or f"{name_of(line.run, t)} ({line.run.id[:4]})"
