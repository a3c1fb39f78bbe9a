"""``reference``: train the bundled model again."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digitlab import dataset, models
from digitlab.messages import LabError, Translator, mark, message
from digitlab.reference import Recipe, train_reference

ABOUT = mark("Train the model that comes with the lab, and write its files.")


def add_arguments(parser: argparse.ArgumentParser, t: Translator) -> None:
    """The options of ``reference``."""
    parser.add_argument(
        "--mnist",
        type=Path,
        metavar="PATH",
        help=t("full MNIST; without it, the set that the lab has"),
    )
    parser.add_argument(
        "--pen-strokes",
        type=Path,
        required=True,
        metavar="PATH",
        help=t("the pen digits, an .npz; see the model card"),
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=models.BUNDLED,
        metavar="PATH",
        help=t("the model file to write; two more are written beside it"),
    )
    parser.add_argument(
        "--epochs",
        type=int,
        default=Recipe().epochs,
        metavar="N",
        help=t("how many times all images are seen"),
    )


def run(options: argparse.Namespace, t: Translator) -> int:
    """Train the model, about half an hour on two cores, and print its accuracies as JSON."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    mnist = options.mnist or _full_mnist()
    if options.epochs < 1:
        raise LabError(message("--epochs must be 1 or more, not {epochs}.", epochs=options.epochs))
    measured = train_reference(
        mnist, options.pen_strokes, options.output, Recipe(epochs=options.epochs), _report
    )
    print(json.dumps(measured))
    return 0


def _full_mnist() -> Path:
    digits = dataset.current().digits
    if digits.name != "mnist":
        raise LabError(
            message(
                "The bundled model is trained on full MNIST, and the lab has only its sample: get "
                "the full set with python -m digitlab fetch, or name a file with --mnist."
            )
        )
    return digits.path


def _report(progress: Mapping[str, Any]) -> None:
    print(json.dumps(dict(progress)), file=sys.stderr, flush=True)
