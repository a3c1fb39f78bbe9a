"""The first page: what the lab is, where to begin, and the visitor's runs."""

from __future__ import annotations

import streamlit as st

from digitlab import dataset, words
from digitlab.messages import Translator, mark
from digitlab.store import results
from digitlab.ui import lab, shell
from digitlab.ui.data_view import source_line
from digitlab.ui.naming import called
from digitlab.ui.readers import clock
from digitlab.ui.shell import Visit, page_link

_DOORS = (
    ("draw", mark("Draw"), mark("Draw a digit with mouse or finger and watch a network read it.")),
    ("train", mark("Train"), mark("Build an MLP or a CNN with sliders, and watch it learn.")),
    ("inspect", mark("Inspect"), mark("See the filters it has learned, and what it misreads.")),
)
_RUNS_SHOWN = 10


def show(visit: Visit) -> None:
    """The three doors, the visitor's newest runs, and how to find them again."""
    t = visit.t
    st.title(t("Digit Lab"))
    st.markdown(
        t("Train neural networks on handwritten digits, draw for them, and look inside them.")
    )
    for column, (name, title, text) in zip(st.columns(3), _DOORS, strict=True):
        with column.container(border=True, height="stretch"):
            st.subheader(t(title))
            st.markdown(t(text))
            page_link(name, t("Open"))
    source_line(dataset.current(), t)
    _runs(visit, t)


def _runs(visit: Visit, t: Translator) -> None:
    runs = lab.store().runs_of(visit.me, _RUNS_SHOWN)
    if not runs:
        return
    st.subheader(t("My runs"))
    epochs = {run.id: lab.store().epochs(run.id) for run in runs}
    tests = [results.final_test(run, epochs[run.id]) for run in runs]
    picked = st.dataframe(
        {
            t("Run"): [called(run, visit) for run in runs],
            t("Started"): [clock(run.created) for run in runs],
            t("Status"): [words.status(run.status, t) for run in runs],
            t("Epochs trained"): [len(epochs[run.id]) for run in runs],
            t("Test accuracy"): [f"{test.accuracy:.2%}" if test else "–" for test in tests],
        },
        hide_index=True, on_select="rerun", selection_mode="single-row", key="my-runs",
    )  # fmt: skip
    if picked["selection"]["rows"]:
        shell.go("train", run=runs[picked["selection"]["rows"][0]].id)
    st.caption(t("Tick a row to open the run."))
    st.caption(
        t("The address of this page is how you find your runs again: keep it as a bookmark.")
    )
