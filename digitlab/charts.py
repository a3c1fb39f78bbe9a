"""Numbers become pictures for people here: arrays in, one Plotly figure out.

No chart knows where its numbers come from. All stand on the page's own background, light or dark,
take their text colour from the page's theme, keep one height, and leave the finger to the page:
nothing drags. Colours are those of Okabe and Ito, "Color Universal Design" (2008), chosen among
them to keep a contrast of 3:1 on white and on Streamlit's dark page.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.layers import Kind, Layer, parameter_count
from digitlab.messages import Translator
from digitlab.pictures import data_uri, tile, with_alpha

Metric = Literal["loss", "accuracy"]
Point = tuple[float, float]
Points = tuple[npt.ArrayLike, npt.ArrayLike]
Shape = dict[str, Any]

NO_POINTS: Points = ((), ())
BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
GREY_BLUE = "#7B8EA3"
CLEAR, MAT = "rgba(0,0,0,0)", "rgba(128,128,128,0.75)"
MOST_POINTS = 1500
MOST_UNITS = 64
SHEET_ROWS = 5

_PART_COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, GREY_BLUE)
_LABEL_ROOM, _COLUMN_GAP = 13, 2  # pixels of a sheet under and beside each 28x28 tile
_CENTRE = (IMAGE_SIZE - 1) / 2
_TEXT_SIZE, _SMALL = 12, 10


def _figure(title: str, traces: Sequence[Any], *, height: int, **layout: Any) -> go.Figure:
    """A figure as all charts here are; ``layout`` adds to it or replaces."""
    common: dict[str, Any] = {
        "title": {
            "text": title, "font": {"size": 15}, "pad": {"t": 8},
            "x": 0, "xanchor": "left", "y": 1, "yanchor": "top", "yref": "container",
        },
        "height": height,
        "margin": _margin(),
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"size": _TEXT_SIZE},
        "dragmode": False,
        "uirevision": "digitlab",
        "showlegend": False,
        "hovermode": "closest",
    }  # fmt: skip
    return go.Figure(data=list(traces), layout=common | layout)


def _margin(*, side: int = 8, top: int = 40, bottom: int = 8) -> dict[str, int]:
    return {"l": side, "r": side, "t": top, "b": bottom, "pad": 0}


def _axis(title: str, *, standoff: int = 6, **settings: Any) -> dict[str, Any]:
    """An axis with a title, which makes its own room."""
    words = {"text": title, "standoff": standoff, "font": {"size": _TEXT_SIZE}}
    return {
        "title": words,
        "automargin": True,
        "zeroline": False,
        "ticklabelstandoff": 4,
    } | settings


def _bare(title: str = "", **settings: Any) -> dict[str, Any]:
    """An axis of a picture: no ticks, no grid; its title serves as the caption."""
    hidden: dict[str, Any] = {
        "showgrid": False,
        "showticklabels": False,
        "ticks": "",
        "showline": False,
    }
    return _axis(title, **(hidden | {"automargin": bool(title)} | settings))


def _pixel_axes(
    x: Mapping[str, Any], y: Mapping[str, Any], width: float, height: float, *, edge: float
) -> dict[str, Any]:
    """Axes that keep pixels square, in the upper left of the figure; rows count downwards."""
    across = {"range": [-edge, width - 1 + edge], "constrain": "domain", "constraintoward": "left"}
    down = {"range": [height - 1 + edge, -edge], "constrain": "domain", "constraintoward": "top"}
    return {"xaxis": {**x, **across}, "yaxis": {**y, **down, "scaleanchor": "x"}}


# Curves of a run -----------------------------------------------------------------------------


def thin(x: npt.ArrayLike, y: npt.ArrayLike, most: int = MOST_POINTS) -> tuple[Any, Any]:
    """At most ``most`` points: the means of equally many neighbours (the last group may be less).

    ``x``, ``y`` and the result are float64 (N,). A group with a value that is not finite has NaN,
    which leaves a gap in the line.
    """
    xs, ys = np.asarray(x, np.float64), np.array(y, np.float64)
    ys[~np.isfinite(ys)] = np.nan
    if len(xs) <= most:
        return xs, ys
    size = math.ceil(len(xs) / most)
    starts = np.arange(0, len(xs), size)
    sizes = np.diff(np.append(starts, len(xs)))
    return np.add.reduceat(xs, starts) / sizes, np.add.reduceat(ys, starts) / sizes


def curves(
    metric: Metric,
    training: Points,
    validation: Points,
    t: Translator,
    *,
    untrained: float | None = None,
    epochs: float | None = None,
    log: bool = False,
    floor: float = 0.0,
    height: int = 320,
) -> go.Figure:
    """How loss or accuracy (0 to 1) went, batch by batch in training and at each epoch's end.

    Args:
        metric: what the values are.
        training: (epochs trained so far, values), each (N,): 2.5 is the middle of the third epoch.
            More than ``MOST_POINTS`` are drawn as the means of neighbours, see ``thin``.
        validation: (epoch numbers, values) at epochs' ends; ``NO_POINTS`` where there is none.
        t: the reader's language.
        untrained: the value on the test set before training, marked at epoch 0.
        epochs: how far the axis reaches; without it, as far as the points.
        log: draw the loss on a logarithmic axis.
        floor: where the accuracy axis begins, 0 to 1.
        height: pixels.
    """
    name = t("Loss") if metric == "loss" else t("Accuracy")
    reach = max([1.0, epochs or 0.0, *_farthest(training), *_farthest(validation)])
    pad = 0.02 * reach
    return _figure(
        name,
        _curve_traces(metric, training, validation, untrained, t),
        height=height,
        uirevision=f"curves-{metric}",
        showlegend=True,
        legend={
            "orientation": "h", "x": 0, "xanchor": "left",
            "y": 0, "yanchor": "bottom", "yref": "container",
        },
        margin=_margin(bottom=88),
        hovermode="x unified",
        xaxis=_axis(
            t("epoch"), range=[-pad, reach + pad], dtick=_whole_step(reach), tick0=0,
            hoverformat=".2f", unifiedhovertitle={"text": t("epoch") + " %{x:.2f}"},
        ),
        yaxis=_value_axis(metric, name, log, floor),
    )  # fmt: skip


def _farthest(points: Points) -> list[float]:
    xs = np.asarray(points[0], np.float64)
    return [float(xs.max())] if len(xs) else []


def _whole_step(reach: float) -> int:
    """Epochs between two ticks: at most ten ticks, at whole epochs."""
    return next(step for step in (1, 2, 5, 10, 20, 50, 10**6) if reach / step <= 10)


def _value_axis(metric: Metric, name: str, log: bool, floor: float) -> dict[str, Any]:
    if metric == "accuracy":
        top = 1 + 0.02 * (1 - floor)
        return _axis(f"{name} (%)", range=[floor, top], tickformat=".0%")
    if log:
        ticks = [digit * 10.0**power for power in range(-6, 4) for digit in (1, 3)]
        words = [f"{tick:.6f}".rstrip("0").rstrip(".") for tick in ticks]
        return _axis(name, type="log", tickvals=ticks, ticktext=words)
    return _axis(name, rangemode="tozero")


def _curve_traces(
    metric: Metric, training: Points, validation: Points, untrained: float | None, t: Translator
) -> list[Any]:
    value = "%{y:.4f}" if metric == "loss" else "%{y:.2%}"
    validated = bool(_farthest(validation))
    name = t("training") if validated else t("training (no validation)")
    traces = [_line(training, name, value, "lines", BLUE, width=1.2)]
    if validated:
        traces.append(_line(validation, t("validation"), value, "lines+markers", VERMILLION))
    if untrained is not None:
        start: Points = ((0.0,), (untrained,))
        name = t("untrained, test set")
        traces.append(_line(start, name, value, "markers", GREEN, symbol="diamond", size=10))
    return traces


def _line(
    points: Points, name: str, value: str, mode: str, colour: str, *,
    width: float = 2.5, symbol: str = "circle", size: int = 6,
) -> Any:  # fmt: skip
    xs, ys = thin(*points)
    return go.Scatter(
        x=xs, y=ys, name=name, line={"color": colour, "width": width},
        mode="markers" if len(xs) == 1 else mode,  # a line of one point would not be seen
        marker={"color": colour, "symbol": symbol, "size": size},
        hovertemplate=f"{value}<extra>{name}</extra>",
    )  # fmt: skip


# Bars, one a digit ---------------------------------------------------------------------------


def probabilities(values: npt.ArrayLike, t: Translator, *, height: int = 240) -> go.Figure:
    """Ten class probabilities (10,), 0 to 1, as bars; the largest stands out."""
    shares = np.asarray(values, np.float64)
    winner = int(shares.argmax())
    colours = [VERMILLION if digit == winner else GREY_BLUE for digit in range(DIGITS)]
    bars = go.Bar(
        x=list(range(DIGITS)), y=shares, marker={"color": colours},
        text=[_percent(share) for share in shares], textposition="outside", textangle=0,
        textfont={"size": 11}, cliponaxis=False, constraintext="none",
        hovertemplate=f"{t('digit')} %{{x}}: %{{y:.4%}}<extra></extra>",
    )  # fmt: skip
    return _figure(
        t("Probability of each digit"),
        [bars],
        height=height,
        uirevision="probabilities",
        bargap=0.25,
        xaxis=_axis(t("digit"), dtick=1, showgrid=False, range=[-0.6, 9.6]),
        # The place above 100% is for the winner's own label.
        yaxis=_axis(
            t("probability (%)"), range=[0, 1.12], tickvals=[0, 0.25, 0.5, 0.75, 1],
            tickformat=".0%",
        ),
    )  # fmt: skip


def _percent(share: float) -> str:
    """A label that never says 100% of what is only nearly so; none for a bar under 1%."""
    if not share >= 0.01:  # nor for one that is not a number
        return ""
    if share < 0.99 or share == 1:
        return f"{share:.0%}"
    return f"{share:.1%}" if share < 0.9995 else ">99.9%"


def counts(
    per_digit: Mapping[str, Sequence[int]] | Sequence[int] | npt.NDArray[np.integer[Any]],
    t: Translator,
    *,
    title: str,
    axis: str,
    height: int = 260,
) -> go.Figure:
    """How many of each digit: ten counts, or several parts' ten counts by name, stacked.

    ``title`` and ``axis`` (what is counted, with its unit) are in the reader's language already.
    """
    parts = per_digit if isinstance(per_digit, Mapping) else {"": per_digit}
    stacked = len(parts) > 1
    bars = [
        _count_bars(name, numbers, colour, t, labelled=not stacked)
        for (name, numbers), colour in zip(parts.items(), _PART_COLOURS, strict=False)
    ]
    return _figure(
        title,
        bars,
        height=height + 40 * stacked,
        uirevision="counts",
        barmode="stack",
        bargap=0.25,
        showlegend=stacked,
        legend={
            "orientation": "h", "x": 0, "xanchor": "left", "traceorder": "normal",
            "y": 0, "yanchor": "bottom", "yref": "container",
        },
        margin=_margin(bottom=88 if stacked else 8),
        xaxis=_axis(t("digit"), dtick=1, showgrid=False, range=[-0.6, 9.6]),
        yaxis=_axis(axis, rangemode="tozero", tickformat=",d"),
    )  # fmt: skip


def _count_bars(
    name: str, numbers: npt.ArrayLike, colour: str, t: Translator, *, labelled: bool
) -> Any:
    per_digit = np.asarray(numbers)
    return go.Bar(
        x=list(range(DIGITS)), y=per_digit, name=name, marker={"color": colour},
        text=[f"{count:,}" for count in per_digit] if labelled else None,
        textposition="outside" if labelled else "none", textangle=0, textfont={"size": _SMALL},
        cliponaxis=False, constraintext="none",
        hovertemplate=f"{t('digit')} %{{x}}: %{{y:,d}}<extra>{name}</extra>",
    )  # fmt: skip


# Pictures of pixels --------------------------------------------------------------------------


def digit(
    image: npt.NDArray[np.uint8], t: Translator, *, title: str, height: int = 360
) -> go.Figure:
    """A picture (H, W) uint8 enlarged, white on black, each pixel's value under the pointer."""
    rows, columns = image.shape
    pixels = go.Heatmap(
        z=image, zmin=0, zmax=255, colorscale=[[0, "#000000"], [1, "#FFFFFF"]], showscale=False,
        hovertemplate=f"{t('row')} %{{y}}, {t('column')} %{{x}}: %{{z}}<extra></extra>",
    )  # fmt: skip
    frame: dict[str, Any] = {
        "showline": True, "mirror": True, "linecolor": GREY_BLUE, "linewidth": 1,
        "showgrid": False, "dtick": 5, "tick0": 0,
    }  # fmt: skip
    x, y = _axis(t("column (pixels)"), **frame), _axis(t("row (pixels)"), **frame)
    return _figure(
        title, [pixels], height=height, uirevision="digit",
        **_pixel_axes(x, y, columns, rows, edge=0.5),
    )  # fmt: skip


