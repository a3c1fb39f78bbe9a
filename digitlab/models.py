"""The networks that can read a drawing: the two bundled ones, a run's, or a model file's."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from digitlab.messages import LabError, message
from digitlab.network import ModelFileError, Network
from digitlab.store import Store, StoreError

FOLDER = Path(__file__).parent / "bundled"
BUNDLED = FOLDER / "reference.npz"
BUNDLED_UNTRAINED = FOLDER / "reference-untrained.npz"
BUNDLED_NAME = "reference"
MNIST_ONLY = FOLDER / "mnist-only.npz"
MNIST_ONLY_NAME = "mnist-only"


@functools.cache
def bundled() -> Network:
    """The network that comes with the lab; read once a process."""
    return Network.load(BUNDLED)


@functools.cache
def bundled_untrained() -> Network:
    """The bundled network as it was before its training."""
    return Network.load(BUNDLED_UNTRAINED)


@functools.cache
def mnist_only() -> Network:
    """The second bundled network: the lesson ``cnn-keras``, which has seen MNIST alone."""
    return Network.load(MNIST_ONLY)


def of_run(store: Store, run_id: str, epoch: int | None = None) -> Network:
    """A run's network after ``epoch`` (0: untrained), or the last that was kept.

    Raises:
        StoreError: the run kept no weights, or none of that epoch.
    """
    return Network.load(weights_file(store, run_id, epoch))


def weights_file(store: Store, run_id: str, epoch: int | None = None) -> Path:
    """The file of the network that ``of_run`` gives.

    Raises:
        StoreError: as ``of_run``.
    """
    kept = store.epochs_kept(run_id, "weights")
    if not kept:
        raise StoreError(message("This run has kept no weights yet."))
    number = max(kept) if epoch is None else epoch
    return store.file(run_id, f"weights-{number:03d}.npz")


def named(name: str, store: Store) -> Network:
    """The network ``name``: "reference", "mnist-only", a run's id, or a model file's path.

    Raises:
        LabError: there is no such run or file, or the file is not a model of ours.
    """
    if name == BUNDLED_NAME:
        return bundled()
    if name == MNIST_ONLY_NAME:
        return mnist_only()
    if os.path.isfile(name):  # unlike Path's, never raises: a name may be too long for a path
        try:
            return Network.load(Path(name))
        except ModelFileError as error:
            raise LabError(message("{file}: {why}", file=name[:200], why=error.message)) from error
    try:
        return of_run(store, store.run(name).id)
    except StoreError as error:
        raise LabError(
            message(
                "{name} is neither a run of this lab nor a model file: {why}",
                name=name[:200],
                why=error.message,
            )
        ) from error
