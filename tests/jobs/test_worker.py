import hashlib
import threading
import time
from pathlib import Path

import pytest

from digitlab import dataset
from digitlab.jobs import worker
from digitlab.jobs.worker import Outbox


def test_files_are_taken_in_order_and_once() -> None:
    outbox = Outbox()
    outbox.put("weights-000.npz", b"a")
    outbox.put("reading-000.npz", b"b")
    assert outbox.take() == [("weights-000.npz", b"a"), ("reading-000.npz", b"b")]
    assert outbox.take() == []


def test_what_an_earlier_run_left_is_forgotten() -> None:
    outbox = Outbox()
    outbox.put("weights-000.npz", b"a")
    outbox.clear()
    assert outbox.take() == []


def test_a_bounded_number_of_bytes_is_taken_at_once_but_at_least_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_TAKE_BYTES", 10)
    outbox = Outbox()
    for name, size in (("a", 25), ("b", 6), ("c", 4), ("d", 1)):
        outbox.put(name, bytes(size))
    taken = [[name for name, _ in outbox.take()] for _ in range(4)]
    assert taken == [["a"], ["b", "c"], ["d"], []]


def test_a_full_outbox_holds_training_until_files_are_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_OUTBOX_BYTES", 10)
    outbox = Outbox()
    outbox.put("larger than the outbox", bytes(30))
    waiting = threading.Thread(target=outbox.put, args=("next", b"x"))
    waiting.start()
    time.sleep(0.05)
    assert waiting.is_alive()
    assert [name for name, _ in outbox.take()] == ["larger than the outbox"]
    waiting.join(timeout=5)
    assert outbox.take() == [("next", b"x")]


def test_training_for_nobody_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_OUTBOX_BYTES", 1)
    monkeypatch.setattr(worker, "_OUTBOX_SECONDS", 0.05)
    outbox = Outbox()
    outbox.put("first", b"x")
    with pytest.raises(TimeoutError, match="nobody fetches"):
        outbox.put("second", b"x")


def test_images_that_cannot_be_read_are_received_and_then_known(
    lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = dataset.sample()
    data, missing = digits.path.read_bytes(), str(tmp_path / "elsewhere.npz")
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / "other machine"))
    dataset.forget()
    assert not worker.has_digits(missing, digits.fingerprint)
    worker.receive_digits(data, digits.fingerprint)
    assert worker.has_digits(missing, digits.fingerprint)


def test_a_file_received_broken_is_not_taken_and_can_be_sent_again(
    lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = dataset.sample()
    data, missing = digits.path.read_bytes(), str(tmp_path / "elsewhere.npz")
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / "other machine"))
    dataset.forget()
    worker.receive_digits(data[: len(data) // 2], digits.fingerprint)
    assert not worker.has_digits(missing, digits.fingerprint)
    worker.receive_digits(data, digits.fingerprint)
    assert worker.has_digits(missing, digits.fingerprint)


def test_images_that_are_others_than_the_runs_are_not_taken(lab_home: Path) -> None:
    path = str(dataset.sample().path)
    assert not worker.has_digits(path, hashlib.sha256(b"other images").hexdigest())


def test_a_process_tells_its_memory_before_tensorflow_is_loaded() -> None:
    condition = worker.condition()
    assert condition["threads"] == 0
    assert condition["memory"] > 1_000_000
