"""One run on one worker, from its first second to its last: what is reported is written."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import queue
import time
from dataclasses import asdict
from typing import Any

from digitlab.dataset import DigitSet
from digitlab.jobs import worker
from digitlab.jobs.cluster import Cluster, Future, WorkerLostError
from digitlab.messages import Message, message
from digitlab.progress import BatchMetrics, Outcome, Pace, from_wire
from digitlab.store import Run, Status, Store, StoreError, interrupted
from digitlab.training import going_on, speed

log = logging.getLogger(__name__)

# A worker that was asked to stop and has not after this long is ended.
STOP_SECONDS = 10.0
_TICK_SECONDS = 0.2
_LOOK_SECONDS = 1.0


class Drive:
    """Trains ``run`` on the worker at ``address`` and writes all it reports into the store.

    ``address`` changes when the worker has to be started anew.
    """

    def __init__(
        self, run: Run, digits: DigitSet, cluster: Cluster, address: str, store: Store
    ) -> None:
        self.run, self.digits, self.cluster, self.store = run, digits, cluster, store
        self.address = address
        self.reports: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._received = 0
        self._asked_to_stop: float | None = None
        self._looked = 0.0
        self._task: Future | None = None

    def go(self) -> None:
        """Train the run to its end, whatever that is; returns when the store knows it."""
        if not self.store.start(self.run.id):
            return
        try:
            pace = self._prepare()
            self.store.set_pace(self.run.id, pace)
            result = self._follow(self._start(pace))
            self._end(Outcome(**result["outcome"]))
        except WorkerLostError:
            self._lost()
            self._end_worker()
        except going_on.OriginError as error:
            self.store.end(self.run.id, Status.FAILED, error.message)
        except StoreError:
            log.info("run %s was deleted while it trained", self.run.id)
            self._abandon()
            self._binned()
        except Exception as error:
            log.exception("run %s failed", self.run.id)
            self._abandon()
            self.store.end(self.run.id, Status.FAILED, _failed(error))

    def _abandon(self) -> None:
        """Free the worker of a run that nobody follows any more, before it is given another."""
        deadline = time.monotonic() + STOP_SECONDS
        try:
            self.cluster.call(self.address, worker.request_stop, self.run.id)
            while self._task and not self._task.done() and time.monotonic() < deadline:
                time.sleep(_TICK_SECONDS)
                self.cluster.call(self.address, worker.take_files)
        except WorkerLostError:
            self._end_worker()
        else:
            if self._task and not self._task.done():
                self._end_worker()

    def _end_worker(self) -> None:
        """Start a worker anew that is still up but does not answer, or does not stop."""
        with contextlib.suppress(WorkerLostError):
            if self.address in self.cluster.addresses():
                self.address = self.cluster.restart(self.address)

    def _prepare(self) -> Pace:
        """A worker with TensorFlow and the images loaded, and the pace it will train at."""
        loaded = self.cluster.call(self.address, worker.condition)["threads"] or None
        config, images = self.run.config, self.run.digits.train
        pace = speed.pace_for(config, images, speed.load(), loaded)
        if loaded not in (None, pace.threads):
            self.address = self.cluster.restart(self.address)
        warm = self._submit("warm", worker.warm, pace.threads)
        threads = self._wait(warm)["threads"]
        self._send_digits()
        return dataclasses.replace(pace, threads=threads)

    def _send_digits(self) -> None:
        path, fingerprint = str(self.digits.path), self.digits.fingerprint
        if not self._wait(self._submit("digits", worker.has_digits, path, fingerprint)):
            data = self.digits.path.read_bytes()
            self._wait(self._submit("send", worker.receive_digits, data, fingerprint))

    def _start(self, pace: Pace) -> Future:
        return self._submit(
            "train", worker.train_run, self.run.id, self.run.config.to_json(),
            str(self.digits.path), self.digits.fingerprint, asdict(pace), self._beginning(),
        )  # fmt: skip

    def _beginning(self) -> dict[str, Any] | None:
        """The files that the run goes on from, if it does.

        Raises:
            OriginError: they are not there any more.
        """
        if self.run.origin is None:
            return None
        weights, state = going_on.files_of_origin(self.store, self.run.origin)
        return {"weights": weights, "optimizer": state, "frozen": self.run.frozen}

    def _submit(self, what: str, function: Any, *args: Any) -> Future:
        key = f"{what}-{self.run.id}-{time.monotonic_ns()}"
        self._task = self.cluster.submit(self.address, key, function, *args)
        return self._task

    def _wait(self, future: Future) -> Any:
        while not future.done():
            time.sleep(0.02)
            self._obey_stop()
            self._look_for_worker()
        return self.cluster.result(future)

    def _follow(self, future: Future) -> dict[str, Any]:
        """Write reports and files until the task is done and nothing is missing."""
        while not future.done():
            self._write_reports()
            self._obey_stop()
            self._look_for_worker()
        result: dict[str, Any] = self.cluster.result(future)
        deadline = time.monotonic() + STOP_SECONDS
        while self._received < result["reports"] and time.monotonic() < deadline:
            self._write_reports()
        self._fetch_files()
        return result

    def _write_reports(self) -> None:
        """Write what has come in, waiting a moment for the first; files before their report."""
        try:
            event = self.reports.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            return
        self._received = event["number"]
        report = from_wire(event["report"])
        if not isinstance(report, BatchMetrics):
            self._fetch_files()
        self.store.report(self.run.id, report)

    def _fetch_files(self) -> None:
        while files := self.cluster.call(self.address, worker.take_files):
            for name, data in files:
                self.store.keep(self.run.id, name, data)

    def _obey_stop(self) -> None:
        """Pass a stop on, once.

        Raises:
            StoreError: the run was deleted.
            WorkerLostError: the worker has not answered the stop in time.
        """
        if not self.store.run(self.run.id).stop:
            return
        if self._asked_to_stop is None:
            self._asked_to_stop = time.monotonic()
            self.cluster.call(self.address, worker.request_stop, self.run.id)
        elif time.monotonic() - self._asked_to_stop > STOP_SECONDS:
            raise WorkerLostError(self.address)

    def _look_for_worker(self) -> None:
        """An existing scheduler may wait for ever for a worker that died, and say nothing.

        Raises:
            WorkerLostError: the worker is not there any more.
        """
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            if self.address not in self.cluster.addresses():
                raise WorkerLostError(self.address)

    def _end(self, outcome: Outcome) -> None:
        status = Status(outcome.ending)
        self.store.end(self.run.id, status, _reason(self.run, outcome), outcome)

    def _binned(self) -> None:
        """A run that was deleted may be taken back; of one that is gone there is nothing to end."""
        kept = len(self.store.epochs(self.run.id))
        reason = message("Stopped when it was deleted; epochs kept: {epochs}.", epochs=kept)
        self.store.end(self.run.id, Status.STOPPED, reason)

    def _lost(self) -> None:
        """The worker died, or was ended because it did not stop."""
        epochs = self.store.epochs(self.run.id)
        if self._asked_to_stop is None:
            self.store.end(self.run.id, Status.INTERRUPTED, interrupted(epochs))
        else:
            reason = message(
                "The worker did not answer the stop and was ended; epochs kept: {epochs}.",
                epochs=len(epochs),
            )
            self.store.end(self.run.id, Status.STOPPED, reason)


def _reason(run: Run, outcome: Outcome) -> Message:
    """Why a run ended, in a sentence."""
    if outcome.ending == "diverged" and not outcome.epochs:
        return message(
            "The loss was no longer a finite number in epoch 1: the run diverged. A smaller "
            "learning rate usually helps."
        )
    if outcome.ending == "diverged":
        return message(
            "The loss was no longer a finite number in epoch {epoch}: the run diverged. Earlier "
            "epochs are kept. A smaller learning rate usually helps.",
            epoch=outcome.epochs + 1,
        )
    if outcome.ending == "stopped":
        return message("Stopped by request after {epochs} whole epochs.", epochs=outcome.epochs)
    if outcome.stopped_early:
        return message(
            "Early stopping: the validation loss had not improved for {patience} epochs, so the "
            "run ended after epoch {epoch} of {epochs}.",
            patience=run.config.patience, epoch=outcome.epochs, epochs=run.config.epochs,
        )  # fmt: skip
    return message("All {epochs} epochs were trained.", epochs=outcome.epochs)


def _failed(error: Exception) -> Message:
    detail = f"{type(error).__name__}: {error}"[:200]
    return message("Training failed in the worker ({detail}).", detail=detail)
