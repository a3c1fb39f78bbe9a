"""Many small runs at once: how much sooner two workers are through with them than one."""

from __future__ import annotations

import dataclasses
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from digitlab import dataset
from digitlab.dataset import DigitSet
from digitlab.home import home
from digitlab.jobs.engine import Engine
from digitlab.presets import PRESETS
from digitlab.store import Status, Store
from digitlab.training import speed

RUNS, ROUNDS = 10, 2
_CONFIG = dataclasses.replace(PRESETS["mlp-128"], epochs=2)


def measure() -> dict[str, Any]:
    """Seconds from submitting ``RUNS`` runs to the last one's end, with one worker and with two.

    Both alternate ``ROUNDS`` times, each time in a new lab that knows this machine's speed, and
    trains so many runs twice. At first one worker has loaded TensorFlow, and a second one starts
    and loads it while the runs wait; the second time, all that may train are up.
    """
    measured = speed.load()
    first, second = dict[int, list[float]](), dict[int, list[float]]()
    for workers in (1, 2) * ROUNDS:
        with _new_lab(workers):
            if measured:
                speed.save(measured)
            for found, seconds in zip((first, second), _twice(), strict=True):
                found.setdefault(workers, []).append(seconds)
    return {"runs": RUNS, "first": _compared(first), "second": _compared(second)}


def _compared(seconds: dict[int, list[float]]) -> dict[str, Any]:
    one, two = (statistics.median(seconds[workers]) for workers in (1, 2))
    return {"seconds": seconds, "ratio": one / two}


def _twice() -> tuple[float, float]:
    store, digits = Store(home()), dataset.current().digits
    with closing(Engine(store, measure=False)) as engine:
        engine.warm()
        while not any(worker["threads"] for worker in engine.workers()):
            time.sleep(0.1)
        return _all_at_once(engine, digits), _all_at_once(engine, digits)


def _all_at_once(engine: Engine, digits: DigitSet) -> float:
    store, began = engine.store, time.monotonic()
    runs = [engine.submit("bench", _CONFIG, digits).id for _ in range(RUNS)]
    while any(store.run(run).status.live for run in runs):
        time.sleep(0.05)
    assert {store.run(run).status for run in runs} == {Status.FINISHED}
    return time.monotonic() - began


@contextmanager
def _new_lab(workers: int) -> Iterator[None]:
    """An empty lab folder whose engine may have so many workers."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(DIGITLAB_HOME=folder, DIGITLAB_WORKERS=str(workers))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)
