"""A sweep's pictures: points with their spread, a heatmap, parallel coordinates, all curves."""

import itertools

import numpy as np
import pytest
from checked import PAGES, T, checked, contrast

from digitlab.charts import sweep
from digitlab.charts.frame import Chart
from digitlab.charts.lines import Metric
from digitlab.charts.parallel import Coordinate, parallel_coordinates
from digitlab.charts.sweep import SweepCurve, SweepPoint, sweep_curves, sweep_points


def test_every_shade_is_seen_on_a_white_and_on_a_dark_page() -> None:
    colours = sweep.shades(60)
    assert len(set(colours)) == 60
    assert all(contrast(colour, page) >= 3 for colour in colours for page in PAGES)
    assert sweep.shades(1) == [sweep.shade(0)]


def points(*xs: float | None) -> list[SweepPoint]:
    return [SweepPoint(f"{x}", x, (0.9 + k / 100, 0.92 + k / 100)) for k, x in enumerate(xs)]


def test_points_show_each_run_the_mean_and_the_spread() -> None:
    figure = checked(sweep_points("accuracy", "Test accuracy", "Dropout", points(0.0, 0.4), T))

    rings, means = figure.data
    assert list(rings.x) == [0.0, 0.0, 0.4, 0.4]
    assert list(rings.y) == pytest.approx([0.9, 0.92, 0.91, 0.93])
    assert list(means.y) == pytest.approx([0.91, 0.92])
    assert list(means.error_y.array) == pytest.approx([0.01, 0.01])
    assert list(means.error_y.arrayminus) == pytest.approx([0.01, 0.01])
    assert means.mode == "lines+markers"
    assert list(figure.layout.xaxis.ticktext) == ["0.0", "0.4"]
    assert figure.layout.title.text == "Test accuracy"
    assert figure.layout.xaxis.title.text == "Dropout"


def test_names_stand_side_by_side_without_a_line() -> None:
    means = checked(sweep_points("loss", "Loss", "", points(None, None), T)).data[1]
    assert list(means.x) == [0, 1]
    assert means.mode == "markers"


@pytest.mark.parametrize(
    ("xs", "kind"), [((1e-4, 1e-2, 1.0), "log"), ((1, 2, 3), None), ((0.0, 0.001, 0.9), None)]
)
def test_values_of_many_sizes_stand_on_a_logarithmic_axis(xs, kind: str | None) -> None:
    assert checked(sweep_points("loss", "Loss", "x", points(*xs), T)).layout.xaxis.type == kind


def test_a_cell_without_a_result_leaves_its_place_empty() -> None:
    some = [*points(0.0), SweepPoint("0.4", 0.4, ())]
    figure = checked(sweep_points("loss", "Loss", "Dropout", some, T))
    assert list(figure.data[1].x) == [0.0]
    assert list(figure.layout.xaxis.tickvals) == [0.0, 0.4]
    low, high = figure.layout.xaxis.range
    assert low < 0 < 0.4 < high


def heatmap(metric: Metric) -> Chart:
    fields, names = ("Dropout", "Units"), (("0", "0.5"), ("8", "16"))
    values = [[(0.9, 0.92), (0.95,)], [(), (0.8, 0.7, 0.6)]]
    return sweep.sweep_heatmap(metric, "Test accuracy", fields, names, values, T)


def test_a_heatmap_has_the_mean_of_each_pair_and_tells_the_spread() -> None:
    (cells,) = checked(heatmap("accuracy")).data
    assert cells.z[0] == pytest.approx([0.91, 0.95])
    assert list(cells.z[1]) == [None, pytest.approx(0.7)]
    assert [list(row) for row in cells.text] == [["91.0%", "95.0%"], ["", "70.0%"]]
    none, some = cells.hovertext[1]
    assert some == "Dropout = 0.5<br>Units = 16<br>70.00% (seeds: 60.00% to 80.00%)"
    assert none.endswith("no result yet")
    assert not cells.reversescale
    assert checked(heatmap("loss")).data[0].reversescale, "brighter is better"


