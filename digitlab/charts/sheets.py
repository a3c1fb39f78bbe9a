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
from digitlab.charts.click_targets import click_targets
from digitlab.charts.frame import Chart
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


@dataclass(frozen=True)
class _Tile:
    """A sample at its place of a sheet, with its picture (28, 28) uint8."""

    row: int
    column: int
    picture: Images
    sample: LabelledSample


def mistake_sheet(
    images: Images, columns: Sequence[Sequence[SamplePrediction]], t: Translator
) -> Chart:
    """Misread samples, a column a digit, "truth → read as" under each; empty places stay empty.

    Args:
        images: the whole test set (N, 28, 28) uint8, in which a sample's ``index`` counts.
        columns: for each digit the samples to show; after ``SHEET_ROWS`` they are left out.
        t: the reader's language.
    """
    tiles = [
        _Tile(row, column, images[found.index], _misread_sample(found, t))
        for column, samples in enumerate(columns)
        for row, found in enumerate(samples[:SHEET_ROWS])
    ]
    header = frame.bare(
        t("the digit it is"),
        side="top",
        showticklabels=True,
        tickvals=list(range(len(columns))),
        ticktext=[str(digit) for digit in range(len(columns))],
    )
    title = t("Misread test samples: truth → read as")
    return _sheet(title, tiles, (SHEET_ROWS, len(columns)), header, header=True)


def prediction_sheet(
    images: Images,
    places: Sequence[Sequence[SamplePrediction | None]],
    t: Translator,
    *,
    title: str,
    caption: str,
) -> Chart:
    """Samples in rows of equal length, "truth → read as" under each; None leaves a place empty.

    ``images`` is the whole test set (N, 28, 28) uint8, in which a sample's ``index`` counts;
    ``title`` and ``caption`` are in the reader's language. The height follows the rows.
    """
    tiles = [
        _Tile(row, column, images[found.index], _misread_sample(found, t))
        for row, samples in enumerate(places)
        for column, found in enumerate(samples)
        if found is not None
    ]
    grid = (max(1, len(places)), max([1, *(len(samples) for samples in places)]))
    return _sheet(title, tiles, grid, frame.bare(caption))


def sample_sheet(
    images: Images,
    labels: Sequence[int] | npt.NDArray[np.integer[Any]],
    t: Translator,
    *,
    indices: Sequence[int] | None = None,
) -> Chart:
    """Pictures (N, 28, 28) uint8 with their labels (N,) under them, row by row.

    ``indices`` are the samples' numbers in their set, 0 to N-1 where nothing else is said. The
    height follows the number of rows.

    Raises:
        ValueError: there are not as many labels, or indices, as pictures.
    """
    numbers = range(len(images)) if indices is None else indices
    samples = [
        LabelledSample(
            int(number),
            str(label),
            t("Sample {index}<br>label {label}", index=number, label=label),
        )
        for label, number, _ in zip(labels, numbers, images, strict=True)
    ]
    caption = t("{count} images, the label under each", count=len(samples))
    return _sheet_in_rows(t("Samples"), images, samples, _COLUMNS, caption)


def labelled_sheet(
    images: Images, samples: Sequence[LabelledSample], *, title: str, caption: str
) -> Chart:
    """``samples`` out of ``images`` (N, 28, 28) uint8, row by row; a click tells the ``index``.

    Title, caption, labels and hovers are in the reader's language already. The height follows the
    number of rows.
    """
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
        _Tile(*divmod(place, columns), picture, sample)
        for place, (picture, sample) in enumerate(zip(pictures, samples, strict=True))
    ]
    grid = (max(1, math.ceil(len(tiles) / columns)), columns)
    return _sheet(title, tiles, grid, frame.bare(caption))


def _sheet(
    title: str,
    tiles: Sequence[_Tile],
    grid: tuple[int, int],
    xaxis: dict[str, Any],
    *,
    header: bool = False,
) -> Chart:
    """Tiles in rows and columns of ``grid``; the caption stands below, a header above."""
    rows, columns = grid
    top = frame.TITLE_ROOM + (_HEADER_ROOM if header else 0)
    bottom = 8 if header else _CAPTION_ROOM
    targets = click_targets(
        [tile.column for tile in tiles],
        [tile.row + _GAP_SHARE for tile in tiles],
        [tile.sample.index for tile in tiles],
        [tile.sample.hover for tile in tiles],
        width=_WIDEST,
        height=1 - _GAP_SHARE,
        chosen=1,
    )
    # The one clicked last gets a frame, which leaves its digit as it is.
    targets["marker"] |= {"color": frame.CLEAR, "line": {"color": frame.VERMILLION, "width": 3}}
    targets["selected"]["marker"]["color"] = frame.CLEAR
    return frame.figure(
        title,
        [targets],
        height=top + rows * _PLACE + bottom,
        uirevision="sheet",
        margin=frame.margin(top=top, bottom=bottom),
        barmode="overlay",
        images=[_image(tile) for tile in tiles],
        annotations=[
            {
                "text": frame.strong(tile.sample.label),
                "showarrow": False,
                "font": {"size": frame.LABEL_SIZE},
                "x": tile.column,
                "y": tile.row + 1 - _LABEL_SHARE / 2,
            }
            for tile in tiles
        ],
        xaxis=xaxis | {"range": [-0.5, columns - 0.5]},
        yaxis=frame.bare(range=[rows, 0]),
    )


def _image(tile: _Tile) -> dict[str, Any]:
    """The digit, square and as large as its place allows, close above its label."""
    return {
        "source": data_uri(enlarge(tile.picture, _SHARPER)),
        "sizing": "contain",
        "xref": "x",
        "x": tile.column,
        "sizex": _WIDEST,
        "xanchor": "center",
        "yref": "y",
        "y": tile.row + 1 - _LABEL_SHARE,
        "yanchor": "bottom",
        "sizey": 1 - _LABEL_SHARE - _GAP_SHARE,
        "layer": "below",
    }
