"""Generates drawings of no digit: scribbles, letters, shapes, and several digits at once.

The out-of-distribution rule is fitted and measured on them. Each is a list of strokes, as the
canvas would send it, in a box of about 500x500, x right and y down.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from digitlab.drawing import Strokes
from tools.bundled.reference import PenDigits, bent

Line = npt.NDArray[np.float64]
Kind = Literal["scribble", "letter", "shape", "several"]
Template = tuple[tuple[bool, Line], ...]  # of each stroke: whether it is round, and its points

KINDS: tuple[Kind, ...] = ("scribble", "letter", "shape", "several")
SIDE = 500.0

# Corners of each stroke in a 10x10 box, "x,y x,y | x,y x,y"; "~" goes through them in a curve.
# Left out are letters like a digit: B, C, D, G, I, J, L, O, P, Q, S, U, V, Z, b, g,
# l, o, q, s, z. The kana and kanji are there because many users write them.
_LETTERS = {
    "A": "0,10 5,0 10,10 | 2,6 8,6",
    "E": "10,0 0,0 0,10 10,10 | 0,5 8,5",
    "F": "0,10 0,0 9,0 | 0,5 7,5",
    "H": "0,0 0,10 | 10,0 10,10 | 0,5 10,5",
    "K": "0,0 0,10 | 9,0 0,6 | 2,5 10,10",
    "M": "0,10 1,0 5,7 9,0 10,10",
    "N": "0,10 0,0 9,10 9,0",
    "R": "0,10 0,0 |~ 0,0 5,0 8,2.5 5,5 0,5 | 3,5 9,10",
    "T": "0,0 10,0 | 5,0 5,10",
    "W": "0,0 2.5,10 5,3 7.5,10 10,0",
    "X": "0,0 9,10 | 9,0 0,10",
    "Y": "0,0 4.5,5 | 9,0 4.5,5 4.5,10",
    "f": "~ 8,1 6,0 4,2 4,6 4,10 | 1,4 7,4",
    "k": "0,0 0,10 | 6,3.5 0,7 6,10",
    "m": "0,3 0,10 |~ 0,6 1.5,3.5 4,3.5 5,6 5,10 |~ 5,6 6.5,3.5 9,3.5 10,6 10,10",
    "n": "0,2 0,10 |~ 0,5 2,2.5 5,2 7,4 7,10",
    "w": "~ 0,2 1.5,9 5,8 5,3 5.5,9 9,9 10,2",
    "x": "0,3 7,10 | 7,3 0,10",
    "r": "0,2 0,10 |~ 0,5 2,2.5 5,2.5",
    "t": "~ 3,0 3,5 3.5,9.5 6,9.5 | 0,3 7,3",
    "Σ": "8,0 0,0 5,5 0,10 9,10",
    "Ψ": "5,0 5,10 |~ 0,1 1,5 5,6.5 9,5 10,1",
    "Ω": "~ 0,10 3,10 2,8 0.5,4.5 2.5,0.5 7,0.5 9.5,4.5 8,8 7,10 10,10",
    "キ": "0,3.5 9,2 | 0,6.5 10,5 | 4,0 6,10",
    "サ": "0,3 10,3 | 3,0 3,6 |~ 7,0 7,5 6,8 4,10",
    "ア": "0,1 9,1 6,4 |~ 5,3 5,6 4,8 2,10",
    "ホ": "0,3 10,3 | 5,0 5,10 | 2,5 0.5,8 | 8,5 9.5,8",
    "大": "0,3.5 10,3.5 |~ 5,0 5,4 3.5,7 0,10 |~ 5,4 7,8 10,10",
    "木": "0,3 10,3 | 5,0 5,10 |~ 5,3 3,6 0,8 |~ 5,3 7,6 10,8",
    "山": "5,0 5,9 | 0,4 0,9 10,9 | 10,4 10,9",
    "中": "0,2 0,6.5 10,6.5 10,2 0,2 | 5,0 5,10",
    "三": "1,0 9,0 | 2,5 8,5 | 0,10 10,10",
}
_SHAPES = {
    "cross": "0,1 10,9 | 10,0 0,10",
    "plus": "5,0 5,10 | 0,5 10,5",
    "asterisk": "5,0 5,10 | 1,2 9,8 | 9,2 1,8",
    "star": "2,10 5,0 8,10 0,4 10,4 2,10",
    "triangle": "0,9 5,0 10,9 0,9",
    "house": "0,10 0,4 5,0 10,4 10,10 0,10 | 4,10 4,6 6,6 6,10",
    "arrow": "0,5 10,5 | 6,1.5 10,5 6,8.5",
    "heart": "~ 5,3 3,0.5 0,2 1,5.5 5,10 |~ 5,3 7,0.5 10,2 9,5.5 5,10",
    "spiral": "~ 5,5 6,5 5.5,6.5 3.5,6 3.5,3.5 6,2.5 8,4.5 7.5,8 4,9 1,6.5 1.5,2 5.5,0 9.5,2 10,6",
    "smiley": "~ 5,0 1.5,1.5 0,5 1.5,8.5 5,10 8.5,8.5 10,5 8.5,1.5 5,0"
    " | 3.5,3 3.5,4.5 | 6.5,3 6.5,4.5 |~ 2.5,6.5 5,8.3 7.5,6.5",
    "wave": "~ 0,5 1.5,3 3,5 4.5,7 6,5 7.5,3 9,5 10.5,7 12,5",
    "zigzag": "0,6 2,3 4,6 6,3 8,6 10,3 12,6",
    "tree": "5,10 5,5 |~ 5,0 2,1.5 2,4 5,5.5 8,4 8,1.5 5,0 | 5,7 7.5,5.5",
    "fish": "~ 0,5 3,2 6,3 10,8 | 10,2 10,8 |~ 0,5 3,8 6,7 10,2",
    "envelope": "0,2 10,2 10,9 0,9 0,2 | 0,2 5,6 10,2",
    "hash": "3,0 2.5,10 | 7.5,0 7,10 | 0,3 10,3 | 0,7 10,7",
    "window": "0,0 10,0 10,10 0,10 0,0 | 5,0 5,10 | 0,5 10,5",
    "cup": "1,2 2,10 7,10 8,2 1,2 |~ 8,3.5 10.5,4 10,6.5 7.5,7.5",
    "flower": "~ 5,3 4,1 5,0 6,1 5,3 |~ 5,3 7,2 8,3 7,4 5,3 |~ 5,3 6,5 5,6 4,5 5,3"
    " |~ 5,3 3,4 2,3 3,2 5,3 | 5,6 5,10",
    "flag": "0,0 0,10 | 0,0 8,1 8,5 0,5",
    "kite": "5,0 9,4 5,10 1,4 5,0 | 5,0 5,10 | 1,4 9,4",
    "umbrella": "~ 0,5 1.5,1.5 5,0 8.5,1.5 10,5 | 0,5 10,5 |~ 5,5 5,9 4,10 3,9",
    "mushroom": "~ 0,5 1.5,1.5 5,0 8.5,1.5 10,5 5,5.5 0,5 | 4,5.5 3.8,10 6.2,10 6,5.5",
    "key": "~ 2,3 0.3,4 0.3,6 2,7 3.7,6 3.7,4 2,3 | 3.8,5 10,5 10,7.5 | 8,5 8,7",
    "apple": "~ 5,3 3,2 0.5,4 1.5,8 4,10 6,10 8.5,8 9.5,4 7,2 5,3 |~ 5,3 5.2,1.5 6.5,0",
    "boat": "0,7 2,10 8,10 10,7 0,7 | 5,7 5,0 9,5 5,5",
    "cloud": "~ 2,8 0,6.5 1.5,4.5 3,4.5 4,2 6.5,2 7.5,4 9.5,4.5 10,7 8,8 2,8",
    "sun": "~ 5,3 3.5,3.6 3,5 3.5,6.4 5,7 6.4,6.4 7,5 6.4,3.6 5,3 | 5,0 5,2 | 5,8 5,10 | 0,5 2,5"
    " | 8,5 10,5 | 1.5,1.5 2.8,2.8 | 8.5,1.5 7.2,2.8 | 1.5,8.5 2.8,7.2 | 8.5,8.5 7.2,7.2",
    "person": "~ 5,0 3.8,1.2 5,2.5 6.2,1.2 5,0 | 5,2.5 5,6.5 | 2,4 8,4"
    " | 5,6.5 2.5,10 | 5,6.5 7.5,10",
    "cat": "1,4 1,0 3.5,2 6.5,2 9,0 9,4 |~ 1,4 1.5,8 5,10 8.5,8 9,4"
    " | 3.5,4.5 3.5,5.5 | 6.5,4.5 6.5,5.5",
    "note": "~ 3,8 1.5,7.5 0.5,8.8 2,9.8 3.2,9 3,8 | 3.2,9 3.2,0 8,2 8,4",
    "stairs": "0,10 0,7.5 3,7.5 3,5 6,5 6,2.5 9,2.5 9,0",
    "crown": "0,10 0,2 3,6 5,1 7,6 10,2 10,10 0,10",
    "yinyang": "~ 5,0 1.5,1.5 0,5 1.5,8.5 5,10 8.5,8.5 10,5 8.5,1.5 5,0"
    " |~ 5,0 7,2.5 5,5 3,7.5 5,10",
}
# Held out: not used to fit the rule or choose its threshold, only to measure it.
HELD_OUT_TEMPLATES = frozenset(
    ["F", "K", "N", "Y", "n", "w", "star", "house", "heart", "hash", "fish", "flower"]
)


def _parsed(text: str) -> Template:
    strokes = []
    for part in text.split("|"):
        pairs = [pair.split(",") for pair in part.strip("~ ").split()]
        strokes.append((part.strip().startswith("~"), np.array(pairs, np.float64)))
    return tuple(strokes)


TEMPLATES: Mapping[str, Mapping[str, Template]] = {
    "letter": {name: _parsed(text) for name, text in _LETTERS.items()},
    "shape": {name: _parsed(text) for name, text in _SHAPES.items()},
}


def some(
    kind: Kind, count: int, random: np.random.Generator, pen: PenDigits, *, held_out: bool
) -> list[tuple[str, Strokes]]:
    """``count`` drawings of ``kind``, each with the name of its template.

    With ``held_out`` they may be of any template, else of none in ``HELD_OUT_TEMPLATES``. Several
    digits at once are taken from ``pen``.
    """
    if kind == "several":
        return [("several", several(pen, random)) for _ in range(count)]
    if kind == "scribble":
        return [_scribble(random) for _ in range(count)]
    names = [n for n in TEMPLATES[kind] if held_out or n not in HELD_OUT_TEMPLATES]
    chosen = [names[number] for number in random.integers(0, len(names), count)]
    return [(name, handmade(TEMPLATES[kind][name], random)) for name in chosen]


# --- letters and shapes ---------------------------------------------------------------------------


def handmade(template: Template, random: np.random.Generator) -> Strokes:
    """A template as if drawn by hand: corners and strokes displaced, bent and trembling."""
    strokes = []
    for round_, points in template:
        moved = points + random.normal(0, 0.3, points.shape) + random.normal(0, 0.25, 2)
        strokes.append((_curve(moved) if round_ else _polyline(moved)) * SIDE / 10)
    return _wobbled(bent(strokes, random), random)


def _polyline(points: Line) -> Line:
    """The straight pieces between ``points``, with points at even steps."""
    at = np.arange(len(points))
    fine = np.linspace(0, len(points) - 1, 12 * (len(points) - 1) + 1)
    return np.column_stack([np.interp(fine, at, points[:, k]) for k in (0, 1)])


def _curve(points: Line) -> Line:
    """A smooth curve through ``points``."""
    at = np.arange(len(points))
    fine = np.linspace(0, len(points) - 1, 10 * (len(points) - 1) + 1)
    return np.asarray(CubicSpline(at, points)(fine))


def _wobbled(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """The strokes displaced by a few slow waves over the whole box."""
    turns = random.normal(0, 2.5 / SIDE, (3, 2, 2)) * math.pi
    phases = random.uniform(0, 2 * math.pi, (3, 2))
    heights = random.normal(0, 0.02 * SIDE, (3, 2))
    return [
        stroke
        + sum(heights[k] * np.sin(stroke @ turns[k] + phases[k]) for k in range(len(heights)))
        for stroke in strokes
    ]


# --- several digits -------------------------------------------------------------------------------


def several(pen: PenDigits, random: np.random.Generator) -> Strokes:
    """Two or three pen digits in a row, above each other, or drawn over each other."""
    count = int(random.integers(2, 4))
    way = str(random.choice(["row", "column", "over"], p=[0.5, 0.2, 0.3]))
    picked = [pen.strokes[number] for number in random.integers(0, len(pen.labels), count)]
    strokes: Strokes = []
    corner = np.zeros(2)
    for digit in picked:
        points = np.concatenate(digit)
        low, high = points.min(axis=0), points.max(axis=0)
        height = SIDE * random.uniform(0.8, 1.1)
        scaled = [(stroke - low) * height / max(float(high[1] - low[1]), 1.0) for stroke in digit]
        strokes += [stroke + corner + random.normal(0, 20, 2) for stroke in scaled]
        width, height = np.concatenate(scaled).max(axis=0)
        if way == "row":
            corner += [width + SIDE * random.uniform(0.05, 0.35), 0.0]
        elif way == "column":
            corner += [0.0, height + SIDE * random.uniform(0.05, 0.3)]
        else:
            corner += random.uniform(-0.25, 0.25, 2) * SIDE
    return strokes


# --- scribbles ------------------------------------------------------------------------------------


def _scribble(random: np.random.Generator) -> tuple[str, Strokes]:
    name = str(random.choice(list(SCRIBBLES)))
    strokes = [SCRIBBLES[name](random) for _ in range(int(random.integers(1, 3)))]
    return name, _wobbled(bent(strokes, random), random)


def _walk(random: np.random.Generator) -> Line:
    """A random walk whose direction changes slowly, and turns back to the middle."""
    place, heading, turn = np.array([SIDE, SIDE]) / 2, random.uniform(0, 2 * math.pi), 0.0
    points = [place]
    for _ in range(int(random.integers(110, 360))):
        turn = 0.9 * turn + random.normal(0, 0.12)
        home = np.arctan2(*(SIDE / 2 - place)[::-1])
        away = float(np.hypot(*(place - SIDE / 2))) / (SIDE / 2)
        heading += turn + 0.25 * away**2 * math.sin(home - heading)
        place = place + 14 * np.array([math.cos(heading), math.sin(heading)])
        points.append(place)
    return np.array(points)


def _hatching(random: np.random.Generator) -> Line:
    """Lines back and forth, as if to fill an area."""
    count = int(random.integers(6, 20))
    along = np.linspace(0, SIDE, count) + random.normal(0, 15, count)
    across = np.where(np.arange(count) % 2, SIDE, 0.0) + random.normal(0, 50, count)
    line = _curve(np.column_stack([along, across * random.uniform(0.5, 1.0)]))
    return bent([line @ _turned(random.uniform(0, math.pi))], random)[0]


def _coil(random: np.random.Generator) -> Line:
    """A drifting coil, like a telephone's cord."""
    turns = random.uniform(2.5, 7)
    at = np.linspace(0, turns * 2 * math.pi, 200)
    radius = SIDE * random.uniform(0.12, 0.35) * (1 + 0.3 * np.sin(at * random.uniform(0.1, 0.5)))
    drift = np.linspace(0, SIDE, 200) * random.uniform(0.3, 1.0)
    line = np.column_stack([radius * np.cos(at) + drift, radius * np.sin(at)])
    return np.asarray(line @ _turned(random.uniform(0, math.pi)))


def _tangle(random: np.random.Generator) -> Line:
    """A smooth curve through random places."""
    return _curve(random.uniform(0, SIDE, (int(random.integers(7, 17)), 2)))


def _turned(angle: float) -> Line:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


SCRIBBLES: Mapping[str, Callable[[np.random.Generator], Line]] = {
    "walk": _walk,
    "hatching": _hatching,
    "coil": _coil,
    "tangle": _tangle,
}
