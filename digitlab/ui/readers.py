"""Which network reads: the bundled one or a run's, chosen by the person and kept in the URL."""

from __future__ import annotations

import contextlib
import datetime
import zoneinfo
from collections import Counter
from dataclasses import dataclass

import streamlit as st

from digitlab import models, results
from digitlab.messages import LabError, Translator, mark, message
from digitlab.network import ModelFileError, Network
from digitlab.store import Run, StoreError
from digitlab.ui import lab
from digitlab.ui.run_panel import name_of
from digitlab.ui.shell import Visit

# What the networks that come with the lab are called.
_BUNDLED = {
    models.BUNDLED_NAME: mark("The lab's own network"),
    models.MNIST_ONLY_NAME: mark("A CNN trained on MNIST alone"),
}


@dataclass(frozen=True)
class Reader:
    """A network, called ``name`` in the URL and in the store; bundled ones come from no run."""

    name: str
    network: Network
    untrained: Network | None
    run: Run | None = None


def choose(visit: Visit) -> Reader:
    """Draw the choice and return what is chosen: ``model`` in the URL, else ``run``, else ours.

    Where the URL asks for a network that is not here, one sentence says so.

    Raises:
        LabError: the run's weights are not here any more, or are not numbers.
    """
    labels = choices(visit)
    asked = st.query_params.get("model") or st.query_params.get("run")
    if asked and asked not in labels:
        st.warning(_missing(asked, visit))
    st.session_state["model"] = asked if asked in labels else models.BUNDLED_NAME
    chosen = st.selectbox(
        visit.t("Which network"), list(labels), key="model", on_change=_remember,
        format_func=labels.__getitem__,
    )  # fmt: skip
    return load(chosen)


def choices(visit: Visit) -> dict[str, str]:
    """Every network that can read for this visitor: what ``load`` calls it, and its label."""
    runs = [*lab.store().runs_of(visit.me), *_of_others(visit)]
    bundled = {name: visit.t(label) for name, label in _BUNDLED.items()}
    return bundled | _told_apart({run.id: _label(run, visit.t) for run in runs if _epochs(run.id)})


def _told_apart(labels: dict[str, str]) -> dict[str, str]:
    """The same with a number behind a label that an older run has: the browser sends labels."""
    seen: Counter[str] = Counter()
    apart = {}
    for name, label in reversed(labels.items()):
        seen[label] += 1
        apart[name] = f"{label} ({seen[label]})" if seen[label] > 1 else label
    return {name: apart[name] for name in labels}


def load(name: str) -> Reader:
    """The network that ``choices`` calls so.

    Raises:
        LabError: the run or its weights are not here any more, or are not numbers.
    """
    if name == models.BUNDLED_NAME:
        return Reader(name, models.bundled(), models.bundled_untrained())
    if name == models.MNIST_ONLY_NAME:
        return Reader(name, models.mnist_only(), None)
    run = lab.store().run(name)
    epochs = _epochs(name)
    if not epochs:
        raise LabError(message("This run has kept no weights yet."))
    return Reader(
        name, _network(name, max(epochs)), _network(name, 0) if 0 in epochs else None, run
    )


def _network(run: str, epoch: int) -> Network:
    try:
        return lab.network_of_run(run, epoch)
    except ModelFileError as error:  # of a run that has diverged, say
        raise LabError(
            message(
                "The network of this run cannot be opened. {why} Choose another network.",
                why=error.message,
            )
        ) from error


def _remember() -> None:
    st.query_params["model"] = st.session_state["model"]


def _missing(asked: str, visit: Visit) -> str:
    """Why the network that the URL asks for does not read."""
    t = visit.t
    try:
        run = lab.store().run(asked)
    except StoreError:
        return t(
            "The network that this link asks for is not here; it may have been deleted. The lab's "
            "own network reads in its place."
        )
    if run.status.live:
        return t(
            "The run that this link asks for has kept no weights yet. The lab's own network reads "
            "in its place."
        )
    return t(
        "The run that this link asks for has kept no weights: it ended too early. The lab's own "
        "network reads in its place."
    )


def _of_others(visit: Visit) -> list[Run]:
    """The runs that a link leads to, as far as they are not the visitor's own."""
    found = []
    for name in {st.query_params.get(key, "") for key in ("model", "run")}:
        with contextlib.suppress(StoreError):
            found.append(lab.store().run(name))
    return [run for run in found if run.owner != visit.me]


def _epochs(run: str) -> list[int]:
    return lab.store().epochs_kept(run, "weights")


def _label(run: Run, t: Translator) -> str:
    """A run in a line: its lesson, when it was made, how much of the test set it reads right."""
    test = results.final_test(run, lab.store().epochs(run.id))
    return t(
        "Run {name}, {time}: {accuracy}",
        name=name_of(run, t), time=clock(run.created),
        accuracy=f"{test.accuracy:.2%}" if test else "–",
    )  # fmt: skip


def clock(seconds: float) -> str:
    """A moment as date and time where the visitor is."""
    try:
        zone: datetime.tzinfo = zoneinfo.ZoneInfo(st.context.timezone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        zone = datetime.UTC
    return datetime.datetime.fromtimestamp(seconds, zone).strftime("%m-%d %H:%M")
