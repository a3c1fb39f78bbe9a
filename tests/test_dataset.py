import contextlib
import dataclasses
import hashlib
import http.server
import io
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DataFileError, DigitSet
from digitlab.messages import LabError

Arrays = dict[str, npt.NDArray[Any]]

FULL = Path(__file__).parents[2] / "shared" / "data" / "mnist.npz"
needs_full = pytest.mark.skipif(not FULL.is_file(), reason="full MNIST is not beside the project")


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lab folder of this test's own, in a process that has read nothing yet."""
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / "lab"))
    monkeypatch.delenv("DIGITLAB_MNIST", raising=False)
    dataset.forget()
    yield tmp_path / "lab"
    dataset.forget()


@pytest.fixture(scope="session")
def made_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's file, made once: its CSV is slow to read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_HOME", str(tmp_path_factory.mktemp("made")))
        return dataset.sample().path


@pytest.fixture
def kept_sample(made_sample: Path, lab: Path) -> Path:
    """The sample where the lab keeps it."""
    (lab / "data").mkdir(parents=True)
    return Path(shutil.copy(made_sample, lab / "data" / "sample.npz"))


def made(train: int = 30, test: int = 10, seed: int = 0) -> Arrays:
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.integers(0, 256, (train, 28, 28), np.uint8),
        "y_train": rng.integers(0, 10, train).astype(np.uint8),
        "x_test": rng.integers(0, 256, (test, 28, 28), np.uint8),
        "y_test": rng.integers(0, 10, test).astype(np.uint8),
    }


def write(path: Path, arrays: Arrays, save: Callable[..., None] = np.savez_compressed) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, **arrays)
    return path


def digit_set(train: int = 30, test: int = 10) -> DigitSet:
    return DigitSet("mnist", **made(train, test), path=Path("made.npz"), fingerprint="made")


# A set and its parts -------------------------------------------------------------------------


def test_the_arrays_are_read_only() -> None:
    digits = digit_set()
    for name in made():
        with pytest.raises(ValueError, match="read-only"):
            getattr(digits, name)[0] = 0


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3, 0.35, 0.5])
@pytest.mark.parametrize("count", [10, 11, 29, 57, 100])
def test_validation_is_the_part_that_keras_keeps(count: int, share: float) -> None:
    slicing = pytest.importorskip("keras.src.trainers.data_adapters.array_slicing")
    digits = digit_set(60)
    config = RunConfig(train_images=count, validation_split=share)
    wanted = (digits.x_train[:count], digits.y_train[:count])
    train, validation = slicing.train_validation_split(wanted, share)

    split = digits.split(config)
    for ours, theirs in ((split.train, train), (split.validation, validation)):
        np.testing.assert_array_equal(ours[0], np.asarray(theirs[0]))
        np.testing.assert_array_equal(ours[1], np.asarray(theirs[1]))
    assert split.validation_count == len(validation[1])


def test_the_lessons_parts_of_full_mnist() -> None:
    blank = np.broadcast_to(np.zeros((28, 28), np.uint8), (60_000, 28, 28))
    labels = np.zeros(60_000, np.uint8)
    digits = DigitSet("mnist", blank, labels, blank[:10_000], labels[:10_000], Path(), "")
    split = digits.split(RunConfig())
    assert (len(split.train[0]), split.validation_count, len(split.test[0])) == (
        48_000, 12_000, 10_000,
    )  # fmt: skip


def test_parts_are_views_and_not_copies() -> None:
    digits = digit_set()
    split = digits.split(RunConfig(train_images=20))
    for part in (*split.train, *split.validation):
        assert np.shares_memory(part, digits.x_train) or np.shares_memory(part, digits.y_train)


def test_validation_on_the_test_set_and_on_nothing() -> None:
    digits = digit_set()
    on_test = digits.split(RunConfig(train_images=12, validation="test"))
    assert (len(on_test.train[1]), on_test.validation_count) == (12, 10)
    assert np.shares_memory(on_test.validation[0], digits.x_test)
    on_nothing = digits.split(RunConfig(train_images=12, validation="none"))
    assert (len(on_nothing.train[1]), on_nothing.validation_count) == (12, 0)


def test_more_images_than_there_are_means_all_of_them() -> None:
    split = digit_set(30).split(RunConfig(train_images=60_000, validation="none"))
    assert len(split.train[0]) == 30


