"""Runs trained by a real worker, stopped and killed; one engine serves most of the file."""

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from training_lab import LONG, TINY, Lab, until

from digitlab import dataset, models
from digitlab.config import RunConfig
from digitlab.dataset.digits import ARRAYS
from digitlab.jobs import cluster, memory, supervisor
from digitlab.messages import LabError
from digitlab.presets import PRESETS
from digitlab.store import Status, Store
from digitlab.store.library import Library

SHORT = dataclasses.replace(PRESETS["mlp-128"], train_images=600, epochs=3)
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.worker


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is slow, and not deaf."""
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 60.0)


def test_opening_a_page_loads_tensorflow_before_the_first_run(lab: Lab) -> None:
    lab.engine.warm()
    until(lambda: any(worker["threads"] for worker in lab.engine.workers()))
    assert lab.engine.trouble is None


def test_a_run_is_trained_and_everything_is_in_the_store(lab: Lab, store: Store) -> None:
    run = lab.submit(SHORT)
    assert run.status is Status.QUEUED
    seen = set[Status]()
    until(lambda: seen.add(lab.status(run)) or not lab.status(run).live)
    assert Status.RUNNING in seen
    ended = lab.finished(run)

    assert str(ended.reason) == "All 3 epochs were trained."
    assert (ended.owner, ended.parameters) == ("ada", 101_770)
    assert (ended.digits.train, ended.digits.validation, ended.digits.test) == (480, 120, 1000)
    assert ended.untrained is not None
    assert ended.untrained.loss == pytest.approx(-np.log(0.1), abs=0.4)
    assert ended.execution is not None
    assert ended.execution.threads == sum(worker["threads"] for worker in lab.engine.workers())
    assert ended.outcome is not None
    outcome = ended.outcome
    assert (outcome.ending, outcome.epochs, outcome.kept_epoch) == ("finished", 3, 3)
    epochs, batches = store.epochs(run.id), store.batches(run.id)
    measured = [(epoch.epoch, epoch.complete, epoch.images) for epoch in epochs]
    assert measured == [(1, True, 480), (2, True, 480), (3, True, 480)]
    assert epochs[-1].loss < epochs[0].loss < ended.untrained.loss + 0.1
    assert batches[-1].position == 3.0
    assert [b.position for b in batches] == sorted({b.position for b in batches})
    assert store.epochs_kept(run.id, "weights") == [0, 1, 2, 3]
    assert store.epochs_kept(run.id, "reading") == [0, 1, 2, 3]

    probabilities = np.load(store.file(run.id, "probabilities.npy"))
    read = models.of_run(store, run.id).predict(lab.digits.x_test)
    assert probabilities == pytest.approx(read, abs=1e-5)
    right = np.mean(probabilities.argmax(axis=1) == lab.digits.y_test)
    assert right == pytest.approx(epochs[-1].test_accuracy)
    reading = np.load(store.file(run.id, "reading-003.npz"))
    assert np.array_equal(reading["digit"], probabilities.argmax(axis=1))


def test_a_cnns_kernels_are_kept_for_each_epoch(lab: Lab, store: Store) -> None:
    config = RunConfig(network="cnn", filters1=4, kernel1=5, dense=8, train_images=64, epochs=2)
    run = lab.finished(lab.submit(config))
    assert store.epochs_kept(run.id, "kernels") == [0, 1, 2]
    first, last = (np.load(store.file(run.id, f"kernels-{n:03d}.npy")) for n in (0, 2))
    assert first.shape == (5, 5, 1, 4)
    assert not np.array_equal(first, last)


def test_two_runs_are_trained_one_after_the_other(lab: Lab) -> None:
    runs = [lab.submit(owner=owner) for owner in ("ada", "grace")]
    first, second = (lab.finished(run) for run in runs)
    assert first.started is not None
    assert first.ended is not None
    assert second.started is not None
    assert first.started < first.ended <= second.started


def test_the_same_settings_train_the_same_network_again(lab: Lab, store: Store) -> None:
    """Other threads of the worker draw random numbers too; a run's seed is its own."""
    settings = dataclasses.replace(SHORT, epochs=1, dropout=0.5)
    submitted = [lab.submit(settings) for _ in range(3)]
    runs = [lab.ended(run) for run in submitted]
    trained = {store.epochs(run.id)[-1].test_loss for run in runs}
    assert len({run.untrained for run in runs}) == 1
    assert max(trained) - min(trained) < 1e-6


def test_a_run_that_diverges_says_in_which_epoch(lab: Lab, store: Store) -> None:
    units = {"hidden_layers": 3, "units1": 256, "units2": 256, "units3": 256, "dropout": 0.0}
    steps = {"optimizer": "sgd", "learning_rate": 2, "momentum": 0.99, "batch_size": 16}
    ended = lab.ended(lab.submit(RunConfig(**units, **steps, train_images=600, epochs=5)))
    assert ended.status is Status.DIVERGED
    assert ended.outcome is not None
    reason = str(ended.reason)
    assert f"epoch {ended.outcome.epochs + 1}: the run diverged" in reason
    assert ("Earlier epochs are kept." in reason) is (ended.outcome.epochs > 0)
    assert len(store.epochs(ended.id)) == ended.outcome.epochs


