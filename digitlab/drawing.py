"""A drawing becomes a 28x28 digit here.

Two roads lead there: pen strokes are redrawn (``from_strokes``), pictures are cleaned and scaled
(``from_image``). Both end as MNIST's own pictures were made (Y. LeCun, C. Cortes, C. Burges,
http://yann.lecun.com/exdb/mnist): longest side 20 pixels, centre of mass in the middle of 28x28.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError
from scipy import ndimage

from digitlab.config import IMAGE_SIZE
from digitlab.messages import LabError, message

Strokes = list[npt.NDArray[np.float64]]
Picture = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Point = tuple[float, float]
Box = tuple[int, int, int, int]

# Measured on MNIST's 60,000 training images: the longest side of the ink is 20 pixels in 59,987,
# and the centre of mass lies at pixel 14.00 (row and column; standard deviation 0.29, since whole
# pixels were shifted), pixels counted from 0 at their centres.
BOX_SIDE = 20
CENTRE = 14.0
# Width of MNIST's strokes at half ink, by a distance transform at 8 times the size: median 2.5
# pixels, half of the images between 2.1 and 3.0, nine in ten between 1.5 and 4.0.
PEN_WIDTH = 2.5

MAX_STROKES = 1_000
MAX_POINTS = 10_000
MAX_COORDINATE = 1e6
MAX_IMAGE_BYTES = 2 * 1024 * 1024
MAX_IMAGE_PIXELS = 4096 * 4096
MAX_IMAGE_SIDE = 10_000
MIN_IMAGE_SIDE = 8

# From an object's origin to its middle, in sizes of the object; Fabric's own origin is the middle.
_FROM_ORIGIN = {"left": 0.5, "top": 0.5, "center": 0.0, "right": -0.5, "bottom": -0.5}
_DOT = 2.0  # canvas pixels: a stroke that moves less than this was meant as a dot
_STEP = 0.25  # digit pixels between two stamps of the pen
_MAX_STAMPS = 4_000
_NUMBERS = {"M": 2, "L": 2, "Q": 4}  # of each path command
_CURVE_STEPS = 4  # straight pieces of a curve between two mouse events, a few pixels apart
_CURVE_SHARES = [
    ((1 - t) ** 2, 2 * t * (1 - t), t**2)
    for t in (step / _CURVE_STEPS for step in range(1, _CURVE_STEPS + 1))
]
_SOURCE_SIDE = 280
_CANVAS_PEN = 18.0  # canvas pixels
_WORK_SIDE = 560  # uploaded pictures are reduced to this before anything is looked at
_FINE = 6  # the image road works at this many pixels for each of the digit's
_SMALL = 40  # a picture whose ink is no longer than this is taken as it is, its pen too
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_LEAST_CONTRAST = 24  # grey levels, of 255, between ink and background


class DrawingError(LabError):
    """A drawing or a picture that cannot become a digit."""


class NothingDrawnError(DrawingError):
    """There is no ink yet."""


@dataclass(frozen=True)
class Steps:
    """What is done to a drawing on its way; a step left out shows what it is good for.

    Without ``crop`` the whole canvas or picture is taken, not the box of its ink. Without
    ``scale`` the canvas is shrunk to 28 pixels, not what was taken of it to 20. Without
    ``centre`` the middle of what was taken, not its centre of mass, comes to the middle. Without
    ``pen`` the strokes keep the width they were drawn at. Without any of them the drawing is
    resized to 28x28 and nothing else.
    """

    crop: bool = True
    scale: bool = True
    centre: bool = True
    pen: bool = True


ALL_STEPS = Steps()


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing on its way to a digit; every picture is uint8, 0 to 255, light ink on black.

    ``source`` (H, W) is the drawing as it came, ``box`` what was taken of it, the place of its ink
    (left, top, right, bottom, in pixels of ``source``), ``scaled`` (28, 28) the ink 20 pixels long
    in the middle, ``digit`` (28, 28) the same with its centre of mass in the middle. That is so
    with all ``Steps``; without some, each picture is what the others make of it.
    """

    source: Picture
    box: Box
    scaled: Picture
    digit: Picture

    @property
    def crop(self) -> Picture:
        """The part of ``source`` that was taken: where its ink is."""
        left, top, right, bottom = self.box
        return self.source[top:bottom, left:right]


