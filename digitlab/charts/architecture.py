"""The network as a picture, from the 28x28 digit to its ten outputs.

The picture is as wide as it has columns, one unit each, and reaches from -0.6 to 0.6 in height.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.frame import GREY_BLUE, Chart, Settings, Trace, faint
from digitlab.config import IMAGE_SIZE
from digitlab.layers import Kind, Layer, parameter_count
from digitlab.messages import Translator, mark

Point = tuple[float, float]

_PLOT = 180  # pixels: height of the drawing, without its captions
_LINE = 16  # pixels: height of a caption's line
_BREAK = "<wbr>"  # where a caption may be broken
_KINDS = {  # what a column is called, and drawn in
    "input": (mark("picture"), GREY_BLUE),
    "conv": (mark("conv {size}×{size}"), frame.BLUE),
    "pool": (mark("max pool"), frame.GREEN),
    "flatten": (mark("flatten"), GREY_BLUE),
    "dense": (mark("dense"), frame.PURPLE),
    "output": (mark("output"), frame.VERMILLION),
}
_SEVEN = ((0.28, 0.27), (0.72, 0.27), (0.45, 0.8))
_STRIP = 0.08  # width of the flattened values, drawn as one strip
_GAP = 0.07  # between two planes
_LEAN = 0.12  # how much lower a plane's near edge stands, for each unit of its height
_MOST_NEURONS = 12


def network_picture(layers: Sequence[Layer], t: Translator) -> Chart:
    """The network from the 28x28 picture to its ten outputs, each layer named with its sizes.

    Feature maps are planes: their height follows the maps' size, their number the logarithm of
    the channels. Dense layers are columns of neurons, at most twelve of them drawn, taller the
    more there are. A small square shows the window that a convolution or pooling slides over the
    maps before it. What a dropout may switch off is drawn hollow.
    """
    columns = _columns_of(layers)
    shapes = [shape for column in columns for shape in _shapes(column)]
    lines = []
    for before, after in itertools.pairwise(columns):
        if after.flat:
            lines.append(_links(before, after))
        elif after.kind in ("conv", "pool"):
            shapes += _window(before, after)
    neurons = [_neurons(column) for column in columns if column.flat and column.kind != "flatten"]
    title = t("The network: {count} parameters", count=f"{parameter_count(layers):,}")
    captions = [_caption(column, len(columns), t) for column in columns]
    above, below = (
        _LINE * max((c["text"].count("<br>") + 1 for c in captions if c["y"] == edge), default=0)
        for edge in (1, 0)
    )
    top, bottom = 44 + above, below + 36
    kinds = " → ".join(_words(column, t)[0] for column in columns)
    return frame.figure(
        title,
        [*lines, *neurons, _hover_targets(columns, t)],
        height=top + _PLOT + bottom,
        alt=f"{title}: {kinds.replace(_BREAK, '')}",
        uirevision="network",
        shapes=shapes,
        annotations=captions,
        margin=frame.margin(side=4, top=top, bottom=bottom),
        xaxis=frame.bare(
            t("each layer: its kind, its output, its parameters"),
            range=[-0.75, len(columns) - 0.25],
            automargin=False,
            standoff=below + 6,
        ),
        yaxis=frame.bare(range=[-0.6, 0.6]),
    )


@dataclass(frozen=True)
class _Plane:
    """A feature map seen from the side: a parallelogram whose near edge is on the right."""

    left: float
    width: float
    height: float

    def at(self, across: float, down: float) -> Point:
        """Where a point of the map (0 to 1, from its top left) lies in the picture."""
        lean = _LEAN * self.height * (0.5 - across)
        return self.left + across * self.width, self.height * (0.5 - down) + lean

    def window(self, start: float, size: float) -> list[Point]:
        """The four corners of a square part of the map."""
        end = start + size
        return [self.at(x, y) for x, y in ((start, start), (end, start), (end, end), (start, end))]


@dataclass(frozen=True)
class _Column:
    """A layer at its place in the picture; a dropout is a property of the layer it follows."""

    at: int
    kind: Kind | Literal["input", "output"]
    layer: Layer
    rate: float = 0.0

    @property
    def colour(self) -> str:
        return _KINDS[self.kind][1]

    @property
    def shape(self) -> tuple[int, ...]:
        """What stands here: maps (side, side, channels) or values (N,)."""
        return self.layer.input if self.kind == "input" else self.layer.output

    @property
    def flat(self) -> bool:
        return len(self.shape) == 1

    def planes(self) -> list[_Plane]:
        """The column's maps, fewer than its channels: their number follows the logarithm."""
        side, _, channels = self.shape
        height = 0.12 + 0.88 * side / IMAGE_SIZE
        width = 0.26 * height
        count = 1 + round(0.6 * math.log2(channels))
        first = self.at - ((count - 1) * _GAP + width) / 2
        return [_Plane(first + number * _GAP, width, height) for number in range(count)]

    def reach(self) -> float:
        """Half the height of its values: by their number's logarithm; the outputs', in full."""
        values = self.shape[0]
        if self.kind == "output":
            return 0.53
        return min(0.1 * (values - 1), 0.5 + 0.5 * math.log2(values) / 12, 1.06) / 2

    def heights(self) -> npt.NDArray[np.float64]:
        """Where the drawn values stand, from the top; the middle is left out of many."""
        reach, values = self.reach(), self.shape[0]
        if values <= _MOST_NEURONS:
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
        edge = self.at + (_STRIP / 2 if self.kind == "flatten" else 0)
        return [(edge, y) for number, y in enumerate(self.heights()) if not self.dropped(number)]


