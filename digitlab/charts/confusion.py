"""Which digit is taken for which: the confusion matrix, in which the mistakes stand out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import GREY_BLUE, VERMILLION, Chart
from digitlab.config import DIGITS
from digitlab.messages import Translator

Counts = npt.NDArray[np.integer[Any]]

_ROW, _AXIS, _BAR = 34, 46, 52  # pixels
_NONE, _RIGHT = frame.faint(GREY_BLUE, 0.08), frame.faint(GREY_BLUE, 0.35)
# The page's own text colour can be read on all of them, on a light page and on a dark one.
_MISTAKES = [[0, frame.faint(VERMILLION, 0.12)], [1, frame.faint(VERMILLION, 0.65)]]


def confusion_matrix(
    matrix: Counts, t: Translator, *, shares: bool = False, chosen: tuple[int, int] | None = None
) -> Chart:
    """How often each digit (row) is read as each digit (column), of ``matrix`` (10, 10).

    Only mistakes are coloured, by their number: the diagonal, many times larger, would leave
    them all pale. A field that is zero is empty. A click tells 10 times the truth plus the reading.
    ``shares`` shows percentages of each row in place of numbers; ``chosen``, truth and reading, is
    the field that gets a frame.
    """
    wholes = matrix.sum(axis=1)
    values = 100 * matrix / np.maximum(wholes, 1)[:, None] if shares else matrix.astype(np.float64)
    wrong = np.where(np.eye(DIGITS, dtype=bool) | (matrix == 0), np.nan, values)
    limit = float(np.nanmax(wrong, initial=0)) or 1.0
    full = f"{limit:.1f}%" if shares else f"{limit:,.0f}"
    bar = frame.colour_bar([0, limit], ["0", full], length=200)
    cells = frame.heatmap(wrong, (0, limit), _MISTAKES, "", xgap=2, ygap=2, colorbar=bar)
    backgrounds, numbers, hovers = [], [], []
    for (truth, read), count in np.ndenumerate(matrix):
        whole = wholes[truth]
        hovers.append(
            t(
                "truth {truth}, read as {predicted}<br>{count} of {whole} samples ({share})",
                truth=truth,
                predicted=read,
                count=f"{count:,}",
                whole=f"{whole:,}",
                share=f"{count / max(whole, 1):.1%}",
            )
        )
        if truth == read or not count:  # behind the diagonal, and fainter behind those of nothing
            colour = _RIGHT if truth == read else _NONE
            square = _square(truth, read, 0.47)
            backgrounds.append(frame.box(*square, layer="below", fillcolor=colour))
        if count:
            numbers.append(frame.note(_number(float(values[truth, read]), shares), read, truth))
    places = range(DIGITS)
    targets = frame.click_targets(
        [*places] * DIGITS,
        [truth - 0.5 for truth in places for _ in places],
        range(matrix.size),
        hovers,
    )
    title = t("Percent of each digit") if shares else t("Number of samples")
    digits = {"tickvals": list(places), "showgrid": False}
    return frame.figure(
        title,
        [cells, targets],
        alt=": ".join([t("Confusion matrix"), title]),
        height=frame.TITLE_ROOM + DIGITS * _ROW + _AXIS + _BAR,
        margin=frame.margin(bottom=_AXIS + _BAR),
        uirevision="confusion",
        barmode="overlay",
        shapes=backgrounds + ([] if chosen is None else frame.outline(*_square(*chosen, 0.45))),
        annotations=numbers,
        xaxis=frame.axis(t("read as"), range=[-0.5, DIGITS - 0.5], **digits),
        yaxis=frame.axis(t("truth"), range=[DIGITS - 0.5, -0.5], **digits),
    )


def _square(truth: int, read: int, half: float) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a square of twice ``half`` in the middle of a field."""
    return read - half, truth - half, read + half, truth + half


def _number(value: float, shares: bool) -> str:
    if not shares:
        return f"{value:,.0f}"
    if value < 0.1:
        return "<0.1"
    return f"{value:.1f}" if value < 100 else "100"
