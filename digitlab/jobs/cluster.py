"""The worker processes, through Dask: an embedded cluster, or one that exists already.

The only file on the lab's side that knows Dask. Each worker is handed one task at a time; the
queue is not Dask's but the store's.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import dask
from distributed import Client, KilledWorker, LocalCluster
from distributed import Future as _Future
from distributed.client import FutureCancelledError
from distributed.system import MEMORY_LIMIT

from digitlab.jobs import worker
from digitlab.messages import LabError, message

# A worker may use this share of the machine's memory before its nanny ends it; the rest is the
# web process's and the system's.
WORKER_SHARE = 0.8
_CALL_SECONDS = 10
_RESTART_SECONDS = 30
_CLOSE_SECONDS = 15
_DESERTED_SECONDS = 20

# What a worker is asked to do, and will return.
Future = _Future[Any]

_SETTINGS = {
    # A task whose worker died is not tried again: the run is marked, and the next one starts.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    # TensorFlow holds the interpreter for seconds while it loads; that is no reason to warn.
    "distributed.admin.tick.limit": "60s",
    # The images are sent as a task's argument to a worker that cannot read their file.
    "distributed.admin.large-graph-warning-threshold": "1GB",
}


# How Dask says that a worker or the scheduler is gone; the last two: the client is being closed.
_LOST = (OSError, KeyError, ValueError, RuntimeError, AttributeError)


class WorkerLostError(Exception):
    """The worker of a task died, or the scheduler is gone."""


def worker_memory() -> int:
    """How many bytes a run may use on this machine."""
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
        )
    )


def _is_safe(address: str) -> bool:
    """Whether nobody but a machine with the certificate, or this one, can be at ``address``."""
    try:
        parts = urlsplit(address)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "tls" or (parts.scheme == "tcp" and _is_loopback(host)))


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class Cluster:
    """The workers behind a few verbs. Starting one takes about a second.

    Args:
        on_report: called with each progress event, on Dask's own thread; it must not wait.
    """

    def __init__(self, on_report: Callable[[dict[str, Any]], None]) -> None:
        address = scheduler_address()
        dask.config.set(_SETTINGS)
        self.embedded = address is None
        self._empty_since: float | None = None
        self._local = None if address else _local_cluster()
        self._client = Client(address or self._local, set_as_default=False, timeout="20s")
        self._client.subscribe_topic(worker.TOPIC, lambda event: on_report(event[1]))

    def addresses(self) -> list[str]:
        """The workers that are up.

        Raises:
            WorkerLostError: the scheduler is gone.
        """
        found = list(self._workers())
        self._empty_since = None if found else self._empty_since or time.monotonic()
        return found

    @property
    def deserted(self) -> bool:
        """Whether the embedded worker stays away: its nanny has tried once and given up."""
        if self._empty_since is None or not self.embedded:
            return False
        return time.monotonic() - self._empty_since > _DESERTED_SECONDS

    @property
    def closed(self) -> bool:
        """Whether the scheduler was lost for good; another ``Cluster`` may find it again."""
        return self._client.status in ("closing", "closed")

    def submit(self, address: str, key: str, function: Callable[..., Any], *args: Any) -> Future:
        """Start ``function`` as the one task of a worker."""
        return self._client.submit(
            function, *args, key=key, workers=[address], allow_other_workers=False,
            pure=False, retries=0,
        )  # fmt: skip

    def result(self, future: Future) -> Any:
        """What a task that is done returned.

        Raises:
            WorkerLostError: the worker died first. What the task itself raised is raised here.
        """
        try:
            return future.result(timeout=_CALL_SECONDS)
        except (KilledWorker, FutureCancelledError, CancelledError) as error:
            raise WorkerLostError(str(error)) from error
        except RuntimeError as error:
            if self.closed:
                raise WorkerLostError(str(error)) from error
            raise

    def call(self, address: str, function: Callable[..., Any], *args: Any) -> Any:
        """Call a short ``function`` beside the task that a worker is busy with.

        Raises:
            WorkerLostError: the worker is gone, or did not answer in ten seconds.
        """
        try:
            answers = self._client.run(
                function, *args, workers=[address], callback_timeout=_CALL_SECONDS
            )
            return answers[address]
        except _LOST as error:
            raise WorkerLostError(str(error)) from error

    def restart(self, address: str) -> str:
        """End a worker's process and start it anew; returns its new address.

        Raises:
            WorkerLostError: no worker came up in its place.
        """
        try:
            old = self._workers()[address]
            self._client.restart_workers([address], timeout=_RESTART_SECONDS, raise_for_error=False)
        except _LOST as error:
            raise WorkerLostError(str(error)) from error
        deadline = time.monotonic() + _RESTART_SECONDS
        while time.monotonic() < deadline:
            for found, about in self._workers().items():
                if about["nanny"] == old["nanny"] and _scratch(about) != _scratch(old):
                    return found
            time.sleep(0.1)
        raise WorkerLostError(address)

    def _workers(self) -> dict[str, dict[str, Any]]:
        # ``Client.scheduler_info`` may return what a timer of its own has read, without workers.
        try:
            scheduler: Any = self._client.scheduler
            answer = self._client.sync(
                scheduler.identity, n_workers=-1, callback_timeout=_CALL_SECONDS
            )
        except _LOST as error:
            raise WorkerLostError(str(error)) from error
        workers: dict[str, dict[str, Any]] = answer["workers"]
        return workers

    def close(self) -> None:
        """End the embedded workers, or leave the existing scheduler."""
        for part in filter(None, (self._client, self._local)):
            with suppress(TimeoutError):  # a worker's process ends with this one at the latest
                part.close(timeout=_CLOSE_SECONDS)


def _scratch(about: dict[str, Any]) -> Any:
    # A worker started anew may have the old address; its folder is always a new one.
    return about["local_directory"]


def _local_cluster() -> Any:
    logging.getLogger("distributed").setLevel(logging.ERROR)
    return LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address=None, worker_dashboard_address=None,
        preload=[worker.__name__],
        # Without a dashboard the scheduler still serves its health, by default on a fixed port.
        scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
        memory_limit=worker_memory(), silence_logs=logging.ERROR,
    )  # fmt: skip
