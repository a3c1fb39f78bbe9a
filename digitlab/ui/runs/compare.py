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
        curves = [_curves(line, name, metric) for line, name in named(shown, t)]
        with column:
            plot.draw(charts.overlay(metric, curves, t), t, key=f"runs-{metric}", tools=True)
    if len(chosen) > 1:
        _differences(chosen, t)


def named(lines: Sequence[Line], t: Translator) -> list[tuple[Line, str]]:
    """Each with its name, and with a number behind one that another has."""
    names = [_name(line, t) for line in lines]
    return [
        (line, name if names.count(name) == 1 else f"{name} [{number}]")
        for number, (line, name) in enumerate(zip(lines, names, strict=True), 1)
    ]


def _curves(line: Line, name: str, metric: Metric) -> RunCurves:
    epochs = lab.store().epochs(line.run.id)
    validated = [epoch for epoch in epochs if epoch.val_loss is not None]
    return RunCurves(
        name,
        ([epoch.epoch for epoch in epochs], [getattr(epoch, metric) for epoch in epochs]),
        ([epoch.epoch for epoch in validated],
         [getattr(epoch, f"val_{metric}") for epoch in validated]),
    )  # fmt: skip


def _differences(chosen: Sequence[Line], t: Translator) -> None:
    """A row for each setting that is not the same in all; a column for each run."""
    rows = differences(chosen, t)
    if not rows:
        st.caption(t("All settings of these runs are the same."))
        return
    st.markdown(t("**What differs** between the chosen runs"))
    columns = {t("Setting"): list(rows)}
    for number, line in enumerate(chosen):
        columns[f"{number + 1}. {_name(line, t)}"] = [values[number] for values in rows.values()]
    st.dataframe(columns, hide_index=True)


def differences(lines: Sequence[Line], t: Translator) -> dict[str, list[str]]:
    """What is not the same in all of some runs, by its name: the value of each, in words."""
    told = [_settings(line, t) for line in lines]
    names = dict.fromkeys(name for one in told for name in one)
    rows = {name: [one.get(name, "–") for one in told] for name in names}
    return {name: values for name, values in rows.items() if len(set(values)) > 1}


def _settings(line: Line, t: Translator) -> dict[str, str]:
    """All that a run's figures depend on, in words, by its name; what has no effect is left out."""
    run, relevant = line.run, line.run.config.relevant()
    settings = {
        t(field.label): words.shown(relevant[field.name], t)
        for field in FIELDS if field.name in relevant
    }  # fmt: skip
    origin = t("run {id}", id=run.origin[:4]) if run.origin else t("nothing: untrained")
    pace = f"{run.pace.format}, {run.pace.threads}" if run.pace else "–"
    return settings | {
        t("Data set"): words.data_set(run.digits.name, t),
        t("Images trained on"): f"{run.digits.train:,}",
        t("Goes on from"): origin,
        t("Frozen convolutions"): words.shown(run.frozen, t),
        t("Number format, threads"): pace,
    }


def _name(line: Line, t: Translator) -> str:
    return line.name or f"{name_of(line.run, t)} ({line.run.id[:4]})"
