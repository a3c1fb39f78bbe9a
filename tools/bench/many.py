"""Many small runs at once: how much sooner two workers are through with them than one."""

from __future__ import annotations

import dataclasses
import statistics
import time
from typing import Any

from digitlab import dataset
from digitlab.dataset import DigitSet
from digitlab.jobs.engine import Engine
from digitlab.presets import PRESETS
from digitlab.store import Status
from tools.bench.new_lab import warm_engine

RUNS, ROUNDS = 10, 2
_CONFIG = dataclasses.replace(PRESETS["mlp-128"], epochs=2)


def measure() -> dict[str, Any]:
    """Seconds from submitting ``RUNS`` runs to the last one's end, with one worker and with two.

    Both alternate ``ROUNDS`` times, each time in a new lab that knows this machine's speed, and
    trains so many runs twice. At first one worker has loaded TensorFlow, and a second one starts
    and loads it while the runs wait; the second time, all that may train are up.
    """
    first, second = dict[int, list[float]](), dict[int, list[float]]()
    for workers in (1, 2) * ROUNDS:
        with warm_engine(workers) as engine:
            digits = dataset.current().digits
            for found in (first, second):
                found.setdefault(workers, []).append(_all_at_once(engine, digits))
    return {"runs": RUNS, "first": _compared(first), "second": _compared(second)}


def _compared(seconds: dict[int, list[float]]) -> dict[str, Any]:
    one, two = (statistics.median(seconds[workers]) for workers in (1, 2))
    return {"seconds": seconds, "ratio": one / two}


def _all_at_once(engine: Engine, digits: DigitSet) -> float:
    store, began = engine.store, time.monotonic()
    runs = [engine.submit("bench", _CONFIG, digits).id for _ in range(RUNS)]
    while any(store.run(run).status.live for run in runs):
        time.sleep(0.05)
    assert {store.run(run).status for run in runs} == {Status.FINISHED}
    return time.monotonic() - began
