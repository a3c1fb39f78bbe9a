"""Atomic writes to the disk, and the error that a page or terminal shows when one fails.

A file is written under a hidden name that ends with the process id, and renamed when it is whole.
What a killed process has left is removed at the next start.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from digitlab.messages import LabError, message

# The later lines are names that version 0.1 gave, some of them without a process id.
_UNFINISHED = re.compile(
    r"\..+\.\d+\.part"
    r"|\.[a-z]+(-\d{3})?\.np[yz]\.\d+|(sample|mnist|speed|sent-[0-9a-f]{64})\.\d+"
    r"|loading-\w{8}|tmp\w{8}"
)
_PROCESS = re.compile(r"\.(\d+)(\.part)?$")
_STALE_SECONDS = 3600.0  # a file whose name has no process id is kept for so long
_CLOCK_SECONDS = 3.0  # how far a process's start may seem to move when the clock is set


class StorageError(LabError):
    """The lab's disk or database cannot be used.

    ``message`` says which file it is, and what to do; ``on_page`` names no place on the server.
    """


def refused(path: Path, error: OSError) -> StorageError:
    """The error for a file or folder that could not be read or written."""
    return StorageError(
        message(
            "The lab cannot write {path} ({detail}). Free some space, allow it to write there, or "
            "set DIGITLAB_HOME to another folder.",
            path=str(path),
            detail=error.strerror or type(error).__name__,
        ),
        on_page=message(
            "The lab's disk is full or cannot be written, so what you did last may not be saved. "
            "Please tell whoever runs this lab."
        ),
    )


@contextlib.contextmanager
def as_storage_error(path: Path) -> Iterator[None]:
    """Turn an OSError raised inside into a StorageError that names ``path``.

    Raises:
        StorageError: the disk is full, read-only or broken, or a folder may not be written.
    """
    try:
        yield
    except OSError as error:
        raise refused(path, error) from error


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a temporary path to write to, which replaces ``path`` if nothing was raised.

    Raises:
        OSError: it could not be written; what was at ``path`` is unchanged.
    """
    partial = unfinished(path)
    try:
        yield partial
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[Path]:
    """``replacing`` in the lab's own folder, which is made where it is missing.

    Raises:
        StorageError: it could not be written; what was at ``path`` is unchanged.
    """
    with as_storage_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            yield partial


def write(path: Path, data: bytes | bytearray) -> None:
    """Write a file, whole or not at all, and its folder.

    Raises:
        StorageError: as ``writing``.
    """
    with writing(path) as partial:
        partial.write_bytes(data)


@contextlib.contextmanager
def scratch(folder: Path, what: str) -> Iterator[Path]:
    """A temporary folder inside ``folder``, removed afterwards.

    Raises:
        StorageError: it cannot be made.
    """
    place = unfinished(folder / what)
    with as_storage_error(place):
        place.mkdir(parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def unfinished(path: Path) -> Path:
    """The hidden name under which this process writes ``path``; a new one at each call."""
    return path.parent / f".{path.name}.{os.urandom(4).hex()}.{os.getpid()}.part"


def remove_unfinished(folder: Path, of: str = "") -> int:
    """Remove what processes that have ended were writing in ``folder``; returns how many files.

    In a folder that is not the lab's own, ``of`` names the one file whose leftovers are meant.
    """
    count = 0
    with contextlib.suppress(OSError):
        for place in list(folder.iterdir()):
            ours = _UNFINISHED.fullmatch(place.name) and place.name.startswith(of and f".{of}.")
            if ours and not _being_written(place):
                with contextlib.suppress(OSError):
                    if place.is_dir() and not place.is_symlink():
                        shutil.rmtree(place)
                    else:
                        place.unlink()
                    count += 1
    return count


def _being_written(place: Path) -> bool:
    """Whether the process that began it is alive; a later one may have got the same id."""
    process = _PROCESS.search(place.name)
    try:
        changed = place.lstat().st_mtime
        if process is None:
            return changed > time.time() - _STALE_SECONDS
        return bool(psutil.Process(int(process[1])).create_time() < changed + _CLOCK_SECONDS)
    except (OSError, OverflowError, psutil.NoSuchProcess):
        return False
    except psutil.Error:  # there is one, of another user
        return True
