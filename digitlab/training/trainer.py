"""Trains one run with Keras, and passes its metrics and files to callbacks as they are made.

Metrics go to ``report`` and files to ``keep``; ``should_stop`` is called between executions.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
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
    model = _model(config, execution, start)
    evaluator = _Evaluator(model, config, digits, should_stop, execution)
    files = _Files(config, digits, keep, drop)
    batches = _Batches(config, len(digits.split(config).train[0]), report, should_stop)
    epochs = _Epochs(config, batches, evaluator, files, report)
    if epochs.untrained(model):
        _fit(model, config, digits, [batches, epochs])
        _keep_state(model, batches.ending, keep, start)
    files.finish()
    return Outcome(
        ending=batches.ending,
        epochs=epochs.whole,
        kept_epoch=files.epoch,
        stopped_early=epochs.stopped_early,
        seconds=time.perf_counter() - began,
        images_per_second=batches.speed,
    )


def _model(config: RunConfig, execution: ExecutionSettings, start: InitialState | None) -> Any:
    model = build(layers_of(config), execution.format, config.seed)
    if start is not None:
        set_weights(model, start.network)
        if start.frozen:
            freeze_convolutions(model)
    compile_model(model, config, execution.steps)
    if start is not None:
        restore_optimizer(model, start.optimizer)
    return model


def _keep_state(model: Any, ending: Ending, keep: Keep, start: InitialState | None) -> None:
    """Keep the optimizer's state, with the earlier state of layers that are frozen now."""
    earlier = dict(start.optimizer) if start is not None else {}
    state = pack_state(earlier | optimizer_state(model)) if ending != "diverged" else None
    if state is not None:
        keep(STATE_FILE, state)


def _fit(model: Any, config: RunConfig, digits: DigitSet, callbacks: list[Any]) -> None:
    images, labels = digits.split(config).train
    targets = one_hot(labels) if config.one_hot else labels.astype(np.int32)
    model.fit(
        as_pixels(images),
        targets,
        batch_size=config.batch_size,
        epochs=config.epochs,
        verbose=0,
        callbacks=callbacks,
    )


class _Batches(keras.callbacks.Callback):  # type: ignore[misc]
    """Reports the batches of a ``fit``, and ends it when it was stopped or has diverged."""

    def __init__(
        self, config: RunConfig, images: int, report: Callable[[Report], None], stop: ShouldStop
    ) -> None:
        super().__init__()
        self.config, self.images, self.report, self.should_stop = config, images, report, stop
        self.ending: Ending = "finished"
        # Images and seconds without the first execution, which is mostly Keras tracing the model.
        self.trained, self.seconds = 0, 0.0
        self.traced = False
        self.means = _Means()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch, self.means, self.reported = epoch + 1, _Means(), _Means()
        self.started = self.last_report = self.last_seen = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = time.perf_counter()
        seen = min((batch + 1) * self.config.batch_size, self.images)
        if self.traced:
            self.trained += seen - self.means.images
            self.seconds += now - self.last_seen
        self.traced = True
        self.means, self.last_seen = _Means(seen, float(logs["loss"]), float(logs["accuracy"])), now
        if not math.isfinite(self.means.loss):
            self.end("diverged")
        elif now - self.last_report >= 1 / REPORTS_PER_SECOND or self.epoch_is_whole:
            self._report(now)
        if self.ending == "finished" and self.should_stop():
            self.end("stopped")

    @property
    def epoch_is_whole(self) -> bool:
        """Whether every training image of this epoch has been seen."""
        return self.means.images == self.images

    @property
    def speed(self) -> float:
        """Images trained per second; 0 before the second execution."""
        return self.trained / self.seconds if self.seconds else 0.0

    def end(self, ending: Ending) -> None:
        """End the ``fit`` after this execution."""
        self.ending = ending
        self.model.stop_training = True

    def _report(self, now: float) -> None:
        fresh = self.means.since(self.reported)
        step = math.ceil(self.means.images / self.config.batch_size)
        steps = math.ceil(self.images / self.config.batch_size)
        self.report(BatchMetrics(self.epoch, step, steps, fresh.loss, fresh.accuracy, self.speed))
        self.reported, self.last_report = self.means, now


