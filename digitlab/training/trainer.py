"""Trains one run, and passes its metrics and files to callbacks as they are made.

Metrics go to ``report`` and files to ``keep``; ``should_stop`` is called between chunks of steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np

from digitlab.config import RunConfig
from digitlab.dataset import DigitSet, one_hot
from digitlab.dataset.digits import Bytes
from digitlab.progress import (
    BatchMetrics,
    Ending,
    EpochMetrics,
    ExecutionSettings,
    Outcome,
    Report,
    Untrained,
)
from digitlab.training.compiled import Compiled, compiled
from digitlab.training.continuing import STATE_FILE, InitialState, pack_state
from digitlab.training.evaluation import Evaluator, ShouldStop
from digitlab.training.kept_files import Drop, Keep, KeptFiles
from digitlab.training.keras_model import optimizer_state, restore_optimizer, set_weights
from digitlab.training.loop import Sums, as_tensor, fit_order

REPORTS_PER_SECOND = 5


def train(
    config: RunConfig,
    digits: DigitSet,
    report: Callable[[Report], None],
    keep: Keep,
    should_stop: ShouldStop,
    execution: ExecutionSettings,
    start: InitialState | None = None,
    drop: Drop | None = None,
) -> Outcome:
    """Train ``config`` on ``digits``.

    Args:
        config: the run's settings.
        digits: the set it trains on and is tested on.
        report: called with the untrained network's scores, then with batch metrics at most five
            times a second, and with each epoch's metrics.
        keep: called with a file's name and bytes, before the report of the same epoch:
            ``weights-EPOCH.npz`` (Network), ``kernels-EPOCH.npy`` (first convolution, float32),
            ``reading-EPOCH.npz`` (``digit`` uint8 and ``confidence`` float16 of every test image)
            and, last, ``probabilities.npy`` (float32, test images x 10).
        should_stop: called after every chunk of steps, which takes about 0.2 s.
        execution: number format and threads.
        start: the weights and optimizer state to continue training from; None for a new network.
        drop: called with the name of a kept file that is no longer wanted: weights that newer ones
            replace. Without it only evenly spaced weights, and the last, are kept.

    The optimizer's state at the end is kept as ``optimizer.npz``, unless it is too large.

    Returns:
        How the run ended.
    """
    began = time.perf_counter()
    keras.utils.set_random_seed(config.seed)
    network = _network(config, execution, start)
    evaluator = Evaluator(network, config, digits, should_stop)
    files = KeptFiles(config, digits, keep, drop)
    training = _Training(config, network, evaluator, files, report, should_stop)
    if training.untrained():
        training.run(*digits.split(config).train)
        _keep_state(network.model, training.ending, keep, start)
    files.finish()
    return Outcome(
        ending=training.ending,
        epochs=training.epochs,
        kept_epoch=files.epoch,
        stopped_early=training.stopped_early,
        seconds=time.perf_counter() - began,
        images_per_second=training.speed,
    )


def _network(
    config: RunConfig, execution: ExecutionSettings, start: InitialState | None
) -> Compiled:
    if start is None:
        return compiled(config, execution.format)
    network = compiled(config, execution.format, frozen=start.frozen)
    set_weights(network.model, start.network)
    restore_optimizer(network.model, start.optimizer)
    return network


def _keep_state(model: Any, ending: Ending, keep: Keep, start: InitialState | None) -> None:
    """Keep the optimizer's state, with the earlier state of layers that are frozen now."""
    earlier = dict(start.optimizer) if start is not None else {}
    state = pack_state(earlier | optimizer_state(model)) if ending != "diverged" else None
    if state is not None:
        keep(STATE_FILE, state)