def colour_limit(*weights: npt.ArrayLike) -> float:
    """The largest finite size of all weights: scales that share it run from -limit to limit."""
    sizes = [np.abs(np.asarray(array, np.float64)).ravel() for array in weights]
    values = np.concatenate(sizes) if sizes else np.zeros(0)
    finite = values[np.isfinite(values)]
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def filter_mosaic(
    kernels: npt.NDArray[np.floating[Any]],
    limit: float,
    t: Translator,
    *,
    title: str,
    channel: int = 0,
    height: int | None = None,
) -> go.Figure:
    """Convolution kernels (k, k, channels in, filters) side by side, for one input channel.

    Blue is negative, red positive, white zero; ``limit`` is where both are full, see
    ``colour_limit``: figures that share it can be compared. The pointer tells each weight with
    its filter, row and column, counted from 0 as NumPy does. The height follows the number of
    rows.
    """
    filters = np.moveaxis(kernels[:, :, channel, :], -1, 0)
    size = kernels.shape[0]
    caption = t(
        "{count} filters of {size}x{size}, coloured by weight", count=len(filters), size=size
    )
    return _mosaic(filters, limit, t, title, caption, t("filter"), height)


def weight_mosaic(
    kernel: npt.NDArray[np.floating[Any]],
    limit: float,
    t: Translator,
    *,
    title: str,
    most: int = MOST_UNITS,
    height: int | None = None,
) -> go.Figure:
    """The first dense layer's weights (784, units) as 28x28 pictures of the first ``most`` units.

    Scale, counting and height are those of ``filter_mosaic``.
    """
    units = kernel.shape[1]
    shown = min(units, most)
    pictures = kernel[:, :shown].T.reshape(shown, IMAGE_SIZE, IMAGE_SIZE)
    caption = (
        t("{count} neurons of 28x28, coloured by weight", count=units)
        if shown == units
        else t("{shown} of {count} neurons of 28x28, coloured by weight", shown=shown, count=units)
    )
    return _mosaic(pictures, limit, t, title, caption, t("neuron"), height)


