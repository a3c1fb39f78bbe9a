"""A visitor's way out: everything of theirs is deleted, after a second question."""

from __future__ import annotations

import streamlit as st

from digitlab import labels
from digitlab.ui import lab
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit, guarded, sentences

_ASKED = SessionValue("leave-asked", False)  # whether the second question is asked
_LEFT = SessionValue[tuple[int, int] | None]("leave-done", None)  # runs and drawings deleted
_JUST_LEFT = SessionValue("leave-fresh", False)


@st.fragment
def show(visit: Visit) -> None:
    """The button, the second question, and what was deleted."""
    t = visit.t
    with sentences(t):
        # It stays where it is: a button that takes another's place may lose a press under way.
        st.button(
            t("Delete all my data"),
            icon=":material/delete_forever:",
            key="leave-ask",
            on_click=_ask,
            args=(True,),
        )
        if _JUST_LEFT.take():
            st.rerun()  # the whole page, once: the table above is empty now
        if _ASKED.get():
            _question(visit)
        left = _LEFT.get()
        if left is not None:
            what = labels.counts(t, runs=left[0], drawings=left[1])
            st.success(t("Deleted for good: {what}.", what=what))


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
    _ASKED.set(asked)
    _LEFT.take()


def _delete(owner: str) -> None:
    """Delete what the lab keeps, and what this session remembers; the address forgets its run."""
    lab.sweeps().remove_everything(owner)  # first: it would queue its runs again
    runs = lab.library().delete_everything(owner)
    drawings = lab.drawings().delete_everything(owner)
    st.session_state.clear()
    for name in ("run", "model", "sweep"):
        st.query_params.pop(name, None)
    _LEFT.set((runs, drawings))
    _JUST_LEFT.set(True)
