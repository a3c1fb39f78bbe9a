"""Sweeps on a real store: queued, stopped, resumed, and picked up after a restart."""

import dataclasses
import itertools
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from make_run import make_epoch

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.jobs.engine import Engine
from digitlab.messages import LabError
from digitlab.presets import PRESETS
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


class Lab:
    """A store with its sweeps, and a queue that nobody empties."""

    def __init__(self, store: Store) -> None:
        self.store, self.sweeps, self.queue = store, Sweeps(store), Queue(store)

    def start(self, owner: str = ME, plan: Plan = PLAN) -> Sweep:
        return self.sweeps.start(self.queue, owner, plan, dataset.sample())

    def runs(self, sweep: Sweep) -> list[Run]:
        return [trial.run for trial in self.sweeps.trials(sweep) if trial.run is not None]

    def statuses(self, sweep: Sweep) -> list[Status]:
        return [run.status for run in self.runs(sweep)]

    def end(self, run: Run, status: Status = Status.FINISHED) -> None:
        self.store.start(run.id)
        self.store.end(run.id, status, run.reason)

    def change(self, statement: str, *values: str) -> None:
        with Database(self.store.folder / DATABASE, "").change() as database:
            database.execute(statement, values)


@pytest.fixture
def lab(lab_home: Path) -> Lab:
    return Lab(Store(lab_home))


def test_a_sweep_is_ordinary_runs_one_for_each_cell_and_seed(lab: Lab) -> None:
    sweep = lab.start()

    found = lab.runs(sweep)
    pairs = [(run.config.seed, run.config.dropout) for run in found]
    assert pairs == list(itertools.product((1, 2), (0.0, 0.4, 0.8)))
    assert [run.id for run in lab.store.waiting("engine")] == [run.id for run in found]
    assert {run.id for run in lab.store.runs_of(ME)} == {run.id for run in found}


def test_a_sweep_is_on_disk_and_is_its_owners(lab: Lab) -> None:
    sweep = lab.start()

    again = Sweeps(Store(lab.store.folder))

    assert again.sweeps_of(ME) == [sweep]
    assert again.sweep(sweep.id).plan == PLAN
    assert again.trials(sweep) == lab.sweeps.trials(sweep)
    assert again.sweeps_of(SOMEBODY) == []


@pytest.mark.parametrize("name", ["", "0" * 16, "' OR 1 = 1 --", "x" * 10_000])
def test_an_unknown_sweep_is_a_sentence(lab: Lab, name: str) -> None:
    lab.start()
    with pytest.raises(SweepError, match="no such sweep"):
        lab.sweeps.sweep(name)


def test_a_plan_that_is_refused_leaves_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    same = planning.vary(PRESETS["mlp-128"], [Axis("train_images", (4000, 60000))], 1)
    with pytest.raises(SweepError, match="give the same run twice"):
        lab.start(plan=same)
    monkeypatch.setattr("digitlab.jobs.memory.worker_memory", lambda: 0)
    with pytest.raises(LabError, match="GB of memory"):
        lab.start()
    assert lab.sweeps.sweeps_of(ME) == []
    assert lab.store.runs_of(ME) == []


def test_one_person_has_one_sweep_under_way(lab: Lab) -> None:
    first = lab.start()
    with pytest.raises(SweepError, match="under way"):
        lab.start()
    lab.start(SOMEBODY)
    for run in lab.runs(first):
        lab.end(run)
    assert lab.start().id != first.id


def test_stop_all_asks_what_waits_and_trains_and_leaves_what_is_done(lab: Lab) -> None:
    sweep = lab.start()
    other = lab.queue.submit(ME, PRESETS["mlp-64"], dataset.sample())
    done, training, *waiting = lab.runs(sweep)
    lab.end(done)
    lab.store.start(training.id)

    lab.sweeps.stop(lab.queue, ME, sweep.id)

    asked = [run.stop for run in lab.runs(sweep)]
    assert asked == [False, True, *[True] * len(waiting)]
    assert lab.sweeps.sweep(sweep.id).stopped
    assert not lab.store.run(other.id).stop


