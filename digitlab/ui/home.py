"""The first page: what the lab is, where to begin, and the visitor's runs."""

from __future__ import annotations

import streamlit as st

from digitlab import dataset, labels
from digitlab.messages import mark
from digitlab.store import results
from digitlab.store.library import RunSummary
from digitlab.ui import lab, naming, shell
from digitlab.ui.data_view import source_line
from digitlab.ui.runs.overview import ACCURACY_WIDTH, NAME_WIDTH
from digitlab.ui.selected_model import clock
from digitlab.ui.shell import Visit, page_link, sentences

_DOORS = (
    ("draw", mark("Draw"), mark("Draw a digit with mouse or finger and watch a network read it.")),
    ("train", mark("Train"), mark("Build an MLP or a CNN with sliders, and watch it learn.")),
    ("inspect", mark("Inspect"), mark("See the filters it has learned, and what it misreads.")),
)
_RUNS_SHOWN = 10
_TICK = 3.0  # seconds between two looks at runs that train


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
    live = lab.library().trains(visit.me)
    # While a run waits or trains, the newest ones are looked at again and again.
    st.fragment(_runs, run_every=_TICK if live else None)(visit, live)


def _runs(visit: Visit, live: bool) -> None:
    t = visit.t
    with sentences(t):
        if live and not lab.library().trains(visit.me):
            st.rerun()  # the whole page, once: the timer ends
        summaries = lab.library().summaries(visit.me, _RUNS_SHOWN)
        if not summaries:
            return
        names = naming.names(summaries, visit)
        st.subheader(t("My runs"))
        picked = st.dataframe(
            {
                t("Test accuracy"): [_accuracy(summary) for summary in summaries],
                t("Run"): [names[summary.run.id] for summary in summaries],
                t("Status"): [labels.status(summary.run.status, t) for summary in summaries],
                t("Epochs trained"): [
                    summary.last.epoch if summary.last else 0 for summary in summaries
                ],
                t("Started"): [clock(summary.run.created) for summary in summaries],
            },
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            # Another key when other rows are shown: a tick is a row's number, and must not move.
            key=f"my-runs-{summaries[0].run.id}-{len(summaries)}",
            column_config={
                t("Test accuracy"): st.column_config.TextColumn(width=ACCURACY_WIDTH),
                t("Run"): st.column_config.TextColumn(width=NAME_WIDTH),
            },
        )
        if rows := picked["selection"]["rows"]:
            shell.go("train", run=summaries[rows[0]].run.id)
        st.caption(t("Tick a row to open the run."))
        st.caption(
            t("The address of this page is how you find your runs again: keep it as a bookmark.")
        )


def _accuracy(summary: RunSummary) -> str:
    test = results.final_test(summary.run, [summary.last] if summary.last else [])
    return f"{test.accuracy:.2%}" if test else "–"
