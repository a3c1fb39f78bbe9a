"""A lab that trains with real workers."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import psutil

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.jobs.engine import Engine
from digitlab.presets import PRESETS
from digitlab.store import Run, Status, Store

TINY = RunConfig(units1=8, train_images=64, epochs=1)
LONG = dataclasses.replace(PRESETS["mlp-128"], train_images=4000, epochs=100, batch_size=16)


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


class Lab:
    """A store, the bundled sample, and an engine that is closed with the lab."""

    def __init__(self, store: Store) -> None:
        self.store, self.digits = store, dataset.sample()
        self.engine = Engine(store, measure=False)

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *raised: object) -> None:
        self.engine.close()

    def submit(self, config: RunConfig = TINY, owner: str = "ada") -> Run:
        return self.engine.submit(owner, config, self.digits)

    def status(self, run: Run) -> Status:
        return self.store.run(run.id).status

    def started(self, config: RunConfig = LONG) -> Run:
        """A new run that has trained a batch."""
        run = self.submit(config)
        self.begun(run)
        return run

    def begun(self, run: Run) -> None:
        """Wait for its first batch."""
        until(lambda: self.store.last_batch(run.id) or not self.status(run).live)

    def ended(self, run: Run, seconds: float = 120.0) -> Run:
        until(lambda: not self.status(run).live, seconds)
        return self.store.run(run.id)

    def finished(self, run: Run | None = None) -> Run:
        """A run that was trained to its end; of a worker that is free, a small one."""
        found = self.ended(run or self.submit())
        assert found.status is Status.FINISHED, str(found.reason)
        return found

    def worker(self) -> psutil.Process:
        found = []
        until(lambda: found.extend(self.engine.workers()) or found)
        return psutil.Process(found[0]["pid"])
