"""Follows one run on one worker to its end, and writes its metrics and files into the store."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from digitlab.dataset import DigitSet
from digitlab.disk import StorageError
from digitlab.jobs import worker
from digitlab.jobs.cluster import Cluster, Future, WorkerLostError, WorkerSlowError, time_limit
from digitlab.messages import LabError, Message, message
from digitlab.progress import EpochMetrics, ExecutionSettings, Outcome
from digitlab.store import Run, Status, Store, StoreError, interrupted
from digitlab.store.database import DATABASE, StorageBusyError
from digitlab.training import continuing, speed

log = logging.getLogger(__name__)

# A worker that has not stopped its run after this long is restarted.
STOP_SECONDS = 10.0
_TICK_SECONDS = 0.2
_LOOK_SECONDS = 1.0
# A locked store is tried again after this pause, then after longer ones.
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0

_Written = TypeVar("_Written")


class NotWrittenError(Exception):
    """A file cannot be written: the disk is full or read-only, or the database is damaged."""


class EngineClosedError(Exception):
    """The engine was closed while a run waited for the store."""


class RunSupervisor:
    """Trains ``run`` on the worker at ``address``, and writes its reports into the store.

    ``address`` changes when the worker has to be restarted. ``closing`` is set when the engine is
    being closed. ``alone`` says whether the run may use all cores and restart the worker for it.
    """

    def __init__(
        self,
        run: Run,
        digits: DigitSet,
        cluster: Cluster,
        address: str,
        store: Store,
        closing: threading.Event,
        alone: Callable[[], bool],
    ) -> None:
        self.queued, self.digits, self.cluster, self.store = run, digits, cluster, store
        self.address, self.closing, self._alone = address, closing, alone
        self.restarting = False  # the worker, which then comes up under another address
        self._images = (str(digits.path), digits.fingerprint)
        self._received = 0
        self._name, self._file = "", bytearray()  # of a file whose last piece has not come
        self._asked_to_stop: float | None = None
        self._looked = 0.0
        self._task: Future | None = None

    def run(self) -> None:
        """Train the run, and write how it ended into the store, whatever happens."""
        try:
            self._train()
        except WorkerLostError:
            self._lost()
            self._end_worker()
        except EngineClosedError:
            log.info("run %s was left when the engine was closed", self.queued.id)
        except continuing.OriginError as error:
            self._end(Status.FAILED, error.message)
        except StoreError:
            log.info("run %s was deleted while it trained", self.queued.id)
            self._abandon()
            # It may be restored: its end is written, unless it is gone for good.
            kept = len(self._kept())
            reason = message("Stopped when it was deleted; epochs kept: {epochs}.", epochs=kept)
            self._end(Status.STOPPED, reason)
        except NotWrittenError as error:
            log.exception("run %s cannot be written", self.queued.id)
            self._abandon()
            reason = message(
                "{file} could not be written: the lab's disk is full or cannot be written. The run "
                "was ended; what was written before is kept. When there is room again, go on from "
                "this run.",
                file=str(error),
            )
            self._end(Status.FAILED, reason)
        except Exception as error:
            log.exception("run %s failed", self.queued.id)
            in_worker = self._task is not None and self._task.status == "error"
            self._abandon()
            self._end(Status.FAILED, _failed(error) if in_worker else _fault(error))

    def _train(self) -> None:
        if not self._write(self.store.start):
            return
        execution = self._prepare()
        self._write(self.store.report, execution)  # the worker may choose another number format
        outcome = self._follow(self._start(execution))
        self._end(Status(outcome.ending), _reason(self.queued, outcome), outcome)

    def _abandon(self) -> None:
        """Stop the run in its worker, and wait until the worker is free for another."""
        in_time = time_limit(STOP_SECONDS, WorkerLostError(self.address))
        try:
            self._call(worker.request_stop, meanwhile=in_time)
            while self._task and not self._task.done():
                time.sleep(_TICK_SECONDS)
                in_time()
                for number, _ in self._call(worker.take, self._received, meanwhile=in_time):
                    self._received = number
        except WorkerLostError:
            self._end_worker()
        except Exception:
            log.exception("run %s: its worker could not be freed", self.queued.id)
            self._end_worker()

    def _end_worker(self) -> None:
        """Restart a worker that is still up but does not answer or does not stop."""
        with contextlib.suppress(WorkerLostError, WorkerSlowError):
            if self.address in self.cluster.addresses():
                self.address = self.cluster.restart(self.address)

    def _prepare(self) -> ExecutionSettings:
        """Load TensorFlow and the images in the worker; returns the run's execution settings."""
        condition = self.cluster.call(self.address, worker.condition, meanwhile=self._obey_stop)
        loaded = condition["threads"] or None
        config, images, alone = self.queued.config, self.queued.digits.train, self._alone()
        execution = speed.execution_for(config, images, speed.load(), loaded, alone=alone)
        if alone and loaded not in (None, execution.threads):
            self.restarting = True
            try:
                self.address = self.cluster.restart(self.address)
            except WorkerSlowError as error:  # it is not known whether it is up again
                raise WorkerLostError(str(error)) from error
            finally:
                self.restarting = False
        warm = self._submit("warm", worker.warm, execution.threads)
        threads = self._wait(warm)["threads"]
        if not self._wait(self._submit("digits", worker.has_digits, *self._images)):
            data, fingerprint = self.digits.path.read_bytes(), self.digits.fingerprint
            self._wait(self._submit("send", worker.receive_digits, data, fingerprint))
        return msgspec.structs.replace(execution, threads=threads)

    def _start(self, execution: ExecutionSettings) -> Future:
        """Start training in the worker.

        Raises:
            OriginError: the run to continue from, or its weights, are no longer in the store.
        """
        start = None
        if self.queued.origin is not None:
            weights, state = continuing.files_of_origin(self.store, self.queued.origin)
            start = {"weights": weights, "optimizer": state, "frozen": self.queued.frozen}
        run_id, config = self.queued.id, self.queued.config.to_json()
        settings = msgspec.to_builtins(execution)
        return self._submit(
            "train", worker.train_run, run_id, config, *self._images, settings, start
        )

    def _call(self, function: Callable[..., Any], *args: Any, meanwhile: Callable[[], None]) -> Any:
        """Call a function of ``worker`` for this run while it runs."""
        return self.cluster.call(self.address, function, self.queued.id, *args, meanwhile=meanwhile)

    def _submit(self, what: str, function: Any, *args: Any) -> Future:
        key = f"{what}-{self.queued.id}-{time.monotonic_ns()}"
        self._task = self.cluster.submit(self.address, key, function, *args)
        return self._task

    def _wait(self, future: Future) -> Any:
        while not future.done():
            time.sleep(0.02)
            self._obey_stop()
            self._look_for_worker()
        return self.cluster.result(future, self.address, self._obey_stop)

    def _follow(self, future: Future) -> Outcome:
        """Write reports and files until the task is done and all of them are written."""
        while not future.done():
            self._receive()
            self._obey_stop()
            self._look_for_worker()
            time.sleep(_TICK_SECONDS)
        while self._receive():
            pass
        return msgspec.convert(self.cluster.result(future, self.address, self._obey_stop), Outcome)

    def _receive(self) -> bool:
        """Write the next reports and files of the run; False where there are none.

        The time that this takes does not count towards ``STOP_SECONDS``.
        """
        began = time.monotonic()
        items = self._call(worker.take, self._received, meanwhile=self._obey_stop)
        for number, item in items:
            self._write_item(item)
            self._received = number
        if items and self._asked_to_stop is not None:
            self._asked_to_stop += time.monotonic() - max(began, self._asked_to_stop)
        return bool(items)

    def _write_item(self, item: worker.Item) -> None:
        """Write a report, drop a file, or write a file once its last piece has come."""
        if isinstance(item, worker.Dropped):
            self._write(self.store.drop_file, item.name, file=item.name)
        elif isinstance(item, worker.File):
            if item.name != self._name:  # the one before may lack pieces, where it was dropped
                self._name, self._file = item.name, bytearray()
            self._file += item.data
            if item.last:
                whole, self._name, self._file = self._file, "", bytearray()
                self._write(self.store.keep, item.name, whole, file=item.name)
        else:
            self._write(self.store.report, item)

    def _write(self, action: Callable[..., _Written], *args: Any, file: str = DATABASE) -> _Written:
        """Call ``action`` of the store for this run, waiting while another process locks it.

        Raises:
            NotWrittenError: it cannot be written at all.
            EngineClosedError: the engine was closed meanwhile.
        """
        try:
            return self._retry(StorageBusyError, action, *args)
        except StorageError as error:
            raise NotWrittenError(file) from error

    def _retry(
        self, passing: type[StorageError], action: Callable[..., _Written], *args: Any
    ) -> _Written:
        """Repeat ``action`` of the store while it fails with ``passing``; the first is logged."""
        pause = 0.0
        while True:
            try:
                return action(self.queued.id, *args)
            except passing as error:
                if not pause:
                    log.warning("run %s waits for the store: %s", self.queued.id, error)
            pause = min(2 * pause or _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
            if self.closing.wait(pause):
                raise EngineClosedError
            with contextlib.suppress(WorkerLostError, StoreError):  # raised again outside of here
                self._obey_stop()

    def _end(self, status: Status, reason: Message, outcome: Outcome | None = None) -> None:
        """Write how the run ended, waiting while the disk is full or the store is locked."""
        with contextlib.suppress(EngineClosedError):  # the engine marks it then
            self._retry(StorageError, self.store.end, status, reason, outcome)

    def _obey_stop(self) -> None:
        """Pass a request to stop on to the worker, once.

        Raises:
            StoreError: the run was deleted.
            WorkerLostError: the worker has not stopped in time.
        """
        if self._asked_to_stop is not None:
            self._stops_in_time()
            return
        try:
            stop = self.store.run(self.queued.id).stop
        except StorageBusyError:  # it is read again in a moment
            return
        except StorageError as error:
            raise NotWrittenError(DATABASE) from error
        if stop:
            self._asked_to_stop = time.monotonic()
            self._call(worker.request_stop, meanwhile=self._stops_in_time)

    def _stops_in_time(self) -> None:
        if self._asked_to_stop and time.monotonic() - self._asked_to_stop > STOP_SECONDS:
            raise WorkerLostError(self.address)

    def _look_for_worker(self) -> None:
        """Check that the worker is still there; an existing scheduler may wait for it for ever.

        Raises:
            WorkerLostError: the worker is gone.
        """
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._looked = time.monotonic()
            self.cluster.look_for(self.address)

    def _lost(self) -> None:
        """Write the end of a run whose worker died or did not stop, or queue the run once more."""
        if self._asked_to_stop is not None:
            reason = message(
                "The worker did not answer the stop and was ended; epochs kept: {epochs}.",
                epochs=len(self._kept()),
            )
            self._end(Status.STOPPED, reason)
            return
        # It is trained again if it was lost before its first epoch, for the first time.
        with contextlib.suppress(NotWrittenError, EngineClosedError):
            if self._write(self.store.requeue):
                log.warning("run %s: its worker was lost; it is queued once more", self.queued.id)
                return
        epochs = self._kept()
        reason = message(
            "The training process ended twice before the first epoch was complete. The network may "
            "need more memory than there is: a smaller one, or a smaller batch, may help."
        )
        self._end(Status.INTERRUPTED, interrupted(epochs) if epochs else reason)

    def _kept(self) -> list[EpochMetrics]:
        return self._retry(StorageBusyError, self.store.epochs)


def _failed(error: Exception) -> Message:
    what = error.on_page if isinstance(error, LabError) else error
    detail = f"{type(error).__name__}: {what}"[:200]
    return message("Training failed in the worker ({detail}).", detail=detail)


def _fault(error: Exception) -> Message:
    return message(
        "The server made a mistake, and the run was ended ({detail}); its log tells more. What was "
        "written before is kept.",
        detail=type(error).__name__,
    )


def _reason(run: Run, outcome: Outcome) -> Message:
    """Why a run ended, in a sentence."""
    epochs = outcome.epochs
    if outcome.ending == "diverged" and not epochs:
        return message(
            "The loss was no longer a finite number in epoch 1: the run diverged. A smaller "
            "learning rate usually helps."
        )
    if outcome.ending == "diverged":
        return message(
            "The loss was no longer a finite number in epoch {epoch}: the run diverged. Earlier "
            "epochs are kept. A smaller learning rate usually helps.",
            epoch=epochs + 1,
        )
    if outcome.ending == "stopped":
        return message("Stopped by request after {epochs} whole epochs.", epochs=epochs)
    if outcome.stopped_early:
        return message(
            "Early stopping: the validation loss had not improved for {patience} epochs, so the "
            "run ended after epoch {epoch} of {epochs}.",
            patience=run.config.patience,
            epoch=epochs,
            epochs=run.config.epochs,
        )
    return message("All {epochs} epochs were trained.", epochs=epochs)
