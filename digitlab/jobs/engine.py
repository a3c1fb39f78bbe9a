"""The training engine: queues runs in the store, and hands them to free workers.

One thread gives the oldest waiting run to a free worker; each run in training has a thread that
writes its metrics and files into the store. ``submit`` returns once the run is written.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import secrets
import threading
from collections.abc import Callable, Container
from typing import Any

import psutil

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.jobs import worker
from digitlab.jobs.cluster import (
    Cluster,
    WorkerLostError,
    WorkerSlowError,
    time_limit,
    worker_memory,
)
from digitlab.jobs.software import installed, scheduler_lack, worker_lack
from digitlab.jobs.supervisor import RunSupervisor
from digitlab.layers import layers_of, parameter_count, training_bytes
from digitlab.messages import LabError, Message, message
from digitlab.presets import DEFAULT_PRESET, PRESETS, matching
from digitlab.store import DataSetInfo, Run, Status, StorageError, Store, interrupted
from digitlab.store.library import Library
from digitlab.training import continuing, speed

log = logging.getLogger(__name__)

# A process that trains many models grows in memory: it is restarted after so many runs or bytes.
_RUNS_PER_WORKER = 20
_WORKER_BYTES = 3_000_000_000
_TENSORFLOW_BYTES = 700_000_000
_IDLE_SECONDS = 1.0
_RETRY_SECONDS = 5.0
_CLOSE_SECONDS = 10.0
_ANSWER_SECONDS = 5.0
# How far a process's start time may differ when the system's clock is set.
_CLOCK_SECONDS = 3.0


class Engine:
    """Trains the runs of one store, one at a time on each worker, until it is closed.

    Args:
        store: where the runs are.
        adopt: take over the queued runs of engines that have died.
        measure: measure this machine's speed while it is idle.
    """

    def __init__(self, store: Store, *, adopt: bool = True, measure: bool = True) -> None:
        self.store, self.id = store, secrets.token_hex(8)
        self.trouble: Message | None = None  # why no run can start at present
        self._cluster: Cluster | None = None
        self._calibration = speed.Calibration() if measure else None
        self._supervisors: dict[str, RunSupervisor] = {}
        self._runs_trained: dict[str, int] = {}
        self._warm = self._trained = False
        self._lacks: dict[str, Message | None] = {}  # what each worker and scheduler lacks
        self._closing = threading.Event()
        self._changed = threading.Condition()
        dead = [name for name, process in store.engines().items() if not _alive(*process)]
        me = psutil.Process()
        store.register(self.id, me.pid, me.create_time())
        store.succeed(self.id, dead, adopt=adopt)
        store.remove_orphans()
        self._thread = threading.Thread(target=self._work, name="digitlab-engine", daemon=True)
        self._thread.start()

    def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
        """Queue a run, to be trained when a worker is free.

        Raises:
            LabError: the network is too large for this machine's memory.
        """
        return self._add(owner, config, digits, matching(config))

    def _add(
        self, owner: str, config: RunConfig, digits: DigitSet, preset: str | None, **start: Any
    ) -> Run:
        refuse_too_large(config)
        split = digits.split(config)
        counts = (len(split.train[0]), split.validation_count, len(digits.x_test))
        parts = DataSetInfo(digits.name, digits.fingerprint, *counts)
        parameters = parameter_count(layers_of(config))
        run = self.store.add(owner, self.id, config, preset, parameters, parts, **start)
        self._wake()
        return run

    def continue_run(
        self,
        owner: str,
        origin: Run,
        epochs: int,
        train_images: int,
        *,
        frozen: bool = False,
        digits: DigitSet | None = None,
    ) -> Run:
        """Queue a run that continues training from the last weights of ``origin``.

        Args:
            owner: who owns the new run.
            origin: a run that has ended and has kept weights.
            epochs: how many more epochs to train.
            train_images: how many training images to use, from the first.
            frozen: do not train the convolutions.
            digits: another set of images than the origin's, to train and test on.

        Raises:
            LabError: the run has not ended, has no weights, a number is out of bounds, or the
                origin's images are needed and no longer here.
        """
        continuing.last_epoch(self.store, origin)
        config = dataclasses.replace(origin.config, epochs=epochs, train_images=train_images)
        images = digits or dataset.find(origin.digits.fingerprint)
        return self._add(owner, config, images, None, origin=origin.id, frozen=frozen)

    def stop(self, run_id: str) -> None:
        """Ask a run to stop; its results so far are kept."""
        self.store.ask_to_stop(run_id)
        self._wake()

    def warm(self) -> None:
        """Start a worker and load TensorFlow in it, before a run is submitted."""
        if self._cluster is None:
            self._warm = True
            self._wake()

    def workers(self) -> list[dict[str, Any]]:
        """Process id, memory (bytes) and TensorFlow threads of each worker that is up.

        A worker that ends meanwhile, or takes seconds to answer, is left out.
        """
        cluster = self._cluster
        found: list[dict[str, Any]] = []
        if cluster is None:
            return found
        with contextlib.suppress(WorkerLostError, WorkerSlowError):
            for address in cluster.addresses():
                with contextlib.suppress(WorkerLostError, WorkerSlowError):
                    found.append(cluster.call(address, worker.condition, meanwhile=_soon()))
        return found

    def close(self) -> None:
        """End the workers; runs that were training are marked as interrupted."""
        self._closing.set()
        self._wake()
        self._thread.join(timeout=30)
        try:
            self._settle()
            self.store.leave(self.id)
        except StorageError as error:  # the next engine marks the runs that this one has left
            log.error("%s", error)
        if self._calibration:
            self._calibration.pause()
        if self._cluster is not None:
            self._cluster.close()
        with self._changed:
            self._changed.wait_for(lambda: not self._supervisors, _CLOSE_SECONDS)

    def _settle(self, driven: Container[str] = ()) -> None:
        """Mark runs as interrupted whose status is running, but which nobody supervises."""
        for run in self.store.running(self.id):
            if run.id not in driven:
                self.store.end(run.id, Status.INTERRUPTED, interrupted(self.store.epochs(run.id)))

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _work(self) -> None:
        while not self._closing.is_set():
            seconds = _IDLE_SECONDS
            try:
                self._hand_out()
            except Exception as error:
                seconds = _RETRY_SECONDS
                before, self.trouble = self.trouble, _trouble(error)
                if self.trouble != before and isinstance(error, _EXPECTED):
                    log.warning("runs wait: %s: %s", type(error).__name__, error)
                elif self.trouble != before:
                    log.error("the engine has a fault; runs wait", exc_info=error)
            with self._changed:
                if not self._closing.is_set():
                    self._changed.wait(seconds)

    def _hand_out(self) -> None:
        """Give waiting runs to free workers; measure the machine while there are none."""
        self._settle(self._supervisors)  # the store could not be written when one of them ended
        waiting = []
        for run in self.store.waiting(self.id):
            if run.stop:
                self.store.end(run.id, Status.STOPPED, message("Stopped before it began."))
            elif run.id not in self._supervisors:
                waiting.append(run)
        if not waiting and not self._warm:
            self.trouble = None
            embedded = self._cluster is not None and self._cluster.embedded
            if self._calibration and self._trained and embedded and not self._supervisors:
                self._calibration.resume()
            return
        if self._calibration:
            self._calibration.pause()
        if self._cluster is None or self._cluster.closed:
            self._lacks.clear()
            self._cluster = Cluster()
        cluster = self._cluster
        busy = {supervisor.address for supervisor in list(self._supervisors.values())}
        there = cluster.addresses()
        if cluster.deserted:
            self._cluster = None
            cluster.close()
            return
        # A worker that is being restarted comes back under an address that looks free.
        idle = len(there) - len(self._supervisors)
        free = [address for address in there if address not in busy][: max(0, idle)]
        able = self._able(cluster, there, free)
        for run, address in zip(waiting, able, strict=False):
            self._supervise(run, cluster, address)
        if self._warm and able and not waiting:
            usual = PRESETS[DEFAULT_PRESET]
            execution = speed.execution_for(usual, usual.train_images, speed.load(), None)
            cluster.submit(able[0], f"warm-{self.id}", worker.warm, execution.threads)
        self._warm = False

    def _able(self, cluster: Cluster, there: list[str], free: list[str]) -> list[str]:
        """The free workers that can train; sets ``trouble`` where no worker at all can."""
        lacks = {address: self._lack(cluster, address) for address in free}
        able = [address for address, lack in lacks.items() if lack is None]
        trouble = None
        if not there and not cluster.embedded:
            trouble = message(
                "The scheduler {address} has no workers at present; runs wait until there is one.",
                address=cluster.address,
            )
        elif not able and not self._supervisors:
            trouble = next(iter(lacks.values()), None)
        self.trouble = trouble
        return able

    def _lack(self, cluster: Cluster, address: str) -> Message | None:
        """What a worker or its scheduler lacks to train, or None; each is checked once."""
        if cluster.embedded:
            return None  # it has the packages of this process
        scheduler = str(cluster.address)

        def look_at_scheduler() -> Message | None:
            return scheduler_lack(scheduler, lambda: cluster.call_scheduler(installed, _soon()))

        def look_at_worker() -> Message | None:
            return worker_lack(address, lambda: cluster.call(address, installed, meanwhile=_soon()))

        lack = self._look(scheduler, look_at_scheduler)
        if lack is not None:
            return lack
        try:
            return self._look(cluster.identity(address), look_at_worker)
        except (WorkerLostError, WorkerSlowError) as error:
            return _trouble(error)  # checked again in a moment

    def _look(self, key: str, look: Callable[[], Message | None]) -> Message | None:
        if key not in self._lacks:
            self._lacks[key] = lack = look()
            if lack is not None:
                log.warning("%s", lack)
        return self._lacks[key]

    def _supervise(self, run: Run, cluster: Cluster, address: str) -> None:
        try:
            digits = dataset.find(run.digits.fingerprint)
        except LabError as error:
            self.store.end(run.id, Status.FAILED, error.on_page)
            return
        supervisor = self._supervisors[run.id] = RunSupervisor(
            run, digits, cluster, address, self.store, self._closing
        )
        threading.Thread(
            target=self._train, args=(supervisor,), name=f"digitlab-run-{run.id}", daemon=True
        ).start()

    def _train(self, supervisor: RunSupervisor) -> None:
        try:
            supervisor.run()
            self._trained = True
            Library(self.store).keep_within()
            if not self._closing.is_set():
                self._recycle(supervisor)
        except Exception:
            log.exception("what follows run %s was not done", supervisor.queued.id)
        finally:
            del self._supervisors[supervisor.queued.id]
            self._wake()

    def _recycle(self, supervisor: RunSupervisor) -> None:
        """Restart a worker that has trained many runs or has grown."""
        count = self._runs_trained.pop(supervisor.address, 0) + 1
        cluster, address = supervisor.cluster, supervisor.address
        # A worker that is gone is restarted by its nanny.
        with contextlib.suppress(WorkerLostError, WorkerSlowError):
            if address not in cluster.addresses():
                return
            condition = cluster.call(address, worker.condition, meanwhile=_soon())
            if condition["memory"] > _WORKER_BYTES or count >= _RUNS_PER_WORKER:
                cluster.restart(address)
            else:
                self._runs_trained[address] = count


def refuse_too_large(config: RunConfig) -> None:
    """Refuse a network that needs more memory than this machine has.

    Raises:
        LabError: with the memory needed and the memory there is.
    """
    needed, there = training_bytes(config) + _TENSORFLOW_BYTES, worker_memory()
    if needed > there:
        raise LabError(
            message(
                "This network needs about {needed} GB of memory to train, and this machine can "
                "give it {there} GB. Make it smaller: fewer filters or units, more pooling, or "
                "a smaller batch.",
                needed=f"{needed / 1e9:.1f}",
                there=f"{there / 1e9:.1f}",
            )
        )


def _alive(pid: int, born: float) -> bool:
    try:
        return bool(abs(psutil.Process(pid).create_time() - born) < _CLOCK_SECONDS)
    except psutil.Error:
        return False


def _soon() -> Callable[[], None]:
    """Ends a wait for a worker that is asked about itself."""
    return time_limit(_ANSWER_SECONDS, WorkerSlowError())


# Errors that keep runs waiting, and are no fault of the lab's own.
_EXPECTED = (LabError, WorkerLostError, WorkerSlowError)


def _trouble(error: Exception) -> Message:
    """What a page says about why runs wait."""
    if isinstance(error, LabError):
        return error.on_page
    if isinstance(error, WorkerLostError | WorkerSlowError):
        return message(
            "No worker can be reached at present ({detail}); runs wait until there is one.",
            detail=type(error).__name__,
        )
    return message("The server made a mistake; its log tells more. Runs wait.")
