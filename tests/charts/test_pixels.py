from typing import Any

import numpy as np
import pytest

from digitlab import charts
from digitlab.messages import Translator

T = Translator("en")
RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
KERNELS = RNG.normal(0, 1, (5, 5, 1, 32)).astype(np.float32)
WEIGHTS = RNG.normal(0, 1, (784, 100)).astype(np.float32)


def array(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=float)


def test_a_digit_is_shown_white_on_black_with_square_pixels() -> None:
    figure = charts.digit(IMAGE, T, title="7")
    (pixels,) = figure.data
    np.testing.assert_array_equal(array(pixels.z), IMAGE)
    assert (pixels.zmin, pixels.zmax) == (0, 255)
    assert pixels.colorscale[0][1] == "#000000"
    assert figure.layout.yaxis.range == (27.5, -0.5)
    assert figure.layout.yaxis.scaleanchor == "x"


def test_the_colour_limit_is_the_largest_size_of_all() -> None:
    assert charts.colour_limit(np.array([0.5, -2.0]), np.array([1.0])) == 2.0
    assert charts.colour_limit(np.array([np.nan, np.inf, -3.0])) == 3.0
    assert charts.colour_limit(np.zeros(3)) == 1.0
    assert charts.colour_limit() == 1.0


def test_filters_share_a_scale_that_is_symmetric_about_zero() -> None:
    limit = charts.colour_limit(KERNELS, KERNELS * 2)
    for kernels in (KERNELS, KERNELS * 2):
        cells = charts.filter_mosaic(kernels, limit, T, title="Filters").data[0]
        assert (cells.zmin, cells.zmax) == (-limit, limit)
        assert list(cells.colorbar.tickvals) == [-limit, 0, limit]
        assert f"{limit:.2g}" in cells.colorbar.ticktext[2]
    middle = charts.filter_mosaic(KERNELS, limit, T, title="Filters").data[0].colorscale[5]
    assert middle == (0.5, "rgb(247,247,247)")


@pytest.mark.parametrize(("size", "filters"), [(3, 1), (5, 32), (7, 256)])
def test_a_mosaic_holds_every_filter_once(size: int, filters: int) -> None:
    kernels = RNG.normal(size=(size, size, 1, filters))
    cells = charts.filter_mosaic(kernels, 1, T, title="Filters").data[0]
    z, places = array(cells.z), np.asarray(cells.customdata)
    inside = ~np.isnan(z)
    assert inside.sum() == size * size * filters
    number, row, column = places[inside].T
    assert set(number) == set(range(filters))
    np.testing.assert_allclose(z[inside], kernels[row, column, 0, number], rtol=1e-6)


@pytest.mark.parametrize(
    ("filters", "shape"), [(1, (1, 1)), (20, (4, 5)), (32, (4, 8)), (256, (16, 16))]
)
def test_a_mosaic_leaves_few_places_empty(filters: int, shape: tuple[int, int]) -> None:
    kernels = np.zeros((3, 3, 1, filters))
    z = array(charts.filter_mosaic(kernels, 1, T, title="Filters").data[0].z)
    assert ((z.shape[0] + 1) // 4, (z.shape[1] + 1) // 4) == shape


def test_an_mlps_weights_are_pictures_of_its_first_neurons() -> None:
    figure = charts.weight_mosaic(WEIGHTS, 3, T, title="Weights")
    z, places = array(figure.data[0].z), np.asarray(figure.data[0].customdata)
    inside = ~np.isnan(z)
    assert inside.sum() == 64 * 784
    number, row, column = places[inside].astype(int).T
    np.testing.assert_allclose(z[inside], WEIGHTS[28 * row + column, number], rtol=1e-6)
    assert "64 of 100" in figure.layout.xaxis.title.text


def test_few_neurons_are_all_shown() -> None:
    figure = charts.weight_mosaic(WEIGHTS[:, :3], 3, T, title="Weights")
    assert np.isfinite(array(figure.data[0].z)).sum() == 3 * 784
    assert figure.layout.xaxis.title.text.startswith("3 neurons")


@pytest.mark.parametrize("filters", [1, 20, 32, 64])
def test_as_many_filters_take_the_same_height_whatever_their_size(filters: int) -> None:
    heights = {
        charts.filter_mosaic(np.ones((k, k, 1, filters)), 1, T, title="Filters").layout.height
        for k in (3, 5, 7)
    }
    neurons = charts.weight_mosaic(np.ones((784, filters)), 1, T, title="Weights")
    assert heights == {neurons.layout.height}