def test_one_image_cannot_be_trained_on_and_kept() -> None:
    with pytest.raises(LabError, match="1 training images are too few"):
        digit_set(1).split(RunConfig())
    assert len(digit_set(1).split(RunConfig(validation="none")).train[0]) == 1


def test_one_hot_vectors_and_counts() -> None:
    vectors = dataset.one_hot(np.array([3, 0], np.uint8))
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0], [1] + [0] * 9]
    assert dataset.counts(np.array([1, 1, 9], np.uint8)).tolist() == [0, 2, 0, 0, 0, 0, 0, 0, 0, 1]


# Reading a file ------------------------------------------------------------------------------


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_is_read_as_it_was_written(tmp_path: Path, save: Callable[..., None]) -> None:
    arrays = made()
    digits = dataset.load(write(tmp_path / "own.npz", arrays, save))
    for name, array in arrays.items():
        np.testing.assert_array_equal(getattr(digits, name), array)
        assert getattr(digits, name).dtype == np.uint8
    assert (digits.name, digits.path) == ("mnist", tmp_path / "own.npz")
    assert not digits.original
    assert digits.fingerprint == dataset.fingerprint(arrays)


@pytest.mark.parametrize("dtype", ["int64", ">i2", "uint32", "int8"])
def test_labels_may_be_any_whole_numbers(tmp_path: Path, dtype: str) -> None:
    arrays = made()
    plain = dataset.load(write(tmp_path / "plain.npz", arrays))
    other = arrays | {"y_train": arrays["y_train"].astype(dtype)}
    digits = dataset.load(write(tmp_path / "other.npz", other))
    assert digits.y_train.dtype == np.uint8
    assert digits.fingerprint == plain.fingerprint


def test_arrays_may_be_in_fortrans_order(tmp_path: Path) -> None:
    arrays = made()
    turned = arrays | {"x_test": np.asfortranarray(arrays["x_test"])}
    digits = dataset.load(write(tmp_path / "own.npz", turned))
    np.testing.assert_array_equal(digits.x_test, arrays["x_test"])
    assert digits.x_test.flags.c_contiguous


def test_one_image_is_enough_and_further_arrays_do_no_harm(tmp_path: Path) -> None:
    arrays = made(1, 1) | {"credits": np.array(["LeCun", "Cortes"])}
    assert len(dataset.load(write(tmp_path / "one.npz", arrays)).x_train) == 1


def test_the_fingerprint_tells_every_difference() -> None:
    arrays = made(20, 20)
    other = made(20, 20)
    other["x_test"][19, 27, 27] ^= 1
    swapped = {
        "x_train": arrays["x_test"], "y_train": arrays["y_test"],
        "x_test": arrays["x_train"], "y_test": arrays["y_train"],
    }  # fmt: skip
    assert len({dataset.fingerprint(a) for a in (arrays, other, swapped)}) == 3


WRONG_ARRAYS: dict[str, tuple[Arrays, str]] = {
    "wrong side": ({"x_train": np.zeros((30, 28, 29), np.uint8)}, r"x_train .* \(30, 28, 29\)"),
    "flat": ({"x_test": np.zeros((10, 784), np.uint8)}, "x_test .* 28x28"),
    "one number": ({"x_test": np.array(3, np.uint8)}, "x_test .* 28x28"),
    "floats": ({"x_train": np.zeros((30, 28, 28), np.float32)}, "x_train .* float32"),
    "no images": ({"x_test": np.zeros((0, 28, 28), np.uint8)}, "from 1 to .* holds 0"),
    "too many": ({"x_test": np.zeros((300_001, 28, 28), np.uint8)}, "holds 300001"),
    "label 10": ({"y_train": np.full(30, 10, np.uint8)}, "y_train .* a 10 in it"),
    "label -1": ({"y_test": np.full(10, -1)}, "y_test .* a -1 in it"),
    "label 259": ({"y_test": np.full(10, 259)}, "y_test .* a 259 in it"),
    "real labels": ({"y_train": np.zeros(30)}, "y_train .* whole numbers"),
    "one-hot labels": ({"y_train": np.zeros((30, 10), np.uint8)}, "y_train .* whole numbers"),
    "too few labels": ({"y_train": np.zeros(29, np.uint8)}, "y_train .* each of the 30 images"),
    "pickled labels": ({"y_train": np.array([None] * 30)}, "y_train .* object"),
    "pickled images": ({"x_train": np.array([None] * 30)}, "x_train .* object"),
}


