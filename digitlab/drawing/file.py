"""Decodes an untrusted PNG or JPEG file to grey values; type and size are checked first."""

from __future__ import annotations

import io
import math
import warnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from digitlab import broken
from digitlab.drawing.types import DrawingError, Floats, nothing_seen
from digitlab.messages import message

MAX_IMAGE_BYTES = 2 * 1024 * 1024
MAX_IMAGE_PIXELS = 4096 * 4096
MAX_IMAGE_SIDE = 10_000
MIN_IMAGE_SIDE = 8

_WORK_SIDE = 560  # uploaded pictures are reduced to this before they are processed
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def grey_of_file(data: bytes) -> Floats:
    """The grey values, float64 (H, W) from 0 to 255, of a PNG or JPEG file's bytes.

    Raises:
        DrawingError: the file is of another type, broken, too large, or all transparent.
    """
    if not data:
        raise DrawingError(message("This file is empty."))
    if len(data) > MAX_IMAGE_BYTES:
        raise DrawingError(message("This file is larger than 2 MB: save the image smaller."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of sizes that are an error here
            image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG"])
            if math.prod(image.size) > MAX_IMAGE_PIXELS or max(image.size) > MAX_IMAGE_SIDE:
                raise _too_large()
            image.draft(image.mode, (_WORK_SIDE, _WORK_SIDE))  # a large JPEG is decoded smaller
            image.load()
            return _grey_values(ImageOps.exif_transpose(image))
    except DrawingError:
        raise
    except UnidentifiedImageError as error:
        if data.startswith(_SIGNATURES):
            raise _not_whole() from error
        raise DrawingError(message("This file is not a PNG or JPEG image.")) from error
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except Exception as error:  # a decoder fails in many ways on a broken file
        broken.note(error, "a picture")
        raise _not_whole() from error


def _not_whole() -> DrawingError:
    return DrawingError(message("This image file is broken or not whole."))


def _too_large() -> DrawingError:
    return DrawingError(
        message(
            "This image has too many pixels: save it with at most {side} pixels a side.",
            side=math.isqrt(MAX_IMAGE_PIXELS),
        )
    )


def _grey_values(image: Image.Image) -> Floats:
    """Grey values of a picture of any mode.

    A transparent picture is laid on white when its ink is dark, on black when it is light.
    """
    if image.mode.startswith("I"):  # 16-bit grey, which "L" would clip
        grey = np.clip(np.asarray(image, np.float64), 0, 65535) / 257
        return _reduced(Image.fromarray(grey.astype(np.uint8)))
    if image.has_transparency_data:
        grey_part, alpha = image.convert("RGBA").convert("LA").split()
        grey, opacity = _reduced(grey_part), _reduced(alpha) / 255
        if opacity.sum() < 1:
            raise nothing_seen()
        ink = float((grey * opacity).sum() / opacity.sum())
        return grey * opacity + (255.0 if ink < 128 else 0.0) * (1 - opacity)
    return _reduced(image.convert("L"))


def _reduced(image: Image.Image) -> Floats:
    factor = math.ceil(max(image.size) / _WORK_SIDE)
    smaller = image.reduce(factor) if min(image.size) >= MIN_IMAGE_SIDE * factor else image
    return np.asarray(smaller, np.float64)
