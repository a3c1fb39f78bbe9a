"""What goes wrong around a real worker: nothing reported is lost, nothing untrue is said."""

import dataclasses
import errno
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dask
import numpy as np
import psutil
import pytest

from digitlab import dataset, disk, models
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.jobs import cluster, supervisor
from digitlab.jobs.engine import Engine
from digitlab.presets import PRESETS
from digitlab.store import Run, Status, Store
from digitlab.training.continuing import STATE_FILE, unpack_state
from digitlab.training.loading import NICENESS

TINY = RunConfig(units1=8, train_images=64, epochs=1)
MANY = RunConfig(units1=8, train_images=64, epochs=30)
LONG = dataclasses.replace(PRESETS["mlp-128"], train_images=4000, epochs=100, batch_size=16)
SLOW = dataclasses.replace(PRESETS["cnn-tutorial"], train_images=4000)  # seconds to its first epoch
pytestmark = pytest.mark.worker


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_HOME", str(folder))
        patch.setenv("DIGITLAB_MNIST", "sample")
        patch.delenv("DIGITLAB_SCHEDULER", raising=False)
        dataset.forget()
        yield Store(folder)
        dataset.forget()


@pytest.fixture(scope="module")
def digits(store: Store) -> DigitSet:
    return dataset.sample()


@pytest.fixture(scope="module")
def engine(store: Store, digits: DigitSet) -> Iterator[Engine]:
    with closing(Engine(store, measure=False)) as engine:
        yield engine


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def ended(store: Store, run: Run) -> Run:
    until(lambda: not store.run(run.id).status.live)
    return store.run(run.id)


def finished(store: Store, run: Run) -> Run:
    found = ended(store, run)
    assert found.status is Status.FINISHED, str(found.reason)
    return found


def begun(store: Store, run: Run) -> Callable[[], bool]:
    return lambda: store.last_batch(run.id) is not None or not store.run(run.id).status.live


def worker_of(engine: Engine) -> psutil.Process:
    until(engine.workers)
    return psutil.Process(engine.workers()[0]["pid"])


# Large networks -----------------------------------------------------------------------------

LARGE = RunConfig(
    network="cnn", blocks=1, filters1=32, pool1=False, dense=1024, train_images=64, epochs=3
)


