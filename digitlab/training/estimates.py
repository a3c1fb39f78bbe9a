"""How long a run will take in this lab: by the runs that have ended, the best measurement there is.

A model of the time, from the measured networks or a guess, is corrected by what it gives for the
runs most like the new one, against what those took. Where none is like it, the model stands alone.
"""

from __future__ import annotations

import functools
import math
import statistics
from dataclasses import dataclass

from digitlab.config import RunConfig
from digitlab.progress import ExecutionSettings
from digitlab.store import Run, Store
from digitlab.training import speed
from digitlab.training.speed import Measurement, relative_work, seconds_per_epoch

# Of a run besides its epochs: the network is built and traced, the untrained one is tested.
_RUN_SECONDS = 3.0
# Reading an image costs about a third of training on it, which also goes backwards.
_READING = 1 / 3
_NEWEST = 100  # runs that are looked at
_NEAREST = 5  # the median of so many corrects the model: one was perhaps trained on a busy machine
# Two runs are alike up to this distance: eight times the work in a step, or 64 times the images.
_FARTHEST = math.log(8) + 1e-9


@dataclass(frozen=True)
class Ended:
    """What a run took that has ended: ``epochs`` and ``seconds`` are its own, whole.

    ``images`` are trained on in an epoch, ``read`` are read after it.
    """

    config: RunConfig
    images: int
    read: int
    epochs: int
    seconds: float
    execution: ExecutionSettings

    @functools.cached_property
    def work(self) -> float:
        """For an image, of the network that is measured."""
        return relative_work(self.config)


@dataclass(frozen=True)
class Known:
    """All that is known of this lab's speed; empty on a new machine."""

    measured: tuple[Measurement, ...] = ()
    ended: tuple[Ended, ...] = ()

    @property
    def guess(self) -> bool:
        """Whether nothing was measured yet."""
        return not self.measured and not self.ended


def known(store: Store) -> Known:
    """What this machine's measurements and the newest runs that were trained in this lab tell.

    Runs from a zip were trained elsewhere and do not count; those that went on from another may
    have frozen layers, and do not either. A lab with a cluster learns from its workers.
    """
    return Known(speed.load(), _newest(store, store.newest_end()))


@functools.lru_cache(8)
def _newest(store: Store, newest_end: float) -> tuple[Ended, ...]:
    """The newest runs that count; read once until another one ends."""
    ended = (_ended(run) for run in store.trained_here(_NEWEST))
    return tuple(run for run in ended if run is not None)


def _ended(run: Run) -> Ended | None:
    if run.outcome is None or run.execution is None or not run.outcome.epochs:
        return None
    return Ended(
        run.config,
        run.digits.train,
        read_after_epoch(run),
        run.outcome.epochs,
        run.outcome.seconds,
        run.execution,
    )


def read_after_epoch(run: Run) -> int:
    """How many images a run reads after each epoch: the test set, and those for validation."""
    return run.digits.test + (run.digits.validation if run.config.validation == "split" else 0)


def reading_share(images: int, read: int) -> float:
    """Time for reading ``read`` images, as a share of the time for training on ``images``."""
    return _READING * read / max(1, images)


def seconds(config: RunConfig, images: int, read: int, known: Known) -> float:
    """How long a run takes from its first second to its last, without early stopping.

    Loading TensorFlow is not in it, some seconds where no run was trained yet.

    Args:
        config: the run's settings.
        images: training images of one epoch.
        read: test and validation images that are read after each epoch.
        known: what is known of this lab's speed.
    """
    expected = _model(config, images, read, config.epochs, known)
    return expected * _correction(config, images, known)


def _model(
    config: RunConfig,
    images: int,
    read: int,
    epochs: int,
    known: Known,
    execution: ExecutionSettings | None = None,
) -> float:
    epoch = seconds_per_epoch(config, images, known.measured, execution)
    return epochs * epoch * (1 + reading_share(images, read)) + _RUN_SECONDS


def _correction(config: RunConfig, images: int, known: Known) -> float:
    """How many times as long as the model says the runs most like this one took."""
    work = relative_work(config)
    alike = (ended for ended in known.ended if ended.config.network == config.network)
    far = [(_distance(config, work, images, ended), ended) for ended in alike]
    # The newest come first where they are equally far.
    nearest = sorted((pair for pair in far if pair[0] <= _FARTHEST), key=lambda pair: pair[0])
    if not nearest:
        return 1.0
    return statistics.median(
        ended.seconds
        / _model(ended.config, ended.images, ended.read, ended.epochs, known, ended.execution)
        for _, ended in nearest[:_NEAREST]
    )


def _distance(config: RunConfig, work: float, images: int, ended: Ended) -> float:
    """How unlike two runs are, in logarithms: the work for an image, the batch, all images."""
    return (
        abs(math.log(work / ended.work))
        + abs(math.log(config.batch_size / ended.config.batch_size))
        + abs(math.log(images * config.epochs / (ended.images * ended.epochs))) / 2
    )
