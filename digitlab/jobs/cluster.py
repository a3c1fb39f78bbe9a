"""The Dask cluster of the workers: an embedded one, or an existing one.

The only file on the lab's side that uses Dask. A worker is given one task at a time; the queue is
in the store, not in Dask.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, wait
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import dask
from dask.system import CPU_COUNT
from distributed import Client, KilledWorker, LocalCluster
from distributed import Future as _Future
from distributed.client import FutureCancelledError
from distributed.system import MEMORY_LIMIT

from digitlab.jobs import worker
from digitlab.messages import LabError, message

log = logging.getLogger(__name__)

# The share of the machine's memory that a worker may use before its nanny kills it; the rest is for
# the web process and the system.
WORKER_SHARE = 0.8
# How often a wait checks that the worker is still there, and the timeout of the scheduler's answer.
_LOOK_SECONDS = 0.5
_SCHEDULER_SECONDS = 10
_RESTART_SECONDS = 30
_CLOSE_SECONDS = 15
_DESERTED_SECONDS = 20
# The memory of a worker with TensorFlow that trains a network of the lessons.
USUAL_WORKER_BYTES = 1_300_000_000
_ANSWER_SECONDS = 5.0

Future = _Future[Any]

_SETTINGS = {
    # A task whose worker died is not retried: the run is marked, and the next one starts.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    # A worker without a heartbeat for so long hangs, and is restarted. Training and loading
    # TensorFlow do not stop the heartbeat, which is another thread's.
    "distributed.scheduler.worker-ttl": "5 minutes",
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # Dask's own adds MALLOC_TRIM_THRESHOLD_, which gives memory back after each operation and takes
    # it again: training is 10% to 20% slower with it.
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
    # TensorFlow holds the GIL for seconds while it loads; that is no reason to warn.
    "distributed.admin.tick.limit": "60s",
    # The images are sent as a task's argument to a worker that cannot read their file.
    "distributed.admin.large-graph-warning-threshold": "1GB",
}


class WorkerLostError(Exception):
    """The worker of a task died, or the scheduler is gone."""


class WorkerSlowError(Exception):
    """A worker or the scheduler is there, but has not answered in time."""


def worker_memory() -> int:
    """The memory, in bytes, that a run may use on this machine."""
    return int(MEMORY_LIMIT * WORKER_SHARE)


def scheduler_address() -> str | None:
    """The existing scheduler that ``DIGITLAB_SCHEDULER`` names, if any.

    Raises:
        LabError: it is neither ``tls://`` nor ``tcp://`` on this machine itself.
    """
    address = os.environ.get("DIGITLAB_SCHEDULER")
    if not address:
        return None
    if _is_safe(address):
        return address
    raise LabError(
        message(
            "DIGITLAB_SCHEDULER must be a tls:// address, or tcp:// on this machine; it is "
            "{address}.",
            address=address,
        ),
        on_page=message("The lab is not set up to train. Tell whoever runs it."),
    )


def most_workers() -> int:
    """How many embedded workers may train side by side: ``DIGITLAB_WORKERS``, if it is set.

    Otherwise one for each core, as far as memory goes for TensorFlow and a usual network in each.

    Raises:
        LabError: it is not a positive integer.
    """
    wanted = os.environ.get("DIGITLAB_WORKERS")
    if not wanted:
        return max(1, min(CPU_COUNT, worker_memory() // USUAL_WORKER_BYTES))
    if wanted.isascii() and wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    raise LabError(
        message("DIGITLAB_WORKERS must be a whole number from 1; it is {workers}.", workers=wanted),
        on_page=message("The lab is not set up to train. Tell whoever runs it."),
    )


def _is_safe(address: str) -> bool:
    """Whether ``address`` is encrypted and authenticated by TLS, or on this machine itself."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
        if not host or parts.port == 0:
            return False
        if parts.scheme == "tcp":
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        return parts.scheme == "tls"
    except ValueError:
        return False


def time_limit(seconds: float, late: Exception) -> Callable[[], None]:
    """A function that raises ``late`` once so many seconds have passed: it ends a wait."""
    deadline = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > deadline:
            raise late

    return check


