import hashlib
import threading
import time
from pathlib import Path

import pytest

from digitlab import dataset
from digitlab.jobs import worker
from digitlab.jobs.worker import AbandonedError, Dropped, File, Item, Outbox
from digitlab.progress import Untrained


def outbox(*items: Item) -> Outbox:
    """An outbox of the run "r" with these in it."""
    box = Outbox()
    box.begin("r", lambda: True)
    for item in items:
        box.put(item)
    return box


def files(**sizes: int) -> list[Item]:
    return [File(name, bytes(size)) for name, size in sizes.items()]


REPORT = Untrained(2.3, 0.1)
WEIGHTS = File("weights-000.npz", b"a")


def test_reports_and_files_are_taken_in_the_order_in_which_they_came() -> None:
    box = outbox(WEIGHTS, REPORT, File("reading-000.npz", b"b"))
    assert box.take("r", 0) == [(1, WEIGHTS), (2, REPORT), (3, File("reading-000.npz", b"b"))]


def test_what_is_not_acknowledged_is_given_again_and_nothing_else_is() -> None:
    """An answer may be lost on the way; then the engine asks again."""
    box = outbox(WEIGHTS, REPORT)
    assert box.take("r", 0) == box.take("r", 0) == [(1, WEIGHTS), (2, REPORT)]
    assert box.take("r", 1) == [(2, REPORT)]
    assert box.take("r", 2) == []
    box.put(REPORT)
    assert box.take("r", 2) == [(3, REPORT)]


def test_what_an_earlier_run_left_is_not_given_to_the_next() -> None:
    box = outbox(WEIGHTS)
    assert box.take("next", 0) == []
    box.begin("next", lambda: True)
    assert box.take("next", 0) == box.take("r", 0) == []
    box.put(REPORT)
    assert box.take("next", 0) == [(1, REPORT)]


def test_a_bounded_number_of_bytes_is_taken_at_once_but_at_least_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_TAKE_BYTES", 10)
    box = outbox(*files(a=25, b=6, c=4, d=1))
    taken, received = [], 0
    for _ in range(4):
        items = box.take("r", received)
        taken.append([item.name for _, item in items if isinstance(item, File)])
        received = items[-1][0] if items else received
    assert taken == [["a"], ["b", "c"], ["d"], []]


def test_a_full_outbox_holds_training_until_files_are_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_OUTBOX_BYTES", 10)
    large = File("larger than the outbox", bytes(30))
    box = outbox(large, REPORT)  # a report always fits: it is small
    waiting = threading.Thread(target=box.put, args=(WEIGHTS,))
    waiting.start()
    assert box.take("r", 0)[0] == (1, large)
    time.sleep(0.05)
    assert waiting.is_alive()  # the engine has not said that it has it
    assert box.take("r", 1) == [(2, REPORT)]
    waiting.join(timeout=5)
    assert box.take("r", 2) == [(3, WEIGHTS)]


def test_a_slow_engine_is_waited_for_while_it_wants_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "_OUTBOX_BYTES", 1)
    monkeypatch.setattr(worker, "_LOOK_SECONDS", 0.01)
    answers = [True] * 20 + [False]
    box = Outbox()
    box.begin("r", lambda: answers.pop(0))
    box.put(WEIGHTS)
    with pytest.raises(AbandonedError):
        box.put(WEIGHTS)
    assert answers == []


def test_weights_that_newer_ones_replace_are_not_sent_if_they_still_wait() -> None:
    box = outbox(File("weights-003.npz", b"old"), File("weights-004.npz", b"new"))
    box.drop("weights-003.npz")
    assert [item for _, item in box.take("r", 0)] == [
        File("weights-004.npz", b"new"),
        Dropped("weights-003.npz"),
    ]


def test_a_large_file_travels_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "_PIECE_BYTES", 4)
    box = outbox()
    for data in (b"0123456789", b"0123", b""):
        box.keep("weights-001.npz", data)
    pieces = [(item.data, item.last) for _, item in box.take("r", 0) if isinstance(item, File)]
    sent, last = zip(*pieces, strict=True)
    assert sent == (b"0123", b"4567", b"89", b"0123", b"")
    assert last == (False, False, True, True, True)


def test_images_that_cannot_be_read_are_received_and_taken_only_where_they_are_whole(
    lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = dataset.sample()
    data, missing = digits.path.read_bytes(), str(tmp_path / "elsewhere.npz")
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / "other machine"))
    dataset.forget()
    assert not worker.has_digits(missing, digits.fingerprint)
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
