"""The code of a run gives the run's own figures, in a Python that knows nothing of the lab."""

import ast
import dataclasses
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from student import BFLOAT16, FLOAT32, code_in, figures, notebook, running, same_code, script

from digitlab import dataset, export
from digitlab.config import ALL_IMAGES, RunConfig
from digitlab.dataset import MNIST_FINGERPRINT, SAMPLE_FINGERPRINT, DigitSet
from digitlab.messages import Translator
from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics, ExecutionSettings, Untrained
from digitlab.scores import Scores


def small(config: RunConfig, **changes) -> RunConfig:
    """A lesson's layers and training, on few images and with few filters."""
    few = {"train_images": 96, "epochs": 2, "batch_size": min(config.batch_size, 32)}
    return dataclasses.replace(config, **few | {"filters1": 6, "filters2": 8} | changes)


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


@pytest.fixture(scope="module")
def digits(tmp_path_factory) -> DigitSet:
    """The sample, its test set cut to 300 images: the file of images has to carry that."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DIGITLAB_HOME", str(tmp_path_factory.mktemp("lab")))
        whole = dataset.sample()
        dataset.forget()
    return dataclasses.replace(whole, x_test=whole.x_test[:300], y_test=whole.y_test[:300])


@pytest.fixture(scope="module")
def student(digits, tmp_path_factory) -> Iterator[Callable[[], dict[str, Any]]]:
    """Runs the code of all cases, saved as a student does; a call waits for its figures."""
    folder, paths = tmp_path_factory.mktemp("home of a student"), []
    for name, (config, execution) in CASES.items():
        images = folder / export.images_name(config, digits.fingerprint)
        images.write_bytes(export.images(config, digits))
        parts = export.parts(config, digits.fingerprint, Translator("en"), execution=execution)
        paths.append(folder / f"{name}.py")
        paths[-1].write_text(export.script(parts), encoding="utf-8")
        if name == AS_NOTEBOOK:
            paths.append(folder / f"{name}.ipynb")
            paths[-1].write_bytes(export.notebook(parts))
    with running(folder, paths) as found:
        yield found


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
def from_code(student, from_lab) -> dict[str, Any]:
    """What every case's code printed and measured."""
    return student()


@pytest.mark.parametrize("name", CASES)
def test_the_script_of_a_run_reaches_its_loss_and_accuracy(name, from_code, from_lab) -> None:
    untrained, epochs = from_lab[name]
    printed = from_code[f"{name}.py"]
    assert figures(printed["last"]) == pytest.approx(
        (epochs[-1].test_loss, epochs[-1].test_accuracy), abs=6e-5
    )
    assert figures(printed["before"][0]) == pytest.approx(
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
    assert (cells["before"], cells["last"]) == (script["before"], script["last"])
    assert cells["before"]


# The code -----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", CASES | OTHERS)
def test_notebook_and_script_hold_the_same_code(name, language) -> None:
    config, execution = (CASES | OTHERS)[name]
    t, reached = Translator(language), Scores(0.1, 0.9)
    parts = export.parts(config, SAMPLE_FINGERPRINT, t, execution=execution, reached=reached)
    code, cells = export.script(parts), code_in(export.notebook(parts))
    compile(code, name, "exec")
    assert same_code(cells, code)
    assert without_comments(cells) == without_comments(code)


def without_comments(code: str) -> list[str]:
    return [line for line in code.splitlines() if line and not line.startswith("#")]


def test_a_notebook_is_of_format_4_5() -> None:
    """As https://nbformat.readthedocs.io/en/latest/format_description.html asks for."""
    whole = json.loads(notebook(PRESETS["cnn-keras"], t=Translator("ja")))
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
    code = script(PRESETS[name], SAMPLE_FINGERPRINT, reached=Scores(0.1, 0.9))
    assert len(code.splitlines()) <= 120
    assert max(map(len, code.splitlines())) <= 100


def test_a_script_imports_what_a_student_has() -> None:
    names = set()
    for node in ast.walk(ast.parse(script(PRESETS["cnn-keras"]))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    assert names == {"pathlib", "keras", "matplotlib", "numpy", "tensorflow"}


def test_a_script_says_what_the_run_reached() -> None:
    code = script(RunConfig(), reached=Scores(0.07126, 0.97814))
    assert "# The run reached: loss 0.0713, accuracy 0.9781.\n" in code


def test_what_is_no_fingerprint_does_not_get_into_the_code() -> None:
    nasty = '"); import os  # \n../../"'
    assert export.images_name(RunConfig(), nasty) == "images-.npz"
    code = script(RunConfig(), nasty)
    assert "import os" not in code
    assert ".." not in code.replace("...", "")


def test_threads_that_are_no_number_do_not_get_into_the_code() -> None:
    evil: Any = "1)\nevil("
    with pytest.raises(ValueError, match="format code"):
        script(RunConfig(), execution=ExecutionSettings(threads=evil))


# The images ---------------------------------------------------------------------------------


@pytest.mark.parametrize("validation", ["split", "test", "none"])
def test_the_file_of_images_holds_the_run_s_and_no_pickle(digits, validation) -> None:
    data = export.images(RunConfig(train_images=50, validation=validation), digits)
    expected = {
        "x_train": digits.x_train[:50],
        "y_train": digits.y_train[:50],
        "x_test": digits.x_test,
        "y_test": digits.y_test,
    }
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        assert set(file) == set(expected)
        for name, images in expected.items():
            np.testing.assert_array_equal(file[name], images)
            assert file[name].dtype == np.uint8


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
