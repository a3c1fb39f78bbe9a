import numpy as np
import pytest
from checked import T, checked, values

from digitlab.charts.pixels import colour_limit, digit_image

IMAGE = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)


def test_a_digit_is_shown_white_on_black_with_square_pixels() -> None:
    figure = checked(digit_image(IMAGE, T, title="7"))
    (pixels,) = figure.data
    np.testing.assert_array_equal(values(pixels.z), IMAGE)
    assert (pixels.zmin, pixels.zmax) == (0, 255)
    assert pixels.colorscale[0][1] == "#000000"
    assert figure.layout.yaxis.range == (27.5, -0.5)
    assert figure.layout.yaxis.scaleanchor == "x"


@pytest.mark.parametrize(
    ("weights", "limit"),
    [([[0.5, -2.0], [1.0]], 2), ([[np.nan, np.inf, -3.0]], 3), ([[0, 0]], 1), ([], 1)],
)
def test_the_colour_limit_is_the_largest_size_of_all(weights, limit: float) -> None:
    assert colour_limit(*weights) == limit
