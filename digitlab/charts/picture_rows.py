"""Rows of small pictures, as HTML: how a drawing becomes 28x28, digits like it, activating digits.

They are no figures: a figure keeps its height when the page is narrow and takes ten times longer to
make, and these are as large as the page has room for.
"""

from __future__ import annotations

import html
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitlab.charts.frame import BLUE, GREY_BLUE, VERMILLION
from digitlab.config import IMAGE_SIZE
from digitlab.messages import Translator
from digitlab.pictures import data_uri, enlarge

Picture = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

_SIDE = 280  # pixels of a picture before the browser scales it: ten for each of a digit's
_LINE = 4  # of those: a line in such a picture
_ACTIVATION_SIDE = 112  # pixels of an activating digit before the browser scales it


@dataclass(frozen=True, eq=False)
class TopActivation:
    """A digit (28, 28) uint8 that activates a filter most, and the words under it.

    ``box`` is the top, left and side in pixels of the square that the filter sees there; None where
    it is the whole digit.
    """

    digit: Picture
    label: str
    small: str
    box: tuple[int, int, int] | None = None


def preprocessing_steps(
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
    """
    left, top, right, bottom = box
    side, centre = marks
    pixel = _SIDE // IMAGE_SIZE
    drawn = _coloured(source)
    _outline(drawn, box, VERMILLION, max(1, round(_LINE * max(source.shape) / _SIDE)))
    square, cross, grid = _large(scaled), _large(digit), _large(digit)
    low = round((IMAGE_SIZE - side) / 2 * pixel)
    _outline(square, (low, low, _SIDE - low, _SIDE - low), VERMILLION, _LINE)
    at = round((centre + 0.5) * pixel)
    line = slice(at - _LINE // 2, at + _LINE // 2)
    cross[line] = cross[:, line] = _rgb(VERMILLION)
    grid[::pixel] = grid[:, ::pixel] = _rgb(GREY_BLUE)
    crop, scale, centred = (t("(off)") if s in off else "" for s in ("crop", "scale", "centre"))
    return _row(
        [
            (drawn, t("drawn"), ""),
            (_coloured(source[top:bottom, left:right]), t("cut out"), crop),
            (square, t("scaled"), scale),
            (cross, t("centred"), centred),
            (grid, t("28x28 pixels"), ""),
        ]
    )


def network_input(digit: Picture, t: Translator) -> str:
    """A digit (28, 28) as the network sees it, large and crisp, as HTML.

    A rerun of the Draw page makes one each time the pen is up.
    """
    title, caption = html.escape(t("What the network sees")), html.escape(t("28x28 pixels"))
    image = "display:block; width:100%; aspect-ratio:1; image-rendering:pixelated;"
    image += f"border:1px solid {GREY_BLUE};"
    return (
        '<figure style="margin:0; max-width:210px;">'
        f'<figcaption style="font-size:15px; font-weight:600; line-height:40px;">{title}'
        f'</figcaption><img src="{data_uri(digit)}" alt="{title}" style="{image}">'
        f'<div style="font-size:0.8rem; opacity:0.7; text-align:center; padding-top:4px;">'
        f"{caption}</div></figure>"
    )


def nearest_digits(
    images: Picture, labels: Sequence[int], distances: Sequence[float], *, read: int
) -> str:
    """Images (N, 28, 28) with label and distance under each, as HTML.

    The frame is blue round those labelled ``read``, vermillion round the others.
    """
    pictures = []
    for image, label, distance in zip(images, labels, distances, strict=True):
        framed = _large(image)
        colour = BLUE if label == read else VERMILLION
        _outline(framed, (0, 0, _SIDE, _SIDE), colour, 3 * _LINE)
        pictures.append((framed, str(label), f"{distance:.1f}"))
    return _row(pictures)


def top_activations(found: Sequence[TopActivation]) -> str:
    """Digits in rows that wrap, as HTML; over each that has a box, what the box holds, enlarged."""
    style = "display:flex; flex-wrap:wrap; gap:10px; margin:0 0 8px;"
    return f'<div style="{style}">{"".join(_activation(one) for one in found)}</div>'


def _activation(one: TopActivation) -> str:
    label, small = html.escape(one.label), html.escape(one.small)
    factor = _ACTIVATION_SIDE // len(one.digit)
    large = enlarge(_coloured(one.digit), factor)
    pictures = [large]
    if one.box is not None:
        top, left, side = one.box
        patch = one.digit[top : top + side, left : left + side]
        pictures.insert(0, enlarge(patch, max(1, math.ceil(_ACTIVATION_SIDE / len(patch)))))
        near, low = factor * left - 2, factor * top - 2  # outside the square
        far = factor * side + 4
        _outline(large, (near, low, near + far, low + far), VERMILLION, 2)
    style = (
        "display:block; width:64px; height:64px; margin:0 0 4px; image-rendering:pixelated; "
        f"outline:1px solid {GREY_BLUE};"  # a patch may be as white as the page
    )
    images = "".join(
        f'<img src="{data_uri(picture)}" alt="{label}, {small}" style="{style}">'
        for picture in pictures
    )
    return (
        f'<figure style="margin:0; width:64px; text-align:center;">{images}'
        f'<figcaption style="font-size:0.85rem; line-height:1.25;">{label}'
        f'<div style="font-size:0.75rem;">{small}</div></figcaption></figure>'
    )


def _row(pictures: Sequence[tuple[Picture, str, str]]) -> str:
    """Pictures (H, W, 3) side by side that share the page's width, each with label and small print.

    They shrink with the page, however narrow it is.
    """
    style = "display:flex; gap:2%; align-items:flex-start; text-align:center; margin:0;"
    image = "display:block; margin:0 auto 4px; width:100%; aspect-ratio:1; object-fit:contain;"
    figures = ""
    for picture, label, small in pictures:
        label, small = html.escape(label), html.escape(small)
        figures += (
            '<figure style="flex:1 1 0; min-width:0; max-width:150px; margin:0;">'
            f'<img src="{data_uri(picture)}" alt="{f"{label} {small}".strip()}" style="{image}">'
            f'<figcaption style="font-size:0.8rem; line-height:1.25;">{label}'
            f'<div style="opacity:0.7;">{small or "&nbsp;"}</div></figcaption></figure>'
        )
    return f'<div style="{style}">{figures}</div>'


def _coloured(picture: Picture) -> Picture:
    """A grey picture (H, W) as RGB."""
    return np.repeat(picture[..., np.newaxis], 3, axis=2)


def _large(picture: Picture) -> Picture:
    """A digit (28, 28) as RGB, (280, 280, 3)."""
    return enlarge(_coloured(picture), _SIDE // len(picture))


def _outline(picture: Picture, box: Box, colour: str, width: int) -> None:
    """Draw the edges of ``box`` inside it, into ``picture`` (H, W, 3)."""
    left, top, right, bottom = box
    part = picture[max(top, 0) : bottom, max(left, 0) : right]
    for edge in (part[:width], part[-width:], part[:, :width], part[:, -width:]):
        edge[:] = _rgb(colour)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))
