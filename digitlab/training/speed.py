"""How fast this machine trains, measured once and kept, and the pace each run is trained at.

Number format and threads are measured on two small networks in processes of their own, because
TensorFlow fixes its threads when it starts. Until that is done, float32 and every core are used.
"""

from __future__ import annotations

import json
import math
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dask.system import CPU_COUNT

from digitlab import disk
from digitlab.config import RunConfig
from digitlab.home import home
from digitlab.layers import Layer, layers_of
from digitlab.presets import PRESETS
from digitlab.progress import NumberFormat, Pace

# The network of each kind that is measured.
MEASURED = {"mlp": PRESETS["mlp-128"], "cnn": PRESETS["cnn-keras"]}
# An execution should be short enough to stop and to draw, long enough to be worth a call.
_EXECUTION_SECONDS = 0.2
_MOST_STEPS = 20
_STEP_OVERHEAD_SECONDS = 0.001
# Moving a layer's output and its gradient takes as long as so many multiplications: fitted to the
# lessons' speeds, where counting multiplications alone is wrong by five times for small CNNs.
_MULTIPLICATIONS_PER_VALUE = 200
_REPORTS_PER_EPOCH = 10  # at least so many points of the curve, where there are as many batches
# Loading TensorFlow anew in a worker, to change its threads.
_RESTART_SECONDS = 6.0
# Images a second assumed where nothing was measured: a slow core's.
_ASSUMED = {"mlp": 10_000.0, "cnn": 600.0}


@dataclass(frozen=True)
class Measurement:
    """Images a second that ``MEASURED[network]`` trains at with this format and these threads."""

    network: str
    format: NumberFormat
    threads: int
    images_per_second: float


def pace_for(
    config: RunConfig, images: int, measured: Sequence[Measurement], loaded_threads: int | None
) -> Pace:
    """The pace at which ``config`` is soonest trained on ``images`` images an epoch.

    Args:
        config: the run to be trained.
        images: training images of one epoch.
        measured: this machine's measurements; may be empty.
        loaded_threads: threads of the worker that is up; others cost loading TensorFlow again.
    """
    known = [row for row in measured if row.network == config.network]
    if not known:
        assumed = _ASSUMED[config.network] * min(CPU_COUNT, 2)
        return _pace("float32", loaded_threads or CPU_COUNT, config, images, assumed)
    work = images * config.epochs * _work(config)

    def seconds(row: Measurement) -> float:
        restart = _RESTART_SECONDS if loaded_threads not in (None, row.threads) else 0.0
        return work / row.images_per_second + restart

    best = min(known, key=seconds)
    return _pace(best.format, best.threads, config, images, best.images_per_second)


def _pace(
    number_format: NumberFormat, threads: int, config: RunConfig, images: int, speed: float
) -> Pace:
    step = config.batch_size * _work(config) / speed + _STEP_OVERHEAD_SECONDS
    drawable = images // (config.batch_size * _REPORTS_PER_EPOCH)
    steps = min(int(_EXECUTION_SECONDS / step), drawable, _MOST_STEPS)
    return Pace(number_format, threads, max(1, steps))


def _work(config: RunConfig) -> float:
    """How much more an image costs than in the network that was measured."""
    return _cost(layers_of(config)) / _cost(layers_of(MEASURED[config.network]))


def _cost(layers: Iterable[Layer]) -> int:
    """Time for one image in no unit: multiplications, and values that go through memory."""
    return sum(
        layer.multiplications + _MULTIPLICATIONS_PER_VALUE * math.prod(layer.output)
        for layer in layers
    )


def seconds_per_epoch(config: RunConfig, images: int, measured: Sequence[Measurement]) -> float:
    """Roughly how long one epoch of ``config`` on ``images`` images takes here, in seconds."""
    known = [row.images_per_second for row in measured if row.network == config.network]
    rate = max(known, default=_ASSUMED[config.network])
    steps = images / config.batch_size
    return images * _work(config) / rate + steps * _STEP_OVERHEAD_SECONDS


def load() -> tuple[Measurement, ...]:
    """This machine's measurements; empty where none were made on it."""
    try:
        data = json.loads(_file().read_text(encoding="utf-8"))
        if data["machine"] != machine():
            return ()
        return tuple(Measurement(**row) for row in data["measurements"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def save(measurements: Iterable[Measurement]) -> None:
    """Keep the measurements for this machine.

    Raises:
        StorageError: the disk does not take them.
    """
    rows = [asdict(row) for row in measurements]
    disk.write(_file(), json.dumps({"machine": machine(), "measurements": rows}).encode())


class Calibration:
    """Measures this machine once, a thread count after the other, while nobody trains."""

    def __init__(self) -> None:
        self._todo = [] if load() else list(_thread_counts())
        self._done: list[Measurement] = []
        self._process: subprocess.Popen[str] | None = None

    def go_on(self) -> None:
        """Start the next measurement, or collect one that is done; returns at once."""
        if self._process is not None and self._process.poll() is not None:
            self._collect(self._process)
        elif self._process is None and self._todo:
            self._process = _start(self._todo[0])

    def pause(self) -> None:
        """End a measurement that is under way; it is made again later."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def run(self) -> tuple[Measurement, ...]:
        """Measure everything now, and wait for it."""
        self._todo, self._done = list(_thread_counts()), []
        while self._todo:
            self._collect(_start(self._todo[0]))
        return tuple(self._done)

    def _collect(self, process: subprocess.Popen[str]) -> None:
        printed, _ = process.communicate()
        self._process = None
        self._todo.pop(0)
        if process.returncode == 0:
            self._done += [Measurement(**row) for row in json.loads(printed)]
        if not self._todo and self._done:
            save(self._done)


def _start(threads: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "digitlab.training.calibration", str(threads)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip


def _thread_counts() -> tuple[int, ...]:
    return (1,) if CPU_COUNT == 1 else (1, CPU_COUNT)


def _file() -> Path:
    return home() / "speed.json"


def machine() -> dict[str, Any]:
    """What measurements on this machine depend on: its processor, cores and Python."""
    return {"processor": _processor(), "cores": CPU_COUNT, "python": platform.python_version()}


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
