"""This machine's measured training speed, and the execution settings chosen from it for each run.

Number formats and thread counts are measured on four networks in processes of their own, because
TensorFlow fixes its threads when it starts. Another network is taken to be like the measured one of
its kind that is nearest in work; until there is one, the settings are a guess.

A measurement made while other processes used the processor is discarded, and repeated after a
while. All are repeated after a month.
"""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import math
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dask.system import CPU_COUNT

from digitlab import disk
from digitlab.config import RunConfig
from digitlab.home import home
from digitlab.layers import layers_of
from digitlab.presets import PRESETS
from digitlab.progress import ExecutionSettings, NumberFormat

log = logging.getLogger(__name__)

# The networks that are measured: a small and a large one of each kind.
MEASURED = {name: PRESETS[name] for name in ("mlp-128", "mlp-512", "cnn-filters", "cnn-keras")}
_STEP_OVERHEAD_SECONDS = 0.001
# The memory traffic of a layer's output and its gradient, in multiplications: fitted to the
# lessons' speeds. Counting multiplications alone is five times off for small CNNs.
_MULTIPLICATIONS_PER_VALUE = 200
# Restarting a worker with another number of threads, and loading TensorFlow in it.
_RESTART_SECONDS = 6.0
_LONG_GUESS = 10  # restarts that a run must take before one is made for a guess
# Images per second assumed where nothing was measured: a slow core's.
_ASSUMED = {"mlp": ("mlp-128", 10_000.0), "cnn": ("cnn-keras", 600.0)}
# Multiplications an image from which on an MLP gains by bfloat16, where that is not emulated.
_LARGE_MLP = 400_000
# Earlier versions saved this speed for a network that they had not measured.
_PLACEHOLDER = 1.0
# A measurement counts if this share of the cores it needs was free.
_FREE_SHARE = 0.9
_AGAIN_SECONDS = 120.0  # until a busy machine is measured again; twice as long each time
_LONGEST_AGAIN_SECONDS = 1800.0
_STALE_SECONDS = 30 * 24 * 3600.0
_MOST_TRIES = 3  # while a person waits for the measurement


@dataclass(frozen=True)
class Measurement:
    """The training speed of ``MEASURED[network]`` with a number format and a thread count."""

    network: str
    format: NumberFormat
    threads: int
    images_per_second: float


@dataclass(frozen=True)
class Timing:
    """One process's measurements; ``quiet`` says whether it had the cores it needs."""

    measurements: tuple[Measurement, ...]
    quiet: bool


def is_quiet(threads: int, seconds: float, idle: float, own: float) -> bool:
    """Whether a measurement had the cores that it needs to itself; others may use the rest.

    Args:
        threads: TensorFlow's threads.
        seconds: how long the measurement took.
        idle: seconds that the machine's cores were idle meanwhile, summed over the cores.
        own: seconds of processor time that the measurement itself used.
    """
    return seconds > 0 and (idle + own) / seconds >= _FREE_SHARE * threads


def execution_for(
    config: RunConfig,
    images: int,
    measured: Sequence[Measurement],
    loaded_threads: int | None,
    *,
    alone: bool = True,
) -> ExecutionSettings:
    """The fastest execution settings for training ``config`` on ``images`` images per epoch.

    Args:
        config: the run to be trained.
        images: training images of one epoch.
        measured: this machine's measurements; may be empty.
        loaded_threads: of the running worker; another number means restarting it.
        alone: other runs do not need the cores; where they do, it is one thread.
    """
    if not alone:
        measured, loaded_threads = single_threaded(measured), 1
    rows = _nearest(config, measured)
    if not rows:
        number_format: NumberFormat = "float32"
        large = sum(layer.multiplications for layer in layers_of(config)) > _LARGE_MLP
        if has_bfloat16() and (config.network == "cnn" or large):
            number_format = "mixed_bfloat16"
        threads = 1 if config.network == "mlp" else CPU_COUNT
        seconds_in_all = config.epochs * seconds_per_epoch(config, images, ())
        if loaded_threads and (not alone or seconds_in_all < _LONG_GUESS * _RESTART_SECONDS):
            threads = loaded_threads
        return ExecutionSettings(number_format, threads)

    def seconds(row: Measurement) -> float:
        restart = _RESTART_SECONDS if loaded_threads not in (None, row.threads) else 0.0
        return images * config.epochs / _rate(config, row) + restart

    best = min(rows, key=seconds)
    return ExecutionSettings(best.format, best.threads)


def _nearest(config: RunConfig, measured: Sequence[Measurement]) -> list[Measurement]:
    """The measurements of the network of this kind that is nearest in work; may be empty."""
    rows = [row for row in measured if MEASURED[row.network].network == config.network]
    aim = math.log(work(config))
    name = min(
        {row.network for row in rows},
        key=lambda name: abs(math.log(work(MEASURED[name])) - aim),
        default=None,
    )
    return [row for row in rows if row.network == name]


def _rate(config: RunConfig, row: Measurement) -> float:
    """Images of ``config`` trained per second, from those of the measured network."""
    return row.images_per_second * work(MEASURED[row.network]) / work(config)


