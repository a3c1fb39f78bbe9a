"""Runs trained by a real worker, stopped and killed; one engine serves most of the file."""

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil
import pytest

from digitlab import dataset, models
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.jobs import cluster, supervisor
from digitlab.jobs import engine as engine_module
from digitlab.jobs.engine import Engine
from digitlab.messages import LabError
from digitlab.presets import PRESETS
from digitlab.store import Run, Status, Store
from digitlab.store.library import Library

SHORT = dataclasses.replace(PRESETS["mlp-128"], train_images=600, epochs=3)
TINY = RunConfig(units1=8, train_images=64, epochs=1)
LONG = dataclasses.replace(PRESETS["mlp-128"], train_images=4000, epochs=100, batch_size=16)
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.worker


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab folder for this file, on the bundled sample; its workers read the same settings."""
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_HOME", str(folder))
        patch.setenv("DIGITLAB_MNIST", "sample")
        patch.delenv("DIGITLAB_SCHEDULER", raising=False)
        dataset.forget()
        yield folder
        dataset.forget()


@pytest.fixture(scope="module")
def digits(lab: Path) -> DigitSet:
    return dataset.sample()


@pytest.fixture(scope="module")
def store(lab: Path) -> Store:
    return Store(lab)


@pytest.fixture(scope="module")
def engine(store: Store, digits: DigitSet) -> Iterator[Engine]:
    """The engine of the whole file, its TensorFlow loaded before anything is trained."""
    with closing(Engine(store, measure=False)) as engine:
        engine.warm()
        until(lambda: threads_of(engine) > 0)
        yield engine


def until(condition: Callable[[], object], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def threads_of(engine: Engine) -> int:
    return sum(worker["threads"] for worker in engine.workers())


def worker_of(engine: Engine) -> psutil.Process:
    (worker,) = engine.workers()
    return psutil.Process(worker["pid"])


def over(store: Store, run: Run) -> Callable[[], bool]:
    return lambda: not store.run(run.id).status.live


def training(store: Store, run: Run) -> Callable[[], bool]:
    return lambda: store.last_batch(run.id) is not None or over(store, run)()


def finished(store: Store, run: Run) -> Run:
    until(over(store, run))
    ended = store.run(run.id)
    assert ended.status is Status.FINISHED, str(ended.reason)
    return ended


def children() -> list[psutil.Process]:
    """The processes that this one has started and that still do something."""
    found = psutil.Process().children(recursive=True)
    return [child for child in found if "resource_tracker" not in " ".join(child.cmdline())]


def test_opening_a_page_loads_tensorflow_before_the_first_run(engine: Engine) -> None:
    assert threads_of(engine) >= 1
    assert engine.trouble is None


def test_a_run_is_trained_and_everything_is_in_the_store(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run = engine.submit("ada", SHORT, digits)
    assert run.status is Status.QUEUED
    seen = set[Status]()
    until(lambda: seen.add(store.run(run.id).status) or over(store, run)())
    assert {Status.RUNNING, Status.FINISHED} <= seen
    ended = finished(store, run)

    assert str(ended.reason) == "All 3 epochs were trained."
    assert (ended.owner, ended.parameters) == ("ada", 101_770)
    assert (ended.digits.train, ended.digits.validation, ended.digits.test) == (480, 120, 1000)
    assert ended.untrained is not None
    assert ended.untrained.loss == pytest.approx(-np.log(0.1), abs=0.4)
    assert ended.execution is not None
    assert ended.execution.threads == threads_of(engine)
    assert ended.outcome is not None
    assert (ended.outcome.ending, ended.outcome.epochs, ended.outcome.kept_epoch) == (
        "finished",
        3,
        3,
    )
    epochs, batches = store.epochs(run.id), store.batches(run.id)
    assert [(epoch.epoch, epoch.complete, epoch.images) for epoch in epochs] == [
        (1, True, 480),
        (2, True, 480),
        (3, True, 480),
    ]
    assert epochs[-1].loss < epochs[0].loss < ended.untrained.loss + 0.1
    assert batches[-1].position == 3.0
    assert [b.position for b in batches] == sorted({b.position for b in batches})
    assert store.epochs_kept(run.id, "weights") == store.epochs_kept(run.id, "reading")
    assert store.epochs_kept(run.id, "weights") == [0, 1, 2, 3]


def test_what_is_kept_reads_the_test_set_as_the_worker_did(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run = finished(store, engine.submit("ada", SHORT, digits))
    probabilities = np.load(store.file(run.id, "probabilities.npy"))
    assert probabilities == pytest.approx(
        models.of_run(store, run.id).predict(digits.x_test), abs=1e-5
    )
    right = np.mean(probabilities.argmax(axis=1) == digits.y_test)
    assert right == pytest.approx(store.epochs(run.id)[-1].test_accuracy)
    reading = np.load(store.file(run.id, "reading-003.npz"))
    assert np.array_equal(reading["digit"], probabilities.argmax(axis=1))


def test_a_cnns_kernels_are_kept_for_each_epoch(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    config = RunConfig(network="cnn", filters1=4, kernel1=5, dense=8, train_images=64, epochs=2)
    run = finished(store, engine.submit("ada", config, digits))
    assert store.epochs_kept(run.id, "kernels") == [0, 1, 2]
    first, last = (np.load(store.file(run.id, f"kernels-{n:03d}.npy")) for n in (0, 2))
    assert first.shape == (5, 5, 1, 4)
    assert not np.array_equal(first, last)


def test_two_runs_are_trained_one_after_the_other(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    runs = [engine.submit(owner, TINY, digits) for owner in ("ada", "grace")]
    first, second = (finished(store, run) for run in runs)
    assert first.started is not None
    assert first.ended is not None
    assert second.started is not None
    assert first.started < first.ended <= second.started


def test_the_same_settings_train_the_same_network_again(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    """Other threads of the worker draw random numbers too; a run's seed is its own."""
    settings = dataclasses.replace(SHORT, epochs=1, dropout=0.5)
    runs = [engine.submit("ada", settings, digits) for _ in range(3)]
    for run in runs:
        until(over(store, run))

    untrained = {store.run(run.id).untrained for run in runs}
    trained = {store.epochs(run.id)[-1].test_loss for run in runs}

    assert len(untrained) == 1
    assert max(trained) - min(trained) < 1e-6