@pytest.mark.parametrize("wrong", WRONG_ARRAYS)
def test_wrong_arrays_are_refused_by_name(tmp_path: Path, wrong: str) -> None:
    arrays, sentence = WRONG_ARRAYS[wrong]
    path = write(tmp_path / "own.npz", made() | arrays)
    with pytest.raises(DataFileError, match=sentence) as refused:
        dataset.load(path)
    assert str(path) in str(refused.value)
    assert "python -m digitlab fetch" in str(refused.value)


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    arrays = made()
    del arrays["y_test"]
    with pytest.raises(DataFileError, match=r"own\.npz holds no array y_test"):
        dataset.load(write(tmp_path / "own.npz", arrays))


def header_alone(shape: str, dtype: str = "|u1") -> bytes:
    """An ``.npy`` that has its header and no data."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


HEADERS = {
    "longer than its data": header_alone("(30, 28, 28)"),
    "beyond all memory": header_alone("(10**9, 28, 28)".replace("10**9", "1000000000")),
    "negative": header_alone("(-1, 28, 28)"),
    "no literal": header_alone("__import__('os')"),
    "no array": b"hello",
    "nothing": b"",
    "another version": b"\x93NUMPY\x09\x00" + bytes(100),
    "not closed": b"\x93NUMPY\x01\x00\x10\x00{'descr': ((((( ",
}


@pytest.mark.filterwarnings("ignore:Reading `.npy`")
@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_lies_is_refused(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "own.npz", made())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["x_train.npy"] = HEADERS[header]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(DataFileError, match=r"own\.npz"):
        dataset.load(path)


def test_no_memory_is_taken_for_data_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for part in ("train", "test"):
            archive.writestr(f"x_{part}.npy", header_alone("(300000, 28, 28)"))
            archive.writestr(f"y_{part}.npy", header_alone("(300000,)"))
    tracemalloc.start()
    with pytest.raises(DataFileError, match="not a whole"):
        dataset.load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.9999])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "own.npz", made())
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DataFileError, match=r"own\.npz is not a whole \.npz file"):
        dataset.load(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_one_altered_byte_in_any_images_is_noticed(
    tmp_path: Path, save: Callable[..., None]
) -> None:
    whole = write(tmp_path / "whole.npz", made(), save).read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        starts = [info.header_offset for info in archive.infolist()]
    for number, start in enumerate(starts):
        path = tmp_path / f"altered-{number}.npz"
        altered = bytearray(whole)
        altered[start + 190] ^= 0x10  # past the names and the header, or inside what is packed
        path.write_bytes(altered)
        with pytest.raises(DataFileError, match="altered"):
            dataset.load(path)


def test_what_is_no_file_of_arrays_is_refused(tmp_path: Path) -> None:
    text, alone = tmp_path / "text.npz", tmp_path / "alone.npy"
    text.write_text("x_train, y_train")
    np.save(alone, np.zeros((3, 28, 28), np.uint8))
    for path, sentence in (
        (text, "not a whole"),
        (alone, "not a whole"),
        (tmp_path, "is a folder"),
        (tmp_path / "gone.npz", "There is no file"),
        (tmp_path / ("long" * 100), "cannot be read"),
    ):
        with pytest.raises(DataFileError, match=sentence) as refused:
            dataset.load(path)
        assert str(path) in str(refused.value)


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", made(seed=1))
    first = dataset.load(path)
    assert dataset.load(str(path)) is first
    write(path, made(seed=2))
    os.utime(path, ns=(1, 1))
    assert dataset.load(path).fingerprint != first.fingerprint


@needs_full
def test_full_mnist_is_known_by_its_fingerprint() -> None:
    digits = dataset.load(FULL)
    assert digits.fingerprint == dataset.MNIST_FINGERPRINT
    assert digits.original
    assert (digits.x_train.shape, digits.x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))


# What a worker opens -------------------------------------------------------------------------


def test_a_worker_opens_the_images_it_was_told_of(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", made())
    wanted = dataset.fingerprint(made())
    digits = dataset.open_fingerprint(path, wanted)
    assert digits.fingerprint == wanted
    path.unlink()
    assert dataset.open_fingerprint(path, wanted) is digits


def test_a_worker_refuses_other_images(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", made(seed=1))
    with pytest.raises(DataFileError, match=r"own\.npz holds other images"):
        dataset.open_fingerprint(path, dataset.fingerprint(made(seed=2)))
    with pytest.raises(DataFileError, match="There is no file"):
        dataset.open_fingerprint(tmp_path / "gone.npz", "0")


def test_a_page_finds_the_images_of_an_earlier_run(lab: Path, kept_sample: Path) -> None:
    write(lab / "data" / "mnist.npz", made())
    assert dataset.current().digits.name == "mnist"
    assert dataset.find(dataset.SAMPLE_FINGERPRINT).name == "sample"
    assert dataset.find(dataset.fingerprint(made())).path == lab / "data" / "mnist.npz"
    with pytest.raises(DataFileError, match="not here any more"):
        dataset.find("0" * 64)


# The sample ----------------------------------------------------------------------------------


def test_the_sample_has_the_same_number_of_each_digit(kept_sample: Path) -> None:
    digits = dataset.sample()
    assert (digits.name, digits.fingerprint) == ("sample", dataset.SAMPLE_FINGERPRINT)
    assert digits.path == kept_sample
    assert dataset.counts(digits.y_train).tolist() == [400] * 10
    assert dataset.counts(digits.y_test).tolist() == [100] * 10


def test_the_first_images_of_the_sample_are_of_all_digits(kept_sample: Path) -> None:
    digits = dataset.sample()
    assert dataset.counts(digits.y_train[:600]).min() > 30
    assert dataset.counts(digits.split(RunConfig()).validation[1]).min() > 50


@needs_full
def test_the_sample_is_of_mnists_training_images_and_shares_none_with_its_test(
    kept_sample: Path,
) -> None:
    def rows(images: npt.NDArray[np.uint8]) -> set[bytes]:
        return {image.tobytes() for image in images}

    digits, full = dataset.sample(), dataset.load(FULL)
    train, test = rows(digits.x_train), rows(digits.x_test)
    assert len(train | test) == 5000
    assert train | test <= rows(full.x_train)


@pytest.mark.parametrize("broken", ["truncated", "another set"])
def test_a_broken_cache_of_the_sample_is_made_anew(kept_sample: Path, broken: str) -> None:
    if broken == "truncated":
        kept_sample.write_bytes(kept_sample.read_bytes()[:50_000])
    else:
        write(kept_sample, made())
    assert dataset.sample().fingerprint == dataset.SAMPLE_FINGERPRINT
    assert [path.name for path in kept_sample.parent.iterdir()] == ["sample.npz"]


def test_a_cache_that_cannot_be_written_is_named(lab: Path) -> None:
    lab.mkdir()
    (lab / "data").write_text("a file where the folder should be")
    with pytest.raises(LabError, match=r"cannot write .*sample\.npz.* DIGITLAB_HOME"):
        dataset.sample()


@contextlib.contextmanager
def full_disk(left: int) -> Iterator[None]:
    """A disk that takes only ``left`` bytes of each file."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up_keeps_no_half_of_the_sample(lab: Path) -> None:
    with full_disk(100_000), pytest.raises(LabError, match=r"cannot write .*sample\.npz"):
        dataset.sample()
    assert leftovers(lab) == []


