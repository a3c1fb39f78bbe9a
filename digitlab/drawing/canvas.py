"""What the canvas in the browser sends becomes pen strokes here; nothing in it is trusted."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from digitlab.drawing.forms import Floats, Strokes, broken, too_much
from digitlab.drawing.strokes import (
    CURVE_STEPS,
    MAX_COORDINATE,
    MAX_POINTS,
    MAX_STROKES,
    bounds,
    check_strokes,
)

Point = tuple[float, float]

# From an object's origin to its middle, in sizes of the object; Fabric's own origin is the middle.
_FROM_ORIGIN = {"left": 0.5, "top": 0.5, "center": 0.0, "right": -0.5, "bottom": -0.5}
_NUMBERS = {"M": 2, "L": 2, "Q": 4}  # of each path command
_CURVE_SHARES = [
    ((1 - t) ** 2, 2 * t * (1 - t), t**2)
    for t in (step / CURVE_STEPS for step in range(1, CURVE_STEPS + 1))
]


def strokes_from_canvas(json_data: Any) -> Strokes:
    """The pen strokes, float64 (n, 2) in canvas pixels, of what the canvas sends as JSON.

    The canvas holds Fabric.js objects; its pen makes objects of type "path", which a person may
    have moved, scaled or turned since. Other objects are passed over; None is an empty canvas.

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
            path = _checked_path(thing.get("path"), left)
            left -= len(path)
            strokes.extend(_placed(thing, path))
    check_strokes(strokes)
    return strokes


def _checked_path(path: Any, most: int) -> list[list[Any]]:
    if not isinstance(path, list):
        raise broken()
    if len(path) > most:
        raise too_much()
    return path


def _placed(thing: Mapping[str, Any], path: list[list[Any]]) -> Strokes:
    """The strokes of a Fabric path where its object stands on the canvas."""
    strokes = [np.array(points) for points in _flattened(path)]
    if not strokes:
        return []
    check_strokes(strokes)
    low, high = bounds(strokes)
    matrix = _own_matrix(thing)
    centre = _centre(thing, low, high)
    return [(stroke - (low + high) / 2) @ matrix.T + centre for stroke in strokes]


def _flattened(path: list[list[Any]]) -> Iterator[list[Point]]:
    """The points of each sub-path, its curves cut into straight pieces."""
    points: list[Point] = []
    for command in path:
        letter, numbers = _command(command)
        if letter == "M":
            if points:
                yield points
            points = [(numbers[0], numbers[1])]
        elif not points:
            raise broken()
        elif letter == "L":
            points.append((numbers[0], numbers[1]))
        else:
            points.extend(_curve(points[-1], (numbers[0], numbers[1]), (numbers[2], numbers[3])))
    if points:
        yield points


def _command(command: Any) -> tuple[str, list[float]]:
    """A path command's letter and its numbers; the canvas's pen writes M, Q and L."""
    if not isinstance(command, list) or not command or not isinstance(command[0], str):
        raise broken()
    if _NUMBERS.get(command[0]) != len(command) - 1:
        raise broken()
    return command[0], [_number(value) for value in command[1:]]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise broken()
    if not -MAX_COORDINATE <= value <= MAX_COORDINATE:  # false for NaN too
        raise broken()
    return float(value)


def _curve(start: Point, corner: Point, end: Point) -> list[Point]:
    """Points on the quadratic Bézier curve from ``start`` to ``end``, the start left out."""
    return [
        (a * start[0] + b * corner[0] + c * end[0], a * start[1] + b * corner[1] + c * end[1])
        for a, b, c in _CURVE_SHARES
    ]


def _own_matrix(thing: Mapping[str, Any]) -> Floats:
    """Fabric's turn, scale, flip and skew of an object, as a 2x2 matrix."""
    skew_x, skew_y = (
        math.tan(math.radians(_number(thing.get(name, 0)))) for name in ("skewX", "skewY")
    )
    flips = [-1 if thing.get(name) is True else 1 for name in ("flipX", "flipY")]
    skew = np.array([[1, skew_x], [0, 1]]) @ np.array([[1, 0], [skew_y, 1]])
    return np.asarray(_turn(thing) @ np.diag(_scale(thing) * flips) @ skew)


def _turn(thing: Mapping[str, Any]) -> Floats:
    angle = math.radians(_number(thing.get("angle", 0)))
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _scale(thing: Mapping[str, Any]) -> Floats:
    return np.array([_number(thing.get(name, 1)) for name in ("scaleX", "scaleY")])


def _centre(thing: Mapping[str, Any], low: Floats, high: Floats) -> Floats:
    """Where the middle of an object stands: its ``left`` and ``top`` are those of its origin."""
    if "left" not in thing or "top" not in thing:
        return (low + high) / 2
    place = np.array([_number(thing[name]) for name in ("left", "top")])
    origin = [_FROM_ORIGIN.get(str(thing.get(name)), 0.0) for name in ("originX", "originY")]
    size = (high - low + _number(thing.get("strokeWidth", 0))) * _scale(thing)
    return np.asarray(place + _turn(thing) @ (size * origin))
