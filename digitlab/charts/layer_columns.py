"""Where each layer stands in the picture of a network, and how large it is drawn.

The picture is as wide as it has columns, one unit each, and reaches from -0.6 to 0.6 in height.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from digitlab.charts.frame import BLUE, GREEN, GREY_BLUE, PURPLE, VERMILLION
from digitlab.config import IMAGE_SIZE
from digitlab.layers import Kind, Layer

Point = tuple[float, float]

STRIP_WIDTH = 0.08  # width of the flattened values, drawn as one strip

_PLANE_GAP = 0.07
_PLANE_LEAN = 0.12  # how much lower a plane's near edge stands, for each unit of its height
_MOST_NEURONS = 12
_COLOURS: Mapping[str, str] = {
    "input": GREY_BLUE,
    "conv": BLUE,
    "pool": GREEN,
    "flatten": GREY_BLUE,
    "dense": PURPLE,
    "output": VERMILLION,
}


@dataclass(frozen=True)
class Plane:
    """A feature map seen from the side: a parallelogram whose near edge is on the right."""

    left: float
    width: float
    height: float

    def at(self, across: float, down: float) -> Point:
        """Where a point of the map (0 to 1, from its top left) lies in the picture."""
        lean = _PLANE_LEAN * self.height * (0.5 - across)
        return self.left + across * self.width, self.height * (0.5 - down) + lean

    def window(self, start: float, size: float) -> list[Point]:
        """The four corners of a square part of the map."""
        end = start + size
        return [self.at(x, y) for x, y in ((start, start), (end, start), (end, end), (start, end))]


@dataclass(frozen=True)
class Column:
    """A layer at its place in the picture; a dropout is a property of the layer it follows."""

    at: int
    kind: Kind | Literal["input", "output"]
    layer: Layer
    rate: float = 0.0

    @property
    def colour(self) -> str:
        """What the layer is drawn in."""
        return _COLOURS[self.kind]

    @property
    def shape(self) -> tuple[int, ...]:
        """What stands here: maps (side, side, channels) or values (N,)."""
        return self.layer.input if self.kind == "input" else self.layer.output

    @property
    def flat(self) -> bool:
        """Whether values stand here, not maps."""
        return len(self.shape) == 1

    def planes(self) -> list[Plane]:
        """The column's maps, fewer than its channels: their number follows the logarithm."""
        side, _, channels = self.shape
        height = 0.12 + 0.88 * side / IMAGE_SIZE
        width = 0.26 * height
        count = 1 + round(0.6 * math.log2(channels))
        first = self.at - ((count - 1) * _PLANE_GAP + width) / 2
        return [Plane(first + number * _PLANE_GAP, width, height) for number in range(count)]

    def span(self) -> float:
        """How tall its values stand: by their number's logarithm; the outputs, in full."""
        values = self.shape[0]
        if self.kind == "output":
            return 1.06
        return min(0.1 * (values - 1), 0.5 + 0.5 * math.log2(values) / 12, 1.06)

    def heights(self) -> npt.NDArray[np.float64]:
        """Where the drawn values stand, from the top; the middle is left out of many."""
        values = self.shape[0]
        if values == 1:
            return np.zeros(1)
        reach = self.span() / 2
        if self.kind == "output" or values <= _MOST_NEURONS:
            return np.linspace(reach, -reach, values)
        places = np.linspace(reach, -reach, _MOST_NEURONS + 1)
        return np.delete(places, _MOST_NEURONS // 2)

    def dropped(self, number: int) -> bool:
        """Whether the ``number``-th here is one of those that stand for the dropped share."""
        return math.floor((number + 1) * self.rate) > math.floor(number * self.rate)

    def ends(self) -> list[Point]:
        """Where lines to the next layer begin."""
        if not self.flat:
            return [self.planes()[-1].at(1, down) for down in (0, 1)]
        edge = self.at + (STRIP_WIDTH / 2 if self.kind == "flatten" else 0)
        return [(edge, y) for number, y in enumerate(self.heights()) if not self.dropped(number)]


def columns_of(layers: Sequence[Layer]) -> list[Column]:
    """The picture's columns: the input, then every layer but dropouts, the last as the output."""
    columns = [Column(0, "input", layers[0])]
    for layer in layers:
        if layer.kind == "dropout":
            columns[-1] = dataclasses.replace(columns[-1], rate=layer.rate)
        else:
            columns.append(Column(len(columns), layer.kind, layer))
    columns[-1] = dataclasses.replace(columns[-1], kind="output")
    return columns
