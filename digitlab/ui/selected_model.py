"""Which network reads: the bundled one or a run's, chosen by the person and kept in the URL."""

from __future__ import annotations

import contextlib
import datetime
import zoneinfo
from dataclasses import dataclass

import streamlit as st

from digitlab import models
from digitlab.messages import LabError, Translator, mark, message
from digitlab.network import ModelFileError, Network
from digitlab.store import Run, Status, StoreError, UnreadableRunError, results
from digitlab.store.library import RunSummary
from digitlab.ui import lab, naming
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit, plain, sentences

_LIVE_TICK = 3.0  # seconds
_CHOSEN = SessionValue("model", models.BUNDLED_NAME)

# What the networks that come with the lab are called.
_BUNDLED = {
    models.BUNDLED_NAME: mark("The lab's own network"),
    models.MNIST_ONLY_NAME: mark("A CNN trained on MNIST alone"),
}


@dataclass(frozen=True)
class SelectedModel:
    """A network, called ``name`` in the URL and in the store; bundled ones come from no run."""

    name: str
    network: Network
    untrained: Network | None
    run: Run | None = None

    @property
    def epoch(self) -> int:
        """After which epoch these are the weights; 0 where that is not known."""
        return int(self.network.about.get("epoch", 0))

    @property
    def continued(self) -> bool:
        """Whether its epoch 0 is what another run had learned, and no untrained network."""
        return self.run is not None and self.run.continued


def choose(visit: Visit) -> SelectedModel:
    """Draw the choice and return what is chosen: ``model`` in the URL, else ``run``, else ours.

    Where the URL asks for a network that is not here, one sentence says so.

    Raises:
        LabError: the run's weights are not here any more, or are not numbers.
    """
    labels = choices(visit)
    asked = st.query_params.get("model") or st.query_params.get("run")
    if asked and asked not in labels:
        st.warning(_missing(asked, visit))
    _CHOSEN.set(asked if asked and asked in labels else models.BUNDLED_NAME)
    chosen = st.selectbox(
        visit.t("Which network"),
        list(labels),
        key=_CHOSEN.key,
        on_change=_remember,
        format_func=labels.__getitem__,
    )
    model = load(chosen)
    if model.run is not None:
        live = model.run.status.live
        st.fragment(_standing, run_every=_LIVE_TICK if live else None)(model, model.run, visit)
    return model


def newest(model: SelectedModel) -> SelectedModel:
    """The same with the weights that a run which still trains has kept since.

    Raises:
        LabError: as ``load``.
    """
    return load(model.name) if model.run is not None and model.run.status.live else model


def _standing(model: SelectedModel, run: Run, visit: Visit) -> None:
    """Whose network it is, and how far it has come, where that is not plain."""
    with sentences(visit.t):
        if run.status.live:
            _live(model, visit)
        elif said := _ended(model, run, visit):
            st.caption(visit.t.paragraph(said))


def _live(model: SelectedModel, visit: Visit) -> None:
    t = visit.t
    if not lab.store().run(model.name).status.live:
        st.rerun()  # the whole page, once: the timer ends
    kept = max(_epochs(model.name))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            t("It still trains. Here are its weights after epoch {epoch}.", epoch=model.epoch)
            if model.epoch
            else t("It still trains. Here are the weights that it began with.")
        )
        if kept > model.epoch and st.button(t("Show epoch {epoch}", epoch=kept)):
            st.rerun()


def _ended(model: SelectedModel, run: Run, visit: Visit) -> list[str]:
    t, said = visit.t, []
    if run.owner != visit.me:
        said.append(t("Somebody else's run: you can look, not change it."))
    if run.status is not Status.FINISHED:
        said.append(plain(t(run.reason)))
        if model.epoch:
            said.append(_weights_of(model, run, t))
    if not model.epoch and not run.continued:
        said.append(t("Its weights are untrained."))
    return said


def _weights_of(model: SelectedModel, run: Run, t: Translator) -> str:
    """Of when the weights are; a run can be stopped within an epoch."""
    within = [epoch.epoch for epoch in lab.store().epochs(run.id) if not epoch.complete]
    if model.epoch in within:
        return t(
            "Here are its weights from within epoch {epoch}, where it ended.", epoch=model.epoch
        )
    return t("Here are its weights after epoch {epoch}.", epoch=model.epoch)


def choices(visit: Visit) -> dict[str, str]:
    """Every network that can read for this visitor: what ``load`` calls it, and its label."""
    summaries = [*lab.library().summaries(visit.me), *_of_others(visit)]
    kept = [summary for summary in summaries if _epochs(summary.run.id)]
    names = naming.names(kept, visit)
    labels = {summary.run.id: _label(summary, names[summary.run.id], visit.t) for summary in kept}
    bundled = {name: visit.t(label) for name, label in _BUNDLED.items()}
    return bundled | naming.told_apart(labels)  # the browser sends labels


def load(name: str) -> SelectedModel:
    """The network that ``choices`` calls so.

    Raises:
        LabError: the run or its weights are not here any more, or are not numbers.
    """
    if name == models.BUNDLED_NAME:
        return SelectedModel(name, models.bundled(), models.bundled_untrained())
    if name == models.MNIST_ONLY_NAME:
        return SelectedModel(name, models.mnist_only(), None)
    run = lab.store().run(name)
    epochs = _epochs(name)
    if not epochs:
        raise LabError(message("This run has kept no weights yet."))
    return SelectedModel(
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
    st.query_params["model"] = _CHOSEN.get()


def _missing(asked: str, visit: Visit) -> str:
    """Why the network that the URL asks for does not read."""
    t = visit.t
    try:
        run = lab.store().run(asked)
    except UnreadableRunError as error:
        return t("{why} The lab's own network reads in its place.", why=error.message)
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
    if run.untrained is not None:  # it was tested, so it had weights
        return t(
            "The weights of the run that this link asks for are gone: the disk was full, and the "
            "oldest runs that are not pinned gave theirs. Its curves are still on the Runs page. "
            "The lab's own network reads in its place."
        )
    return t(
        "The run that this link asks for has kept no weights: it ended too early. The lab's own "
        "network reads in its place."
    )


def _of_others(visit: Visit) -> list[RunSummary]:
    """The runs that a link leads to, as far as they are not the visitor's own; without a name."""
    found = []
    for name in {st.query_params.get(key, "") for key in ("model", "run")}:
        with contextlib.suppress(StoreError):
            run, epochs = lab.store().run(name), lab.store().epochs(name)
            found.append(RunSummary(run, "", False, epochs[-1] if epochs else None))
    return [summary for summary in found if summary.run.owner != visit.me]


def _epochs(run: str) -> list[int]:
    return lab.store().epochs_kept(run, "weights")


def _label(summary: RunSummary, name: str, t: Translator) -> str:
    """A run in a line: how much of the test set it reads right, its name, when it was made."""
    test = results.final_test(summary.run, [summary.last] if summary.last else [])
    return t(
        "{accuracy}: run {name}, {time}",
        name=name,
        time=clock(summary.run.created),
        accuracy=f"{test.accuracy:.2%}" if test else "–",
    )


def clock(seconds: float) -> str:
    """A moment as date and time where the visitor is."""
    try:
        zone: datetime.tzinfo = zoneinfo.ZoneInfo(st.context.timezone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        zone = datetime.UTC
    return datetime.datetime.fromtimestamp(seconds, zone).strftime("%m-%d %H:%M")
