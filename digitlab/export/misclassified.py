"""Misclassified samples as files: a table (CSV), and a sheet of their pictures (PNG)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.inspection.metrics import Grid, Probabilities, SamplePrediction
from digitlab.pictures import enlarge, png_bytes

COLUMNS = (
    "index",
    "truth",
    "read_as",
    "certainty",
    "probability_of_truth",
    *(f"p{digit}" for digit in range(DIGITS)),
)

_FACTOR = 3  # pixels of the file per pixel of a digit, each way
_SIDE = _FACTOR * IMAGE_SIZE
_LABEL, _GAP = 20, 8  # pixels below and around each digit
_TEXT = 16


def table(found: Iterable[SamplePrediction], probabilities: Probabilities) -> bytes:
    """A CSV file's bytes, a line per sample in the given order; ``index`` counts from 0.

    ``probabilities`` (N, 10) are the whole set's; they are written with six decimals.
    """
    file = io.StringIO()
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(COLUMNS)
    for sample in found:
        shares = [f"{value:.6f}" for value in probabilities[sample.index]]
        certain, of_truth = shares[sample.predicted], shares[sample.truth]
        lines.writerow([sample.index, sample.truth, sample.predicted, certain, of_truth, *shares])
    return file.getvalue().encode("ascii")


def sheet(images: npt.NDArray[np.uint8], places: Grid) -> bytes:
    """A PNG file's bytes: samples in rows, "truth -> prediction" under each.

    Args:
        images: the whole test set (N, 28, 28) uint8, in which a sample's ``index`` counts.
        places: rows of equal length, with None for an empty place.

    Raises:
        ValueError: there is no place at all.
    """
    height, width = len(places) * (_SIDE + _LABEL + _GAP), len(places[0] if places else ())
    page = Image.new("L", (_GAP + width * (_SIDE + _GAP), _GAP + height), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(_TEXT)
    for row, samples in enumerate(places):
        for column, sample in enumerate(samples):
            if sample is None:
                continue
            left = _GAP + column * (_SIDE + _GAP)
            top = _GAP + row * (_SIDE + _LABEL + _GAP)
            page.paste(Image.fromarray(enlarge(images[sample.index], _FACTOR)), (left, top))
            pen.text(
                (left + _SIDE // 2, top + _SIDE + _LABEL // 2),
                f"{sample.truth} -> {sample.predicted}",
                fill=0,
                font=font,
                anchor="mm",
            )
    if not height or not width:
        raise ValueError("no place on the sheet")
    return png_bytes(np.asarray(page))