def test_weights_larger_than_the_outbox_are_kept(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run = finished(store, engine.submit("ada", LARGE, digits))
    assert run.parameters > 22_000_000
    assert store.epochs_kept(run.id, "weights") == [0, 3]
    assert store.epochs_kept(run.id, "kernels") == [0, 1, 2, 3]
    assert len(store.epochs(run.id)) == 3
    network = models.of_run(store, run.id)
    assert np.load(store.file(run.id, "probabilities.npy")) == pytest.approx(
        network.predict(digits.x_test), abs=1e-5
    )


def test_what_the_optimizer_remembers_of_a_large_network_is_kept(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    config = dataclasses.replace(LARGE, kernel1=5, dense=400)
    run = finished(store, engine.submit("ada", config, digits))
    state = unpack_state(store.file(run.id, STATE_FILE).read_bytes())
    assert state["iteration"] == 3
    assert sum(array.nbytes for array in state.values()) > 8 * 7_000_000


# The store's side ---------------------------------------------------------------------------


def test_a_run_is_finished_when_all_that_it_reported_is_written(
    engine: Engine, store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network trains in a second or two; the store needs twenty to write what it reports."""
    report = store.report

    def slowly(*arguments: Any) -> None:
        time.sleep(0.3)
        report(*arguments)

    monkeypatch.setattr(store, "report", slowly)
    run = finished(store, engine.submit("ada", MANY, digits))
    assert [epoch.epoch for epoch in store.epochs(run.id)] == list(range(1, 31))
    assert store.epochs_kept(run.id, "reading") == list(range(31))


def test_a_slow_disk_is_not_taken_for_a_worker_that_does_not_stop(
    engine: Engine, store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker stops at once; what it has reported takes longer to write than it may take."""
    report, spent = store.report, []

    def slowly(*arguments: Any) -> None:
        time.sleep(1.0)
        report(*arguments)
        spent.append(1.0)

    monkeypatch.setattr(store, "report", slowly)
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 5.0)
    run = engine.submit("ada", LONG, digits)
    until(begun(store, run))
    engine.stop(run.id)
    found = ended(store, run)
    assert found.status is Status.STOPPED
    assert str(found.reason).startswith("Stopped by request")
    assert sum(spent) > 5.0


def test_a_run_goes_on_when_the_database_is_free_again(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run = engine.submit("ada", MANY, digits)
    until(begun(store, run))
    connection = sqlite3.connect(store.database.path, timeout=60, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(12)  # longer than SQLite waits by itself
    connection.execute("ROLLBACK")
    connection.close()
    run = finished(store, run)
    assert len(store.epochs(run.id)) == 30


def test_a_full_disk_ends_the_run_with_a_sentence_and_keeps_what_was_written(
    engine: Engine, store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, end, full = store.keep, store.end, threading.Event()
    no_room = OSError(errno.ENOSPC, "No space left on device")

    def kept_until_full(run: str, name: str, data: bytes) -> None:
        if full.is_set() or name == "weights-002.npz":
            full.set()
            raise disk.refused(store.folder / name, no_room)
        keep(run, name, data)

    def ended_when_there_is_room(*arguments: Any) -> None:
        if full.is_set():
            full.clear()  # the second try succeeds
            raise disk.refused(store.database.path, no_room)
        end(*arguments)

    monkeypatch.setattr(store, "keep", kept_until_full)
    monkeypatch.setattr(store, "end", ended_when_there_is_room)
    run = ended(store, engine.submit("ada", MANY, digits))
    monkeypatch.undo()
    assert run.status is Status.FAILED
    assert str(run.reason).startswith("weights-002.npz could not be written: the lab's disk is")
    assert len(store.epochs(run.id)) == 1
    assert store.epochs_kept(run.id, "weights") == [0, 1]
    finished(store, engine.submit("ada", TINY, digits))


# The worker's side --------------------------------------------------------------------------


def test_a_worker_that_does_not_answer_for_long_is_slow_and_not_dead(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run = engine.submit("ada", LONG, digits)
    until(begun(store, run))
    worker = worker_of(engine)
    worker.suspend()
    time.sleep(15)
    assert store.run(run.id).status is Status.RUNNING
    seen = store.last_batch(run.id)
    worker.resume()
    until(lambda: store.last_batch(run.id) != seen)
    assert worker_of(engine) == worker
    engine.stop(run.id)
    assert ended(store, run).status is Status.STOPPED


def test_a_run_lost_before_its_first_epoch_is_trained_again(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    config = dataclasses.replace(SLOW, epochs=1, train_images=1000)
    run = engine.submit("ada", config, digits)
    until(begun(store, run))
    worker_of(engine).kill()
    run = finished(store, run)
    assert len(store.epochs(run.id)) == 1
    assert store.batches(run.id)[-1].position == 1.0


def test_a_run_lost_twice_before_its_first_epoch_is_interrupted(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run = engine.submit("ada", SLOW, digits)
    for _ in range(2):
        until(begun(store, run))
        worker = worker_of(engine)
        worker.kill()
        until(lambda worker=worker: worker.pid not in [w["pid"] for w in engine.workers()])
        until(lambda: store.last_batch(run.id) is None or not store.run(run.id).status.live)
    run = ended(store, run)
    assert run.status is Status.INTERRUPTED
    assert str(run.reason).startswith("The training process ended twice before the first epoch")
    finished(store, engine.submit("ada", TINY, digits))


def test_the_run_after_a_workers_death_does_not_wait_for_the_dead(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    """Whoever called the dead worker's address would wait for ten minutes."""
    with dask.config.set({"distributed.comm.timeouts.connect": "600s"}):
        run = engine.submit("ada", LONG, digits)
        until(lambda: len(store.epochs(run.id)) >= 2)
        worker_of(engine).kill()
        finished(store, engine.submit("ada", TINY, digits))
    assert ended(store, run).status is Status.INTERRUPTED
    assert len(store.epochs(run.id)) >= 2


def test_a_worker_that_hangs_for_good_is_ended_by_its_scheduler(
    store: Store, digits: DigitSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cluster._SETTINGS, "distributed.scheduler.worker-ttl", "6s")
    with closing(Engine(store, measure=False)) as engine:
        run = engine.submit("ada", TINY, digits)
        finished(store, run)
        worker_of(engine).suspend()
        finished(store, engine.submit("ada", TINY, digits))


def test_a_mistake_of_our_own_is_no_dead_worker(
    engine: Engine,
    store: Store,
    digits: DigitSet,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(supervisor.worker, "take", lambda run, received: {}["ours"])
    run = ended(store, engine.submit("ada", TINY, digits))
    monkeypatch.undo()
    assert run.status is Status.FAILED
    assert str(run.reason).startswith("The server made a mistake, and the run was ended (KeyError)")
    assert "Traceback" in caplog.text
    finished(store, engine.submit("ada", TINY, digits))


def test_a_mistake_in_the_engines_loop_is_logged_and_said_as_what_it_is(
    engine: Engine,
    store: Store,
    digits: DigitSet,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(store, "waiting", lambda name: {}[name])
    run = engine.submit("ada", TINY, digits)
    until(lambda: engine.trouble is not None)
    assert str(engine.trouble) == "The server made a mistake; its log tells more. Runs wait."
    assert "Traceback" in caplog.text
    assert "KeyError" in caplog.text
    monkeypatch.undo()
    finished(store, run)
    until(lambda: engine.trouble is None)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="niceness of threads is Linux's")
def test_training_gives_way_and_the_thread_that_answers_does_not(
    engine: Engine, store: Store, digits: DigitSet
) -> None:
    run = engine.submit("ada", LONG, digits)
    until(begun(store, run))
    worker = worker_of(engine)
    niceness = {thread.id: nice(worker.pid, thread.id) for thread in worker.threads()}
    names = {thread: name(worker.pid, thread) for thread in niceness}
    engine.stop(run.id)
    ended(store, run)
    assert niceness[worker.pid] == 0  # its event loop
    tensorflow = {thread for thread, called in names.items() if called.startswith("tf_")}
    assert tensorflow
    assert {niceness[thread] for thread in tensorflow} == {NICENESS}


def nice(process: int, thread: int) -> int:
    text = Path(f"/proc/{process}/task/{thread}/stat").read_text()
    return int(text.rpartition(")")[2].split()[16])


def name(process: int, thread: int) -> str:
    return Path(f"/proc/{process}/task/{thread}/comm").read_text().strip()
