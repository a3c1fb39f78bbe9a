"""What a run goes on from: the optimizer's arrays as bytes, and the files of a store's runs."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from make_run import add_run

from digitlab.messages import LabError
from digitlab.progress import Outcome
from digitlab.store import Run, Status, Store
from digitlab.store.run_files import npy
from digitlab.training import continuing
from digitlab.training.continuing import (
    STATE_FILE,
    OriginError,
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


def altered(data: bytes) -> bytes:
    place = data.index(np.float32(7).tobytes())
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def zip_with(name: str, data: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(None, id="none"),
        pytest.param(b"", id="empty"),
        pytest.param(b"PK\x03\x04 and no more", id="no zip"),
        pytest.param(npz_file(), id="no array"),
        pytest.param(npz_file(a=np.zeros(3, np.float64)), id="doubles"),
        pytest.param(npz_file(a=np.array([1.0, np.nan], np.float32)), id="NaN"),
        pytest.param(npz_file(**STATE, b=np.array([np.inf], np.float32)), id="one infinite"),
        pytest.param(npz_file(a=np.array([{}], object)), id="pickle"),
        pytest.param(npz_file(**STATE)[:-30], id="cut"),
        pytest.param(altered(npz_file(**STATE)), id="altered"),
        pytest.param(
            zip_with("zeros.npy", npy(np.zeros(1_000_000, np.float32)), zipfile.ZIP_DEFLATED),
            id="bomb",
        ),
        pytest.param(zip_with("../iteration.npy", b"hello"), id="other names"),
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
    files = {f"weights-{epoch:03d}.npz": b"weights %d" % epoch for epoch in kept}
    if state:
        files[STATE_FILE] = b"state"
    outcome = None
    if status in (Status.FINISHED, Status.STOPPED, Status.DIVERGED):
        outcome = Outcome(status.value, 3, kept_epoch, False, 1.0, 1.0)  # type: ignore[arg-type]
    ending = None if status.live else status
    return add_run(store, files=files, started=False, status=ending, outcome=outcome)


@pytest.mark.parametrize(
    ("status", "kept_epoch", "kept", "state"),
    [
        pytest.param(Status.FINISHED, 3, True, b"state", id="finished"),
        pytest.param(Status.STOPPED, 3, True, b"state", id="stopped"),
        pytest.param(Status.DIVERGED, 3, True, None, id="diverged"),
        pytest.param(Status.INTERRUPTED, 3, True, None, id="no outcome"),
        pytest.param(Status.FINISHED, 4, True, None, id="of other weights"),
        pytest.param(Status.FINISHED, 3, False, None, id="not kept"),
    ],
)
def test_a_run_that_has_ended_gives_its_last_weights_and_the_state_that_goes_with_them(
    store: Store, status: Status, kept_epoch: int, kept: bool, state: bytes | None
) -> None:
    run = add(store, [0, 1, 3], status=status, kept_epoch=kept_epoch, state=kept)
    assert last_epoch(store, run) == 3
    assert has_optimizer_state(store, run) is (state is not None)
    assert files_of_origin(store, run.id) == (b"weights 3", state)


def test_a_run_that_has_not_ended_is_refused(store: Store) -> None:
    run = add(store, [0, 3], status=Status.QUEUED)
    for _ in range(2):
        with pytest.raises(LabError, match="has not ended yet: stop it, or wait"):
            last_epoch(store, store.run(run.id))
        store.start(run.id)


def test_a_run_without_weights_is_refused(store: Store) -> None:
    run = add(store, [], state=False)
    with pytest.raises(LabError, match="has kept no weights to go on from"):
        last_epoch(store, run)
    assert not has_optimizer_state(store, run)
    store.keep(run.id, STATE_FILE, b"state")  # alone, it is of no use
    with pytest.raises(LabError, match="has kept no weights"):
        files_of_origin(store, run.id)


def test_what_went_away_while_the_new_run_waited_is_said_by_its_reason(store: Store) -> None:
    run = add(store, [3])
    store.drop_weights(run.id)
    with pytest.raises(OriginError, match=r"cannot be used: This run has kept no weights"):
        files_of_origin(store, run.id)
    store.delete(run.id)
    with pytest.raises(OriginError, match=r"cannot be used: There is no such run here"):
        files_of_origin(store, run.id)