class _Means:
    """Keras's running means of an epoch: loss and accuracy over its first ``images`` images."""

    def __init__(self, images: int = 0, loss: float = 0.0, accuracy: float = 0.0) -> None:
        self.images, self.loss, self.accuracy = images, loss, accuracy

    def since(self, earlier: _Means) -> _Means:
        """The means over the images after ``earlier`` alone."""
        new = self.images - earlier.images
        return _Means(
            new,
            (self.loss * self.images - earlier.loss * earlier.images) / new,
            (self.accuracy * self.images - earlier.accuracy * earlier.images) / new,
        )


class _Epochs(keras.callbacks.Callback):  # type: ignore[misc]
    """Evaluates, keeps and reports the network at each epoch's end; stops early."""

    def __init__(
        self,
        config: RunConfig,
        batches: _Batches,
        evaluator: _Evaluator,
        files: _Files,
        report: Callable[[Report], None],
    ) -> None:
        super().__init__()
        self.config, self.batches, self.evaluator = config, batches, evaluator
        self.files, self.report = files, report
        self.patience = _Patience(config.patience)
        self.whole = 0
        self.stopped_early = False

    def untrained(self, model: Any) -> bool:
        """Evaluate the network before its first step; False when the run was stopped already."""
        probabilities, scores = self.evaluator.test()
        self.files.epoch_end(0, model, probabilities)
        if scores is not None:
            self.report(Untrained(scores.loss, scores.accuracy))
        if scores is None or self.batches.should_stop():
            self.batches.ending = "stopped"
            return False
        return True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.batches.ending == "diverged":
            return
        probabilities, test = self.evaluator.test()
        if test is not None and not math.isfinite(test.loss):
            self.batches.end("diverged")  # in the last step, after Keras computed its loss
            return
        validation = self.evaluator.validation(test)
        self.files.epoch_end(epoch + 1, self.model, probabilities)
        if self.batches.epoch_is_whole:
            self.whole += 1
            if validation is not None and self.patience.exhausted(validation.loss):
                self.stopped_early = self.whole < self.config.epochs
                self.model.stop_training = True
        means = self.batches.means
        self.report(
            EpochMetrics(
                epoch=epoch + 1,
                complete=self.batches.epoch_is_whole,
                loss=means.loss,
                accuracy=means.accuracy,
                val_loss=validation.loss if validation else None,
                val_accuracy=validation.accuracy if validation else None,
                test_loss=test.loss if test else None,
                test_accuracy=test.accuracy if test else None,
                seconds=self.batches.last_seen - self.batches.started,
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
        self.config, self.digits, self.keep, self.drop = config, digits, keep, drop
        self.layers = layers_of(config)
        self.every = epochs_between_weights(parameter_count(self.layers), config.epochs)
        self.epoch = 0
        self.kept = False
        self.replaceable: str | None = None  # the weights to drop when there are newer ones
        self.kept_at = -math.inf
        self.probabilities: Floats | None = None

    def epoch_end(self, epoch: int, model: Any, probabilities: Floats | None) -> None:
        """Keep what belongs to ``epoch``; 0 is the untrained network."""
        self.epoch = epoch
        about = {"config": self.config.to_json(), "dataset": self.digits.name, "epoch": epoch}
        self.network = network_of(model, self.layers, about)
        evenly = epoch % self.every == 0
        since = time.perf_counter() - self.kept_at
        self.kept = evenly or (self.drop is not None and since >= SECONDS_BETWEEN_NEWEST)
        if self.kept:
            self._keep_weights(replaceable=not evenly)
        if self.layers[0].kind == "conv":
            self.keep(f"kernels-{epoch:03d}.npy", npy(self.network.weights[self.layers[0].name][0]))
        self.probabilities = probabilities
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
