"""Trains one run, and passes its metrics and files to callbacks as they are made.

Metrics go to ``report`` and files to ``keep``; ``should_stop`` is called between chunks of steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import keras
import msgspec
import numpy as np

from digitlab.config import RunConfig
from digitlab.dataset import DigitSet, one_hot
from digitlab.network import Floats
from digitlab.progress import (
    BatchMetrics,
    Ending,
    EpochMetrics,
    ExecutionSettings,
    Outcome,
    Report,
    Untrained,
)
from digitlab.training.compiled import Compiled
from digitlab.training.continuing import STATE_FILE, InitialState, pack_state
from digitlab.training.evaluation import Evaluator, ShouldStop, Tested
from digitlab.training.formats import fastest
from digitlab.training.kept_files import Drop, Keep, KeptFiles
from digitlab.training.keras_model import optimizer_state, restore_optimizer, set_weights
from digitlab.training.loop import Sums, TrainingData, as_tensor, fit_order

REPORTS_PER_SECOND = 10


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
        report: called with the execution settings, with the untrained network's scores, then with
            batch metrics at most ten times a second, and with each epoch's metrics.
        keep: called with a file's name and bytes, before the report of the same epoch:
            ``weights-EPOCH.npz`` (Network), ``kernels-EPOCH.npy`` (first convolution, float32),
            ``reading-EPOCH.npz`` (``digit`` uint8 and ``confidence`` float16 of the test images
            of ``tested_after_epoch``) and, last, ``probabilities.npy`` (float32, test images x 10).
        should_stop: called after every chunk of steps, which takes about 0.2 s.
        execution: threads, and the number format in which a short run is trained; a longer one
            tries both.
        start: the weights and optimizer state to continue training from; None for a new network.
        drop: called with the name of a kept file that is no longer wanted: weights that newer ones
            replace. Without it only evenly spaced weights, and the last, are kept.

    The optimizer's state at the end is kept as ``optimizer.npz``, unless it is too large.

    Returns:
        How the run ended.
    """
    began = time.perf_counter()
    data = _data(config, digits)
    network, number_format = fastest(
        config, data, execution.format, frozen=start is not None and start.frozen
    )
    if start is not None:
        set_weights(network.model, start.network)
        restore_optimizer(network.model, start.optimizer)
    report(msgspec.structs.replace(execution, format=number_format))
    evaluator = Evaluator(network, config, digits, should_stop)
    files = KeptFiles(config, digits, keep, drop)
    training = _Training(config, network, evaluator, files, report, should_stop)
    if training.untrained():
        training.run(data)
        _keep_state(network.model, training.ending, keep, start)
    files.finish(training.test_whole())
    return Outcome(
        ending=training.ending,
        epochs=training.epochs,
        kept_epoch=files.epoch,
        stopped_early=training.stopped_early,
        seconds=time.perf_counter() - began,
        images_per_second=training.speed,
    )


def _data(config: RunConfig, digits: DigitSet) -> TrainingData:
    """The images to train on; seeds all random generators as the exported script does."""
    images, labels = digits.split(config).train
    targets = one_hot(labels) if config.one_hot else labels.astype(np.int32)
    keras.utils.set_random_seed(config.seed)
    return TrainingData(as_tensor(images[..., None]), as_tensor(targets), fit_order(len(images)))


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
        self.test: Tested | None = None  # of the weights that were kept last
        self.epoch: EpochMetrics | None = None  # the last one reported
        self.stopped_early = False
        # Without the first chunk of a new network, which is mostly TensorFlow tracing it.
        self.images, self.seconds = 0, 0.0

    @property
    def speed(self) -> float:
        """Images trained per second; 0 before any were timed."""
        return self.images / self.seconds if self.seconds else 0.0

    def untrained(self) -> bool:
        """Evaluate the network before its first step; False when the run was stopped already."""
        test = self._test(0)
        if test is not None:
            scores = test.scores
            self.report(Untrained(scores.loss, scores.accuracy, len(test.probabilities)))
        if test is None or self.should_stop():
            self.ending = "stopped"
            return False
        return True

    def run(self, data: TrainingData) -> None:
        """Train on ``data``."""
        images = len(data.order)
        for epoch in range(1, self.config.epochs + 1):
            chunks = self.network.loop.epoch(*data, self.config.batch_size)
            seen = self._train(epoch, chunks, images)
            if self.ending != "diverged":
                self._end_epoch(epoch, seen, images)
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
        test = self._test(epoch)
        if self.ending == "diverged":
            return
        validation = self.evaluator.validation(test)
        complete = seen.images == images
        if complete:
            self.epochs += 1
            exhausted = validation is not None and self.patience.exhausted(validation.loss)
            self.stopped_early = exhausted and epoch < self.config.epochs
        self.epoch = EpochMetrics(
            epoch=epoch,
            complete=complete,
            loss=seen.loss / seen.images,
            accuracy=seen.correct / seen.images,
            val_loss=validation.loss if validation else None,
            val_accuracy=validation.accuracy if validation else None,
            seconds=seen.seconds,
            images=seen.images,
            **_test_metrics(test),
        )
        self.report(self.epoch)

    def _test(self, epoch: int) -> Tested | None:
        """Test the network after ``epoch`` and keep it, unless it diverged in its last step.

        The whole test set is read where it is also the validation set, and after the last epoch.
        """
        validates = epoch > 0 and self.config.validation == "test"
        test = self.evaluator.test(whole=validates or epoch == self.config.epochs)
        if epoch and test is not None and not math.isfinite(test.scores.loss):
            self.ending = "diverged"  # after the step's loss was computed
            return None
        answers = test.probabilities if test is not None else None
        if test is not None and test.whole:
            answers = test.probabilities[self.evaluator.part]
        self.files.epoch_end(epoch, self.network.model, answers)
        self.test = test
        return test

    def test_whole(self) -> Floats | None:
        """Test the weights that were kept last on the whole set, and report their epoch anew.

        Returns:
            Their probabilities, float32 (N, 10); None after a stop that left no time.
        """
        if self.test is None or not self.test.whole:
            if self.ending == "diverged":
                set_weights(self.network.model, self.files.network)
            self.test = self.evaluator.test(whole=True)
            if self.test is not None and self.epoch is not None:
                self.report(msgspec.structs.replace(self.epoch, **_test_metrics(self.test)))
        return self.test.probabilities if self.test is not None else None


def _test_metrics(test: Tested | None) -> dict[str, Any]:
    """The fields of ``EpochMetrics`` that a test gives."""
    return {
        "test_loss": test.scores.loss if test else None,
        "test_accuracy": test.scores.accuracy if test else None,
        "test_images": len(test.probabilities) if test else 0,
    }


class _Patience:
    """Early stopping on the validation loss, counted as Keras's ``EarlyStopping`` counts."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.best, self.waited = epochs, math.inf, 0

    def exhausted(self, loss: float) -> bool:
        """Whether there has been no improvement for ``epochs`` epochs, this one included."""
        self.waited = 0 if loss < self.best else self.waited + 1
        self.best = min(self.best, loss)
        return 0 < self.epochs <= self.waited