def test_a_run_that_diverges_says_in_which_epoch(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    config = RunConfig(
        hidden_layers=3,
        units1=256,
        units2=256,
        units3=256,
        dropout=0.0,
        optimizer="sgd",
        learning_rate=2,
        momentum=0.99,
        batch_size=16,
        train_images=600,
        epochs=5,
    )
    run = engine.submit("ada", config, digits)
    until(over(store, run))
    ended = store.run(run.id)
    assert ended.status is Status.DIVERGED
    assert ended.outcome is not None
    reason = str(ended.reason)
    assert f"epoch {ended.outcome.epochs + 1}: the run diverged" in reason
    assert ("Earlier epochs are kept." in reason) is (ended.outcome.epochs > 0)
    assert len(store.epochs(run.id)) == ended.outcome.epochs


def test_a_stopped_run_keeps_what_it_has(engine: Engine, store: Store, digits: DigitSet) -> None:
    # Its first epoch takes seconds, so that the stop comes within one.
    config = dataclasses.replace(PRESETS["cnn-tutorial"], batch_size=16)
    run = engine.submit("ada", config, digits)
    until(training(store, run))
    asked = time.monotonic()
    engine.stop(run.id)
    until(over(store, run))
    assert time.monotonic() - asked < 6  # a second on a machine that does nothing else
    ended = store.run(run.id)
    assert ended.status is Status.STOPPED
    assert ended.outcome is not None
    assert str(ended.reason).startswith("Stopped by request after ")
    assert store.batches(run.id)
    assert store.epochs_kept(run.id, "weights")[-1] == ended.outcome.kept_epoch
    last = store.epochs(run.id)[-1]
    assert not last.complete
    assert 0 < last.images < 4000  # all of the sample: this lesson validates on nothing


def test_a_run_that_waits_is_stopped_without_being_trained(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    first, waiting = (engine.submit("ada", LONG, digits) for _ in range(2))
    until(training(store, first))
    engine.stop(waiting.id)
    until(over(store, waiting), seconds=10)
    assert store.run(first.id).status is Status.RUNNING
    engine.stop(first.id)
    until(over(store, first))
    ended = store.run(waiting.id)
    assert (ended.status, str(ended.reason)) == (Status.STOPPED, "Stopped before it began.")
    assert ended.started is None
    assert store.files(waiting.id) == []


def test_stopping_a_run_that_is_over_or_unknown_changes_nothing(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run = finished(store, engine.submit("ada", TINY, digits))
    engine.stop(run.id)
    engine.stop("0" * 16)
    assert store.run(run.id).status is Status.FINISHED
    finished(store, engine.submit("ada", TINY, digits))


def test_a_run_deleted_while_it_trains_leaves_nothing_and_frees_the_worker(
    engine: Engine, store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 60.0)  # a busy machine is slow, and not deaf
    worker = worker_of(engine)
    run = engine.submit("ada", LONG, digits)
    until(training(store, run))
    store.delete(run.id)
    following = finished(store, engine.submit("ada", TINY, digits))
    assert store.epochs_kept(following.id, "weights") == [0, 1]
    assert not (store.folder / "runs" / run.id).exists()
    assert store.batches(run.id) == []
    assert worker_of(engine) == worker


def test_a_run_deleted_while_it_trains_is_stopped_when_it_is_taken_back(
    engine: Engine, store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 60.0)  # a busy machine is slow, and not deaf
    library = Library(store)
    run = engine.submit("ada", LONG, digits)
    until(training(store, run))
    library.delete("ada", [run.id])
    finished(store, engine.submit("ada", TINY, digits))  # the worker is free again
    library.restore("ada", library.last_deleted("ada"))
    until(lambda: not store.run(run.id).status.live)
    assert store.run(run.id).status is Status.STOPPED
    assert "Stopped when it was deleted" in str(store.run(run.id).reason)


def test_a_network_too_large_is_refused_with_its_size(
    engine: Engine, store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "worker_memory", lambda: 1_000_000_000)
    config = RunConfig(
        network="cnn",
        blocks=3,
        filters1=256,
        filters2=256,
        filters3=256,
        pool1=False,
        pool2=False,
        dense=1024,
    )
    with pytest.raises(LabError, match=r"about \d+\.\d GB .* can give it 1\.0 GB.* smaller"):
        engine.submit("large", config, digits)
    assert store.runs_of("large") == []


def test_a_run_on_images_that_are_gone_fails_with_a_sentence(
    engine: Engine, store: Store, digits: DigitSet, tmp_path: Path
) -> None:
    other = tmp_path / "other.npz"
    arrays = {
        "x_train": digits.x_train[:64],
        "y_train": digits.y_train[:64],
        "x_test": digits.x_test[:10],
        "y_test": digits.y_test[:10],
    }
    np.savez(other, **arrays)
    given = dataset.load(other)
    dataset.forget()
    other.unlink()
    run = engine.submit("ada", TINY, given)
    until(over(store, run))
    ended = store.run(run.id)
    assert ended.status is Status.FAILED
    assert str(ended.reason).endswith(".")
    finished(store, engine.submit("ada", TINY, digits))


def test_what_goes_wrong_in_the_worker_is_the_runs_reason(
    engine: Engine, store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor.worker, "train_run", lambda *arguments: 1 / 0)
    run = engine.submit("ada", TINY, digits)
    until(over(store, run))
    ended = store.run(run.id)
    assert ended.status is Status.FAILED
    assert str(ended.reason) == (
        "Training failed in the worker (ZeroDivisionError: division by zero)."
    )
    monkeypatch.undo()
    finished(store, engine.submit("ada", TINY, digits))


def test_two_engines_leave_each_others_runs_alone(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run, waiting = (engine.submit("ada", LONG, digits) for _ in range(2))
    until(training(store, run))
    with closing(Engine(store, measure=False)) as other:
        time.sleep(0.3)
        assert store.running(other.id) == store.waiting(other.id) == []
    assert store.run(run.id).status is Status.RUNNING
    assert store.run(waiting.id).status is Status.QUEUED
    for each in (waiting, run):
        engine.stop(each.id)
    until(over(store, run))
    until(over(store, waiting))


def test_a_worker_killed_interrupts_its_run_and_the_next_one_starts(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    config = dataclasses.replace(LONG, train_images=600)
    run, following = engine.submit("ada", config, digits), engine.submit("ada", TINY, digits)
    until(lambda: len(store.epochs(run.id)) >= 2)
    worker_of(engine).kill()
    until(over(store, run), seconds=15)
    ended = store.run(run.id)
    assert ended.status is Status.INTERRUPTED
    kept = store.epochs(run.id)
    assert str(ended.reason).endswith(f"epochs kept: {len(kept)}.")
    assert store.epochs_kept(run.id, "weights")[:3] == [0, 1, 2]
    finished(store, following)


def test_a_worker_that_does_not_answer_the_stop_is_ended_and_the_next_run_has_another(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run = engine.submit("ada", LONG, digits)
    until(training(store, run))
    frozen = worker_of(engine)
    frozen.suspend()
    engine.stop(run.id)
    until(over(store, run))
    ended = store.run(run.id)
    assert ended.status is Status.STOPPED
    assert str(ended.reason).startswith("The worker did not answer the stop and was ended")
    finished(store, engine.submit("ada", TINY, digits))
    assert not frozen.is_running()


def test_a_task_that_goes_on_after_the_stop_is_ended(
    engine: Engine, store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.5)
    monkeypatch.setattr(supervisor.worker, "train_run", lambda *arguments: time.sleep(300))
    deaf = worker_of(engine)
    run = engine.submit("ada", TINY, digits)
    until(lambda: store.run(run.id).execution is not None)
    engine.stop(run.id)
    until(over(store, run), seconds=10)
    assert str(store.run(run.id).reason).startswith("The worker did not answer the stop")
    monkeypatch.undo()
    finished(store, engine.submit("ada", TINY, digits))
    assert not deaf.is_running()


def test_a_worker_that_does_not_come_back_is_replaced(
    engine: Engine, store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its nanny has failed to start it anew on a machine that is very busy."""
    monkeypatch.setattr(cluster, "_DESERTED_SECONDS", 1)
    assert engine._cluster is not None
    engine._cluster._local.scale(0)
    until(lambda: engine.workers() == [])
    finished(store, engine.submit("ada", TINY, digits))


def test_a_closed_engine_leaves_no_process_and_its_queue_to_the_next(
    store: Store, digits: DigitSet
) -> None:
    before = set(children())
    first = Engine(store, measure=False)
    run, waiting = first.submit("ada", LONG, digits), first.submit("ada", TINY, digits)
    until(training(store, run))
    first.close()
    assert store.run(run.id).status is Status.INTERRUPTED
    assert store.batches(run.id)
    assert store.run(waiting.id).status is Status.QUEUED
    until(lambda: not {child for child in children() if child not in before}, seconds=10)
    with closing(Engine(store, measure=False)):
        finished(store, waiting)


def test_an_engine_that_starts_removes_what_has_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    with store.database.change() as change:
        change.execute("UPDATE begun SET at = 0")  # a lab that has been here for long
    young, old = tmp_path / "runs" / ("0" * 16), tmp_path / "runs" / ("1" * 16)
    for folder in (young, old):
        folder.mkdir(parents=True)
        (folder / "weights-001.npz").write_bytes(b"weights")
    ages = {young: 59.0, old: 61.0}
    monkeypatch.setattr("digitlab.store.run_folders._age", ages.__getitem__)
    with closing(Engine(store, measure=False)):
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
    store: Store, digits: DigitSet, tmp_path: Path
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
    with closing(Engine(store, measure=False)):
        assert store.run(running.id).status is Status.INTERRUPTED
        finished(store, queued)
    alive = [child for child in orphans if child.is_running() and child.status() != "zombie"]
    assert alive == []
