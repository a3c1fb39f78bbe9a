"""Runs as tests need them: one by itself, and one in a store as a worker would leave it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from digitlab.config import RunConfig
from digitlab.messages import message
from digitlab.progress import (
    BatchMetrics,
    EpochMetrics,
    ExecutionSettings,
    Outcome,
    Untrained,
)
from digitlab.store import DataSetInfo, Run, Status, Store

DIGITS = DataSetInfo("sample", "f" * 64, 3200, 800, 1000)

_RUN = Run(
    id="0" * 16,
    owner="me",
    engine="e",
    status=Status.FINISHED,
    reason=message("Done."),
    stop=False,
    config=RunConfig(),
    preset=None,
    parameters=1,
    digits=DIGITS,
    execution=None,
    untrained=None,
    outcome=None,
    created=0.0,
    started=None,
    ended=None,
    origin=None,
    frozen=False,
)


def make_run(**changes: Any) -> Run:
    """A finished run that is in no store."""
    return replace(_RUN, **changes)


def make_epoch(number: int, **changes: Any) -> EpochMetrics:
    """The metrics of a whole epoch on 3,200 images, validated and tested."""
    made = EpochMetrics(number, True, 0.5, 0.8, 0.4, 0.9, 0.3, 0.91, 1.5, 3200)
    return replace(made, **changes)


def add_run(
    store: Store,
    config: RunConfig | None = None,
    *,
    owner: str = "ada",
    engine: str = "e",
    preset: str | None = None,
    parameters: int = 101_770,
    digits: DataSetInfo = DIGITS,
    origin: str | None = None,
    frozen: bool = False,
    started: bool = True,
    execution: ExecutionSettings | None = None,
    untrained: Untrained | None = None,
    epochs: Iterable[EpochMetrics] = (),
    batches: Iterable[BatchMetrics] = (),
    files: Mapping[str, bytes] | None = None,
    status: Status | None = None,
    outcome: Outcome | None = None,
) -> Run:
    """A run in the store with what it reported and kept; it has ended where ``status`` is given."""
    config = config or RunConfig()
    run = store.add(owner, engine, config, preset, parameters, digits, origin=origin, frozen=frozen)
    if started:
        store.start(run.id)
    for report in (execution, untrained, *epochs, *batches):
        if report is not None:
            store.report(run.id, report)
    for name, data in (files or {}).items():
        store.keep(run.id, name, data)
    if status is not None:
        store.end(run.id, status, message("Done."), outcome)
    return store.run(run.id)
