"""What a person may do with a run that has ended: go on, take it home, hand it in."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from digitlab import labels, report
from digitlab.messages import mark
from digitlab.store import Run, StoreError
from digitlab.ui import lab, naming
from digitlab.ui.runs import downloads
from digitlab.ui.shell import Visit, save_button, sentences
from digitlab.ui.train import code_view, continue_view


@st.fragment
def show(visit: Visit, run_id: str) -> None:
    """The choice of a way, and the one that is chosen; nothing while the run is live."""
    t = visit.t
    with sentences(t):
        try:
            run = lab.store().run(run_id)
        except StoreError:
            return  # said above, where the run would be
        continue_view.origin(run, visit)
        if run.status.live:
            return
        chosen = st.segmented_control(
            t("What next?"), list(_WAYS), key="after-way", format_func=lambda way: t(_WAYS[way][0])
        )
        if chosen is not None:
            with st.container(border=True):
                _WAYS[chosen][1](run, visit)


def _report(run: Run, visit: Visit) -> None:
    t = visit.t

    def page() -> bytes:
        data = report.gather(lab.store(), run, naming.varied(run))
        return report.html_of(data, t).encode("utf-8")

    save_button(
        t("Save the report"),
        page,
        f"report-{labels.lesson(run)}-{run.id[:6]}.html",
        "text/html",
        icon=":material/description:",
        key=f"report-{run.id}",
    )
    st.caption(
        t(
            "One page to open without a network and to print: settings, curves, results, filters, "
            "misread samples, and empty places for the answers. Names are written on it by pen."
        )
    )


_WAYS: dict[str, tuple[str, Callable[[Run, Visit], None]]] = {
    "on": (mark("Go on training"), continue_view.show),
    "code": (mark("The code"), lambda run, visit: code_view.show(run, visit.t)),
    "files": (mark("Its files"), lambda run, visit: downloads.show(run, visit.t)),
    "report": (mark("A report to hand in"), _report),
}
