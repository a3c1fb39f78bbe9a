import io
import itertools
import math
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from drawn import picture_of
from PIL import Image

from digitlab import drawing, models
from digitlab.drawing import (
    DrawingError,
    NothingDrawnError,
    centre_of_mass,
    from_image,
    from_pixels,
    from_strokes,
    strokes_from_canvas,
)

PEN_STROKES = Path(__file__).parents[2].parent / "shared/data/pen_strokes.npz"

# A 7 with a bar and a 4 in two strokes, as a hand draws them on a 280 px canvas.
SEVEN = [
    np.array([[80, 60], [140, 58], [200, 60], [170, 130], [130, 220]], float),
    np.array([[115, 140], [180, 138]], float),
]
FOUR = [
    np.array([[120, 60], [80, 160], [190, 158]], float),
    np.array([[150, 110], [148, 230]], float),
]


def fabric_path(points):
    """What the canvas sends for a pen stroke: M, a Q to the middle of each two points, L."""
    points = np.asarray(points, float).tolist()
    path = [["M", *points[0]]]
    for (x, y), (next_x, next_y) in itertools.pairwise(points):
        path.append(["Q", x, y, (x + next_x) / 2, (y + next_y) / 2])
    path.append(["L", *points[-1]])
    return {"type": "Path", "path": path}


def canvas(*things):
    return {"version": "7.4.0", "objects": list(things), "background": ""}


def file_of(picture, kind="PNG", **options):
    stream = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(stream, kind, **options)
    return stream.getvalue()


def difference(one, other):
    """Mean grey level by which two digits differ, as a share of the ink's."""
    apart = np.abs(one.digit.astype(int) - other.digit.astype(int)).sum()
    return apart / one.digit.astype(int).sum()


def test_an_empty_canvas_has_no_strokes_and_asks_for_a_drawing():
    assert strokes_from_canvas(None) == []
    assert strokes_from_canvas(canvas()) == []
    with pytest.raises(NothingDrawnError, match="Draw a digit first"):
        from_strokes([])


def test_a_path_becomes_the_line_through_the_points_where_the_pen_was():
    points = [[10, 10], [50, 10], [50, 90]]
    (stroke,) = strokes_from_canvas(canvas(fabric_path(points)))
    np.testing.assert_array_equal(stroke[1:], points)  # Fabric names the first point twice


def test_a_7_of_two_moves_keeps_its_corner_and_is_read_as_a_7():
    (stroke,) = strokes_from_canvas(canvas(fabric_path([[90, 80], [230, 80], [140, 260]])))
    found = models.bundled().read(from_strokes([stroke]).digit)
    assert found.digit == 7
    assert found.confidence > 0.9


def test_a_path_of_several_lines_is_as_many_strokes():
    lines = path(["M", 1, 2], ["L", 3, 4], ["M", 5, 6], ["L", 7, 8])
    first, second = strokes_from_canvas(canvas(lines))
    assert first.tolist() == [[1, 2], [3, 4]]
    assert second.tolist() == [[5, 6], [7, 8]]


def test_other_objects_are_passed_over():
    assert strokes_from_canvas(canvas({"type": "Rect", "left": 3})) == []


def path(*commands):
    return {"type": "path", "path": list(commands)}


GOOD = ["M", 1, 1]
BAD_COMMANDS = [["M", 1], [], ["L", 1, 1], ["M", math.nan, 1], ["M", math.inf, 1]]
BAD_COMMANDS += [["M", 10**400, 1], ["M", True, 1], ["M", "1", 1], ["A", 1, 1]]
BAD_OBJECTS = [None, "path", {"type": "path"}, {"type": "path", "path": "M 0 0 L 1 1"}]
TOO_MUCH = [canvas(path(GOOD, *[["L", 1, 2]] * 100_000)), canvas(path(*[GOOD] * 5_000))]


