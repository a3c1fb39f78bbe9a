"""Sweeps on a real store: queued, stopped, resumed, and picked up after a restart."""

import dataclasses
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.jobs.engine import Engine
from digitlab.messages import LabError
from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics
from digitlab.store import DataSetInfo, Run, Status, Store
from digitlab.store.database import DATABASE, Database
from digitlab.store.library import BIN_SECONDS, Library
from digitlab.sweeps import Standing, Sweep, Sweeps, planning
from digitlab.sweeps.planning import SWEEP_LESSONS, Axis, Plan, SweepError
from digitlab.sweeps.sweeps import MOST_TRIES

ME, SOMEBODY = "me" * 8, "somebody" * 2
PLAN = planning.vary(PRESETS["mlp-128"], [Axis("dropout", (0.0, 0.4, 0.8))], 2)


class Queue:
    """An engine without workers: runs are put into the store's queue, and stay there."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
        parts = DataSetInfo(digits.name, digits.fingerprint, 3200, 800, 1000)
        return self.store.add(owner, "engine", config, None, 101_770, parts)

    def stop(self, run: str) -> None:
        self.store.ask_to_stop(run)


@pytest.fixture
def store(lab_home: Path) -> Store:
    return Store(lab_home)


@pytest.fixture
def sweeps(store: Store) -> Sweeps:
    return Sweeps(store)


@pytest.fixture
def queue(store: Store) -> Queue:
    return Queue(store)


def start(sweeps: Sweeps, queue: Queue, owner: str = ME, plan: Plan = PLAN) -> Sweep:
    return sweeps.start(queue, owner, plan, dataset.sample())


def runs(sweeps: Sweeps, sweep: Sweep) -> list[Run]:
    return [trial.run for trial in sweeps.trials(sweep) if trial.run is not None]


def end(store: Store, run: Run, status: Status = Status.FINISHED) -> None:
    store.start(run.id)
    store.end(run.id, status, run.reason)


def statuses(sweeps: Sweeps, sweep: Sweep) -> list[Status]:
    return [run.status for run in runs(sweeps, sweep)]


def test_a_sweep_is_ordinary_runs_one_for_each_cell_and_seed(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue)

    found = runs(sweeps, sweep)
    assert [(run.config.dropout, run.config.seed) for run in found] == [
        (0.0, 1),
        (0.4, 1),
        (0.8, 1),
        (0.0, 2),
        (0.4, 2),
        (0.8, 2),
    ]
    assert [run.id for run in store.waiting("engine")] == [run.id for run in found]
    assert {run.id for run in store.runs_of(ME)} == {run.id for run in found}


def test_a_sweep_is_on_disk_and_is_its_owners(sweeps: Sweeps, queue: Queue, store: Store) -> None:
    sweep = start(sweeps, queue)

    again = Sweeps(Store(store.folder))

    assert again.sweeps_of(ME) == [sweep]
    assert again.sweep(sweep.id).plan == PLAN
    assert again.trials(sweep) == sweeps.trials(sweep)
    assert again.sweeps_of(SOMEBODY) == []


@pytest.mark.parametrize("name", ["", "0" * 16, "' OR 1 = 1 --", "x" * 10_000])
def test_an_unknown_sweep_is_a_sentence(sweeps: Sweeps, queue: Queue, name: str) -> None:
    start(sweeps, queue)
    with pytest.raises(SweepError, match="no such sweep"):
        sweeps.sweep(name)


def test_a_plan_that_is_refused_leaves_nothing(
    sweeps: Sweeps, queue: Queue, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digitlab.jobs.engine.worker_memory", lambda: 0)
    with pytest.raises(LabError, match="GB of memory"):
        start(sweeps, queue)
    assert sweeps.sweeps_of(ME) == []
    assert store.runs_of(ME) == []


def test_one_person_has_one_sweep_under_way(sweeps: Sweeps, queue: Queue, store: Store) -> None:
    first = start(sweeps, queue)
    with pytest.raises(SweepError, match="under way"):
        start(sweeps, queue)
    start(sweeps, queue, SOMEBODY)
    for run in runs(sweeps, first):
        end(store, run)
    assert start(sweeps, queue).id != first.id


def test_stop_all_asks_what_waits_and_trains_and_leaves_what_is_done(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue)
    other = queue.submit(ME, PRESETS["mlp-64"], dataset.sample())
    done, training, *waiting = runs(sweeps, sweep)
    end(store, done)
    store.start(training.id)

    sweeps.stop(queue, ME, sweep.id)

    asked = [run.stop for run in runs(sweeps, sweep)]
    assert asked == [False, True, *[True] * len(waiting)]
    assert sweeps.sweep(sweep.id).stopped
    assert not store.run(other.id).stop


def test_resume_queues_what_is_missing_and_nothing_that_has_ended_well(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue)
    before = runs(sweeps, sweep)
    ends = (Status.FINISHED, Status.STOPPED, Status.INTERRUPTED, Status.FAILED, Status.DIVERGED)
    for run, status in zip(before, ends, strict=False):
        end(store, run, status)
    store.end(before[5].id, Status.STOPPED, before[5].reason)

    assert sweeps.resume(queue, ME, sweep.id) == 4

    after = runs(sweeps, sweep)
    kept = [old.id == new.id for old, new in zip(before, after, strict=True)]
    assert kept == [True, False, False, False, True, False]
    assert [run.config for run in after] == [run.config for run in before]
    assert sweeps.resume(queue, ME, sweep.id) == 0


def test_resume_takes_back_the_stop(sweeps: Sweeps, queue: Queue, store: Store) -> None:
    sweep = start(sweeps, queue)
    sweeps.stop(queue, ME, sweep.id)
    for run in runs(sweeps, sweep):
        store.end(run.id, Status.STOPPED, run.reason)

    assert sweeps.resume(queue, ME, sweep.id) == 6

    assert not sweeps.sweep(sweep.id).stopped
    assert not any(run.stop for run in runs(sweeps, sweep))


def test_a_deleted_run_is_missing_and_comes_back_only_when_asked_for(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep, library = start(sweeps, queue), Library(store)
    binned, gone, *rest = runs(sweeps, sweep)
    for run in rest:
        end(store, run)
    library.delete(ME, [binned.id])
    store.delete(gone.id)

    assert [trial.run is None for trial in sweeps.trials(sweep)] == [True, True] + [False] * 4
    assert sweeps.pick_up(queue) == 0
    assert sweeps.resume(queue, ME, sweep.id) == 2
    assert len(runs(sweeps, sweep)) == 6


def test_nobody_stops_resumes_or_removes_the_sweep_of_somebody_else(
    sweeps: Sweeps, queue: Queue
) -> None:
    theirs = start(sweeps, queue, SOMEBODY)
    for attempt in (
        lambda: sweeps.stop(queue, ME, theirs.id),
        lambda: sweeps.resume(queue, ME, theirs.id),
        lambda: sweeps.remove(ME, theirs.id),
    ):
        with pytest.raises(SweepError, match="somebody else's"):
            attempt()
    assert not any(run.stop for run in runs(sweeps, theirs))


def test_after_a_restart_what_was_cut_off_is_trained_again_and_nothing_else(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep, stopped = start(sweeps, queue), start(sweeps, queue, SOMEBODY)
    done, training, failed, *waiting = runs(sweeps, sweep)
    end(store, done)
    end(store, failed, Status.FAILED)
    store.start(training.id)
    theirs = runs(sweeps, stopped)[0]
    store.start(theirs.id)
    sweeps.stop(queue, SOMEBODY, stopped.id)
    store.register("engine", 1, 0.0)
    store.succeed("next", ["engine"], adopt=True)

    assert Sweeps(store).pick_up(queue) == 1

    again = runs(sweeps, sweep)
    assert (again[0].id, again[2].id) == (done.id, failed.id)
    assert again[1].id != training.id
    assert again[1].config == training.config
    assert [run.id for run in again[3:]] == [run.id for run in waiting]
    assert sweeps.pick_up(queue) == 0
    assert store.run(theirs.id).status is Status.INTERRUPTED


def test_a_server_that_died_while_it_queued_a_sweep_queues_the_rest(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    class Dies(Queue):
        def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
            if len(self.store.runs_of(owner)) == 4:
                raise KeyboardInterrupt
            return super().submit(owner, config, digits)

    with pytest.raises(KeyboardInterrupt):
        start(sweeps, Dies(store))
    (sweep,) = sweeps.sweeps_of(ME)
    assert len(runs(sweeps, sweep)) == 4

    assert sweeps.pick_up(queue) == 2

    assert [run.config.seed for run in runs(sweeps, sweep)] == [1, 1, 1, 2, 2, 2]


def test_a_run_that_always_brings_the_server_down_is_not_picked_up_for_ever(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue)
    picked_up = []
    for _ in range(MOST_TRIES + 1):
        end(store, runs(sweeps, sweep)[0], Status.INTERRUPTED)
        picked_up.append(sweeps.pick_up(queue))

    assert picked_up == [1] * (MOST_TRIES - 1) + [0, 0]


def test_a_sweep_whose_images_are_gone_waits_and_disturbs_no_other(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    gone = sweeps.start(
        queue, SOMEBODY, PLAN, dataclasses.replace(dataset.sample(), fingerprint="0" * 64)
    )
    sweep = start(sweeps, queue)
    for each in (gone, sweep):
        end(store, runs(sweeps, each)[0], Status.INTERRUPTED)

    assert sweeps.pick_up(queue) == 1

    assert runs(sweeps, sweep)[0].status is Status.QUEUED
    with pytest.raises(LabError, match="images of this run are not here"):
        sweeps.resume(queue, SOMEBODY, gone.id)


UNREADABLE = (
    "no JSON",
    "[]",
    "{}",
    '{"cells": 1, "seeds": 1, "axes": [], "lesson": ""}',
    '{"cells": [[{"colour": "red"}, ""]], "seeds": 1, "axes": [], "lesson": ""}',
    '{"cells": [[{"epochs": 100000}, ""]], "seeds": 1, "axes": [], "lesson": ""}',
)


@pytest.mark.parametrize("plan", UNREADABLE)
def test_a_sweep_that_cannot_be_read_is_a_sentence_and_disturbs_no_other(
    sweeps: Sweeps, queue: Queue, store: Store, plan: str
) -> None:
    broken, sweep = start(sweeps, queue, SOMEBODY), start(sweeps, queue)
    end(store, runs(sweeps, sweep)[0], Status.INTERRUPTED)
    with Database(store.folder / DATABASE, "").change() as database:
        database.execute(
            "UPDATE sweeps SET plan = ?, owner = ? WHERE id = ?", (plan, ME, broken.id)
        )

    assert sweeps.pick_up(queue) == 1
    assert sweeps.sweeps_of(ME) == [sweep]
    with pytest.raises(SweepError, match="cannot be read"):
        sweeps.sweep(broken.id)
    assert sweeps.remove_everything(ME) == 2


def test_a_sweep_whose_runs_cannot_be_read_disturbs_no_other(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    broken, sweep = start(sweeps, queue, SOMEBODY), start(sweeps, queue)
    end(store, runs(sweeps, sweep)[0], Status.INTERRUPTED)
    with Database(store.folder / DATABASE, "").change() as database:
        database.execute("UPDATE runs SET reason = '' WHERE id = ?", (runs(sweeps, broken)[0].id,))

    assert sweeps.pick_up(queue) == 1


def test_the_epochs_of_all_runs_come_in_one_piece(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue)
    first, second, *_ = runs(sweeps, sweep)
    epochs = [EpochMetrics(n, True, 0.5, 0.8, 0.4, 0.9, 0.3, 0.91, 1.5, 3200) for n in (1, 2)]
    for report in epochs:
        store.report(first.id, report)
    store.report(second.id, epochs[0])

    assert sweeps.epochs(sweep) == {first.id: epochs, second.id: epochs[:1]}


def test_a_sweep_that_is_removed_leaves_its_runs(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue)
    sweeps.remove(ME, sweep.id)

    assert sweeps.sweeps_of(ME) == []
    assert len(store.runs_of(ME)) == 6
    start(sweeps, queue, SOMEBODY)
    assert sweeps.remove_everything(ME) == 1, "the bin is emptied too"
    assert sweeps.remove_everything(ME) == 0
    assert sweeps.remove_everything(SOMEBODY) == 1


def test_a_removed_sweep_is_nowhere_until_its_owner_takes_it_back(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue)
    trials = sweeps.trials(sweep)
    sweeps.remove(ME, sweep.id)

    with pytest.raises(SweepError, match="no such sweep"):
        sweeps.sweep(sweep.id)
    assert sweeps.standings(ME) == {}
    assert sweeps.last_removed(SOMEBODY) is None
    sweeps.take_back(SOMEBODY, sweep.id)
    assert sweeps.sweeps_of(ME) == []
    assert sweeps.last_removed(ME) == sweep

    sweeps.take_back(ME, sweep.id)

    assert sweeps.sweeps_of(ME) == [sweep]
    assert sweeps.trials(sweep) == trials
    assert sweeps.last_removed(ME) is None


def test_a_removed_sweep_is_not_picked_up_after_a_restart(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue)
    end(store, runs(sweeps, sweep)[0], Status.INTERRUPTED)
    sweeps.remove(ME, sweep.id)
    assert sweeps.pick_up(queue) == 0


def test_after_an_hour_a_removed_sweep_is_gone(
    sweeps: Sweeps, queue: Queue, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = start(sweeps, queue), start(sweeps, queue, SOMEBODY)
    sweeps.remove(ME, old.id)
    later = time.time() + BIN_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert sweeps.last_removed(ME) is None

    sweeps.remove(SOMEBODY, new.id)

    sweeps.take_back(ME, old.id)
    assert sweeps.sweeps_of(ME) == []
    assert sweeps.last_removed(SOMEBODY) == new


def test_how_all_sweeps_stand_comes_in_one_piece(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue)
    one, two, three, four, *_ = runs(sweeps, sweep)
    store.start(one.id)
    for run, status in ((two, Status.FINISHED), (three, Status.STOPPED)):
        end(store, run, status)
    store.delete(four.id)

    (standing,) = sweeps.standings(ME).values()

    trials = sweeps.trials(sweep)
    assert standing == Standing(6, 1, 3)
    assert standing.missing == 2
    assert (standing.done, standing.live, standing.missing) == tuple(
        sum(getattr(trial, name) for trial in trials) for name in ("done", "live", "missing")
    )


def test_a_sweep_of_equal_runs_is_refused_and_nothing_is_queued(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    plan = planning.vary(PRESETS["mlp-128"], [Axis("train_images", (4000, 60000))], 1)
    with pytest.raises(SweepError, match="give the same run twice"):
        start(sweeps, queue, plan=plan)
    assert store.runs_of(ME) == []
    assert sweeps.sweeps_of(ME) == []


def test_a_sweep_keeps_nobody_waiting_for_more_than_one_of_its_runs(
    sweeps: Sweeps, queue: Queue, store: Store
) -> None:
    sweep = start(sweeps, queue, plan=SWEEP_LESSONS["dropout"].plan(5))
    swept = runs(sweeps, sweep)
    store.start(swept[0].id)
    theirs = [queue.submit(SOMEBODY, PRESETS["mlp-128"], dataset.sample()) for _ in range(2)]

    turns = [run.id for run in store.waiting("engine")]

    assert turns[:4] == [theirs[0].id, swept[1].id, theirs[1].id, swept[2].id]
    assert turns[4:] == [run.id for run in swept[3:]]
    assert [store.place_in_queue(run) for run in (*theirs, swept[1], swept[-1])] == [1, 3, 2, 46]


# With a real worker -----------------------------------------------------------------------------

TINY = RunConfig(units1=8, train_images=64, epochs=1)


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.worker
def test_a_sweep_is_trained_through_a_restart_and_finished_runs_are_not_run_again(
    sweeps: Sweeps, store: Store
) -> None:
    slow = dataclasses.replace(TINY, train_images=4000, epochs=100)
    plan = Plan(
        (
            planning.Cell(TINY, "one"),
            planning.Cell(slow, "two"),
            planning.Cell(TINY, "three"),
        ),
        1,
    )
    with closing(Engine(store, measure=False)) as engine:
        sweep = sweeps.start(engine, ME, plan, dataset.sample())
        first, second, third = runs(sweeps, sweep)
        until(lambda: store.last_batch(second.id))
    assert statuses(sweeps, sweep) == [Status.FINISHED, Status.INTERRUPTED, Status.QUEUED]

    with closing(Engine(store, measure=False)) as engine:
        assert sweeps.pick_up(engine) == 1
        until(lambda: not store.run(third.id).status.live)
        again = runs(sweeps, sweep)
        assert [run.id for run in again] == [first.id, again[1].id, third.id]
        assert again[1].id != second.id
        until(lambda: store.last_batch(again[1].id))
        sweeps.stop(engine, ME, sweep.id)
        until(lambda: not store.run(again[1].id).status.live)
    assert statuses(sweeps, sweep) == [Status.FINISHED, Status.STOPPED, Status.FINISHED]
    epochs = sweeps.epochs(sweep)
    assert len(epochs[first.id]) == len(epochs[third.id]) == 1
