"""Example drawings that are hard to read: digits as pen strokes, and a typeset 6."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digitlab.drawing.types import Floats, Strokes
from digitlab.messages import mark


@dataclass(frozen=True)
class Example:
    """A digit as pen strokes; points "x,y x,y" in a box of 100x100, x to the right, y down."""

    label: str
    digit: int
    strokes: tuple[str, ...]

    def on_canvas(self, side: float) -> Strokes:
        """The strokes, smoothed, in pixels of a canvas ``side`` pixels wide."""
        return [_smooth(points_of(stroke)) * side / 100 for stroke in self.strokes]


# Drawn by hand for this page, after the habits of real writers.
EXAMPLES = {
    "crossed-7": Example(
        mark("a crossed 7"),
        7,
        ("28,27 34,24 48,25 70,22 66,36 56,55 47,72 43,86", "38,54 50,52 66,51"),
    ),
    "hooked-9": Example(
        mark("a hooked 9"),
        9,
        ("66,32 58,22 44,22 35,33 38,46 50,49 62,42 66,31 66,48 64,66 58,80 46,84 36,77",),
    ),
    "open-4": Example(
        mark("an open 4"),
        4,
        ("37,20 35,36 34,52 46,54 60,53 72,52", "62,24 61,42 60,62 58,86"),
    ),
    "footed-1": Example(
        mark("a 1 with a foot"),
        1,
        ("36,36 44,28 52,18 52,36 52,58 52,82", "35,83 52,83 69,82"),
    ),
}


def points_of(stroke: str) -> Floats:
    """The points of a stroke, (n, 2)."""
    return np.array([point.split(",") for point in stroke.split()], np.float64)


def _smooth(points: Floats) -> Floats:
    """A Catmull-Rom curve through the points (n, 2), eight pieces between two points."""
    t = np.linspace(0, 1, 8, endpoint=False)[:, np.newaxis]
    rise, slope = np.diff(points, axis=0)[:, np.newaxis], np.gradient(points, axis=0)[:, np.newaxis]
    first, last = slope[:-1], slope[1:]
    bend = 3 * rise - 2 * first - last + t * (first + last - 2 * rise)
    curve = points[:-1, np.newaxis] + t * (first + t * bend)
    return np.vstack([curve.reshape(-1, 2), points[-1:]])


def typeset_six() -> bytes:
    """A printed 6, black on white, as a PNG file's bytes."""
    page = Image.new("L", (280, 280), 255)
    font = ImageFont.load_default(size=220)
    ImageDraw.Draw(page).text((140, 140), "6", fill=0, font=font, anchor="mm")
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


def to_canvas(strokes: Strokes, colour: str, width: float) -> list[dict[str, Any]]:
    """Strokes (n, 2) in canvas pixels as Fabric.js objects, to start a canvas with."""
    paths = []
    for stroke in strokes:
        (first_x, first_y), *rest = stroke.tolist()
        paths.append(
            {
                "type": "Path",
                "path": [["M", first_x, first_y], *(["L", x, y] for x, y in rest)],
                "fill": None,
                "stroke": colour,
                "strokeWidth": width,
                "strokeLineCap": "round",
                "strokeLineJoin": "round",
            }
        )
    return paths
