"""Runs that go on from others, trained by a real worker."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest

from digitlab import dataset, models
from digitlab.config import ConfigError, RunConfig
from digitlab.dataset.digits import ARRAYS
from digitlab.jobs.engine import Engine
from digitlab.messages import LabError
from digitlab.store import DataSetInfo, Run, Status, Store
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
def engine(store: Store) -> Iterator[Engine]:
    with closing(Engine(store, measure=False)) as engine:
        yield engine


def until(condition: Callable[[], object], seconds: float = 90.0) -> None:
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


def test_a_run_goes_on_with_more_images_and_is_listed_with_its_origin(
    engine: Engine, store: Store
) -> None:
    origin = finished(store, engine.submit("ada", CNN, dataset.sample()))
    run = finished(store, engine.continue_run("ada", origin, 2, 128, frozen=True))

    assert (run.origin, run.frozen, run.preset) == (origin.id, True, None)
    assert (run.config.epochs, run.digits.train) == (2, 128)
    assert [summary.run.origin for summary in Library(store).summaries("ada")] == [origin.id, None]
    first, last = models.of_run(store, origin.id), models.of_run(store, run.id)
    np.testing.assert_array_equal(first.weights["conv1"][0], last.weights["conv1"][0])
    assert (first.weights["dense1"][0] != last.weights["dense1"][0]).any()
    state = unpack_state(store.file(run.id, STATE_FILE).read_bytes())
    assert state["iteration"] == 4 + 2 * 8


def test_a_run_goes_on_with_another_set_and_the_store_says_which(
    engine: Engine, store: Store
) -> None:
    origin = finished(store, engine.submit("ada", CNN, dataset.sample()))
    few = {name: getattr(dataset.sample(), name)[:400] for name in ARRAYS}
    np.savez(store.folder / "few.npz", **few)  # type: ignore[arg-type]
    other = dataset.load(store.folder / "few.npz")
    run = finished(store, engine.continue_run("ada", origin, 1, 300, digits=other))
    assert run.digits == DataSetInfo("mnist", other.fingerprint, 300, 0, 400)
    assert len(np.load(store.file(run.id, "probabilities.npy"))) == 400
    assert unpack_state(store.file(run.id, STATE_FILE).read_bytes())["iteration"] == 4 + 19


def test_large_weights_reach_the_worker_too(engine: Engine, store: Store) -> None:
    origin = finished(store, engine.submit("ada", LARGE, dataset.sample()))
    run = finished(store, engine.continue_run("ada", origin, 1, 64))
    first, began = models.of_run(store, origin.id), models.of_run(store, run.id, 0)
    np.testing.assert_array_equal(first.weights["dense2"][0], began.weights["dense2"][0])
    state = unpack_state(store.file(run.id, STATE_FILE).read_bytes())
    assert state["iteration"] == 2


def test_numbers_out_of_bounds_and_runs_that_cannot_go_on_are_refused(
    engine: Engine, store: Store
) -> None:
    origin = finished(store, engine.submit("ada", CNN, dataset.sample()))
    for epochs, images in ((0, 64), (101, 64), (1, 9), (1, 60_001)):
        with pytest.raises(ConfigError, match="must be a whole number"):
            engine.continue_run("ada", origin, epochs, images)
    store.drop_weights(origin.id)
    with pytest.raises(LabError, match="has kept no weights"):
        engine.continue_run("ada", origin, 1, 64)


def test_a_run_whose_origin_goes_away_while_it_waits_says_so(engine: Engine, store: Store) -> None:
    origin = finished(store, engine.submit("ada", CNN, dataset.sample()))
    long = engine.submit("ada", RunConfig(epochs=100, batch_size=16), dataset.sample())
    waiting = engine.continue_run("ada", origin, 1, 64)
    until(lambda: store.run(long.id).status is Status.RUNNING)
    store.delete(origin.id)
    engine.stop(long.id)
    failed = ended(store, waiting)
    assert failed.status is Status.FAILED
    assert str(failed.reason) == (
        "The run that this one goes on from cannot be used: There is no such run here; it may "
        "have been deleted."
    )
    assert finished(store, engine.submit("ada", CNN, dataset.sample()))  # the worker is free