def test_a_stopped_run_keeps_what_it_has(lab: Lab, store: Store) -> None:
    # Its first epoch takes seconds, so that the stop comes within one.
    run = lab.started(dataclasses.replace(PRESETS["cnn-tutorial"], batch_size=16))
    asked = time.monotonic()
    lab.engine.stop(run.id)
    ended = lab.ended(run)
    assert time.monotonic() - asked < 6  # a second on a machine that does nothing else
    assert ended.status is Status.STOPPED
    assert ended.outcome is not None
    assert str(ended.reason).startswith("Stopped by request after ")
    assert store.batches(run.id)
    assert store.epochs_kept(run.id, "weights")[-1] == ended.outcome.kept_epoch
    last = store.epochs(run.id)[-1]
    assert not last.complete
    assert 0 < last.images < 4000  # all of the sample: this lesson validates on nothing


def test_a_run_that_waits_is_stopped_without_being_trained(lab: Lab, store: Store) -> None:
    first, waiting = lab.submit(LONG), lab.submit(LONG)
    lab.begun(first)
    lab.engine.stop(waiting.id)
    ended = lab.ended(waiting, seconds=10)
    assert lab.status(first) is Status.RUNNING
    lab.engine.stop(first.id)
    lab.ended(first)
    assert (ended.status, str(ended.reason)) == (Status.STOPPED, "Stopped before it began.")
    assert ended.started is None
    assert store.files(waiting.id) == []


def test_stopping_a_run_that_is_over_or_unknown_changes_nothing(lab: Lab) -> None:
    run = lab.finished()
    lab.engine.stop(run.id)
    lab.engine.stop("0" * 16)
    assert lab.status(run) is Status.FINISHED
    lab.finished()


@pytest.mark.usefixtures("patient")
def test_a_run_deleted_while_it_trains_leaves_nothing_and_frees_the_worker(
    lab: Lab, store: Store
) -> None:
    worker, run = lab.worker(), lab.started()
    store.delete(run.id)
    following = lab.finished()
    assert store.epochs_kept(following.id, "weights") == [0, 1]
    assert not (store.folder / "runs" / run.id).exists()
    assert store.batches(run.id) == []
    assert lab.worker() == worker


@pytest.mark.usefixtures("patient")
def test_a_run_deleted_while_it_trains_is_stopped_when_it_is_taken_back(
    lab: Lab, store: Store
) -> None:
    library, run = Library(store), lab.started()
    library.delete("ada", [run.id])
    lab.finished()  # the worker is free again
    library.restore("ada", library.last_deleted("ada"))
    ended = lab.ended(run)
    assert ended.status is Status.STOPPED
    assert "Stopped when it was deleted" in str(ended.reason)


def test_a_network_too_large_is_refused_with_its_size(
    lab: Lab, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "worker_memory", lambda: 1_000_000_000)
    filters = {"blocks": 3, "filters1": 256, "filters2": 256, "filters3": 256}
    config = RunConfig(network="cnn", **filters, pool1=False, pool2=False, dense=1024)
    with pytest.raises(LabError, match=r"about \d+\.\d GB .* can give it 1\.0 GB.* smaller"):
        lab.submit(config, "large")
    assert store.runs_of("large") == []


def test_a_run_on_images_that_are_gone_fails_with_a_sentence(lab: Lab, tmp_path: Path) -> None:
    other = tmp_path / "other.npz"
    few = {name: getattr(lab.digits, name)[:64] for name in ARRAYS}
    np.savez(other, **few)  # type: ignore[arg-type]
    given = dataset.load(other)
    dataset.forget()
    other.unlink()
    ended = lab.ended(lab.engine.submit("ada", TINY, given))
    assert ended.status is Status.FAILED
    assert str(ended.reason).endswith(".")
    lab.finished()


def test_what_goes_wrong_in_the_worker_is_the_runs_reason(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor.worker, "train_run", lambda *arguments: 1 / 0)
    ended = lab.ended(lab.submit())
    assert ended.status is Status.FAILED
    assert str(ended.reason) == (
        "Training failed in the worker (ZeroDivisionError: division by zero)."
    )
    monkeypatch.undo()
    lab.finished()


def test_two_engines_leave_each_others_runs_alone(lab: Lab, store: Store) -> None:
    run, waiting = lab.started(), lab.submit(LONG)
    with Lab(store) as other:
        time.sleep(0.3)
        assert store.running(other.engine.id) == store.waiting(other.engine.id) == []
    assert lab.status(run) is Status.RUNNING
    assert lab.status(waiting) is Status.QUEUED
    for each in (waiting, run):
        lab.engine.stop(each.id)
    lab.ended(run)
    lab.ended(waiting)


