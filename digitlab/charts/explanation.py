"""Why a drawing is read as it is: its way to 28x28, the parts that count, the digits like it.

A row of a few pictures is HTML here and no figure: a figure keeps its height when the page is
narrow, and these are as large as the page has room for.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from digitlab.charts.frame import (
    BLUE,
    GREY_BLUE,
    SMALL_SIZE,
    VERMILLION,
    Chart,
    bare,
    colours,
    figure,
    margin,
    pixel_axes,
    trace,
)
from digitlab.messages import Translator
from digitlab.pictures import data_uri, enlarge

Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.floating[Any]]
Box = tuple[int, int, int, int]

LEAST_FALL = {"probability": 0.01, "logit": 0.1}  # a scale any shorter would colour noise

_SIDE = 280  # pixels of a picture before the browser scales it: ten for each of a digit's
_LINE = 4  # of those: a line in such a picture
_WIDEST = 150  # pixels of a picture on a wide page
_SEEN_WIDEST = 210  # of the one that stands beside the ten bars
_TITLE_ROOM, _BAR_ROOM = 40, 78


@dataclass(frozen=True, eq=False)
class _Place:
    """One picture of a row, uint8 (H, W, 3), with the words under it."""

    picture: Picture
    label: str
    small: str = ""


def way(
    source: Picture,
    box: Box,
    scaled: Picture,
    digit: Picture,
    t: Translator,
    *,
    marks: tuple[float, float],
    off: Collection[str] = (),
) -> str:
    """A drawing's way to the network in five pictures, as HTML; the last is what it sees.

    Args:
        source: the drawing (H, W) as it came.
        box: what is taken of it: left, top, right, bottom, in its pixels.
        scaled: (28, 28), scaled and not yet centred.
        digit: (28, 28), as the network sees it.
        marks: side of the box that ink is scaled to, and the pixel its centre of mass comes to;
            both are drawn where they belong.
        off: those of "crop", "scale" and "centre" that were left out; it is said under them.
        t: the reader's language.
    """
    left, top, right, bottom = box
    side, centre = marks
    said = {step: t("(off)") if step in off else "" for step in ("crop", "scale", "centre")}
    return _row(
        [
            _Place(_boxed(source, box), t("drawn")),
            _Place(_coloured(source[top:bottom, left:right]), t("cut out"), said["crop"]),
            _Place(_with_square(scaled, side), t("scaled"), said["scale"]),
            _Place(_with_cross(digit, centre), t("centred"), said["centre"]),
            _Place(_with_grid(digit), t("28x28 pixels")),
        ]
    )


def seen(digit: Picture, t: Translator) -> str:
    """A digit (28, 28) as the network sees it, large and crisp, as HTML.

    A rerun of the Draw page makes one each time the pen is up: a figure would cost ten times more.
    """
    title, caption = html.escape(t("What the network sees")), html.escape(t("28x28 pixels"))
    image = (
        "display:block; width:100%; aspect-ratio:1; image-rendering:pixelated;"
        f"border:1px solid {GREY_BLUE};"
    )
    return (
        f'<figure style="margin:0; max-width:{_SEEN_WIDEST}px;">'
        f'<figcaption style="font-size:15px; font-weight:600; line-height:40px;">{title}'
        f'</figcaption><img src="{data_uri(digit)}" alt="{title}" style="{image}">'
        f'<div style="font-size:0.8rem; opacity:0.7; text-align:center; padding-top:4px;">'
        f"{caption}</div></figure>"
    )


def neighbours(
    images: Picture, labels: Sequence[int], distances: Sequence[float], *, read: int
) -> str:
    """Images (N, 28, 28) with label and distance under each, as HTML.

    The frame is blue round those labelled ``read``, vermillion round the others.
    """
    return _row(
        [
            _Place(
                _framed(picture, BLUE if label == read else VERMILLION),
                str(label),
                f"{distance:.1f}",
            )
            for picture, label, distance in zip(images, labels, distances, strict=True)
        ]
    )


def occlusion_map(
    digit: Picture,
    falls: Floats,
    t: Translator,
    *,
    title: str,
    measure: Literal["probability", "logit"],
    height: int = 440,
) -> Chart:
    """How much a class's probability or logit falls where ink is erased, over the digit's outline.

    Args:
        digit: the picture (28, 28) as the network sees it.
        falls: (rows, columns) for equal fields of the picture; red where it falls, blue where it
            rises, white where nothing changes.
        t: the reader's language.
        title: what the map shows, in the reader's language.
        measure: what fell; sets the unit, and the least length of the scale.
        height: of the figure, in pixels.
    """
    rows, columns = digit.shape
    limit = max(float(np.abs(falls).max()), LEAST_FALL[measure])
    size = rows / len(falls)
    places = (np.arange(len(falls)) + 0.5) * size - 0.5
    said = "%{z:.1%}" if measure == "probability" else "%{z:.2f}"
    fields = trace(
        "heatmap",
        z=falls,
        x=places,
        y=places,
        zmin=-limit,
        zmax=limit,
        colorscale=colours("RdBu_r"),
        colorbar=_scale(limit, measure),
        hovertemplate=t("falls by") + f" {said}<extra></extra>",
    )
    outline = trace(
        "contour",
        z=digit,
        contours={"start": 127, "end": 127, "size": 1, "coloring": "lines"},
        colorscale=[[0, "#000000"], [1, "#000000"]],
        line={"width": 2, "smoothing": 0.6},
        showscale=False,
        hoverinfo="skip",
    )
    return figure(
        title,
        [fields, outline],
        height=height,
        uirevision="occlusion",
        margin=margin(top=_TITLE_ROOM, bottom=_BAR_ROOM),
        **pixel_axes(bare(_unit(measure, t)), bare(), columns, rows),
    )


def _unit(measure: str, t: Translator) -> str:
    if measure == "probability":
        return t("fall of the probability (percentage points)")
    return t("fall of the logit")


def _scale(limit: float, measure: str) -> dict[str, Any]:
    size = f"{100 * limit:.1f}" if measure == "probability" else f"{limit:.2f}"
    return {
        "orientation": "h",
        "thickness": 10,
        "lenmode": "pixels",
        "len": 280,
        "outlinewidth": 0,
        "x": 0.5,
        "xanchor": "center",
        "y": 0,
        "yanchor": "bottom",
        "yref": "container",
        "tickvals": [-limit, 0, limit],
        "tickfont": {"size": SMALL_SIZE},
        "ticktext": [f"−{size}", "0", f"+{size}"],
    }


def _row(places: Sequence[_Place]) -> str:
    """Pictures side by side that share the page's width, however narrow, with their words."""
    style = "display:flex; gap:2%; align-items:flex-start; text-align:center; margin:0;"
    return f'<div style="{style}">{"".join(_figure(place) for place in places)}</div>'


