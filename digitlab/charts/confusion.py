"""Which digit is taken for which: the confusion matrix, in which the mistakes stand out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.charts.click_overlay import frame_round, targets
from digitlab.charts.frame import (
    GREY_BLUE,
    LABEL_SIZE,
    SMALL_SIZE,
    VERMILLION,
    Chart,
    Trace,
    axis,
    faint,
    figure,
    margin,
    strong,
    trace,
)
from digitlab.config import DIGITS
from digitlab.messages import Translator

Counts = npt.NDArray[np.integer[Any]]

_ROW = 34  # pixels
_TOP, _AXIS, _BAR = 40, 46, 52
_NONE, _RIGHT = faint(GREY_BLUE, 0.08), faint(GREY_BLUE, 0.35)
# The page's own text colour can be read on all of them, on a light page and on a dark one.
_MISTAKES = [[0, faint(VERMILLION, 0.12)], [1, faint(VERMILLION, 0.65)]]


def confusion_matrix(
    matrix: Counts, t: Translator, *, shares: bool = False, chosen: tuple[int, int] | None = None
) -> Chart:
    """How often each digit (row) is read as each digit (column), of ``matrix`` (10, 10).

    Only mistakes are coloured, by their number: the diagonal, many times larger, would leave
    them all pale. A field that is zero is empty. A click tells 10 times the truth plus the
    reading.

    Args:
        matrix: how many samples each field has.
        t: the reader's language.
        shares: show percentages of each row in place of numbers.
        chosen: truth and reading of the field that gets a frame.
    """
    values = _percentages(matrix) if shares else matrix.astype(np.float64)
    wrong = np.where(np.eye(DIGITS, dtype=bool) | (matrix == 0), np.nan, values)
    limit = float(np.nanmax(wrong, initial=0)) or 1.0
    title = t("Percent of each digit") if shares else t("Number of samples")
    digits: dict[str, Any] = {"tickvals": list(range(DIGITS)), "showgrid": False, "zeroline": False}
    return figure(
        title,
        [_colours(wrong, limit, shares), _targets(matrix, t)],
        alt=": ".join([t("Confusion matrix"), title]),
        height=_TOP + DIGITS * _ROW + _AXIS + _BAR,
        margin=margin(top=_TOP, bottom=_AXIS + _BAR),
        uirevision="confusion",
        barmode="overlay",
        shapes=_backgrounds(matrix) + _frame(chosen),
        annotations=_numbers(values, matrix, shares),
        xaxis=axis(t("read as"), range=[-0.5, DIGITS - 0.5], **digits),
        yaxis=axis(t("truth"), range=[DIGITS - 0.5, -0.5], **digits),
    )


def _percentages(matrix: Counts) -> npt.NDArray[np.float64]:
    shares: npt.NDArray[np.float64] = 100 * matrix / np.maximum(matrix.sum(axis=1)[:, None], 1)
    return shares


def _colours(wrong: npt.NDArray[np.float64], limit: float, shares: bool) -> Trace:
    full = f"{limit:.1f}%" if shares else f"{limit:,.0f}"
    return trace(
        "heatmap",
        z=wrong,
        zmin=0,
        zmax=limit,
        colorscale=_MISTAKES,
        hoverinfo="skip",
        xgap=2,
        ygap=2,
        colorbar={
            "orientation": "h",
            "thickness": 10,
            "lenmode": "pixels",
            "len": 200,
            "outlinewidth": 0,
            "x": 0.5,
            "xanchor": "center",
            "y": 0,
            "yanchor": "bottom",
            "yref": "container",
            "tickvals": [0, limit],
            "ticktext": ["0", full],
            "tickfont": {"size": SMALL_SIZE},
        },
    )


def _backgrounds(matrix: Counts) -> list[dict[str, Any]]:
    """A box behind the diagonal's fields, and a fainter one behind those that are zero."""
    return [
        {
            "type": "rect",
            "layer": "below",
            "line": {"width": 0},
            "fillcolor": _RIGHT if truth == read else _NONE,
            "x0": read - 0.47,
            "x1": read + 0.47,
            "y0": truth - 0.47,
            "y1": truth + 0.47,
        }
        for truth in range(DIGITS)
        for read in range(DIGITS)
        if truth == read or not matrix[truth, read]
    ]


def _frame(chosen: tuple[int, int] | None) -> list[dict[str, Any]]:
    if chosen is None:
        return []
    truth, read = chosen
    return frame_round((read - 0.45, truth - 0.45, read + 0.45, truth + 0.45))


def _numbers(values: npt.NDArray[np.float64], matrix: Counts, shares: bool) -> list[dict[str, Any]]:
    return [
        {
            "text": strong(_number(values[truth, read], shares)),
            "x": int(read),
            "y": int(truth),
            "showarrow": False,
            "font": {"size": LABEL_SIZE},
        }
        for truth, read in np.argwhere(matrix > 0)
    ]


def _number(value: float, shares: bool) -> str:
    if not shares:
        return f"{value:,.0f}"
    if value < 0.1:
        return "<0.1"
    return f"{value:.1f}" if value < 100 else "100"


def _targets(matrix: Counts, t: Translator) -> Trace:
    fields = [divmod(value, DIGITS) for value in range(DIGITS * DIGITS)]
    return targets(
        [read for _, read in fields],
        [truth - 0.5 for truth, _ in fields],
        list(range(DIGITS * DIGITS)),
        [_hover(matrix, truth, read, t) for truth, read in fields],
        chosen=0,
    )


def _hover(matrix: Counts, truth: int, read: int, t: Translator) -> str:
    count, whole = int(matrix[truth, read]), int(matrix[truth].sum())
    return t(
        "truth {truth}, read as {predicted}<br>{count} of {whole} samples ({share})",
        truth=truth,
        predicted=read,
        count=f"{count:,}",
        whole=f"{whole:,}",
        share=f"{count / max(whole, 1):.1%}",
    )
