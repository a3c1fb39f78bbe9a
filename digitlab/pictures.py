"""Pictures from arrays: mosaics, enlarged pixels, PNG files."""

from __future__ import annotations

import base64
import io
import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

_CHANNELS = {2: None, 3: (2, 3, 4)}  # grey; grey and alpha, RGB, RGBA


def tile(images: npt.ArrayLike, columns: int, *, gap: int = 1, fill: float = 0) -> npt.NDArray[Any]:
    """One mosaic of many pictures, row by row from the top left.

    Args:
        images: pictures (N, H, W) or (N, H, W, C) of any dtype.
        columns: pictures in a row; a row that is not full ends with ``fill``.
        gap: elements between two pictures.
        fill: the value of gaps and empty places; NaN asks for floating point images.

    Returns:
        (rows*H + (rows-1)*gap, columns*W + (columns-1)*gap[, C]) of the images' dtype.

    Raises:
        ValueError: the images have another number of dimensions, or there is no column.
    """
    stack = np.asarray(images)
    if stack.ndim not in (3, 4) or columns < 1:
        raise ValueError(f"no mosaic of shape {stack.shape} in {columns} columns")
    count, height, width = stack.shape[:3]
    rows = math.ceil(count / columns)
    cell = (rows, height + gap, columns, width + gap, *stack.shape[3:])
    mosaic = np.full(cell, fill, stack.dtype)
    for number, picture in enumerate(stack):
        row, column = divmod(number, columns)
        mosaic[row, :height, column, :width] = picture
    whole = mosaic.reshape(cell[0] * cell[1], cell[2] * cell[3], *stack.shape[3:])
    return whole[: max(whole.shape[0] - gap, 0), : whole.shape[1] - gap]


def enlarge(image: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    """``image`` (H, W[, C]) with every pixel repeated: (H*factor, W*factor[, C]), nothing blurred.

    Raises:
        ValueError: the factor is below 1.
    """
    if factor < 1:
        raise ValueError(f"cannot enlarge {factor} times")
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


def png_bytes(image: npt.NDArray[Any]) -> bytes:
    """The PNG file of a uint8 picture: (H, W) grey, or (H, W, C) with 2, 3 or 4 channels.

    Raises:
        ValueError: the array is of another dtype or shape, or empty.
    """
    channels = _CHANNELS.get(image.ndim, ())
    fits = channels is None or image.shape[2] in channels
    if image.dtype != np.uint8 or not fits or not image.size:
        raise ValueError(f"no PNG of {image.dtype} {image.shape}")
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(file, "PNG")
    return file.getvalue()


def data_uri(image: npt.NDArray[Any]) -> str:
    """``png_bytes`` as an address that a browser opens without asking the server.

    Raises:
        ValueError: as ``png_bytes``.
    """
    return "data:image/png;base64," + base64.b64encode(png_bytes(image)).decode("ascii")
