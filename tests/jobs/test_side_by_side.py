"""Runs trained by two real workers of the embedded cluster; one engine serves the file."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from training_lab import LONG, TINY, Lab, until

from digitlab.store import Run, Status, Store

pytestmark = pytest.mark.worker


@pytest.fixture(scope="module")
def lab(command_lab: Path) -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_WORKERS", "2")
        with Lab(Store(command_lab)) as lab:
            yield lab


def both(lab: Lab) -> tuple[Run, Run]:
    """Two long runs that train at the same time."""
    first, second = lab.submit(LONG), lab.submit(LONG)
    for run in (first, second):
        until(lambda run=run: lab.store.epochs(run.id))
        assert lab.status(run) is Status.RUNNING
    return first, second


def stop(lab: Lab, *runs: Run) -> None:
    for run in runs:
        lab.engine.stop(run.id)
    for run in runs:
        lab.ended(run)


def test_runs_that_do_not_wait_have_one_worker(lab: Lab) -> None:
    lab.finished()
    lab.finished()
    assert len(lab.engine.workers()) == 1


def test_two_runs_train_at_the_same_time_on_one_thread_each(lab: Lab) -> None:
    runs = both(lab)
    assert [lab.status(run) for run in runs] == [Status.RUNNING, Status.RUNNING]
    assert len(lab.engine.workers()) == 2
    execution = lab.store.run(runs[1].id).execution
    assert execution is not None
    assert execution.threads == 1
    third = lab.submit()
    time.sleep(2)
    assert lab.status(third) is Status.QUEUED
    stop(lab, *runs)
    lab.finished(third)
    assert len(lab.engine.workers()) == 2


def test_a_killed_worker_among_two_loses_only_its_own_run(lab: Lab) -> None:
    runs = both(lab)
    psutil.Process(lab.engine.workers()[0]["pid"]).kill()
    until(lambda: not all(lab.status(run).live for run in runs))
    assert sorted(lab.status(run) for run in runs) == [Status.INTERRUPTED, Status.RUNNING]
    lab.finished()
    stop(lab, *runs)


def test_a_run_that_does_not_fit_beside_another_waits_and_is_not_overtaken(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digitlab.jobs.memory.worker_memory", lambda: 1_300_000_000)
    large, waiting = lab.started(), lab.submit(TINY, "ada")
    time.sleep(1)
    newcomer = lab.submit(TINY, "grace")  # whose turn it would be
    time.sleep(2)
    assert lab.status(waiting) is lab.status(newcomer) is Status.QUEUED
    stop(lab, large)
    second, third = lab.finished(waiting), lab.finished(newcomer)
    assert second.ended is not None
    assert third.started is not None
    assert second.ended <= third.started


def test_warming_the_lab_starts_all_workers(
    tmp_path: Path, command_lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_WORKERS", "2")
    with Lab(Store(tmp_path)) as lab:
        lab.engine.warm()
        until(lambda: [worker["threads"] > 0 for worker in lab.engine.workers()] == [True, True])
