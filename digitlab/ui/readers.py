"""Which network reads: the bundled one or a run's, chosen by the person and kept in the URL."""

from __future__ import annotations

import datetime
import zoneinfo
from dataclasses import dataclass

import streamlit as st

from digitlab import models, results
from digitlab.messages import Translator, mark
from digitlab.network import Network
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
    """Draw the choice and return what is chosen: ``model`` in the URL, else ``run``, else ours."""
    runs = {run.id: run for run in lab.store().runs_of(visit.me) if _epochs(run.id)}
    looked_at = _looked_at()
    if looked_at is not None and _epochs(looked_at.id):
        runs.setdefault(looked_at.id, looked_at)
    names = [*_BUNDLED, *runs]
    asked = st.query_params.get("model") or st.query_params.get("run")
    st.session_state["model"] = asked if asked in names else models.BUNDLED_NAME
    chosen = st.selectbox(
        visit.t("Which network"), names, key="model", on_change=_remember,
        format_func=lambda name: _label(name, runs.get(name), visit.t),
    )  # fmt: skip
    return _reader(chosen, runs.get(chosen))


def _remember() -> None:
    st.query_params["model"] = st.session_state["model"]


def _looked_at() -> Run | None:
    try:
        return lab.store().run(st.query_params.get("run", ""))
    except StoreError:
        return None


def _epochs(run: str) -> list[int]:
    return lab.store().epochs_kept(run, "weights")


def _reader(name: str, run: Run | None) -> Reader:
    if name == models.MNIST_ONLY_NAME:
        return Reader(name, models.mnist_only(), None)
    if run is None:
        return Reader(name, models.bundled(), models.bundled_untrained())
    epochs = _epochs(run.id)
    return Reader(
        name,
        lab.network_of_run(run.id, max(epochs)),
        lab.network_of_run(run.id, 0) if 0 in epochs else None,
        run,
    )


def _label(name: str, run: Run | None, t: Translator) -> str:
    if run is None:
        return t(_BUNDLED[name])
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
