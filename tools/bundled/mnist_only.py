"""Trains the second bundled model: the lesson ``cnn-keras`` on MNIST alone.

It shows the effect of a distribution shift, since it was trained on no digit drawn with a pen on a
tablet. It is trained by ``trainer.train``, like any run of the lab.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from digitlab import dataset
from digitlab.dataset.digits import ARRAYS, fingerprint
from digitlab.messages import LabError, message
from digitlab.network import Network
from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics, ExecutionSettings, Report, Untrained
from tools.bundled.reference import (
    PEN_HELD_OUT,
    ReportFigures,
    allowed_rows,
    measure,
    read_pen_digits,
)

LESSON = "cnn-keras"
EXECUTION = ExecutionSettings("float32", threads=2)


def train_lesson(
    mnist: Path,
    pen_strokes: Path,
    output: Path,
    report: ReportFigures,
    epochs: int | None = None,
) -> dict[str, Any]:
    """Train the lesson, write ``output`` (float16) with its accuracies, and return them.

    ``epochs`` replaces the lesson's number. The pen digits are for testing only.

    Raises:
        LabError: a data file is refused, the folder of ``output`` is missing, or the training ended
            early.
    """
    if not output.parent.is_dir():
        raise LabError(message("There is no folder {path}.", path=str(output.parent)))
    digits, pen = dataset.load(mnist), read_pen_digits(pen_strokes)
    last = trained(without_the_samples_test(digits), report, epochs)
    last.save(output, dtype="float16")
    measured = measure(Network.load(output), digits, pen.part(PEN_HELD_OUT))
    accuracies = {name: part["accuracy"] for name, part in measured.items()}
    about = {"name": "mnist-only", "lesson": LESSON, "accuracy": accuracies}
    named = Network(last.layers, last.weights, dict(last.about) | about)
    named.save(output, dtype="float16")
    return measured


def without_the_samples_test(digits: dataset.DigitSet) -> dataset.DigitSet:
    """The set without the training images that are in the test part of the bundled sample."""
    rows = allowed_rows(digits.x_train, dataset.sample().x_test)
    arrays = {name: getattr(digits, name) for name in ARRAYS}
    arrays |= {name: arrays[name][rows] for name in ("x_train", "y_train")}
    return dataclasses.replace(digits, **arrays, fingerprint=fingerprint(arrays))


def trained(digits: dataset.DigitSet, report: ReportFigures, epochs: int | None = None) -> Network:
    """The lesson's network after its last epoch on ``digits``.

    Raises:
        LabError: the training diverged.
    """
    from digitlab.training.loading import use_threads

    use_threads(EXECUTION.threads)
    from digitlab.training import trainer  # loads Keras

    config = PRESETS[LESSON]
    if epochs is not None:
        config = dataclasses.replace(config, epochs=epochs)
    files: dict[str, bytes] = {}

    def report_epochs(progress: Report) -> None:
        if isinstance(progress, Untrained | EpochMetrics):
            report(asdict(progress))

    outcome = trainer.train(
        config, digits, report_epochs, files.__setitem__, lambda: False, EXECUTION
    )
    if outcome.ending != "finished":
        raise LabError(
            message("The training ended before its last epoch ({ending}).", ending=outcome.ending)
        )
    return Network.load(files[f"weights-{outcome.kept_epoch:03d}.npz"])
