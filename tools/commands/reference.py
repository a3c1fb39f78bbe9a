"""``reference``: trains a bundled model, or fits the out-of-distribution rule."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digitlab import dataset, models, out_of_distribution
from digitlab.messages import LabError, Translator, mark, message
from tools.bundled import mnist_only, out_of_distribution_fit
from tools.bundled.reference import Recipe, train_reference

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
        metavar="PATH",
        help=t("the model file to write; the main model writes two more beside it"),
    )
    parser.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help=t("how many times all images are seen"),
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument(
        "--mnist-only",
        action="store_true",
        help=t("train the second model instead: the lesson cnn-keras on MNIST alone"),
    )
    other.add_argument(
        "--out-of-distribution",
        action="store_true",
        help=t("train nothing: fit the rule that calls a drawing unsure"),
    )


def run(options: argparse.Namespace, t: Translator) -> int:
    """Train (the main model for half an hour on two cores) or fit, and print figures as JSON."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    mnist = options.mnist or _full_mnist()
    if options.epochs is not None and options.epochs < 1:
        raise LabError(message("--epochs must be 1 or more, not {epochs}.", epochs=options.epochs))
    pen, output, epochs = options.pen_strokes, options.output, options.epochs
    if options.out_of_distribution:
        made = out_of_distribution_fit.fit_bundled(mnist, pen, output or out_of_distribution.TABLE)
    elif options.mnist_only:
        made = mnist_only.train_lesson(mnist, pen, output or models.MNIST_ONLY, _report, epochs)
    else:
        recipe = Recipe() if epochs is None else Recipe(epochs=epochs)
        made = train_reference(mnist, pen, output or models.BUNDLED, recipe, _report)
    print(json.dumps(made))
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
