"""What a person may do with a run that has ended: go on, take it home, hand it in."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from digitlab.messages import mark
from digitlab.store import Run, StoreError
from digitlab.ui import lab
from digitlab.ui.runs import downloads
from digitlab.ui.shell import Visit, sentences
from digitlab.ui.train import code_view, continue_view, report_view

_WAYS: dict[str, tuple[str, Callable[[Run, Visit], None]]] = {
    "on": (mark("Go on training"), continue_view.show),
    "code": (mark("The code"), lambda run, visit: code_view.show(run, visit.t)),
    "files": (mark("Its files"), lambda run, visit: downloads.show(run, visit.t)),
    "report": (mark("A report to hand in"), report_view.show),
}


@st.fragment
def show(visit: Visit, run_id: str) -> None:
    """The choice of a way, and the one that is chosen; nothing while the run is live."""
    with sentences(visit.t):
        try:
            run = lab.store().run(run_id)
        except StoreError:
            return  # said above, where the run would be
        continue_view.origin(run, visit)
        if not run.status.live:
            _show(run, visit)


def _show(run: Run, visit: Visit) -> None:
    t = visit.t
    chosen = st.segmented_control(
        t("What next?"), list(_WAYS), key="after-way", format_func=lambda way: t(_WAYS[way][0])
    )
    if chosen is not None:
        with st.container(border=True):
            _WAYS[chosen][1](run, visit)
