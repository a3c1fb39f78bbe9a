"""What a run goes on from: the optimizer's arrays as bytes, and the files of a store's runs."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from digitlab.config import RunConfig
from digitlab.messages import LabError
from digitlab.progress import Outcome
from digitlab.store import DataSetInfo, Run, Status, Store
from digitlab.training import continuing
from digitlab.training.continuing import (
    STATE_FILE,
    OriginError,
    files_of,
    files_of_origin,
    has_optimizer_state,
    last_epoch,
    pack_state,
    unpack_state,
)

STATE = {
    "iteration": np.float32(7),
    "dense1_kernel_momentum": np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4),
    "dense1_bias_velocity": np.zeros(4, np.float32),
}


def npz_file(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


# The optimizer's arrays ---------------------------------------------------------------------------


def test_the_state_comes_back_as_it_was() -> None:
    found = unpack_state(pack_state(STATE))
    assert found.keys() == STATE.keys()
    for name, array in STATE.items():
        assert found[name].dtype == np.float32
        assert found[name].shape == np.shape(array)
        np.testing.assert_array_equal(found[name], array)


def test_a_state_that_is_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuing, "MOST_STATE_BYTES", 4 + 48 + 16)
    assert pack_state(STATE) is not None
    monkeypatch.setattr(continuing, "MOST_STATE_BYTES", 4 + 48 + 15)
    assert pack_state(STATE) is None


def _cut() -> bytes:
    return (pack_state(STATE) or b"")[:-30]


def _altered() -> bytes:
    data = bytearray(pack_state(STATE) or b"")
    data[data.index(np.float32(7).tobytes())] ^= 1
    return bytes(data)


def _packed() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, zeros=np.zeros(1_000_000, np.float32))
    return buffer.getvalue()


def _no_arrays() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../iteration.npy", b"hello")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"PK\x03\x04 and no more",
        npz_file(),
        npz_file(a=np.zeros(3, np.float64)),
        npz_file(a=np.array([1.0, np.nan], np.float32)),
        npz_file(**STATE, b=np.array([np.inf], np.float32)),
        npz_file(a=np.array([{}], object)),
        _cut(),
        _altered(),
        _packed(),
        _no_arrays(),
    ],
    ids=[
        "none",
        "empty",
        "no zip",
        "no array",
        "doubles",
        "NaN",
        "one infinite",
        "pickle",
        "cut",
        "altered",
        "bomb",
        "other names",
    ],
)
def test_of_what_is_not_sound_nothing_is_taken(data: bytes | None) -> None:
    assert unpack_state(data) == {}


def test_bytes_beyond_the_limit_are_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack_state(STATE)
    assert data is not None
    monkeypatch.setattr(continuing, "MOST_STATE_BYTES", len(data) // 2 - 1)
    assert unpack_state(data) == {}


# The files of a run -------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def add(
    store: Store,
    kept: list[int],
    *,
    status: Status = Status.FINISHED,
    kept_epoch: int = 3,
    state: bool = True,
) -> Run:
    run = store.add("ada", "engine", RunConfig(), None, 10, DataSetInfo("made", "f" * 64, 8, 2, 2))
    for epoch in kept:
        store.keep(run.id, f"weights-{epoch:03d}.npz", b"weights %d" % epoch)
    if state:
        store.keep(run.id, STATE_FILE, b"state")
    if status.live:
        return store.run(run.id)
    endings = {Status.FINISHED: "finished", Status.STOPPED: "stopped", Status.DIVERGED: "diverged"}
    outcome = (
        Outcome(endings[status], 3, kept_epoch, False, 1.0, 1.0)  # type: ignore[arg-type]
        if status in endings
        else None
    )
    store.end(run.id, status, run.reason, outcome)
    return store.run(run.id)


@pytest.mark.parametrize("status", [Status.FINISHED, Status.STOPPED])
def test_a_run_that_has_ended_gives_its_last_weights_and_its_state(
    store: Store, status: Status
) -> None:
    run = add(store, [0, 1, 3], status=status)
    assert last_epoch(store, run) == 3
    assert has_optimizer_state(store, run)
    assert files_of(store, run) == (b"weights 3", b"state")


@pytest.mark.parametrize(
    ("status", "kept_epoch", "state"),
    [
        (Status.DIVERGED, 3, True),
        (Status.INTERRUPTED, 3, True),
        (Status.FINISHED, 4, True),
        (Status.FINISHED, 3, False),
    ],
    ids=["diverged", "no outcome", "of other weights", "not kept"],
)
def test_a_state_that_does_not_go_with_the_weights_is_left(
    store: Store, status: Status, kept_epoch: int, state: bool
) -> None:
    run = add(store, [0, 3], status=status, kept_epoch=kept_epoch, state=state)
    assert not has_optimizer_state(store, run)
    assert files_of(store, run) == (b"weights 3", None)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING])
def test_a_run_that_has_not_ended_is_refused(store: Store, status: Status) -> None:
    run = add(store, [0, 3], status=status)
    with pytest.raises(LabError, match="has not ended yet: stop it, or wait"):
        files_of(store, run)


def test_a_run_without_weights_is_refused(store: Store) -> None:
    run = add(store, [], state=False)
    with pytest.raises(LabError, match="has kept no weights to go on from"):
        files_of(store, run)
    assert not has_optimizer_state(store, run)
    store.keep(run.id, STATE_FILE, b"state")  # alone, it is of no use
    with pytest.raises(LabError, match="has kept no weights"):
        files_of(store, run)


def test_what_went_away_while_the_new_run_waited_is_said_by_its_reason(store: Store) -> None:
    run = add(store, [3])
    assert files_of_origin(store, run.id) == files_of(store, run)
    store.drop_weights(run.id)
    with pytest.raises(OriginError, match=r"cannot be used: This run has kept no weights"):
        files_of_origin(store, run.id)
    store.delete(run.id)
    with pytest.raises(OriginError, match=r"cannot be used: There is no such run here"):
        files_of_origin(store, run.id)
