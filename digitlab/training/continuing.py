"""What a run continues training from: another run's last weights and its optimizer's state."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from digitlab import broken, npz
from digitlab.messages import LabError, message
from digitlab.network import Floats, Network
from digitlab.store import Run, Store, StoreError

STATE_FILE = "optimizer.npz"
MOST_STATE_BYTES = 64_000_000  # a larger optimizer state is not kept, and starts from zero
_NO_WEIGHTS = message("This run has kept no weights to go on from.")


class OriginError(LabError):
    """The run to continue from was deleted, or lost its weights, while the new one waited."""


@dataclass(frozen=True)
class InitialState:
    """The weights and optimizer state to start training with.

    ``optimizer`` is empty where the state is not known. With ``frozen`` the convolutions are not
    trained.
    """

    network: Network
    optimizer: Mapping[str, Floats]
    frozen: bool = False


@dataclass(frozen=True)
class Beginning:
    """The files in the store that a continued run started with, as far as they are still there.

    ``exact`` says whether they are all that the run had; without an ``optimizer`` they are where
    the run it continues had kept no state either.
    """

    weights: Path
    optimizer: Path | None
    exact: bool

    def read(self) -> InitialState:
        """The weights and the optimizer's arrays.

        Raises:
            ModelFileError, OSError: the weights were deleted meanwhile, or are broken.
        """
        state = self.optimizer.read_bytes() if self.optimizer else None
        return InitialState(Network.load(self.weights), unpack_state(state))


def pack_state(state: Mapping[str, Floats]) -> bytes | None:
    """An optimizer's state as ``.npz`` bytes; None where it is too large to be kept."""
    if sum(array.nbytes for array in state.values()) > MOST_STATE_BYTES:
        return None
    buffer = io.BytesIO()
    np.savez(buffer, **dict(state))  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack_state(data: bytes | None) -> dict[str, Floats]:
    """The state that ``pack_state`` wrote; empty for None, and for data that is refused."""
    if data is None or len(data) > 2 * MOST_STATE_BYTES:
        return {}
    state = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > len(data):
                return {}  # compressed, which ``pack_state`` never does: a zip bomb, perhaps
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                found = npz.header(archive, name)
                if found.dtype != np.float32 or found.nbytes > info.file_size:
                    raise ValueError(name)
                state[name] = npz.read(archive, name)
                if not np.isfinite(state[name]).all():
                    raise ValueError(name)
    except Exception as error:  # zip and NumPy have errors of their own for what is broken
        broken.note(error, "an optimizer's state")
        return {}
    return state


def files_of_origin(store: Store, origin: str) -> tuple[bytes, bytes | None]:
    """The last weights of the run with the id ``origin``, and its optimizer's state if it is kept.

    They are asked for when the run that continues from it starts.

    Raises:
        OriginError: the run has not ended, or it or its weights were deleted.
    """
    try:
        run = store.run(origin)
        weights = store.file(run.id, f"weights-{last_epoch(store, run):03d}.npz")
        state = store.file(run.id, STATE_FILE) if has_optimizer_state(store, run) else None
        try:
            return weights.read_bytes(), None if state is None else state.read_bytes()
        except FileNotFoundError as error:  # removed since they were listed
            raise StoreError(_NO_WEIGHTS) from error
    except LabError as error:
        raise OriginError(
            message("The run that this one goes on from cannot be used: {why}", why=error.on_page)
        ) from error


def last_epoch(store: Store, run: Run) -> int:
    """The last epoch whose weights a run has kept: training continues from it.

    Raises:
        LabError: the run has not ended, or has kept no weights.
    """
    if run.status.live:
        raise LabError(message("This run has not ended yet: stop it, or wait, and then go on."))
    kept = store.epochs_kept(run.id, "weights")
    if not kept:
        raise StoreError(_NO_WEIGHTS)
    return max(kept)


def has_optimizer_state(store: Store, run: Run) -> bool:
    """Whether the optimizer's state is kept, and belongs to the run's last weights."""
    return STATE_FILE in store.files(run.id) and _has_state(store, run)


def beginning(store: Store, run: Run) -> Beginning | None:
    """What ``run`` started with, if it continues training from another; no file is read.

    Its weights of epoch 0 are the origin's last. None where both were deleted.
    """
    if run.origin is None:
        return None
    origin = _origin(store, run)
    weights = _kept(store, run, 0)
    if weights is None and origin is not None:
        weights = _kept(store, origin, _last(store, origin))
    if weights is None:
        return None
    if origin is None:
        return Beginning(weights, None, exact=False)
    if has_optimizer_state(store, origin):
        return Beginning(weights, store.file(origin.id, STATE_FILE), exact=True)
    return Beginning(weights, None, exact=not _has_state(store, origin))


def _origin(store: Store, run: Run) -> Run | None:
    """The run that ``run`` continues training from, if it and its weights are in the store.

    A zip may name a run with other settings, which cannot be the one.
    """
    try:
        origin = store.run(run.origin or "")
        last_epoch(store, origin)
    except LabError:
        return None
    wanted = replace(origin.config, epochs=run.config.epochs, train_images=run.config.train_images)
    return origin if wanted == run.config else None


def _kept(store: Store, run: Run, epoch: int) -> Path | None:
    try:
        return store.file(run.id, f"weights-{epoch:03d}.npz")
    except StoreError:
        return None


def _has_state(store: Store, run: Run) -> bool:
    """Whether the run ended with an optimizer state that belongs to its last weights."""
    outcome = run.outcome
    if outcome is None or outcome.ending == "diverged":
        return False
    return outcome.kept_epoch == _last(store, run)


def _last(store: Store, run: Run) -> int:
    """The last epoch whose weights are kept; -1 where there are none."""
    return max(store.epochs_kept(run.id, "weights"), default=-1)
