"""What the training engine asks of a worker process, by name; runs inside the worker.

One run is trained at a time, in the worker's task thread. Meanwhile the engine calls the other
functions here on the worker's event loop: to stop the run, and to fetch its files.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from distributed import get_worker

from digitlab import config as settings
from digitlab import disk
from digitlab.dataset import DataFileError, open_fingerprint
from digitlab.home import home
from digitlab.network import Network
from digitlab.progress import Pace, Report, to_wire
from digitlab.training import loading
from digitlab.training.going_on import Start, unpack_state

TOPIC = "digitlab-progress"
# Files that wait to be fetched may hold this many bytes; past that, training waits for them.
_OUTBOX_BYTES = 64_000_000
_TAKE_BYTES = 32_000_000
_OUTBOX_SECONDS = 60.0


class Outbox:
    """Files of the present run that the engine has not fetched yet; bounded."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._files: list[tuple[str, bytes]] = []

    def put(self, name: str, data: bytes) -> None:
        """Add a file; waits while the outbox is full, and gives up when nobody fetches.

        Raises:
            TimeoutError: nothing was fetched for a minute.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._fits(data), _OUTBOX_SECONDS):
                raise TimeoutError("nobody fetches the files of this run")
            self._files.append((name, data))

    def take(self) -> list[tuple[str, bytes]]:
        """Remove and return the oldest files, a bounded number of bytes, at least one file."""
        with self._changed:
            taken: list[tuple[str, bytes]] = []
            while self._files and (
                not taken or _size(taken) + len(self._files[0][1]) <= _TAKE_BYTES
            ):
                taken.append(self._files.pop(0))
            self._changed.notify_all()
            return taken

    def clear(self) -> None:
        """Forget what an earlier run left."""
        with self._changed:
            self._files.clear()

    def _fits(self, data: bytes) -> bool:
        return not self._files or _size(self._files) + len(data) <= _OUTBOX_BYTES


def _size(files: list[tuple[str, bytes]]) -> int:
    return sum(len(data) for _, data in files)


_outbox = Outbox()
_stopping: set[str] = set()


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the engine: a terminal sends it to the embedded worker as well.

    Dask calls this in the main thread of an embedded worker, before its first task.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def train_run(
    run: str, config: dict[str, Any], path: str, fingerprint: str, pace: dict[str, Any],
    start: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Train one run and return its outcome, with how many reports were sent before it."""
    from digitlab.training.trainer import train

    _outbox.clear()
    digits = open_fingerprint(_known_path(path, fingerprint), fingerprint)
    send, sent = _reporter(run)
    wanted = _wanted()
    outcome = train(
        settings.from_json(config), digits, send, _outbox.put,
        lambda: run in _stopping or not wanted(), Pace(**pace), _begin(start),
    )  # fmt: skip
    return {"outcome": asdict(outcome), "reports": sent()}


def _begin(start: dict[str, Any] | None) -> Start | None:
    """What the engine sends of the run to go on from: bytes of its files."""
    if start is None:
        return None
    network = Network.load(start["weights"])
    return Start(network, unpack_state(start["optimizer"]), start["frozen"])


def _wanted() -> Callable[[], bool]:
    """Whether the engine that has submitted the present task still waits for it.

    Dask lets running code go on when the last client of its task has gone; then an existing
    worker would train to the end for nobody, and keep the next engine waiting.
    """
    worker = get_worker()
    key = worker.get_current_task()
    task = worker.state.tasks[key]
    return lambda: task.state == "executing"


def _reporter(run: str) -> tuple[Callable[[Report], None], Callable[[], int]]:
    worker = get_worker()
    count = 0

    def send(report: Report) -> None:
        nonlocal count
        count += 1
        worker.log_event(TOPIC, {"run": run, "number": count, "report": to_wire(report)})

    return send, lambda: count


def request_stop(run: str) -> None:
    """Ask the run to stop; it looks between executions."""
    _stopping.add(run)


def take_files() -> list[tuple[str, bytes]]:
    """The files of the present run that were not fetched yet, a bounded number of bytes."""
    return _outbox.take()


def warm(threads: int) -> dict[str, Any]:
    """Load TensorFlow with so many threads, and tell the process's id and memory in bytes."""
    loading.use_threads(threads)
    return condition()


def condition() -> dict[str, Any]:
    """The process's id, its memory in bytes and TensorFlow's threads (0 before it is loaded)."""
    import psutil

    process = psutil.Process()
    return {"pid": process.pid, "memory": process.memory_info().rss, "threads": loading.threads()}


def has_digits(path: str, fingerprint: str) -> bool:
    """Whether this process can read the images with this fingerprint."""
    try:
        open_fingerprint(_known_path(path, fingerprint), fingerprint)
    except DataFileError:
        return False
    return True


def receive_digits(data: bytes, fingerprint: str) -> None:
    """Keep a data file sent by the engine, for a worker on another machine."""
    target = _own_path(fingerprint)
    disk.remove_unfinished(target.parent)  # no engine starts on this machine
    disk.write(target, data)


def _known_path(path: str, fingerprint: str) -> Path:
    own = _own_path(fingerprint)
    return own if own.is_file() else Path(path)


def _own_path(fingerprint: str) -> Path:
    return home() / "data" / f"sent-{fingerprint}.npz"