def answer_soon() -> Callable[[], None]:
    """Ends a wait for a worker that is asked about itself."""
    return time_limit(_ANSWER_SECONDS, WorkerSlowError())


class Cluster:
    """A connection to the workers. Starting the first embedded one takes about a second.

    A slow worker is waited for as long as the scheduler knows it: on a busy machine an answer may
    take a minute. A wait calls ``meanwhile`` twice a second, which may end it by raising an error.

    Raises:
        WorkerLostError: no worker could be started, or the existing scheduler cannot be reached.
        LabError: ``DIGITLAB_SCHEDULER`` or ``DIGITLAB_WORKERS`` is refused.
    """

    def __init__(self) -> None:
        self.address = scheduler_address()
        self.size, self.most = 1, most_workers()  # embedded workers wanted, and how many may be
        dask.config.set(_SETTINGS)
        self.embedded = self.address is None
        self._empty_since: float | None = None
        self._local: Any = None
        try:
            self._local = None if self.address else _local_cluster()
            self._client = Client(self.address or self._local, set_as_default=False, timeout="20s")
        except (OSError, RuntimeError) as error:
            if self._local is not None:
                self._local.close()
            raise WorkerLostError(str(error)) from error

    def addresses(self) -> list[str]:
        """The addresses of the workers that are up.

        Raises:
            WorkerLostError: the scheduler is gone.
            WorkerSlowError: the scheduler has not answered in time.
        """
        found = list(self._workers())
        self._empty_since = None if found else self._empty_since or time.monotonic()
        return found

    def grow(self, size: int) -> None:
        """Start embedded workers until so many are wanted, at most ``most``; returns at once."""
        size = min(size, self.most)
        if self.embedded and size > self.size:
            self.size = size
            self._local.scale(size)

    @property
    def deserted(self) -> bool:
        """Whether the embedded workers are gone for good: a nanny restarts its own only once."""
        if self._empty_since is None or not self.embedded:
            return False
        return time.monotonic() - self._empty_since > _DESERTED_SECONDS

    @property
    def closed(self) -> bool:
        """Whether the scheduler was lost for good; another ``Cluster`` may find it again."""
        return self._client.status in ("closing", "closed")

    def submit(self, address: str, key: str, function: Callable[..., Any], *args: Any) -> Future:
        """Start ``function`` as the only task of a worker.

        Raises:
            WorkerLostError: the scheduler is gone.
        """
        options = {"pure": False, "retries": 0, "allow_other_workers": False}
        with self._judging():
            return self._client.submit(function, *args, key=key, workers=[address], **options)

    def result(self, future: Future, address: str, meanwhile: Callable[[], None]) -> Any:
        """Fetch what a finished task returned from the worker at ``address``.

        Raises:
            WorkerLostError: the worker died first. What the task itself raised is raised here.
        """
        while True:
            try:
                with self._judging():
                    return future.result(timeout=_LOOK_SECONDS)
            except (KilledWorker, FutureCancelledError, CancelledError) as error:
                raise WorkerLostError(str(error)) from error
            except TimeoutError:
                if future.status == "error":
                    raise  # the task's own
                self.look_for(address)
                meanwhile()

    def call(
        self,
        address: str,
        function: Callable[..., Any],
        *args: Any,
        meanwhile: Callable[[], None],
    ) -> Any:
        """Call a short ``function`` in a worker while it runs its task.

        It is called again if the connection breaks and the worker is still there, so it must be
        idempotent.

        Raises:
            WorkerLostError: the worker is gone. What ``function`` and ``meanwhile`` raise is
                raised here.
        """
        while True:
            try:
                asked = self._client.run(function, *args, workers=[address], asynchronous=True)
                return self._answer(asked, address, meanwhile)[address]
            except OSError as error:
                log.warning("worker %s could not be asked (%s); trying again", address, error)
                self.look_for(address)
                meanwhile()
                time.sleep(_LOOK_SECONDS)

    def call_scheduler(self, function: Callable[..., Any], meanwhile: Callable[[], None]) -> Any:
        """Call a short ``function`` in the scheduler's process.

        Raises:
            WorkerLostError: the scheduler is gone. What ``function`` and ``meanwhile`` raise is
                raised here.
        """
        asked = self._client.run_on_scheduler(function, asynchronous=True)
        return self._answer(asked, None, meanwhile)

    def _answer(
        self, asked: Coroutine[Any, Any, Any], address: str | None, meanwhile: Callable[[], None]
    ) -> Any:
        """Wait for the answer of the worker at ``address``, or of the scheduler (None)."""
        loop: Any = self._client.loop
        with self._judging():
            try:
                answer = asyncio.run_coroutine_threadsafe(asked, loop.asyncio_loop)
            except RuntimeError:  # the loop was closed
                asked.close()
                raise
            try:
                while not wait([answer], _LOOK_SECONDS).done:
                    self.look_for(address)
                    meanwhile()
                return answer.result()
            finally:
                if not answer.done() and not self._gone:
                    answer.cancel()

    def look_for(self, address: str | None) -> None:
        """Check that a worker, or the scheduler (None), that does not answer is still there.

        Raises:
            WorkerLostError: it is not.
        """
        if self._gone:
            raise WorkerLostError(self.address or "")
        with suppress(WorkerSlowError):
            if address is not None and address not in self.addresses():
                raise WorkerLostError(address)

    @property
    def _gone(self) -> bool:
        """Whether the connection to the scheduler has broken; it then forgets every task."""
        return bool(self._client.status != "running")

    @contextmanager
    def _judging(self) -> Iterator[None]:
        """Raise WorkerLostError for what Dask raises while its client is closed."""
        try:
            yield
        except Exception as error:
            if self._gone and not isinstance(error, LabError):
                raise WorkerLostError(str(error)) from error
            raise

    def identity(self, address: str) -> str:
        """An id that tells a worker from an earlier one at the same address.

        Raises:
            WorkerLostError: it is gone.
            WorkerSlowError: the scheduler has not answered in time.
        """
        # A restarted worker may have the old address, but always has a new folder.
        return str(self._about(address)["local_directory"])

    def restart(self, address: str) -> str:
        """Restart a worker's process; returns its new address.

        Raises:
            WorkerLostError: no worker came up in its place.
            WorkerSlowError: the scheduler has not answered in time.
        """
        old = self._about(address)
        try:
            with self._judging():
                self._client.restart_workers(
                    [address], timeout=_RESTART_SECONDS, raise_for_error=False
                )
        except OSError as error:
            raise WorkerLostError(str(error)) from error
        in_time = time_limit(_RESTART_SECONDS, WorkerLostError(address))
        while True:
            for found, about in self._workers().items():
                anew = about["local_directory"] != old["local_directory"]
                if anew and about["nanny"] == old["nanny"]:
                    return found
            time.sleep(0.1)
            in_time()

    def _about(self, address: str) -> dict[str, Any]:
        workers = self._workers()
        if address not in workers:
            raise WorkerLostError(address)
        return workers[address]

    def _workers(self) -> dict[str, dict[str, Any]]:
        # ``Client.scheduler_info`` may return what a timer has read before, without workers.
        scheduler: Any = self._client.scheduler
        try:
            with self._judging():
                answer = self._client.sync(
                    scheduler.identity, n_workers=-1, callback_timeout=_SCHEDULER_SECONDS
                )
        except OSError as error:
            raise WorkerSlowError(str(error)) from error
        workers: dict[str, dict[str, Any]] = answer["workers"]
        return workers

    def close(self) -> None:
        """End the embedded workers, or leave the existing scheduler."""
        if self._local is not None:
            # A worker that is being restarted is not waited for, and the scheduler logs that.
            logging.getLogger("distributed").setLevel(logging.CRITICAL)
        for part in filter(None, (self._client, self._local)):
            with suppress(TimeoutError):  # a worker's process ends with this one at the latest
                part.close(timeout=_CLOSE_SECONDS)


def _local_cluster() -> Any:
    logging.getLogger("distributed").setLevel(logging.ERROR)
    return LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        worker_dashboard_address=None,
        preload=[worker.__name__],
        # Without a dashboard the scheduler still serves a health page, by default on a fixed port.
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        memory_limit=worker_memory(),
        silence_logs=logging.ERROR,
    )
