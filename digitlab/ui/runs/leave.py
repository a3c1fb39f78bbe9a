"""A visitor's way out: everything of theirs is deleted, after a second question."""

from __future__ import annotations

import streamlit as st

from digitlab import labels
from digitlab.ui import lab
from digitlab.ui.shell import Visit, guarded, sentences

_ASKED = "leave-asked"
_DONE = "leave-done"
_FRESH = "leave-fresh"


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
    if st.session_state.pop(_FRESH, False):
        st.rerun()  # the whole page, once: the table above is empty now
    if st.session_state.get(_ASKED):
        _question(visit)
    done = st.session_state.get(_DONE)
    if done is not None:
        runs, drawings = done
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
    st.session_state[_ASKED] = asked
    st.session_state.pop(_DONE, None)


def _delete(owner: str) -> None:
    """Delete what the lab keeps, and what this session remembers; the address forgets its run."""
    lab.sweeps().remove_everything(owner)  # first: it would queue its runs again
    runs = lab.library().delete_everything(owner)
    drawings = lab.drawings().delete_everything(owner)
    st.session_state.clear()
    for name in ("run", "model", "sweep"):
        st.query_params.pop(name, None)
    st.session_state[_DONE] = (runs, drawings)
    st.session_state[_FRESH] = True
