"""The network as a picture, from the 28x28 digit to its ten outputs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from digitlab.charts import frame
from digitlab.charts.frame import CLEAR, GREY_BLUE, VERMILLION, Chart, Settings, Trace, faint
from digitlab.charts.layer_columns import STRIP_WIDTH, Column, Point, columns_of
from digitlab.layers import Layer, parameter_count
from digitlab.messages import Translator, mark

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
    kinds = " → ".join(_kind_text(column, t) for column in columns)
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


def _shapes(column: Column) -> list[Settings]:
    """The maps of a column as planes, or its flattened values as a strip; neurons are a trace."""
    if column.kind == "flatten":
        left, right = column.at - STRIP_WIDTH / 2, column.at + STRIP_WIDTH / 2
        low, high = -column.span() / 2, column.span() / 2
        corners = [(left, high), (right, high), (right, low), (left, low)]
        return [_outline(corners, column.colour)]
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


def _window(before: Column, after: Column) -> list[Settings]:
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
    return shape | {"fillcolor": CLEAR if hollow else faint(colour, 0.22)}


def _neurons(column: Column) -> Trace:
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


def _links(before: Column, after: Column) -> Trace:
    """Thin lines from a layer's values into a column of values, all in one trace."""
    if after.kind == "flatten":
        edge, reach = after.at - STRIP_WIDTH / 2, after.span() / 2
        pairs = list(zip(before.ends(), [(edge, reach), (edge, -reach)], strict=True))
    else:
        goals = [(float(after.at), y) for y in after.heights()]
        pairs = list(itertools.product(before.ends(), goals))
    xs = [x for (start, _), (end, _) in pairs for x in (start, end, None)]
    ys = [y for (_, start), (_, end) in pairs for y in (start, end, None)]
    line = {"color": faint(GREY_BLUE, 0.35), "width": 0.6}
    return frame.trace("scatter", x=xs, y=ys, mode="lines", line=line, hoverinfo="skip")


def _caption(column: Column, count: int, t: Translator) -> Settings:
    staggered = count > 4  # every other caption stands above: a phone's row has room for four
    lines = [_kind_text(column, t), "×".join(map(str, column.shape))]
    if column.kind != "input" and column.layer.parameters:
        lines.append(f"{column.layer.parameters:,}")
    text = "<br>".join(lines + _dropout_lines(column, t))
    return frame.note(
        text.replace(_BREAK, "<br>" if staggered else ""),
        column.at,
        1 if staggered and column.at % 2 else 0,
        frame.LABEL_SIZE if count <= 8 else frame.LABEL_SIZE - 1,
        yref="paper",
        yanchor="bottom" if staggered and column.at % 2 else "top",
    )


def _hover_targets(columns: Sequence[Column], t: Translator) -> Trace:
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


def _hover(column: Column, t: Translator) -> str:
    sizes = "×".join(map(str, column.shape))
    lines = [_kind_text(column, t), t("output {sizes}", sizes=sizes)]
    if column.kind != "input":
        lines.append(t("parameters {count}", count=f"{column.layer.parameters:,}"))
        if column.layer.kernel_shape:
            lines.append(t("activation {name}", name=column.layer.activation))
    return "<br>".join(lines + _dropout_lines(column, t)).replace(_BREAK, "")


def _kind_text(column: Column, t: Translator) -> str:
    if column.kind == "conv":
        return t("conv {size}×{size}", size=column.layer.kernel)
    return t(_KINDS[column.kind])


def _dropout_lines(column: Column, t: Translator) -> list[str]:
    return [t("dropout<wbr> {rate}", rate=f"{column.rate:g}")] if column.rate else []
