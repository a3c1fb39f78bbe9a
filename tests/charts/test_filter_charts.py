import base64
import io
import re
from typing import Any

import numpy as np
import pytest
from checked import checked
from PIL import Image

from digitlab.charts.bars import digit_responses
from digitlab.charts.filters import class_templates, edge_chart, kernel_numbers, weight_tiles
from digitlab.charts.picture_rows import TopActivation, top_activations
from digitlab.messages import Translator

T = Translator("en")
RNG = np.random.default_rng(0)
ANGLES = list(range(0, 360, 15))
EDGES = {angle: RNG.integers(0, 256, (11, 11), dtype=np.uint8) for angle in range(0, 360, 45)}


def tiles_of(pictures: np.ndarray, **settings: Any) -> Any:
    names = [f"Filter {number}" for number in range(len(pictures))]
    limit = settings.pop("limit", 2.0)
    return checked(
        weight_tiles(
            pictures, limit, T, title="Filters", caption="some filters", names=names, **settings
        )
    )


def array(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=float)


@pytest.mark.parametrize(("count", "side"), [(1, 3), (24, 3), (32, 5), (10, 28)])
def test_under_each_place_to_click_lies_its_filter(count: int, side: int) -> None:
    pictures = RNG.normal(size=(count, side, side)).astype(np.float32)
    figure = tiles_of(pictures)
    cells, bars = figure.data
    z = array(cells.z)
    assert figure.layout.barmode == "overlay"
    for x, top, height, (number,) in zip(bars.x, bars.base, bars.y, bars.customdata, strict=True):
        left = round(x - bars.width / 2 + 0.5)
        row = round(top + 0.5)
        np.testing.assert_array_equal(z[row : row + height, left : left + side], pictures[number])
    assert [number for (number,) in bars.customdata] == list(range(count))


def test_tiles_share_a_scale_symmetric_about_zero() -> None:
    cells, bars = tiles_of(np.ones((4, 3, 3)), limit=0.5).data
    assert (cells.zmin, cells.zmax) == (-0.5, 0.5)
    assert list(cells.colorbar.tickvals) == [-0.5, 0, 0.5]
    assert bars.hovertext[2] == "Filter 2: weights +1.00 to +1.00"


def test_the_open_filter_is_framed() -> None:
    pictures = np.zeros((6, 3, 3))
    assert not tiles_of(pictures).layout.shapes
    figure = tiles_of(pictures, first=64, chosen=65)
    assert [number for (number,) in figure.data[1].customdata] == list(range(64, 70))
    frame = figure.layout.shapes[-1]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (3.5, 6.5, -0.5, 2.5)


def test_each_row_of_tiles_begins_with_its_number() -> None:
    tiles = np.zeros((70, 5, 5), np.float32)
    figure = checked(
        weight_tiles(tiles, 1, T, title="Neurons", caption="70", names=["n"] * 70, first=64)
    )
    axis = figure.layout.yaxis
    assert axis.ticktext == tuple(str(64 + 10 * row) for row in range(7))
    assert axis.tickvals == tuple(2 + 6 * row for row in range(7))


def test_ten_templates_stand_under_their_digits() -> None:
    templates = RNG.normal(size=(10, 28, 28)).astype(np.float32)
    figure = checked(class_templates(templates, 3, T, title="Templates"))
    z = array(figure.data[0].z)
    assert np.isfinite(z).sum() == 7840
    for digit, note in enumerate(figure.layout.annotations):
        left, top = int(note.x - 13.5), int(note.y + 3)
        np.testing.assert_array_equal(z[top : top + 28, left : left + 28], templates[digit])
        assert f"<b>{digit}</b>" in note.text


@pytest.mark.parametrize(("side", "written"), [(3, True), (7, True), (28, False)])
def test_a_small_kernel_has_its_numbers_written_into_it(side: int, written: bool) -> None:
    kernel = RNG.normal(size=(side, side))
    cells = checked(kernel_numbers(kernel, 1, T, title="Filter 0")).data[0]
    np.testing.assert_allclose(array(cells.z), kernel, rtol=1e-6)
    assert (cells.texttemplate is not None) == written


def test_edge_responses_are_lines_over_the_angle_with_the_edges_under_it() -> None:
    lines = {"untrained": np.zeros(24), "after epoch 3": np.arange(24)}
    figure = checked(edge_chart(ANGLES, lines, EDGES, T, title="Response"))
    assert [line.name for line in figure.data] == list(lines)
    assert [line.line.dash for line in figure.data] == ["dash", "solid"]
    np.testing.assert_array_equal(array(figure.data[1].y), np.arange(24))
    assert "degrees" in figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text == "weighted sum"
    assert [shown.x for shown in figure.layout.images] == list(EDGES)
    shown = picture_of(figure.layout.images[2].source)
    np.testing.assert_array_equal(shown[2:-2:2, 2:-2:2], EDGES[90])


def test_one_line_looks_like_the_present_one() -> None:
    figure = checked(edge_chart(ANGLES, {"trained": np.ones(24)}, EDGES, T, title="Response"))
    assert figure.data[0].line.dash == "solid"


def test_the_digit_with_the_largest_response_stands_out() -> None:
    means = np.array([1, 2, np.nan, 9, 0, 0, 0, 0, 0, 0])
    colours = checked(digit_responses(means, T, title="Mean")).data[0].marker.color
    assert [digit for digit in range(10) if colours[digit] != colours[0]] == [3]
    nothing = checked(digit_responses(np.full(10, np.nan), T, title="Mean"))
    assert len(set(nothing.data[0].marker.color)) == 1


def picture_of(source: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))))


def test_a_patch_is_what_its_box_holds() -> None:
    digit = RNG.integers(0, 256, (28, 28), dtype=np.uint8)
    found = [
        TopActivation(digit, "7", "1.25", (4, 9, 5)),
        TopActivation(digit, "<b>", "0.10", (23, 23, 5)),
        TopActivation(digit, "3", "0.01"),
    ]
    page = top_activations(found)
    sources = [picture_of(source) for source in re.findall(r'src="([^"]+)"', page)]
    assert len(sources) == 5  # a patch and its digit, twice; a digit alone
    factor = len(sources[0]) // 5
    np.testing.assert_array_equal(sources[0][::factor, ::factor], digit[4:9, 9:14])
    np.testing.assert_array_equal(sources[4][::4, ::4, 0], digit)
    outlined = (sources[1] != sources[4]).any(axis=2)
    rows, columns = np.nonzero(outlined)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (14, 37, 34, 57)
    assert not outlined[16:36, 36:56].any(), "the outline runs round the patch"
    assert "&lt;b&gt;" in page
    assert 'alt="7, 1.25"' in page