def test_parallel_lines_cross_each_axis_at_their_value_and_lie_apart() -> None:
    corners = list(itertools.product((0.0, 1.0), repeat=3))
    results = [k / 7 for k in range(8)]
    ends = ((0.0, "low"), (1.0, "high"))
    axes = [
        Coordinate(f"axis {at}", places, ends) for at, places in enumerate(np.transpose(corners))
    ]
    axes.append(Coordinate("result", results, ((0.0, "0%"), (1.0, "7%"))))

    figure = checked(parallel_coordinates("title", axes, [f"line {k}" for k in range(8)]))

    lines = [trace for trace in figure.data if trace.name]
    assert len(lines) == 8
    for line, corner, result in zip(lines, corners, results, strict=True):
        assert line.y[:3] == pytest.approx(corner, abs=0.071)
        assert line.y[3] == result
        assert line.line.color == sweep.shade(result)
    for at in range(4):
        assert len({line.y[at] for line in lines}) == 8
    ticks = [note.text for note in figure.layout.annotations]
    assert ticks == [*["low", "high"] * 3, "0%", "7%"]


def test_a_line_without_a_result_is_not_drawn() -> None:
    ends = ((0.0, "x"),)
    axes = [Coordinate("a", [0.0, 1.0], ends), Coordinate("result", [None, 0.5], ends)]
    figure = checked(parallel_coordinates("title", axes, ["first", "second"]))
    assert [trace.name for trace in figure.data if trace.name] == ["second"]


def curve(group: str, dash: int = 0, name: str = "run") -> SweepCurve:
    return SweepCurve(name, group, ([1, 2, 3], [0.5, 0.4, 0.3]), dash)


def test_sixty_runs_are_drawn_in_the_ramps_colours_with_one_legend_entry_a_value() -> None:
    groups = [f"{k / 10}" for k in range(9)]
    runs = [curve(group, name=f"{group} {seed}") for seed in range(5) for group in groups]

    figure = checked(sweep_curves("loss", "Validation loss", runs, groups, T))

    assert [trace.name for trace in figure.data] == groups
    assert [trace.line.color for trace in figure.data] == sweep.shades(9)
    first = figure.data[0]
    assert list(first.y) == [0.5, 0.4, 0.3, None] * 5, "gaps part the runs"
    assert list(first.customdata)[0::4] == [f"0.0 {seed}" for seed in range(5)]
    assert figure.layout.title.text == "Validation loss"


def test_a_second_fields_values_are_told_apart_by_the_kind_of_line() -> None:
    runs = [curve(group, dash) for group in ("a", "b") for dash in (0, 1)]
    figure = checked(sweep_curves("accuracy", "Accuracy", runs, ["a", "b"], T))
    assert [(trace.name, trace.line.dash, trace.showlegend) for trace in figure.data] == [
        ("a", "solid", True),
        ("a", "dash", False),
        ("b", "solid", True),
        ("b", "dash", False),
    ]
    assert not sweep_curves("loss", "Loss", [], ["a", "b"], T).traces, "before the first epoch"


ACCURACIES = [(1.0, 1.0), (0.0, 0.0), (0.1, 0.1), (0.99, 1.0), (0.0, 1.0), (0.9, 0.95)]


@pytest.mark.parametrize("ends", ACCURACIES)
def test_no_axis_of_accuracies_leaves_0_to_100_percent(ends) -> None:
    low, high = ends
    cells = [SweepPoint("a", 0.0, [low]), SweepPoint("b", 1.0, [high])]
    marks = sweep_points("accuracy", "Accuracy", "Dropout", cells, T)
    lines = sweep_curves("accuracy", "Accuracy", [SweepCurve("", "a", ([1, 2], ends))], ["a"], T)
    names = (("0",), ("0", "1"))
    grid = sweep.sweep_heatmap("accuracy", "", ("x", "y"), names, [[[low], [high]]], T).traces[0]
    ranges = [chart.layout["yaxis"]["range"] for chart in (marks, lines)]
    for least, most in [*ranges, (grid["zmin"], grid["zmax"])]:
        assert 0 <= least <= low <= high <= most <= 1
        assert least < most
    assert marks.traces[0]["cliponaxis"] is False, "what lies on the axis's end is seen whole"


@pytest.mark.parametrize("ends", [(0.0, 0.0), (0.01, 2.0), (78.0, 78.0), (float("nan"), 0.5)])
def test_no_axis_of_losses_goes_below_0_and_equal_losses_have_one(ends) -> None:
    low, high = sweep.measure_range("loss", ends)
    assert 0 <= low <= np.nanmin(ends)
    assert np.nanmax(ends) < high
