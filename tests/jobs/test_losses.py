"""What goes wrong around a real worker: nothing reported is lost, nothing untrue is said."""

import dataclasses
import errno
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dask
import numpy as np
import pytest
from training_lab import LONG, Lab, until
from trouble import locked

from digitlab import disk, models
from digitlab.config import RunConfig
from digitlab.jobs import cluster, supervisor
from digitlab.presets import PRESETS
from digitlab.store import Status, Store
from digitlab.training.continuing import STATE_FILE, unpack_state
from digitlab.training.loading import NICENESS

MANY = RunConfig(units1=8, train_images=64, epochs=30)
SLOW = dataclasses.replace(PRESETS["cnn-tutorial"], train_images=4000)  # seconds to its first epoch
LARGE = RunConfig(
    network="cnn", blocks=1, filters1=32, pool1=False, dense=1024, train_images=64, epochs=3
)
pytestmark = pytest.mark.worker


def test_weights_larger_than_the_outbox_are_kept(lab: Lab, store: Store) -> None:
    run = lab.finished(lab.submit(LARGE))
    assert run.parameters > 22_000_000
    assert store.epochs_kept(run.id, "weights") == [0, 3]
    assert store.epochs_kept(run.id, "kernels") == [0, 1, 2, 3]
    assert len(store.epochs(run.id)) == 3
    read = models.of_run(store, run.id).predict(lab.digits.x_test)
    assert np.load(store.file(run.id, "probabilities.npy")) == pytest.approx(read, abs=1e-5)


def test_what_the_optimizer_remembers_of_a_large_network_is_kept(lab: Lab, store: Store) -> None:
    run = lab.finished(lab.submit(dataclasses.replace(LARGE, kernel1=5, dense=400)))
    state = unpack_state(store.file(run.id, STATE_FILE).read_bytes())
    assert state["iteration"] == 3
    assert sum(array.nbytes for array in state.values()) > 8 * 7_000_000


# The store's side ---------------------------------------------------------------------------


def slow(report: Callable[..., None], seconds: float, spent: list[float]) -> Callable[..., None]:
    """``Store.report`` on a slow disk; ``spent`` has an entry for each report."""

    def slowly(*arguments: Any) -> None:
        time.sleep(seconds)
        report(*arguments)
        spent.append(seconds)

    return slowly


def test_a_run_is_finished_when_all_that_it_reported_is_written(
    lab: Lab, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network trains in a second or two; the store needs twenty to write what it reports."""
    monkeypatch.setattr(store, "report", slow(store.report, 0.3, []))
    run = lab.finished(lab.submit(MANY))
    assert [epoch.epoch for epoch in store.epochs(run.id)] == list(range(1, 31))
    assert store.epochs_kept(run.id, "reading") == list(range(31))


def test_a_slow_disk_is_not_taken_for_a_worker_that_does_not_stop(
    lab: Lab, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker stops at once; what it has reported takes longer to write than it may take."""
    spent: list[float] = []
    monkeypatch.setattr(store, "report", slow(store.report, 0.3, spent))
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 2.0)
    run = lab.started()
    lab.engine.stop(run.id)
    found = lab.ended(run)
    assert found.status is Status.STOPPED
    assert str(found.reason).startswith("Stopped by request")
    assert sum(spent) > 2.0


def test_a_run_goes_on_when_the_database_is_free_again(lab: Lab, store: Store) -> None:
    run = lab.started(MANY)
    with locked(store.database.path):
        time.sleep(12)  # longer than SQLite waits by itself
    assert len(store.epochs(lab.finished(run).id)) == 30


