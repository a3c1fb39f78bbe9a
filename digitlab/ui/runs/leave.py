"""A visitor's way out: everything of theirs is deleted, after a second question."""

from __future__ import annotations

import streamlit as st

from digitlab import labels
from digitlab.ui import lab
from digitlab.ui.runs import state
from digitlab.ui.shell import Visit, guarded, sentences


@st.fragment
def show(visit: Visit) -> None:
    """The button, the second question, and what was deleted."""
    with sentences(visit.t):
        _show(visit)


def _show(visit: Visit) -> None:
    t = visit.t
    # It stays where it is: a button that takes another's place may lose a press that is under way.
    st.button(
        t("Delete all my data"),
        icon=":material/delete_forever:",
        key="leave-ask",
        on_click=_ask,
        args=(True,),
    )
    if state.JUST_LEFT.take():
        st.rerun()  # the whole page, once: the table above is empty now
    if state.LEAVE_ASKED.get():
        _question(visit)
    left = state.LEFT.get()
    if left is not None:
        runs, drawings = left
        st.success(
            t("Deleted for good: {what}.", what=labels.counts(t, runs=runs, drawings=drawings))
        )


def _question(visit: Visit) -> None:
    t = visit.t
    runs, drawings = lab.library().count(visit.me), len(lab.drawings().of(visit.me))
    st.warning(
        t(
            "This deletes all that is yours: runs with their weights and names, those in the bin "
            "included ({runs}), kept drawings ({drawings}), and sweeps. Runs that train are "
            "stopped. It cannot be undone: take everything home first, if you may want it again.",
            runs=runs,
            drawings=drawings,
        )
    )
    with st.container(horizontal=True):
        st.button(
            t("Yes, delete everything"),
            icon=":material/delete_forever:",
            key="leave-yes",
            on_click=guarded(_delete),
            args=(visit.me,),
        )
        st.button(t("No, keep it"), key="leave-no", on_click=_ask, args=(False,))


def _ask(asked: bool) -> None:
    state.LEAVE_ASKED.set(asked)
    state.LEFT.take()


def _delete(owner: str) -> None:
    """Delete what the lab keeps, and what this session remembers; the address forgets its run."""
    lab.sweeps().remove_everything(owner)  # first: it would queue its runs again
    runs = lab.library().delete_everything(owner)
    drawings = lab.drawings().delete_everything(owner)
    st.session_state.clear()
    for name in ("run", "model", "sweep"):
        st.query_params.pop(name, None)
    state.LEFT.set((runs, drawings))
    state.JUST_LEFT.set(True)