# --- the strokes road ---------------------------------------------------------------------------


def strokes_from_canvas(json_data: Any) -> Strokes:
    """The pen strokes, float64 (n, 2) in canvas pixels, of what the canvas sends as JSON.

    The canvas holds Fabric.js objects; its pen makes objects of type "path", which a person may
    have moved, scaled or turned since. Other objects are passed over; None is an empty canvas.

    Raises:
        DrawingError: the data is not a canvas's, not finite, or too large.
    """
    if json_data is None:
        return []
    objects = json_data.get("objects") if isinstance(json_data, Mapping) else None
    if not isinstance(objects, list):
        raise broken()
    if len(objects) > MAX_STROKES:
        raise _too_much()
    strokes: Strokes = []
    left = MAX_POINTS
    for thing in objects:
        if not isinstance(thing, Mapping):
            raise broken()
        if str(thing.get("type")).lower() == "path":
            path = _checked_path(thing.get("path"), left)
            left -= len(path)
            strokes.extend(_placed(thing, path))
    check_strokes(strokes)
    return strokes


def check_strokes(strokes: Sequence[npt.NDArray[Any]]) -> None:
    """Refuse strokes that are not finite (n, 2) points, or too many to draw.

    Raises:
        DrawingError: a shape, a value or the number of strokes or points is wrong.
    """
    if (
        len(strokes) > MAX_STROKES
        or sum(len(stroke) for stroke in strokes) > _CURVE_STEPS * MAX_POINTS
    ):
        raise _too_much()
    for stroke in strokes:
        if stroke.ndim != 2 or stroke.shape[1] != 2 or not np.isfinite(stroke).all():
            raise broken()
        if len(stroke) and np.abs(stroke).max() > MAX_COORDINATE:
            raise broken()


def from_strokes(
    strokes: Sequence[npt.NDArray[Any]],
    *,
    pen_width: float = PEN_WIDTH,
    canvas: float = _SOURCE_SIDE,
    canvas_pen: float = _CANVAS_PEN,
    steps: Steps = ALL_STEPS,
) -> Drawing:
    """The digit that pen strokes (n, 2) make, redrawn at the width MNIST knows.

    ``pen_width`` is in pixels of the digit. ``canvas`` is the side of the canvas the strokes were
    drawn on, and ``canvas_pen`` the width of its pen, in canvas pixels: with all steps they
    change nothing but what ``source`` shows.

    Raises:
        NothingDrawnError: there is no point at all.
        DrawingError: the strokes are not finite or too many.
    """
    check_strokes(strokes)
    lines = [np.asarray(stroke, np.float64) for stroke in strokes if len(stroke)]
    if not lines:
        raise nothing_drawn()
    low, high = _bounds(lines)
    source, box = _source_picture(lines, low, high, canvas)
    corner, side = _sheet(low, high, canvas)
    if not steps.crop:
        low, high = corner, corner + side
        box = (0, 0, _SOURCE_SIDE, _SOURCE_SIDE)
    scale = _scale_of(low, high, side, pen_width, canvas_pen, steps)
    width = pen_width if steps.pen else min(canvas_pen * scale, IMAGE_SIZE)
    stamps = _fitted(lines, low, high, scale)
    scaled = _grey(_ink(stamps, width))
    digit = _grey(_centred_ink(stamps, width)) if steps.centre else scaled
    return Drawing(source, box, scaled, digit)


def digit_from_strokes(
    strokes: Sequence[npt.NDArray[Any]], pen_width: float = PEN_WIDTH
) -> Picture:
    """Only the digit, uint8 (28, 28), of checked strokes: what training redraws thousands of."""
    lines = [np.asarray(stroke, np.float64) for stroke in strokes]
    low, high = _bounds(lines)
    return _grey(_centred_ink(_fitted(lines, low, high, _fit(low, high, pen_width)), pen_width))


def nothing_drawn() -> NothingDrawnError:
    """The error of an empty canvas."""
    return NothingDrawnError(message("Draw a digit first: the canvas is empty."))


