"""Estimates how long a run will take, from this machine's measured speed and from earlier runs.

The measured speed, or a guess, gives a model of the time. It is corrected by the ratio of time
taken to time modelled over the earlier runs most similar to the new one, where there are any.
"""

from __future__ import annotations

import functools
import heapq
import math
import statistics
from dataclasses import dataclass

from digitlab.config import RunConfig
from digitlab.progress import ExecutionSettings
from digitlab.store import Run, Store
from digitlab.training import speed
from digitlab.training.speed import Measurement, seconds_per_epoch, single_threaded

# Of a run besides its epochs: the model is built and traced, and tested before training.
_RUN_SECONDS = 3.0
_NEWEST = 100  # runs that are compared
_NEAREST = 5  # the median of so many corrects the model: one was perhaps trained on a busy machine
# Two runs are similar up to this distance: eight times the work per step, or 64 times the images.
_FARTHEST = math.log(8) + 1e-9


@dataclass(frozen=True)
class Ended:
    """A run that has ended, and how long it took in all.

    In each epoch it trained on ``images`` images, and evaluated ``read`` images afterwards.
    """

    config: RunConfig
    images: int
    read: int
    epochs: int
    seconds: float
    execution: ExecutionSettings

    @functools.cached_property
    def work(self) -> float:
        """Work per image, as ``speed.work``."""
        return speed.work(self.config)


@dataclass(frozen=True)
class Known:
    """What is known of this lab's training speed; empty on a new machine."""

    measured: tuple[Measurement, ...] = ()
    ended: tuple[Ended, ...] = ()

    @property
    def guess(self) -> bool:
        """Whether nothing was measured yet."""
        return not self.measured and not self.ended

    def side_by_side(self) -> Known:
        """What is known of a run's speed while others train beside it: each has one thread.

        Runs that had more threads tell as well: each is compared with its own model.
        """
        return Known(single_threaded(self.measured), self.ended)


def known(store: Store) -> Known:
    """This machine's measurements, and the newest runs that were trained in this lab.

    Runs from a zip were trained elsewhere, and runs that continue training from another may have
    frozen layers: neither counts. In a lab with a cluster the runs tell its workers' speed.
    """
    return Known(speed.load(), _newest(store, store.newest_end()))


@functools.lru_cache(8)
def _newest(store: Store, newest_end: float) -> tuple[Ended, ...]:
    """The newest runs that count; read once until another one ends."""
    return tuple(
        Ended(
            run.config,
            run.digits.train,
            read_after_epoch(run),
            run.outcome.epochs,
            run.outcome.seconds,
            run.execution,
        )
        for run in store.trained_here(_NEWEST)
        if run.outcome and run.outcome.epochs and run.execution
    )


def read_after_epoch(run: Run) -> int:
    """How many images a run evaluates after each epoch: of the test and the validation set."""
    if run.config.validation == "test":
        return run.digits.test
    return run.tested_count + (run.digits.validation if run.config.validation == "split" else 0)


def evaluation_share(images: int, read: int) -> float:
    """The time to evaluate ``read`` images, relative to that of training on ``images``."""
    # A forward pass takes about a third of a training step, which has a backward pass as well.
    return 1 / 3 * read / max(1, images)


def seconds(config: RunConfig, images: int, read: int, known: Known) -> float:
    """How long a run takes from start to end in seconds, without early stopping.

    Loading TensorFlow, which takes some seconds before a first run, is not included.

    Args:
        config: the run's settings.
        images: training images of one epoch.
        read: test and validation images that are evaluated after each epoch.
        known: what is known of this lab's speed.
    """
    work = speed.work(config)

    def distance(ended: Ended) -> float:
        """The logarithmic difference in work per image, batch size and images in all."""
        return (
            abs(math.log(work / ended.work))
            + abs(math.log(config.batch_size / ended.config.batch_size))
            + abs(math.log(images * config.epochs / (ended.images * ended.epochs))) / 2
        )

    expected = _model(config, images, read, config.epochs, known)
    alike = (ended for ended in known.ended if ended.config.network == config.network)
    near = [(far, ended) for ended in alike if (far := distance(ended)) <= _FARTHEST]
    if not near:
        return expected
    # Among equals the newest, which come first.
    nearest = heapq.nsmallest(_NEAREST, near, key=lambda pair: pair[0])
    return expected * statistics.median(
        run.seconds / _model(run.config, run.images, run.read, run.epochs, known, run.execution)
        for _, run in nearest
    )


def _model(
    config: RunConfig,
    images: int,
    read: int,
    epochs: int,
    known: Known,
    execution: ExecutionSettings | None = None,
) -> float:
    epoch = seconds_per_epoch(config, images, known.measured, execution)
    return epochs * epoch * (1 + evaluation_share(images, read)) + _RUN_SECONDS
