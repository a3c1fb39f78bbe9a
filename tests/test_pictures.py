import base64
import io

import numpy as np
import pytest
from PIL import Image

from digitlab import pictures


def test_tiles_lie_row_by_row_with_gaps_between_them() -> None:
    images = np.arange(1, 4, dtype=np.uint8)[:, None, None] * np.ones((3, 2, 2), np.uint8)
    mosaic = pictures.tile(images, 2, gap=1, fill=9)
    expected = [
        [1, 1, 9, 2, 2],
        [1, 1, 9, 2, 2],
        [9, 9, 9, 9, 9],
        [3, 3, 9, 9, 9],
        [3, 3, 9, 9, 9],
    ]
    assert mosaic.dtype == np.uint8
    np.testing.assert_array_equal(mosaic, expected)


def test_gaps_can_be_nan_and_pictures_can_have_channels() -> None:
    floats = pictures.tile(np.ones((2, 3, 3), np.float32), 2, fill=np.nan)
    assert np.isnan(floats[:, 3]).all()
    assert np.nansum(floats) == 18
    assert pictures.tile(np.ones((5, 3, 3, 4), np.uint8), 3).shape == (7, 11, 4)


def test_no_pictures_make_an_empty_mosaic() -> None:
    assert pictures.tile(np.zeros((0, 28, 28), np.uint8), 10).size == 0


@pytest.mark.parametrize(("shape", "columns"), [((3, 3), 1), ((2, 3, 3), 0), ((1,) * 5, 1)])
def test_what_is_no_stack_of_pictures_is_refused(shape: tuple[int, ...], columns: int) -> None:
    with pytest.raises(ValueError, match="no mosaic"):
        pictures.tile(np.zeros(shape), columns)


def test_enlarging_repeats_pixels_as_pillow_does_without_smoothing() -> None:
    image = np.random.default_rng(0).integers(0, 256, (28, 20), dtype=np.uint8)
    theirs = Image.fromarray(image).resize((60, 84), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(pictures.enlarge(image, 3), np.asarray(theirs))
    with pytest.raises(ValueError, match="0 times"):
        pictures.enlarge(image, 0)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 2), (5, 7, 3), (5, 7, 4)])
def test_a_png_gives_its_pixels_back(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    read = Image.open(io.BytesIO(pictures.png_bytes(image)))
    assert read.format == "PNG"
    np.testing.assert_array_equal(np.asarray(read), image)
    head, _, data = pictures.data_uri(image).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == pictures.png_bytes(image)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((5, 7)),
        np.zeros((5, 7, 5), np.uint8),
        np.zeros((0, 7), np.uint8),
        np.zeros((1, 2, 3, 4), np.uint8),
    ],
)
def test_what_is_no_picture_makes_no_png(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="no PNG"):
        pictures.png_bytes(image)
