"""The table of a person's runs: filter, choose, and do something with what is chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import streamlit as st

from digitlab import labels
from digitlab.messages import Translator
from digitlab.store import Run, Status
from digitlab.store.library import RunSummary
from digitlab.ui import lab, naming
from digitlab.ui.runs import actions, compare, state
from digitlab.ui.selected_model import clock
from digitlab.ui.shell import Visit, page_link, sentences
from digitlab.ui.timing import timed

_ANY = ""
# In pixels: a phone shows the accuracy and the beginning of the name, a desktop all of both.
ACCURACY_WIDTH, NAME_WIDTH = 155, 420
_TICK = 3.0  # seconds between two looks at runs that train


def show(visit: Visit) -> None:
    """The runs that pass the filter, and beneath them what is done with the chosen ones."""
    live = lab.library().trains(visit.me)
    st.fragment(_fragment, run_every=_TICK if live else None)(visit, live)


def _fragment(visit: Visit, live: bool) -> None:
    with timed("runs"), sentences(visit.t):
        if live and not lab.library().trains(visit.me):
            st.rerun()  # the whole page, once: the timer ends
        _show(visit)


def _show(visit: Visit) -> None:
    t = visit.t
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
        statuses = [_ANY, *{summary.run.status for summary in summaries}]
        status = st.selectbox(
            t("Status"),
            statuses,
            key="runs-status",
            width=180,
            format_func=lambda one: _status(one, t),
        )
    words_wanted = wanted.casefold().split()
    found = [
        summary
        for summary in summaries
        if status in (_ANY, summary.run.status)
        and _fits(f"{names[summary.run.id]} {settings[summary.run.id]}", words_wanted)
    ]
    return sorted(found, key=lambda summary: not summary.pinned)


def _status(status: Status | str, t: Translator) -> str:
    return labels.status(status, t) if isinstance(status, Status) else t("any")


def _fits(text: str, wanted: Sequence[str]) -> bool:
    """Whether all that is wanted is in a text, however it is spaced and written."""
    return all(word in text.casefold() for word in wanted)


def _table(
    summaries: Sequence[RunSummary],
    names: Mapping[str, str],
    settings: Mapping[str, str],
    t: Translator,
) -> list[RunSummary]:
    """Draw the rows; returns the ticked ones. On a phone only the first columns are seen."""
    percent = st.column_config.NumberColumn(format="%.2f%%")
    accuracies = {
        t("Validation accuracy"): [_percent(summary, "val_accuracy") for summary in summaries],
        t("Training accuracy"): [_percent(summary, "accuracy") for summary in summaries],
    }
    key = _key(summaries)
    _tick_again(key, summaries)
    picked = st.dataframe(
        {
            t("Test accuracy"): [_percent(summary, "test_accuracy") for summary in summaries],
            t("Run"): [names[summary.run.id] for summary in summaries],
            **accuracies,
            t("Status"): [labels.status(summary.run.status, t) for summary in summaries],
            t("Pinned"): ["●" if summary.pinned else "" for summary in summaries],
            t("Epochs"): [summary.last.epoch if summary.last else 0 for summary in summaries],
            t("Settings"): [settings[summary.run.id] for summary in summaries],
            t("Images"): [summary.run.digits.train for summary in summaries],
            t("Data set"): [labels.data_set(summary.run.digits, t) for summary in summaries],
            t("Parameters"): [summary.run.parameters for summary in summaries],
            t("Time (s)"): [_seconds(summary.run) for summary in summaries],
            t("Started"): [clock(summary.run.created) for summary in summaries],
            t("Weights"): [_weights(summary, t) for summary in summaries],
        },
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=key,
        placeholder="–",
        column_config={
            t("Test accuracy"): st.column_config.NumberColumn(
                width=ACCURACY_WIDTH, format="%.2f%%", alignment="left"
            ),
            t("Run"): st.column_config.TextColumn(width=NAME_WIDTH),
            **dict.fromkeys(accuracies, percent),
            t("Pinned"): st.column_config.TextColumn(width=75),
            t("Settings"): st.column_config.TextColumn(width=300),
            t("Images"): st.column_config.NumberColumn(format="localized"),
            t("Parameters"): st.column_config.NumberColumn(format="localized"),
        },
    )
    chosen = [summaries[row] for row in picked["selection"]["rows"] if row < len(summaries)]
    _remember(summaries, chosen)
    return chosen


def _remember(summaries: Sequence[RunSummary], chosen: Sequence[RunSummary]) -> None:
    """What is ticked; a run that the filter hides for now keeps its tick."""
    hidden = state.TICKED.get() - {summary.run.id for summary in summaries}
    state.TICKED.set(hidden | {summary.run.id for summary in chosen})


def _tick_again(key: str, summaries: Sequence[RunSummary]) -> None:
    """In a table of other rows, or of the same in another order, the same runs stay ticked."""
    ticked, table = state.TICKED.get(), state.table(key)
    rows = [row for row, summary in enumerate(summaries) if summary.run.id in ticked]
    if rows and not table.known:
        table.set({"selection": {"rows": rows}})


def _key(summaries: Sequence[RunSummary]) -> str:
    """Another one when other rows are shown: ticks are row numbers, and must not move."""
    rows = ",".join(summary.run.id for summary in summaries)
    return f"runs-table-{hashlib.sha256(rows.encode()).hexdigest()[:16]}"


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