@pytest.mark.parametrize(
    "data",
    [
        *("a string", [], 3, {}, {"objects": None}, {"objects": "path"}),
        *map(canvas, BAD_OBJECTS),
        *(canvas(path(command)) for command in BAD_COMMANDS),
        *TOO_MUCH,
        canvas(*[path(GOOD)] * 5_000),
    ],
)
def test_a_broken_canvas_gets_one_sentence(data):
    with pytest.raises(DrawingError) as caught:
        strokes_from_canvas(data)
    assert str(caught.value).endswith("clear the canvas and draw again.")


@pytest.mark.parametrize(
    "bad", [np.zeros((3, 3)), np.zeros(4), np.array([[0, np.nan]]), np.full((2, 2), 1e9)]
)
def test_strokes_that_cannot_be_drawn_are_refused(bad):
    with pytest.raises(DrawingError):
        from_strokes([bad])


def test_a_digit_is_centred_and_20_long_as_mnist_is():
    drawn = from_strokes(SEVEN)
    assert drawn.digit.shape == drawn.scaled.shape == (28, 28)
    assert drawn.digit.dtype == np.uint8
    assert centre_of_mass(drawn.digit) == pytest.approx((14, 14), abs=0.05)
    rows = np.flatnonzero((drawn.digit > 127).any(axis=1))
    assert rows[-1] - rows[0] + 1 in (19, 20)
    assert drawn.digit.max() == 255


def test_size_and_place_do_not_matter():
    drawn = from_strokes(SEVEN)
    for factor, shift in [(0.05, 3), (0.3, 180), (1, -500), (30, 0)]:
        other = from_strokes([stroke * factor + shift for stroke in SEVEN])
        assert difference(drawn, other) < 1e-2


def test_the_boxes_of_the_stages_hold_the_ink():
    drawn = from_strokes(FOUR)
    assert drawn.source.shape == (280, 280)
    left, top, right, bottom = drawn.box
    assert (left, top) == pytest.approx((80, 60), abs=4)
    assert (right, bottom) == pytest.approx((190, 230), abs=4)
    assert drawn.crop.sum() == drawn.source.sum() > 0


def test_a_dot_is_a_drawing():
    for dot in (np.array([[7.0, 9.0]]), np.array([[7.0, 9.0], [7.5, 9.0]])):
        digit = from_strokes([dot]).digit
        assert 0 < np.count_nonzero(digit) <= 16
        assert centre_of_mass(digit) == pytest.approx((14, 14), abs=0.05)


def test_the_longest_scribble_is_drawn_in_bounded_time():
    scribble = np.random.default_rng(0).uniform(0, 280, (drawing.MAX_POINTS, 2))
    start = time.perf_counter()
    from_strokes([scribble])
    assert time.perf_counter() - start < 0.5


@pytest.mark.parametrize("pen", [1, 2, 6, 10, 18, 30])
def test_any_pen_on_either_background_gives_the_strokes_own_digit(pen):
    drawn = from_strokes(SEVEN)
    white_on_black = picture_of(SEVEN, pen)
    for picture in (white_on_black, 255 - white_on_black):
        assert difference(drawn, from_image(file_of(picture))) < 0.25
    shifted = from_pixels(np.roll(white_on_black, (20, -20), (0, 1)))
    assert difference(from_pixels(white_on_black), shifted) < 0.02


def test_a_digit_like_mnists_own_stays_itself():
    digit = from_strokes(FOUR).digit
    np.testing.assert_array_equal(from_image(file_of(digit)).digit, digit)
    np.testing.assert_array_equal(from_image(file_of(255 - digit)).digit, digit)


def test_shadow_and_noise_are_taken_off_paper():
    random = np.random.default_rng(1)
    shade = np.linspace(235, 130, 280)[:, None] * np.linspace(1, 0.8, 280)
    ink = picture_of(FOUR, 14) / 255
    photo = np.clip(shade * (1 - 0.75 * ink) + random.normal(0, 4, (280, 280)), 0, 255)
    assert difference(from_strokes(FOUR), from_pixels(photo)) < 0.35


