"""Sheets of labelled digits: samples of a set, and those that a network misreads.

A sheet is as wide as the page. Its places share that width, and each shows its digit as large as
the place allows, so one sheet suits a wide page and a phone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import CLEAR, VERMILLION, Chart
from digitlab.inspection.metrics import SamplePrediction, upright
from digitlab.messages import Translator
from digitlab.pictures import data_uri, enlarge

SHEET_ROWS = 5

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


# What stands at a place of a sheet: a picture (28, 28) and its sample, or nothing.
_Place = tuple[Images, LabelledSample] | None


def mistake_sheet(
    images: Images, columns: Sequence[Sequence[SamplePrediction]], t: Translator
) -> Chart:
    """Misread samples, a column a digit, "truth → read as" under each; empty places stay empty.

    ``images`` is the whole test set (N, 28, 28) uint8, in which a sample's ``index`` counts. Of
    each column's samples the first ``SHEET_ROWS`` are shown.
    """
    digits = list(range(len(columns)))
    ticks = {"showticklabels": True, "tickvals": digits, "ticktext": [str(n) for n in digits]}
    header = frame.bare(t("the digit it is"), side="top", **ticks)
    title = t("Misread test samples: truth → read as")
    return _sheet(title, _misread(images, upright(columns, SHEET_ROWS), t), len(columns), header)


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
    widest = max([1, *(len(samples) for samples in places)])
    return _sheet(title, _misread(images, places, t), widest, frame.bare(caption))


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
    places = [
        (image, LabelledSample(int(number), str(label), said.format(index=number, label=label)))
        for image, label, number in zip(images, labels, indices, strict=True)
    ]
    caption = t("{count} images, the label under each", count=len(places))
    return _sheet(t("Samples"), _in_rows(places, 10), 10, frame.bare(caption))


def labelled_sheet(
    images: Images, samples: Sequence[LabelledSample], *, title: str, caption: str
) -> Chart:
    """``samples`` out of ``images`` (N, 28, 28) uint8, row by row; a click tells the ``index``."""
    places = [(images[sample.index], sample) for sample in samples]
    columns = 8  # fewer than a plain sheet has: the labels are longer
    return _sheet(title, _in_rows(places, columns), columns, frame.bare(caption))


def _misread(
    images: Images, rows: Sequence[Sequence[SamplePrediction | None]], t: Translator
) -> list[list[_Place]]:
    said = t("Test sample {index}<br>truth {truth}, read as {predicted}<br>{confidence} certain")

    def place(found: SamplePrediction) -> _Place:
        values = dataclasses.asdict(found) | {"confidence": f"{found.confidence:.1%}"}
        label = f"{found.truth} → {found.predicted}"
        return images[found.index], LabelledSample(found.index, label, said.format(**values))

    return [[place(found) if found else None for found in row] for row in rows]


def _in_rows(places: Sequence[_Place], columns: int) -> list[Sequence[_Place]]:
    return [places[start : start + columns] for start in range(0, len(places), columns)]


def _sheet(
    title: str, rows: Sequence[Sequence[_Place]], columns: int, xaxis: frame.Settings
) -> Chart:
    """A caption stands below, a header above."""
    count, header = max(1, len(rows)), xaxis.get("side") == "top"
    top, bottom = frame.TITLE_ROOM + header * _HEADER_ROOM, 8 if header else _CAPTION_ROOM
    tiles = [
        (row, column, *place)
        for row, places in enumerate(rows)
        for column, place in enumerate(places)
        if place is not None
    ]
    images, labels = [], []
    for row, column, picture, sample in tiles:
        source = data_uri(enlarge(picture, _SHARPER))
        size = (_WIDEST, 1 - _LABEL_SHARE - _GAP_SHARE)  # as large as its place allows
        foot = (column, row + 1 - _LABEL_SHARE)  # close above its label
        images.append(frame.image(source, *foot, size, xanchor="center", yanchor="bottom"))
        labels.append(frame.note(sample.label, column, row + 1 - _LABEL_SHARE / 2))
    targets = frame.click_targets(
        [column for _, column, _, _ in tiles],
        [row + _GAP_SHARE for row, _, _, _ in tiles],
        [sample.index for *_, sample in tiles],
        [sample.hover for *_, sample in tiles],
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
        height=top + count * _PLACE + bottom,
        uirevision="sheet",
        margin=frame.margin(top=top, bottom=bottom),
        barmode="overlay",
        images=images,
        annotations=labels,
        xaxis=xaxis | {"range": [-0.5, columns - 0.5]},
        yaxis=frame.bare(range=[count, 0]),
    )
