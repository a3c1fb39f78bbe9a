"""Drawings that people have kept with the digit they meant, and what a network read in them."""

from __future__ import annotations

import csv
import functools
import io
import logging
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from digitlab import pictures
from digitlab.config import IMAGE_SIZE
from digitlab.messages import LabError, message
from digitlab.network import Prediction
from digitlab.records import DrawingFields, SavedDrawing, values_of
from digitlab.store.database import Row
from digitlab.store.rows import insert
from digitlab.store.schema import open_lab

log = logging.getLogger(__name__)

# What one person can keep: a class's handwriting, and no more than a disk bears.
MOST = 2_000

_COLUMNS = DrawingFields.__struct_encode_fields__


class SavedDrawings:
    """The kept drawings of one lab."""

    def __init__(self, folder: Path) -> None:
        self._database = open_lab(folder)

    def keep(
        self,
        owner: str,
        label: int,
        digit: npt.NDArray[np.uint8],
        prediction: Prediction,
        model: str,
    ) -> None:
        """Keep a drawing (28, 28) of ``owner`` with its label.

        Raises:
            LabError: this person has kept as many as one may.
        """
        row = {
            "owner": owner,
            "label": label,
            "read_as": prediction.digit,
            "certainty": prediction.confidence,
            "model": model,
            "digit": digit.tobytes(),
            "created": time.time(),
        }
        with self._database.change() as database:
            count = database.execute("SELECT COUNT(*) FROM drawings WHERE owner = ?", (owner,))
            if count.fetchone()[0] >= MOST:
                raise LabError(
                    message(
                        "You have kept {most} drawings, which is as many as fit. Save them as a "
                        "file and delete some.",
                        most=MOST,
                    )
                )
            insert(database, "drawings", row)

    def restore(self, owner: str, kept: Iterable[SavedDrawing]) -> int:
        """Keep drawings as they were kept elsewhere, at their own times; returns how many.

        One that this person has already stays as it is, and so does a full collection.
        """
        with self._database.change() as database:
            rows = database.execute(
                f"SELECT {', '.join(_COLUMNS)}, digit FROM drawings WHERE owner = ?", (owner,)
            )
            there = {tuple(row) for row in rows}
            before = len(there)
            for one in kept:
                row = _row(one)
                if tuple(row.values()) in there or len(there) >= MOST:
                    continue
                there.add(tuple(row.values()))
                insert(database, "drawings", {"owner": owner} | row)
        return len(there) - before

    def of(self, owner: str) -> list[SavedDrawing]:
        """A person's drawings, the newest first; one that cannot be read is passed over."""
        rows = self._database.all(
            "SELECT * FROM drawings WHERE owner = ? ORDER BY created DESC", owner
        )
        return [kept for row in rows if (kept := _readable(row)) is not None]

    def delete(self, owner: str, ids: Iterable[int]) -> None:
        """Delete some of a person's drawings; those of others stay."""
        with self._database.change() as database:
            database.executemany(
                "DELETE FROM drawings WHERE owner = ? AND id = ?", [(owner, one) for one in ids]
            )

    def delete_everything(self, owner: str) -> int:
        """Delete all of a person's drawings; returns how many there were."""
        with self._database.change() as database:
            return database.execute("DELETE FROM drawings WHERE owner = ?", (owner,)).rowcount


def _readable(row: Row) -> SavedDrawing | None:
    try:
        return _saved_drawing(row)
    except (ValueError, TypeError) as error:
        _note_unreadable(row["id"], str(error))
        return None


@functools.lru_cache(MOST)  # once for each, though the list is read again and again
def _note_unreadable(drawing: int, why: str) -> None:
    log.warning("drawing %s cannot be read: %s", drawing, why)


def _row(drawing: SavedDrawing) -> dict[str, Any]:
    return values_of(DrawingFields, drawing) | {"digit": drawing.digit.tobytes()}


def _saved_drawing(row: Row) -> SavedDrawing:
    digit = np.frombuffer(row["digit"], np.uint8).reshape(IMAGE_SIZE, IMAGE_SIZE)
    read = msgspec.convert({name: row[name] for name in _COLUMNS}, DrawingFields)
    return SavedDrawing(id=row["id"], digit=digit, **msgspec.structs.asdict(read))


def as_zip(kept: Sequence[SavedDrawing]) -> bytes:
    """The drawings as PNGs (28x28, white on black) with a CSV that tells their labels."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["file", "label", "read_as", "certainty", "model", "created"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for one in kept:
            name = f"{one.label}-{one.id:06d}.png"
            archive.writestr(name, pictures.png_bytes(one.digit))
            writer.writerow(
                [
                    name,
                    one.label,
                    one.predicted,
                    f"{one.confidence:.4f}",
                    one.model,
                    time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.created)),
                ]
            )
        archive.writestr("drawings.csv", table.getvalue())
    return buffer.getvalue()
