"""Kept drawings: each person's own, exported whole, deleted by their owner alone."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digitlab.messages import LabError
from digitlab.network import Prediction
from digitlab.store import saved_drawings
from digitlab.store.saved_drawings import SavedDrawings

SEVEN = Prediction(np.eye(10, dtype=np.float32)[7])


@pytest.fixture
def kept(tmp_path: Path) -> SavedDrawings:
    return SavedDrawings(tmp_path)


def picture(value: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.full((28, 28), value, np.uint8)


def test_a_drawing_comes_back_as_it_was_kept(kept: SavedDrawings) -> None:
    kept.keep("me", 7, picture(9), SEVEN, "reference")
    kept.keep("me", 1, picture(8), SEVEN, "reference")

    newest, oldest = kept.of("me")

    assert (newest.label, newest.predicted, newest.right) == (1, 7, False)
    assert (oldest.label, oldest.predicted, oldest.right) == (7, 7, True)
    assert (oldest.digit == 9).all()
    assert oldest.confidence == 1


def test_people_see_and_delete_their_own_alone(kept: SavedDrawings) -> None:
    kept.keep("me", 7, picture(1), SEVEN, "reference")
    kept.keep("you", 3, picture(2), SEVEN, "reference")
    (mine,) = kept.of("me")

    kept.delete("you", [mine.id])
    assert len(kept.of("me")) == 1

    kept.delete("me", [mine.id, 10**9])
    assert kept.of("me") == []
    assert len(kept.of("you")) == 1


def test_nobody_can_fill_the_disk(kept: SavedDrawings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_drawings, "MOST", 2)
    for _ in range(2):
        kept.keep("me", 7, picture(1), SEVEN, "reference")

    with pytest.raises(LabError, match="2 drawings"):
        kept.keep("me", 7, picture(1), SEVEN, "reference")

    kept.keep("you", 7, picture(1), SEVEN, "reference")
    assert len(kept.of("me")) == 2


def test_the_file_holds_every_drawing_and_a_table(kept: SavedDrawings) -> None:
    random = np.random.default_rng(0)
    drawn = random.integers(0, 256, (28, 28), np.uint8)
    kept.keep("me", 4, drawn, SEVEN, "reference")

    with zipfile.ZipFile(io.BytesIO(saved_drawings.as_zip(kept.of("me")))) as archive:
        (row,) = csv.DictReader(io.TextIOWrapper(archive.open("drawings.csv"), "utf-8"))
        assert np.array_equal(np.asarray(Image.open(archive.open(row["file"]))), drawn)
    assert (row["label"], row["read_as"], row["model"]) == ("4", "7", "reference")
