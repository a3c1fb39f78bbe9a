"""Names, pins, the bin and the disk's budget, on a real store."""

import os
from pathlib import Path

import pytest

from digitlab.config import RunConfig
from digitlab.messages import LabError
from digitlab.progress import EpochMetrics
from digitlab.store import Digits, Run, Status, Store, StoreError
from digitlab.store.shelf import LONGEST_NAME, Shelf

ME, SOMEBODY = "me" * 8, "somebody" * 2
DIGITS = Digits("sample", "f" * 64, 3200, 800, 1000)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(Store(tmp_path))


def add(shelf: Shelf, owner: str = ME, *, ended: bool = True, kilobytes: int = 0) -> Run:
    run = shelf.store.add(owner, "engine", RunConfig(), "mlp-128", 101_770, DIGITS)
    if kilobytes:
        shelf.store.keep(run.id, "weights-001.npz", os.urandom(1000 * kilobytes))
        shelf.store.keep(run.id, "reading-001.npz", b"read")
    if ended:
        shelf.store.start(run.id)
        shelf.store.end(run.id, Status.FINISHED, run.reason)
    return run


def epoch(number: int) -> EpochMetrics:
    return EpochMetrics(number, True, 0.5, 0.8, 0.4, 0.9, 0.3, 0.91, 1.5, 3200)


def test_the_list_is_newest_first_with_each_runs_last_epoch(shelf: Shelf) -> None:
    first, second = add(shelf), add(shelf)
    add(shelf, SOMEBODY)
    for number in (1, 2, 3):
        shelf.store.report(first.id, epoch(number))

    lines = shelf.lines(ME)

    assert [line.run.id for line in lines] == [second.id, first.id]
    assert lines[0].last is None
    assert lines[1].last == epoch(3)
    assert lines[1].run == shelf.store.run(first.id)


def test_a_name_and_a_pin_stay_and_do_not_disturb_each_other(shelf: Shelf) -> None:
    run = add(shelf).id

    shelf.rename(ME, run, "  <script>\n🖊 最初の  ")
    shelf.pin(ME, [run], True)

    (line,) = shelf.lines(ME)
    assert (line.name, line.pinned) == ("<script> 🖊 最初の", True)
    assert shelf.name(run) == line.name
    shelf.rename(ME, run, "")
    shelf.pin(ME, [run], False)
    (line,) = shelf.lines(ME)
    assert (line.name, line.pinned) == ("", False)


def test_a_name_of_5000_characters_is_refused_and_the_old_one_stays(shelf: Shelf) -> None:
    run = add(shelf).id
    shelf.rename(ME, run, "first")

    with pytest.raises(LabError, match=f"at most {LONGEST_NAME} characters; this one has 5,000"):
        shelf.rename(ME, run, "x" * 5000)

    assert shelf.name(run) == "first"


def test_nobody_renames_pins_or_deletes_a_run_of_somebody_else(shelf: Shelf) -> None:
    theirs = add(shelf, SOMEBODY, ended=False).id

    shelf.rename(ME, theirs, "mine now")
    shelf.pin(ME, [theirs], True)
    shelf.delete(ME, [theirs])

    (line,) = shelf.lines(SOMEBODY)
    assert (line.name, line.pinned, line.run.stop) == ("", False, False)


def test_a_deleted_run_is_gone_until_it_is_taken_back(shelf: Shelf) -> None:
    run = add(shelf, kilobytes=1)
    shelf.store.report(run.id, epoch(1))

    shelf.delete(ME, [run.id])

    assert shelf.lines(ME) == []
    assert shelf.store.runs_of(ME) == []
    with pytest.raises(StoreError, match="may have been deleted"):
        shelf.store.run(run.id)
    shelf.restore(ME, [run.id])
    (line,) = shelf.lines(ME)
    assert line.last == epoch(1)
    assert shelf.store.file(run.id, "weights-001.npz").exists()


def test_deleting_a_run_that_trains_asks_it_to_stop(shelf: Shelf) -> None:
    run = add(shelf, ended=False)
    shelf.store.start(run.id)

    shelf.delete(ME, [run.id])
    shelf.restore(ME, [run.id])

    assert shelf.store.run(run.id).stop


