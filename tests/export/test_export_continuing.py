"""The code of a run that goes on from another gives that run's figures, not a new network's."""

import dataclasses
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_network import make_network
from student import BFLOAT16, FLOAT32, code_in, figures, notebook, running, same_code, script

from digitlab import export
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.network import Network
from digitlab.progress import EpochMetrics, ExecutionSettings, Untrained
from digitlab.store import DataSetInfo, Run, Status, Store
from digitlab.store.run_files import npy
from digitlab.training import continuing
from digitlab.training.continuing import InitialState, unpack_state

MLP = RunConfig(units1=16, train_images=128, batch_size=16, epochs=2)
CNN = RunConfig(
    network="cnn",
    blocks=2,
    filters1=4,
    filters2=4,
    dense=12,
    train_images=96,
    batch_size=16,
    epochs=2,
    conv_dropout=0.2,
)


@dataclasses.dataclass(frozen=True)
class Case:
    """A first run's settings, what the second changes, and how it goes on."""

    config: RunConfig
    changes: dict[str, int] = dataclasses.field(default_factory=dict)
    frozen: bool = False
    execution: ExecutionSettings = FLOAT32
    deleted: bool = False  # the first run, before the second is exported


CASES = {
    "mlp-adam": Case(MLP, {"epochs": 3}),
    "cnn-frozen": Case(CNN, {"train_images": 160}, frozen=True),
    "cnn-frozen-bfloat16": Case(CNN, frozen=True, execution=BFLOAT16),
    "sgd-momentum": Case(dataclasses.replace(MLP, optimizer="sgd", momentum=0.9)),
    "deleted": Case(MLP, deleted=True),
}
EXACT = [name for name in CASES if name != "deleted"]


@dataclasses.dataclass(frozen=True)
class Gone:
    """Of a run that went on: its figures in the lab, and what its code printed."""

    memory: export.OptimizerState
    began: Untrained | None
    last: EpochMetrics
    printed: dict[str, Any]


def digits() -> DigitSet:
    """Made pictures with some noise: a bright square, its side and so its label from 0 to 9."""
    images = np.random.default_rng(0).integers(0, 90, (260, 28, 28), np.uint8)
    labels = (np.arange(260) % 10).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4 : 6 + 2 * label, 4 : 6 + 2 * label] //= 2
        image[4 : 6 + 2 * label, 4 : 6 + 2 * label] += 90
    return DigitSet(
        "mnist", images[:200], labels[:200], images[200:], labels[200:], Path("made"), "ad" * 32
    )


def trained(store: Store, case: Case, config: RunConfig, origin: Run | None = None) -> Run:
    """A run in the store as its worker leaves it."""
    from digitlab.training.trainer import train

    count = digits().split(config)
    parts = DataSetInfo("mnist", "ad" * 32, count.train_count, count.validation_count, 60)
    frozen, goes_on_from = case.frozen and origin is not None, origin.id if origin else None
    run = store.add("ada", "e", config, None, 10, parts, origin=goes_on_from, frozen=frozen)
    store.start(run.id)
    start = None
    if origin is not None:
        weights, state = continuing.files_of_origin(store, origin.id)
        start = InitialState(Network.load(weights), unpack_state(state), frozen)
    outcome = train(
        config,
        digits(),
        lambda report: store.report(run.id, report),
        lambda name, data: store.keep(run.id, name, data),
        lambda: False,
        case.execution,
        start,
    )
    store.end(run.id, Status.FINISHED, run.reason, outcome)
    return store.run(run.id)


def save(store: Store, run: Run, execution: ExecutionSettings, path: Path) -> export.OptimizerState:
    """Save the code of a run with the files it needs, as a student does."""
    images = path.with_name(export.images_name(run.config, "ad" * 32))
    images.write_bytes(export.images(run.config, digits()))
    found = continuing.beginning(store, run)
    assert found is not None
    begun, name = found.read(), export.start_name(run.id)
    path.with_name(name).write_bytes(export.start_file(begun.network, begun.optimizer))
    memory: export.OptimizerState = (
        "there" if found.optimizer else "nothing" if found.exact else "lost"
    )
    start = export.StartFile(name, run.frozen, memory)
    code = script(run.config, "ad" * 32, execution=execution, start=start)
    path.write_text(code, encoding="utf-8")
    return memory


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Gone]:
    """Every case, trained by the lab and then by its code, in a Python far from the lab."""
    pytest.importorskip("keras")
    home = tmp_path_factory.mktemp("home of a student")
    store, found = Store(tmp_path_factory.mktemp("lab")), {}
    for name, case in CASES.items():
        origin = trained(store, case, case.config)
        run = trained(store, case, dataclasses.replace(case.config, **case.changes), origin)
        if case.deleted:
            store.delete(origin.id)
        memory = save(store, run, case.execution, home / f"{name}.py")
        found[name] = memory, run.untrained, store.epochs(run.id)[-1]
    with running(home, [home / f"{name}.py" for name in CASES]) as wait:
        printed = wait()
    return {name: Gone(*figures, printed[f"{name}.py"]) for name, figures in found.items()}


