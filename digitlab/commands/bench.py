"""``bench``: measure something on this machine, and print it as JSON."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from digitlab import bench_draw, speed
from digitlab.messages import Translator, mark

ABOUT = mark("Measure this machine and print the figures as JSON.")


def add_arguments(parser: argparse.ArgumentParser, t: Translator) -> None:
    """The options of ``bench``."""
    parser.add_argument("name", choices=sorted(BENCHES), help=t("what to measure"))


def run(options: argparse.Namespace, t: Translator) -> int:
    """Measure, and print one JSON object."""
    print(json.dumps(BENCHES[options.name]()))
    return 0


def training_speed() -> dict[str, Any]:
    """Images a second for each number format and thread count; kept for the runs to come."""
    return {"speed": [asdict(row) for row in speed.Calibration().run()]}


BENCHES = {"draw": bench_draw.measure, "speed": training_speed}
