"""Trains one run with Keras, and passes its metrics and files to callbacks as they are made.

Metrics go to ``report`` and files to ``keep``; ``should_stop`` is called between executions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from digitlab.config import RunConfig
from digitlab.dataset import DigitSet, one_hot
from digitlab.layers import EVALUATION_CHUNK, layers_of, parameter_count
from digitlab.network import Floats, as_pixels
from digitlab.progress import (
    BatchMetrics,
    Ending,
    EpochMetrics,
    ExecutionSettings,
    Outcome,
    Report,
    Untrained,
)
from digitlab.scores import Scores, score
from digitlab.store.run_files import npy, packed_predictions
from digitlab.training.continuing import STATE_FILE, InitialState, pack_state
from digitlab.training.keras_model import (
    build,
    compile_model,
    freeze_convolutions,
    network_of,
    optimizer_state,
    restore_optimizer,
    set_weights,
)

REPORTS_PER_SECOND = 5
# A run keeps the weights of every epoch if they fit in this many bytes; otherwise those of the
# untrained network, of evenly spaced epochs, and of the last.
WEIGHTS_BUDGET = 96_000_000
# Between evenly spaced epochs the newest weights are kept as well and replace those before, so that
# a killed run leaves them. Not more often than this: 22 million parameters are 88 MB.
SECONDS_BETWEEN_NEWEST = 10.0
# How long a stopped run may still take to evaluate the test set.
SECONDS_AFTER_STOP = 1.0

Keep = Callable[[str, bytes], None]
Drop = Callable[[str], None]
ShouldStop = Callable[[], bool]


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
        should_stop: called after every execution of ``execution.steps`` batches.
        execution: number format, threads and steps of an execution.
        start: the weights and optimizer state to continue training from; None for a new network.
        drop: called with the name of a kept file that is no longer wanted: weights that newer ones
            replace. Without it only evenly spaced weights, and the last, are kept.

    The optimizer's state at the end is kept as ``optimizer.npz``, unless it is too large.

    Returns:
        How the run ended.
    """
    began = time.perf_counter()
    keras.utils.set_random_seed(config.seed)
    model = build(layers_of(config), execution.format, config.seed)
    if start is not None:
        set_weights(model, start.network)
        if start.frozen:
            freeze_convolutions(model)
    compile_model(model, config, execution.steps)
    if start is not None:
        restore_optimizer(model, start.optimizer)

    images, labels = digits.split(config).train
    files = _Files(config, digits, keep, drop)
    evaluator = _Evaluator(model, config, digits, should_stop, execution)
    training = _Training(config, len(images), evaluator, files, report)
    if training.untrained(model):
        model.fit(
            as_pixels(images),
            one_hot(labels) if config.one_hot else labels.astype(np.int32),
            batch_size=config.batch_size,
            epochs=config.epochs,
            verbose=0,
            callbacks=[training],
        )
        if training.ending != "diverged":
            # Layers that are frozen now have the state that they had before.
            earlier = start.optimizer if start is not None else {}
            state = pack_state({**earlier, **optimizer_state(model)})
            if state is not None:
                keep(STATE_FILE, state)
    files.finish()
    return Outcome(
        ending=training.ending,
        epochs=training.whole_epochs,
        kept_epoch=files.epoch,
        stopped_early=training.stopped_early,
        seconds=time.perf_counter() - began,
        images_per_second=training.speed,
    )


@dataclass(frozen=True)
class _Means:
    """Keras's running means of an epoch: loss and accuracy over its first ``images`` images."""

    images: int = 0
    loss: float = 0.0
    accuracy: float = 0.0

    def since(self, earlier: _Means) -> _Means:
        """The means over the images after ``earlier`` alone."""
        new = self.images - earlier.images
        return _Means(
            new,
            (self.loss * self.images - earlier.loss * earlier.images) / new,
            (self.accuracy * self.images - earlier.accuracy * earlier.images) / new,
        )