def test_resume_queues_what_is_missing_and_nothing_that_has_ended_well(lab: Lab) -> None:
    sweep = lab.start()
    before = lab.runs(sweep)
    ends = (Status.FINISHED, Status.STOPPED, Status.INTERRUPTED, Status.FAILED, Status.DIVERGED)
    for run, status in zip(before, ends, strict=False):
        lab.end(run, status)
    lab.store.end(before[5].id, Status.STOPPED, before[5].reason)

    assert lab.sweeps.resume(lab.queue, ME, sweep.id) == 4

    after = lab.runs(sweep)
    kept = [old.id == new.id for old, new in zip(before, after, strict=True)]
    assert kept == [True, False, False, False, True, False]
    assert [run.config for run in after] == [run.config for run in before]
    assert lab.sweeps.resume(lab.queue, ME, sweep.id) == 0


def test_resume_takes_back_the_stop(lab: Lab) -> None:
    sweep = lab.start()
    lab.sweeps.stop(lab.queue, ME, sweep.id)
    for run in lab.runs(sweep):
        lab.store.end(run.id, Status.STOPPED, run.reason)

    assert lab.sweeps.resume(lab.queue, ME, sweep.id) == 6

    assert not lab.sweeps.sweep(sweep.id).stopped
    assert not any(run.stop for run in lab.runs(sweep))


def test_a_deleted_run_is_missing_and_comes_back_only_when_asked_for(lab: Lab) -> None:
    sweep, library = lab.start(), Library(lab.store)
    binned, gone, *rest = lab.runs(sweep)
    for run in rest:
        lab.end(run)
    library.delete(ME, [binned.id])
    lab.store.delete(gone.id)

    assert [trial.run is None for trial in lab.sweeps.trials(sweep)] == [True, True] + [False] * 4
    assert lab.sweeps.pick_up(lab.queue) == 0
    assert lab.sweeps.resume(lab.queue, ME, sweep.id) == 2
    assert len(lab.runs(sweep)) == 6


def test_nobody_stops_resumes_or_removes_the_sweep_of_somebody_else(lab: Lab) -> None:
    theirs = lab.start(SOMEBODY)
    for attempt in (
        lambda: lab.sweeps.stop(lab.queue, ME, theirs.id),
        lambda: lab.sweeps.resume(lab.queue, ME, theirs.id),
        lambda: lab.sweeps.remove(ME, theirs.id),
    ):
        with pytest.raises(SweepError, match="somebody else's"):
            attempt()
    assert not any(run.stop for run in lab.runs(theirs))


def test_after_a_restart_what_was_cut_off_is_trained_again_and_nothing_else(lab: Lab) -> None:
    sweep, stopped = lab.start(), lab.start(SOMEBODY)
    done, training, failed, *waiting = lab.runs(sweep)
    lab.end(done)
    lab.end(failed, Status.FAILED)
    lab.store.start(training.id)
    theirs = lab.runs(stopped)[0]
    lab.store.start(theirs.id)
    lab.sweeps.stop(lab.queue, SOMEBODY, stopped.id)
    lab.store.register("engine", 1, 0.0)
    lab.store.succeed("next", ["engine"], adopt=True)

    assert Sweeps(lab.store).pick_up(lab.queue) == 1

    again = lab.runs(sweep)
    assert (again[0].id, again[2].id) == (done.id, failed.id)
    assert again[1].id != training.id
    assert again[1].config == training.config
    assert [run.id for run in again[3:]] == [run.id for run in waiting]
    assert lab.sweeps.pick_up(lab.queue) == 0
    assert lab.store.run(theirs.id).status is Status.INTERRUPTED


def test_a_server_that_died_while_it_queued_a_sweep_queues_the_rest(lab: Lab) -> None:
    class Dies(Queue):
        def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
            if len(self.store.runs_of(owner)) == 4:
                raise KeyboardInterrupt
            return super().submit(owner, config, digits)

    with pytest.raises(KeyboardInterrupt):
        lab.sweeps.start(Dies(lab.store), ME, PLAN, dataset.sample())
    (sweep,) = lab.sweeps.sweeps_of(ME)
    assert len(lab.runs(sweep)) == 4

    assert lab.sweeps.pick_up(lab.queue) == 2

    assert [run.config.seed for run in lab.runs(sweep)] == [1, 1, 1, 2, 2, 2]


