from pathlib import Path

import numpy as np
import pytest

from digitlab import models
from digitlab.config import RunConfig
from digitlab.layers import layers_of, parameter_count
from digitlab.messages import LabError
from digitlab.network import Network
from digitlab.store import DataSetInfo, Run, Store, StoreError

CONFIG = RunConfig(units1=4)


def network(epoch: int) -> Network:
    """A small network that says of itself which epoch it is."""
    rng = np.random.default_rng(epoch)
    layers = layers_of(CONFIG)
    weights = {
        layer.name: tuple(
            rng.normal(size=shape).astype(np.float32)
            for shape in (layer.kernel_shape, layer.output)
        )
        for layer in layers
        if layer.kernel_shape
    }
    return Network(layers, weights, {"epoch": epoch})  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "lab")


@pytest.fixture
def run(store: Store) -> Run:
    digits = DataSetInfo("sample", "f" * 64, 10, 2, 5)
    return store.add("me", "engine", CONFIG, None, parameter_count(layers_of(CONFIG)), digits)


@pytest.fixture
def trained(store: Store, run: Run) -> Run:
    for epoch in (0, 2, 10):
        store.keep(run.id, f"weights-{epoch:03d}.npz", network(epoch).to_bytes())
    store.keep(run.id, "kernels-012.npy", b"of another kind")
    return run


def test_the_bundled_networks_are_read_once() -> None:
    assert models.bundled() is models.bundled()
    assert models.bundled_untrained() is models.bundled_untrained()
    before, after = models.bundled_untrained(), models.bundled()
    assert before.layers == after.layers
    assert not np.array_equal(before.weights["conv1"][0], after.weights["conv1"][0])


def test_the_last_kept_weights_are_a_runs_network(store, trained) -> None:
    assert models.of_run(store, trained.id).about == {"epoch": 10}
    assert models.of_run(store, trained.id, epoch=0).about == {"epoch": 0}


def test_an_epoch_that_was_not_kept_is_refused(store, trained) -> None:
    for epoch in (1, 12):
        with pytest.raises(StoreError, match=f"kept no file weights-{epoch:03d}.npz"):
            models.of_run(store, trained.id, epoch)


def test_a_run_without_weights_is_refused(store, run) -> None:
    with pytest.raises(StoreError, match="This run has kept no weights yet"):
        models.of_run(store, run.id)


def test_a_name_is_the_bundled_network_a_run_or_a_file(store, trained, tmp_path) -> None:
    path = tmp_path / "mine.npz"
    network(7).save(path)
    assert models.named("reference", store) is models.bundled()
    assert models.named(trained.id, store).about == {"epoch": 10}
    assert models.named(str(path), store).about == {"epoch": 7}


def test_a_file_that_is_no_model_is_refused_by_name(store, tmp_path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a model")
    with pytest.raises(LabError) as caught:
        models.named(str(path), store)
    assert (
        str(caught.value) == f"{path}: This is not a model file of Digit Lab, or it is not whole."
    )


@pytest.mark.parametrize(
    "name", ["", "0" * 16, "missing.npz", "../..", "x" * 5000, "a\0b", "%s{}", "/"]
)
def test_what_is_neither_a_run_nor_a_file_is_refused(store, name) -> None:
    with pytest.raises(LabError) as caught:
        models.named(name, store)
    said = str(caught.value)
    assert said.startswith(f"{name[:200]} is neither a run of this lab nor a model file: ")
    assert len(said) < 400


def test_a_run_without_weights_is_named_with_the_reason(store, run) -> None:
    with pytest.raises(LabError, match="nor a model file: This run has kept no weights yet"):
        models.named(run.id, store)