@pytest.mark.parametrize("name", CASES)
def test_the_code_begins_where_the_run_began(name: str, gone: dict[str, Gone]) -> None:
    (line,), began = gone[name].printed["before"], gone[name].began
    assert line.startswith("start: ")
    assert began is not None
    assert figures(line) == pytest.approx((began.loss, began.accuracy), abs=6e-5)


@pytest.mark.parametrize("name", EXACT)
def test_the_code_ends_with_the_figures_of_the_run(name: str, gone: dict[str, Gone]) -> None:
    last = gone[name].last
    assert figures(gone[name].printed["last"]) == pytest.approx(
        (last.test_loss, last.test_accuracy), abs=6e-5
    )
    assert gone[name].memory == "there"


def test_without_the_optimizer_s_state_the_figures_are_others(gone: dict[str, Gone]) -> None:
    deleted = gone["deleted"]
    assert deleted.memory == "lost"
    assert abs(figures(deleted.printed["last"])[0] - deleted.last.test_loss) > 6e-5


# The file and the text ----------------------------------------------------------------------


def test_the_file_of_the_start_holds_plain_floats_and_no_pickle() -> None:
    state = {"iteration": np.float32(7), "dense1_kernel_momentum": np.zeros((3, 2), "f4")}
    data = export.start_file(make_network(CNN), state)
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        assert {file[name].dtype for name in file} == {np.dtype(np.float32)}
        assert set(state) < set(file)
        assert {"conv1_kernel", "conv1_bias", "conv2_kernel", "dense2_bias"} < set(file)


def test_a_name_that_is_no_run_s_id_does_not_become_a_path() -> None:
    assert export.start_name("0123456789abcdef") == "start-01234567.npz"
    assert export.start_name('../"\n') == "start-.npz"


@pytest.mark.parametrize(
    ("memory", "sentence"),
    [
        ("there", "goes on with its internal state"),
        ("nothing", "begins afresh, as it did in the run"),
        ("lost", "the figures differ from the run's"),
    ],
)
def test_the_code_says_what_became_of_the_optimizer_s_state(memory, sentence) -> None:
    start = export.StartFile("start-0.npz", optimizer_state=memory)
    code = script(CNN, "", start=start)
    compile(code, "run.py", "exec")
    assert sentence in code
    assert ("optimizer.build(" in code) == (memory == "there")
    assert ("elsewhere they differ a little" in code) == (memory != "lost")
    assert "trainable = False" not in code
    assert "first weights" not in code


def test_the_notebook_begins_there_too() -> None:
    start = export.StartFile("start-0.npz", frozen=True)
    code = code_in(notebook(CNN, "", start=start))
    assert same_code(code, script(CNN, "", start=start))
    assert "layer.trainable = False" in code


# What is here of a beginning ----------------------------------------------------------------


def kept(store: Store, config: RunConfig, epochs: list[int], origin: str | None = None) -> Run:
    digits = DataSetInfo("m", "f" * 64, 8, 2, 2)
    run = store.add("ada", "e", config, None, 10, digits, origin=origin)
    for epoch in epochs:
        store.keep(run.id, f"weights-{epoch:03d}.npz", npy(np.zeros(1)))
    store.end(run.id, Status.INTERRUPTED, run.reason)
    return store.run(run.id)


def test_a_run_that_began_anew_has_no_start(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert continuing.beginning(store, kept(store, MLP, [0, 2])) is None


def test_an_origin_without_a_state_had_none_to_take_over(tmp_path: Path) -> None:
    store = Store(tmp_path)
    origin = kept(store, MLP, [0, 1])  # its worker died
    found = continuing.beginning(store, kept(store, MLP, [], origin.id))
    assert found == continuing.Beginning(store.file(origin.id, "weights-001.npz"), None, True)


def test_an_origin_of_other_settings_is_not_believed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    run = kept(store, MLP, [0], kept(store, CNN, [0, 1]).id)
    found = continuing.beginning(store, run)
    assert found == continuing.Beginning(store.file(run.id, "weights-000.npz"), None, False)
    store.drop_weights(run.id)
    assert continuing.beginning(store, run) is None
