"""The table of a person's runs: filter, choose, and do something with what is chosen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import streamlit as st

from digitlab import words
from digitlab.messages import Translator
from digitlab.store import Run, Status
from digitlab.store.shelf import Line
from digitlab.ui import lab
from digitlab.ui.readers import clock
from digitlab.ui.runs import actions, compare, names
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
    origins = names.told_apart(lines, t)
    passed = _filtered(lines, origins, t)
    chosen = _table(passed, origins, t)
    st.caption(
        t(
            "{shown} of {count} runs. Tick rows to compare them, or to rename, pin or delete "
            "them; click a column's head to sort.",
            shown=len(passed), count=len(lines),
        )
    )  # fmt: skip
    if chosen:
        actions.show(chosen, visit)
        compare.show(chosen, origins, t)


def _filtered(lines: Sequence[Line], origins: Mapping[str, str], t: Translator) -> list[Line]:
    """The lines with the words and of the status that are asked for; pinned ones come first."""
    with st.container(horizontal=True):
        wanted = st.text_input(
            t("Find"), key="runs-find", width=300,
            placeholder=t("a name, a lesson, a setting"),
        )  # fmt: skip
        statuses = [_ANY, *{line.run.status for line in lines}]
        status = st.selectbox(
            t("Status"), statuses, key="runs-status", width=180,
            format_func=lambda one: _status(one, t),
        )  # fmt: skip
    found = [
        line for line in lines
        if status in (_ANY, line.run.status)
        and _fits(line, wanted.casefold().split(), origins, t)
    ]  # fmt: skip
    return sorted(found, key=lambda line: not line.pinned)


def _status(status: Status | str, t: Translator) -> str:
    return words.status(status, t) if isinstance(status, Status) else t("any")


def _fits(line: Line, wanted: Sequence[str], origins: Mapping[str, str], t: Translator) -> bool:
    if not wanted:
        return True
    text = " ".join((line.name, names.title(line, t), names.settings(line, origins, t))).casefold()
    return all(word in text for word in wanted)


def _table(lines: Sequence[Line], origins: Mapping[str, str], t: Translator) -> list[Line]:
    """Draw the rows; returns the ticked ones."""
    percent = st.column_config.NumberColumn(format="%.2f%%")
    accuracies = {
        t("Training accuracy"): [_percent(line, "accuracy") for line in lines],
        t("Validation accuracy"): [_percent(line, "val_accuracy") for line in lines],
        t("Test accuracy"): [_percent(line, "test_accuracy") for line in lines],
    }
    key = _key(lines)
    _tick_again(key, lines)
    picked = st.dataframe(
        {
            t("Pinned"): ["●" if line.pinned else "" for line in lines],
            t("Run"): [names.title(line, t) for line in lines],
            t("Settings"): [names.settings(line, origins, t) for line in lines],
            t("Status"): [words.status(line.run.status, t) for line in lines],
            **accuracies,
            t("Epochs"): [line.last.epoch if line.last else 0 for line in lines],
            t("Images"): [line.run.digits.train for line in lines],
            t("Data set"): [words.data_set(line.run.digits, t) for line in lines],
            t("Parameters"): [line.run.parameters for line in lines],
            t("Time (s)"): [_seconds(line.run) for line in lines],
            t("Started"): [clock(line.run.created) for line in lines],
            t("Weights"): [_weights(line, t) for line in lines],
        },
        hide_index=True, on_select="rerun", selection_mode="multi-row",
        key=key, placeholder="–",
        column_config={
            t("Pinned"): st.column_config.TextColumn(width=75),
            t("Run"): st.column_config.TextColumn(width=190, pinned=True),
            t("Settings"): st.column_config.TextColumn(width=220),
            **dict.fromkeys(accuracies, percent),
            t("Images"): st.column_config.NumberColumn(format="localized"),
            t("Parameters"): st.column_config.NumberColumn(format="localized"),
        },
    )  # fmt: skip
    chosen = [lines[row] for row in picked["selection"]["rows"] if row < len(lines)]
    st.session_state[_TICKED] = {line.run.id for line in chosen}
    return chosen


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
