from typing import Any

import numpy as np
import pytest
from checked import T, checked, opened, values

from digitlab.charts.filters import class_templates, edge_chart, kernel_numbers, weight_tiles

RNG = np.random.default_rng(0)
ANGLES = list(range(0, 360, 15))
EDGES = {angle: RNG.integers(0, 256, (11, 11), dtype=np.uint8) for angle in range(0, 360, 45)}


def tiles_of(pictures: np.ndarray, *, limit: float = 2.0, **settings: Any) -> Any:
    names = [f"Filter {number}" for number in range(len(pictures))]
    words = {"title": "Filters", "caption": "some filters", "names": names}
    return checked(weight_tiles(pictures, limit, T, **words, **settings))


@pytest.mark.parametrize(("count", "side"), [(1, 3), (24, 3), (32, 5), (10, 28)])
def test_under_each_place_to_click_lies_its_filter(count: int, side: int) -> None:
    pictures = RNG.normal(size=(count, side, side)).astype(np.float32)
    figure = tiles_of(pictures)
    cells, bars = figure.data
    z = values(cells.z)
    assert figure.layout.barmode == "overlay"
    for x, top, height, (number,) in zip(bars.x, bars.base, bars.y, bars.customdata, strict=True):
        left, row = round(x - bars.width / 2 + 0.5), round(top + 0.5)
        np.testing.assert_array_equal(z[row : row + height, left : left + side], pictures[number])
    assert [number for (number,) in bars.customdata] == list(range(count))


def test_tiles_share_a_scale_symmetric_about_zero() -> None:
    cells, bars = tiles_of(np.ones((4, 3, 3)), limit=0.5).data
    assert (cells.zmin, cells.zmax) == (-0.5, 0.5)
    assert list(cells.colorbar.tickvals) == [-0.5, 0, 0.5]
    assert bars.hovertext[2] == "Filter 2: weights +1.00 to +1.00"


def test_the_open_filter_is_framed_and_each_row_begins_with_its_number() -> None:
    pictures = np.zeros((70, 3, 3))
    assert not tiles_of(pictures).layout.shapes
    figure = tiles_of(pictures, first=64, chosen=65)
    assert [number for (number,) in figure.data[1].customdata] == list(range(64, 134))
    frame = figure.layout.shapes[-1]
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (3.5, 6.5, -0.5, 2.5)
    axis = figure.layout.yaxis
    assert axis.ticktext == tuple(str(64 + 10 * row) for row in range(7))
    assert axis.tickvals == tuple(1 + 4 * row for row in range(7))


def test_ten_templates_stand_under_their_digits() -> None:
    templates = RNG.normal(size=(10, 28, 28)).astype(np.float32)
    figure = checked(class_templates(templates, 3, T, title="Templates"))
    z = values(figure.data[0].z)
    assert np.isfinite(z).sum() == 7840
    for digit, note in enumerate(figure.layout.annotations):
        left, top = int(note.x - 13.5), int(note.y + 3)
        np.testing.assert_array_equal(z[top : top + 28, left : left + 28], templates[digit])
        assert f"<b>{digit}</b>" in note.text


@pytest.mark.parametrize(("side", "written"), [(3, True), (7, True), (28, False)])
def test_a_small_kernel_has_its_numbers_written_into_it(side: int, written: bool) -> None:
    kernel = RNG.normal(size=(side, side))
    cells = checked(kernel_numbers(kernel, 1, T, title="Filter 0")).data[0]
    np.testing.assert_allclose(values(cells.z), kernel, rtol=1e-6)
    assert (cells.texttemplate is not None) == written


def test_edge_responses_are_lines_over_the_angle_with_the_edges_under_it() -> None:
    lines = {"untrained": np.zeros(24), "after epoch 3": np.arange(24)}
    figure = checked(edge_chart(ANGLES, lines, EDGES, T, title="Response"))
    assert [line.name for line in figure.data] == list(lines)
    assert [line.line.dash for line in figure.data] == ["dash", "solid"]
    np.testing.assert_array_equal(values(figure.data[1].y), np.arange(24))
    assert "degrees" in figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text == "weighted sum"
    assert [shown.x for shown in figure.layout.images] == list(EDGES)
    shown = np.asarray(opened(figure.layout.images[2].source))
    np.testing.assert_array_equal(shown[2:-2:2, 2:-2:2], EDGES[90])
    alone = checked(edge_chart(ANGLES, {"trained": np.ones(24)}, EDGES, T, title="Response"))
    assert alone.data[0].line.dash == "solid", "as the present one beside another"
