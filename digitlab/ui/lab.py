"""What all sessions of one server share: the store, the engine, and networks read from disk."""

from __future__ import annotations

import atexit
import gc
import threading

import streamlit as st
from threadpoolctl import threadpool_limits

from digitlab import models
from digitlab.home import home
from digitlab.jobs.cluster import USUAL_WORKER_BYTES, worker_memory
from digitlab.jobs.engine import Engine
from digitlab.network import Network
from digitlab.store import Store
from digitlab.store.library import Library
from digitlab.store.saved_drawings import SavedDrawings
from digitlab.sweeps import Sweeps

_PRELOAD_SECONDS = 2.0  # after the first page, which is quicker alone


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The runs of this lab."""
    return Store(home())


@st.cache_resource(show_spinner=False)
def library() -> Library:
    """Names, pins and the bin of this lab's runs."""
    return Library(store())


@st.cache_resource(show_spinner=False)
def sweeps() -> Sweeps:
    """The sweeps of this lab."""
    return Sweeps(store())


@st.cache_resource(show_spinner=False)
def drawings() -> SavedDrawings:
    """The drawings that visitors have kept."""
    return SavedDrawings(home())


@st.cache_resource(show_spinner=False)
def engine() -> Engine:
    """The one engine of this server; a worker starts soon after the first page."""
    # Sessions run side by side, and training needs the other cores: each forward pass takes one.
    threadpool_limits(1, user_api="blas")
    noted = sweeps()  # before the engine: one that was started and not kept would train as well
    started = Engine(store())
    try:
        noted.pick_up(started)  # what a server that died was training of them
    except Exception:
        started.close()
        raise
    timer = threading.Timer(_PRELOAD_SECONDS, _preload, [started])
    timer.daemon = True
    timer.start()
    atexit.register(started.close)
    return started


def _preload(engine: Engine) -> None:
    """Load what pages need later: TensorFlow in a worker, and here scikit-learn's metrics.

    All that is loaded by then stays: the garbage collector need not look through it again.
    """
    if worker_memory() >= USUAL_WORKER_BYTES:  # else drawing and inspecting need it
        engine.warm()
    import sklearn.metrics  # noqa: F401, a second's work

    gc.collect()
    gc.freeze()


@st.cache_resource(show_spinner=False, max_entries=8)
def network_of_run(run: str, epoch: int) -> Network:
    """A run's network after ``epoch``, read once for all sessions."""
    return models.of_run(store(), run, epoch)
