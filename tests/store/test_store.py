"""The store of runs: the queue, what is reported and kept, and several processes at once."""

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from make_run import DIGITS, add_run, make_epoch

from digitlab.config import RunConfig
from digitlab.messages import message
from digitlab.progress import BatchMetrics, ExecutionSettings, Outcome, Untrained
from digitlab.store import Run, Status, Store, StoreError

OUTCOME = Outcome("finished", 2, 2, False, 1.5, 2000.0)
REASON = message("All {epochs} epochs were trained.", epochs=2)
EXECUTION = ExecutionSettings("float32", 2, 5)


def add(store: Store, owner: str = "ada", engine: str = "e1") -> Run:
    config = RunConfig(epochs=2)
    return add_run(store, config, owner=owner, engine=engine, preset="mlp-128", started=False)


def batch(epoch: int, step: int) -> BatchMetrics:
    return BatchMetrics(epoch, step, 25, 2.0 / step, 0.5, 1000.0)


def test_a_run_is_found_again_by_another_store_with_all_it_was_given(store: Store) -> None:
    run = add(store)
    assert run.status is Status.QUEUED
    assert store.start(run.id)
    store.report(run.id, EXECUTION)
    store.report(run.id, Untrained(2.3, 0.1))
    for report in (batch(1, 10), batch(1, 25), make_epoch(1), batch(2, 9), make_epoch(2)):
        store.report(run.id, report)
    store.keep(run.id, "weights-002.npz", b"weights")
    store.end(run.id, Status.FINISHED, REASON, OUTCOME)

    again = Store(store.folder)
    found = again.run(run.id)
    assert (found.status, found.reason, found.outcome) == (Status.FINISHED, REASON, OUTCOME)
    assert (found.config, found.preset, found.digits) == (RunConfig(epochs=2), "mlp-128", DIGITS)
    assert (found.execution, found.untrained) == (EXECUTION, Untrained(2.3, 0.1))
    assert found.started is not None
    assert found.ended is not None
    assert found.created <= found.started <= found.ended
    assert again.batches(run.id) == [batch(1, 10), batch(1, 25), batch(2, 9)]
    assert again.epochs(run.id) == [make_epoch(1), make_epoch(2)]
    assert again.last_batch(run.id) == batch(2, 9)
    assert again.file(run.id, "weights-002.npz").read_bytes() == b"weights"
    assert again.runs_of("ada") == [found]


@pytest.mark.parametrize("name", ["", "0" * 16, "../../etc/passwd", "' OR 1 = 1 --", "x" * 10_000])
def test_an_unknown_run_is_a_sentence(store: Store, name: str) -> None:
    add(store)
    with pytest.raises(StoreError, match="no such run"):
        store.run(name)
    assert store.batches(name) == store.epochs(name) == store.files(name) == []
    assert store.last_batch(name) is None
    store.ask_to_stop(name)
    store.delete(name)
    assert len(store.runs_of("ada")) == 1


def test_runs_belong_to_their_owner_and_come_newest_first(store: Store) -> None:
    first, second, other = add(store), add(store), add(store, owner="grace")
    assert [run.id for run in store.runs_of("ada")] == [second.id, first.id]
    assert [run.id for run in store.runs_of("grace")] == [other.id]
    assert store.runs_of("") == []


def test_the_queue_is_each_engines_own_and_the_oldest_is_first(store: Store) -> None:
    first, second, other = add(store), add(store), add(store, engine="e2")
    assert [run.id for run in store.waiting("e1")] == [first.id, second.id]
    assert [store.place_in_queue(run) for run in (first, second, other)] == [0, 1, 0]
    assert store.start(first.id)
    assert [run.id for run in store.running("e1")] == [first.id]
    assert store.place_in_queue(second) == 1
    store.end(first.id, Status.FINISHED, REASON, OUTCOME)
    assert store.place_in_queue(second) == 0


def test_a_run_starts_once_and_ends_once(store: Store) -> None:
    run = add(store)
    assert [store.start(run.id) for _ in range(2)] == [True, False]
    store.end(run.id, Status.FINISHED, REASON, OUTCOME)
    store.end(run.id, Status.INTERRUPTED, message("Too late."))
    assert store.run(run.id).status is Status.FINISHED
    assert not store.start(run.id)


WEIGHTS, RUN = "weights-000.npz", "0" * 16
BAD_NAMES = (
    *("../weights-000.npz", "/etc/passwd", "a/b.npz", "..", "", "weights-000.npz/", ".npz"),
    *("weights-0001.npz", "weights-001.pkl", "weights-001.npz\n", "WEIGHTS-001.npz"),
)
BAD_RUNS = ("..", "../x", "", "0" * 15, "g" * 16, "0" * 16 + "\n")


@pytest.mark.parametrize(
    ("run", "name"), [*((RUN, name) for name in BAD_NAMES), *((run, WEIGHTS) for run in BAD_RUNS)]
)
def test_only_a_runs_id_and_the_trainers_names_are_a_file(
    store: Store, run: str, name: str
) -> None:
    for use in (lambda *file: store.keep(*file, b""), store.file, store.drop_file):
        with pytest.raises(ValueError, match="not a run's file"):
            use(run, name)
    assert not (store.folder / "runs").exists()


