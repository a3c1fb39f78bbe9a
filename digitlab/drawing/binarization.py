"""Separates the ink of a grey picture from its background: polarity, shadows, paper and specks."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from digitlab.drawing.types import Box, Floats, nothing_seen

SMALL = 40  # a picture whose ink is no longer than this keeps its own grey values and pen

_LEAST_CONTRAST = 24  # grey levels, of 255, between ink and background


def ink_of(grey: Floats) -> Floats:
    """Ink, float64 (H, W) from 0 to 1, of grey values; shadows and noise are removed.

    Raises:
        NothingDrawnError: the picture has too little contrast.
    """
    if grey.max() - grey.min() < _LEAST_CONTRAST:
        raise nothing_seen()
    light = grey if _light_on_dark(grey) else 255 - grey
    if _uneven(light):
        light = light - _background(light)
        if light.max() < _LEAST_CONTRAST:
            raise nothing_seen()
    return _cleaned(light)


def _light_on_dark(grey: Floats) -> bool:
    """Whether the ink is the lighter part: the frame of a picture mostly shows its background."""
    frame = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    light = float((frame > _otsu(grey)).mean())
    if not 0.25 < light < 0.75:
        return light < 0.5
    # A shadow covers half of the frame: strokes are what a wide opening or closing removes.
    size = max(3, max(grey.shape) // 6)
    small = grey[:: max(1, size // 12), :: max(1, size // 12)]
    window = max(3, max(small.shape) // 6)
    lights = small - ndimage.grey_opening(small, window)
    darks = ndimage.grey_closing(small, window) - small
    return bool(np.percentile(lights, 98) > np.percentile(darks, 98))


def _otsu(grey: Floats) -> float:
    """The threshold that best separates grey values 0 to 255 into two classes.

    N. Otsu, "A threshold selection method from gray-level histograms", 1979.
    """
    counts = np.bincount(np.clip(grey, 0, 255).astype(np.intp).ravel(), minlength=256)
    below = np.cumsum(counts)[:-1].astype(float)
    sums = np.cumsum(counts * np.arange(256))[:-1].astype(float)
    total, mass = float(counts.sum()), float(counts @ np.arange(256))
    between = (mass * below - sums * total) ** 2 / np.maximum(below * (total - below), 1)
    best = np.flatnonzero(between == between.max())
    return float(best.mean()) + 0.5


def _uneven(light: Floats) -> bool:
    """Whether the background is shaded, as in a photograph of paper."""
    threshold = _otsu(light)
    background = light[light <= threshold]
    spread = float(np.percentile(background, 90) - np.percentile(background, 10))
    return max(light.shape) > SMALL and spread > 12


def _background(light: Floats) -> Floats:
    """The shade under the ink: a grey opening with a window of a third of the picture."""
    factor = max(1, max(light.shape) // 70)
    small = ndimage.gaussian_filter(light, factor / 2)[::factor, ::factor]
    opened = ndimage.grey_opening(small, max(3, max(small.shape) // 3), mode="nearest")
    smooth = ndimage.gaussian_filter(opened, 3, mode="nearest")
    places = np.indices(light.shape) / factor
    return np.asarray(ndimage.map_coordinates(smooth, places, order=1, mode="nearest"))


def _cleaned(light: Floats) -> Floats:
    """Ink 0 to 1: the background's grey level becomes 0, the ink's 1, and specks are removed."""
    if max(light.shape) <= SMALL:
        return np.asarray((light - light.min()) / (light.max() - light.min()))
    threshold = _otsu(light)
    marked = light > threshold
    full = float(np.percentile(light[marked], 60))
    empty = float(np.median(light[~marked]))
    noise = 3 * float(np.median(np.abs(light[~marked] - empty))) + empty
    ink = np.clip((light - noise) / max(full - noise, 1e-6), 0, 1)
    square = np.ones((3, 3))
    parts, _ = ndimage.label(ink > 0.5, square)
    sizes = np.bincount(parts.ravel())
    specks = sizes < 0.02 * sizes[1:].max(initial=0)  # of the largest part
    specks[0] = False  # the background
    if specks.any():
        ink = ink * ~ndimage.binary_dilation(specks[parts], square, iterations=2)
    return np.asarray(ink)


def ink_box(ink: Floats) -> Box:
    """The bounding box of the ink: left, top, right, bottom."""
    marked = ink > (0.0 if max(ink.shape) <= SMALL else 0.5)
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    if not len(rows):
        raise nothing_seen()
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