def single_threaded(measured: Iterable[Measurement]) -> tuple[Measurement, ...]:
    """The measurements with one thread, as runs train side by side."""
    return tuple(row for row in measured if row.threads == 1)


@functools.lru_cache(4096)
def work(config: RunConfig) -> float:
    """What training on one image costs, in multiplications; memory traffic counts as some."""
    return sum(
        layer.multiplications + _MULTIPLICATIONS_PER_VALUE * math.prod(layer.output)
        for layer in layers_of(config)
    )


@functools.cache
def has_bfloat16() -> bool:
    """Whether this processor multiplies ``bfloat16``; others emulate it, several times as slow.

    Linux alone tells. ``ONEDNN_MAX_CPU_ISA`` may keep TensorFlow from using it.
    """
    if os.environ.get("ONEDNN_MAX_CPU_ISA", "ALL").upper() not in ("ALL", "DEFAULT"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def seconds_per_epoch(
    config: RunConfig,
    images: int,
    measured: Sequence[Measurement],
    execution: ExecutionSettings | None = None,
) -> float:
    """Roughly how long one epoch of ``config`` on ``images`` images takes here, in seconds.

    With the format and threads of ``execution`` where they were measured, else with the fastest.
    """
    wanted = execution and (execution.format, execution.threads)
    name, assumed = _ASSUMED[config.network]
    known = _nearest(config, measured) or [Measurement(name, "float32", 1, assumed)]
    same = [row for row in known if (row.format, row.threads) == wanted]
    rate = max(_rate(config, row) for row in same or known)
    steps = images / config.batch_size
    return images / rate + steps * _STEP_OVERHEAD_SECONDS


def load() -> tuple[Measurement, ...]:
    """This machine's measurements; empty where none were made on it."""
    return _read()[0]


def _read() -> tuple[tuple[Measurement, ...], float]:
    """This machine's measurements, and their time in seconds since 1970."""
    try:
        data = json.loads(_file().read_text(encoding="utf-8"))
        if data["machine"] != machine():
            return (), 0.0
        rows = (Measurement(**row) for row in data["measurements"])
        measured = tuple(
            row
            for row in rows
            if row.network in MEASURED and _PLACEHOLDER < row.images_per_second < math.inf
        )
        return measured, float(data.get("when", 0.0))
    except (OSError, ValueError, KeyError, TypeError):
        return (), 0.0


def save(measurements: Iterable[Measurement]) -> None:
    """Save the measurements of this machine.

    Raises:
        StorageError: they cannot be written.
    """
    rows = [asdict(row) for row in measurements]
    kept = {"machine": machine(), "when": time.time(), "measurements": rows}
    disk.write(_file(), json.dumps(kept).encode())


class Calibration:
    """Measures this machine in the background, one thread count after the other."""

    def __init__(self) -> None:
        measured, when = _read()
        fresh = measured and time.time() - when < _STALE_SECONDS
        self._todo = [] if fresh else _thread_counts()
        self._done: list[Measurement] = []
        self._process: subprocess.Popen[str] | None = None
        # After a trial on a busy machine: seconds until the next, and its time on the clock.
        self._pause, self._next = _AGAIN_SECONDS, 0.0

    def resume(self) -> None:
        """Start the next measurement, or collect a finished one; returns at once."""
        if self._process is None:
            if self._todo and time.monotonic() >= self._next:
                self._process = _start(self._todo[0])
            return
        if self._process.poll() is None:
            return
        timing = _timing(self._process)
        self._process = None
        if not timing.quiet:
            self._next = time.monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_AGAIN_SECONDS)
            return
        self._todo.pop(0)
        self._done += timing.measurements
        if not self._todo and self._done:
            save(self._done)

    def pause(self) -> None:
        """Kill a running measurement; it is repeated later."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def run(self) -> Timing:
        """Measure everything now, and wait; the results are saved if all trials were quiet."""
        rows: list[Measurement] = []
        quiet = True
        for threads in _thread_counts():
            for _ in range(_MOST_TRIES):
                timing = _timing(_start(threads))
                if timing.quiet:
                    break
            rows += timing.measurements
            quiet = quiet and timing.quiet
        if quiet and rows:
            save(rows)
        return Timing(tuple(rows), quiet)


def _timing(process: subprocess.Popen[str]) -> Timing:
    """A measuring process's result; where it failed an empty one, which is not repeated."""
    printed, _ = process.communicate()
    if process.returncode != 0:
        log.warning("this machine's speed was not measured: exit status %s", process.returncode)
        return Timing((), quiet=True)
    found = json.loads(printed)
    return Timing(tuple(Measurement(**row) for row in found["measurements"]), found["quiet"])


def _start(threads: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "digitlab.training.calibration", str(threads)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def _thread_counts() -> list[int]:
    return sorted({1, CPU_COUNT})


def _file() -> Path:
    return home() / "speed.json"


def machine() -> dict[str, Any]:
    """What measurements on this machine depend on: its processor, cores and Python."""
    processor = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.partition(":")[2].strip()
                break
    return {"processor": processor, "cores": CPU_COUNT, "python": platform.python_version()}
