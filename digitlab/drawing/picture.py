"""Crops, scales and centres the digit of a picture like MNIST's pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from digitlab.config import IMAGE_SIZE
from digitlab.drawing.binarization import SMALL, ink_box, ink_of
from digitlab.drawing.file import MIN_IMAGE_SIDE, grey_of_file
from digitlab.drawing.types import (
    ALL_STEPS,
    BOX_SIDE,
    CENTRE,
    PEN_WIDTH,
    SOURCE_SIDE,
    Box,
    Drawing,
    DrawingError,
    Floats,
    Picture,
    Steps,
    centre_of_mass,
    grey_picture,
)
from digitlab.messages import message

_FINE = 6  # pictures are processed at so many pixels per digit pixel


def from_image(data: bytes, *, steps: Steps = ALL_STEPS) -> Drawing:
    """The digit in a PNG or JPEG file's bytes, dark on light or light on dark.

    Raises:
        DrawingError: not a PNG or JPEG, not whole, too large, too small, or nothing to be seen.
    """
    return from_pixels(grey_of_file(data), steps=steps)


def from_pixels(grey: npt.NDArray[Any], *, steps: Steps = ALL_STEPS) -> Drawing:
    """The digit in a grey picture (H, W), 0 to 255, dark on light or light on dark.

    Raises:
        DrawingError: the picture is too small, or has nothing to be seen.
    """
    values = np.asarray(grey, np.float64)
    if values.ndim != 2 or min(values.shape) < MIN_IMAGE_SIDE:
        raise DrawingError(
            message(
                "This image is too small to hold a digit: it needs {side} pixels each way.",
                side=MIN_IMAGE_SIDE,
            )
        )
    ink = ink_of(values)
    height, width = ink.shape
    box = left, top, right, bottom = ink_box(ink) if steps.crop else (0, 0, width, height)
    source, shown_box = _shown(ink, box)
    scale = None if steps.scale else IMAGE_SIZE / max(ink.shape)
    fitted, fine = _fitted(ink[top:bottom, left:right], scale, steps)
    middle = (fitted.shape[0] - 1) / 2, (fitted.shape[1] - 1) / 2
    if steps.crop and fitted.any():
        marked = np.argwhere(fitted > min(0.25, fitted.max() / 2))  # thin lines may be faint now
        row, column = (marked.min(axis=0) + marked.max(axis=0)) / 2
        middle = row, column
    scaled = digit = grey_picture(_placed(fitted, fine, middle, (IMAGE_SIZE - 1) / 2))
    if steps.centre and fitted.any():
        digit = grey_picture(_placed(fitted, fine, centre_of_mass(fitted), CENTRE))
    return Drawing(source, shown_box, scaled, digit)


def _fitted(crop: Floats, scale: float | None, steps: Steps) -> tuple[Floats, int]:
    """The crop at its size in the digit, and its resolution in pixels per digit pixel.

    ``scale`` is in digit pixels per pixel; None makes the longest side 20.
    """
    longest = max(crop.shape)
    if longest <= SMALL:  # it keeps its own grey values and pen
        if scale is None and abs(longest - BOX_SIDE) <= 1:  # like MNIST's own: unchanged
            return crop, 1
        return _resized(crop, scale or BOX_SIDE / longest), 1
    if steps.pen:
        return _with_our_pen(crop, scale), _FINE
    return _resized(crop, (scale or BOX_SIDE / longest) * _FINE), _FINE


def _with_our_pen(crop: Floats, scale: float | None) -> Floats:
    """The crop with strokes PEN_WIDTH wide, at ``_FINE`` pixels per digit pixel.

    The pen's width is measured on the ridge of the distance transform. Dilating or eroding by a
    distance then changes the width, and leaves the middle of each stroke in place.
    """
    distance = ndimage.distance_transform_edt(np.pad(crop > 0.5, 1))
    ridge = (distance >= ndimage.maximum_filter(distance, 3)) & (distance > 0)
    pen = 2 * float(np.median(distance[ridge])) - 1
    if scale is None:  # 20 long with the new pen
        middle_line = max(crop.shape) - pen
        fits = middle_line > 0.35 * pen
        scale = (BOX_SIDE - PEN_WIDTH) / middle_line if fits else PEN_WIDTH / pen
    least = 2 / (scale * _FINE)
    if pen < least:  # making it smaller would lose its lines
        more = math.ceil(least - pen)
        crop = ndimage.grey_dilation(np.pad(crop, more), size=(more + 1, more + 1))
        pen += more
    inside = np.pad(_resized(crop, scale * _FINE), 2 * _FINE) > 0.5
    within, beyond = (ndimage.distance_transform_edt(part) for part in (inside, ~inside))
    covered = np.where(inside, within, 1 - beyond)  # 0.5 where the edge runs
    return np.asarray(np.clip(covered + (PEN_WIDTH - pen * scale) / 2 * _FINE, 0, 1))


def _resized(ink: Floats, scale: float) -> Floats:
    """Ink (H, W) at another size: averaged when smaller, bilinear when larger."""
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    smaller = width < ink.shape[1]
    method = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
    image = Image.fromarray(ink.astype(np.float32)).resize((width, height), method)
    return np.clip(np.asarray(image, np.float64), 0, 1)


def _placed(ink: Floats, fine: int, at: tuple[float, float], target: float) -> Floats:
    """A picture (28, 28) with the point ``at`` of ``ink`` on row and column ``target``."""
    side = IMAGE_SIZE * fine
    goal = (target + 0.5) * fine - 0.5
    canvas = np.zeros((side, side))
    top, left = round(goal - at[0]), round(goal - at[1])
    rows, columns = slice(max(top, 0), top + ink.shape[0]), slice(max(left, 0), left + ink.shape[1])
    part = canvas[rows, columns]
    part[:] = ink[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1]]
    return np.asarray(canvas.reshape(IMAGE_SIZE, fine, IMAGE_SIZE, fine).mean(axis=(1, 3)))


def _shown(ink: Floats, box: Box) -> tuple[Picture, Box]:
    """The picture as a page shows it, longest side at most 280 pixels, and the box in it."""
    scale = SOURCE_SIDE / max(ink.shape)
    if scale >= 1:
        return grey_picture(ink), box
    shown = grey_picture(_resized(ink, scale))
    left, top, right, bottom = box
    down, across = (new / old for new, old in zip(shown.shape, ink.shape, strict=True))
    low = int(left * across), int(top * down)
    return shown, (*low, math.ceil(right * across), math.ceil(bottom * down))