def test_deleting_does_not_leave_the_folder_of_runs(store: Store) -> None:
    keep = store.folder / "keep.txt"
    keep.write_text("stay")
    for run in ("..", ".", "", "/"):
        store.delete(run)
    assert keep.read_text() == "stay"


def test_files_are_replaced_whole_and_listed_by_name(store: Store) -> None:
    run = add(store)
    for name in ("weights-003.npz", "weights-000.npz", "kernels-001.npy", "probabilities.npy"):
        store.keep(run.id, name, b"old")
    store.keep(run.id, "weights-000.npz", b"new")
    folder = store.file(run.id, "weights-000.npz").parent
    (folder / ".weights-009.npz.1").write_bytes(b"half")  # of a process that died while writing
    names = ["kernels-001.npy", "probabilities.npy", "weights-000.npz", "weights-003.npz"]
    assert store.files(run.id) == names
    assert store.epochs_kept(run.id, "weights") == [0, 3]
    assert store.epochs_kept(run.id, "reading") == []
    assert store.file(run.id, "weights-000.npz").read_bytes() == b"new"
    for _ in range(2):
        store.drop_file(run.id, "weights-000.npz")
    with pytest.raises(StoreError, match=r"no file weights-000\.npz"):
        store.file(run.id, "weights-000.npz")


def test_a_deleted_run_takes_everything_and_drops_what_still_comes(store: Store) -> None:
    run, other = add(store), add(store)
    for each in (run, other):
        store.report(each.id, batch(1, 1))
        store.report(each.id, make_epoch(1))
        store.keep(each.id, "weights-000.npz", b"")
    store.delete(run.id)
    for report in (Untrained(2.3, 0.1), batch(1, 2), make_epoch(2)):
        store.report(run.id, report)
    store.end(run.id, Status.FINISHED, REASON, OUTCOME)
    store.report(run.id, ExecutionSettings())
    with pytest.raises(StoreError, match="no such run"):
        store.keep(run.id, "weights-001.npz", b"")
    assert store.batches(run.id) == store.epochs(run.id) == store.files(run.id) == []
    assert not (store.folder / "runs" / run.id).exists()
    assert store.runs_of("ada") == [store.run(other.id)]
    assert (len(store.batches(other.id)), len(store.epochs(other.id))) == (1, 1)
    assert store.files(other.id) == ["weights-000.npz"]


