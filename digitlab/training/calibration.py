"""Measures this machine's training speed in a process of its own, and prints it as JSON."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import get_args

import numpy as np
import psutil

from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.dataset import DigitSet
from digitlab.progress import ExecutionSettings, NumberFormat
from digitlab.training.loading import lower_priority, use_threads
from digitlab.training.speed import MEASURED, Measurement, Timing, is_quiet

_BATCHES = {"mlp-128": 300, "mlp-512": 100, "cnn-filters": 50, "cnn-keras": 6}
_SECONDS = 8.0  # then a number format that the processor only emulates is given up


def measure(threads: int) -> Timing:
    """Train each measured network briefly in each number format, with ``threads`` threads.

    A format in which nothing was trained in time is left out of the measurements.
    """
    use_threads(threads)
    began, idle, own = time.perf_counter(), psutil.cpu_times().idle, time.process_time()
    rows = tuple(
        Measurement(network, number_format, threads, speed)
        for network in MEASURED
        for number_format in get_args(NumberFormat)
        if (speed := _speed(network, number_format)) > 0
    )
    seconds, idle = time.perf_counter() - began, psutil.cpu_times().idle - idle
    return Timing(rows, is_quiet(threads, seconds, idle, time.process_time() - own))


def _speed(network: str, number_format: NumberFormat) -> float:
    """Images trained per second; 0 where the time ran out before anything was measured."""
    from digitlab.training.trainer import train

    images = _BATCHES[network] * MEASURED[network].batch_size
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (images, IMAGE_SIZE, IMAGE_SIZE), np.uint8)
    y = rng.integers(0, DIGITS, images).astype(np.uint8)
    config = dataclasses.replace(
        MEASURED[network], epochs=1, train_images=images, validation="none", patience=0
    )
    deadline = time.monotonic() + _SECONDS
    outcome = train(
        config,
        DigitSet("sample", x, y, x[:1], y[:1], path=Path(), fingerprint=""),
        lambda report: None,
        lambda name, data: None,
        lambda: time.monotonic() > deadline,
        ExecutionSettings(number_format, threads=0),
    )
    return outcome.images_per_second


def main() -> None:
    """Print the measurements for the number of threads on the command line."""
    lower_priority()  # of the whole process: TensorFlow has started no thread yet
    print(json.dumps(dataclasses.asdict(measure(int(sys.argv[1])))))


if __name__ == "__main__":
    main()
