"""``bench``: measures the lab's speed on this machine, and prints it as JSON."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from digitlab import dataset, models, out_of_distribution
from digitlab.messages import LabError, Translator, mark, message
from digitlab.training import speed
from tools.bench import draw, inspect, learners, many, runs, train, wait

ABOUT = mark("Measure this machine and print the figures as JSON.")


def add_arguments(parser: argparse.ArgumentParser, t: Translator) -> None:
    """The options of ``bench``."""
    parser.add_argument("name", choices=sorted(BENCHES), help=t("what to measure"))
    parser.add_argument(
        "--pen-strokes",
        type=Path,
        metavar="PATH",
        default=os.environ.get("DIGITLAB_PEN_STROKES"),
        help=t("for out-of-distribution: the pen digits, an .npz; or DIGITLAB_PEN_STROKES"),
    )
    group = parser.add_argument_group(t("for learners, a simulation"))
    group.add_argument("--learners", type=int, default=1_000, help=t("people who train"))
    group.add_argument(
        "--seconds",
        type=float,
        nargs="+",
        default=[6.0],
        help=t("how long runs take on a worker, as bench train has measured it"),
    )
    group.add_argument(
        "--think", type=float, default=120.0, help=t("seconds between a result and the next Start")
    )
    group.add_argument(
        "--most", type=float, default=10.0, help=t("seconds that 19 of 20 may wait at most")
    )


def run(options: argparse.Namespace, t: Translator) -> int:
    """Measure, and print one JSON object."""
    print(json.dumps(BENCHES[options.name](options)))
    return 0


def training_speed() -> dict[str, Any]:
    """Images per second for each number format and thread count.

    They are saved for later runs, unless other processes used the processor meanwhile.
    """
    trial = speed.Calibration().run()
    rows = [asdict(row) for row in trial.measurements]
    return {"speed": rows, "quiet": trial.quiet, "kept": trial.quiet and bool(rows)}


def rejection_rates(options: argparse.Namespace) -> dict[str, Any]:
    """How often digits, and drawings of no digit, are judged out of distribution.

    Raises:
        LabError: the pen digits are not named, or not there.
    """
    from tools.bundled import out_of_distribution_fit as fit
    from tools.bundled import reference

    if not options.pen_strokes:
        raise LabError(
            message(
                "This measurement needs the pen digits: name their file with --pen-strokes or in "
                "DIGITLAB_PEN_STROKES."
            )
        )
    pen = reference.read_pen_digits(Path(options.pen_strokes))
    digits = dataset.current().digits
    tests = digits.x_test if digits.name == "mnist" else None
    return fit.measure(models.bundled(), out_of_distribution.table(), pen, tests)


BENCHES: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "draw": lambda options: draw.measure(),
    "inspect": lambda options: inspect.measure(),
    "learners": lambda options: learners.measure(
        options.learners, options.seconds, options.think, options.most
    ),
    "many": lambda options: many.measure(),
    "runs": lambda options: runs.measure(),
    "train": lambda options: train.measure(),
    "wait": lambda options: wait.measure(),
    "speed": lambda options: training_speed(),
    "out-of-distribution": rejection_rates,
}
