"""The code of a run gives the run's own figures, in a Python that knows nothing of the lab."""

import ast
import dataclasses
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from digitlab import dataset, export
from digitlab.config import ALL_IMAGES, RunConfig
from digitlab.dataset import MNIST_FINGERPRINT, SAMPLE_FINGERPRINT, DigitSet
from digitlab.messages import Translator
from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics, ExecutionSettings, Untrained
from digitlab.scores import Scores

EN = Translator("en")
FLOAT32 = ExecutionSettings(threads=os.cpu_count() or 1)
BFLOAT16 = replace(FLOAT32, format="mixed_bfloat16")


def small(config: RunConfig, **changes) -> RunConfig:
    """A lesson's layers and training, on few images and with few filters."""
    few = {
        "train_images": 96,
        "epochs": 2,
        "batch_size": min(config.batch_size, 32),
        "filters1": 6,
        "filters2": 8,
    }
    return dataclasses.replace(config, **few | changes)


# These end before their time: their steps are too long, and the validation loss soon rises.
PATIENT = small(PRESETS["mlp-512-dropout"], learning_rate=0.005, epochs=12)
RESTLESS = small(
    PRESETS["mlp-128"],
    loss="mean_squared_error",
    optimizer="sgd",
    learning_rate=0.5,
    momentum=0.9,
    activation="tanh",
    hidden_layers=3,
    seed=7,
)
CASES: dict[str, tuple[RunConfig, ExecutionSettings]] = {
    **{name: (small(config), FLOAT32) for name, config in PRESETS.items()},
    "patient": (PATIENT, FLOAT32),
    "squared-error": (RESTLESS, FLOAT32),
    "bfloat16": (PATIENT, BFLOAT16),
}
# Of these only the text is looked at.
OTHERS: dict[str, tuple[RunConfig, ExecutionSettings]] = {
    "linear": (RunConfig(hidden_layers=0), FLOAT32),
    "bfloat16-cnn": (PRESETS["cnn-keras"], BFLOAT16),
    "bfloat16-none": (PRESETS["cnn-tutorial"], BFLOAT16),
    "deep": (RunConfig(network="cnn", blocks=3, filters1=256, validation="none"), FLOAT32),
}
AS_NOTEBOOK = "patient"  # its cells are run too, one after the other

# Runs each file named, as `python FILE` does, and writes what it printed last and measured.
_RUN_ALL = """
import contextlib, io, json, os, runpy, sys
from pathlib import Path

def run_notebook(path):
    names = {"__name__": "__main__"}
    for cell in json.loads(Path(path).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    return names

found = {}
for path in sys.argv[2:]:
    printed = io.StringIO()
    os.chdir(Path(path).parent)
    run = run_notebook if path.endswith(".ipynb") else runpy.run_path
    with contextlib.redirect_stdout(printed):
        names = run(path)
    lines = printed.getvalue().splitlines()
    untrained = [line for line in lines if line.startswith("untrained: ")]
    found[Path(path).name] = {
        "untrained": untrained, "last": lines[-1], "history": names["history"].history,
    }
    names["plt"].close("all")
    names["keras"].backend.clear_session()
assert not [name for name in sys.modules if name.startswith("digitlab")]
Path(sys.argv[1]).write_text(json.dumps(found))
"""