def test_a_run_that_always_brings_the_server_down_is_not_picked_up_for_ever(lab: Lab) -> None:
    sweep = lab.start()
    picked_up = []
    for _ in range(MOST_TRIES + 1):
        lab.end(lab.runs(sweep)[0], Status.INTERRUPTED)
        picked_up.append(lab.sweeps.pick_up(lab.queue))

    assert picked_up == [1] * (MOST_TRIES - 1) + [0, 0]


def test_a_sweep_whose_images_are_gone_waits_and_disturbs_no_other(lab: Lab) -> None:
    gone = lab.sweeps.start(
        lab.queue, SOMEBODY, PLAN, dataclasses.replace(dataset.sample(), fingerprint="0" * 64)
    )
    sweep = lab.start()
    for each in (gone, sweep):
        lab.end(lab.runs(each)[0], Status.INTERRUPTED)

    assert lab.sweeps.pick_up(lab.queue) == 1

    assert lab.runs(sweep)[0].status is Status.QUEUED
    with pytest.raises(LabError, match="images of this run are not here"):
        lab.sweeps.resume(lab.queue, SOMEBODY, gone.id)


UNREADABLE = (
    "no JSON",
    "[]",
    "{}",
    '{"cells": 1, "seeds": 1, "axes": [], "lesson": ""}',
    '{"cells": [["", {"colour": "red"}]], "seeds": 1, "axes": [], "lesson": ""}',
    '{"cells": [["", {"epochs": 100000}]], "seeds": 1, "axes": [], "lesson": ""}',
)


@pytest.mark.parametrize("plan", UNREADABLE)
def test_a_sweep_that_cannot_be_read_is_a_sentence_and_disturbs_no_other(
    lab: Lab, plan: str
) -> None:
    broken, sweep = lab.start(SOMEBODY), lab.start()
    lab.end(lab.runs(sweep)[0], Status.INTERRUPTED)
    lab.change("UPDATE sweeps SET plan = ?, owner = ? WHERE id = ?", plan, ME, broken.id)

    assert lab.sweeps.pick_up(lab.queue) == 1
    assert lab.sweeps.sweeps_of(ME) == [sweep]
    with pytest.raises(SweepError, match="cannot be read"):
        lab.sweeps.sweep(broken.id)
    assert lab.sweeps.remove_everything(ME) == 2


def test_a_sweep_whose_runs_cannot_be_read_disturbs_no_other(lab: Lab) -> None:
    broken, sweep = lab.start(SOMEBODY), lab.start()
    lab.end(lab.runs(sweep)[0], Status.INTERRUPTED)
    lab.change("UPDATE runs SET reason = '' WHERE id = ?", lab.runs(broken)[0].id)

    assert lab.sweeps.pick_up(lab.queue) == 1


def test_the_epochs_of_all_runs_come_in_one_piece(lab: Lab) -> None:
    sweep = lab.start()
    first, second, *_ = lab.runs(sweep)
    epochs = [make_epoch(1), make_epoch(2)]
    for report in epochs:
        lab.store.report(first.id, report)
    lab.store.report(second.id, epochs[0])

    assert lab.sweeps.epochs(sweep) == {first.id: epochs, second.id: epochs[:1]}


def test_a_sweep_that_is_removed_leaves_its_runs(lab: Lab) -> None:
    sweep = lab.start()
    lab.sweeps.remove(ME, sweep.id)

    assert lab.sweeps.sweeps_of(ME) == []
    assert len(lab.store.runs_of(ME)) == 6
    lab.start(SOMEBODY)
    assert lab.sweeps.remove_everything(ME) == 1, "the bin is emptied too"
    assert lab.sweeps.remove_everything(ME) == 0
    assert lab.sweeps.remove_everything(SOMEBODY) == 1


def test_a_removed_sweep_is_nowhere_until_its_owner_takes_it_back(lab: Lab) -> None:
    sweep = lab.start()
    trials = lab.sweeps.trials(sweep)
    lab.sweeps.remove(ME, sweep.id)

    with pytest.raises(SweepError, match="no such sweep"):
        lab.sweeps.sweep(sweep.id)
    assert lab.sweeps.standings(ME) == {}
    assert lab.sweeps.last_removed(SOMEBODY) is None
    lab.sweeps.take_back(SOMEBODY, sweep.id)
    assert lab.sweeps.sweeps_of(ME) == []
    assert lab.sweeps.last_removed(ME) == sweep

    lab.sweeps.take_back(ME, sweep.id)

    assert lab.sweeps.sweeps_of(ME) == [sweep]
    assert lab.sweeps.trials(sweep) == trials
    assert lab.sweeps.last_removed(ME) is None