def test_a_file_written_while_its_run_is_deleted_does_not_stay(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add(store)
    replace = Path.replace

    def late(self: Path, target: Path) -> Path:
        store.delete(run.id)
        self.parent.mkdir(exist_ok=True)  # as if the removal had been under way
        self.write_bytes(b"weights")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", late)
    with pytest.raises(StoreError, match="may have been deleted"):
        store.keep(run.id, "weights-001.npz", b"weights")
    assert not (store.folder / "runs" / run.id).exists()


def test_a_folder_removed_under_the_writer_is_a_run_deleted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add(store)

    def gone(self: Path, data: bytes) -> int:
        store.delete(run.id)
        raise FileNotFoundError(self)

    monkeypatch.setattr(Path, "write_bytes", gone)
    with pytest.raises(StoreError, match="may have been deleted"):
        store.keep(run.id, "weights-001.npz", b"weights")


def test_sizes_are_read_while_runs_are_deleted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [add(store).id for _ in range(3)]
    for run in runs:
        store.keep(run, "weights-001.npz", b"weights")
    is_file, is_dir = Path.is_file, Path.is_dir

    def file_then_gone(self: Path) -> bool:
        there = is_file(self)
        if self.parent.name == runs[0]:
            store.delete(runs[0])
        return there

    def folder_then_gone(self: Path) -> bool:
        there = is_dir(self)
        if self.name == runs[1]:
            store.delete(runs[1])
        return there

    monkeypatch.setattr(Path, "is_file", file_then_gone)
    monkeypatch.setattr(Path, "is_dir", folder_then_gone)
    assert store.sizes() == {runs[0]: 0, runs[1]: 0, runs[2]: 7}


def test_folders_without_a_row_go_once_they_are_old(store: Store) -> None:
    run, orphan, foreign = add(store).id, "0" * 16, "notes"
    store.keep(run, "weights-001.npz", b"weights")
    for name in (orphan, foreign):
        (store.folder / "runs" / name).mkdir()
    assert store.remove_orphans() == []
    assert store.remove_orphans(older_than=-1) == [orphan]
    assert sorted(store.sizes()) == [run]
    assert (store.folder / "runs" / foreign).is_dir()


def test_a_report_that_comes_twice_is_kept_once(store: Store) -> None:
    run = add(store)
    for _ in range(2):
        store.report(run.id, batch(1, 5))
        store.report(run.id, make_epoch(1))
    assert (len(store.batches(run.id)), len(store.epochs(run.id))) == (1, 1)


def in_threads(work: Callable[[int], object], count: int) -> list[object]:
    """Run ``work(0)`` … at the same time; what one of them raises is raised here."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(work, range(count)))


_OTHER_PROCESS = """
import sys
from pathlib import Path
from digitlab.progress import BatchMetrics
from digitlab.store import Store
store = Store(Path(sys.argv[1]))
for step in range(1, 31):
    store.report(sys.argv[2], BatchMetrics(99, step, 30, 1.0, 0.5, 10.0))
"""


def test_threads_and_another_process_write_at_once_and_nothing_is_lost(store: Store) -> None:
    run = add(store)
    command = [sys.executable, "-c", _OTHER_PROCESS, str(store.folder), run.id]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as other:

        def write(number: int) -> None:
            for step in range(1, 21):
                store.report(run.id, batch(number + 1, step))
                store.keep(run.id, f"weights-{number:03d}.npz", bytes([step]) * 1000)

        in_threads(write, 5)
    assert other.returncode == 0
    assert len(store.batches(run.id)) == 5 * 20 + 30
    files = [store.file(run.id, name).read_bytes() for name in store.files(run.id)]
    assert files == [bytes([20]) * 1000] * 5


def test_one_of_many_starts_a_run(store: Store) -> None:
    run = add(store)
    assert sorted(in_threads(lambda _: store.start(run.id), 8)) == [False] * 7 + [True]


def test_many_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    in_threads(lambda _: add(Store(tmp_path / "lab")), 8)
    assert len(Store(tmp_path / "lab").runs_of("ada")) == 8


def test_a_report_while_its_run_is_deleted_is_no_error(store: Store) -> None:
    runs = [add(store) for _ in range(15)]

    def work(number: int) -> None:
        for run in runs:
            if number == 0:
                store.delete(run.id)
            else:
                store.report(run.id, batch(number, 1))

    in_threads(work, 4)
    assert store.runs_of("ada") == []
    assert [store.batches(run.id) for run in runs] == [[]] * 15


@pytest.fixture
def running(store: Store) -> Run:
    """A run with a batch and no epoch, as when its worker is lost."""
    return add_run(
        store,
        RunConfig(epochs=2),
        engine="e1",
        execution=EXECUTION,
        untrained=Untrained(2.3, 0.1),
        batches=[batch(1, 5)],
    )


def test_a_run_queued_again_waits_as_before_and_comes_before_those_after_it(
    store: Store, running: Run
) -> None:
    later = add(store)
    assert store.requeue(running.id)
    found = store.run(running.id)
    assert found.status is Status.QUEUED
    assert (found.started, found.execution, found.untrained) == (None, None, None)
    assert "was lost before the first epoch" in str(found.reason)
    assert store.batches(running.id) == []
    assert [run.id for run in store.waiting("e1")] == [running.id, later.id]


def test_a_run_is_queued_again_once(store: Store, running: Run) -> None:
    assert store.requeue(running.id)
    assert not store.requeue(running.id)  # it waits
    assert store.start(running.id)
    assert not store.requeue(running.id)
    assert store.run(running.id).status is Status.RUNNING


def test_a_run_with_an_epoch_or_that_has_ended_is_not_queued_again(
    store: Store, running: Run
) -> None:
    store.report(running.id, make_epoch(1))
    assert not store.requeue(running.id)
    assert store.batches(running.id)
    other = add(store)
    store.end(other.id, Status.STOPPED, message("Stopped before it began."))
    assert not store.requeue(other.id)
    assert store.run(other.id).status is Status.STOPPED


def test_the_runs_of_a_dead_engine_are_settled_and_its_queue_adopted(store: Store) -> None:
    for engine in ("dead", "alive", "new"):
        store.register(engine, os.getpid(), 1.0)
    running, waiting = add(store, engine="dead"), add(store, engine="dead")
    busy, queued = add(store, engine="alive"), add(store, engine="alive")
    for run in (running, busy):
        store.start(run.id)
    store.report(running.id, make_epoch(1))
    store.succeed("new", ["dead"], adopt=True)
    ended = store.run(running.id)
    assert ended.status is Status.INTERRUPTED
    assert str(ended.reason).endswith("epochs kept: 1.")
    assert [run.id for run in store.waiting("new")] == [waiting.id]
    assert store.run(busy.id).status is Status.RUNNING
    assert [run.id for run in store.waiting("alive")] == [queued.id]
    assert set(store.engines()) == {"alive", "new"}


def test_without_adopting_a_dead_engines_queue_waits_for_another(store: Store) -> None:
    store.register("dead", 1, 1.0)
    waiting = add(store, engine="dead")
    store.succeed("one-shot", ["dead"], adopt=False)
    assert [run.id for run in store.waiting("dead")] == [waiting.id]
    assert "dead" in store.engines()
    store.succeed("server", ["dead"], adopt=True)
    assert [run.id for run in store.waiting("server")] == [waiting.id]
    assert store.engines() == {}


def test_an_engine_that_leaves_looks_dead(store: Store) -> None:
    store.register("e1", 123, 1000.0)
    store.leave("e1")
    assert store.engines() == {"e1": (123, 0.0)}