@pytest.fixture(scope="module")
def digits(tmp_path_factory) -> DigitSet:
    """The sample, its test set cut to 300 images: the file of images has to carry that."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DIGITLAB_HOME", str(tmp_path_factory.mktemp("lab")))
        whole = dataset.sample()
        dataset.forget()
    return dataclasses.replace(whole, x_test=whole.x_test[:300], y_test=whole.y_test[:300])


@pytest.fixture(scope="module")
def student(digits, tmp_path_factory) -> Iterator[Callable[[], dict[str, dict]]]:
    """One Python far from the lab that runs the code of all cases; a call waits for its figures."""
    folder = tmp_path_factory.mktemp("home of a student")
    paths = [path for name in CASES for path in taken_home(name, digits, folder)]
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERAS_BACKEND")}
    with (folder / "said.txt").open("wb") as said:
        python = subprocess.Popen(
            [sys.executable, "-c", _RUN_ALL, str(folder / "found.json"), *paths],
            cwd=folder,
            env=environment | {"MPLBACKEND": "agg"},
            stdout=said,
            stderr=said,
        )

    def found() -> dict[str, dict]:
        assert python.wait(timeout=300) == 0, (folder / "said.txt").read_text()[-4000:]
        return json.loads((folder / "found.json").read_text())

    with python:
        yield found
        python.kill()


def taken_home(name: str, digits: DigitSet, folder: Path) -> list[str]:
    """Save a case as a student does, and say which files of code there are."""
    config, execution = CASES[name]
    images = folder / export.images_name(config, digits.fingerprint)
    images.write_bytes(export.images(config, digits))
    code = export.script(config, digits.fingerprint, EN, execution=execution)
    (folder / f"{name}.py").write_text(code, encoding="utf-8")
    if name != AS_NOTEBOOK:
        return [str(folder / f"{name}.py")]
    cells = export.notebook(config, digits.fingerprint, EN, execution=execution)
    (folder / f"{name}.ipynb").write_bytes(cells)
    return [str(folder / f"{name}.py"), str(folder / f"{name}.ipynb")]


@pytest.fixture(scope="module")
def from_lab(digits, student) -> dict[str, tuple[Untrained, list[EpochMetrics]]]:
    """What the lab's own trainer reports of every case, while the student's Python runs."""
    pytest.importorskip("keras")
    from digitlab.training.trainer import train

    found = {}
    for name, (config, execution) in CASES.items():
        reports: list = []
        train(config, digits, reports.append, lambda file, data: None, lambda: False, execution)
        epochs = [report for report in reports if isinstance(report, EpochMetrics)]
        found[name] = (next(r for r in reports if isinstance(r, Untrained)), epochs)
    return found


@pytest.fixture(scope="module")
def from_code(student, from_lab) -> dict[str, dict]:
    """What every case's code printed and measured."""
    return student()


def figures(line: str) -> tuple[float, float]:
    """The loss and the accuracy in a line that the code prints."""
    loss, accuracy = line.partition(" loss ")[2].split(", accuracy ")
    return float(loss), float(accuracy)


# The figures --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_the_script_of_a_run_reaches_its_loss_and_accuracy(name, from_code, from_lab) -> None:
    untrained, epochs = from_lab[name]
    printed = from_code[f"{name}.py"]
    assert figures(printed["last"]) == pytest.approx(
        (epochs[-1].test_loss, epochs[-1].test_accuracy), abs=6e-5
    )
    assert figures(printed["untrained"][0]) == pytest.approx(
        (untrained.loss, untrained.accuracy), abs=6e-5
    )


@pytest.mark.parametrize("name", CASES)
def test_the_script_of_a_run_draws_its_curves(name, from_code, from_lab) -> None:
    history, (_, epochs) = from_code[f"{name}.py"]["history"], from_lab[name]
    for metric in ("loss", "accuracy", "val_loss", "val_accuracy"):
        measured = [getattr(epoch, metric) for epoch in epochs]
        if measured[0] is None:
            assert metric not in history
        else:
            assert history[metric] == pytest.approx(measured, abs=5e-5)


@pytest.mark.parametrize("name", ["patient", "bfloat16"])
def test_early_stopping_was_put_to_the_proof(name, from_lab) -> None:
    assert 3 <= len(from_lab[name][1]) < CASES[name][0].epochs


def test_bfloat16_is_another_run_than_float32(from_lab) -> None:
    assert from_lab["bfloat16"][1][0].loss != pytest.approx(
        from_lab["patient"][1][0].loss, abs=1e-4
    )


def test_the_cells_of_a_notebook_give_what_the_script_gives(from_code) -> None:
    cells, script = from_code[f"{AS_NOTEBOOK}.ipynb"], from_code[f"{AS_NOTEBOOK}.py"]
    assert (cells["untrained"], cells["last"]) == (script["untrained"], script["last"])


