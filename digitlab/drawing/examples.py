"""Example drawings that are hard to read: digits as pen strokes, and a typeset 6."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from digitlab.messages import mark

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Example:
    """A digit as pen strokes; points in a box of 100x100, x to the right, y down."""

    label: str
    digit: int
    strokes: tuple[Points, ...]

    def on_canvas(self, side: float) -> list[npt.NDArray[np.float64]]:
        """The strokes, smoothed, in pixels of a canvas ``side`` pixels wide."""
        return [_smooth(stroke) * side / 100 for stroke in self.strokes]


# Drawn by hand for this page, after the habits of real writers.
EXAMPLES: dict[str, Example] = {
    "crossed-7": Example(
        mark("a crossed 7"),
        7,
        (
            ((28, 27), (34, 24), (48, 25), (70, 22), (66, 36), (56, 55), (47, 72), (43, 86)),
            ((38, 54), (50, 52), (66, 51)),
        ),
    ),
    "hooked-9": Example(
        mark("a hooked 9"),
        9,
        (
            (
                (66, 32),
                (58, 22),
                (44, 22),
                (35, 33),
                (38, 46),
                (50, 49),
                (62, 42),
                (66, 31),
                (66, 48),
                (64, 66),
                (58, 80),
                (46, 84),
                (36, 77),
            ),
        ),
    ),
    "open-4": Example(
        mark("an open 4"),
        4,
        (
            ((37, 20), (35, 36), (34, 52), (46, 54), (60, 53), (72, 52)),
            ((62, 24), (61, 42), (60, 62), (58, 86)),
        ),
    ),
    "footed-1": Example(
        mark("a 1 with a foot"),
        1,
        (
            ((36, 36), (44, 28), (52, 18), (52, 36), (52, 58), (52, 82)),
            ((35, 83), (52, 83), (69, 82)),
        ),
    ),
}


def _smooth(stroke: Points) -> npt.NDArray[np.float64]:
    """A Catmull-Rom curve through the points (n, 2), eight pieces between two points."""
    p = np.asarray(stroke, np.float64)
    p = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, 8, endpoint=False)[:, np.newaxis]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )
        for a, b, c, d in zip(p[:-3], p[1:-2], p[2:-1], p[3:], strict=True)
    ]
    return np.vstack([*pieces, p[-2:-1]])


def typeset_six() -> bytes:
    """A printed 6, black on white, as a PNG file's bytes."""
    page = Image.new("L", (280, 280), 255)
    font = ImageFont.load_default(size=220)
    ImageDraw.Draw(page).text((140, 140), "6", fill=0, font=font, anchor="mm")
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


def to_canvas(
    strokes: Sequence[npt.NDArray[np.float64]], colour: str, width: float
) -> list[dict[str, Any]]:
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
