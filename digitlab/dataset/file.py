"""Reads a set of digits from an untrusted ``.npz`` file, or refuses it in a sentence."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import numpy as np

from digitlab import broken, npz
from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.dataset.digits import ARRAYS, SAMPLE_FINGERPRINT, DigitSet, fingerprint
from digitlab.messages import LabError, Message, message

_MOST_IMAGES = 300_000  # in one part; more would fill the memory


class DataFileError(LabError):
    """A file that does not hold a whole set of digits; the sentence names the file."""


def read(path: Path) -> DigitSet:
    """The set in an ``.npz`` file with x_train, y_train, x_test and y_test; pickles are refused.

    Images must be uint8 (N, 28, 28), labels integers (N,) from 0 to 9, N at least 1. Names, shapes
    and dtypes are checked before any data is read, and each array's CRC while it is read.

    Raises:
        DataFileError: the file is missing, a folder, truncated, altered, or holds something else.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its writer
            raise refusal(message("{path} is a folder or a device, not a file.", path=str(path)))
        with zipfile.ZipFile(path) as archive:
            _check_headers(path, archive)
            arrays = {name: np.ascontiguousarray(npz.read(archive, name)) for name in ARRAYS}
    except DataFileError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise refusal(message("There is no file {path}.", path=str(path))) from error
    except OSError as error:
        raise refusal(message("{path} cannot be read.", path=str(path))) from error
    except Exception as error:  # zip, each compression and NumPy's headers all raise their own
        broken.note(error, f"the data file {path}")
        raise refusal(
            message("{path} is not a whole .npz file, or it was altered.", path=str(path))
        ) from error
    for name in ("y_train", "y_test"):
        labels = arrays[name]
        wrong = labels[(labels < 0) | (labels >= DIGITS)]
        if len(wrong):
            raise refusal(
                message(
                    "{name} in {path} must be digits from 0 to 9; there is a {label} in it.",
                    name=name,
                    path=str(path),
                    label=int(wrong[0]),
                )
            )
        arrays[name] = labels.astype(np.uint8)
    found = fingerprint(arrays)
    return DigitSet(
        "sample" if found == SAMPLE_FINGERPRINT else "mnist", **arrays, path=path, fingerprint=found
    )


def refusal(problem: Message) -> DataFileError:
    """The error that says what is wrong with a file, and what to use instead."""
    advice = message(
        "Use a whole .npz file with x_train, y_train, x_test and y_test, or get full MNIST with: "
        "python -m digitlab fetch"
    )
    return DataFileError(message("{problem} {advice}", problem=problem, advice=advice))


def _check_headers(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive by the names, shapes and dtypes in its headers."""
    missing = [name for name in ARRAYS if f"{name}.npy" not in archive.namelist()]
    if missing:
        raise refusal(
            message("{path} holds no array {name}.", path=str(path), name=", ".join(missing))
        )
    for part in ("train", "test"):
        images, labels = npz.header(archive, f"x_{part}"), npz.header(archive, f"y_{part}")
        _check_images(path, f"x_{part}", images)
        if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
            raise refusal(
                message(
                    "{name} in {path} must be whole numbers, one for each of the {count} images; "
                    "it is {dtype} {shape}.",
                    name=f"y_{part}",
                    path=str(path),
                    count=images.shape[0],
                    dtype=str(labels.dtype),
                    shape=str(labels.shape),
                )
            )


def _check_images(path: Path, name: str, header: npz.Header) -> None:
    if header.dtype != np.uint8 or header.shape[1:] != (IMAGE_SIZE, IMAGE_SIZE):
        raise refusal(
            message(
                "{name} in {path} must be pictures of 28x28 pixels from 0 to 255, uint8 "
                "(N, 28, 28); it is {dtype} {shape}.",
                name=name,
                path=str(path),
                dtype=str(header.dtype),
                shape=str(header.shape),
            )
        )
    if not 1 <= header.shape[0] <= _MOST_IMAGES:
        raise refusal(
            message(
                "{name} in {path} must hold from 1 to {most} images; it holds {count}.",
                name=name,
                path=str(path),
                most=_MOST_IMAGES,
                count=header.shape[0],
            )
        )