# The code -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", CASES | OTHERS)
def test_notebook_and_script_hold_the_same_code(name, language) -> None:
    config, execution = (CASES | OTHERS)[name]
    t, reached = Translator(language), Scores(0.1, 0.9)
    code = export.script(config, SAMPLE_FINGERPRINT, t, execution=execution, reached=reached)
    data = export.notebook(config, SAMPLE_FINGERPRINT, t, execution=execution, reached=reached)
    cells = json.loads(data)["cells"]
    from_cells = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    compile(code, name, "exec")
    assert ast.dump(ast.parse(from_cells)) == ast.dump(ast.parse(code))
    assert without_comments(code) == without_comments(from_cells)


def without_comments(code: str) -> list[str]:
    return [line for line in code.splitlines() if line and not line.startswith("#")]


def test_a_notebook_is_of_format_4_5() -> None:
    """As https://nbformat.readthedocs.io/en/latest/format_description.html asks for."""
    data = export.notebook(PRESETS["cnn-keras"], MNIST_FINGERPRINT, Translator("ja"))
    whole = json.loads(data.decode("utf-8"))
    assert set(whole) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (whole["nbformat"], whole["nbformat_minor"]) == (4, 5)
    assert whole["metadata"]["kernelspec"].keys() == {"display_name", "language", "name"}
    ids = [cell["id"] for cell in whole["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in whole["cells"]:
        needed = {"cell_type", "id", "metadata", "source"}
        if cell["cell_type"] == "code":
            needed |= {"execution_count", "outputs"}
            assert (cell["execution_count"], cell["outputs"]) == (None, [])
        assert set(cell) == needed
        assert cell["source"]
        assert all(line.endswith("\n") for line in cell["source"][:-1])


@pytest.mark.parametrize("name", PRESETS)
def test_a_script_fits_a_page_or_two(name) -> None:
    code = export.script(PRESETS[name], SAMPLE_FINGERPRINT, EN, reached=Scores(0.1, 0.9))
    assert len(code.splitlines()) <= 120
    assert max(map(len, code.splitlines())) <= 100


def test_a_script_imports_what_a_student_has() -> None:
    tree = ast.parse(export.script(PRESETS["cnn-keras"], MNIST_FINGERPRINT, EN))
    names = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert names == {"pathlib", "keras", "matplotlib", "numpy", "tensorflow"}


def test_a_script_says_what_the_run_reached() -> None:
    code = export.script(RunConfig(), MNIST_FINGERPRINT, EN, reached=Scores(0.07126, 0.97814))
    assert "# The run reached: loss 0.0713, accuracy 0.9781.\n" in code


def test_what_is_no_fingerprint_does_not_get_into_the_code() -> None:
    nasty = '"); import os  # \n../../"'
    assert export.images_name(RunConfig(), nasty) == "images-.npz"
    code = export.script(RunConfig(), nasty, EN)
    assert "import os" not in code
    assert ".." not in code.replace("...", "")


def test_threads_that_are_no_number_do_not_get_into_the_code() -> None:
    with pytest.raises(ValueError, match="format code"):
        export.script(
            RunConfig(), MNIST_FINGERPRINT, EN, execution=ExecutionSettings(threads="1)\nevil(")
        )  # type: ignore[arg-type]


# The images ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("validation", "count"), [("split", 50), ("test", 50), ("none", 50)])
def test_the_file_of_images_holds_the_run_s_and_no_pickle(digits, validation, count) -> None:
    config = RunConfig(train_images=count, validation=validation)
    data = export.images(config, digits)
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        assert sorted(file) == ["x_test", "x_train", "y_test", "y_train"]
        np.testing.assert_array_equal(file["x_train"], digits.x_train[:count])
        np.testing.assert_array_equal(file["y_train"], digits.y_train[:count])
        np.testing.assert_array_equal(file["x_test"], digits.x_test)
        np.testing.assert_array_equal(file["y_test"], digits.y_test)
        assert {file[name].dtype for name in file} == {np.dtype(np.uint8)}


def test_more_images_than_there_are_means_all(digits) -> None:
    with np.load(io.BytesIO(export.images(RunConfig(), digits))) as file:
        assert len(file["x_train"]) == len(digits.x_train) < ALL_IMAGES


def test_other_images_have_another_name() -> None:
    names = {
        export.images_name(RunConfig(train_images=count), fingerprint)
        for count in (600, 6_000, ALL_IMAGES)
        for fingerprint in (MNIST_FINGERPRINT, SAMPLE_FINGERPRINT)
    }
    assert len(names) == 6