class _Training(keras.callbacks.Callback):  # type: ignore[misc]
    """Follows a ``fit``: reports its batches and epochs, keeps their files, and ends it.

    It ends when it was stopped, has diverged, or has not improved for long enough.
    """

    def __init__(
        self,
        config: RunConfig,
        images: int,
        evaluator: _Evaluator,
        files: _Files,
        report: Callable[[Report], None],
    ) -> None:
        super().__init__()
        self.config, self.images, self.report = config, images, report
        self.evaluator, self.files = evaluator, files
        self.ending: Ending = "finished"
        self.whole_epochs, self.stopped_early = 0, False
        self.patience = _Patience(config.patience)
        # Images and seconds without the first execution, which is mostly Keras tracing the model.
        self.timed_images, self.timed_seconds, self.traced = 0, 0.0, False

    @property
    def speed(self) -> float:
        """Images trained per second; 0 before the second execution."""
        return self.timed_images / self.timed_seconds if self.timed_seconds else 0.0

    def end(self, ending: Ending) -> None:
        """End the ``fit`` after this execution."""
        self.ending = ending
        self.model.stop_training = True

    def untrained(self, model: Any) -> bool:
        """Evaluate the network before its first step; False when the run was stopped already."""
        probabilities, scores = self.evaluator.test()
        self.files.epoch_end(0, model, probabilities)
        if scores is not None:
            self.report(Untrained(scores.loss, scores.accuracy))
            if not self.evaluator.should_stop():
                return True
        self.ending = "stopped"
        return False

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch, self.means, self.reported = epoch + 1, _Means(), _Means()
        self.started = self.last_report = self.last_seen = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now, size = time.perf_counter(), self.config.batch_size
        seen = min((batch + 1) * size, self.images)
        if self.traced:
            self.timed_images += seen - self.means.images
            self.timed_seconds += now - self.last_seen
        self.traced = True
        self.means, self.last_seen = _Means(seen, float(logs["loss"]), float(logs["accuracy"])), now
        if not math.isfinite(self.means.loss):
            self.end("diverged")
        elif now - self.last_report >= 1 / REPORTS_PER_SECOND or seen == self.images:
            new = self.means.since(self.reported)
            step, steps = math.ceil(seen / size), math.ceil(self.images / size)
            self.report(BatchMetrics(self.epoch, step, steps, new.loss, new.accuracy, self.speed))
            self.reported, self.last_report = self.means, now
        if self.ending == "finished" and self.evaluator.should_stop():
            self.end("stopped")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.ending == "diverged":
            return
        probabilities, test = self.evaluator.test()
        if test is not None and not math.isfinite(test.loss):
            self.end("diverged")  # in the last step, after Keras computed its loss
            return
        validation = self.evaluator.validation(test)
        self.files.epoch_end(self.epoch, self.model, probabilities)
        means = self.means
        whole = means.images == self.images
        if whole:
            self.whole_epochs += 1
            if validation is not None and self.patience.exhausted(validation.loss):
                self.stopped_early = self.whole_epochs < self.config.epochs
                self.model.stop_training = True
        self.report(
            EpochMetrics(
                epoch=self.epoch,
                complete=whole,
                loss=means.loss,
                accuracy=means.accuracy,
                val_loss=validation.loss if validation else None,
                val_accuracy=validation.accuracy if validation else None,
                test_loss=test.loss if test else None,
                test_accuracy=test.accuracy if test else None,
                seconds=self.last_seen - self.started,
                images=means.images,
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


class _Evaluator:
    """Evaluates the test and the validation images with the current weights, in float32."""

    def __init__(
        self,
        model: Any,
        config: RunConfig,
        digits: DigitSet,
        stop: ShouldStop,
        execution: ExecutionSettings,
    ) -> None:
        self.model, self.config, self.digits, self.should_stop = model, config, digits, stop
        self.exact = model if execution.format == "float32" else build(layers_of(config))
        self.deadline = math.inf

    def test(self) -> tuple[Floats | None, Scores | None]:
        """Probabilities (N, 10) and scores of the test set; None after a stop that left no time."""
        probabilities = self._probabilities(self.digits.x_test)
        if probabilities is None:
            return None, None
        return probabilities, score(self.config.loss, self.digits.y_test, probabilities)

    def validation(self, test: Scores | None) -> Scores | None:
        """Scores of the validation images, where there are any."""
        if self.config.validation == "test":
            return test
        if self.config.validation == "none":
            return None
        images, labels = self.digits.split(self.config).validation
        probabilities = self._probabilities(images)
        return None if probabilities is None else score(self.config.loss, labels, probabilities)

    def _probabilities(self, images: npt.NDArray[np.uint8]) -> Floats | None:
        if self.exact is not self.model:
            self.exact.set_weights(self.model.get_weights())
        parts = []
        for start in range(0, len(images), EVALUATION_CHUNK):
            if self.deadline == math.inf and self.should_stop():
                self.deadline = time.perf_counter() + SECONDS_AFTER_STOP
            if time.perf_counter() > self.deadline:
                return None
            chunk = as_pixels(images[start : start + EVALUATION_CHUNK])
            parts.append(np.asarray(self.exact.predict_on_batch(chunk), np.float32))
        return np.concatenate(parts)


class _Files:
    """Keeps a run's files: weights within their budget, kernels and readings of every epoch."""

    def __init__(self, config: RunConfig, digits: DigitSet, keep: Keep, drop: Drop | None) -> None:
        self.keep, self.drop, self.layers = keep, drop, layers_of(config)
        self.about = {"config": config.to_json(), "dataset": digits.name}
        self.every = epochs_between_weights(parameter_count(self.layers), config.epochs)
        self.replaceable: str | None = None  # the weights to drop when there are newer ones
        self.kept, self.kept_at = False, -math.inf

    def epoch_end(self, epoch: int, model: Any, probabilities: Floats | None) -> None:
        """Keep what belongs to ``epoch``; 0 is the untrained network."""
        self.epoch, self.probabilities = epoch, probabilities
        self.network = network_of(model, self.layers, self.about | {"epoch": epoch})
        evenly = epoch % self.every == 0
        since = time.perf_counter() - self.kept_at
        self.kept = evenly or (self.drop is not None and since >= SECONDS_BETWEEN_NEWEST)
        if self.kept:
            self._keep_weights(replaceable=not evenly)
        if self.layers[0].kind == "conv":
            self.keep(f"kernels-{epoch:03d}.npy", npy(self.network.weights[self.layers[0].name][0]))
        if probabilities is not None:
            self.keep(f"reading-{epoch:03d}.npz", packed_predictions(probabilities))

    def finish(self) -> None:
        """Keep the last weights, and their probabilities for the test set."""
        if not self.kept:
            self._keep_weights(replaceable=False)
        if self.probabilities is not None:
            self.keep("probabilities.npy", npy(self.probabilities))

    def _keep_weights(self, *, replaceable: bool) -> None:
        name, before = f"weights-{self.epoch:03d}.npz", self.replaceable
        self.keep(name, self.network.to_bytes())
        if before is not None and self.drop is not None:
            self.drop(before)
        self.replaceable = name if replaceable else None
        self.kept_at = time.perf_counter()


def epochs_between_weights(parameters: int, epochs: int) -> int:
    """The interval, in epochs, at which all kept weights fit in ``WEIGHTS_BUDGET``."""
    affordable = max(2, WEIGHTS_BUDGET // (4 * parameters))
    return math.ceil(epochs / (affordable - 1))
