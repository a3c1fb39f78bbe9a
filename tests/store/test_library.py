"""Names, pins, the bin and the disk's budget, on a real store."""

import os

import pytest
from make_run import add_run, make_epoch

from digitlab.messages import LabError
from digitlab.store import Run, Status, Store, StoreError
from digitlab.store.library import LONGEST_NAME, Library, checked_name

ME, SOMEBODY = "me" * 8, "somebody" * 2


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store)


def add(library: Library, owner: str = ME, *, ended: bool = True, kilobytes: int = 0) -> Run:
    files = {"weights-001.npz": os.urandom(1000 * kilobytes), "reading-001.npz": b"read"}
    return add_run(
        library.store,
        owner=owner,
        preset="mlp-128",
        started=ended,
        files=files if kilobytes else None,
        status=Status.FINISHED if ended else None,
    )


def test_the_list_is_newest_first_with_each_runs_last_epoch(library: Library) -> None:
    first, second = add(library), add(library)
    add(library, SOMEBODY)
    for number in (1, 2, 3):
        library.store.report(first.id, make_epoch(number))

    summaries = library.summaries(ME)

    assert [summary.run.id for summary in summaries] == [second.id, first.id]
    assert summaries[0].last is None
    assert summaries[1].last == make_epoch(3)
    assert summaries[1].run == library.store.run(first.id)


def test_a_name_and_a_pin_stay_and_do_not_disturb_each_other(library: Library) -> None:
    run = add(library).id
    library.rename(ME, run, "  <script>\n🖊 最初の  ")
    library.pin(ME, [run], True)
    (summary,) = library.summaries(ME)
    assert (summary.name, summary.pinned) == ("<script> 🖊 最初の", True)
    assert library.name(run) == summary.name

    with pytest.raises(LabError, match=f"at most {LONGEST_NAME} characters; this one has 5,000"):
        library.rename(ME, run, "x" * 5000)
    assert library.name(run) == summary.name

    library.rename(ME, run, "")
    library.pin(ME, [run], False)
    (summary,) = library.summaries(ME)
    assert (summary.name, summary.pinned) == ("", False)


def test_nobody_renames_pins_or_deletes_a_run_of_somebody_else(library: Library) -> None:
    theirs = add(library, SOMEBODY, ended=False).id

    library.rename(ME, theirs, "mine now")
    library.pin(ME, [theirs], True)
    library.delete(ME, [theirs])

    (summary,) = library.summaries(SOMEBODY)
    assert (summary.name, summary.pinned, summary.run.stop) == ("", False, False)


def test_a_deleted_run_is_gone_until_it_is_taken_back(library: Library) -> None:
    run = add(library, kilobytes=1)
    library.store.report(run.id, make_epoch(1))

    library.delete(ME, [run.id])
    assert library.summaries(ME) == library.store.runs_of(ME) == []
    with pytest.raises(StoreError, match="may have been deleted"):
        library.store.run(run.id)
    library.restore(ME, [run.id])
    (summary,) = library.summaries(ME)
    assert summary.last == make_epoch(1)
    assert library.store.file(run.id, "weights-001.npz").exists()


def test_the_bin_is_emptied_of_what_has_lain_long_enough(library: Library) -> None:
    run, kept = add(library, kilobytes=1).id, add(library).id
    library.delete(ME, [run])

    assert library.empty_bin() == 0
    assert library.empty_bin(older_than=-1) == 1

    library.restore(ME, [run])
    assert [summary.run.id for summary in library.summaries(ME)] == [kept]
    assert not (library.store.folder / "runs" / run).exists()


def test_everything_of_mine_goes_and_nothing_of_others(library: Library) -> None:
    binned = add(library, kilobytes=1).id
    add(library)
    theirs = add(library, SOMEBODY, kilobytes=1).id
    library.delete(ME, [binned])

    assert library.delete_everything(ME) == 2

    assert library.summaries(ME) == []
    assert not (library.store.folder / "runs" / binned).exists()
    assert library.store.file(theirs, "weights-001.npz").exists()


def test_a_full_disk_takes_the_oldest_unpinned_weights_and_nothing_else(library: Library) -> None:
    runs = [add(library, kilobytes=10, ended=ended).id for ended in (True, True, True, False)]
    pinned, oldest, newest, _ = runs
    library.pin(ME, [pinned], True)

    assert library.keep_within(35_000) == [oldest]

    kept = [library.store.epochs_kept(run, "weights") for run in runs]
    assert kept == [[1], [], [1], [1]]
    assert library.store.epochs_kept(oldest, "reading") == [1]
    assert library.keep_within(35_000) == []
    assert set(library.keep_within(0)) == {newest, pinned}


def test_pinned_weights_go_last_the_oldest_first_so_that_the_budget_holds(library: Library) -> None:
    runs = [add(library, kilobytes=10).id for _ in range(4)]
    library.pin(ME, runs[:3], True)

    assert library.keep_within(25_000) == [runs[3], runs[0]]
    assert sum(library.store.sizes().values()) <= 25_000


def test_what_was_deleted_last_comes_back_first(library: Library) -> None:
    first, second, third = (add(library).id for _ in range(3))
    other = add(library, SOMEBODY).id
    library.delete(ME, [first])
    library.delete(SOMEBODY, [other])
    library.delete(ME, [second, third])

    assert sorted(library.last_deleted(ME)) == sorted([second, third])
    library.restore(ME, library.last_deleted(ME))
    assert library.last_deleted(ME) == [first]
    library.restore(ME, [first])
    assert library.last_deleted(ME) == []
    assert library.count(ME) == 3


def test_a_run_that_trains_is_stopped_by_its_deletion_and_is_there_when_taken_back(
    library: Library,
) -> None:
    run = add(library, ended=False).id
    library.store.start(run)
    assert library.trains(ME)
    reason = library.store.run(run).reason
    library.delete(ME, [run])
    assert not library.trains(ME), "nobody waits for what is in the bin"

    library.store.report(run, make_epoch(1))  # its worker ends the batch
    library.store.end(run, Status.STOPPED, reason)
    library.restore(ME, library.last_deleted(ME))
    (summary,) = library.summaries(ME)
    assert summary.run.stop, "it was asked to stop"
    assert (summary.run.status, summary.last) == (Status.STOPPED, make_epoch(1))


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
def test_characters_that_nobody_sees_are_no_name(typed: str, kept: str) -> None:
    assert checked_name(typed) == kept