def _columns_of(layers: Sequence[Layer]) -> list[_Column]:
    """The picture's columns: the input, then every layer but dropouts, the last as the output."""
    columns = [_Column(0, "input", layers[0])]
    for layer in layers:
        if layer.kind == "dropout":
            columns[-1] = dataclasses.replace(columns[-1], rate=layer.rate)
        else:
            columns.append(_Column(len(columns), layer.kind, layer))
    columns[-1] = dataclasses.replace(columns[-1], kind="output")
    return columns


def _shapes(column: _Column) -> list[Settings]:
    """The maps of a column as planes, or its flattened values as a strip; neurons are a trace."""
    if column.kind == "flatten":
        left, right, reach = column.at - _STRIP / 2, column.at + _STRIP / 2, column.reach()
        corners = [(left, reach), (right, reach), (right, -reach), (left, -reach)]
        return [_outline(corners, column.colour)]
    if column.flat:
        return []
    planes = column.planes()
    shapes = [
        _outline(plane.window(0, 1), column.colour, hollow=column.dropped(number))
        for number, plane in enumerate(planes)
    ]
    if column.kind == "input":
        shapes.append(_stroke([planes[-1].at(*point) for point in _SEVEN], frame.VERMILLION, 2.5))
    return shapes


def _window(before: _Column, after: _Column) -> list[Settings]:
    """The window of a convolution or pooling on the maps before, and where it leads."""
    near, goal = before.planes()[-1], after.planes()[0].at(0.5, 0.5)
    window = near.window(0.5, min(0.5, after.layer.kernel / before.shape[0]))
    rays = [_stroke([corner, goal], faint(after.colour, 0.7), 1) for corner in window[1:3]]
    return [_outline(window, after.colour), *rays]


def _stroke(points: Sequence[Point], colour: str, width: float) -> Settings:
    path = "M" + " L".join(f"{x:.4f},{y:.4f}" for x, y in points)
    line = {"color": colour, "width": width}
    return {"type": "path", "path": path, "layer": "above", "line": line}


