"""What a broken file raises stays quiet; a mistake of our own goes into the log, once."""

import contextlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitlab import drawing, network
from digitlab.archive import opening
from digitlab.archive.form import ArchiveError
from digitlab.dataset import DataFileError, file
from digitlab.drawing import DrawingError
from digitlab.messages import LabError
from digitlab.network import ModelFileError, Network
from digitlab.training import continuing


def picture() -> bytes:
    target = io.BytesIO()
    Image.new("L", (40, 40)).save(target, "PNG")
    return target.getvalue()


def archive() -> bytes:
    target = io.BytesIO()
    np.savez(target, x_train=np.zeros(3))
    return target.getvalue()


def read_data(data: bytes, folder: Path) -> None:
    (folder / "digits.npz").write_bytes(data)
    file.read(folder / "digits.npz")


# How a kind of file is read, a whole one, how it is refused, and what a mistake is put into.
Reader = Callable[[bytes, Path], object]
READERS: dict[str, tuple[Reader, bytes, type[Exception] | None, object, str]] = {
    "a model": (lambda data, _: Network.load(data), archive(), ModelFileError, network, "_read"),
    "a data set": (read_data, archive(), DataFileError, file, "_check_headers"),
    "a picture": (
        lambda data, _: drawing.from_image(data),
        picture(),
        DrawingError,
        drawing.file,
        "_grey_values",
    ),
    "a zip": (
        lambda data, _: opening.opened(io.BytesIO(data)),
        archive(),
        ArchiveError,
        zipfile,
        "ZipFile",
    ),
    "an optimizer's state": (
        lambda data, _: continuing.unpack_state(data),
        archive(),
        None,
        continuing.npz,
        "header",
    ),
}


def refused(name: str, data: bytes, folder: Path) -> None:
    read, _, error, _, _ = READERS[name]
    if error is None:
        assert read(data, folder) == {}
    else:
        with pytest.raises(error):
            read(data, folder)


@pytest.mark.parametrize("name", READERS)
def test_a_mistake_of_ours_is_refused_in_a_sentence_and_logged_with_its_traceback(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def mistake(*_: object, **__: object) -> None:
        raise AttributeError("of our own")

    _, data, _, place, function = READERS[name]
    monkeypatch.setattr(place, function, mistake)
    refused(name, data, tmp_path)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert "of our own" in str(record.exc_info[1])


@pytest.mark.parametrize("name", READERS)
def test_broken_files_are_refused_without_a_word_in_the_log(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read, data, *_ = READERS[name]
    random = np.random.default_rng(1)
    for _ in range(60):
        broken = bytearray(data[: random.integers(30, len(data))])
        for place in random.integers(0, len(broken), 3):
            broken[place] = random.integers(0, 256)
        with contextlib.suppress(LabError):  # what is whole enough may be read
            read(bytes(broken), tmp_path)
    assert caplog.records == []
