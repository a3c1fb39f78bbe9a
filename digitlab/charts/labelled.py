"""A sheet of samples with any label under each: what two networks made of them, say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from digitlab.charts.frame import LABEL_SIZE, bare, figure, margin
from digitlab.charts.targets import targets
from digitlab.pictures import data_uri, enlarge

LABELLED_COLUMNS = 8  # fewer than a plain sheet has: the labels are longer

_PLACE = 76  # pixels from row to row: a digit of 56, its label, and a gap
_LABEL_SHARE, _GAP_SHARE = 16 / _PLACE, 4 / _PLACE
_WIDEST = 0.94  # of a place's width
_SHARPER = 4  # browsers smooth pictures: pixels drawn large before that keep their edges


@dataclass(frozen=True)
class Labelled:
    """One sample of a sheet: its number in the set, its label, and what the pointer finds."""

    index: int
    label: str
    hover: str


def labelled_sheet(
    images: npt.NDArray[np.uint8], samples: Sequence[Labelled], *, title: str, caption: str
) -> go.Figure:
    """``samples`` out of ``images`` (N, 28, 28) uint8, row by row; a click tells the ``index``.

    Title, caption, labels and hovers are in the reader's language already. The height follows the
    number of rows.
    """
    rows = max(1, math.ceil(len(samples) / LABELLED_COLUMNS))
    places = [divmod(place, LABELLED_COLUMNS) for place in range(len(samples))]
    return figure(
        title,
        [_targets(samples, places)],
        height=40 + rows * _PLACE + 32,
        uirevision="labelled",
        margin=margin(bottom=32),
        barmode="overlay",
        images=[
            _picture(images[sample.index], *place)
            for sample, place in zip(samples, places, strict=True)
        ],
        annotations=[
            _label(sample.label, *place) for sample, place in zip(samples, places, strict=True)
        ],
        xaxis=bare(caption, range=[-0.5, LABELLED_COLUMNS - 0.5]),
        yaxis=bare(range=[rows, 0]),
    )


def _picture(picture: npt.NDArray[np.uint8], row: int, column: int) -> dict[str, Any]:
    return {
        "source": data_uri(enlarge(picture, _SHARPER)), "sizing": "contain",
        "xref": "x", "x": column, "sizex": _WIDEST, "xanchor": "center",
        "yref": "y", "y": row + 1 - _LABEL_SHARE, "yanchor": "bottom",
        "sizey": 1 - _LABEL_SHARE - _GAP_SHARE, "layer": "below",
    }  # fmt: skip


def _label(text: str, row: int, column: int) -> dict[str, Any]:
    return {
        "text": text, "showarrow": False, "font": {"size": LABEL_SIZE},
        "x": column, "y": row + 1 - _LABEL_SHARE / 2,
    }  # fmt: skip


def _targets(samples: Sequence[Labelled], places: Sequence[tuple[int, int]]) -> Any:
    return targets(
        [column for _, column in places],
        [row + _GAP_SHARE for row, _ in places],
        [sample.index for sample in samples],
        [sample.hover for sample in samples],
        width=_WIDEST,
        height=1 - _GAP_SHARE,
    )
