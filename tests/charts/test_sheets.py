import re
from typing import Any

import numpy as np
import pytest
from checked import T, checked, opened

from digitlab.charts.frame import Chart
from digitlab.charts.sheets import (
    LabelledSample,
    labelled_sheet,
    mistake_sheet,
    prediction_sheet,
    sample_sheet,
)
from digitlab.inspection.metrics import Mistake, in_rows

IMAGES = np.random.default_rng(0).integers(0, 256, (60, 28, 28), dtype=np.uint8)
COLUMNS = [
    [Mistake(10 * row + digit, digit, (digit + 1) % 10, 0.5 + row / 20) for row in range(digit % 6)]
    for digit in range(10)
]
FULL = [[Mistake(digit, digit, 0, 0.9)] * 5 for digit in range(10)]


def samples(count: int) -> Chart:
    return sample_sheet(IMAGES[:count], np.arange(count) % 10, T, indices=range(100, 100 + count))


def labelled(count: int) -> Chart:
    found = [LabelledSample(3 * i, f"{i}→0/1", f"sample {3 * i}<") for i in range(count)]
    return labelled_sheet(IMAGES, found, title="Mended", caption="ten")


def digit_of(shown: Any) -> np.ndarray:
    """The picture behind an image of the figure, without its enlargement."""
    pixels = np.asarray(opened(shown.source))
    factor = len(pixels) // 28
    small = pixels[::factor, ::factor]
    np.testing.assert_array_equal(pixels[factor - 1 :: factor, factor - 1 :: factor], small)
    return small


def labels_of(figure: Any) -> list[str]:
    """The words under the pictures, without their colour."""
    return [re.sub(r"<.*?>", "", note.text) for note in figure.layout.annotations]


def boxes(figure: Any) -> list[tuple[float, float, float, float]]:
    """Left, right, top and bottom of every place that answers a click."""
    (bars,) = figure.data
    half = bars.width / 2
    places = zip(bars.x, bars.base, bars.y, strict=True)
    return [(x - half, x + half, top, top + size) for x, top, size in places]


def test_a_sheet_has_a_column_a_digit_and_empty_places() -> None:
    figure = checked(mistake_sheet(IMAGES, COLUMNS, T))
    count = sum(len(column) for column in COLUMNS)
    assert len(figure.layout.images) == len(figure.layout.annotations) == count
    assert len(set(boxes(figure))) == count
    assert list(figure.layout.xaxis.ticktext) == [str(digit) for digit in range(10)]
    (bars,) = figure.data
    assert "50.0% certain" in bars.hovertext[0]
    for (index,), words, label, shown in zip(
        bars.customdata, bars.hovertext, labels_of(figure), figure.layout.images, strict=True
    ):
        truth, predicted = index % 10, (index + 1) % 10
        assert f"truth {truth}, read as {predicted}" in words
        assert label == f"{truth} → {predicted}"
        assert shown.x == truth


@pytest.mark.parametrize("chart", [mistake_sheet(IMAGES, COLUMNS, T), labelled(10)])
def test_a_target_covers_its_tile_and_label_and_no_other(chart: Chart) -> None:
    figure = checked(chart)
    (bars,) = figure.data
    found = boxes(figure)
    for number, (shown, label) in enumerate(
        zip(figure.layout.images, figure.layout.annotations, strict=True)
    ):
        (index,) = bars.customdata[number]
        np.testing.assert_array_equal(digit_of(shown), IMAGES[index])
        assert f"sample {index}<" in bars.hovertext[number]
        assert label.x == shown.x == bars.x[number]
        left, right = shown.x - shown.sizex / 2, shown.x + shown.sizex / 2
        corners = [(x, y) for x in (left, right) for y in (shown.y - shown.sizey, shown.y)]
        for x, y in [*corners, (label.x, label.y)]:
            holders = [
                place
                for place, (a, b, c, d) in enumerate(found)
                if a - 1e-9 <= x <= b + 1e-9 and c - 1e-9 <= y <= d + 1e-9
            ]
            assert holders == [number]


@pytest.mark.parametrize("chart", [mistake_sheet(IMAGES, FULL, T), samples(60)])
def test_all_tiles_lie_inside_the_sheet(chart: Chart) -> None:
    figure = checked(chart)
    (left, right), (bottom, top) = figure.layout.xaxis.range, figure.layout.yaxis.range
    for a, b, c, d in boxes(figure):
        assert left <= a < b <= right
        assert top <= c < d <= bottom + 1e-9


def test_a_network_that_misreads_nothing_leaves_the_sheet_empty() -> None:
    nothing = checked(mistake_sheet(IMAGES, [[] for _ in range(10)], T))
    assert nothing.layout.height == mistake_sheet(IMAGES, COLUMNS, T).layout["height"]
    unseen = checked(prediction_sheet(IMAGES, [], T, title="Samples", caption="none"))
    for figure in (nothing, unseen, checked(labelled(0))):
        assert not figure.layout.images
        assert not boxes(figure)
    many = [[Mistake(row, 3, 5, 0.9) for row in range(12)]]
    assert len(mistake_sheet(IMAGES, many, T).layout["images"]) == 5


def test_samples_come_row_by_row_with_their_labels() -> None:
    figure = checked(samples(24))
    assert labels_of(figure) == [str(number % 10) for number in range(24)]
    places = [(shown.y, shown.x) for shown in figure.layout.images]
    assert [x for _, x in places] == [number % 10 for number in range(24)]
    assert places == sorted(places)
    assert [data[0] for data in figure.data[0].customdata] == list(range(100, 124))
    assert "24" in figure.layout.xaxis.title.text
    np.testing.assert_array_equal(digit_of(figure.layout.images[23]), IMAGES[23])
    with pytest.raises(ValueError, match="zip"):
        sample_sheet(IMAGES[:3], [1, 2], T, indices=range(3))


def test_a_sheet_in_rows_leaves_empty_places_empty() -> None:
    found = [Mistake(number, 8, number % 8, 0.9) for number in range(11)]
    figure = checked(
        prediction_sheet(IMAGES, in_rows(found, 8, 4), T, title="Misread 8s", caption="11 of 11")
    )
    assert labels_of(figure) == [f"8 → {m.predicted}" for m in found]
    assert [data[0] for data in figure.data[0].customdata] == list(range(11))
    assert len(set(boxes(figure))) == 11
    assert list(figure.layout.xaxis.range) == [-0.5, 7.5]
    assert list(figure.layout.yaxis.range) == [4, 0]


def test_more_rows_make_a_higher_sheet() -> None:
    first, *heights = [samples(count).layout["height"] for count in (0, 10, 11, 40)]
    assert first == heights[0] < heights[1] < heights[2]
    one, two, full = [labelled(count).layout["height"] for count in (8, 9, 16)]
    assert one < two == full


def test_the_sample_clicked_last_is_framed_and_its_digit_left_as_it_is() -> None:
    (bars,) = checked(mistake_sheet(IMAGES, COLUMNS, T)).data
    assert bars.marker.color == bars.selected.marker.color == "rgba(0,0,0,0)"
    assert bars.marker.line.width == 3
    assert (bars.marker.opacity, bars.selected.marker.opacity) == (0, 1)