class _Training:
    """A run's epochs: trains, evaluates, keeps and reports, until the last or until it is ended."""

    def __init__(
        self,
        config: RunConfig,
        network: Compiled,
        evaluator: Evaluator,
        files: KeptFiles,
        report: Callable[[Report], None],
        should_stop: ShouldStop,
    ) -> None:
        self.config, self.network = config, network
        self.evaluator, self.files = evaluator, files
        self.report, self.should_stop = report, should_stop
        self.patience = _Patience(config.patience)
        self.ending: Ending = "finished"
        self.epochs = 0  # whole ones
        self.stopped_early = False
        # Without the first chunk of a new network, which is mostly TensorFlow tracing it.
        self.images, self.seconds = 0, 0.0

    @property
    def speed(self) -> float:
        """Images trained per second; 0 before any were timed."""
        return self.images / self.seconds if self.seconds else 0.0

    def untrained(self) -> bool:
        """Evaluate the network before its first step; False when the run was stopped already."""
        probabilities, scores = self.evaluator.test()
        self.files.epoch_end(0, self.network.model, probabilities)
        if scores is not None:
            self.report(Untrained(scores.loss, scores.accuracy))
        if scores is None or self.should_stop():
            self.ending = "stopped"
            return False
        return True

    def run(self, images: Bytes, labels: Bytes) -> None:
        """Train on ``images`` (N, 28, 28) and their ``labels`` (N,)."""
        targets = one_hot(labels) if self.config.one_hot else labels.astype(np.int32)
        data = as_tensor(images[..., None]), as_tensor(targets), fit_order(len(images))
        for epoch in range(1, self.config.epochs + 1):
            chunks = self.network.loop.epoch(*data, self.config.batch_size)
            self._end_epoch(epoch, self._train(epoch, chunks, len(images)), len(images))
            if self.ending != "finished" or self.stopped_early:
                break

    def _train(self, epoch: int, chunks: Iterable[Sums], images: int) -> Sums:
        """Train and report one epoch of so many images, or less where the run is ended."""
        seen = reported = Sums()
        last_report = time.perf_counter()
        for sums in chunks:
            if not sums.traced:
                self.images += sums.images - seen.images
                self.seconds += sums.seconds - seen.seconds
            seen, now = sums, time.perf_counter()
            if not math.isfinite(seen.loss):
                self.ending = "diverged"
            elif now - last_report >= 1 / REPORTS_PER_SECOND or seen.images == images:
                self._report_batches(epoch, seen, reported, images)
                reported, last_report = seen, now
            if self.ending == "finished" and self.should_stop():
                self.ending = "stopped"
            if self.ending != "finished":
                break
        return seen

    def _report_batches(self, epoch: int, seen: Sums, reported: Sums, images: int) -> None:
        """Report the means of what was seen since the last report."""
        step, steps = (math.ceil(count / self.config.batch_size) for count in (seen.images, images))
        new = seen.images - reported.images
        loss = (seen.loss - reported.loss) / new
        accuracy = (seen.correct - reported.correct) / new
        self.report(BatchMetrics(epoch, step, steps, loss, accuracy, self.speed))

    def _end_epoch(self, epoch: int, seen: Sums, images: int) -> None:
        """Evaluate, keep and report the network after ``epoch``, and see whether it was the last.

        A network that diverged in the epoch is not kept: the weights before it are.
        """
        if self.ending == "diverged":
            return
        probabilities, test = self.evaluator.test()
        if test is not None and not math.isfinite(test.loss):
            self.ending = "diverged"  # in the last step, after its loss was computed
            return
        validation = self.evaluator.validation(test)
        self.files.epoch_end(epoch, self.network.model, probabilities)
        complete = seen.images == images
        if complete:
            self.epochs += 1
            exhausted = validation is not None and self.patience.exhausted(validation.loss)
            self.stopped_early = exhausted and epoch < self.config.epochs
        self.report(
            EpochMetrics(
                epoch=epoch,
                complete=complete,
                loss=seen.loss / seen.images,
                accuracy=seen.correct / seen.images,
                val_loss=validation.loss if validation else None,
                val_accuracy=validation.accuracy if validation else None,
                test_loss=test.loss if test else None,
                test_accuracy=test.accuracy if test else None,
                seconds=seen.seconds,
                images=seen.images,
            )
        )


class _Patience:
    """Early stopping on the validation loss, counted as Keras's ``EarlyStopping`` counts."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.best, self.waited = epochs, math.inf, 0

    def exhausted(self, loss: float) -> bool:
        """Whether there has been no improvement for ``epochs`` epochs, this one included."""
        self.waited = 0 if loss < self.best else self.waited + 1
        self.best = min(self.best, loss)
        return 0 < self.epochs <= self.waited
