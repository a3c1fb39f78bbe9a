import numpy as np
import pytest
from checked import T, checked

from digitlab.charts.reliability import edge_text, reliability_diagram
from digitlab.inspection.reliability import Bin
from digitlab.scores import wilson

EDGES = (0.0, 0.5, 0.9, 0.999, 1.0)
BINS = [
    Bin(0.0, 0.5, 0, 0, None),
    Bin(0.5, 0.9, 4, 3, 0.7),
    Bin(0.9, 0.999, 1, 1, 0.95),
    Bin(0.999, 1.0, 9_000, 8_999, 0.9995),
]


def test_edges_stand_at_whole_numbers_a_point_and_its_interval_are_stretched_alike() -> None:
    figure = checked(reliability_diagram(BINS, T))
    assert list(figure.layout.xaxis.tickvals) == [0, 1, 2, 3, 4]
    points = figure.data[1]
    assert points.x[0] == pytest.approx(1.5)
    least, most = wilson(3, 4)
    low, middle, high = (np.interp(share, EDGES, range(5)) for share in (least, 0.75, most))
    assert points.y[0] == pytest.approx(middle)
    assert points.y[0] + points.error_y.array[0] == pytest.approx(high)
    assert points.y[0] - points.error_y.arrayminus[0] == pytest.approx(low)
    assert len(points.x) == 3, "an empty bin has no point"


def test_what_is_as_right_as_certain_lies_on_the_diagonal() -> None:
    honest = [Bin(0.5, 1.0, 10, 8, 0.8)]
    diagonal, points, *_ = checked(reliability_diagram(honest, T)).data
    assert points.x == points.y
    assert (diagonal.x, diagonal.y) == ((0, 1), (0, 1))


def test_one_sample_is_a_bar_that_can_be_seen_and_none_is_not() -> None:
    figure = checked(reliability_diagram(BINS, T))
    bars = figure.data[2]
    assert bars.y == (None, 4, 1, 9_000)
    assert bars.text == ("0", "4", "1", "9,000")
    assert figure.layout.yaxis2.type == "log"
    assert figure.layout.yaxis2.range[0] < 0
    assert figure.layout.yaxis2.range[1] > np.log10(9_000)


def test_a_click_on_either_half_tells_the_bin() -> None:
    figure = checked(reliability_diagram(BINS, T))
    assert figure.layout.barmode == "overlay"
    for targets, overlaid in zip(figure.data[3:], ("y", "y2"), strict=True):
        assert [value for (value,) in targets.customdata] == [0, 1, 2, 3]
        assert figure.layout[targets.yaxis.replace("y", "yaxis")].overlaying == overlaid
        assert targets.hovertext[0] == "0% to 50%: no samples"
        assert "right 75.00% (95% interval 30.1% to 95.4%)" in targets.hovertext[1]


def test_edges_in_percent_have_no_digits_too_many() -> None:
    edges = [edge_text(edge) for edge in (0.0, 0.3, 0.95, 0.999, 1.0)]
    assert edges == ["0", "30", "95", "99.9", "100"]
