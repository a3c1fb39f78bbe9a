"""A compiled training loop under Keras's model, loss and optimizer.

It computes what ``keras.Model.fit`` computes from the same seed, to the last bit, in less time:
``fit`` spends up to half of a small network's time between its steps. Here a chunk of steps is one
call of a ``tf.function``. The images stay uint8, a quarter of their size as float32, and each step
gathers its batch by index. How many steps make a chunk follows from the time that they take;
nothing is traced again for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from digitlab.config import DIGITS, IMAGE_SIZE

# Short enough to stop and to draw, long enough for its overhead not to count.
CHUNK_SECONDS = 0.2
_CHUNKS = 10  # of an epoch, at least: a small network's takes half a second
_GROWTH = 4  # a chunk has at most so many times the steps of the one before
_WHITE = 255.0


@dataclass(frozen=True)
class Sums:
    """What an epoch has trained so far: images, the sum of their losses, how many were right.

    ``loss`` is in nats; it is not finite once the training has diverged. ``seconds`` is by the
    clock. ``traced`` says that TensorFlow traced the loop meanwhile, in its very first chunk.
    """

    images: int = 0
    loss: float = 0.0
    correct: int = 0
    seconds: float = 0.0
    traced: bool = False


class TrainingData(NamedTuple):
    """Tensors to train on, as ``TrainingLoop.epoch`` takes them."""

    images: Any  # uint8 (N, 28, 28, 1)
    targets: Any  # one-hot float32 (N, 10), or int32 (N,)
    order: Any  # int64 (N,): the indices of the images as they are seen


class TrainingLoop:
    """Trains a compiled Keras model; its function is traced once, for any images and batch size."""

    def __init__(self, model: Any, *, one_hot: bool) -> None:
        """``one_hot`` says whether targets are float32 (N, 10); otherwise they are int32 (N,)."""
        model.optimizer.build(model.trainable_variables)
        self._model = model
        self._traced = False
        self._steps = 1
        target = tf.TensorSpec((None, DIGITS)) if one_hot else tf.TensorSpec((None,), tf.int32)
        self._train = tf.function(
            self._chunk,
            input_signature=(
                tf.TensorSpec((None, IMAGE_SIZE, IMAGE_SIZE, 1), tf.uint8),
                target,
                tf.TensorSpec((None,), tf.int64),
                tf.TensorSpec((), tf.int32),
                tf.TensorSpec(()),
                tf.TensorSpec((), tf.float64),
                tf.TensorSpec((), tf.int32),
            ),
            jit_compile=False,  # XLA is slower here
        )

    def epoch(self, images: Any, targets: Any, order: Any, batch_size: int) -> Iterator[Sums]:
        """Train one epoch, and yield its sums after each chunk; leaving the iteration ends it.

        Args:
            images: tensor, uint8 (N, 28, 28, 1).
            targets: tensor of N labels, one-hot or not as this loop was made for.
            order: tensor, int64 (N,): the images' indices in the order in which they are seen.
            batch_size: images in a step; the last step has what is left.
        """
        count, sums = len(order), Sums()
        for first, last in self._chunks(-(-count // batch_size)):
            start, end = first * batch_size, min(last * batch_size, count)
            began = time.perf_counter()
            loss, correct = self._train(
                images, targets, order[start:end], batch_size, _WHITE, sums.loss, sums.correct
            )
            loss, correct = float(loss), int(correct)  # waits for the steps
            seconds = time.perf_counter() - began
            sums = Sums(end, loss, correct, sums.seconds + seconds, not self._traced)
            if self._traced:
                self._adjust(last - first, seconds)
            self._traced = True
            yield sums

    def _chunks(self, steps: int) -> Iterator[tuple[int, int]]:
        """The first step of each chunk, and the first one after it."""
        first, most = 0, -(-steps // _CHUNKS)
        while first < steps:
            last = min(first + min(self._steps, most), steps)
            yield first, last
            first = last

    def _adjust(self, steps: int, seconds: float) -> None:
        affordable = int(steps * CHUNK_SECONDS / max(seconds, 1e-6))
        self._steps = max(1, min(affordable, _GROWTH * self._steps))

    def _chunk(
        self,
        images: Any,
        targets: Any,
        order: Any,
        batch_size: Any,
        white: Any,
        loss: Any,
        correct: Any,
    ) -> tuple[Any, Any]:
        """Train the images in ``order``; add to the sums of their losses and correct predictions.

        Each batch's loss is added to all before it, so that how long a chunk is changes no bit.
        """
        count = len(order)
        for start in tf.range(0, count, batch_size):
            batch = order[start : start + batch_size]
            # Divided by an argument: TensorFlow turns a division by a constant into a
            # multiplication, which rounds some pixels differently than NumPy and ``fit`` do.
            x = tf.cast(tf.gather(images, batch), tf.float32) / white
            mean, right = self._step(x, tf.gather(targets, batch))
            loss += tf.cast(mean, tf.float64) * tf.cast(len(batch), tf.float64)
            correct += right
        return loss, correct

    def _step(self, x: Any, y: Any) -> tuple[Any, Any]:
        """One step of the optimizer; the batch's mean loss and its correct predictions."""
        model = self._model
        with tf.GradientTape() as tape:
            probabilities = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=probabilities, training=True)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        predicted = tf.argmax(probabilities, -1, tf.int32)
        labels = y if y.shape.rank == 1 else tf.argmax(y, -1, tf.int32)
        return loss, tf.reduce_sum(tf.cast(predicted == labels, tf.int32))


def fit_order(count: int) -> Any:
    """The order, int64 (count,), in which ``fit`` visits images after ``set_random_seed``.

    ``fit`` makes its data set's iterator, and with it a generator from the global seed, anew for
    each epoch: with a seed, the order is the same in every epoch.
    """
    shuffled = tf.data.Dataset.range(1).map(
        lambda _: tf.random.shuffle(tf.range(count, dtype=tf.int64))
    )
    return next(iter(shuffled))


def as_tensor(array: npt.NDArray[np.generic]) -> Any:
    """A copy of an array for the loop: made once a run, not in each chunk."""
    return tf.constant(array)
