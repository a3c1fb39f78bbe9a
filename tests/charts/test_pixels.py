from typing import Any

import numpy as np
from checked import checked

from digitlab.charts.pixels import colour_limit, digit_image
from digitlab.messages import Translator

T = Translator("en")
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
KERNELS = RNG.normal(0, 1, (5, 5, 1, 32)).astype(np.float32)
WEIGHTS = RNG.normal(0, 1, (784, 100)).astype(np.float32)


def array(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=float)


def test_a_digit_is_shown_white_on_black_with_square_pixels() -> None:
    figure = checked(digit_image(IMAGE, T, title="7"))
    (pixels,) = figure.data
    np.testing.assert_array_equal(array(pixels.z), IMAGE)
    assert (pixels.zmin, pixels.zmax) == (0, 255)
    assert pixels.colorscale[0][1] == "#000000"
    assert figure.layout.yaxis.range == (27.5, -0.5)
    assert figure.layout.yaxis.scaleanchor == "x"


def test_the_colour_limit_is_the_largest_size_of_all() -> None:
    assert colour_limit(np.array([0.5, -2.0]), np.array([1.0])) == 2.0
    assert colour_limit(np.array([np.nan, np.inf, -3.0])) == 3.0
    assert colour_limit(np.zeros(3)) == 1.0
    assert colour_limit() == 1.0
