from typing import Any

import numpy as np
import pytest
from checked import T, checked, opened

from digitlab.charts.maps import ColourScale, colour_scale, feature_map, layer_maps


def pixels(figure: Any) -> np.ndarray:
    """The mosaic behind a figure, RGBA, without its enlargement."""
    (shown,) = figure.layout.images
    large = np.asarray(opened(shown.source).convert("RGBA"))
    factor = round(large.shape[1] / shown.sizex)
    assert large.shape[:2] == (shown.sizey * factor, shown.sizex * factor)
    assert max(large.shape) >= 400  # browsers blur what they enlarge
    small = large[::factor, ::factor]
    np.testing.assert_array_equal(small.repeat(factor, 0).repeat(factor, 1), large)
    return small


def scale_of(figure: Any) -> tuple[float, float]:
    marker = figure.data[0].marker
    return marker.cmin, marker.cmax


def test_a_mosaic_has_every_map_in_its_place_and_gaps_are_clear() -> None:
    maps = np.random.default_rng(0).random((6, 4, 5)).astype(np.float32)
    figure = checked(layer_maps(maps, T, title="conv1"))
    mosaic = pixels(figure)
    assert mosaic.shape == (2 * 4 + 1, 3 * 5 + 2, 4)
    np.testing.assert_array_equal(mosaic[4, :, 3], 0)
    bars = figure.data[1]
    for (number,), x, top in zip(bars.customdata, bars.x, bars.base, strict=True):
        left, top = round(x - 2), round(top + 0.5)
        shown = mosaic[top : top + 4, left : left + 5]
        assert (shown[..., 3] == 255).all()
        light = shown[..., :3].astype(int).sum(axis=2)
        assert np.corrcoef(light.ravel(), maps[number].ravel())[0, 1] > 0.98
        assert str(number) in bars.hovertext[number]
    assert len(bars.customdata) == 6
    assert scale_of(figure) == pytest.approx((0, maps.max()))


def test_a_layer_with_values_below_zero_gets_a_symmetric_scale() -> None:
    maps = np.zeros((2, 3, 3), np.float32)
    maps[0, 0, 0], maps[1, 2, 2] = -4, 1
    figure = checked(layer_maps(maps, T, title="conv1"))
    assert scale_of(figure) == (-4, 4)
    mosaic = pixels(figure)
    red, _, blue = mosaic[0, 0, :3].astype(int)
    assert blue > red
    assert mosaic[1, 1, :3].min() > 240  # zero is white


def test_maps_may_be_a_part_of_a_layer_on_its_scale() -> None:
    maps = np.ones((3, 2, 2), np.float32)
    place = {"first": 64, "chosen": 65, "shared": ColourScale(0, 2)}
    figure = checked(layer_maps(maps, T, title="conv1", **place))
    bars = figure.data[1]
    assert [value for (value,) in bars.customdata] == [64, 65, 66]
    assert scale_of(figure) == (0, 2)
    *_, edge = figure.layout.shapes
    assert ((edge.x0 + edge.x1) / 2, edge.y0) == (bars.x[1], bars.base[1])


@pytest.mark.parametrize("units", [1, 10, 128, 1024])
def test_neurons_are_all_there(units: int) -> None:
    figure = checked(layer_maps(np.arange(units, dtype=np.float32), T, title="dense1"))
    bars = figure.data[1]
    assert len(bars.customdata) == len(set(zip(bars.x, bars.base, strict=True))) == units
    assert figure.layout.height < 620
    assert "a square is a unit" in figure.layout.xaxis.title.text
    pixels(figure)


def test_what_is_not_a_number_is_left_clear_and_off_the_scale() -> None:
    maps = np.array([[[np.nan, 1], [1, np.inf]]], np.float32)
    figure = checked(layer_maps(maps, T, title="conv1"))
    assert scale_of(figure) == (0, 1)
    np.testing.assert_array_equal(pixels(figure)[..., 3], [[0, 255], [255, 0]])


@pytest.mark.parametrize("values", [[], [0, 0], [np.nan]])
def test_a_scale_of_nothing_ends_at_one(values: list[float]) -> None:
    assert colour_scale(values) == ColourScale(0, 1)


def test_an_enlarged_map_shows_its_values_and_tells_pixels() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    figure = checked(feature_map(values, T, title="conv1, map 3", clickable=True, box=(1, 0, 2, 1)))
    cells, bars = figure.data
    np.testing.assert_array_equal(cells.z, values)
    assert (cells.zmin, cells.zmax) == (0, 5)
    assert [value for (value,) in bars.customdata] == list(range(6))
    assert (bars.x[5], bars.base[5]) == (2, 0.5)
    assert bars.hovertext[5] == "row 1, column 2: 5.0000"
    *_, edge = figure.layout.shapes
    assert (edge.x0, edge.x1, edge.y0, edge.y1) == (0.5, 1.5, -0.5, 0.5)


def test_a_map_that_is_only_looked_at_has_no_targets() -> None:
    figure = checked(feature_map(np.zeros((2, 3), np.float32), T, title="map"))
    assert [trace.type for trace in figure.data] == ["heatmap"]
    assert not figure.layout.shapes
