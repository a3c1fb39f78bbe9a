"""A run's report to hand in: one button that makes the file when it is pressed."""

from __future__ import annotations

import streamlit as st

from digitlab import labels, report
from digitlab.messages import Translator
from digitlab.store import Run
from digitlab.ui import lab, naming
from digitlab.ui.shell import Visit


def show(run: Run, visit: Visit) -> None:
    """The button, and what the file is; nothing for a run that has not ended."""
    if run.status.live:
        return
    t, name = visit.t, f"report-{labels.lesson(run)}-{run.id[:6]}.html"
    st.download_button(
        t("Save the report"),
        lambda: _page(run, t),
        name,
        "text/html",
        icon=":material/description:",
        on_click="ignore",
        key=f"report-{run.id}",
    )
    st.caption(
        t(
            "One page to open without a network and to print: settings, curves, results, filters, "
            "misread samples, and empty places for the answers. Names are written on it by pen."
        )
    )


def _page(run: Run, t: Translator) -> bytes:
    data = report.gather(lab.store(), run, naming.varied(run))
    return report.html_of(data, t).encode("utf-8")
