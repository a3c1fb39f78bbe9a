"""Checks that a worker or scheduler has the packages that training needs."""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Callable
from typing import Any

from digitlab import __version__
from digitlab.jobs.cluster import Cluster, answer_soon
from digitlab.messages import Message, message

log = logging.getLogger(__name__)

# The packages that a worker imports only when it trains; others are imported with this module.
_NEEDED = ("tensorflow", "keras", "psutil")


def installed() -> dict[str, Any]:
    """The version of Digit Lab in this process, and the needed packages that are missing."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    return {"version": __version__, "missing": missing}


class SoftwareChecks:
    """What the workers and the scheduler of one cluster lack; each is asked once."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lacks: dict[str, Message | None] = {}

    def lack(self, address: str) -> Message | None:
        """What the worker at ``address`` or its scheduler lacks to train, or None.

        Raises:
            WorkerLostError: the worker or the scheduler is gone.
            WorkerSlowError: it has not answered in time; it is asked again next time.
        """
        cluster = self._cluster
        if cluster.embedded:
            return None  # it has the packages of this process
        scheduler = str(cluster.address)

        def look_at_scheduler() -> Message | None:
            return scheduler_lack(
                scheduler, lambda: cluster.call_scheduler(installed, answer_soon())
            )

        def look_at_worker() -> Message | None:
            return worker_lack(
                address, lambda: cluster.call(address, installed, meanwhile=answer_soon())
            )

        lack = self._look(scheduler, look_at_scheduler)
        return lack or self._look(cluster.identity(address), look_at_worker)

    def _look(self, key: str, look: Callable[[], Message | None]) -> Message | None:
        if key not in self._lacks:
            self._lacks[key] = lack = look()
            if lack is not None:
                log.warning("%s", lack)
        return self._lacks[key]


def worker_lack(address: str, ask: Callable[[], dict[str, Any]]) -> Message | None:
    """What the worker at ``address`` lacks, or None; ``ask`` calls ``installed`` on it."""
    try:
        found = ask()
        missing = next(iter(found["missing"]), None)
    except Exception as error:
        found, missing = {"version": None}, _not_found(error)
    if missing is not None and not missing.startswith("digitlab."):
        return message(
            "The worker {address} cannot train: the package {package} is not installed there. "
            "Runs wait.",
            address=address,
            package=missing.partition(".")[0],
        )
    if found["version"] != __version__:
        return message(
            "The worker {address} cannot train: it has another version of Digit Lab than this "
            "server. Runs wait.",
            address=address,
        )
    return None


def scheduler_lack(address: str, ask: Callable[[], dict[str, Any]]) -> Message | None:
    """What the scheduler at ``address`` lacks to pass tasks on, or None; it trains nothing."""
    try:
        ask()
    except Exception as error:
        return message(
            "The scheduler {address} cannot pass runs on: the package {package} is not installed "
            "there, or is another version. Runs wait.",
            address=address,
            package=_not_found(error).partition(".")[0],
        )
    return None


def _not_found(error: Exception) -> str:
    """The module that could not be imported where a function of ours was called.

    Dask passes on an error from before the call as text alone. A function that is missing there
    means another version of Digit Lab.

    Raises:
        Exception: ``error`` itself, where it says neither.
    """
    found = re.search(r"No module named '([\w.]+)'", str(error))
    if found:
        return found[1]
    if "Can't get attribute" in str(error):
        return __name__
    raise error
