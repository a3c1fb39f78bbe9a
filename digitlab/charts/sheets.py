"""Sheets of labelled digits: samples of a set, and those that a network misreads.

A sheet is as wide as the page. Its places share that width, and each shows its digit as large as
the place allows, so one sheet suits a wide page and a phone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from digitlab.charts.click_overlay import targets
from digitlab.charts.frame import (
    CLEAR,
    LABEL_SIZE,
    VERMILLION,
    Chart,
    Trace,
    bare,
    figure,
    margin,
    strong,
)
from digitlab.messages import Translator
from digitlab.pictures import data_uri, enlarge

SHEET_ROWS = 5
LABELLED_COLUMNS = 8  # fewer than a plain sheet has: the labels are longer

_COLUMNS = 10
_PLACE = 76  # pixels from row to row: a digit of 56, its label, and a gap
_LABEL_SHARE, _GAP_SHARE = 16 / _PLACE, 4 / _PLACE
_WIDEST = 0.94  # of a place's width: what a digit may take on a narrow page
_SHARPER = 4  # browsers smooth pictures: pixels drawn large before that keep their edges
_BOTTOM = 8


class Misread(Protocol):
    """What a sheet needs to know of a sample that was read."""

    @property
    def index(self) -> int:
        """Its number in the test set."""

    @property
    def truth(self) -> int:
        """The digit it is."""

    @property
    def predicted(self) -> int:
        """The digit it was taken for."""

    @property
    def confidence(self) -> float:
        """The probability given to ``predicted``, 0 to 1."""


@dataclass(frozen=True)
class Labelled:
    """One sample of a sheet: its number in the set, its label, and what the pointer finds."""

    index: int
    label: str
    hover: str


@dataclass(frozen=True)
class _Tile:
    """One picture of a sheet: its place, the label under it, and what the pointer finds."""

    row: int
    column: int
    picture: npt.NDArray[np.uint8]
    label: str
    hover: str
    index: int


def mistake_sheet(
    images: npt.NDArray[np.uint8], columns: Sequence[Sequence[Misread]], t: Translator
) -> Chart:
    """Misread samples, a column a digit, "truth → read as" under each; empty places stay empty.

    Args:
        images: the whole test set (N, 28, 28) uint8, in which a sample's ``index`` counts.
        columns: for each digit the samples to show; after ``SHEET_ROWS`` they are left out.
        t: the reader's language.
    """
    tiles = [
        _read_tile(row, column, images, found, t)
        for column, samples in enumerate(columns)
        for row, found in enumerate(samples[:SHEET_ROWS])
    ]
    header = bare(
        t("the digit it is"),
        side="top",
        showticklabels=True,
        tickvals=list(range(len(columns))),
        ticktext=[str(digit) for digit in range(len(columns))],
    )
    title = t("Misread test samples: truth → read as")
    return _sheet(title, tiles, (SHEET_ROWS, len(columns)), header, top=76, bottom=_BOTTOM)


def reading_sheet(
    images: npt.NDArray[np.uint8],
    places: Sequence[Sequence[Misread | None]],
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
        _read_tile(row, column, images, found, t)
        for row, samples in enumerate(places)
        for column, found in enumerate(samples)
        if found is not None
    ]
    grid = (max(1, len(places)), max([1, *(len(samples) for samples in places)]))
    return _sheet(title, tiles, grid, bare(caption), top=40, bottom=32)


def _read_tile(
    row: int, column: int, images: npt.NDArray[np.uint8], found: Misread, t: Translator
) -> _Tile:
    label = f"{found.truth} → {found.predicted}"
    picture = images[found.index]
    return _Tile(row, column, picture, label, _misclassified_hover(found, t), int(found.index))


def _misclassified_hover(found: Misread, t: Translator) -> str:
    return t(
        "Test sample {index}<br>truth {truth}, read as {predicted}<br>{confidence} certain",
        index=found.index,
        truth=found.truth,
        predicted=found.predicted,
        confidence=f"{found.confidence:.1%}",
    )


def sample_sheet(
    images: npt.NDArray[np.uint8],
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
    tiles = [
        _Tile(
            *divmod(place, _COLUMNS),
            picture,
            str(label),
            t("Sample {index}<br>label {label}", index=number, label=label),
            int(number),
        )
        for place, (picture, label, number) in enumerate(zip(images, labels, numbers, strict=True))
    ]
    grid = (max(1, math.ceil(len(tiles) / _COLUMNS)), _COLUMNS)
    caption = bare(t("{count} images, the label under each", count=len(tiles)))
    return _sheet(t("Samples"), tiles, grid, caption, top=40, bottom=32)


def labelled_sheet(
    images: npt.NDArray[np.uint8], samples: Sequence[Labelled], *, title: str, caption: str
) -> Chart:
    """``samples`` out of ``images`` (N, 28, 28) uint8, row by row; a click tells the ``index``.

    Title, caption, labels and hovers are in the reader's language already. The height follows the
    number of rows.
    """
    tiles = [
        _Tile(
            *divmod(place, LABELLED_COLUMNS),
            images[sample.index],
            sample.label,
            sample.hover,
            sample.index,
        )
        for place, sample in enumerate(samples)
    ]
    grid = (max(1, math.ceil(len(tiles) / LABELLED_COLUMNS)), LABELLED_COLUMNS)
    return _sheet(title, tiles, grid, bare(caption), top=40, bottom=32)


def _sheet(
    title: str,
    tiles: Sequence[_Tile],
    grid: tuple[int, int],
    xaxis: dict[str, Any],
    *,
    top: int,
    bottom: int,
) -> Chart:
    rows, columns = grid
    return figure(
        title,
        [_targets(tiles)],
        height=top + rows * _PLACE + bottom,
        uirevision="sheet",
        margin=margin(top=top, bottom=bottom),
        barmode="overlay",
        images=[_picture(placed) for placed in tiles],
        annotations=[_label(placed) for placed in tiles],
        xaxis=xaxis | {"range": [-0.5, columns - 0.5]},
        yaxis=bare(range=[rows, 0]),
    )


def _picture(placed: _Tile) -> dict[str, Any]:
    """The digit, square and as large as its place allows, close above its label."""
    return {
        "source": data_uri(enlarge(placed.picture, _SHARPER)),
        "sizing": "contain",
        "xref": "x",
        "x": placed.column,
        "sizex": _WIDEST,
        "xanchor": "center",
        "yref": "y",
        "y": placed.row + 1 - _LABEL_SHARE,
        "yanchor": "bottom",
        "sizey": 1 - _LABEL_SHARE - _GAP_SHARE,
        "layer": "below",
    }


def _label(placed: _Tile) -> dict[str, Any]:
    return {
        "text": strong(placed.label),
        "showarrow": False,
        "font": {"size": LABEL_SIZE},
        "x": placed.column,
        "y": placed.row + 1 - _LABEL_SHARE / 2,
    }


def _targets(tiles: Sequence[_Tile]) -> Trace:
    """Bars over the places; the one clicked last is framed, which leaves its digit as it is."""
    bars = targets(
        [placed.column for placed in tiles],
        [placed.row + _GAP_SHARE for placed in tiles],
        [placed.index for placed in tiles],
        [placed.hover for placed in tiles],
        width=_WIDEST,
        height=1 - _GAP_SHARE,
        chosen=1,
    )
    bars["marker"] |= {"color": CLEAR, "line": {"color": VERMILLION, "width": 3}}
    bars["selected"]["marker"]["color"] = CLEAR
    return bars
