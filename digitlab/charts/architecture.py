"""The network as a picture, from the 28x28 digit to its ten outputs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from digitlab.charts import frame
from digitlab.charts.frame import CLEAR, GREY_BLUE, SMALL_SIZE, VERMILLION, Chart, Trace, faint
from digitlab.charts.layer_columns import STRIP_WIDTH, Column, Point, columns_of
from digitlab.layers import Layer, parameter_count
from digitlab.messages import Translator, mark

Shape = dict[str, Any]

_PLOT = 180  # pixels: height of the drawing, without its captions
_LINE = 16  # pixels: height of a caption's line
_BREAK = "<wbr>"  # where a caption may be broken
_KINDS = {
    "input": mark("picture"),
    "pool": mark("max pool"),
    "flatten": mark("flatten"),
    "dense": mark("dense"),
    "output": mark("output"),
}
_SEVEN = ((0.28, 0.27), (0.72, 0.27), (0.45, 0.8))


def network_picture(layers: Sequence[Layer], t: Translator) -> Chart:
    """The network from the 28x28 picture to its ten outputs, each layer named with its sizes.

    Feature maps are planes: their height follows the maps' size, their number the logarithm of
    the channels. Dense layers are columns of neurons, at most twelve of them drawn, taller the
    more there are. A small square shows the window that a convolution or pooling slides over the
    maps before it. What a dropout may switch off is drawn hollow.
    """
    columns = columns_of(layers)
    shapes = [shape for column in columns for shape in _column_shapes(column)]
    lines = [_link(before, after) for before, after in itertools.pairwise(columns)]
    neurons = [_neuron_trace(c) for c in columns if c.flat and c.kind != "flatten"]
    title = t("The network: {count} parameters", count=f"{parameter_count(layers):,}")
    captions = [_caption(column, len(columns), t) for column in columns]
    above, below = (
        _LINE * max((c["text"].count("<br>") + 1 for c in captions if c["y"] == edge), default=0)
        for edge in (1, 0)
    )
    top, bottom = 44 + above, below + 36
    kinds = " → ".join(_kind_text(column, t) for column in columns)
    return frame.figure(
        title,
        [line for line in lines if line is not None] + neurons + [_layer_targets(columns, t)],
        height=top + _PLOT + bottom,
        alt=f"{title}: {kinds.replace(_BREAK, '')}",
        uirevision="network",
        shapes=shapes + _window_shapes(columns),
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


def _staggered(count: int) -> bool:
    """Whether every other caption stands above: on a phone more than four do not fit in a row."""
    return count > 4


def _column_shapes(column: Column) -> list[Shape]:
    if column.kind == "flatten":
        return [_strip(column)]
    if column.flat:
        return []
    planes = column.planes()
    shapes = [
        _outline(plane.window(0, 1), column.colour, hollow=column.dropped(number))
        for number, plane in enumerate(planes)
    ]
    if column.kind == "input":
        shapes.append(_stroke([planes[-1].at(*point) for point in _SEVEN], VERMILLION, 2.5))
    return shapes


def _path(points: Sequence[Point]) -> str:
    return "M" + " L".join(f"{x:.4f},{y:.4f}" for x, y in points)


def _outline(corners: Sequence[Point], colour: str, *, hollow: bool = False) -> Shape:
    return {
        "type": "path",
        "path": _path(corners) + " Z",
        "layer": "above",
        "fillcolor": CLEAR if hollow else faint(colour, 0.22),
        "line": {"color": faint(colour, 0.85), "width": 1, "dash": "dot" if hollow else "solid"},
    }


def _stroke(points: Sequence[Point], colour: str, width: float) -> Shape:
    line = {"color": colour, "width": width}
    return {"type": "path", "path": _path(points), "layer": "above", "line": line}


def _strip(column: Column) -> Shape:
    half = STRIP_WIDTH / 2
    reach = column.span() / 2
    corners = [(-half, reach), (half, reach), (half, -reach), (-half, -reach)]
    return _outline([(column.at + x, y) for x, y in corners], column.colour)


def _window_shapes(columns: Sequence[Column]) -> list[Shape]:
    """For each convolution and pooling: its window on the maps before, and where it leads."""
    shapes: list[Shape] = []
    for before, after in itertools.pairwise(columns):
        if after.kind in ("conv", "pool"):
            near, far = before.planes()[-1], after.planes()[0]
            window = near.window(0.5, min(0.5, after.layer.kernel / before.shape[0]))
            goal, ray = far.at(0.5, 0.5), faint(after.colour, 0.7)
            shapes.append(_outline(window, after.colour))
            shapes += [_stroke([corner, goal], ray, 1) for corner in window[1:3]]
    return shapes


def _neuron_trace(column: Column) -> Trace:
    heights = column.heights()
    output = column.kind == "output"
    if output:  # the picture at the other end shows a 7
        fills = [0.95 if number == 7 else 0.2 for number in range(len(heights))]
    else:
        fills = [0.0 if column.dropped(number) else 0.6 for number in range(len(heights))]
    return frame.trace(
        "scatter",
        x=[column.at] * len(heights),
        y=heights,
        hoverinfo="skip",
        mode="markers+text" if output else "markers",
        marker={
            "size": 9,
            "color": [faint(column.colour, fill) for fill in fills],
            "line": {"color": column.colour, "width": 1.2},
        },
        text=[str(number) for number in range(len(heights))] if output else None,
        textposition="middle right" if output else None,
    )


def _link(before: Column, after: Column) -> Any | None:
    """The lines that lead from a layer's values into a column of values."""
    if not after.flat:
        return None
    starts = before.ends()
    if after.kind == "flatten":
        edge, reach = after.at - STRIP_WIDTH / 2, after.span() / 2
        return _lines(zip(starts, [(edge, reach), (edge, -reach)], strict=True))
    goals = [(float(after.at), y) for y in after.heights()]
    return _lines(itertools.product(starts, goals))


