"""How long a run takes: from the runs that ended, the measured networks, or a guess."""

import dataclasses
from pathlib import Path

import pytest
from make_run import add_run
from msgspec.structs import replace

from digitlab.config import RunConfig
from digitlab.presets import PRESETS
from digitlab.progress import ExecutionSettings, Outcome, Untrained
from digitlab.store import Run, Status, Store
from digitlab.training import estimates, speed
from digitlab.training.estimates import Ended, Known

MLP, CNN = PRESETS["mlp-128"], PRESETS["cnn-keras"]
ROWS = (
    speed.Measurement("mlp-128", "float32", 1, 50_000.0),
    speed.Measurement("cnn-keras", "float32", 2, 1_800.0),
    speed.Measurement("cnn-keras", "mixed_bfloat16", 2, 2_700.0),
)
EXECUTION, SLOW = ExecutionSettings("mixed_bfloat16", 2, 1), ExecutionSettings("float32", 2, 1)


def ended(
    config: RunConfig,
    seconds: float,
    *,
    images: int = 3200,
    execution: ExecutionSettings = EXECUTION,
) -> Ended:
    return Ended(config, images, 1000, config.epochs, seconds, execution)


def seconds(config: RunConfig, known: Known, images: int = 3200) -> float:
    return estimates.seconds(config, images, 1000, known)


def test_a_run_that_ended_says_how_long_the_next_one_takes() -> None:
    for rows in ((), ROWS):
        assert seconds(CNN, Known(rows, (ended(CNN, 1234.0),))) == pytest.approx(1234.0)


def test_it_outweighs_a_measurement_that_is_wrong() -> None:
    wrong = (speed.Measurement("cnn-keras", "float32", 2, 20.0),)
    assert seconds(CNN, Known(wrong)) > 1000
    assert seconds(CNN, Known(wrong, (ended(CNN, 40.0),))) == pytest.approx(40.0)


def test_one_slow_run_among_others_does_not_count() -> None:
    runs = (ended(CNN, 900.0), ended(CNN, 31.0), ended(CNN, 30.0))
    assert seconds(CNN, Known(ROWS, runs)) == pytest.approx(31.0)


def test_the_runs_most_like_it_count() -> None:
    small = dataclasses.replace(CNN, filters1=8, filters2=8)
    like = tuple(ended(CNN, 60.0) for _ in range(5))
    unlike = tuple(ended(small, 500.0) for _ in range(5))
    assert seconds(CNN, Known(ROWS, unlike + like)) == pytest.approx(60.0)


def test_more_epochs_and_images_take_longer_by_as_much() -> None:
    known = Known(ROWS, (ended(CNN, 60.0),))
    longer = dataclasses.replace(CNN, epochs=2 * CNN.epochs)
    assert 100 < seconds(longer, known) < 120
    assert 1.4 * 60 < seconds(CNN, known, images=6400) < 120


def test_of_a_run_that_stopped_early_its_own_epochs_count() -> None:
    half = dataclasses.replace(ended(CNN, 60.0), epochs=CNN.epochs // 2)
    assert 100 < seconds(CNN, Known(ROWS, (half,))) < 120


def test_where_no_run_is_like_it_the_measurements_count() -> None:
    alone = seconds(CNN, Known(ROWS))
    tiny = RunConfig(network="cnn", blocks=1, filters1=1, dense=1, epochs=1)
    assert seconds(CNN, Known(ROWS, (ended(MLP, 999.0), ended(tiny, 999.0)))) == alone
    assert alone < seconds(CNN, Known())  # and without them a slow machine is assumed


def test_a_run_at_a_slower_pace_is_no_slower_machine() -> None:
    """It was trained before the faster format had been measured."""
    slow = estimates._model(CNN, 3200, 1000, CNN.epochs, Known(ROWS), SLOW)
    known = Known(ROWS, (ended(CNN, slow, execution=SLOW),))
    assert seconds(CNN, known) == pytest.approx(seconds(CNN, Known(ROWS)))
    assert seconds(CNN, known) < slow


# What counts --------------------------------------------------------------------------------


@pytest.fixture
def store(lab_home: Path) -> Store:
    return Store(lab_home)


def trained(
    store: Store, status: Status = Status.FINISHED, epochs: int = 12, origin: str | None = None
) -> Run:
    outcome = Outcome("finished", epochs, epochs, False, 60.0, 900.0)
    return add_run(
        store, CNN, owner="me", origin=origin, execution=EXECUTION, status=status, outcome=outcome
    )


def test_finished_runs_are_learned_from_the_newest_first(store: Store) -> None:
    assert estimates.known(store).guess
    trained(store)
    trained(store, epochs=3)
    known = estimates.known(store)
    assert not known.guess
    assert [run.epochs for run in known.ended] == [3, 12]
    assert known.ended[0] == Ended(
        CNN, 3200, estimates.read_after_epoch(trained(store)), 3, 60.0, EXECUTION
    )


def test_runs_that_did_not_end_well_or_went_on_do_not_count(store: Store) -> None:
    for status in (Status.STOPPED, Status.DIVERGED, Status.FAILED, Status.INTERRUPTED):
        trained(store, status)
    trained(store, epochs=0)
    trained(store, origin="a" * 16)
    assert estimates.known(store).ended == ()


def test_runs_of_a_zip_were_trained_on_another_machine(store: Store, tmp_path: Path) -> None:
    elsewhere = replace(trained(store), id="b" * 16)
    store.delete("b" * 16)
    files = store.folder / "runs" / "coming"
    files.mkdir(parents=True)
    store.restore(elsewhere, "c" * 16, ("", False), [], [], files)
    assert len(store.runs_of("me")) == 2
    assert len(estimates.known(store).ended) == 1


def test_a_row_that_cannot_be_read_is_passed_over(store: Store) -> None:
    broken = trained(store)
    trained(store)
    with store.database.change() as database:
        database.execute("UPDATE runs SET config = '{}x' WHERE id = ?", (broken.id,))
    assert len(estimates.known(store).ended) == 1


def test_the_images_that_a_run_reads_after_an_epoch(store: Store) -> None:
    run = trained(store)
    for validation, *expected in (
        ("split", 1_800, 2_800, 10_800),
        ("none", 1_000, 2_000, 10_000),
        ("test", 1_000, 10_000, 10_000),
    ):
        few = replace(run, config=dataclasses.replace(CNN, validation=validation))
        many = replace(few, digits=replace(run.digits, test=10_000))
        earlier = replace(many, untrained=Untrained(2.3, 0.1))  # it was tested on all of them
        assert [estimates.read_after_epoch(each) for each in (few, many, earlier)] == expected
