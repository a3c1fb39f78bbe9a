"""A lab whose work is packed and unpacked, and zips that are taken apart and put together."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from digitlab import archive
from digitlab.archive import Packed, Unpacked
from digitlab.store import Store
from digitlab.store.library import Library
from digitlab.store.saved_drawings import SavedDrawings
from digitlab.sweeps import Sweeps

ME, YOU = "m" * 22, "y" * 22

Members = dict[str, bytes]

MISSING = ...
NOT_JSON = [b"", b"{", b"NaN", b"[1]", b"\xff", b'{"a": 1e5', b"[" * 99_999, b" " * 10**6]


class Lab:
    """A store with its library, its drawings and its sweeps."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.library, self.drawings = Library(self.store), SavedDrawings(folder)
        self.sweeps = Sweeps(self.store)

    def pack(self, owner: str = ME, *, exact: bool = True) -> tuple[bytes, Packed]:
        target = io.BytesIO()
        packed = archive.pack(
            self.library, self.drawings, self.sweeps, owner, target, lambda part: None, exact=exact
        )
        return target.getvalue(), packed

    def unpack(self, data: bytes, owner: str = YOU) -> Unpacked:
        source = io.BytesIO(data)
        return archive.unpack(
            source, self.library, self.drawings, self.sweeps, owner, lambda part: None
        )


def members_of(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zip_of(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return target.getvalue()


def with_field(members: Mapping[str, bytes], file: str, path: str, value: Any) -> Members:
    """The members with a field of a JSON file, "epochs.0.loss", set, or left out for ``...``."""
    whole = held = json.loads(members[file])
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in way:
        held = held[step]
    held[last] = value
    if value is MISSING:
        del held[last]
    return {**members, file: json.dumps(whole).encode()}
