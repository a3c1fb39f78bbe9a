"""Chooses the number format in which a network trains fastest on this processor, by timing it.

``bfloat16`` halves the bytes of float32; some processors multiply it two to four times as fast, but
small networks lose more in its conversions than they gain. Which it is depends on the network.
"""

from __future__ import annotations

from typing import Any, get_args

from digitlab.config import RunConfig
from digitlab.layers import layers_of, parameter_count
from digitlab.progress import NumberFormat
from digitlab.training.compiled import Compiled, compiled
from digitlab.training.loop import TrainingData
from digitlab.training.speed import has_bfloat16

# A format is timed for so long, without TensorFlow's tracing of its loop; shorter at first, to see
# how long the run takes.
_TRIAL_SECONDS = 0.15
_FIRST_SECONDS = 0.02
# The other format is tried where the run takes so many times what tracing it takes.
_WORTH = 40
_GAIN = 1.1  # how much faster it must be
_MOST_PARAMETERS = 10_000_000  # two of a larger network may need more memory than there is

_chosen: dict[tuple[Any, ...], NumberFormat] = {}


def fastest(
    config: RunConfig, data: TrainingData, guess: NumberFormat, *, frozen: bool
) -> tuple[Compiled, NumberFormat]:
    """The untrained network of ``config`` in its fastest format, and that format.

    Args:
        config: the run's settings.
        data: its images.
        guess: the format of a run too short to try both, and of a processor without ``bfloat16``.
        frozen: whether its convolutions are not trained.
    """
    key = (layers_of(config), config.batch_size, config.optimizer, frozen)
    guess = _chosen.get(key, guess)
    network = compiled(config, guess, frozen=frozen)
    large = parameter_count(layers_of(config)) > _MOST_PARAMETERS
    if key in _chosen or large or not has_bfloat16():
        return network, guess
    traced, speed = _timed(network, data, config.batch_size, _FIRST_SECONDS)
    if config.epochs * len(data.order) / speed > _WORTH * traced > 0:
        (other,) = set(get_args(NumberFormat)) - {guess}
        rival = compiled(config, other, frozen=frozen)
        _timed(rival, data, config.batch_size, _FIRST_SECONDS)
        speed, rivals = (
            _timed(each, data, config.batch_size, _TRIAL_SECONDS)[1] for each in (network, rival)
        )
        if rivals > _GAIN * speed:
            network, guess = rival, other
        _chosen[key] = guess
    network.reset(config, guess)
    return network, guess


def _timed(
    network: Compiled, data: TrainingData, batch_size: int, least: float
) -> tuple[float, float]:
    """Seconds that tracing took, and images trained per second in the fastest chunk after it.

    The network is trained for it, for ``least`` seconds or a little more, and has to be reset.
    """
    traced = rate = images = seconds = 0.0
    for sums in network.loop.epoch(*data, batch_size):
        if sums.traced:
            traced = sums.seconds
        else:
            rate = max(rate, (sums.images - images) / (sums.seconds - seconds))
        images, seconds = sums.images, sums.seconds
        if rate and seconds - traced >= least:
            break
    return traced, rate or images / seconds
