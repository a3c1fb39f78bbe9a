"""The chosen runs side by side: their curves, what they came to, and the settings that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from digitlab import labels
from digitlab.charts.lines import METRICS, MOST_RUNS, Metric, RunCurves, compared_curves
from digitlab.config import BY_NAME
from digitlab.messages import Translator
from digitlab.store import Run
from digitlab.store.library import RunSummary
from digitlab.sweeps.measures import one_loss
from digitlab.ui import lab, naming, plot
from digitlab.ui.shell import plain


def show(chosen: Sequence[RunSummary], called: Mapping[str, str], t: Translator) -> None:
    """Loss and accuracy of the chosen runs on the same axes, their results, and what differs.

    ``called`` has a name of its own for each of the person's runs, the chosen ones among them.
    """
    shown = chosen[:MOST_RUNS]
    if len(chosen) > len(shown):
        st.caption(t("The first {count} of the chosen runs are drawn.", count=len(shown)))
    for column, metric in zip(st.columns(2), METRICS, strict=True):
        curves = [_curves(summary, called[summary.run.id], metric) for summary in shown]
        with column:
            plot.draw(compared_curves(metric, curves, t), t, key=f"runs-{metric}", tools=True)
    if not one_loss(summary.run.config for summary in shown):
        st.caption(
            t(
                "These runs have different loss functions: their losses are on different scales, "
                "and only their accuracies can be compared."
            )
        )
    if len(chosen) > 1:
        _table(chosen, called, t)


def _curves(summary: RunSummary, name: str, metric: Metric) -> RunCurves:
    epochs, images = lab.store().epochs(summary.run.id), summary.run.digits.train
    places = [epoch.position(images) for epoch in epochs]
    validated = [
        (place, getattr(epoch, f"val_{metric}"))
        for place, epoch in zip(places, epochs, strict=True)
        if epoch.val_loss is not None
    ]
    return RunCurves(
        name,
        (places, [getattr(epoch, metric) for epoch in epochs]),
        ([place for place, _ in validated], [value for _, value in validated]),
    )


def _table(chosen: Sequence[RunSummary], called: Mapping[str, str], t: Translator) -> None:
    """What the runs came to, then a row for each setting that is not the same in all."""
    settings = [_settings(summary.run, called, t) for summary in chosen]
    names = dict.fromkeys(name for one in settings for name in one)
    every = {name: [one.get(name, "–") for one in settings] for name in names}
    different = {name: values for name, values in every.items() if len(set(values)) > 1}
    rows = results(chosen, t) | different
    columns = {"": list(rows)}
    for number, summary in enumerate(chosen):
        title = rf"{number + 1}\. {plain(called[summary.run.id])}"
        columns[title] = [values[number] for values in rows.values()]
    st.markdown(t("**Results, and what differs** between the chosen runs"))
    st.table(columns, hide_index=True)  # its words wrap: two runs are seen on a phone
    if not different:
        st.caption(t("All settings of these runs are the same."))


def results(summaries: Sequence[RunSummary], t: Translator) -> dict[str, list[str]]:
    """What each of some runs came to in its last epoch, by the figure's name, in words."""
    figures = {
        t("Test accuracy"): ("test_accuracy", ".2%"),
        t("Test loss"): ("test_loss", ".4f"),
        t("Validation accuracy"): ("val_accuracy", ".2%"),
        t("Validation loss"): ("val_loss", ".4f"),
        t("Epochs trained"): ("epoch", "d"),
    }
    rows = {}
    for name, (metric, form) in figures.items():
        values = [getattr(summary.last, metric, None) for summary in summaries]
        rows[name] = ["–" if value is None else format(value, form) for value in values]
    return rows


def _settings(run: Run, origins: Mapping[str, str], t: Translator) -> dict[str, str]:
    """All that a run's figures depend on, in words, by its name; what has no effect is left out."""
    settings = {
        t(BY_NAME[name].label): labels.setting(name, value, t)
        for name, value in run.config.relevant().items()
    }
    return settings | {
        t("Data set"): labels.data_set(run.digits, t),
        t("Images trained on"): f"{run.digits.train:,}",
        t("Goes on from"): naming.origin(run, origins, t) or t("nothing: untrained"),
        t("Frozen convolutions"): labels.shown(run.frozen, t),
        t("Number format"): run.execution.format if run.execution else "–",
        t("Threads"): str(run.execution.threads) if run.execution else "–",
    }
