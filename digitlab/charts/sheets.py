"""Sheets of labelled digits: samples of a set, and those that a network misreads.

A sheet is as wide as the page. Its places share that width, and each shows its digit as large as
the place allows, so one sheet suits a wide page and a phone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import CLEAR, VERMILLION, Chart
from digitlab.inspection.metrics import SamplePrediction
from digitlab.messages import Translator
from digitlab.pictures import data_uri, enlarge

SHEET_ROWS = 5
LABELLED_COLUMNS = 8  # fewer than a plain sheet has: the labels are longer

_COLUMNS = 10
_PLACE = 76  # pixels from row to row: a digit of 56, its label, and a gap
_LABEL_SHARE, _GAP_SHARE = 16 / _PLACE, 4 / _PLACE
_WIDEST = 0.94  # of a place's width: what a digit may take on a narrow page
_SHARPER = 4  # browsers smooth pictures: pixels drawn large before that keep their edges
_HEADER_ROOM, _CAPTION_ROOM = 36, 32  # pixels

Images = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class LabelledSample:
    """One sample of a sheet: its number in the set, its label, and what the pointer finds."""

    index: int
    label: str
    hover: str


_Tile = tuple[int, int, Images, LabelledSample]  # row, column, picture (28, 28), and its sample


def mistake_sheet(
    images: Images, columns: Sequence[Sequence[SamplePrediction]], t: Translator
) -> Chart:
    """Misread samples, a column a digit, "truth → read as" under each; empty places stay empty.

    ``images`` is the whole test set (N, 28, 28) uint8, in which a sample's ``index`` counts. Of
    each column's samples the first ``SHEET_ROWS`` are shown.
    """
    tiles = [
        (row, column, images[found.index], _misread_sample(found, t))
        for column, samples in enumerate(columns)
        for row, found in enumerate(samples[:SHEET_ROWS])
    ]
    digits = list(range(len(columns)))
    ticks = {"showticklabels": True, "tickvals": digits, "ticktext": [str(n) for n in digits]}
    header = frame.bare(t("the digit it is"), side="top", **ticks)
    title = t("Misread test samples: truth → read as")
    return _sheet(title, tiles, (SHEET_ROWS, len(columns)), header)


def prediction_sheet(
    images: Images,
    places: Sequence[Sequence[SamplePrediction | None]],
    t: Translator,
    *,
    title: str,
    caption: str,
) -> Chart:
    """Samples in rows of equal length, "truth → read as" under each; None leaves a place empty.

    ``images`` is the whole test set (N, 28, 28) uint8, in which a sample's ``index`` counts.
    """
    tiles = [
        (row, column, images[found.index], _misread_sample(found, t))
        for row, samples in enumerate(places)
        for column, found in enumerate(samples)
        if found is not None
    ]
    widest = max([1, *(len(samples) for samples in places)])
    return _sheet(title, tiles, (max(1, len(places)), widest), frame.bare(caption))


def sample_sheet(
    images: Images,
    labels: Sequence[int] | npt.NDArray[np.integer[Any]],
    t: Translator,
    *,
    indices: Sequence[int],
) -> Chart:
    """Pictures (N, 28, 28) uint8 with their labels (N,) under them, row by row.

    ``indices`` are the samples' numbers in their set.

    Raises:
        ValueError: there are not as many labels, or indices, as pictures.
    """
    said = t("Sample {index}<br>label {label}")
    samples = [
        LabelledSample(int(number), str(label), said.format(index=number, label=label))
        for label, number in zip(labels, indices, strict=True)
    ]
    caption = t("{count} images, the label under each", count=len(samples))
    return _sheet_in_rows(t("Samples"), images, samples, _COLUMNS, caption)


def labelled_sheet(
    images: Images, samples: Sequence[LabelledSample], *, title: str, caption: str
) -> Chart:
    """``samples`` out of ``images`` (N, 28, 28) uint8, row by row; a click tells the ``index``."""
    pictures = [images[sample.index] for sample in samples]
    return _sheet_in_rows(title, pictures, samples, LABELLED_COLUMNS, caption)


def _misread_sample(found: SamplePrediction, t: Translator) -> LabelledSample:
    hover = t(
        "Test sample {index}<br>truth {truth}, read as {predicted}<br>{confidence} certain",
        index=found.index,
        truth=found.truth,
        predicted=found.predicted,
        confidence=f"{found.confidence:.1%}",
    )
    return LabelledSample(int(found.index), f"{found.truth} → {found.predicted}", hover)


def _sheet_in_rows(
    title: str,
    pictures: Sequence[Images] | Images,
    samples: Sequence[LabelledSample],
    columns: int,
    caption: str,
) -> Chart:
    tiles = [
        (*divmod(place, columns), picture, sample)
        for place, (picture, sample) in enumerate(zip(pictures, samples, strict=True))
    ]
    rows = max(1, math.ceil(len(tiles) / columns))
    return _sheet(title, tiles, (rows, columns), frame.bare(caption))


def _sheet(
    title: str, tiles: Sequence[_Tile], grid: tuple[int, int], xaxis: frame.Settings
) -> Chart:
    """Tiles in rows and columns of ``grid``; a caption stands below, a header above."""
    rows, columns = grid
    header = xaxis.get("side") == "top"
    top, bottom = frame.TITLE_ROOM + header * _HEADER_ROOM, 8 if header else _CAPTION_ROOM
    images, labels = [], []
    for row, column, picture, sample in tiles:
        source = data_uri(enlarge(picture, _SHARPER))
        size = (_WIDEST, 1 - _LABEL_SHARE - _GAP_SHARE)  # as large as its place allows
        place = (column, row + 1 - _LABEL_SHARE)  # close above its label
        images.append(frame.image(source, *place, size, xanchor="center", yanchor="bottom"))
        labels.append(frame.note(sample.label, column, row + 1 - _LABEL_SHARE / 2))
    targets = frame.click_targets(
        [column for _, column, _, _ in tiles],
        [row + _GAP_SHARE for row, _, _, _ in tiles],
        [sample.index for _, _, _, sample in tiles],
        [sample.hover for _, _, _, sample in tiles],
        width=_WIDEST,
        height=1 - _GAP_SHARE,
        chosen=1,
    )
    # The one clicked last gets a frame, which leaves its digit as it is.
    targets["marker"] |= {"color": CLEAR, "line": {"color": VERMILLION, "width": 3}}
    targets["selected"]["marker"]["color"] = CLEAR
    return frame.figure(
        title,
        [targets],
        height=top + rows * _PLACE + bottom,
        uirevision="sheet",
        margin=frame.margin(top=top, bottom=bottom),
        barmode="overlay",
        images=images,
        annotations=labels,
        xaxis=xaxis | {"range": [-0.5, columns - 0.5]},
        yaxis=frame.bare(range=[rows, 0]),
    )
