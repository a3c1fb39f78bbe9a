"""Reads arrays from an untrusted ``.npz`` file: first each header, then its data.

NumPy's own ``load`` trusts the file: it allocates the memory that a header asks for.
"""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Header:
    """An array's header: its shape, memory order and dtype."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """How many bytes of data it promises."""
        return math.prod(self.shape) * self.dtype.itemsize


def header(archive: zipfile.ZipFile, name: str) -> Header:
    """The header of the array ``name``; nothing behind it is read.

    Raises:
        Exception: the file is broken; zip, each compression and NumPy have errors of their own.
    """
    with archive.open(f"{name}.npy") as stream:
        return _header(stream)


def read(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    """The array ``name``, read-only, its length and its CRC checked; pickles are refused.

    It takes as much memory as its header promises, so look at ``header`` first.

    Raises:
        Exception: as ``header``, or the data is not as long as the header says, or altered.
    """
    with archive.open(f"{name}.npy") as stream:
        found = _header(stream)
        if stream.tell() + found.nbytes != archive.getinfo(f"{name}.npy").file_size:
            raise ValueError(f"{name} is not as long as its header says")
        data = stream.read(found.nbytes)  # no more, whatever the archive could unpack
    array: npt.NDArray[Any] = np.frombuffer(data, found.dtype)
    return array.reshape(found.shape, order="F" if found.fortran else "C")


def _header(stream: Any) -> Header:
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):  # the others are for structured arrays
        raise ValueError(f"npy version {version}")
    return Header(*np.lib.format.read_array_header_1_0(stream))
