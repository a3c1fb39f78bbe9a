"""Curves as static SVG: crisp on paper, told apart without colour, readable without a script."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

Points = Sequence[tuple[float, float]]

BLUE, VERMILLION = "#0072B2", "#D55E00"  # as in the charts of the lab

_WIDTH, _LEFT, _RIGHT, _TOP = 360.0, 38.0, 8.0, 24.0  # of the drawing, in its own units
_PLOT_HEIGHT, _UNDER, _LEGEND_ROW = 170.0, 38.0, 17.0
_GREY, _LIGHT = "#444", "#ddd"


@dataclass(frozen=True)
class Line:
    """Values of one kind; a dotted one is of training."""

    name: str
    points: Points
    colour: str
    dotted: bool

    @property
    def finite(self) -> list[tuple[float, float]]:
        """The points that can be drawn."""
        return [point for point in self.points if all(map(math.isfinite, point))]


@dataclass(frozen=True)
class Scale:
    """An axis: its title, its ticks, and where a value lies between two ends of the drawing."""

    title: str
    low: float
    high: float
    ticks: tuple[float, ...]
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        """The place of ``value`` in the drawing."""
        return self.begin + (value - self.low) / (self.high - self.low) * (self.end - self.begin)


def ticks(low: float, high: float, most: int = 6) -> tuple[float, ...]:
    """Round numbers, at most ``most`` and at least two, the outer ones not within low and high.

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
    """Where the vertical axis of shares begins; 0 where there is nothing to draw."""
    points = [point for line in lines for point in line.finite]
    return _up("", points, percent=True).low if points else 0.0


def svg(lines: Sequence[Line], *, x: str, y: str, alternative: str, percent: bool = False) -> str:
    """Lines over epochs in one drawing.

    Args:
        lines: at least one of them with a point that can be drawn.
        x: what stands under the horizontal axis, which begins at 0.
        y: what stands over the vertical axis. Losses begin at 0; percentages end at 100.
        alternative: the drawing in a sentence.
        percent: the values are shares, and are shown times 100.

    Raises:
        ValueError: there is nothing to draw.
    """
    points = [point for line in lines for point in line.finite]
    if not points:
        raise ValueError("nothing to draw")
    across, up = _across(x, points), _up(y, points, percent)
    height = _TOP + _PLOT_HEIGHT + _UNDER + _LEGEND_ROW * len(lines)
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" '
        f'aria-label="{html.escape(alternative)}" font-size="12" fill="#111">'
        + _grid(across, up, percent)
        + "".join(_drawn(line, across, up) for line in lines)
        + "".join(_legend(line, number) for number, line in enumerate(lines))
        + "</svg>"
    )


def _across(title: str, points: Points) -> Scale:
    reach = max(1.0, *(x for x, _ in points))
    whole = tuple(tick for tick in ticks(0, reach, most=11) if tick == int(tick))
    return Scale(title, 0, max(reach, whole[-1]), whole, _LEFT, _WIDTH - _RIGHT)


def _up(title: str, points: Points, percent: bool) -> Scale:
    values = [y for _, y in points]
    found = ticks(min(values), min(1.0, max(values))) if percent else ticks(0, max(values))
    return Scale(title, found[0], found[-1], found, _TOP + _PLOT_HEIGHT, _TOP)


def _grid(across: Scale, up: Scale, percent: bool) -> str:
    """Grid, ticks and the titles of both axes."""
    bottom = _TOP + _PLOT_HEIGHT
    parts = []
    for tick in up.ticks:
        parts.append(_stroke(_LEFT, up(tick), _WIDTH - _RIGHT, up(tick), _LIGHT))
        shown = f"{100 * tick:g}" if percent else f"{tick:g}"
        parts.append(_text(_LEFT - 6, up(tick) + 4, shown, "end"))
    for tick in across.ticks:
        parts.append(_stroke(across(tick), bottom, across(tick), bottom + 4, _GREY))
        parts.append(_text(across(tick), bottom + 16, f"{tick:g}", "middle"))
    parts.append(_stroke(_LEFT, bottom, _WIDTH - _RIGHT, bottom, _GREY))
    parts.append(_stroke(_LEFT, _TOP, _LEFT, bottom, _GREY))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, bottom + 31, across.title, "middle"))
    parts.append(_text(0, 12, up.title, "start"))
    return "".join(parts)


def _drawn(line: Line, across: Scale, up: Scale) -> str:
    places = [f"{across(x):.1f},{up(y):.1f}" for x, y in line.finite]
    if len(places) == 1 or not line.dotted:
        dots = "".join(_dot(place, line.colour) for place in places)
        return dots if len(places) < 2 else _path(places, line) + dots
    return _path(places, line)


def _path(places: Sequence[str], line: Line) -> str:
    return f'<polyline points="{" ".join(places)}" {_pen(line)}/>'


def _pen(line: Line) -> str:
    dots = ' stroke-dasharray="0.1 4.5" stroke-linecap="round"' if line.dotted else ""
    width = 2.6 if line.dotted else 1.8
    return f'fill="none" stroke="{line.colour}" stroke-width="{width}"{dots}'


def _dot(place: str, colour: str) -> str:
    x, y = place.split(",")
    return f'<circle cx="{x}" cy="{y}" r="2.6" fill="{colour}"/>'


def _legend(line: Line, number: int) -> str:
    y = _TOP + _PLOT_HEIGHT + _UNDER + _LEGEND_ROW * number + 9
    sample = f'<line x1="{_LEFT:g}" y1="{y:g}" x2="{_LEFT + 34:g}" y2="{y:g}" {_pen(line)}/>'
    dot = "" if line.dotted else _dot(f"{_LEFT + 17:g},{y:g}", line.colour)
    return sample + dot + _text(_LEFT + 42, y + 4, line.name, "start")


def _stroke(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        'stroke-width="0.8"/>'
    )


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(words)}</text>'
