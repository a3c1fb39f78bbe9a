"""Curves as static SVG: sharp in print, distinct without colour, and without a script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from digitlab.report.templates import render

Points = Sequence[tuple[float, float]]

BLUE, VERMILLION = "#0072B2", "#D55E00"  # as in the charts of the lab

# Edges of the plot inside the drawing, in the drawing's own units; the rest of it is in curve.svg.
_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 360, 38, 352, 24, 194


@dataclass(frozen=True)
class Line:
    """A line's points, (epoch, value); the training line is dotted."""

    name: str
    points: Points
    colour: str
    dotted: bool

    @property
    def finite(self) -> list[tuple[float, float]]:
        """The points whose coordinates are finite."""
        return [point for point in self.points if all(map(math.isfinite, point))]


@dataclass(frozen=True)
class Scale:
    """An axis: maps values from ``low`` to ``high`` to coordinates from ``begin`` to ``end``."""

    title: str
    low: float
    high: float
    ticks: tuple[float, ...]
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        """The coordinate of ``value`` in the drawing."""
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)


def ticks(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Round numbers, from two to ``most``, that enclose ``low`` to ``high``.

    Steps are 1, 2 or 5 times a power of ten.
    """
    span = max(high - low, 1e-9)
    power = math.floor(math.log10(span / most)) - 1
    steps = (digit * 10.0**exponent for exponent in range(power, power + 5) for digit in (1, 2, 5))
    for step in steps:
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first < most:
            last = max(last, first + 1)
            return tuple(round(number * step, 12) for number in range(first, last + 1))
    raise ValueError(f"no ticks from {low} to {high}")


def begins(lines: Sequence[Line]) -> float:
    """The lower end of the vertical axis of percentages; 0 where there is nothing to draw."""
    points = [point for line in lines for point in line.finite]
    return _up("", points, percent=True).low if points else 0.0


def svg(lines: Sequence[Line], *, x: str, y: str, percent: bool = False) -> Markup:
    """Lines over epochs in one drawing; its text alternative is ``y`` and the lines' names.

    Args:
        lines: at least one of them with a finite point.
        x: the title of the horizontal axis, which begins at 0.
        y: the title of the vertical axis. Losses begin at 0; percentages end at 100.
        percent: the values are from 0 to 1, and are shown times 100.

    Raises:
        ValueError: there is nothing to draw.
    """
    points = [point for line in lines for point in line.finite]
    if not points:
        raise ValueError("nothing to draw")
    return render(
        "curve.svg",
        lines=lines,
        across=_across(x, points),
        up=_up(y, points, percent),
        alternative="; ".join([y, *(line.name for line in lines)]),
        percent=percent,
        width=_WIDTH,
        left=_LEFT,
        right=_RIGHT,
        top=_TOP,
        bottom=_BOTTOM,
    )


def _across(title: str, points: Points) -> Scale:
    reach = max(1.0, *(x for x, _ in points))
    whole = tuple(tick for tick in ticks(0, reach, most=11) if tick == int(tick))
    return Scale(title, 0, max(reach, whole[-1]), whole, _LEFT, _RIGHT)


def _up(title: str, points: Points, percent: bool) -> Scale:
    values = [y for _, y in points]
    found = ticks(min(values), min(1.0, max(values))) if percent else ticks(0, max(values))
    return Scale(title, found[0], found[-1], found, _BOTTOM, _TOP)
