import base64
import io
import re
from typing import Any

import numpy as np
import pytest
from checked import checked
from PIL import Image

from digitlab.charts.sheets import mistake_sheet, prediction_sheet, sample_sheet
from digitlab.inspection.metrics import Mistake
from digitlab.messages import Translator

T = Translator("en")
IMAGES = np.random.default_rng(0).integers(0, 256, (60, 28, 28), dtype=np.uint8)
COLUMNS = [
    [Mistake(10 * row + digit, digit, (digit + 1) % 10, 0.5 + row / 20) for row in range(digit % 6)]
    for digit in range(10)
]


def digit_of(shown: Any) -> np.ndarray:
    """The picture behind an image of the figure, without its enlargement."""
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown.source.split(",")[1]))))
    factor = len(pixels) // 28
    np.testing.assert_array_equal(
        pixels[factor - 1 :: factor, factor - 1 :: factor], pixels[::factor, ::factor]
    )
    return pixels[::factor, ::factor]


def labels_of(figure: Any) -> list[str]:
    """The words under the pictures, without their colour."""
    return [re.sub(r"<.*?>", "", note.text) for note in figure.layout.annotations]


def boxes(figure: Any) -> list[tuple[float, float, float, float]]:
    """Left, right, top and bottom of every place that answers a click."""
    (bars,) = figure.data
    half = bars.width / 2
    return [
        (x - half, x + half, base, base + size)
        for x, base, size in zip(bars.x, bars.base, bars.y, strict=True)
    ]


def test_a_sheet_has_a_column_a_digit_and_empty_places() -> None:
    figure = checked(mistake_sheet(IMAGES, COLUMNS, T))
    count = sum(len(column) for column in COLUMNS)
    assert len(figure.layout.images) == len(figure.layout.annotations) == count
    assert len(set(boxes(figure))) == count
    assert labels_of(figure)[0] == "1 → 2"
    assert list(figure.layout.xaxis.ticktext) == [str(digit) for digit in range(10)]


def test_a_tile_its_target_and_its_words_belong_together() -> None:
    figure = checked(mistake_sheet(IMAGES, COLUMNS, T))
    (bars,) = figure.data
    assert "50.0% certain" in bars.hovertext[0]
    for shown, label, (index,), words in zip(
        figure.layout.images,
        figure.layout.annotations,
        bars.customdata,
        bars.hovertext,
        strict=True,
    ):
        np.testing.assert_array_equal(digit_of(shown), IMAGES[index])
        assert f"sample {index}<" in words
        assert f"truth {index % 10}, read as {(index + 1) % 10}" in words
        assert f">{index % 10} → {(index + 1) % 10}<" in label.text
        assert label.x == shown.x == index % 10


def test_a_target_covers_its_tile_and_label_and_no_other() -> None:
    figure = checked(mistake_sheet(IMAGES, COLUMNS, T))
    found = boxes(figure)
    for number, (shown, label) in enumerate(
        zip(figure.layout.images, figure.layout.annotations, strict=True)
    ):
        left, right = shown.x - shown.sizex / 2, shown.x + shown.sizex / 2
        low, high = shown.y - shown.sizey, shown.y
        corners = [(x, y) for x in (left, right) for y in (low, high)]
        for x, y in [*corners, (label.x, label.y)]:
            holders = [
                place
                for place, (a, b, c, d) in enumerate(found)
                if a - 1e-9 <= x <= b + 1e-9 and c - 1e-9 <= y <= d + 1e-9
            ]
            assert holders == [number]


def test_all_tiles_lie_inside_the_sheet() -> None:
    full = [[Mistake(digit, digit, 0, 0.9)] * 5 for digit in range(10)]
    for figure in (
        checked(mistake_sheet(IMAGES, full, T)),
        checked(sample_sheet(IMAGES, range(60), T, indices=range(60))),
    ):
        (left, right), (bottom, top) = figure.layout.xaxis.range, figure.layout.yaxis.range
        for a, b, c, d in boxes(figure):
            assert left <= a < b <= right
            assert top <= c < d <= bottom + 1e-9


def test_a_sheet_shows_no_more_rows_than_it_has() -> None:
    many = [[Mistake(row, 3, 5, 0.9) for row in range(12)]]
    assert len(checked(mistake_sheet(IMAGES, many, T)).layout.images) == 5


def test_a_network_that_misreads_nothing_leaves_the_sheet_empty() -> None:
    figure = checked(mistake_sheet(IMAGES, [[] for _ in range(10)], T))
    assert not figure.layout.images
    assert not boxes(figure)
    assert figure.layout.height == checked(mistake_sheet(IMAGES, COLUMNS, T)).layout.height


def test_samples_come_row_by_row_with_their_labels() -> None:
    figure = checked(sample_sheet(IMAGES[:24], np.arange(24) % 10, T, indices=range(100, 124)))
    assert labels_of(figure) == [str(number % 10) for number in range(24)]
    assert [shown.x for shown in figure.layout.images] == [number % 10 for number in range(24)]
    rows = [shown.y for shown in figure.layout.images]
    assert rows == sorted(rows)
    assert len(set(rows)) == 3
    assert [data[0] for data in figure.data[0].customdata] == list(range(100, 124))
    assert "24" in figure.layout.xaxis.title.text
    np.testing.assert_array_equal(digit_of(figure.layout.images[23]), IMAGES[23])


def test_a_sheet_in_rows_leaves_empty_places_empty() -> None:
    found = [Mistake(number, 8, number % 8, 0.9) for number in range(11)]
    places = [found[:8], [*found[8:], None, None, None, None, None], [None] * 8, [None] * 8]
    figure = checked(prediction_sheet(IMAGES, places, T, title="Misread 8s", caption="11 of 11"))
    assert labels_of(figure) == [f"8 → {m.predicted}" for m in found]
    assert [data[0] for data in figure.data[0].customdata] == list(range(11))
    assert len(set(boxes(figure))) == 11
    assert list(figure.layout.xaxis.range) == [-0.5, 7.5]
    assert list(figure.layout.yaxis.range) == [4, 0]
    np.testing.assert_array_equal(digit_of(figure.layout.images[10]), IMAGES[10])


def test_a_sheet_without_places_is_empty() -> None:
    figure = checked(prediction_sheet(IMAGES, [], T, title="Samples", caption="none"))
    assert not figure.layout.images


def test_more_rows_make_a_higher_sheet() -> None:
    heights = [
        checked(sample_sheet(IMAGES[:n], [0] * n, T, indices=range(n))).layout.height
        for n in (0, 10, 11, 40)
    ]
    assert heights[0] == heights[1] < heights[2] < heights[3]


def test_samples_without_a_label_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        checked(sample_sheet(IMAGES[:3], [1, 2], T, indices=range(3)))


def test_the_sample_clicked_last_is_framed_and_its_digit_left_as_it_is() -> None:
    (bars,) = checked(mistake_sheet(IMAGES, COLUMNS, T)).data
    assert bars.marker.color == bars.selected.marker.color == "rgba(0,0,0,0)"
    assert bars.marker.line.width == 3
    assert (bars.marker.opacity, bars.selected.marker.opacity) == (0, 1)