# The download --------------------------------------------------------------------------------


@dataclasses.dataclass
class Server:
    """A real web server on this machine with one file, and how it treats who asks for it."""

    body: bytes
    announced: int | None = None
    status: int = 200
    asked: int = 0
    url: str = ""
    gate: threading.Event = dataclasses.field(default_factory=threading.Event)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        self.asked += 1
        self.gate.wait(5)
        request.send_response(self.status)
        length = len(self.body) if self.announced is None else self.announced
        request.send_header("Content-Length", str(length))
        request.end_headers()
        request.wfile.write(self.body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **made())
    served = Server(buffer.getvalue())
    served.gate.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        served.url = f"http://127.0.0.1:{listening.server_port}/mnist.npz"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield served
        served.gate.set()
        listening.shutdown()
        thread.join()


def closed_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listening.getsockname()[1]}/mnist.npz"


def leftovers(lab: Path) -> list[str]:
    return sorted(path.name for path in (lab / "data").iterdir())


def test_a_download_is_checked_and_kept(server: Server, lab: Path) -> None:
    seen: list[tuple[int, int]] = []
    digits = dataset.fetch(lambda *at: seen.append(at), url=server.url, sha256=server.sha256)
    assert digits.fingerprint == dataset.fingerprint(made())
    assert digits.path == lab / "data" / "mnist.npz"
    assert seen[-1] == (len(server.body), len(server.body))
    assert leftovers(lab) == ["mnist.npz"]
    dataset.fetch(url=server.url, sha256=server.sha256)
    assert server.asked == 1


