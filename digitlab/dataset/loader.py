"""A cache of the data files that this process has read, shared by all its sessions."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path

from digitlab.dataset.digits import DigitSet
from digitlab.dataset.file import DataFileError, read, refusal
from digitlab.messages import Message, message

log = logging.getLogger(__name__)

_MOST_HELD = 3

# From a file's state to its set, or to why it was refused; least recently used first.
_held: dict[tuple[object, ...], DigitSet | Message] = {}
_lock = threading.RLock()


def load(path: str | os.PathLike[str]) -> DigitSet:
    """The set in a file, as ``file.read`` checks it; read once until the file changes.

    Raises:
        DataFileError: the file is refused.
    """
    # A worker may have another working directory, so a relative path is made absolute here.
    place = Path(os.path.expanduser(path)).absolute()
    with _lock:
        state = _state(place)
        found = _held.pop(state, None) or _read(place)
        _held[state] = found
        if len(_held) > _MOST_HELD:
            del _held[next(iter(_held))]
    if isinstance(found, Message):
        raise DataFileError(found)
    return found


def known(wanted: str) -> DigitSet | None:
    """The set with the fingerprint ``wanted``, if it is in the cache."""
    with _lock:
        for found in _held.values():
            if isinstance(found, DigitSet) and found.fingerprint == wanted:
                return found
    return None


def open_fingerprint(path: str | os.PathLike[str], wanted: str) -> DigitSet:
    """The set with the fingerprint ``wanted``, for a worker: from the cache, or from ``path``.

    Raises:
        DataFileError: the file is refused, or now holds other images.
    """
    digits = known(wanted) or load(path)
    if digits.fingerprint != wanted:
        raise refusal(
            message("{path} holds other images than this run was made for.", path=str(path))
        )
    return digits


def forget() -> None:
    """Clear the cache."""
    with _lock:
        _held.clear()


def _read(path: Path) -> DigitSet | Message:
    try:
        return read(path)
    except DataFileError as error:
        if not isinstance(error.__cause__, FileNotFoundError):  # not fetched yet is no trouble
            log.warning("%s", error)  # once, while the file does not change
        return error.message


def _state(path: Path) -> tuple[object, ...]:
    """A key that changes whenever the file at ``path`` does."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return (path,)
    return path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
