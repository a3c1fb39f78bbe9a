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
    box = ink_box(ink)
    if not steps.crop:
        box = (0, 0, ink.shape[1], ink.shape[0])
    left, top, right, bottom = box
    fitted = _fitted_crop(ink[top:bottom, left:right], max(ink.shape), steps)
    source, shown_box = _shown(ink, box)
    scaled = grey_picture(_middled(*fitted) if steps.crop else _in_the_middle(*fitted))
    digit = grey_picture(_massed(*fitted)) if steps.centre else scaled
    return Drawing(source, shown_box, scaled, digit)


def _fitted_crop(crop: Floats, picture_side: int, steps: Steps) -> tuple[Floats, int]:
    """The crop at its size in the digit, and its resolution in pixels per digit pixel."""
    scale = None if steps.scale else IMAGE_SIZE / picture_side
    if max(crop.shape) <= SMALL:
        return _as_it_is(crop, scale)
    if steps.pen:
        return _with_our_pen(crop, scale)
    scale = (scale or BOX_SIDE / max(crop.shape)) * _FINE
    height, width = (max(1, round(side * scale)) for side in crop.shape)
    return _resized(crop, (width, height)), _FINE


def _as_it_is(crop: Floats, scale: float | None) -> tuple[Floats, int]:
    """A small picture at a longest side of 20, with its own grey values and pen.

    ``scale``, digit pixels per pixel, gives it another size.
    """
    longest = max(crop.shape)
    if scale is None and abs(longest - BOX_SIDE) <= 1:  # like MNIST's own: unchanged
        return crop, 1
    if scale is None:
        height, width = (max(1, round(side * BOX_SIDE / longest)) for side in crop.shape)
    else:
        height, width = (max(1, round(side * scale)) for side in crop.shape)
    return _resized(crop, (width, height)), 1


def _with_our_pen(crop: Floats, scale: float | None) -> tuple[Floats, int]:
    """The crop 20 long and its strokes PEN_WIDTH wide, at ``_FINE`` pixels per digit pixel.

    The pen's width is measured on the ridge of the distance transform. Dilating or eroding by a
    distance then changes the width, and leaves the middle of each stroke in place. ``scale``, digit
    pixels per pixel, gives the crop another length.
    """
    pen = _pen_of(crop)
    scale = scale or _fit_of(max(crop.shape), pen)
    crop, pen = _thick_enough(crop, pen, 2 / (scale * _FINE))
    height, width = (max(1, round(side * scale * _FINE)) for side in crop.shape)
    margin = 2 * _FINE
    fine = np.pad(_resized(crop, (width, height)), margin)
    inside = fine > 0.5
    within, beyond = (ndimage.distance_transform_edt(part) for part in (inside, ~inside))
    covered = np.where(inside, within, 1 - beyond)  # 0.5 where the edge runs
    wider = (PEN_WIDTH - pen * scale) / 2 * _FINE
    return np.clip(covered + wider, 0, 1), _FINE


def _fit_of(longest: int, pen: float) -> float:
    """The scale, digit pixels per pixel, that makes the ink 20 long with a pen of PEN_WIDTH."""
    middle_line = longest - pen
    return (BOX_SIDE - PEN_WIDTH) / middle_line if middle_line > 0.35 * pen else PEN_WIDTH / pen


def _thick_enough(crop: Floats, pen: float, least: float) -> tuple[Floats, float]:
    """The crop and its pen width, dilated to ``least`` pixels where resizing would lose lines."""
    if pen >= least:
        return crop, pen
    more = math.ceil(least - pen)
    grown = ndimage.grey_dilation(np.pad(crop, more), size=(more + 1, more + 1))
    return np.asarray(grown), pen + more


def _pen_of(crop: Floats) -> float:
    """The width of a picture's strokes, in its own pixels, from the distance transform."""
    distance = ndimage.distance_transform_edt(np.pad(crop > 0.5, 1))
    ridge = (distance >= ndimage.maximum_filter(distance, 3)) & (distance > 0)
    return 2 * float(np.median(distance[ridge])) - 1


def _resized(ink: Floats, size: tuple[int, int]) -> Floats:
    """Ink (H, W) at another size (width, height): averaged when smaller, bilinear when larger."""
    smaller = size[0] < ink.shape[1]
    method = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
    image = Image.fromarray(ink.astype(np.float32)).resize(size, method)
    return np.clip(np.asarray(image, np.float64), 0, 1)


def _middled(ink: Floats, fine: int) -> Floats:
    """Ink with the middle of its bounding box in the picture's middle."""
    if not ink.any():
        return _in_the_middle(ink, fine)
    marked = np.argwhere(ink > min(0.25, ink.max() / 2))  # a thin line made smaller is faint
    middle = (marked.min(axis=0) + marked.max(axis=0)) / 2
    return _placed_ink(ink, fine, (middle[0], middle[1]), (IMAGE_SIZE - 1) / 2)


def _in_the_middle(ink: Floats, fine: int) -> Floats:
    """A whole picture, centred, also one whose thin lines were lost because steps were left out."""
    height, width = ink.shape
    return _placed_ink(ink, fine, ((height - 1) / 2, (width - 1) / 2), (IMAGE_SIZE - 1) / 2)


def _massed(ink: Floats, fine: int) -> Floats:
    """Ink with its centre of mass where MNIST has it."""
    if not ink.any():
        return _in_the_middle(ink, fine)
    return _placed_ink(ink, fine, centre_of_mass(ink), CENTRE)


def _placed_ink(ink: Floats, fine: int, at: tuple[float, float], target: float) -> Floats:
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
    longest = max(ink.shape)
    if longest <= SOURCE_SIDE:
        return grey_picture(ink), box
    scale = SOURCE_SIDE / longest
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    left, top, right, bottom = box
    across, down = width / ink.shape[1], height / ink.shape[0]  # rounded, so not quite ``scale``
    shown = (
        int(left * across),
        int(top * down),
        math.ceil(right * across),
        math.ceil(bottom * down),
    )
    return grey_picture(_resized(ink, (width, height))), shown
