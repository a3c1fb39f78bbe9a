"""The types, constants and errors of drawings and their preprocessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.messages import LabError, message

Strokes = list[npt.NDArray[np.float64]]
Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Box = tuple[int, int, int, int]

# Measured on MNIST's 60,000 training images: the longest side of the ink is 20 pixels in 59,987,
# and the centre of mass lies at pixel 14.00 (row and column; standard deviation 0.29, since whole
# pixels were shifted), pixels counted from 0 at their centres.
BOX_SIDE = 20
CENTRE = 14.0
# Width of MNIST's strokes at half ink, by a distance transform at 8 times the size: median 2.5
# pixels, half of the images between 2.1 and 3.0, nine in ten between 1.5 and 4.0.
PEN_WIDTH = 2.5

SOURCE_SIDE = 280  # pixels of ``Drawing.source`` at most


class DrawingError(LabError):
    """A drawing or a picture that cannot be preprocessed."""


class NothingDrawnError(DrawingError):
    """There is no ink yet."""


@dataclass(frozen=True)
class Steps:
    """The preprocessing steps; leaving one out shows what it is good for.

    Without ``crop`` the whole canvas or picture is used, not the bounding box of its ink. Without
    ``scale`` the canvas is shrunk to 28 pixels, instead of the crop to 20. Without ``centre`` the
    middle of the crop, not its centre of mass, is placed in the middle. Without ``pen`` the strokes
    keep the width they were drawn at. Without any of them the drawing is only resized to 28x28.
    """

    crop: bool = True
    scale: bool = True
    centre: bool = True
    pen: bool = True


ALL_STEPS = Steps()


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing after each preprocessing step; pictures are uint8, 0 to 255, light ink on black.

    ``source`` (H, W) is the drawing itself, ``box`` the bounding box of its ink (left, top, right,
    bottom, in pixels of ``source``), ``scaled`` (28, 28) the ink 20 pixels long in the middle, and
    ``digit`` (28, 28) the same with its centre of mass in the middle. Where ``Steps`` are left out,
    the pictures are the results of the others.
    """

    source: Picture
    box: Box
    scaled: Picture
    digit: Picture

    @property
    def crop(self) -> Picture:
        """The part of ``source`` in ``box``."""
        left, top, right, bottom = self.box
        return self.source[top:bottom, left:right]


def nothing_seen() -> NothingDrawnError:
    """The error of a picture of one shade."""
    return NothingDrawnError(message("There is no digit to be seen in this image."))


def broken() -> DrawingError:
    """The error for data that is not a drawing."""
    return DrawingError(message("This drawing cannot be read: clear the canvas and draw again."))


def too_much() -> DrawingError:
    """The error for a drawing with too many strokes or points."""
    return DrawingError(
        message("This drawing has too many strokes or points: clear the canvas and draw again.")
    )


def centre_of_mass(ink: npt.NDArray[Any]) -> tuple[float, float]:
    """Row and column of the centre of mass of a picture (H, W) that is not all 0."""
    total = float(ink.sum())
    rows = float(ink.sum(axis=1) @ np.arange(ink.shape[0])) / total
    columns = float(ink.sum(axis=0) @ np.arange(ink.shape[1])) / total
    return rows, columns


def grey_picture(ink: Floats) -> Picture:
    """Ink, 0 to 1, as a picture, 0 to 255."""
    return np.round(np.clip(ink, 0, 1) * 255).astype(np.uint8)
