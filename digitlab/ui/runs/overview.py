"""The table of a person's runs: filter, choose, and do something with what is chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from digitlab import labels
from digitlab.messages import Translator
from digitlab.store import Run, Status
from digitlab.store.library import RunSummary
from digitlab.ui import lab, naming
from digitlab.ui.runs import actions, compare
from digitlab.ui.selected_model import clock
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit, page_link, sentences
from digitlab.ui.timing import timed

# In pixels: a phone shows the accuracy and the beginning of the name, a desktop all of both.
ACCURACY_WIDTH, NAME_WIDTH = 155, 420
_ANY = ""
_TICK = 3.0  # seconds between two looks at runs that train
# The ids of the ticked runs, those that the filter hides for now among them.
_TICKED = SessionValue[frozenset[str]]("runs-ticked", frozenset())


def show(visit: Visit) -> None:
    """The runs that pass the filter, and beneath them what is done with the chosen ones."""
    live = lab.library().trains(visit.me)
    st.fragment(_fragment, run_every=_TICK if live else None)(visit, live)


def _fragment(visit: Visit, live: bool) -> None:
    t = visit.t
    with timed("runs"), sentences(t):
        if live and not lab.library().trains(visit.me):
            st.rerun()  # the whole page, once: the timer ends
        lab.library().empty_bin()
        summaries, unreadable = lab.library().listed(visit.me)
        actions.undo(visit)
        if unreadable:
            actions.unreadable(unreadable, visit)
        if not summaries and not unreadable:
            st.info(t("There are no runs yet: train a network, and it is listed here."))
            page_link("train", t("Train a network"))
        if summaries:
            _summaries(summaries, visit)


def _summaries(summaries: Sequence[RunSummary], visit: Visit) -> None:
    t = visit.t
    names = naming.names(summaries, visit)
    apart = naming.told_apart(names)
    settings = {summary.run.id: naming.settings(summary.run, apart, t) for summary in summaries}
    passed = _filtered(summaries, names, settings, t)
    chosen = _table(passed, names, settings, t)
    st.caption(
        t(
            "{shown} of {count} runs. Tick rows to compare them, or to rename, pin or delete "
            "them; click a column's head to sort.",
            shown=len(passed),
            count=len(summaries),
        )
    )
    if chosen:
        actions.show(chosen, names, visit)
        compare.show(chosen, apart, t)


def _filtered(
    summaries: Sequence[RunSummary],
    names: Mapping[str, str],
    settings: Mapping[str, str],
    t: Translator,
) -> list[RunSummary]:
    """The lines with the words and of the status that are asked for; pinned ones come first."""
    with st.container(horizontal=True):
        wanted = st.text_input(
            t("Find"),
            key="runs-find",
            width=300,
            placeholder=t("a name, a lesson, a setting"),
        )
        status = st.selectbox(
            t("Status"),
            [_ANY, *{summary.run.status for summary in summaries}],
            key="runs-status",
            width=180,
            format_func=lambda one: labels.status(one, t) if isinstance(one, Status) else t("any"),
        )
    words = wanted.casefold().split()
    found = []
    for summary in summaries:
        text = f"{names[summary.run.id]} {settings[summary.run.id]}".casefold()
        if status in (_ANY, summary.run.status) and all(word in text for word in words):
            found.append(summary)
    return sorted(found, key=lambda summary: not summary.pinned)


def _table(
    summaries: Sequence[RunSummary],
    names: Mapping[str, str],
    settings: Mapping[str, str],
    t: Translator,
) -> list[RunSummary]:
    """Draw the rows; returns the ticked ones. On a phone only the first columns are seen."""
    ids = [summary.run.id for summary in summaries]
    runs = [summary.run for summary in summaries]
    # Another key when other rows are shown: ticks are row numbers, and must not move.
    key = f"runs-table-{hashlib.sha256(','.join(ids).encode()).hexdigest()[:16]}"
    table = SessionValue[dict[str, Any]](key, {})
    rows = [row for row, run in enumerate(ids) if run in _TICKED.get()]
    if rows and not table.known:
        table.set({"selection": {"rows": rows}})
    accuracies = {
        t("Validation accuracy"): [_percent(summary, "val_accuracy") for summary in summaries],
        t("Training accuracy"): [_percent(summary, "accuracy") for summary in summaries],
    }
    columns = st.column_config
    picked = st.dataframe(
        {
            t("Test accuracy"): [_percent(summary, "test_accuracy") for summary in summaries],
            t("Run"): [names[run] for run in ids],
            **accuracies,
            t("Status"): [labels.status(run.status, t) for run in runs],
            t("Pinned"): ["●" if summary.pinned else "" for summary in summaries],
            t("Epochs"): [summary.last.epoch if summary.last else 0 for summary in summaries],
            t("Settings"): [settings[run] for run in ids],
            t("Images"): [run.digits.train for run in runs],
            t("Data set"): [labels.data_set(run.digits, t) for run in runs],
            t("Parameters"): [run.parameters for run in runs],
            t("Time (s)"): [_seconds(run) for run in runs],
            t("Started"): [clock(run.created) for run in runs],
            t("Weights"): [_weights(summary, t) for summary in summaries],
        },
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=key,
        placeholder="–",
        column_config={
            t("Test accuracy"): columns.NumberColumn(
                width=ACCURACY_WIDTH, format="%.2f%%", alignment="left"
            ),
            t("Run"): columns.TextColumn(width=NAME_WIDTH),
            **dict.fromkeys(accuracies, columns.NumberColumn(format="%.2f%%")),
            t("Pinned"): columns.TextColumn(width=75),
            t("Settings"): columns.TextColumn(width=300),
            t("Images"): columns.NumberColumn(format="localized"),
            t("Parameters"): columns.NumberColumn(format="localized"),
        },
    )
    chosen = [summaries[row] for row in picked["selection"]["rows"] if row < len(summaries)]
    hidden = _TICKED.get().difference(ids)  # the filter hides them for now; they keep their ticks
    _TICKED.set(hidden.union(summary.run.id for summary in chosen))
    return chosen


def _percent(summary: RunSummary, metric: str) -> float | None:
    value = getattr(summary.last, metric) if summary.last else None
    return None if value is None else 100 * value


def _seconds(run: Run) -> float | None:
    """How long it trained; of a run that was cut off, from its start to its end."""
    if run.outcome is not None:
        return round(run.outcome.seconds, 1)
    if run.started is None or run.ended is None:
        return None
    return round(run.ended - run.started, 1)


def _weights(summary: RunSummary, t: Translator) -> str:
    """Whether the run can still be looked into: a full disk takes the oldest weights."""
    if summary.run.status.live:
        return "–"
    if lab.store().epochs_kept(summary.run.id, "weights"):
        return t("kept")
    return t("gone") if summary.run.untrained is not None or summary.last is not None else "–"
