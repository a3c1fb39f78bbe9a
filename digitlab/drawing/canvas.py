"""Pen strokes from the JSON of the browser's canvas: untrusted input, validated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from digitlab.drawing.strokes import MAX_COORDINATE, MAX_POINTS, MAX_STROKES, check_strokes
from digitlab.drawing.types import Strokes, broken, too_much

Point = tuple[float, float]

_NUMBERS = {"M": 2, "L": 2, "Q": 4}  # of each path command


def strokes_from_canvas(json_data: Any) -> Strokes:
    """The pen strokes, float64 (n, 2) in canvas pixels, in the JSON of the canvas.

    The canvas holds Fabric.js objects; its pen makes objects of type "path", and others are
    ignored. None is an empty canvas. The strokes go through the measured points of the pen, not
    along the curves that Fabric draws between them, which cut every corner.

    Raises:
        DrawingError: the data is not a canvas's, not finite, or too large.
    """
    if json_data is None:
        return []
    objects = json_data.get("objects") if isinstance(json_data, Mapping) else None
    if not isinstance(objects, list):
        raise broken()
    if len(objects) > MAX_STROKES:
        raise too_much()
    strokes: Strokes = []
    left = MAX_POINTS
    for thing in objects:
        if not isinstance(thing, Mapping):
            raise broken()
        if str(thing.get("type")).lower() == "path":
            path = thing.get("path")
            if not isinstance(path, list):
                raise broken()
            left -= len(path)
            if left < 0:
                raise too_much()
            strokes.extend(np.array(points) for points in _lines(path))
    check_strokes(strokes)
    return strokes


def _lines(path: list[Any]) -> list[list[Point]]:
    """The points of each sub-path.

    Fabric's pen writes curves between the midpoints of consecutive points, with the point itself as
    the control point: that is where the pen was.
    """
    lines: list[list[Point]] = []
    for command in path:
        letter, x, y = _command(command)
        if letter == "M":
            lines.append([])
        elif not lines:
            raise broken()
        lines[-1].append((x, y))
    return lines


def _command(command: Any) -> tuple[str, float, float]:
    """A path command's letter and its first point; the canvas's pen writes M, Q and L."""
    if not isinstance(command, list) or not command or not isinstance(command[0], str):
        raise broken()
    letter, *numbers = command
    if _NUMBERS.get(letter) != len(numbers):
        raise broken()
    for value in numbers:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise broken()
        if not -MAX_COORDINATE <= value <= MAX_COORDINATE:  # false for NaN too
            raise broken()
    return letter, float(numbers[0]), float(numbers[1])
