"""Drawings that people have kept with the digit they meant, and what a network read in them."""

from __future__ import annotations

import csv
import io
import sqlite3
import time
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from digitlab import pictures
from digitlab.config import IMAGE_SIZE
from digitlab.messages import LabError, message
from digitlab.network import Prediction
from digitlab.records import DrawingFields, SavedDrawing, values_of
from digitlab.store.rows import insert, note_unreadable
from digitlab.store.schema import open_lab

MOST = 2_000  # of one person: a class's handwriting, and no more than a disk bears

Picture = npt.NDArray[np.uint8]

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
            query = f"SELECT {', '.join(_COLUMNS)}, digit FROM drawings WHERE owner = ?"
            there = {tuple(row) for row in database.execute(query, (owner,))}
            before = len(there)
            for one in kept:
                row = values_of(DrawingFields, one) | {"digit": one.digit.tobytes()}
                if tuple(row.values()) in there or len(there) >= MOST:
                    continue
                there.add(tuple(row.values()))
                insert(database, "drawings", {"owner": owner} | row)
        return len(there) - before

    def of(self, owner: str) -> list[SavedDrawing]:
        """A person's drawings, the newest first; one that cannot be read is passed over."""
        query = "SELECT * FROM drawings WHERE owner = ? ORDER BY created DESC"
        rows = self._database.all(query, owner)
        return [kept for row in rows if (kept := _readable(row)) is not None]

    def delete(self, owner: str, ids: Iterable[int]) -> None:
        """Delete some of a person's drawings; those of others stay."""
        with self._database.change() as database:
            database.executemany(
                "DELETE FROM drawings WHERE owner = ? AND id = ?", [(owner, one) for one in ids]
            )

    def delete_everything(self, owner: str) -> int:
        """Delete all of a person's drawings; returns how many there were."""
        return self._database.write("DELETE FROM drawings WHERE owner = ?", owner)


def _readable(row: sqlite3.Row) -> SavedDrawing | None:
    try:
        digit = np.frombuffer(row["digit"], np.uint8).reshape(IMAGE_SIZE, IMAGE_SIZE)
        read = msgspec.convert({name: row[name] for name in _COLUMNS}, DrawingFields)
        return SavedDrawing(id=row["id"], digit=digit, **msgspec.structs.asdict(read))
    except (ValueError, TypeError) as error:
        note_unreadable("drawing", row["id"], str(error))
        return None


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
            created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one.created))
            read = (one.label, one.predicted, f"{one.confidence:.4f}", one.model)
            writer.writerow([name, *read, created])
        archive.writestr("drawings.csv", table.getvalue())
    return buffer.getvalue()