def test_a_removed_sweep_is_not_picked_up_after_a_restart(lab: Lab) -> None:
    sweep = lab.start()
    lab.end(lab.runs(sweep)[0], Status.INTERRUPTED)
    lab.sweeps.remove(ME, sweep.id)
    assert lab.sweeps.pick_up(lab.queue) == 0


def test_after_an_hour_a_removed_sweep_is_gone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = lab.start(), lab.start(SOMEBODY)
    lab.sweeps.remove(ME, old.id)
    later = time.time() + BIN_SECONDS + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert lab.sweeps.last_removed(ME) is None

    lab.sweeps.remove(SOMEBODY, new.id)

    lab.sweeps.take_back(ME, old.id)
    assert lab.sweeps.sweeps_of(ME) == []
    assert lab.sweeps.last_removed(SOMEBODY) == new


def test_how_all_sweeps_stand_comes_in_one_piece(lab: Lab) -> None:
    sweep = lab.start()
    one, two, three, four, *_ = lab.runs(sweep)
    lab.store.start(one.id)
    for run, status in ((two, Status.FINISHED), (three, Status.STOPPED)):
        lab.end(run, status)
    lab.store.delete(four.id)

    (standing,) = lab.sweeps.standings(ME).values()

    trials = lab.sweeps.trials(sweep)
    assert standing == Standing(6, 1, 3)
    assert standing.missing == 2
    assert (standing.done, standing.live, standing.missing) == tuple(
        sum(getattr(trial, name) for trial in trials) for name in ("done", "live", "missing")
    )


def test_a_sweep_keeps_nobody_waiting_for_more_than_one_of_its_runs(lab: Lab) -> None:
    sweep = lab.start(plan=SWEEP_LESSONS["dropout"].plan(5))
    swept = lab.runs(sweep)
    lab.store.start(swept[0].id)
    theirs = [lab.queue.submit(SOMEBODY, PRESETS["mlp-128"], dataset.sample()) for _ in range(2)]

    turns = [run.id for run in lab.store.waiting("engine")]

    assert turns[:4] == [theirs[0].id, swept[1].id, theirs[1].id, swept[2].id]
    assert turns[4:] == [run.id for run in swept[3:]]
    assert [lab.store.place_in_queue(run) for run in (*theirs, swept[1], swept[-1])] == [
        1,
        3,
        2,
        46,
    ]


# With a real worker -----------------------------------------------------------------------------

TINY = RunConfig(units1=8, train_images=64, epochs=1)


def until(condition: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.mark.worker
def test_a_sweep_is_trained_through_a_restart_and_finished_runs_are_not_run_again(lab: Lab) -> None:
    slow = dataclasses.replace(TINY, train_images=4000, epochs=100)
    cells = [planning.Cell(TINY, "one"), planning.Cell(slow, "two"), planning.Cell(TINY, "three")]
    plan = Plan(tuple(cells), 1)
    with closing(Engine(lab.store, measure=False)) as engine:
        sweep = lab.sweeps.start(engine, ME, plan, dataset.sample())
        first, second, third = lab.runs(sweep)
        until(lambda: lab.store.last_batch(second.id))
    assert lab.statuses(sweep) == [
        Status.FINISHED,
        Status.INTERRUPTED,
        Status.QUEUED,
    ]

    with closing(Engine(lab.store, measure=False)) as engine:
        assert lab.sweeps.pick_up(engine) == 1
        until(lambda: not lab.store.run(third.id).status.live)
        again = lab.runs(sweep)
        assert [run.id for run in again] == [first.id, again[1].id, third.id]
        assert again[1].id != second.id
        until(lambda: lab.store.last_batch(again[1].id))
        lab.sweeps.stop(engine, ME, sweep.id)
        until(lambda: not lab.store.run(again[1].id).status.live)
    assert lab.statuses(sweep) == [
        Status.FINISHED,
        Status.STOPPED,
        Status.FINISHED,
    ]
    epochs = lab.sweeps.epochs(sweep)
    assert len(epochs[first.id]) == len(epochs[third.id]) == 1
