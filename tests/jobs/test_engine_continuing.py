"""Runs that go on from others, trained by a real worker."""

import numpy as np
import pytest
from training_lab import LONG, Lab, until

from digitlab import dataset, models
from digitlab.config import ConfigError, RunConfig
from digitlab.dataset.digits import ARRAYS
from digitlab.messages import LabError
from digitlab.store import DataSetInfo, Run, Status
from digitlab.store.library import Library
from digitlab.training.continuing import STATE_FILE, unpack_state

CNN = RunConfig(
    network="cnn", filters1=2, dense=4, train_images=64, batch_size=16, epochs=1, validation="none"
)
LARGE = RunConfig(  # 34 MB of weights and state: more than Dask sends without a word
    hidden_layers=3, units1=1024, units2=1024, units3=1024, train_images=64, epochs=1
)
pytestmark = pytest.mark.worker


@pytest.fixture(scope="module")
def origin(lab: Lab) -> Run:
    return lab.finished(lab.submit(CNN))


def steps_of(lab: Lab, run: Run) -> int:
    return int(unpack_state(lab.store.file(run.id, STATE_FILE).read_bytes())["iteration"])


def test_a_run_goes_on_with_more_images_and_is_listed_with_its_origin(
    lab: Lab, origin: Run
) -> None:
    run = lab.finished(lab.engine.continue_run("ada", origin, 2, 128, frozen=True))

    assert (run.origin, run.frozen, run.preset) == (origin.id, True, None)
    assert (run.config.epochs, run.digits.train) == (2, 128)
    listed = [summary.run.origin for summary in Library(lab.store).summaries("ada")]
    assert listed == [origin.id, None]
    first, last = models.of_run(lab.store, origin.id), models.of_run(lab.store, run.id)
    np.testing.assert_array_equal(first.weights["conv1"][0], last.weights["conv1"][0])
    assert (first.weights["dense1"][0] != last.weights["dense1"][0]).any()
    assert steps_of(lab, run) == 4 + 2 * 8


def test_a_run_goes_on_with_another_set_and_the_store_says_which(lab: Lab, origin: Run) -> None:
    few = {name: getattr(lab.digits, name)[:400] for name in ARRAYS}
    np.savez(lab.store.folder / "few.npz", **few)  # type: ignore[arg-type]
    other = dataset.load(lab.store.folder / "few.npz")
    run = lab.finished(lab.engine.continue_run("ada", origin, 1, 300, digits=other))
    assert run.digits == DataSetInfo("mnist", other.fingerprint, 300, 0, 400)
    assert len(np.load(lab.store.file(run.id, "probabilities.npy"))) == 400
    assert steps_of(lab, run) == 4 + 19


def test_large_weights_reach_the_worker_too(lab: Lab) -> None:
    large = lab.finished(lab.submit(LARGE))
    run = lab.finished(lab.engine.continue_run("ada", large, 1, 64))
    first, began = models.of_run(lab.store, large.id), models.of_run(lab.store, run.id, 0)
    np.testing.assert_array_equal(first.weights["dense2"][0], began.weights["dense2"][0])
    assert steps_of(lab, run) == 2


@pytest.mark.parametrize(("epochs", "images"), [(0, 64), (101, 64), (1, 9), (1, 60_001)])
def test_numbers_out_of_bounds_are_refused(lab: Lab, origin: Run, epochs: int, images: int) -> None:
    with pytest.raises(ConfigError, match="must be a whole number"):
        lab.engine.continue_run("ada", origin, epochs, images)


def test_a_run_whose_origin_goes_away_while_it_waits_says_so(lab: Lab) -> None:
    origin = lab.finished(lab.submit(CNN))
    long = lab.submit(LONG)
    waiting = lab.engine.continue_run("ada", origin, 1, 64)
    until(lambda: lab.status(long) is Status.RUNNING)
    lab.store.drop_weights(origin.id)
    with pytest.raises(LabError, match="has kept no weights"):
        lab.engine.continue_run("ada", origin, 1, 64)
    lab.store.delete(origin.id)
    lab.engine.stop(long.id)
    failed = lab.ended(waiting)
    assert failed.status is Status.FAILED
    assert str(failed.reason) == (
        "The run that this one goes on from cannot be used: There is no such run here; it may "
        "have been deleted."
    )
    lab.finished()  # the worker is free
