"""The visitor's sweeps, to open one again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st

from digitlab.messages import Translator
from digitlab.sweeps import Place, Sweep
from digitlab.ui import lab
from digitlab.ui.readers import clock
from digitlab.ui.shell import Visit
from digitlab.ui.sweep import names

_SHOWN = 10  # at first: each costs a query


def show(visit: Visit) -> None:
    """A row for each of the newest sweeps, or of all; ticking one opens it."""
    t, sweeps = visit.t, lab.sweeps().sweeps_of(visit.me)
    if not sweeps:
        return
    st.subheader(t("My sweeps"))
    if len(sweeps) > _SHOWN and not st.toggle(
        t("Show all {count} sweeps", count=len(sweeps)), key="sweep-mine-all"
    ):
        sweeps = sweeps[:_SHOWN]
    places = [lab.sweeps().places(sweep) for sweep in sweeps]
    picked = st.dataframe(
        {
            t("Sweep"): [names.title(sweep.plan, t) for sweep in sweeps],
            t("Started"): [clock(sweep.created) for sweep in sweeps],
            t("Runs finished"): [_done(one) for one in places],
            t("Status"): [status(one, t) for one in places],
        },
        hide_index=True, on_select="rerun", selection_mode="single-row", key=_key(sweeps),
    )  # fmt: skip
    rows = picked["selection"]["rows"]
    if rows and sweeps[rows[0]].id != st.query_params.get("sweep"):
        st.query_params["sweep"] = sweeps[rows[0]].id
        st.rerun()
    st.caption(t("Tick a row to open the sweep."))


def status(places: Sequence[Place], t: Translator) -> str:
    """How a sweep stands, in a word."""
    if any(place.live for place in places):
        return t("running")
    return t("not complete") if any(place.missing for place in places) else t("finished")


def _done(places: Sequence[Place]) -> str:
    return f"{sum(place.done for place in places)} / {len(places)}"


def _key(sweeps: Sequence[Sweep]) -> str:
    """Another one when other rows are shown: a tick is a row's number, and must not move."""
    rows = ",".join(sweep.id for sweep in sweeps)
    return f"sweep-mine-{hashlib.sha256(rows.encode()).hexdigest()[:16]}"