def test_the_bin_is_emptied_of_what_has_lain_long_enough(shelf: Shelf) -> None:
    run, kept = add(shelf, kilobytes=1).id, add(shelf).id
    shelf.delete(ME, [run])

    assert shelf.empty_bin() == 0
    assert shelf.empty_bin(older_than=-1) == 1

    shelf.restore(ME, [run])
    assert [line.run.id for line in shelf.lines(ME)] == [kept]
    assert not (shelf.store.folder / "runs" / run).exists()


def test_everything_of_mine_goes_and_nothing_of_others(shelf: Shelf) -> None:
    binned = add(shelf, kilobytes=1).id
    add(shelf)
    theirs = add(shelf, SOMEBODY, kilobytes=1).id
    shelf.delete(ME, [binned])

    assert shelf.delete_everything(ME) == 2

    assert shelf.lines(ME) == []
    assert not (shelf.store.folder / "runs" / binned).exists()
    assert shelf.store.file(theirs, "weights-001.npz").exists()


def test_a_full_disk_takes_the_oldest_unpinned_weights_and_nothing_else(shelf: Shelf) -> None:
    pinned, oldest, newest, live = (
        add(shelf, kilobytes=10).id,
        add(shelf, kilobytes=10).id,
        add(shelf, kilobytes=10).id,
        add(shelf, kilobytes=10, ended=False).id,
    )
    shelf.pin(ME, [pinned], True)

    assert shelf.keep_within(35_000) == [oldest]

    kept = {run: shelf.store.epochs_kept(run, "weights") for run in (pinned, oldest, newest, live)}
    assert kept == {pinned: [1], oldest: [], newest: [1], live: [1]}
    assert shelf.store.epochs_kept(oldest, "reading") == [1]
    assert shelf.keep_within(35_000) == []
    assert set(shelf.keep_within(0)) == {newest, pinned}


def test_pinned_weights_go_last_the_oldest_first_so_that_the_budget_holds(shelf: Shelf) -> None:
    runs = [add(shelf, kilobytes=10).id for _ in range(4)]
    shelf.pin(ME, runs[:3], True)

    assert shelf.keep_within(25_000) == [runs[3], runs[0]]
    assert sum(shelf.store.sizes().values()) <= 25_000


def test_what_was_deleted_last_comes_back_first(shelf: Shelf) -> None:
    first, second, third = (add(shelf).id for _ in range(3))
    other = add(shelf, SOMEBODY).id
    shelf.delete(ME, [first])
    shelf.delete(SOMEBODY, [other])
    shelf.delete(ME, [second, third])

    assert sorted(shelf.last_deleted(ME)) == sorted([second, third])
    shelf.restore(ME, shelf.last_deleted(ME))
    assert shelf.last_deleted(ME) == [first]
    shelf.restore(ME, [first])
    assert shelf.last_deleted(ME) == []
    assert shelf.count(ME) == 3


def test_a_run_that_trains_is_stopped_by_its_deletion_and_is_there_when_taken_back(
    shelf: Shelf,
) -> None:
    run = add(shelf, ended=False).id
    shelf.store.start(run)
    assert shelf.trains(ME)
    reason = shelf.store.run(run).reason
    shelf.delete(ME, [run])
    assert not shelf.trains(ME), "nobody waits for what is in the bin"

    shelf.store.report(run, epoch(1))  # its worker ends the batch
    shelf.store.end(run, Status.STOPPED, reason)
    shelf.restore(ME, shelf.last_deleted(ME))
    (line,) = shelf.lines(ME)
    assert line.run.stop, "it was asked to stop"
    assert (line.run.status, line.last) == (Status.STOPPED, epoch(1))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("\u200b\u2066\ufeff", ""),
        ("\u202eabc", "abc"),
        ("👩\u200d🔬 1", "👩\u200d🔬 1"),
        ("\u200d", ""),
        ("\u200d \u200d\u2066", ""),
        ("a \u200d \u200b b", "a b"),
    ],
)
def test_characters_that_nobody_sees_are_no_name(shelf: Shelf, typed: str, kept: str) -> None:
    run = add(shelf).id
    shelf.rename(ME, run, typed)
    assert shelf.name(run) == kept