def _lines(pairs: Iterable[tuple[Point, Point]]) -> Trace:
    """Thin lines between pairs of points, all in one trace."""
    ends = [(*pair, (None, None)) for pair in pairs]
    xs, ys = zip(*itertools.chain.from_iterable(ends), strict=True) if ends else ((), ())
    line = {"color": faint(GREY_BLUE, 0.35), "width": 0.6}
    return frame.trace("scatter", x=xs, y=ys, mode="lines", line=line, hoverinfo="skip")


def _caption(column: Column, count: int, t: Translator) -> dict[str, Any]:
    staggered = _staggered(count)
    above = staggered and column.at % 2 == 1
    lines = [_kind_text(column, t), _sizes(column)]
    if column.kind != "input" and column.layer.parameters:
        lines.append(f"{column.layer.parameters:,}")
    text = "<br>".join(lines + _dropout_lines(column, t))
    return {
        "text": frame.strong(text.replace(_BREAK, "<br>" if staggered else "")),
        "x": column.at,
        "yref": "paper",
        "y": 1 if above else 0,
        "yanchor": "bottom" if above else "top",
        "showarrow": False,
        "font": {"size": SMALL_SIZE if count <= 8 else SMALL_SIZE - 1},
    }


def _layer_targets(columns: Sequence[Column], t: Translator) -> Trace:
    """Transparent markers over the layers, which say under the pointer what the layer is."""
    heights = (0.35, 0.0, -0.35)
    return frame.trace(
        "scatter",
        x=[column.at for column in columns for _ in heights],
        y=[y for _ in columns for y in heights],
        mode="markers",
        marker={"size": 44, "color": GREY_BLUE, "opacity": 0},
        text=[_hover(column, t) for column in columns for _ in heights],
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(column: Column, t: Translator) -> str:
    lines = [_kind_text(column, t), t("output {sizes}", sizes=_sizes(column))]
    if column.kind != "input":
        lines.append(t("parameters {count}", count=f"{column.layer.parameters:,}"))
        if column.layer.kernel_shape:
            lines.append(t("activation {name}", name=column.layer.activation))
    return "<br>".join(lines + _dropout_lines(column, t)).replace(_BREAK, "")


def _kind_text(column: Column, t: Translator) -> str:
    if column.kind == "conv":
        return t("conv {size}×{size}", size=column.layer.kernel)
    return t(_KINDS[column.kind])


def _sizes(column: Column) -> str:
    return "×".join(map(str, column.shape))


def _dropout_lines(column: Column, t: Translator) -> list[str]:
    return [t("dropout<wbr> {rate}", rate=f"{column.rate:g}")] if column.rate else []
