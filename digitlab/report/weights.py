"""A picture of a first layer's weights: one tile per filter, blue below zero, red above."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.config import IMAGE_SIZE
from digitlab.layers import Layer
from digitlab.network import Floats
from digitlab.pictures import enlarge, png_bytes, tile

MOST_TILES = 32

_COLUMNS = 8
_GAP = 4  # pixels between tiles
_LEAST_WIDTH = 440  # pixels: sharp on half a printed page
_MAT = 150  # the grey between tiles: weights near zero are as white as the paper
# Of ColorBrewer's RdBu, by Cynthia Brewer: from -1 to 1, told apart by colour-blind people too.
_STOPS = np.linspace(-1, 1, 5)
_COLOURS = np.array(
    [(5, 48, 97), (67, 147, 195), (247, 247, 247), (214, 96, 77), (103, 0, 31)], np.float64
)


def tiles(weights: Floats, layer: Layer) -> Floats:
    """The first ``MOST_TILES`` filters (N, k, k) of a convolution, or neurons (N, 28, 28)."""
    if layer.kind == "conv":
        return np.moveaxis(weights[:, :, 0, :MOST_TILES], -1, 0)
    return weights[:, :MOST_TILES].T.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)


def mosaic(pictures: Floats, limit: float) -> bytes:
    """Tiles (N, H, W) as a PNG file's bytes; colours are saturated at ``limit``."""
    factor = -(-_LEAST_WIDTH // (_COLUMNS * pictures.shape[2]))
    large = [enlarge(picture, factor) for picture in _coloured(pictures / limit)]
    return png_bytes(tile(large, _COLUMNS, gap=_GAP, fill=_MAT))


def scale() -> bytes:
    """The colours from -limit to limit, left to right, as the bytes of a PNG file."""
    return png_bytes(np.repeat(_coloured(np.linspace(-1, 1, 256))[np.newaxis], 8, axis=0))


def _coloured(shares: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
    """Values (...) from -1 to 1 as RGB colours, uint8 (..., 3)."""
    parts = [np.interp(shares, _STOPS, _COLOURS[:, part]) for part in range(3)]
    return np.stack(parts, axis=-1).round().astype(np.uint8)