def _figure(place: _Place) -> str:
    label, small = html.escape(place.label), html.escape(place.small)
    alt = " ".join(filter(None, (label, small)))
    image = "display:block; margin:0 auto 4px; width:100%; aspect-ratio:1; object-fit:contain;"
    return (
        f'<figure style="flex:1 1 0; min-width:0; max-width:{_WIDEST}px; margin:0;">'
        f'<img src="{data_uri(place.picture)}" alt="{alt}" style="{image}">'
        f'<figcaption style="font-size:0.8rem; line-height:1.25;">{label}'
        f'<div style="opacity:0.7;">{small or "&nbsp;"}</div></figcaption></figure>'
    )


def _coloured(picture: Picture) -> Picture:
    """A grey picture (H, W) as RGB."""
    return np.repeat(picture[..., np.newaxis], 3, axis=2)


def _large(picture: Picture) -> Picture:
    """A digit (28, 28) as RGB, (280, 280)."""
    return enlarge(_coloured(picture), _SIDE // len(picture))


def _outline(picture: Picture, box: Box, colour: str, width: int = _LINE) -> Picture:
    """``picture`` (H, W, 3) with the edges of ``box`` drawn inside it, in place."""
    left, top, right, bottom = box
    part = picture[max(top, 0) : bottom, max(left, 0) : right]
    for edge in (part[:width], part[-width:], part[:, :width], part[:, -width:]):
        edge[:] = _rgb(colour)
    return picture


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def _boxed(source: Picture, box: Box) -> Picture:
    width = max(1, round(_LINE * max(source.shape) / _SIDE))
    return _outline(_coloured(source), box, VERMILLION, width)


def _framed(picture: Picture, colour: str) -> Picture:
    return _outline(_large(picture), (0, 0, _SIDE, _SIDE), colour, 3 * _LINE)


def _with_square(picture: Picture, side: float) -> Picture:
    low = round((len(picture) - side) / 2 * _SIDE / len(picture))
    return _outline(_large(picture), (low, low, _SIDE - low, _SIDE - low), VERMILLION)


def _with_cross(picture: Picture, centre: float) -> Picture:
    large = _large(picture)
    at = round((centre + 0.5) * _SIDE / len(picture))
    line = slice(at - _LINE // 2, at + _LINE // 2)
    large[line] = large[:, line] = _rgb(VERMILLION)
    return large


def _with_grid(picture: Picture) -> Picture:
    large = _large(picture)
    step = _SIDE // len(picture)
    large[::step] = large[:, ::step] = _rgb(GREY_BLUE)
    return large
