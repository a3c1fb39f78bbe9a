"""The table of a person's runs: filter, choose, and do something with what is chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import streamlit as st

from digitlab import words
from digitlab.messages import Translator
from digitlab.store import Run, Status
from digitlab.store.shelf import Line
from digitlab.ui import lab, naming
from digitlab.ui.readers import clock
from digitlab.ui.runs import actions, compare
from digitlab.ui.shell import Visit, page_link, sentences
from digitlab.ui.timing import timed

_ANY = ""
_TICKED = "runs-ticked"
_TICK = 3.0  # seconds between two looks at runs that train


def show(visit: Visit) -> None:
    """The runs that pass the filter, and beneath them what is done with the chosen ones."""
    live = lab.shelf().trains(visit.me)
    st.fragment(_fragment, run_every=_TICK if live else None)(visit, live)


def _fragment(visit: Visit, live: bool) -> None:
    with timed("runs"), sentences(visit.t):
        if live and not lab.shelf().trains(visit.me):
            st.rerun()  # the whole page, once: the timer ends
        _show(visit)


def _show(visit: Visit) -> None:
    t = visit.t
    lab.shelf().empty_bin()
    lines, unreadable = lab.shelf().listed(visit.me)
    actions.undo(visit)
    if unreadable:
        actions.unreadable(unreadable, visit)
    if not lines and not unreadable:
        st.info(t("There are no runs yet: train a network, and it is listed here."))
        page_link("train", t("Train a network"))
    if lines:
        _lines(lines, visit)


def _lines(lines: Sequence[Line], visit: Visit) -> None:
    t = visit.t
    names = naming.names(lines, visit)
    apart = naming.told_apart(names)
    settings = {line.run.id: naming.settings(line.run, apart, t) for line in lines}
    passed = _filtered(lines, names, settings, t)
    chosen = _table(passed, names, settings, t)
    st.caption(
        t(
            "{shown} of {count} runs. Tick rows to compare them, or to rename, pin or delete "
            "them; click a column's head to sort.",
            shown=len(passed),
            count=len(lines),
        )
    )
    if chosen:
        actions.show(chosen, names, visit)
        compare.show(chosen, apart, t)


def _filtered(
    lines: Sequence[Line], names: Mapping[str, str], settings: Mapping[str, str], t: Translator
) -> list[Line]:
    """The lines with the words and of the status that are asked for; pinned ones come first."""
    with st.container(horizontal=True):
        wanted = st.text_input(
            t("Find"),
            key="runs-find",
            width=300,
            placeholder=t("a name, a lesson, a setting"),
        )
        statuses = [_ANY, *{line.run.status for line in lines}]
        status = st.selectbox(
            t("Status"),
            statuses,
            key="runs-status",
            width=180,
            format_func=lambda one: _status(one, t),
        )
    words_wanted = wanted.casefold().split()
    found = [
        line
        for line in lines
        if status in (_ANY, line.run.status)
        and _fits(f"{names[line.run.id]} {settings[line.run.id]}", words_wanted)
    ]
    return sorted(found, key=lambda line: not line.pinned)


def _status(status: Status | str, t: Translator) -> str:
    return words.status(status, t) if isinstance(status, Status) else t("any")


def _fits(text: str, wanted: Sequence[str]) -> bool:
    """Whether all that is wanted is in a text, however it is spaced and written."""
    return all(word in text.casefold() for word in wanted)


def _table(
    lines: Sequence[Line], names: Mapping[str, str], settings: Mapping[str, str], t: Translator
) -> list[Line]:
    """Draw the rows; returns the ticked ones. On a phone only the first columns are seen."""
    percent = st.column_config.NumberColumn(format="%.2f%%")
    accuracies = {
        t("Test accuracy"): [_percent(line, "test_accuracy") for line in lines],
        t("Validation accuracy"): [_percent(line, "val_accuracy") for line in lines],
        t("Training accuracy"): [_percent(line, "accuracy") for line in lines],
    }
    key = _key(lines)
    _tick_again(key, lines)
    picked = st.dataframe(
        {
            t("Run"): [names[line.run.id] for line in lines],
            **accuracies,
            t("Status"): [words.status(line.run.status, t) for line in lines],
            t("Pinned"): ["●" if line.pinned else "" for line in lines],
            t("Settings"): [settings[line.run.id] for line in lines],
            t("Epochs"): [line.last.epoch if line.last else 0 for line in lines],
            t("Images"): [line.run.digits.train for line in lines],
            t("Data set"): [words.data_set(line.run.digits, t) for line in lines],
            t("Parameters"): [line.run.parameters for line in lines],
            t("Time (s)"): [_seconds(line.run) for line in lines],
            t("Started"): [clock(line.run.created) for line in lines],
            t("Weights"): [_weights(line, t) for line in lines],
        },
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        key=key,
        placeholder="–",
        column_config={
            t("Run"): st.column_config.TextColumn(width=220, pinned=True),
            **dict.fromkeys(accuracies, percent),
            t("Pinned"): st.column_config.TextColumn(width=75),
            t("Settings"): st.column_config.TextColumn(width=300),
            t("Images"): st.column_config.NumberColumn(format="localized"),
            t("Parameters"): st.column_config.NumberColumn(format="localized"),
        },
    )
    chosen = [lines[row] for row in picked["selection"]["rows"] if row < len(lines)]
    _remember(lines, chosen)
    return chosen


def _remember(lines: Sequence[Line], chosen: Sequence[Line]) -> None:
    """What is ticked; a run that the filter hides for now keeps its tick."""
    ticked: set[str] = st.session_state.get(_TICKED, set())
    hidden = ticked - {line.run.id for line in lines}
    st.session_state[_TICKED] = hidden | {line.run.id for line in chosen}


def _tick_again(key: str, lines: Sequence[Line]) -> None:
    """In a table of other rows, or of the same in another order, the same runs stay ticked."""
    ticked = st.session_state.get(_TICKED, ())
    rows = [row for row, line in enumerate(lines) if line.run.id in ticked]
    if rows and key not in st.session_state:
        st.session_state[key] = {"selection": {"rows": rows}}


def _key(lines: Sequence[Line]) -> str:
    """Another one when other rows are shown: ticks are row numbers, and must not move."""
    rows = ",".join(line.run.id for line in lines)
    return f"runs-table-{hashlib.sha256(rows.encode()).hexdigest()[:16]}"


def _percent(line: Line, metric: str) -> float | None:
    value = getattr(line.last, metric) if line.last else None
    return None if value is None else 100 * value


def _seconds(run: Run) -> float | None:
    """How long it trained; of a run that was cut off, from its start to its end."""
    if run.outcome is not None:
        return round(run.outcome.seconds, 1)
    if run.started is None or run.ended is None:
        return None
    return round(run.ended - run.started, 1)


def _weights(line: Line, t: Translator) -> str:
    """Whether the run can still be looked into: a full disk takes the oldest weights."""
    if line.run.status.live:
        return "–"
    if lab.store().epochs_kept(line.run.id, "weights"):
        return t("kept")
    return t("gone") if line.run.untrained is not None or line.last is not None else "–"
