"""Where a run begins that goes on from another: its weights, and what the optimizer remembers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from digitlab import npz
from digitlab.messages import LabError, message
from digitlab.network import Floats, Network
from digitlab.store import Run, Store, StoreError

STATE_FILE = "optimizer.npz"
MOST_STATE_BYTES = 64_000_000  # of what the optimizer remembers; a run with more begins afresh


@dataclass(frozen=True)
class Start:
    """A network to begin with. ``optimizer`` is empty where its state is not known.

    ``frozen`` keeps the convolutions as they are.
    """

    network: Network
    optimizer: Mapping[str, Floats]
    frozen: bool = False


def pack_state(state: Mapping[str, Floats]) -> bytes | None:
    """The optimizer's arrays as ``.npz`` bytes; None where they are too large to be kept."""
    if sum(array.nbytes for array in state.values()) > MOST_STATE_BYTES:
        return None
    buffer = io.BytesIO()
    np.savez(buffer, **dict(state))  # type: ignore[arg-type]
    return buffer.getvalue()


def unpack_state(data: bytes | None) -> dict[str, Floats]:
    """The arrays that ``pack_state`` wrote; none where there is no data, or no sound data."""
    if data is None or len(data) > 2 * MOST_STATE_BYTES:
        return {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return dict(_array(archive, info.filename) for info in archive.infolist())
    except Exception:  # zip and NumPy have errors of their own for what is broken
        return {}


def _array(archive: zipfile.ZipFile, member: str) -> tuple[str, Floats]:
    name = member.removesuffix(".npy")
    found = npz.header(archive, name)
    if found.dtype != np.float32 or found.nbytes > archive.getinfo(member).file_size:
        raise ValueError(member)
    array = npz.read(archive, name)
    if not np.isfinite(array).all():
        raise ValueError(member)
    return name, array


def files_of(store: Store, run: Run) -> tuple[bytes, bytes | None]:
    """The last weights of a run, and its optimizer's state where it was kept, as bytes.

    Raises:
        LabError: the run has not ended, or has kept no weights.
    """
    if run.status.live:
        raise LabError(message("This run has not ended yet: stop it, or wait, and then go on."))
    kept = store.epochs_kept(run.id, "weights")
    if not kept:
        raise StoreError(message("This run has kept no weights to go on from."))
    last = max(kept)
    state = None
    # The state is the run's last: it does not fit weights of an earlier epoch.
    if (
        run.outcome is not None
        and run.outcome.kept_epoch == last
        and run.outcome.ending != "diverged"
    ):
        state = _read(store, run.id)
    return store.file(run.id, f"weights-{last:03d}.npz").read_bytes(), state


def _read(store: Store, run: str) -> bytes | None:
    return store.file(run, STATE_FILE).read_bytes() if STATE_FILE in store.files(run) else None