def _mosaic(
    pictures: npt.NDArray[np.floating[Any]],
    limit: float,
    t: Translator,
    title: str,
    caption: str,
    tile_name: str,
    height: int | None,
) -> go.Figure:
    columns = _mosaic_columns(len(pictures))
    weights = tile(pictures.astype(np.float32), columns, gap=1, fill=np.nan)
    where = f"{tile_name} %{{customdata[0]}}, {t('row')} %{{customdata[1]}}, "
    cells = go.Heatmap(
        z=weights, zmin=-limit, zmax=limit, colorscale="RdBu_r", hoverongaps=False,
        customdata=tile(_places(pictures.shape), columns, gap=1), colorbar=_colour_bar(limit),
        hovertemplate=f"{where}{t('column')} %{{customdata[2]}}: %{{z:.4f}}<extra></extra>",
    )  # fmt: skip
    rows, width = weights.shape
    return _figure(
        title, [cells], height=height or round(124 + 350 * rows / width), uirevision="mosaic",
        # A mat parts the tiles: weights near zero are as white as a light page.
        margin=_margin(bottom=78), plot_bgcolor=MAT,
        **_pixel_axes(_bare(caption), _bare(), width, rows, edge=0.5),
    )  # fmt: skip


def _mosaic_columns(tiles: int) -> int:
    """The number of columns near a square that leaves the fewest places empty."""
    side = math.ceil(math.sqrt(tiles))
    return min(range(side, side + side // 2 + 1), key=lambda columns: -tiles % columns)


def _places(shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """(N, H, W, 3): number of the tile, row and column in it, in the smallest fitting dtype."""
    return np.moveaxis(np.indices(shape, np.min_scalar_type(max(shape))), 0, -1)


def _colour_bar(limit: float) -> dict[str, Any]:
    return {
        "orientation": "h", "thickness": 10, "lenmode": "pixels", "len": 280, "outlinewidth": 0,
        "x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom", "yref": "container",
        "tickvals": [-limit, 0, limit], "tickfont": {"size": _SMALL},
        "ticktext": [f"−{limit:.2g}", "0", f"+{limit:.2g}"],
    }  # fmt: skip


# Sheets of labelled digits -------------------------------------------------------------------


class Misread(Protocol):
    """What a sheet needs to know of a sample that was read as another digit."""

    @property
    def index(self) -> int:
        """Its number in the test set."""

    @property
    def truth(self) -> int:
        """The digit it is."""

    @property
    def read_as(self) -> int:
        """The digit it was taken for."""

    @property
    def certainty(self) -> float:
        """The probability given to ``read_as``, 0 to 1."""


@dataclass(frozen=True)
class _Tile:
    """One picture of a sheet: its place, the label under it, and what the pointer finds."""

    row: int
    column: int
    picture: npt.NDArray[np.uint8]
    label: str
    hover: str
    index: int


def mistake_sheet(
    images: npt.NDArray[np.uint8],
    columns: Sequence[Sequence[Misread]],
    t: Translator,
    *,
    rows: int = SHEET_ROWS,
    height: int = 430,
) -> go.Figure:
    """Misread samples, a column a digit, "truth → read as" under each; empty places stay empty.

    Args:
        images: the whole test set (N, 28, 28) uint8, in which a sample's ``index`` counts.
        columns: for each digit the samples to show; those after the first ``rows`` are left out.
        t: the reader's language.
        rows: places in a column, used or not.
        height: pixels.
    """
    tiles = [
        _Tile(
            row, column, images[found.index], f"{found.truth} → {found.read_as}",
            _misread_hover(found, t), int(found.index),
        )
        for column, samples in enumerate(columns)
        for row, found in enumerate(samples[:rows])
    ]  # fmt: skip
    header = _bare(
        t("the digit it is"), side="top", showticklabels=True,
        tickvals=[_left(column) + _CENTRE for column in range(len(columns))],
        ticktext=[str(digit) for digit in range(len(columns))],
    )  # fmt: skip
    title = t("Misread test samples: truth → read as")
    return _sheet(title, tiles, (rows, len(columns)), header, top=76, height=height)


def _misread_hover(found: Misread, t: Translator) -> str:
    return t(
        "Test sample {index}<br>truth {truth}, read as {read_as}<br>{certainty} certain",
        index=found.index, truth=found.truth, read_as=found.read_as,
        certainty=f"{found.certainty:.1%}",
    )  # fmt: skip


def sample_sheet(
    images: npt.NDArray[np.uint8],
    labels: Sequence[int] | npt.NDArray[np.integer[Any]],
    t: Translator,
    *,
    title: str = "",
    indices: Sequence[int] | None = None,
    columns: int = 10,
    height: int | None = None,
) -> go.Figure:
    """Pictures (N, 28, 28) uint8 with their labels (N,) under them, row by row.

    ``indices`` are the samples' numbers in their set, 0 to N-1 where nothing else is said. The
    height, where it is not given, follows the number of rows.
    """
    numbers = range(len(images)) if indices is None else indices
    tiles = [
        _Tile(
            place // columns, place % columns, picture, str(label),
            t("Sample {index}<br>label {label}", index=number, label=label), int(number),
        )
        for place, (picture, label, number) in enumerate(zip(images, labels, numbers, strict=True))
    ]  # fmt: skip
    grid = (max(1, math.ceil(len(tiles) / columns)), columns)
    return _sheet(
        title or t("Samples"), tiles, grid,
        _bare(t("{count} images, the label under each", count=len(tiles))),
        top=40, height=height or _sheet_height(*grid),
    )  # fmt: skip


def _sheet_height(rows: int, columns: int) -> int:
    """Pixels for a sheet that fills half a wide page and little more than a phone's width."""
    return round(84 + _top(rows) * 450 / _left(columns))


def _left(column: int) -> int:
    return column * (IMAGE_SIZE + _COLUMN_GAP)


def _top(row: int) -> int:
    return row * (IMAGE_SIZE + _LABEL_ROOM)


def _sheet(
    title: str, tiles: Sequence[_Tile], grid: tuple[int, int], xaxis: dict[str, Any], *,
    top: int, height: int,
) -> go.Figure:  # fmt: skip
    rows, columns = grid
    traces = [_sheet_picture(tiles, rows, columns), _sheet_targets(tiles)]
    width = _left(columns) - _COLUMN_GAP
    return _figure(
        title, traces, height=height, uirevision="sheet", margin=_margin(top=top),
        annotations=[_sheet_label(placed) for placed in tiles],
        **_pixel_axes(xaxis, _bare(), width, _top(rows), edge=0.5),
    )  # fmt: skip


def _sheet_picture(tiles: Sequence[_Tile], rows: int, columns: int) -> Any:
    """All tiles as one picture; where no tile lies, the page shows through."""
    places = np.zeros((rows * columns, IMAGE_SIZE, IMAGE_SIZE, 2), np.uint8)
    for placed in tiles:
        places[placed.row * columns + placed.column] = with_alpha(placed.picture)
    mosaic = tile(places, columns, gap=(_LABEL_ROOM, _COLUMN_GAP))
    return go.Image(source=data_uri(mosaic), hoverinfo="skip")


def _sheet_label(placed: _Tile) -> dict[str, Any]:
    return {
        "text": placed.label, "showarrow": False, "font": {"size": 11},
        "x": _left(placed.column) + _CENTRE,
        "y": _top(placed.row) + IMAGE_SIZE + _LABEL_ROOM / 2,
    }  # fmt: skip


def _sheet_targets(tiles: Sequence[_Tile]) -> Any:
    """Unseen markers over the tiles: Streamlit hears of no click on a picture, but on these."""
    return go.Scatter(
        x=[_left(placed.column) + _CENTRE for placed in tiles],
        y=[_top(placed.row) + _CENTRE for placed in tiles],
        mode="markers", marker={"symbol": "square", "size": 32, "color": GREY_BLUE, "opacity": 0},
        selected={"marker": {"opacity": 0.5, "color": VERMILLION}},
        unselected={"marker": {"opacity": 0}},
        customdata=[[placed.index] for placed in tiles],
        text=[placed.hover for placed in tiles], hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


# The network as a picture ---------------------------------------------------------------------

_INK: Mapping[str, str] = {
    "input": GREY_BLUE, "conv": BLUE, "pool": GREEN, "flatten": GREY_BLUE, "dense": PURPLE,
    "output": VERMILLION,
}  # fmt: skip
_PLANE_GAP = 0.07
_PLANE_LEAN = 0.12  # how much lower a plane's near edge stands, for each unit of its height
_MOST_NEURONS = 12
_STRAND = 0.08  # width of the flattened values, drawn as one strip
_SEVEN = ((0.28, 0.27), (0.72, 0.27), (0.45, 0.8))


@dataclass(frozen=True)
class _Column:
    """A layer at its place in the picture; a dropout is a property of the layer it follows."""

    at: int
    kind: Kind | Literal["input", "output"]
    layer: Layer
    rate: float = 0.0

    @property
    def colour(self) -> str:
        return _INK[self.kind]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.layer.input if self.kind == "input" else self.layer.output


@dataclass(frozen=True)
class _Plane:
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
        return [
            self.at(*corner) for corner in ((start, start), (end, start), (end, end), (start, end))
        ]


def network_picture(layers: Sequence[Layer], t: Translator, *, height: int = 340) -> go.Figure:
    """The network from the 28x28 picture to its ten outputs, each layer named with its sizes.

    Feature maps are planes: their height follows the maps' size, their number the logarithm of
    the channels. Dense layers are columns of neurons, at most twelve of them drawn, taller the
    more there are. A small square shows the window that a convolution or pooling slides over the
    maps before it. What a dropout may switch off is drawn hollow.
    """
    columns = _columns_of(layers)
    shapes = [shape for column in columns for shape in _column_shapes(column)]
    lines = [_link(before, after) for before, after in itertools.pairwise(columns)]
    neurons = [_neuron_trace(c) for c in columns if len(c.shape) == 1 and c.kind != "flatten"]
    total = f"{parameter_count(layers):,}"
    return _figure(
        t("The network: {count} parameters", count=total),
        [line for line in lines if line is not None] + neurons + [_layer_targets(columns, t)],
        height=height,
        uirevision="network",
        shapes=shapes + _window_shapes(columns),
        annotations=[_caption(column, len(columns), t) for column in columns],
        margin=_margin(side=4, top=92 if _staggered(len(columns)) else 44, bottom=92),
        xaxis=_bare(
            t("each layer: its kind, its output, its parameters"), range=[-0.5, len(columns) - 0.5],
            automargin=False, standoff=62,
        ),
        yaxis=_bare(range=[-0.6, 0.6]),
    )  # fmt: skip


def _staggered(count: int) -> bool:
    """Whether every other caption stands above: on a phone more than four do not fit in a row."""
    return count > 4


def _columns_of(layers: Sequence[Layer]) -> list[_Column]:
    columns = [_Column(0, "input", layers[0])]
    for layer in layers:
        if layer.kind == "dropout":
            columns[-1] = dataclasses.replace(columns[-1], rate=layer.rate)
        else:
            columns.append(_Column(len(columns), layer.kind, layer))
    columns[-1] = dataclasses.replace(columns[-1], kind="output")
    return columns


def _planes(column: _Column) -> list[_Plane]:
    side, _, channels = column.shape
    height = 0.12 + 0.88 * side / IMAGE_SIZE
    width = 0.26 * height
    count = 1 + round(0.6 * math.log2(channels))
    first = column.at - ((count - 1) * _PLANE_GAP + width) / 2
    return [_Plane(first + number * _PLANE_GAP, width, height) for number in range(count)]


def _dropped(number: int, rate: float) -> bool:
    """Whether the ``number``-th of a row is one of those that stand for the dropped share."""
    return math.floor((number + 1) * rate) > math.floor(number * rate)


def _column_shapes(column: _Column) -> list[Shape]:
    if column.kind == "flatten":
        return [_strip(column)]
    if len(column.shape) == 1:
        return []
    planes = _planes(column)
    shapes = [
        _outline(plane.window(0, 1), column.colour, hollow=_dropped(number, column.rate))
        for number, plane in enumerate(planes)
    ]
    if column.kind == "input":
        shapes.append(_stroke([planes[-1].at(*point) for point in _SEVEN]))
    return shapes


def _path(points: Sequence[Point]) -> str:
    return "M" + " L".join(f"{x:.4f},{y:.4f}" for x, y in points)


def _outline(corners: Sequence[Point], colour: str, *, hollow: bool = False) -> Shape:
    return {
        "type": "path", "path": _path(corners) + " Z", "layer": "above",
        "fillcolor": CLEAR if hollow else _faint(colour, 0.22),
        "line": {"color": _faint(colour, 0.85), "width": 1, "dash": "dot" if hollow else "solid"},
    }  # fmt: skip


def _stroke(points: Sequence[Point]) -> Shape:
    line = {"color": VERMILLION, "width": 2.5}
    return {"type": "path", "path": _path(points), "layer": "above", "line": line}


def _strip(column: _Column) -> Shape:
    half = _STRAND / 2
    reach = _span(column) / 2
    corners = [(-half, reach), (half, reach), (half, -reach), (-half, -reach)]
    return _outline([(column.at + x, y) for x, y in corners], column.colour)


def _faint(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def _window_shapes(columns: Sequence[_Column]) -> list[Shape]:
    """For each convolution and pooling: its window on the maps before, and where it leads."""
    shapes: list[Shape] = []
    for before, after in itertools.pairwise(columns):
        if after.kind in ("conv", "pool"):
            near, far = _planes(before)[-1], _planes(after)[0]
            window = near.window(0.5, min(0.5, after.layer.kernel / before.shape[0]))
            goal = far.at(0.5, 0.5)
            shapes.append(_outline(window, after.colour))
            shapes += [_ray(corner, goal, after.colour) for corner in window[1:3]]
    return shapes


def _ray(start: Point, end: Point, colour: str) -> Shape:
    line = {"color": _faint(colour, 0.7), "width": 1}
    return {"type": "path", "path": _path([start, end]), "layer": "above", "line": line}


def _span(column: _Column) -> float:
    """How tall a column of values stands: by their number's logarithm; the outputs, in full."""
    values = column.shape[0]
    if column.kind == "output":
        return 1.06
    return min(0.1 * (values - 1), 0.5 + 0.5 * math.log2(values) / 12, 1.06)


def _heights(column: _Column) -> npt.NDArray[np.float64]:
    """Where the drawn values of a column stand, from the top; the middle is left out of many."""
    values = column.shape[0]
    if values == 1:
        return np.zeros(1)
    reach = _span(column) / 2
    if column.kind == "output" or values <= _MOST_NEURONS:
        return np.linspace(reach, -reach, values)
    places = np.linspace(reach, -reach, _MOST_NEURONS + 1)
    return np.delete(places, _MOST_NEURONS // 2)


def _neuron_trace(column: _Column) -> Any:
    heights = _heights(column)
    common = {"x": [column.at] * len(heights), "y": heights, "hoverinfo": "skip"}
    if column.kind == "output":
        names = [str(number) for number in range(len(heights))]
        # The picture at the other end shows a 7.
        look = _neurons(column.colour, [0.95 if name == "7" else 0.2 for name in names])
        return go.Scatter(
            **common, mode="markers+text", marker=look, text=names, textposition="middle right"
        )
    fills = [0.0 if _dropped(number, column.rate) else 0.6 for number in range(len(heights))]
    return go.Scatter(**common, mode="markers", marker=_neurons(column.colour, fills))


def _neurons(colour: str, fills: Sequence[float]) -> dict[str, Any]:
    colours = [_faint(colour, fill) for fill in fills]
    return {"size": 9, "color": colours, "line": {"color": colour, "width": 1.2}}


def _link(before: _Column, after: _Column) -> Any | None:
    """The lines that lead from a layer's values into a column of values."""
    if len(after.shape) > 1:
        return None
    starts = _ends(before)
    if after.kind == "flatten":
        edge, reach = after.at - _STRAND / 2, _span(after) / 2
        return _lines(zip(starts, [(edge, reach), (edge, -reach)], strict=True))
    goals = [(float(after.at), y) for y in _heights(after)]
    return _lines(itertools.product(starts, goals))


def _lines(pairs: Iterable[tuple[Point, Point]]) -> Any:
    """Thin lines between pairs of points, all in one trace."""
    ends = [(*pair, (None, None)) for pair in pairs]
    xs, ys = zip(*itertools.chain.from_iterable(ends), strict=True) if ends else ((), ())
    line = {"color": _faint(GREY_BLUE, 0.35), "width": 0.6}
    return go.Scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip")


def _ends(column: _Column) -> list[Point]:
    """Where lines to the next layer begin."""
    if len(column.shape) > 1:
        return [_planes(column)[-1].at(1, down) for down in (0, 1)]
    edge = column.at + (_STRAND / 2 if column.kind == "flatten" else 0)
    heights = _heights(column)
    return [(edge, y) for number, y in enumerate(heights) if not _dropped(number, column.rate)]


def _caption(column: _Column, count: int, t: Translator) -> dict[str, Any]:
    above = _staggered(count) and column.at % 2 == 1
    lines = [_kind_text(column, t), "×".join(str(size) for size in column.shape)]
    if column.kind != "input" and column.layer.parameters:
        lines.append(f"{column.layer.parameters:,}")
    if column.rate:
        lines.append(t("dropout {rate}", rate=f"{column.rate:g}"))
    return {
        "text": "<br>".join(lines), "x": column.at, "yref": "paper", "y": 1 if above else 0,
        "yanchor": "bottom" if above else "top", "showarrow": False,
        "font": {"size": _SMALL if count <= 8 else _SMALL - 1},
    }  # fmt: skip


def _kind_text(column: _Column, t: Translator) -> str:
    match column.kind:
        case "conv":
            return t("conv {size}×{size}", size=column.layer.kernel)
        case "pool":
            return t("max pool")
        case "flatten":
            return t("flatten")
        case "dense":
            return t("dense")
        case "output":
            return t("output")
        case _:
            return t("picture")


def _layer_targets(columns: Sequence[_Column], t: Translator) -> Any:
    """Unseen markers over the layers, which say under the pointer what the layer is."""
    heights = (0.35, 0.0, -0.35)
    return go.Scatter(
        x=[column.at for column in columns for _ in heights],
        y=[y for _ in columns for y in heights],
        mode="markers", marker={"size": 44, "color": GREY_BLUE, "opacity": 0},
        text=[_layer_hover(column, t) for column in columns for _ in heights],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _layer_hover(column: _Column, t: Translator) -> str:
    sizes = "×".join(str(size) for size in column.shape)
    lines = [_kind_text(column, t), t("output {sizes}", sizes=sizes)]
    if column.kind != "input":
        lines.append(t("parameters {count}", count=f"{column.layer.parameters:,}"))
        if column.layer.kernel_shape:
            lines.append(t("activation {name}", name=column.layer.activation))
    if column.rate:
        lines.append(t("dropout {rate}", rate=f"{column.rate:g}"))
    return "<br>".join(lines)
