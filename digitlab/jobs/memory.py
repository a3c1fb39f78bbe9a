"""What the machine's memory allows: how large a network, and which runs side by side."""

from __future__ import annotations

from collections.abc import Sequence

from digitlab.config import RunConfig
from digitlab.jobs.cluster import worker_memory
from digitlab.layers import training_bytes
from digitlab.messages import LabError, message
from digitlab.records import Run

# A worker's memory with TensorFlow, before it trains.
_TENSORFLOW_BYTES = 700_000_000


def memory_needed(config: RunConfig) -> int:
    """The memory, in bytes, that a worker needs to train a network; a generous estimate."""
    return training_bytes(config) + _TENSORFLOW_BYTES


def fitting(waiting: Sequence[Run], training: Sequence[Run]) -> list[Run]:
    """The first of the ``waiting`` runs, as far as memory is there beside those in training.

    A run alone always fits: it was not refused.
    """
    room = worker_memory() - sum(memory_needed(run.config) for run in training)
    for place, run in enumerate(waiting):
        room -= memory_needed(run.config)
        if room < 0 and (training or place):
            return list(waiting[:place])
    return list(waiting)


def refuse_too_large(config: RunConfig) -> None:
    """Refuse a network that needs more memory than this machine has.

    Raises:
        LabError: with the memory needed and the memory there is.
    """
    needed, there = memory_needed(config), worker_memory()
    if needed > there:
        raise LabError(
            message(
                "This network needs about {needed} GB of memory to train, and this machine can "
                "give it {there} GB. Make it smaller: fewer filters or units, more pooling, or "
                "a smaller batch.",
                needed=f"{needed / 1e9:.1f}",
                there=f"{there / 1e9:.1f}",
            )
        )
