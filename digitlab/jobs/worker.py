"""What the training engine asks of a worker process, by name; runs inside the worker.

One run is trained at a time, in the worker's task thread. Meanwhile the engine calls the other
functions here on the worker's event loop: to stop the run, and to fetch what it has reported.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from distributed import get_worker

from digitlab import config as settings
from digitlab import disk
from digitlab.dataset import DataFileError, open_fingerprint
from digitlab.home import home
from digitlab.network import Network
from digitlab.progress import ExecutionSettings, Report
from digitlab.training import loading
from digitlab.training.continuing import InitialState, unpack_state

# What waits to be fetched may hold this many bytes; past that, training waits until it is fetched.
_OUTBOX_BYTES = 64_000_000
_TAKE_BYTES = 32_000_000
# A file travels in pieces of so many bytes: the server holds no more than one file at a time, and
# not the copies that Dask makes of a message.
_PIECE_BYTES = 16_000_000
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class File:
    """A file of a run, to be kept: all of it, or a piece; ``last`` is the piece that ends it."""

    name: str
    data: bytes
    last: bool = True


@dataclass(frozen=True)
class Dropped:
    """The name of a file that was kept and is no longer wanted."""

    name: str


Item = Report | File | Dropped


class AbandonedError(Exception):
    """Nobody waits any more for the run that is being trained."""


class Outbox:
    """What the present run has reported and the engine has not acknowledged yet; bounded.

    Reports and files leave in the order in which they happened, each with a number. They stay here
    until the engine says that it has them, so that an answer lost on the way loses none.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.begin("", lambda: True)

    def begin(self, run_id: str, wanted: Callable[[], bool]) -> None:
        """Forget what an earlier run left; ``wanted`` says whether the engine waits for this."""
        with self._changed:
            self._run_id, self._wanted, self._count = run_id, wanted, 0
            self._items: list[tuple[int, Item]] = []

    def put(self, item: Item) -> None:
        """Add a report or file; a file waits while the outbox is full and the run is wanted.

        Raises:
            AbandonedError: nobody waits for the run any more.
        """
        with self._changed:
            while not self._fits(item):
                if not self._wanted():
                    raise AbandonedError(self._run_id)
                self._changed.wait(_LOOK_SECONDS)
            self._count += 1
            self._items.append((self._count, item))

    def keep(self, name: str, data: bytes) -> None:
        """Add a file, in pieces where it is large.

        Raises:
            AbandonedError: nobody waits for the run any more.
        """
        for start in range(0, max(1, len(data)), _PIECE_BYTES):
            end = start + _PIECE_BYTES
            self.put(File(name, data[start:end], last=end >= len(data)))

    def drop(self, name: str) -> None:
        """Say that a file is no longer wanted; where it still waits here, it is not sent at all."""
        with self._changed:
            self._items = [
                (number, item)
                for number, item in self._items
                if not (isinstance(item, File) and item.name == name)
            ]
        self.put(Dropped(name))

    def take(self, run_id: str, received: int) -> list[tuple[int, Item]]:
        """The oldest items of a run after number ``received``; nothing of another run.

        A bounded number of bytes, at least one item. Those up to ``received`` are forgotten.
        """
        with self._changed:
            if run_id != self._run_id:
                return []
            self._items = [(number, item) for number, item in self._items if number > received]
            self._changed.notify_all()
            taken, room = 0, _TAKE_BYTES
            for _, item in self._items:
                room -= _size(item)
                if room < 0 and taken:
                    break
                taken += 1
            return self._items[:taken]

    def _fits(self, item: Item) -> bool:
        held, size = sum(_size(each) for _, each in self._items), _size(item)
        return not held or not size or held + size <= _OUTBOX_BYTES


def _size(item: Item) -> int:
    return len(item.data) if isinstance(item, File) else 0


_outbox = Outbox()
_stopping: set[str] = set()


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the engine: a terminal sends it to the embedded worker as well.

    Dask calls this in the main thread of an embedded worker, before its first task.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def train_run(
    run_id: str,
    config: dict[str, Any],
    path: str,
    fingerprint: str,
    execution: dict[str, Any],
    start: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Train one run and return its outcome; what it reports and keeps goes into the outbox."""
    from digitlab.training.trainer import train

    loading.lower_priority()
    wanted = _wanted()
    _outbox.begin(run_id, wanted)
    digits = open_fingerprint(_known_path(path, fingerprint), fingerprint)
    initial = None
    if start is not None:  # the bytes of the files of the run to continue from
        network = Network.load(start["weights"])
        initial = InitialState(network, unpack_state(start["optimizer"]), start["frozen"])
    outcome = train(
        settings.from_json(config),
        digits,
        _outbox.put,
        _outbox.keep,
        lambda: run_id in _stopping or not wanted(),
        msgspec.convert(execution, ExecutionSettings),
        initial,
        _outbox.drop,
    )
    sent: dict[str, Any] = msgspec.to_builtins(outcome)
    return sent


def _wanted() -> Callable[[], bool]:
    """Whether the engine that has submitted the present task still waits for it.

    Dask lets running code go on when the last client of its task has gone; then an existing
    worker would train to the end for nobody, and keep the next engine waiting.
    """
    worker = get_worker()
    task = worker.state.tasks[worker.get_current_task()]
    return lambda: task.state == "executing"


def request_stop(run_id: str) -> None:
    """Ask a run to stop; it looks between executions."""
    _stopping.add(run_id)


def take(run_id: str, received: int) -> list[tuple[int, Item]]:
    """What a run has reported and kept after item ``received``, a bounded number of bytes."""
    return _outbox.take(run_id, received)


def warm(threads: int) -> dict[str, Any]:
    """Load TensorFlow with so many threads, and tell the process's id and memory in bytes."""
    loading.lower_priority()
    if not loading.threads():
        loading.use_threads(threads)
        from digitlab.training.compiled import warm_up

        warm_up()
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