def test_a_full_disk_ends_the_run_with_a_sentence_and_keeps_what_was_written(
    lab: Lab, store: Store, monkeypatch: pytest.MonkeyPatch
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
    run = lab.ended(lab.submit(MANY))
    monkeypatch.undo()
    assert run.status is Status.FAILED
    assert str(run.reason).startswith("weights-002.npz could not be written: the lab's disk is")
    assert len(store.epochs(run.id)) == 1
    assert store.epochs_kept(run.id, "weights") == [0, 1]
    lab.finished()


# The worker's side --------------------------------------------------------------------------


def test_a_worker_that_does_not_answer_for_long_is_slow_and_not_dead(
    lab: Lab, store: Store
) -> None:
    run, worker = lab.started(), lab.worker()
    worker.suspend()
    time.sleep(15)
    assert lab.status(run) is Status.RUNNING
    seen = store.last_batch(run.id)
    worker.resume()
    until(lambda: store.last_batch(run.id) != seen)
    assert lab.worker() == worker
    lab.engine.stop(run.id)
    assert lab.ended(run).status is Status.STOPPED


def test_a_run_lost_before_its_first_epoch_is_trained_again(lab: Lab, store: Store) -> None:
    run = lab.started(dataclasses.replace(SLOW, epochs=1, train_images=1000))
    lab.worker().kill()
    lab.finished(run)
    assert len(store.epochs(run.id)) == 1
    assert store.batches(run.id)[-1].position == 1.0


def test_a_run_lost_twice_before_its_first_epoch_is_interrupted(lab: Lab, store: Store) -> None:
    run = lab.submit(SLOW)
    for _ in range(2):
        lab.begun(run)
        worker = lab.worker()
        worker.kill()
        until(lambda pid=worker.pid: pid not in [w["pid"] for w in lab.engine.workers()])
        until(lambda: store.last_batch(run.id) is None or not lab.status(run).live)
    found = lab.ended(run)
    assert found.status is Status.INTERRUPTED
    assert str(found.reason).startswith("The training process ended twice before the first epoch")
    lab.finished()


def test_the_run_after_a_workers_death_does_not_wait_for_the_dead(lab: Lab, store: Store) -> None:
    """Whoever called the dead worker's address would wait for ten minutes."""
    with dask.config.set({"distributed.comm.timeouts.connect": "600s"}):
        run = lab.submit(LONG)
        until(lambda: len(store.epochs(run.id)) >= 2)
        lab.worker().kill()
        lab.finished()
    assert lab.ended(run).status is Status.INTERRUPTED
    assert len(store.epochs(run.id)) >= 2


def test_a_worker_that_hangs_for_good_is_ended_by_its_scheduler(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cluster._SETTINGS, "distributed.scheduler.worker-ttl", "6s")
    with Lab(store) as other:
        other.finished()
        other.worker().suspend()
        other.finished()


def test_a_mistake_of_our_own_is_no_dead_worker(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor.worker, "take", lambda run, received: {}["ours"])
    run = lab.ended(lab.submit())
    monkeypatch.undo()
    assert run.status is Status.FAILED
    assert str(run.reason).startswith("The server made a mistake, and the run was ended (KeyError)")
    assert "Traceback" in caplog.text
    lab.finished()


def test_a_mistake_in_the_engines_loop_is_logged_and_said_as_what_it_is(
    lab: Lab, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store, "waiting", lambda name: {}[name])
    run = lab.submit()
    until(lambda: lab.engine.trouble is not None)
    assert str(lab.engine.trouble) == "The server made a mistake; its log tells more. Runs wait."
    assert "Traceback" in caplog.text
    assert "KeyError" in caplog.text
    monkeypatch.undo()
    lab.finished(run)
    until(lambda: lab.engine.trouble is None)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="niceness of threads is Linux's")
def test_training_gives_way_and_the_thread_that_answers_does_not(lab: Lab) -> None:
    run, worker = lab.started(), lab.worker()
    threads = Path(f"/proc/{worker.pid}/task").iterdir()
    stats = {int(thread.name): (thread / "stat").read_text() for thread in threads}
    lab.engine.stop(run.id)
    lab.ended(run)
    # "id (name) state ...", of which the niceness is the 19th: proc(5)
    niceness = {thread: int(stat.rpartition(")")[2].split()[16]) for thread, stat in stats.items()}
    assert niceness[worker.pid] == 0  # its event loop
    tensorflow = {niceness[thread] for thread, stat in stats.items() if "(tf_" in stat}
    assert tensorflow == {NICENESS}