def broken() -> DrawingError:
    """The error for what is no drawing at all."""
    return DrawingError(message("This drawing cannot be read: clear the canvas and draw again."))


def _too_much() -> DrawingError:
    return DrawingError(
        message("This drawing has too many strokes or points: clear the canvas and draw again.")
    )


def _checked_path(path: Any, most: int) -> list[list[Any]]:
    if not isinstance(path, list):
        raise broken()
    if len(path) > most:
        raise _too_much()
    return path


def _placed(thing: Mapping[str, Any], path: list[list[Any]]) -> Strokes:
    """The strokes of a Fabric path where its object stands on the canvas."""
    strokes = [np.array(points) for points in _flattened(path)]
    if not strokes:
        return []
    check_strokes(strokes)
    low, high = _bounds(strokes)
    matrix = _own_matrix(thing)
    centre = _centre(thing, low, high)
    return [(stroke - (low + high) / 2) @ matrix.T + centre for stroke in strokes]


def _flattened(path: list[list[Any]]) -> Iterator[list[Point]]:
    """The points of each sub-path, its curves cut into straight pieces."""
    points: list[Point] = []
    for command in path:
        letter, numbers = _command(command)
        if letter == "M":
            if points:
                yield points
            points = [(numbers[0], numbers[1])]
        elif not points:
            raise broken()
        elif letter == "L":
            points.append((numbers[0], numbers[1]))
        else:
            points.extend(_curve(points[-1], (numbers[0], numbers[1]), (numbers[2], numbers[3])))
    if points:
        yield points


def _command(command: Any) -> tuple[str, list[float]]:
    """A path command's letter and its numbers; the canvas's pen writes M, Q and L."""
    if not isinstance(command, list) or not command or not isinstance(command[0], str):
        raise broken()
    if _NUMBERS.get(command[0]) != len(command) - 1:
        raise broken()
    return command[0], [_number(value) for value in command[1:]]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise broken()
    if not -MAX_COORDINATE <= value <= MAX_COORDINATE:  # false for NaN too
        raise broken()
    return float(value)


def _curve(start: Point, corner: Point, end: Point) -> list[Point]:
    """Points on the quadratic Bézier curve from ``start`` to ``end``, the start left out."""
    return [
        (a * start[0] + b * corner[0] + c * end[0], a * start[1] + b * corner[1] + c * end[1])
        for a, b, c in _CURVE_SHARES
    ]


def _own_matrix(thing: Mapping[str, Any]) -> Floats:
    """Fabric's turn, scale, flip and skew of an object, as a 2x2 matrix."""
    skew_x, skew_y = (
        math.tan(math.radians(_number(thing.get(name, 0)))) for name in ("skewX", "skewY")
    )
    flips = [-1 if thing.get(name) is True else 1 for name in ("flipX", "flipY")]
    skew = np.array([[1, skew_x], [0, 1]]) @ np.array([[1, 0], [skew_y, 1]])
    return np.asarray(_turn(thing) @ np.diag(_scale(thing) * flips) @ skew)


def _turn(thing: Mapping[str, Any]) -> Floats:
    angle = math.radians(_number(thing.get("angle", 0)))
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def _scale(thing: Mapping[str, Any]) -> Floats:
    return np.array([_number(thing.get(name, 1)) for name in ("scaleX", "scaleY")])


def _centre(thing: Mapping[str, Any], low: Floats, high: Floats) -> Floats:
    """Where the middle of an object stands: its ``left`` and ``top`` are those of its origin."""
    if "left" not in thing or "top" not in thing:
        return (low + high) / 2
    place = np.array([_number(thing[name]) for name in ("left", "top")])
    origin = [_FROM_ORIGIN.get(str(thing.get(name)), 0.0) for name in ("originX", "originY")]
    size = (high - low + _number(thing.get("strokeWidth", 0))) * _scale(thing)
    return np.asarray(place + _turn(thing) @ (size * origin))


def _bounds(lines: Sequence[Floats]) -> tuple[Floats, Floats]:
    points = np.concatenate(lines)
    return points.min(axis=0), points.max(axis=0)