def _outline(corners: Sequence[Point], colour: str, *, hollow: bool = False) -> Settings:
    shape = _stroke(corners, faint(colour, 0.85), 1)
    shape["path"] += " Z"
    shape["line"]["dash"] = "dot" if hollow else "solid"
    return shape | {"fillcolor": frame.CLEAR if hollow else faint(colour, 0.22)}


def _neurons(column: _Column) -> Trace:
    heights = column.heights()
    numbers = range(len(heights))
    words: Settings = {"mode": "markers"}
    fills = [0.0 if column.dropped(number) else 0.6 for number in numbers]
    if column.kind == "output":  # the picture at the other end shows a 7
        fills = [0.95 if number == 7 else 0.2 for number in numbers]
        texts = [str(number) for number in numbers]
        words = {"mode": "markers+text", "text": texts, "textposition": "middle right"}
    colours = [faint(column.colour, fill) for fill in fills]
    marker = {"size": 9, "color": colours, "line": {"color": column.colour, "width": 1.2}}
    xs = [column.at] * len(heights)
    return frame.trace("scatter", x=xs, y=heights, hoverinfo="skip", marker=marker, **words)


def _links(before: _Column, after: _Column) -> Trace:
    """Thin lines from a layer's values into a column of values, all in one trace."""
    if after.kind == "flatten":
        edge, reach = after.at - _STRIP / 2, after.reach()
        pairs = list(zip(before.ends(), [(edge, reach), (edge, -reach)], strict=True))
    else:
        goals = [(float(after.at), y) for y in after.heights()]
        pairs = list(itertools.product(before.ends(), goals))
    xs = [x for (start, _), (end, _) in pairs for x in (start, end, None)]
    ys = [y for (_, start), (_, end) in pairs for y in (start, end, None)]
    line = {"color": faint(GREY_BLUE, 0.35), "width": 0.6}
    return frame.trace("scatter", x=xs, y=ys, mode="lines", line=line, hoverinfo="skip")


def _words(column: _Column, t: Translator) -> tuple[str, str, list[str]]:
    """A layer's kind, its output's sizes, and its dropout, if it has one."""
    kind = t(_KINDS[column.kind][0], size=column.layer.kernel)
    dropout = [t("dropout<wbr> {rate}", rate=f"{column.rate:g}")] if column.rate else []
    return kind, "×".join(map(str, column.shape)), dropout


def _caption(column: _Column, count: int, t: Translator) -> Settings:
    kind, sizes, dropout = _words(column, t)
    weights = column.kind != "input" and column.layer.parameters
    text = "<br>".join([kind, sizes, *([f"{weights:,}"] if weights else []), *dropout])
    staggered = count > 4  # every other caption stands above: a phone's row has room for four
    above = staggered and column.at % 2 == 1
    return frame.note(
        text.replace(_BREAK, "<br>" if staggered else ""),
        column.at,
        1 if above else 0,
        frame.LABEL_SIZE if count <= 8 else frame.LABEL_SIZE - 1,
        yref="paper",
        yanchor="bottom" if above else "top",
    )


def _hover_targets(columns: Sequence[_Column], t: Translator) -> Trace:
    """Transparent markers over the layers, which say under the pointer what the layer is."""
    places = list(itertools.product(columns, (0.35, 0.0, -0.35)))
    return frame.trace(
        "scatter",
        x=[column.at for column, _ in places],
        y=[y for _, y in places],
        mode="markers",
        marker={"size": 44, "color": GREY_BLUE, "opacity": 0},
        text=[_hover(column, t) for column, _ in places],
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(column: _Column, t: Translator) -> str:
    kind, sizes, dropout = _words(column, t)
    lines = [kind, t("output {sizes}", sizes=sizes)]
    if column.kind != "input":
        lines.append(t("parameters {count}", count=f"{column.layer.parameters:,}"))
        if column.layer.kernel_shape:
            lines.append(t("activation {name}", name=column.layer.activation))
    return "<br>".join(lines + dropout).replace(_BREAK, "")
