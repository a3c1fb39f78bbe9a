"""The code of a run that goes on from another gives that run's figures, not a new network's."""

import ast
import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from make_network import make_network
from msgspec.structs import replace

from digitlab import export
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.messages import Translator
from digitlab.network import Network
from digitlab.progress import EpochMetrics, ExecutionSettings, Untrained
from digitlab.store import DataSetInfo, Run, Status, Store
from digitlab.store.run_files import npy
from digitlab.training import continuing
from digitlab.training.continuing import InitialState, unpack_state

EN = Translator("en")
FLOAT32 = ExecutionSettings(threads=os.cpu_count() or 1)
BFLOAT16 = replace(FLOAT32, format="mixed_bfloat16")
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
    after: Callable[[Store, Run], None] | None = None  # what happens to the first run


def deleted(store: Store, origin: Run) -> None:
    store.delete(origin.id)


CASES = {
    "mlp-adam": Case(MLP, {"epochs": 3}),
    "cnn-frozen": Case(CNN, {"train_images": 160}, frozen=True),
    "cnn-frozen-bfloat16": Case(CNN, frozen=True, execution=BFLOAT16),
    "sgd-momentum": Case(dataclasses.replace(MLP, optimizer="sgd", momentum=0.9)),
    "deleted": Case(MLP, after=deleted),
}
EXACT = [name for name in CASES if name != "deleted"]

_RUN_ALL = """
import contextlib, io, json, os, runpy, sys
found = {}
for path in sys.argv[1:]:
    printed = io.StringIO()
    os.chdir(os.path.dirname(path))
    with contextlib.redirect_stdout(printed):
        names = runpy.run_path(path)
    names["keras"].backend.clear_session()
    kinds = ("start: ", "untrained: ", "test: ")
    found[path] = [line for line in printed.getvalue().splitlines() if line.startswith(kinds)]
assert not [name for name in sys.modules if name.startswith("digitlab")]
print(json.dumps(found))
"""


@dataclasses.dataclass(frozen=True)
class Gone:
    """A run that went on, its figures in the lab, and what its code printed."""

    run: Run
    start: export.StartFile
    began: Untrained
    last: EpochMetrics
    printed: list[str]


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
    frozen = case.frozen and origin is not None
    run = store.add(
        "ada",
        "engine",
        config,
        None,
        10,
        parts,
        origin=origin.id if origin else None,
        frozen=frozen,
    )
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


def start_of(store: Store, run: Run) -> export.StartFile:
    found = continuing.beginning(store, run)
    assert found is not None
    memory = "there" if found.optimizer else "nothing" if found.exact else "lost"
    return export.StartFile(export.start_name(run.id), run.frozen, memory)


def save(store: Store, run: Run, case: Case, folder: Path) -> str:
    """Save the code of a run with the files it needs, as a student does."""
    folder.mkdir()
    images = folder / export.images_name(run.config, "ad" * 32)
    images.write_bytes(export.images(run.config, digits()))
    found = continuing.beginning(store, run)
    assert found is not None
    start = found.read()
    name = export.start_name(run.id)
    (folder / name).write_bytes(export.start_file(start.network, start.optimizer))
    code = export.script(
        run.config, "ad" * 32, EN, execution=case.execution, start=start_of(store, run)
    )
    (folder / "run.py").write_text(code, encoding="utf-8")
    return str(folder / "run.py")


def printed_by(paths: list[str]) -> dict[str, list[str]]:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERAS_BACKEND")}
    python = subprocess.run(
        [sys.executable, "-c", _RUN_ALL, *paths],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(paths[0]).parent,
        env=environment | {"MPLBACKEND": "agg"},
    )
    assert python.returncode == 0, python.stderr[-4000:]
    return json.loads(python.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Gone]:
    """Every case, trained by the lab and then by its code, in a Python far from the lab."""
    pytest.importorskip("keras")
    home = tmp_path_factory.mktemp("home of a student")
    store, runs, paths = Store(tmp_path_factory.mktemp("lab")), {}, {}
    for name, case in CASES.items():
        origin = trained(store, case, case.config)
        run = trained(store, case, dataclasses.replace(case.config, **case.changes), origin)
        if case.after:
            case.after(store, origin)
        runs[name], paths[name] = store.run(run.id), save(store, run, case, home / name)
    printed = printed_by(list(paths.values()))
    return {
        name: Gone(
            run,
            start_of(store, run),
            run.untrained or Untrained(0, 0),
            store.epochs(run.id)[-1],
            printed[paths[name]],
        )
        for name, run in runs.items()
    }


def figures(line: str) -> tuple[float, float]:
    loss, accuracy = line.partition(" loss ")[2].split(", accuracy ")
    return float(loss), float(accuracy)


@pytest.mark.parametrize("name", CASES)
def test_the_code_begins_where_the_run_began(name: str, gone: dict[str, Gone]) -> None:
    line = gone[name].printed[0]
    assert line.startswith("start: ")
    began = gone[name].began
    assert figures(line) == pytest.approx((began.loss, began.accuracy), abs=6e-5)


@pytest.mark.parametrize("name", EXACT)
def test_the_code_ends_with_the_figures_of_the_run(name: str, gone: dict[str, Gone]) -> None:
    last = gone[name].last
    assert figures(gone[name].printed[-1]) == pytest.approx(
        (last.test_loss, last.test_accuracy), abs=6e-5
    )
    assert gone[name].start.optimizer_state == "there"


def test_without_the_optimizer_s_state_the_figures_are_others(gone: dict[str, Gone]) -> None:
    assert gone["deleted"].start.optimizer_state == "lost"
    assert abs(figures(gone["deleted"].printed[-1])[0] - gone["deleted"].last.test_loss) > 6e-5


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
    code = export.script(CNN, "", EN, start=start)
    compile(code, "run.py", "exec")
    assert sentence in code
    assert ("optimizer.build(" in code) == (memory == "there")
    assert ("elsewhere they differ a little" in code) == (memory != "lost")
    assert "trainable = False" not in code
    assert "first weights" not in code


def test_the_notebook_begins_there_too() -> None:
    start = export.StartFile("start-0.npz", frozen=True)
    cells = json.loads(export.notebook(CNN, "", EN, start=start))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    script = export.script(CNN, "", EN, start=start)
    assert ast.dump(ast.parse(code)) == ast.dump(ast.parse(script))
    assert "layer.trainable = False" in code


# What is here of a beginning ----------------------------------------------------------------


def kept(store: Store, config: RunConfig, epochs: list[int], origin: str | None = None) -> Run:
    run = store.add(
        "ada", "e", config, None, 10, DataSetInfo("m", "f" * 64, 8, 2, 2), origin=origin
    )
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