def _fit(low: Floats, high: Floats, pen_width: float) -> float:
    """Digit pixels for each of the canvas's that make a line 20 long, its pen included."""
    longest = float((high - low).max())
    return (BOX_SIDE - pen_width) / longest if longest >= _DOT else 0.0


def _scale_of(
    low: Floats, high: Floats, side: float, pen_width: float, canvas_pen: float, steps: Steps
) -> float:
    """Digit pixels for each of the canvas's, of what lies between ``low`` and ``high``."""
    if not steps.scale:
        return IMAGE_SIZE / side
    if steps.pen:
        return _fit(low, high, pen_width)
    return BOX_SIDE / (float((high - low).max()) + canvas_pen)


def _fitted(lines: Sequence[Floats], low: Floats, high: Floats, scale: float) -> Floats:
    """Stamps of the pen (n, 2), in digit pixels (x, y), scaled and in the middle."""
    middle = (low + high) / 2
    fitted = [(line - middle) * scale + (IMAGE_SIZE - 1) / 2 for line in lines]
    lengths = [np.hypot(*np.diff(line, axis=0).T) for line in fitted]
    step = max(_STEP, sum(float(length.sum()) for length in lengths) / _MAX_STAMPS)
    return np.concatenate([_stamps(*pair, step) for pair in zip(fitted, lengths, strict=True)])


def _stamps(line: Floats, lengths: Floats, step: float) -> Floats:
    """Points at even distances along a line, both its ends among them."""
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    at = np.linspace(0, along[-1], int(along[-1] / step) + 2)
    return np.column_stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])])


def _ink(stamps: Floats, pen_width: float) -> Floats:
    """How much of each pixel (28, 28) a round pen covers, from its distance to the stamps."""
    reach = math.ceil(pen_width / 2 + 0.5)
    nearest = np.round(stamps).astype(np.intp)
    window = np.arange(-reach, reach + 1)
    columns = np.clip(nearest[:, :1] + window, -1, IMAGE_SIZE) + 1
    rows = np.clip(nearest[:, 1:] + window, -1, IMAGE_SIZE) + 1
    across = (columns - 1 - stamps[:, :1]) ** 2
    down = (rows - 1 - stamps[:, 1:]) ** 2
    side = IMAGE_SIZE + 2  # one pixel more all round takes what falls outside
    squared = np.full(side * side, np.inf)
    places = rows[:, :, np.newaxis] * side + columns[:, np.newaxis, :]
    np.minimum.at(
        squared, places.ravel(), (down[:, :, np.newaxis] + across[:, np.newaxis, :]).ravel()
    )
    distance = np.sqrt(squared.reshape(side, side)[1:-1, 1:-1])
    return np.asarray(np.clip(pen_width / 2 + 0.5 - distance, 0, 1))


def _centred_ink(stamps: Floats, pen_width: float) -> Floats:
    """The ink with its centre of mass where MNIST has it; the drawn line is moved, not pixels."""
    for _ in range(2):  # once more, since ink may have left the picture or come into it
        ink = _ink(stamps, pen_width)
        if not ink.any():  # only without some steps: nothing in the picture, nothing to centre
            return ink
        rows, columns = centre_of_mass(ink)
        stamps = stamps + np.array([CENTRE - columns, CENTRE - rows])
    return _ink(stamps, pen_width)


def centre_of_mass(ink: npt.NDArray[Any]) -> tuple[float, float]:
    """Row and column of the centre of mass of a picture (H, W) that is not all 0."""
    total = float(ink.sum())
    rows = float(ink.sum(axis=1) @ np.arange(ink.shape[0])) / total
    columns = float(ink.sum(axis=0) @ np.arange(ink.shape[1])) / total
    return rows, columns


def _grey(ink: Floats) -> Picture:
    return np.round(np.clip(ink, 0, 1) * 255).astype(np.uint8)


def _sheet(low: Floats, high: Floats, canvas: float) -> tuple[Floats, float]:
    """The upper left corner and the side of the canvas, or of the ink where that goes beyond."""
    if low.min() >= 0 and high.max() <= canvas:
        return np.zeros(2), canvas
    return low, max(float((high - low).max()), 1.0)


