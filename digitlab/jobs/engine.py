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
import time
from collections.abc import Container
from typing import Any

import psutil

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.jobs import worker
from digitlab.jobs.cluster import (
    Cluster,
    Future,
    WorkerLostError,
    WorkerSlowError,
    answer_soon,
    most_workers,
    scheduler_address,
)
from digitlab.jobs.memory import fitting, refuse_too_large
from digitlab.jobs.software import SoftwareChecks
from digitlab.jobs.supervisor import RunSupervisor
from digitlab.layers import layers_of, parameter_count
from digitlab.messages import LabError, Message, message
from digitlab.presets import DEFAULT_PRESET, PRESETS, matching
from digitlab.store import DataSetInfo, Run, Status, StorageError, Store, interrupted
from digitlab.store.library import Library
from digitlab.training import continuing, speed

log = logging.getLogger(__name__)

# A process that trains many models grows in memory: it is restarted after so many runs or bytes.
_RUNS_PER_WORKER = 20
_WORKER_BYTES = 3_000_000_000
_IDLE_SECONDS = 1.0
_RETRY_SECONDS = 5.0
_CLOSE_SECONDS = 10.0
# How far a process's start time may differ when the system's clock is set.
_CLOCK_SECONDS = 3.0


class Engine:
    """Trains the runs of one store, one at a time on each worker, until it is closed.

    The embedded cluster begins with one worker, and has more as soon as runs wait for one.

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
        self._warm = self._trained = self._news = False
        self._warming: dict[str, Future] = {}  # TensorFlow being loaded in a worker, by its address
        self._held: str | None = None  # the run that waits for memory: it comes next
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
        """Start the workers and load TensorFlow in each, before a run is submitted."""
        if self._cluster is None:
            self._warm = True
            self._wake()

    @property
    def side_by_side(self) -> int:
        """How many runs the embedded cluster may train at once; 1 where there is none."""
        try:
            return 1 if scheduler_address() else most_workers()
        except LabError:  # said in ``trouble``
            return 1

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
                    found.append(cluster.call(address, worker.condition, meanwhile=answer_soon()))
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
            self._news = True
            self._changed.notify_all()

    def _work(self) -> None:
        while not self._closing.is_set():
            seconds, self._news = _IDLE_SECONDS, False
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
                self._changed.wait_for(lambda: self._news or self._closing.is_set(), seconds)

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
            self._cluster = Cluster()
            self._checks = SoftwareChecks(self._cluster)
            self._warming.clear()
        cluster = self._cluster
        if any(supervisor.restarting for supervisor in list(self._supervisors.values())):
            return  # its worker comes back under an address that looks free
        there = cluster.addresses()
        if cluster.deserted:
            self._cluster = None
            cluster.close()
            return
        able = self._able(cluster, self._checks, there, self._free(cluster, there))
        if cluster.embedded:
            waiting = self._admitted(waiting, cluster.most)
            cluster.grow(len(self._supervisors) + len(waiting))
        for run, address in zip(waiting, able, strict=False):
            self._supervise(run, cluster, address)
        self._warm = self._warm and not waiting and self._warm_up(cluster, there, able)

    def _free(self, cluster: Cluster, there: list[str]) -> list[str]:
        """The workers that can be given a run.

        Of several embedded ones, each loads TensorFlow first: meanwhile another may become free.
        """
        busy = {supervisor.address for supervisor in list(self._supervisors.values())}
        # A worker whose process is restarted after its run comes back under another address.
        idle = len(there) - len(self._supervisors)
        free = [address for address in there if address not in busy][: max(0, idle)]
        if not cluster.embedded or len(there) == 1:
            return free
        for address in free:
            if address not in self._warming:
                self._load(cluster, address, threads=1)
        return [address for address in free if self._warming[address].done()]

    def _warm_up(self, cluster: Cluster, there: list[str], able: list[str]) -> bool:
        """Load TensorFlow in one worker, then in the next; returns whether more are to come."""
        if able and not self._warming:
            usual = PRESETS[DEFAULT_PRESET]
            execution = speed.execution_for(usual, usual.train_images, speed.load(), None)
            self._load(cluster, able[0], execution.threads)
        if not cluster.embedded:
            return False
        loading = [self._warming.get(address) for address in there]
        loaded = bool(there) and all(task is not None and task.done() for task in loading)
        if loaded and len(there) < cluster.most:
            cluster.grow(len(there) + 1)
        return not loaded or len(there) < cluster.most

    def _load(self, cluster: Cluster, address: str, threads: int) -> None:
        """Load TensorFlow in a worker, in the background."""
        key = f"warm-{address}-{time.monotonic_ns()}"
        self._warming[address] = loading = cluster.submit(address, key, worker.warm, threads)
        loading.add_done_callback(lambda _: self._wake())

    def _admitted(self, waiting: list[Run], most: int) -> list[Run]:
        """The runs that may begin now as far as memory goes, if ``most`` may train at once.

        One that has to wait for memory is overtaken by none, not even by a newcomer's.
        """
        training = [supervisor.queued for supervisor in list(self._supervisors.values())]
        turns = sorted(waiting, key=lambda run: run.id != self._held)[: most - len(training)]
        admitted = fitting(turns, training)
        self._held = turns[len(admitted)].id if len(admitted) < len(turns) else None
        return admitted

    def _alone(self, run: Run, cluster: Cluster) -> bool:
        """Whether a run may have all cores: no other trains or waits that could share them."""
        if not cluster.embedded or cluster.most == 1:
            return True
        try:
            live = {other.id for other in self.store.waiting(self.id)}
        except StorageError:
            return False
        return not (live | set(self._supervisors)) - {run.id}

    def _able(
        self, cluster: Cluster, checks: SoftwareChecks, there: list[str], free: list[str]
    ) -> list[str]:
        """The free workers that can train; sets ``trouble`` where no worker at all can."""
        lacks = {address: _lack(checks, address) for address in free}
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

    def _supervise(self, run: Run, cluster: Cluster, address: str) -> None:
        try:
            digits = dataset.find(run.digits.fingerprint)
        except LabError as error:
            self.store.end(run.id, Status.FAILED, error.on_page)
            return
        supervisor = self._supervisors[run.id] = RunSupervisor(
            run,
            digits,
            cluster,
            address,
            self.store,
            self._closing,
            lambda: self._alone(run, cluster),
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
            condition = cluster.call(address, worker.condition, meanwhile=answer_soon())
            if condition["memory"] > _WORKER_BYTES or count >= _RUNS_PER_WORKER:
                cluster.restart(address)
            else:
                self._runs_trained[address] = count


def _alive(pid: int, born: float) -> bool:
    try:
        return bool(abs(psutil.Process(pid).create_time() - born) < _CLOCK_SECONDS)
    except psutil.Error:
        return False


def _lack(checks: SoftwareChecks, address: str) -> Message | None:
    """What a worker lacks to train, or None."""
    try:
        return checks.lack(address)
    except (WorkerLostError, WorkerSlowError) as error:
        return _trouble(error)  # checked again in a moment


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