def modes_of_a_four():
    """One picture of a 4 as files of many modes."""
    grey = 255 - picture_of(FOUR, 16)
    image = Image.fromarray(grey)
    sixteen = Image.fromarray(grey.astype(np.uint16) * 257)
    ink = Image.fromarray(255 - grey)
    black_ink = Image.merge("LA", (Image.new("L", image.size, 0), ink))
    white_ink = Image.merge("RGBA", (*[Image.new("L", image.size, 255)] * 3, ink))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter to the right to see it upright
    turned = image.transpose(Image.Transpose.ROTATE_90)
    return {
        "grey": file_of(image),
        "bilevel": file_of(image.convert("1")),
        "palette": file_of(image.convert("RGB").quantize(8)),
        "palette with transparency": file_of(image.convert("P"), transparency=255),
        "16-bit": file_of(sixteen),
        "black on nothing": file_of(black_ink),
        "white on nothing": file_of(white_ink),
        "jpeg": file_of(image.convert("RGB"), "JPEG", quality=70),
        "cmyk": file_of(image.convert("CMYK"), "JPEG"),
        "rotated": file_of(turned, "JPEG", exif=exif),
        "rotated png": file_of(turned, exif=exif),
        "large jpeg": file_of(image.resize((3000, 3000)), "JPEG"),
    }


@pytest.mark.parametrize("name", list(modes_of_a_four()))
def test_every_mode_of_png_and_jpeg_is_read(name):
    assert difference(from_strokes(FOUR), from_image(modes_of_a_four()[name])) < 0.25


def small_png(width, height):
    """A PNG that says it is this large, whose pixels would unpack from a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", b"x"), (b"IEND", b""))
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


WHOLE_PNG, WHOLE_JPEG = file_of(picture_of(FOUR, 16)), file_of(picture_of(FOUR, 16), "JPEG")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "This file is empty."),
        (b"a letter, not a picture", "not a PNG or JPEG"),
        (WHOLE_PNG[: len(WHOLE_PNG) // 2], "broken or not whole"),
        (WHOLE_PNG[:40], "broken or not whole"),
        (WHOLE_JPEG[: len(WHOLE_JPEG) // 2], "broken or not whole"),
        (file_of(picture_of(FOUR, 16), "GIF"), "not a PNG or JPEG"),
        (file_of(picture_of(FOUR, 16), "WEBP"), "not a PNG or JPEG"),
        (file_of(picture_of(FOUR, 16), "TIFF"), "not a PNG or JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG or JPEG"),
        (small_png(20_000, 20_000), "too many pixels"),
        (small_png(5_000, 5_000), "too many pixels"),
        (small_png(16, 1_000_000), "too many pixels"),
        (WHOLE_PNG + b"\0" * 2**21, "larger than 2 MB"),
        (file_of(np.zeros((1, 1), np.uint8)), "too small"),
        (file_of(np.zeros((4000, 1), np.uint8)), "too small"),
        (file_of(np.zeros((280, 280), np.uint8)), "no digit to be seen"),
        (file_of(np.full((280, 280), 255, np.uint8)), "no digit to be seen"),
        (file_of(np.zeros((280, 280, 4), np.uint8)), "no digit to be seen"),
    ],
)
def test_a_bad_file_gets_one_sentence(data, sentence):
    with pytest.raises(DrawingError, match=sentence):
        from_image(data)


@pytest.mark.skipif(not PEN_STROKES.exists(), reason="the pen strokes are not beside the project")
def test_real_pen_digits_look_the_same_on_both_roads():
    with np.load(PEN_STROKES) as arrays:
        lines = np.split(arrays["points"].astype(float), arrays["stroke_start"][1:-1])
        ends = arrays["digit_start"]
    apart = []
    for start, end in itertools.pairwise(ends[:41]):
        low, high = (f([f(line) for line in lines[start:end]]) for f in (np.min, np.max))
        strokes = [(line - low) / (high - low) * 180 + 40 for line in lines[start:end]]
        apart.append(difference(from_strokes(strokes), from_pixels(picture_of(strokes, 18))))
    assert max(apart) < 0.3