def _source_picture(
    lines: Sequence[Floats], low: Floats, high: Floats, canvas: float
) -> tuple[Picture, Box]:
    """The strokes as they stand on the canvas, and the box of their ink."""
    pen = 4
    corner, side = _sheet(low, high, canvas)
    offset = 0 if low.min() >= 0 and high.max() <= canvas else pen
    scale = (_SOURCE_SIDE - 1 - 2 * offset) / side
    picture = Image.new("L", (_SOURCE_SIDE, _SOURCE_SIDE))
    draw = ImageDraw.Draw(picture)
    for line in lines:
        points = ((line - corner) * scale + offset).round().astype(int)
        draw.line(points.ravel().tolist(), fill=255, width=pen)
        x, y = points[0].tolist()
        draw.ellipse((x - pen // 2, y - pen // 2, x + pen // 2, y + pen // 2), fill=255)
    box = picture.getbbox() or (0, 0, 1, 1)
    return np.asarray(picture), box


# --- the image road -----------------------------------------------------------------------------


def from_image(data: bytes, *, steps: Steps = ALL_STEPS) -> Drawing:
    """The digit in a PNG or JPEG file's bytes, dark on light or light on dark.

    Raises:
        DrawingError: not a PNG or JPEG, not whole, too large, too small, or nothing to be seen.
    """
    return from_pixels(_decoded(data), steps=steps)


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
    ink = _ink_of(values)
    box = _ink_box(ink)
    if not steps.crop:
        box = (0, 0, ink.shape[1], ink.shape[0])
    left, top, right, bottom = box
    fitted = _fitted_crop(ink[top:bottom, left:right], max(ink.shape), steps)
    source, shown_box = _shown(ink, box)
    scaled = _grey(_middled(*fitted) if steps.crop else _in_the_middle(*fitted))
    digit = _grey(_massed(*fitted)) if steps.centre else scaled
    return Drawing(source, shown_box, scaled, digit)


def _decoded(data: bytes) -> Floats:
    """The grey values (H, W) of a file; its kind and size are checked before its pixels."""
    if not data:
        raise DrawingError(message("This file is empty."))
    if len(data) > MAX_IMAGE_BYTES:
        raise DrawingError(message("This file is larger than 2 MB: save the image smaller."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's own warning of size: ours is an error
            return _grey_values(_opened(data))
    except DrawingError:
        raise
    except UnidentifiedImageError as error:
        if data.startswith(_SIGNATURES):
            raise _not_whole() from error
        raise DrawingError(message("This file is not a PNG or JPEG image.")) from error
    except Image.DecompressionBombError as error:
        raise _too_large() from error
    except Exception as error:  # a decoder fails in many ways on a broken file
        raise _not_whole() from error


def _opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=["PNG", "JPEG"])
    if math.prod(image.size) > MAX_IMAGE_PIXELS or max(image.size) > MAX_IMAGE_SIDE:
        raise _too_large()
    image.draft(image.mode, (_WORK_SIDE, _WORK_SIDE))  # a large JPEG is decoded smaller at once
    image.load()
    return ImageOps.exif_transpose(image)


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
    """Grey, 0 to 255, of any mode; transparent parts take the shade that the ink stands out on."""
    if image.mode.startswith("I"):  # 16-bit grey, which "L" would cut off
        grey = np.clip(np.asarray(image, np.float64), 0, 65535) / 257
        return _reduced(Image.fromarray(grey.astype(np.uint8)))
    if image.has_transparency_data:
        grey_part, alpha = image.convert("RGBA").convert("LA").split()
        return _on_contrast(_reduced(grey_part), _reduced(alpha) / 255)
    return _reduced(image.convert("L"))


def _reduced(image: Image.Image) -> Floats:
    factor = math.ceil(max(image.size) / _WORK_SIDE)
    smaller = image.reduce(factor) if min(image.size) >= MIN_IMAGE_SIDE * factor else image
    return np.asarray(smaller, np.float64)


def _on_contrast(grey: Floats, alpha: Floats) -> Floats:
    """A transparent picture laid on white when its ink is dark, on black when it is light."""
    if alpha.sum() < 1:
        raise nothing_seen()
    shade = 255.0 if float((grey * alpha).sum() / alpha.sum()) < 128 else 0.0
    return grey * alpha + shade * (1 - alpha)


def nothing_seen() -> NothingDrawnError:
    """The error of a picture of one shade."""
    return NothingDrawnError(message("There is no digit to be seen in this image."))


def _ink_of(grey: Floats) -> Floats:
    """Ink 0 to 1 on a background of 0: polarity found, shadows and noise taken off."""
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
    light = float((frame > otsu(grey)).mean())
    if not 0.25 < light < 0.75:
        return light < 0.5
    # A shadow over half of the frame: strokes are what a wide opening or closing takes away.
    size = max(3, max(grey.shape) // 6)
    small = grey[:: max(1, size // 12), :: max(1, size // 12)]
    window = max(3, max(small.shape) // 6)
    lights = small - ndimage.grey_opening(small, window)
    darks = ndimage.grey_closing(small, window) - small
    return bool(np.percentile(lights, 98) > np.percentile(darks, 98))


def otsu(grey: Floats) -> float:
    """The threshold that parts grey values 0 to 255 into two classes best.

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
    """Whether the background is shaded: paper and light, not a canvas."""
    threshold = otsu(light)
    background = light[light <= threshold]
    spread = float(np.percentile(background, 90) - np.percentile(background, 10))
    return max(light.shape) > _SMALL and spread > 12


def _background(light: Floats) -> Floats:
    """The shade under the ink: what is left when everything narrower than a third is taken off."""
    factor = max(1, max(light.shape) // 70)
    small = ndimage.gaussian_filter(light, factor / 2)[::factor, ::factor]
    opened = ndimage.grey_opening(small, max(3, max(small.shape) // 3), mode="nearest")
    smooth = ndimage.gaussian_filter(opened, 3, mode="nearest")
    rows = np.arange(light.shape[0]) / factor
    columns = np.arange(light.shape[1]) / factor
    grid = np.meshgrid(rows, columns, indexing="ij")
    found: Floats = ndimage.map_coordinates(smooth, grid, order=1, mode="nearest")
    return found


def _cleaned(light: Floats) -> Floats:
    """Ink 0 to 1: the background's grey to 0, the ink's own to 1, specks taken off."""
    if max(light.shape) <= _SMALL:
        return np.asarray((light - light.min()) / (light.max() - light.min()))
    threshold = otsu(light)
    marked = light > threshold
    full = float(np.percentile(light[marked], 60))
    empty = float(np.median(light[~marked]))
    noise = 3 * float(np.median(np.abs(light[~marked] - empty))) + empty
    ink = np.clip((light - noise) / max(full - noise, 1e-6), 0, 1)
    return np.asarray(ink * _without_specks(ink > 0.5))


def _without_specks(marked: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Where ink may stay: near parts that are not tiny beside the largest one."""
    parts, count = ndimage.label(marked, np.ones((3, 3)))
    if count <= 1:
        return np.ones_like(marked)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    tiny = sizes < 0.02 * sizes.max()
    tiny[0] = False
    if not tiny.any():
        return np.ones_like(marked)
    return np.asarray(~ndimage.binary_dilation(tiny[parts], np.ones((3, 3)), iterations=2))


def _ink_box(ink: Floats) -> Box:
    """Left, top, right, bottom of the ink."""
    marked = ink > (0.0 if max(ink.shape) <= _SMALL else 0.5)
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    if not len(rows):
        raise nothing_seen()
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _fitted_crop(crop: Floats, picture_side: int, steps: Steps) -> tuple[Floats, int]:
    """The crop at its size in the digit, and how many of its pixels are one of the digit's."""
    scale = None if steps.scale else IMAGE_SIZE / picture_side
    if max(crop.shape) <= _SMALL:
        return _as_it_is(crop, scale)
    if steps.pen:
        return _with_our_pen(crop, scale)
    scale = (scale or BOX_SIDE / max(crop.shape)) * _FINE
    height, width = (max(1, round(side * scale)) for side in crop.shape)
    return _resized(crop, (width, height)), _FINE


def _as_it_is(crop: Floats, scale: float | None) -> tuple[Floats, int]:
    """A small picture at a longest side of 20, its own greys and pen kept; one pixel a pixel.

    ``scale`` sets another size: digit pixels for each pixel.
    """
    longest = max(crop.shape)
    if scale is None and abs(longest - BOX_SIDE) <= 1:  # a digit like MNIST's own: left as it is
        return crop, 1
    if scale is None:
        height, width = (max(1, round(side * BOX_SIDE / longest)) for side in crop.shape)
    else:
        height, width = (max(1, round(side * scale)) for side in crop.shape)
    return _resized(crop, (width, height)), 1


def _with_our_pen(crop: Floats, scale: float | None) -> tuple[Floats, int]:
    """The crop 20 long and its strokes PEN_WIDTH wide, at ``_FINE`` pixels for each of a digit's.

    The pen's width is read off the distance transform's ridge; growing or shrinking by a
    distance then changes the width and leaves the middle of each stroke where it is. ``scale``
    sets another length: digit pixels for each pixel.
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
    """Digit pixels for each of a picture's that make its ink 20 long once its pen is ours."""
    middle_line = longest - pen
    return (BOX_SIDE - PEN_WIDTH) / middle_line if middle_line > 0.35 * pen else PEN_WIDTH / pen


def _thick_enough(crop: Floats, pen: float, least: float) -> tuple[Floats, float]:
    """The crop and its pen, grown where a line thinner than ``least`` pixels would get lost."""
    if pen >= least:
        return crop, pen
    more = math.ceil(least - pen)
    grown = ndimage.grey_dilation(np.pad(crop, more), size=(more + 1, more + 1))
    return np.asarray(grown), pen + more


def _pen_of(crop: Floats) -> float:
    """The width of a picture's strokes, in its own pixels."""
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
    """Ink placed by its box: the box's middle in the picture's middle."""
    marked = np.argwhere(ink > 0.25)
    middle = (marked.min(axis=0) + marked.max(axis=0)) / 2
    return _placed_ink(ink, fine, (middle[0], middle[1]), (IMAGE_SIZE - 1) / 2)


def _in_the_middle(ink: Floats, fine: int) -> Floats:
    """A whole picture, its own middle in the middle."""
    height, width = ink.shape
    return _placed_ink(ink, fine, ((height - 1) / 2, (width - 1) / 2), (IMAGE_SIZE - 1) / 2)


def _massed(ink: Floats, fine: int) -> Floats:
    """Ink placed by its centre of mass."""
    if not ink.any():  # only without some steps, where a small picture was made smaller still
        return _in_the_middle(ink, fine)
    return _placed_ink(ink, fine, centre_of_mass(ink), CENTRE)


def _placed_ink(ink: Floats, fine: int, at: tuple[float, float], target: float) -> Floats:
    """A 28x28 picture with the point ``at`` of ``ink`` on pixel ``target``, both ways."""
    side = IMAGE_SIZE * fine
    goal = (target + 0.5) * fine - 0.5
    canvas = np.zeros((side, side))
    top, left = round(goal - at[0]), round(goal - at[1])
    rows, columns = slice(max(top, 0), top + ink.shape[0]), slice(max(left, 0), left + ink.shape[1])
    part = canvas[rows, columns]
    part[:] = ink[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1]]
    return np.asarray(canvas.reshape(IMAGE_SIZE, fine, IMAGE_SIZE, fine).mean(axis=(1, 3)))


def _shown(ink: Floats, box: Box) -> tuple[Picture, Box]:
    """The picture as a page shows it, longest side at most 280, and the box in it."""
    longest = max(ink.shape)
    if longest <= _SOURCE_SIDE:
        return _grey(ink), box
    scale = _SOURCE_SIDE / longest
    height, width = (max(1, round(side * scale)) for side in ink.shape)
    left, top, right, bottom = box
    shown = (
        int(left * scale),
        int(top * scale),
        math.ceil(right * scale),
        math.ceil(bottom * scale),
    )
    return _grey(_resized(ink, (width, height))), shown
