"""What can be done with chosen runs: open, name, pin, train again, delete and take back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from digitlab import labels
from digitlab.presets import PRESETS
from digitlab.store.library import RunSummary
from digitlab.ui import lab, shell
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit, guarded


def show(chosen: Sequence[RunSummary], names: Mapping[str, str], visit: Visit) -> None:
    """The buttons for the chosen runs, called as in ``names``; some are for one run alone."""
    t, ids = visit.t, [summary.run.id for summary in chosen]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(chosen) == 1:
            _for_one(chosen[0], names[ids[0]], visit)
        pinned = all(summary.pinned for summary in chosen)
        st.button(
            t("Unpin") if pinned else t("Pin"),
            icon=":material/keep:",
            key="runs-pin",
            on_click=guarded(lab.library().pin),
            args=(visit.me, ids, not pinned),
            help=t(
                "A pinned run stays on top, and gives up its weights last when the disk is full."
            ),
        )
        _delete_button(t("Delete"), "runs-delete", visit, ids)


def _for_one(summary: RunSummary, name: str, visit: Visit) -> None:
    t, run = visit.t, summary.run
    given = SessionValue(f"runs-name-{run.id}", summary.name)

    def rename() -> None:
        lab.library().rename(visit.me, run.id, given.get())

    st.text_input(
        t("Name"),
        key=given.begin(),
        width=260,
        on_change=guarded(rename),
        placeholder=name,
    )
    if st.button(t("Open"), icon=":material/open_in_new:", key="runs-open"):
        shell.go("train", run=run.id)
    if st.button(t("Look inside"), icon=":material/search:", key="runs-inspect"):
        shell.go("inspect", model=run.id, run=run.id)
    if st.button(
        t("Train again with…"),
        icon=":material/tune:",
        key="runs-again",
        help=t("Sets the sliders as this run has them; change what you like."),
    ):
        preset = labels.lesson(run)
        different = run.config.differences(PRESETS[preset])
        shell.go("train", preset=preset, **{name: str(value) for name, value in different.items()})


def _delete_button(label: str, key: str, visit: Visit, runs: Sequence[str]) -> None:
    """A button that deletes runs."""
    st.button(
        label,
        icon=":material/delete:",
        key=key,
        on_click=guarded(lab.library().delete),
        args=(visit.me, runs),
    )


def undo(visit: Visit) -> None:
    """The way back from the last deletion."""
    t = visit.t
    deleted = lab.library().last_deleted(visit.me)
    if not deleted:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            t("Runs deleted: {count}. They can be taken back for an hour.", count=len(deleted))
        )
        st.button(
            t("Undo"),
            icon=":material/undo:",
            key="runs-undo",
            on_click=guarded(lab.library().restore),
            args=(visit.me, deleted),
        )


def unreadable(runs: Sequence[str], visit: Visit) -> None:
    """How many runs are here that no list can show, and the way to delete them."""
    t = visit.t
    st.warning(
        t(
            "Runs that cannot be read: {count}. Another version of Digit Lab made them, or their "
            "entries are damaged. They are kept, but are in no list and in no zip; the others are "
            "not affected. You may delete them.",
            count=len(runs),
        )
    )
    _delete_button(t("Delete what cannot be read"), "runs-delete-unreadable", visit, runs)