def test_another_file_than_mnist_is_refused(server: Server, lab: Path) -> None:
    with pytest.raises(LabError, match=r"127\.0\.0\.1:\d+ sent is not MNIST"):
        dataset.fetch(url=server.url)
    assert leftovers(lab) == []


def test_a_download_that_breaks_off_leaves_what_was_there(server: Server, lab: Path) -> None:
    before = write(lab / "data" / "mnist.npz", made(seed=7)).read_bytes()
    server.announced = len(server.body) + 1000
    with pytest.raises(LabError, match="could not be downloaded"):
        dataset.fetch(url=server.url, sha256=server.sha256)
    assert (lab / "data" / "mnist.npz").read_bytes() == before
    assert leftovers(lab) == ["mnist.npz"]


def test_a_broken_cache_is_replaced_by_a_download(server: Server, lab: Path) -> None:
    write(lab / "data" / "mnist.npz", made()).write_bytes(b"PK broken")
    assert len(dataset.fetch(url=server.url, sha256=server.sha256).x_train) == 30


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_server_that_says_no_is_named(server: Server, lab: Path, status: int) -> None:
    server.status = status
    with pytest.raises(LabError, match=r"could not be downloaded from 127\.0\.0\.1"):
        dataset.fetch(url=server.url, sha256=server.sha256)


@pytest.mark.parametrize("url", [None, "http://", "http://digits.invalid/mnist.npz", "no address"])
def test_no_server_is_a_sentence_and_soon(
    lab: Path, url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    began = time.perf_counter()
    with pytest.raises(LabError, match="Check the network, or set DIGITLAB_MNIST"):
        dataset.fetch(url=url or closed_port())
    assert time.perf_counter() - began < 11
    assert leftovers(lab) == []


def test_a_server_that_does_not_answer_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "_ANSWER_SECONDS", 0.2)
    server.gate.clear()
    with pytest.raises(LabError, match="could not be downloaded"):
        dataset.fetch(url=server.url, sha256=server.sha256)


def test_a_disk_that_cannot_be_written_is_not_the_networks_fault(server: Server, lab: Path) -> None:
    lab.mkdir()
    (lab / "data").write_text("a file where the folder should be")
    with pytest.raises(LabError, match=r"cannot write .*mnist\.npz"):
        dataset.fetch(url=server.url, sha256=server.sha256)


def test_a_disk_that_fills_up_keeps_no_half_of_a_download(server: Server, lab: Path) -> None:
    with full_disk(10_000), pytest.raises(LabError, match=r"cannot write .*mnist\.npz"):
        dataset.fetch(url=server.url, sha256=server.sha256)
    assert leftovers(lab) == []


# Which set is in use -------------------------------------------------------------------------


def test_the_sample_is_in_use_for_want_of_another(kept_sample: Path) -> None:
    choice = dataset.current()
    assert (choice.digits.name, choice.notes, choice.fetching) == ("sample", (), "no")
    assert "python -m digitlab fetch" in str(choice.reason)
    assert dataset.current() is choice


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
    found: list[DigitSet] = []

    def session() -> None:
        start.wait()
        found.append(dataset.current().digits)

    threads = [threading.Thread(target=session) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(digits is found[0] for digits in found)


# The download in the background --------------------------------------------------------------


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + 5
    while not condition():
        assert time.perf_counter() < deadline, "it never happened"
        time.sleep(0.01)


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
    assert dataset.current() is choice
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


def test_downloads_and_the_csv_load_nothing_before_they_are_needed() -> None:
    check = (
        "import sys, digitlab.dataset;"
        "sys.exit(bool({'pooch', 'requests', 'mlxtend', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
