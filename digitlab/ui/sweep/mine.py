"""The visitor's sweeps, to open one again, and the way back from the last removal."""

from __future__ import annotations

import hashlib

import streamlit as st

from digitlab.messages import Translator
from digitlab.sweeps import Standing
from digitlab.ui import lab
from digitlab.ui.selected_model import clock
from digitlab.ui.shell import Visit, plain, sentences
from digitlab.ui.sweep import names

TICK_SECONDS = 2.0
_SHOWN = 10  # at first


def show(visit: Visit) -> None:
    """The list of sweeps; while one of them is live it draws itself anew."""
    live = any(one.live for one in lab.sweeps().standings(visit.me).values())
    st.fragment(_list, run_every=TICK_SECONDS if live else None)(visit, live)


def undo(visit: Visit) -> None:
    """The way back from the last removal, while there is one."""
    t = visit.t
    removed = lab.sweeps().last_removed(visit.me)
    if removed is None:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        name = plain(names.title(removed.plan, t))
        st.markdown(t("Sweep removed: {name}. It can be taken back for an hour.", name=name))
        st.button(
            t("Undo"),
            icon=":material/undo:",
            key="sweep-undo",
            on_click=_take_back,
            args=(visit.me, removed.id),
        )


def _take_back(owner: str, sweep: str) -> None:
    lab.sweeps().take_back(owner, sweep)
    st.query_params["sweep"] = sweep


def _list(visit: Visit, was_live: bool) -> None:
    """A row for each of the newest sweeps, or of all; ticking one opens it."""
    t = visit.t
    with sentences(t):
        standings = lab.sweeps().standings(visit.me)
        if was_live != any(one.live for one in standings.values()):
            st.rerun()  # the whole page, once: the timer starts or ends
        sweeps = lab.sweeps().sweeps_of(visit.me)
        if not sweeps:
            return
        st.subheader(t("My sweeps"))
        if len(sweeps) > _SHOWN and not st.toggle(
            t("Show all {count} sweeps", count=len(sweeps)), key="sweep-mine-all"
        ):
            sweeps = sweeps[:_SHOWN]
        stand = [standings[sweep.id] for sweep in sweeps]
        # Another key when other rows are shown: a tick is a row's number, and must not move.
        ids = ",".join(sweep.id for sweep in sweeps)
        picked = st.dataframe(
            {
                t("Sweep"): [names.title(sweep.plan, t) for sweep in sweeps],
                t("Started"): [clock(sweep.created) for sweep in sweeps],
                t("Runs finished"): [f"{one.done} / {one.trials}" for one in stand],
                t("Status"): [status(one, t) for one in stand],
            },
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            key=f"sweep-mine-{hashlib.sha256(ids.encode()).hexdigest()[:16]}",
        )
        rows = picked["selection"]["rows"]
        if rows and sweeps[rows[0]].id != st.query_params.get("sweep"):
            st.query_params["sweep"] = sweeps[rows[0]].id
            st.rerun()
        st.caption(t("Tick a row to open the sweep."))


def status(standing: Standing, t: Translator) -> str:
    """How a sweep stands, in a word."""
    if standing.live:
        return t("running")
    return t("not complete") if standing.missing else t("finished")