def test_a_worker_killed_interrupts_its_run_and_the_next_one_starts(lab: Lab, store: Store) -> None:
    run, following = lab.submit(dataclasses.replace(LONG, train_images=600)), lab.submit()
    until(lambda: len(store.epochs(run.id)) >= 2)
    lab.worker().kill()
    ended = lab.ended(run, seconds=15)
    assert ended.status is Status.INTERRUPTED
    assert str(ended.reason).endswith(f"epochs kept: {len(store.epochs(run.id))}.")
    assert store.epochs_kept(run.id, "weights")[:3] == [0, 1, 2]
    lab.finished(following)


def test_a_worker_that_does_not_answer_the_stop_is_ended_and_the_next_run_has_another(
    lab: Lab,
) -> None:
    run, frozen = lab.started(), lab.worker()
    frozen.suspend()
    lab.engine.stop(run.id)
    ended = lab.ended(run)
    assert ended.status is Status.STOPPED
    assert str(ended.reason).startswith("The worker did not answer the stop and was ended")
    lab.finished()
    assert not frozen.is_running()


def test_a_task_that_goes_on_after_the_stop_is_ended(
    lab: Lab, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.5)
    monkeypatch.setattr(supervisor.worker, "train_run", lambda *arguments: time.sleep(300))
    deaf, run = lab.worker(), lab.submit()
    until(lambda: store.run(run.id).execution is not None)
    lab.engine.stop(run.id)
    ended = lab.ended(run, seconds=10)
    assert str(ended.reason).startswith("The worker did not answer the stop")
    monkeypatch.undo()
    lab.finished()
    assert not deaf.is_running()


def test_a_worker_that_does_not_come_back_is_replaced(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its nanny has failed to start it anew on a machine that is very busy."""
    monkeypatch.setattr(cluster, "_DESERTED_SECONDS", 1)
    assert lab.engine._cluster is not None
    lab.engine._cluster._local.scale(0)
    until(lambda: lab.engine.workers() == [])
    lab.finished()


def children() -> set[psutil.Process]:
    """The processes that this one has started and that still do something."""
    found = psutil.Process().children(recursive=True)
    return {child for child in found if "resource_tracker" not in " ".join(child.cmdline())}


def test_a_closed_engine_leaves_no_process_and_its_queue_to_the_next(store: Store) -> None:
    before = children()
    with Lab(store) as first:
        run, waiting = first.started(), first.submit()
    assert first.status(run) is Status.INTERRUPTED
    assert store.batches(run.id)
    assert first.status(waiting) is Status.QUEUED
    until(lambda: children() <= before, seconds=10)
    with Lab(store) as following:
        following.finished(waiting)


@pytest.mark.usefixtures("command_lab")
def test_an_engine_that_starts_removes_what_has_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    store.database.write("UPDATE begun SET at = 0")  # a lab that has been here for long
    young, old = tmp_path / "runs" / ("0" * 16), tmp_path / "runs" / ("1" * 16)
    for folder in (young, old):
        folder.mkdir(parents=True)
        (folder / "weights-001.npz").write_bytes(b"weights")
    ages = {young: 59.0, old: 61.0}
    monkeypatch.setattr("digitlab.store.run_folders._age", ages.__getitem__)
    with Lab(store):
        assert (young.exists(), old.exists()) == (True, False)


_DIES = """
import dataclasses, sys, time
from digitlab import dataset
from digitlab.jobs.engine import Engine
from digitlab.home import home
from digitlab.presets import PRESETS
from digitlab.store import Store
if __name__ == "__main__":
    engine = Engine(Store(home()), measure=False)
    config = dataclasses.replace(PRESETS["mlp-128"], train_images=4000, epochs=100)
    first = engine.submit("died", config, dataset.sample())
    engine.submit("died", dataclasses.replace(config, train_images=64, epochs=1), dataset.sample())
    while engine.store.last_batch(first.id) is None:
        time.sleep(0.05)
    print("training", flush=True)
    time.sleep(300)
"""


def test_what_an_engine_leaves_that_died_is_settled_and_finished_by_the_next(
    store: Store, tmp_path: Path
) -> None:
    script = tmp_path / "dies.py"
    script.write_text(_DIES)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, script], env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "training\n"
        orphans = psutil.Process(server.pid).children(recursive=True)
        server.kill()
    queued, running = store.runs_of("died")
    assert (running.status, queued.status) == (Status.RUNNING, Status.QUEUED)
    with Lab(store) as following:
        assert following.status(running) is Status.INTERRUPTED
        following.finished(queued)
    alive = [child for child in orphans if child.is_running() and child.status() != "zombie"]
    assert alive == []
