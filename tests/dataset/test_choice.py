import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from data_files import FULL, Server, made, needs_full, wait_until, write

from digitlab import dataset
from digitlab.dataset import DataFileError, DigitSet
from digitlab.messages import LabError


def test_the_sample_is_in_use_for_want_of_another(kept_sample: Path) -> None:
    choice = dataset.current()
    assert (choice.digits.name, choice.notes, choice.fetching) == ("sample", (), "no")
    assert "python -m digitlab fetch" in str(choice.reason)
    assert dataset.current().digits is choice.digits


def test_the_sample_can_be_asked_for(
    lab: Path, kept_sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab / "data" / "mnist.npz", made())
    monkeypatch.setenv("DIGITLAB_MNIST", "sample")
    choice = dataset.current()
    assert choice.digits.name == "sample"
    assert "because DIGITLAB_MNIST asks for it" in str(choice.reason)


def test_a_file_that_is_named_comes_before_the_cache(
    lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lab / "data" / "mnist.npz", made(seed=1))
    own = write(tmp_path / "own.npz", made(seed=2))
    monkeypatch.setenv("DIGITLAB_MNIST", str(own))
    choice = dataset.current()
    assert choice.digits.path == own
    assert str(own) in str(choice.reason)
    assert "not the original MNIST" in str(choice.reason)


def test_a_named_file_needs_no_lab_that_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / "file" / "lab"))
    own = write(tmp_path / "own.npz", made())
    monkeypatch.setenv("DIGITLAB_MNIST", str(own))
    assert dataset.current().digits.path == own


@needs_full
def test_full_mnist_says_how_to_get_the_sample(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITLAB_MNIST", str(FULL))
    choice = dataset.current()
    assert choice.digits.original
    assert "DIGITLAB_MNIST=sample" in str(choice.reason)


def test_what_is_refused_becomes_a_note_and_the_next_source_is_used(
    lab: Path, kept_sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = write(lab / "data" / "mnist.npz", made())
    own = tmp_path / "own.npz"
    own.write_bytes(b"PK")
    monkeypatch.setenv("DIGITLAB_MNIST", str(own))
    choice = dataset.current()
    assert choice.digits.path == cache
    assert [str(own) in str(note) for note in choice.notes] == [True]

    cache.write_bytes(cache.read_bytes()[:1000])
    choice = dataset.current()
    assert choice.digits.name == "sample"
    assert [str(own) in str(choice.notes[0]), str(cache) in str(choice.notes[1])] == [True, True]


def test_a_file_that_comes_later_is_used_from_then_on(lab: Path, kept_sample: Path) -> None:
    before = dataset.current()
    write(lab / "data" / "mnist.npz", made())
    after = dataset.current()
    assert (before.digits.name, after.digits.name) == ("sample", "mnist")
    assert str(lab / "data" / "mnist.npz") in str(after.reason)


def test_all_sessions_share_one_set(lab: Path) -> None:
    write(lab / "data" / "mnist.npz", made(2000, 100))
    start = threading.Barrier(8)

    def session(_: int) -> DigitSet:
        start.wait()
        return dataset.current().digits

    with ThreadPoolExecutor(8) as sessions:
        found = list(sessions.map(session, range(8)))
    assert all(digits is found[0] for digits in found)


def test_the_lab_starts_on_the_sample_and_new_runs_use_the_download(
    server: Server, kept_sample: Path
) -> None:
    server.gate.clear()
    dataset.fetch_in_background(url=server.url, sha256=server.sha256)
    meanwhile = dataset.current()
    assert (meanwhile.digits.name, meanwhile.fetching) == ("sample", "running")
    assert "is downloaded" in str(meanwhile.reason)

    server.gate.set()
    wait_until(lambda: dataset.current().digits.name == "mnist")
    wait_until(lambda: dataset.current().fetching == "no")
    assert dataset.current().digits.fingerprint == dataset.fingerprint(made())


def test_a_download_that_fails_is_told_and_not_tried_again(
    server: Server, kept_sample: Path
) -> None:
    server.status = 404
    dataset.fetch_in_background(url=server.url, sha256=server.sha256)
    wait_until(lambda: dataset.current().fetching == "failed")
    choice = dataset.current()
    assert choice.digits.name == "sample"
    assert "could not be downloaded" in str(choice.reason)
    dataset.fetch_in_background(url=server.url, sha256=server.sha256)
    assert dataset.current() == choice
    assert server.asked == 1


def test_nothing_is_downloaded_that_is_here_or_was_not_asked_for(
    server: Server, lab: Path, kept_sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_MNIST", "sample")
    dataset.fetch_in_background(url=server.url)
    monkeypatch.delenv("DIGITLAB_MNIST")
    write(lab / "data" / "mnist.npz", made())
    dataset.fetch_in_background(url=server.url)
    assert dataset.current().fetching == "no"
    assert not [t for t in threading.enumerate() if t.name == "digitlab-download"]
    assert server.asked == 0


def test_a_lab_that_cannot_be_written_downloads_nothing_and_says_why(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / "file" / "lab"))
    dataset.fetch_in_background(url=server.url)
    with pytest.raises(LabError, match="DIGITLAB_HOME"):
        dataset.current()
    with pytest.raises(DataFileError, match="not here any more"):
        dataset.find("0" * 64)
    assert server.asked == 0
