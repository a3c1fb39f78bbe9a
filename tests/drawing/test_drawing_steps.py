"""What a drawing becomes when a step of its way is left out."""

import itertools

import numpy as np
import pytest
from drawn import picture_of
from PIL import Image

from digitlab.drawing import (
    ALL_STEPS,
    NothingDrawnError,
    Steps,
    centre_of_mass,
    from_pixels,
    from_strokes,
)

# A 7, small and in the upper left part of a 280 px canvas; its mass lies high and right.
SEVEN = [np.array([[40, 40], [90, 40], [60, 110]], float)]
NO_STEPS = Steps(crop=False, scale=False, centre=False, pen=False)
EVERY = [Steps(*chosen) for chosen in itertools.product([True, False], repeat=4)]


def canvas_picture():
    """The same 7 as the canvas shows it, drawn with its pen of 18 pixels."""
    return picture_of(SEVEN, 18)


def by_strokes(steps):
    return from_strokes(SEVEN, steps=steps)


def by_picture(steps):
    return from_pixels(canvas_picture(), steps=steps)


def extent(digit):
    """Height and width of what is at least half ink."""
    rows, columns = np.nonzero(digit > 127)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


ROADS = pytest.mark.parametrize("road", [by_strokes, by_picture])


@ROADS
def test_without_any_step_the_canvas_is_resized_and_nothing_else(road) -> None:
    resized = Image.fromarray(canvas_picture()).resize((28, 28), Image.Resampling.BOX)
    off = np.abs(road(NO_STEPS).digit.astype(int) - np.asarray(resized).astype(int))
    assert off.mean() < 2
    assert road(NO_STEPS).box == (0, 0, 280, 280)


@ROADS
def test_without_centring_the_box_stays_in_the_middle(road) -> None:
    found = road(Steps(centre=False))
    np.testing.assert_array_equal(found.digit, found.scaled)
    rows, columns = np.nonzero(found.digit > 127)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(13.5, abs=0.6)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(13.5, abs=0.6)
    assert centre_of_mass(road(ALL_STEPS).digit) == pytest.approx((14, 14), abs=0.3)
    assert centre_of_mass(found.digit)[0] < 13


@ROADS
def test_without_scaling_a_small_drawing_stays_small(road) -> None:
    assert max(extent(road(ALL_STEPS).digit)) == pytest.approx(20, abs=1)
    assert max(extent(road(Steps(scale=False)).digit)) == pytest.approx(7 + 2.5, abs=1.2)


@ROADS
def test_without_cropping_the_whole_canvas_is_what_is_scaled(road) -> None:
    found = road(Steps(crop=False, centre=False))
    assert found.crop.shape == found.source.shape
    assert centre_of_mass(found.digit)[0] < 10
    assert max(extent(found.digit)) < 9


@ROADS
def test_without_our_pen_the_stroke_keeps_its_share(road) -> None:
    thick, ours = road(Steps(pen=False)).digit, road(ALL_STEPS).digit
    assert thick.sum() > 1.3 * ours.sum()
    assert max(extent(thick)) == pytest.approx(20, abs=1)


@pytest.mark.parametrize("steps", EVERY)
@pytest.mark.parametrize(
    "stroke",
    [[[5, 5]], [[1e6, -1e6], [-1e6, 1e6]], [[0, 0], [0, 1e6]], [[-10, -10], [-10, -9]]],
)
def test_no_drawing_breaks_without_some_steps(steps: Steps, stroke) -> None:
    for pen in (1.0, 40.0):
        found = from_strokes([np.array(stroke, float)], canvas_pen=pen, steps=steps)
        assert found.digit.shape == found.scaled.shape == (28, 28)


def pictures(height: int, width: int):
    """Pictures of one shape: sparse dots, thin lines, noise, an edge, halves and shades."""
    random = np.random.default_rng(height * 10_000 + width)
    for _ in range(2):  # a dot or two, wherever they fall
        dots = np.zeros((height, width))
        dots[random.integers(0, height, 2), random.integers(0, width, 2)] = 255
        yield dots
    line, edge, half = (np.zeros((height, width)) for _ in range(3))
    line[height // 2] = line[:, width // 3] = 255
    edge[-1] = edge[:, 0] = 255
    half[: height // 2] = 255
    yield from (line, edge, half)
    yield random.integers(0, 256, (height, width)).astype(float)
    yield np.linspace(0, 255, height * width).reshape(height, width)


SHAPES = [*itertools.product([8, 20, 28, 41, 280, 1500], [8, 20, 28, 41, 280])]


@pytest.mark.parametrize(("height", "width"), [*SHAPES, (8, 4000), (30, 600)])
def test_a_picture_of_any_shape_and_sparsity_becomes_a_digit_with_any_steps(
    height: int, width: int
) -> None:
    every = [picture for ink in pictures(height, width) for picture in (ink, 255 - ink)]
    for number, picture in enumerate(every):
        # The large ones take their time: each gets some of the steps, all of them together all.
        some = EVERY[number % 4 :: 4] if height * width > 20_000 else EVERY
        for steps in some:
            try:
                found = from_pixels(picture, steps=steps)
            except NothingDrawnError:
                continue  # a picture may come out as one shade; never as anything but a sentence
            assert found.digit.shape == found.scaled.shape == (28, 28)
            left, top, right, bottom = found.box
            assert 0 <= left < right <= found.source.shape[1]
            assert 0 <= top < bottom <= found.source.shape[0]


def test_a_thin_line_without_our_pen_is_faint_and_in_the_middle() -> None:
    picture = np.zeros((1500, 20))
    picture[:, 3] = 255
    found = from_pixels(picture, steps=Steps(pen=False, centre=False, crop=True))
    assert found.digit.any()
    assert np.nonzero(found.digit.any(axis=0))[0].mean() == pytest.approx(13.5, abs=0.6)
