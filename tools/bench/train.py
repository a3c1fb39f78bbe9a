"""How long a person waits for a lesson, against the lesson's own script, pair by pair."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from digitlab.training import speed

# Epochs and training images of each lesson: enough of it to tell.
LESSONS = {
    "mlp-128": (10, 60_000),
    "mlp-64": (2, 60_000),
    "mlp-512": (4, 60_000),
    "cnn-filters": (4, 60_000),
    "cnn-keras": (2, 20_000),
    "cnn-tutorial": (2, 10_000),
}


def measure(lessons: Mapping[str, tuple[int, int]] = LESSONS, rounds: int = 2) -> dict[str, Any]:
    """Seconds of the whole training, ours and the script's, and the ratio script / ours.

    Ours are from the first weights to the stored result, through the real worker and without its
    start; the script's are from ``fit`` to the end of ``evaluate``. Which of a pair comes first
    alternates.
    """
    found = {}
    for lesson, (epochs, images) in lessons.items():
        settings = (f"epochs={epochs}", f"train_images={images}", "patience=0")
        pairs = []
        for number in range(rounds):
            order = (_script, _ours) if number % 2 else (_ours, _script)
            pairs.append({side.__name__[1:]: side(lesson, settings) for side in order})
        ratios = [pair["script"]["seconds"] / pair["ours"]["seconds"] for pair in pairs]
        found[lesson] = {"ratio": statistics.median(ratios), "pairs": pairs}
    ratios = [row["ratio"] for row in found.values()]
    return {
        "train": found,
        "geometric_mean": statistics.geometric_mean(ratios),
        "least": min(ratios),
        "machine": speed.machine()
        | {"bfloat16": speed.has_bfloat16(), "isa": os.environ.get("ONEDNN_MAX_CPU_ISA")},
    }


def _script(lesson: str, settings: Sequence[str]) -> dict[str, Any]:
    return _printed("tools.bench.plain_fit", lesson, *settings)


def _ours(lesson: str, settings: Sequence[str]) -> dict[str, Any]:
    changes = [option for setting in settings for option in ("--set", setting)]
    ran = _printed("digitlab", "train", "--preset", lesson, "--json", *changes)
    return {
        "seconds": ran["seconds"],
        "accuracy": ran["test"]["accuracy"],
        "images_per_second": ran["images_per_second"],
        "execution": ran["execution"],
    }


def _printed(module: str, *arguments: str) -> dict[str, Any]:
    """The JSON object that a module prints, which is run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed
