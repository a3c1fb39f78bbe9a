"""A sweep's pictures: points with their spread, a heatmap, parallel coordinates, all curves."""

import itertools

import numpy as np
import plotly.graph_objects as go
import pytest
from checked import checked

from digitlab.charts.lines import Metric
from digitlab.charts.parallel import Coordinate, parallel_coordinates
from digitlab.charts.sweep import (
    SweepCurve,
    SweepPoint,
    measure_range,
    shade,
    shades,
    sweep_curves,
    sweep_heatmap,
    sweep_points,
)
from digitlab.messages import Translator

T = Translator("en")
WHITE, DARK = "#FFFFFF", "#0E1117"


def contrast(one: str, other: str) -> float:
    """WCAG 2's contrast ratio."""

    def luminance(colour: str) -> float:
        parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_shade_is_seen_on_a_white_and_on_a_dark_page() -> None:
    colours = shades(60)
    assert len(set(colours)) == 60
    for colour in colours:
        assert contrast(colour, WHITE) >= 3
        assert contrast(colour, DARK) >= 3
    assert shades(1) == [shade(0)]


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
    figure = checked(sweep_points("loss", "Loss", "", points(None, None), T))
    assert list(figure.data[1].x) == [0, 1]
    assert figure.data[1].mode == "markers"


def test_values_of_many_sizes_stand_on_a_logarithmic_axis() -> None:
    wide = checked(sweep_points("loss", "Loss", "Learning rate", points(1e-4, 1e-2, 1.0), T))
    narrow = checked(sweep_points("loss", "Loss", "Epochs", points(1, 2, 3), T))
    zero = checked(sweep_points("loss", "Loss", "Dropout", points(0.0, 0.001, 0.9), T))
    assert wide.layout.xaxis.type == "log"
    assert narrow.layout.xaxis.type != "log"
    assert zero.layout.xaxis.type != "log"


def test_a_cell_without_a_result_leaves_its_place_empty() -> None:
    some = [*points(0.0), SweepPoint("0.4", 0.4, ())]
    figure = checked(sweep_points("loss", "Loss", "Dropout", some, T))
    assert list(figure.data[1].x) == [0.0]
    assert list(figure.layout.xaxis.tickvals) == [0.0, 0.4]
    low, high = figure.layout.xaxis.range
    assert low < 0 < 0.4 < high


def heatmap(metric: Metric = "accuracy") -> go.Figure:
    values = [[(0.9, 0.92), (0.95,)], [(), (0.8, 0.7, 0.6)]]
    return checked(
        sweep_heatmap(
            metric, "Test accuracy", ("Dropout", "Units"), (("0", "0.5"), ("8", "16")), values, T
        )
    )


def test_a_heatmap_has_the_mean_of_each_pair_and_tells_the_spread() -> None:
    (cells,) = heatmap().data
    assert cells.z[0] == pytest.approx([0.91, 0.95])
    assert cells.z[1][0] is None
    assert cells.z[1][1] == pytest.approx(0.7)
    assert [list(row) for row in cells.text] == [["91.0%", "95.0%"], ["", "70.0%"]]
    assert (
        cells.hovertext[1][1] == "Dropout = 0.5<br>Units = 16<br>70.00% (seeds: 60.00% to 80.00%)"
    )
    assert cells.hovertext[1][0].endswith("no result yet")


def test_brighter_is_better_for_losses_too() -> None:
    assert not heatmap("accuracy").data[0].reversescale
    assert heatmap("loss").data[0].reversescale


def test_parallel_lines_cross_each_axis_at_their_value_and_lie_apart() -> None:
    corners = list(itertools.product((0.0, 1.0), repeat=3))
    results = [k / 7 for k in range(8)]
    axes = [
        Coordinate(name, [corner[at] for corner in corners], ((0.0, "low"), (1.0, "high")))
        for at, name in enumerate(("a", "b", "c"))
    ]
    last = Coordinate("result", results, ((0.0, "0%"), (1.0, "7%")))

    figure = checked(parallel_coordinates("title", [*axes, last], [f"line {k}" for k in range(8)]))

    lines = [trace for trace in figure.data if trace.name]
    assert len(lines) == 8
    for line, corner, result in zip(lines, corners, results, strict=True):
        assert line.y[:3] == pytest.approx(corner, abs=0.071)
        assert line.y[3] == result
        assert line.line.color == shade(result)
    for at in range(4):
        assert len({line.y[at] for line in lines}) == 8
    assert [note.text for note in figure.layout.annotations] == [
        *["low", "high"] * 3,
        "0%",
        "7%",
    ]


def test_a_line_without_a_result_is_not_drawn() -> None:
    axes = [
        Coordinate("a", [0.0, 1.0], ((0.0, "x"),)),
        Coordinate("result", [None, 0.5], ((0.0, "0"),)),
    ]
    figure = checked(parallel_coordinates("title", axes, ["first", "second"]))
    assert [trace.name for trace in figure.data if trace.name] == ["second"]


def curve(group: str, dash: int = 0, name: str = "run") -> SweepCurve:
    return SweepCurve(name, group, ([1, 2, 3], [0.5, 0.4, 0.3]), dash)


def test_sixty_runs_are_drawn_in_the_ramps_colours_with_one_legend_entry_a_value() -> None:
    groups = [f"{k / 10}" for k in range(9)]
    runs = [curve(group, name=f"{group} {seed}") for seed in range(5) for group in groups]

    figure = checked(sweep_curves("loss", "Validation loss", runs, groups, T))

    assert [trace.name for trace in figure.data] == groups
    assert [trace.line.color for trace in figure.data] == shades(9)
    first = figure.data[0]
    assert list(first.y) == [0.5, 0.4, 0.3, None] * 5, "gaps part the runs"
    assert list(first.customdata)[0::4] == [f"0.0 {seed}" for seed in range(5)]
    assert figure.layout.title.text == "Validation loss"


def test_a_second_fields_values_are_told_apart_by_the_kind_of_line() -> None:
    runs = [curve(group, dash) for group in ("a", "b") for dash in (0, 1)]
    figure = checked(sweep_curves("accuracy", "Accuracy", runs, ["a", "b"], T))
    assert [(trace.name, trace.line.dash) for trace in figure.data] == [
        ("a", "solid"),
        ("a", "dash"),
        ("b", "solid"),
        ("b", "dash"),
    ]
    assert [trace.showlegend for trace in figure.data] == [True, False, True, False]


def test_curves_before_the_first_epoch_are_an_empty_picture() -> None:
    figure = checked(sweep_curves("loss", "Loss", [], ["a", "b"], T))
    assert len(figure.data) == 0


# Axes ----------------------------------------------------------------------------------------

ACCURACIES = [(1.0, 1.0), (0.0, 0.0), (0.1, 0.1), (0.99, 1.0), (0.0, 1.0), (0.9, 0.95)]


@pytest.mark.parametrize("ends", ACCURACIES)
def test_no_axis_of_accuracies_leaves_0_to_100_percent(ends) -> None:
    cells = [SweepPoint("a", 0.0, ends[:1]), SweepPoint("b", 1.0, ends[1:])]
    marks = checked(sweep_points("accuracy", "Accuracy", "Dropout", cells, T))
    lines = checked(
        sweep_curves("accuracy", "Accuracy", [SweepCurve("a", "a", ([1, 2], ends))], ["a"], T)
    )
    grid = checked(
        sweep_heatmap(
            "accuracy", "Accuracy", ("x", "y"), (("0",), ("0", "1")), [[ends[:1], ends[1:]]], T
        )
    ).data[0]
    for low, high in (marks.layout.yaxis.range, lines.layout.yaxis.range, (grid.zmin, grid.zmax)):
        assert 0 <= low <= min(ends)
        assert max(ends) <= high <= 1
        assert low < high
    assert marks.data[0].cliponaxis is False, "what lies on the axis's end is seen whole"


def test_no_axis_of_losses_goes_below_0_and_equal_losses_have_one() -> None:
    for ends in ((0.0, 0.0), (0.01, 2.0), (78.0, 78.0), (float("nan"), 0.5)):
        low, high = measure_range("loss", ends)
        finite = [value for value in ends if np.isfinite(value)]
        assert 0 <= low <= min(finite)
        assert max(finite) < high
