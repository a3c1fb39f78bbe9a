"""All of a visitor's work as one zip: pack it and save it here, load it here or elsewhere."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from digitlab import archive, disk, labels
from digitlab.archive import ArchiveError, Packed, Unpacked
from digitlab.archive.form import LARGEST, MEGABYTE, Progress
from digitlab.home import home
from digitlab.messages import Message, Translator
from digitlab.ui import lab
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit, plain, sentences, word_uploader
from digitlab.ui.timing import timed

_MOST_TOLD = 10  # sentences about what was refused
_STEP = 0.01  # of the progress, between two messages to the browser


class _Zip:
    """A packed zip that goes when the session does; where it is killed, at the lab's next start."""

    def __init__(self) -> None:
        self.path = disk.unfinished(home() / "archive.zip")
        self.packed = Packed()
        weakref.finalize(self, self.path.unlink, missing_ok=True)


# The zip to save, what came of the one that was loaded last, how many were loaded, and the
# estimated sizes in bytes, by what goes in and what there is.
_PACKED = SessionValue[_Zip | None]("archive-packed", None)
_LOADED = SessionValue[Unpacked | Message | None]("archive-told", None)
_LOADS = SessionValue("archive-number", 0)
_SIZES = SessionValue[dict[tuple[bool, object], int]]("archive-sizes", {})


@st.fragment
def show(visit: Visit) -> None:
    """Why, and the two ways: home, and back."""
    t = visit.t
    with timed("archive"), sentences(t):
        st.subheader(t("Take your work with you"))
        st.markdown(
            t(
                "A lab on Streamlit Community Cloud forgets its disk when it is restarted, or has "
                "slept. Save your work as a file, and load it again: here or in another lab."
            )
        )
        home, back = st.columns(2, gap="large")
        with home:
            _take(visit)
        with back:
            _load(visit)


def _take(visit: Visit) -> None:
    t = visit.t
    choices = {exact: _choice(exact, visit) for exact in (False, True)}
    exact = st.radio(
        t("What goes in"),
        list(choices),
        key="archive-exact",
        format_func=choices.__getitem__,
        captions=[
            t(
                "Of the epochs between the first and the last, the weights of four are in it, "
                "rounded. A run can go on from its end exactly as here."
            ),
            t("The weights of every epoch, exactly as they are here."),
        ],
    )
    if st.button(
        t("Take everything home"),
        icon=":material/luggage:",
        key="archive-pack",
        help=t(
            "Packs your runs with their names, curves and weights, your sweeps and your kept "
            "drawings."
        ),
    ):
        _PACKED.take()  # two zips of one visitor need not lie on the disk
        made = _Zip()
        work = lab.library(), lab.drawings(), lab.sweeps()
        bar = _progress(t("Packing…"))
        with bar as progress, disk.as_storage_error(made.path), made.path.open("w+b") as target:
            made.packed = archive.pack(*work, visit.me, target, progress, exact=exact)
        _PACKED.set(made)
    ready = _PACKED.get()
    if ready is not None:
        _offer(ready, t)


def _choice(exact: bool, visit: Visit) -> str:
    """A choice with the size that it comes to, estimated anew when there is something new."""
    t, summaries = visit.t, lab.library().summaries(visit.me)
    there = tuple((summary.run.id, summary.last and summary.last.epoch) for summary in summaries)
    wanted = (exact, there)
    sizes = _SIZES.get()
    if wanted not in sizes:
        size = archive.estimate(lab.library(), visit.me, exact=exact)
        sizes = {known: size for known, size in sizes.items() if known[0] != exact}
        sizes[wanted] = size
        _SIZES.set(sizes)
    megabytes = max(0.1, sizes[wanted] / MEGABYTE)
    shown = f"{megabytes:.0f}" if megabytes > 10 else f"{megabytes:.1f}"
    if exact:
        return t("Every file (about {size} MB)", size=shown)
    return t("Everything that matters (about {size} MB)", size=shown)


def _offer(ready: _Zip, t: Translator) -> None:
    size = f"{ready.path.stat().st_size / MEGABYTE:.1f}"
    st.download_button(
        t("Save the zip ({size} MB)", size=size),
        ready.path.read_bytes,
        "digit-lab.zip",
        "application/zip",
        icon=":material/download:",
        on_click="ignore",
        type="primary",
        key="archive-save",
    )
    packed = ready.packed
    what = labels.counts(t, runs=packed.runs, sweeps=packed.sweeps, drawings=packed.drawings)
    st.caption(t("In it: {what}; all as they were when it was packed.", what=what))
    for sentence in packed.left_out():
        st.warning(t(sentence))


def _load(visit: Visit) -> None:
    t = visit.t
    most = LARGEST // MEGABYTE
    word_uploader(
        t("Choose a zip"),
        t(
            "This file did not reach the lab: it is larger than {most} MB, its name is too long, "
            "or the connection broke. Remove it and choose another one.",
            most=most,
        ),
    )
    number = _LOADS.get()
    file = st.file_uploader(
        t("Load a zip that a lab has packed, up to {most} MB", most=most),
        key=f"archive-file-{number}",
        max_upload_size=most,
    )
    st.caption(
        t(
            "Everything in it is checked first. What you have already is not loaded twice, and "
            "nothing of yours is changed."
        )
    )
    if file is not None:
        work = lab.library(), lab.drawings(), lab.sweeps()
        try:
            with _progress(t("Checking and loading…")) as progress:
                _LOADED.set(archive.unpack(file, *work, visit.me, progress))
        except ArchiveError as refused:
            _LOADED.set(refused.message)
        _LOADS.set(number + 1)  # an empty uploader: the file leaves the memory
        st.rerun()
    told = _LOADED.get()
    if isinstance(told, Message):
        st.error(plain(t(told)))
    elif told is not None:
        _tell(told, t)


@contextmanager
def _progress(text: str) -> Iterator[Progress]:
    """A bar while something goes on; not every step is sent to the browser."""
    bar = st.progress(0.0, text)
    shown = 0.0

    def tell(part: float) -> None:
        nonlocal shown
        if part >= shown + _STEP:
            shown = part
            bar.progress(part, text)

    try:
        yield tell
    finally:
        bar.empty()


def _tell(told: Unpacked, t: Translator) -> None:
    """What came of the last zip; what it holds is quoted as it is."""
    what = labels.counts(t, runs=len(told.runs), sweeps=told.sweeps, drawings=told.drawings)
    say = st.success if told.runs or told.sweeps or told.drawings else st.info
    say(t("Loaded: {what}.", what=what))
    if told.known:
        st.info(
            t("Runs that you have already, and that stay as they are: {count}.", count=told.known)
        )
    if told.without_weights:
        st.warning(
            t(
                "The lab's disk is full: {count} of the loaded runs are here without weights.",
                count=told.without_weights,
            )
        )
    for sentence in told.refused[:_MOST_TOLD]:
        st.warning(plain(t(sentence)))
    if len(told.refused) > _MOST_TOLD:
        more = len(told.refused) - _MOST_TOLD
        st.warning(t("Refused besides these: {count}.", count=more))
