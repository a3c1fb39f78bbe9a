"""A zip of unknown origin is opened here, or refused for what it says of itself.

Nothing is unpacked before the whole directory has passed: Python's ``zipfile`` makes an object of
every entry, and believes what the last lines of the file say about where the directory is.
"""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Iterable
from typing import BinaryIO

from digitlab import broken
from digitlab.archive.form import (
    LARGEST,
    LARGEST_RATIO,
    LARGEST_UNPACKED,
    MEGABYTE,
    MEMBER,
    MOST_MEMBERS,
    ArchiveError,
)
from digitlab.messages import Message, message

# The end of a zip as PKWARE's APPNOTE 4.3.16 has it: signature, four counts of disks and entries,
# the directory's size and place, and the length of a comment, of which ours have none.
_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE, _ZIP64_SIGNATURE = b"PK\x05\x06", b"PK\x06\x07"
_ZIP64_LOCATOR = 20
_LONGEST_ENTRY = 300  # bytes of one entry in the directory; our longest takes 86
_ENCRYPTED = 0x1 | 0x40 | 0x2000


def opened(source: BinaryIO) -> zipfile.ZipFile:
    """The zip, its size, count, names, kinds and ratios checked; nothing of it is unpacked.

    Raises:
        ArchiveError: it is no zip, not whole, too large, or holds a member that is none of ours.
    """
    length = source.seek(0, 2)
    if length > LARGEST:
        raise ArchiveError(
            message(
                "This file has {size} MB; a zip of the lab has at most {most} MB.",
                size=f"{length / MEGABYTE:.0f}",
                most=LARGEST // MEGABYTE,
            )
        )
    count = check_end(source, MOST_MEMBERS)
    try:
        archive = zipfile.ZipFile(source)
    except Exception as error:  # a broken directory raises many kinds
        broken.note(error, "a zip's directory")
        raise ArchiveError(not_whole()) from error
    if len(archive.infolist()) != count:
        raise ArchiveError(not_whole())
    _check_members(archive.infolist(), length)
    return archive


def check_end(source: BinaryIO, most: int) -> int:
    """How many members a zip says it has; its last lines must be plain, and say it truly.

    Raises:
        ArchiveError: it is no zip, not whole, in the large form zip64, or has over ``most``.
    """
    length = source.seek(0, 2)
    source.seek(max(0, length - _END.size - _ZIP64_LOCATOR))
    tail = source.read()
    if len(tail) < _END.size:
        raise ArchiveError(not_whole())
    end = _END.unpack(tail[-_END.size :])
    signature, disk, first_disk, here, count, size, start, comment = end
    if signature != _END_SIGNATURE or comment or tail.startswith(_ZIP64_SIGNATURE):
        raise ArchiveError(not_whole())
    if count > most or size > most * _LONGEST_ENTRY:
        raise ArchiveError(
            message(
                "This zip holds too many files: {count}, where {most} are allowed.",
                count=f"{count:,}",
                most=f"{most:,}",
            )
        )
    if disk or first_disk or here != count or start + size != length - _END.size:
        raise ArchiveError(not_whole())
    return int(count)


def not_whole() -> Message:
    """That a file is no zip of ours."""
    return message("This is not a zip of Digit Lab, or it is not whole. Load it as it was saved.")


def _check_members(members: Iterable[zipfile.ZipInfo], length: int) -> None:
    seen: set[str] = set()
    total = 0
    for info in members:
        why = message("it is there twice.") if info.filename in seen else _wrong_with(info, length)
        if why:
            name = "".join(sign if sign.isprintable() else "?" for sign in info.orig_filename[:80])
            raise ArchiveError(
                message(
                    "The zip was not loaded, because of the file {file} in it: {why}",
                    file=name,
                    why=why,
                )
            )
        seen.add(info.filename)
        total += info.file_size
        if total > LARGEST_UNPACKED:
            most = LARGEST_UNPACKED // MEGABYTE
            raise ArchiveError(message("This zip would unpack to more than {most} MB.", most=most))


def _wrong_with(info: zipfile.ZipInfo, length: int) -> Message | None:
    """Why a member of a zip of ``length`` bytes is refused: its name, its kind, or its sizes."""
    # ``filename`` ends at a zero byte and has the system's slashes replaced: look at both.
    if info.orig_filename != info.filename or not MEMBER.fullmatch(info.filename):
        return message("no file of the lab has such a name.")
    if info.flag_bits & _ENCRYPTED:
        return message("it is encrypted.")
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
        return message("it is a link or a device, not a file.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return message("it is compressed in a way that the lab does not use.")
    stored = info.compress_type == zipfile.ZIP_STORED
    if info.compress_size > length or (stored and info.compress_size != info.file_size):
        return message("its sizes cannot be true.")
    if info.file_size > max(MEGABYTE, LARGEST_RATIO * info.compress_size):
        return message("it would unpack to far more than it takes.")
    return None
