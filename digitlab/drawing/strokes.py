"""Redraws pen strokes like MNIST's digits: one width, 20 pixels long, centred by mass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from digitlab.config import IMAGE_SIZE
from digitlab.drawing.types import (
    ALL_STEPS,
    BOX_SIDE,
    CENTRE,
    PEN_WIDTH,
    SOURCE_SIDE,
    Box,
    Drawing,
    Floats,
    NothingDrawnError,
    Picture,
    Steps,
    broken,
    centre_of_mass,
    grey_picture,
    too_much,
)
from digitlab.messages import message

MAX_STROKES = 1_000
MAX_POINTS = 10_000
MAX_COORDINATE = 1e6

_DOT = 2.0  # canvas pixels: a stroke that moves less than this was meant as a dot
_STEP = 0.25  # digit pixels between two stamps of the pen
_MAX_STAMPS = 4_000
_CANVAS_PEN = 18.0  # canvas pixels
_SOURCE_PEN = 4  # pixels of ``Drawing.source``


def from_strokes(
    strokes: Sequence[npt.NDArray[Any]],
    *,
    pen_width: float = PEN_WIDTH,
    canvas: float = SOURCE_SIDE,
    canvas_pen: float = _CANVAS_PEN,
    steps: Steps = ALL_STEPS,
) -> Drawing:
    """Preprocess pen strokes, arrays (n, 2) of canvas pixels (x, y).

    ``pen_width`` is in pixels of the digit. ``canvas`` is the side of the canvas, and
    ``canvas_pen`` the width of its pen, in canvas pixels: with all steps they change only
    ``source``.

    Raises:
        NothingDrawnError: there is no point at all.
        DrawingError: the strokes are not finite or too many.
    """
    check_strokes(strokes)
    lines = [np.asarray(stroke, np.float64) for stroke in strokes if len(stroke)]
    if not lines:
        raise NothingDrawnError(message("Draw a digit first: the canvas is empty."))
    low, high = _bounds(lines)
    corner, side, margin = np.zeros(2), canvas, 0
    if low.min() < 0 or high.max() > canvas:  # the ink goes beyond the canvas
        corner, side, margin = low, max(float((high - low).max()), 1.0), _SOURCE_PEN
    source, box = _source_picture(lines, corner, side, margin)
    if not steps.crop:
        low, high = corner, corner + side
        box = (0, 0, SOURCE_SIDE, SOURCE_SIDE)
    if not steps.scale:
        scale = IMAGE_SIZE / side
    elif steps.pen:
        scale = _fit(low, high, pen_width)
    else:
        scale = BOX_SIDE / (float((high - low).max()) + canvas_pen)
    width = pen_width if steps.pen else min(canvas_pen * scale, IMAGE_SIZE)
    stamps = _fitted(lines, low, high, scale)
    scaled = grey_picture(_ink(stamps, width))
    digit = grey_picture(_centred_ink(stamps, width)) if steps.centre else scaled
    return Drawing(source, box, scaled, digit)


def digit_from_strokes(
    strokes: Sequence[npt.NDArray[Any]], pen_width: float = PEN_WIDTH
) -> Picture:
    """Only the digit, uint8 (28, 28), of valid strokes: fast, for redrawing thousands."""
    lines = [np.asarray(stroke, np.float64) for stroke in strokes]
    low, high = _bounds(lines)
    stamps = _fitted(lines, low, high, _fit(low, high, pen_width))
    return grey_picture(_centred_ink(stamps, pen_width))


def check_strokes(strokes: Sequence[npt.NDArray[Any]]) -> None:
    """Refuse strokes that are not finite (n, 2) points, or too many to draw.

    Raises:
        DrawingError: a shape, a value or the number of strokes or points is wrong.
    """
    if len(strokes) > MAX_STROKES or sum(len(stroke) for stroke in strokes) > MAX_POINTS:
        raise too_much()
    for stroke in strokes:
        if stroke.ndim != 2 or stroke.shape[1] != 2:
            raise broken()
        if not (np.abs(stroke) <= MAX_COORDINATE).all():  # false for NaN too
            raise broken()


def _bounds(lines: Sequence[Floats]) -> tuple[Floats, Floats]:
    """The least and the largest x and y, (2,) each, of strokes with at least one point."""
    points = np.concatenate(lines)
    return points.min(axis=0), points.max(axis=0)


def _fit(low: Floats, high: Floats, pen_width: float) -> float:
    """The scale, digit pixels per canvas pixel, that makes the ink 20 long, the pen included."""
    longest = float((high - low).max())
    return (BOX_SIDE - pen_width) / longest if longest >= _DOT else 0.0


def _fitted(lines: Sequence[Floats], low: Floats, high: Floats, scale: float) -> Floats:
    """Points along the scaled and centred strokes, (n, 2) in digit pixels (x, y)."""
    middle = (low + high) / 2
    fitted = [(line - middle) * scale + (IMAGE_SIZE - 1) / 2 for line in lines]
    lengths = [np.hypot(*np.diff(line, axis=0).T) for line in fitted]
    step = max(_STEP, sum(float(length.sum()) for length in lengths) / _MAX_STAMPS)
    stamps = []
    for line, length in zip(fitted, lengths, strict=True):  # equidistant, both ends included
        along = np.concatenate([[0.0], np.cumsum(length)])
        at = np.linspace(0, along[-1], int(along[-1] / step) + 2)
        stamps.append(np.column_stack([np.interp(at, along, axis) for axis in line.T]))
    return np.concatenate(stamps)


def _ink(stamps: Floats, pen_width: float) -> Floats:
    """The coverage of each pixel (28, 28) by a round pen, from its distance to the stamps."""
    reach = math.ceil(pen_width / 2 + 0.5)
    nearest = np.round(stamps).astype(np.intp)
    window = np.arange(-reach, reach + 1)
    columns = np.clip(nearest[:, :1] + window, -1, IMAGE_SIZE) + 1
    rows = np.clip(nearest[:, 1:] + window, -1, IMAGE_SIZE) + 1
    across = (columns - 1 - stamps[:, :1]) ** 2
    down = (rows - 1 - stamps[:, 1:]) ** 2
    side = IMAGE_SIZE + 2  # a border of one pixel takes what falls outside
    squared = np.full(side * side, np.inf)
    places = rows[:, :, np.newaxis] * side + columns[:, np.newaxis, :]
    apart = down[:, :, np.newaxis] + across[:, np.newaxis, :]
    np.minimum.at(squared, places.ravel(), apart.ravel())
    distance = np.sqrt(squared.reshape(side, side)[1:-1, 1:-1])
    return np.asarray(np.clip(pen_width / 2 + 0.5 - distance, 0, 1))


def _centred_ink(stamps: Floats, pen_width: float) -> Floats:
    """The ink with its centre of mass where MNIST has it; the strokes are moved, not the pixels."""
    for _ in range(2):  # twice, since ink may have moved out of the picture or into it
        ink = _ink(stamps, pen_width)
        if not ink.any():  # only where steps are left out
            return ink
        rows, columns = centre_of_mass(ink)
        stamps = stamps + np.array([CENTRE - columns, CENTRE - rows])
    return _ink(stamps, pen_width)


def _source_picture(
    lines: Sequence[Floats], corner: Floats, side: float, margin: int
) -> tuple[Picture, Box]:
    """The strokes in a square of the canvas, (280, 280), and the bounding box of their ink."""
    scale, radius = (SOURCE_SIDE - 1 - 2 * margin) / side, _SOURCE_PEN // 2
    picture = Image.new("L", (SOURCE_SIDE, SOURCE_SIDE))
    draw = ImageDraw.Draw(picture)
    for line in lines:
        points = ((line - corner) * scale + margin).round().astype(int)
        draw.line(points.ravel().tolist(), fill=255, width=_SOURCE_PEN)
        draw.ellipse((*(points[0] - radius), *(points[0] + radius)), fill=255)
    return np.asarray(picture), picture.getbbox() or (0, 0, 1, 1)
