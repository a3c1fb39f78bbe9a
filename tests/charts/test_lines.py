import numpy as np
import pytest
from checked import T, checked, values

from digitlab.charts import lines
from digitlab.charts.lines import MOST_RUNS, NO_POINTS, RunCurves, compared_curves, learning_curves

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("points", [2, 1500, 1501, 3000, 20_000])
def test_thinning_draws_means_of_neighbours(points: int) -> None:
    x, y = np.arange(points) / 100, RNG.random(points)
    thin_x, thin_y = lines.thin(x, y)
    size = -(-points // 1500)
    assert len(thin_x) == len(thin_y) == -(-points // size) <= 1500
    assert thin_y[0] == pytest.approx(y[:size].mean())
    sizes = np.full(len(thin_y), size)
    sizes[-1] = points - size * (len(thin_y) - 1)
    assert np.average(thin_y, weights=sizes) == pytest.approx(y.mean())
    assert np.average(thin_x, weights=sizes) == pytest.approx(x.mean())


def test_a_loss_that_is_not_finite_leaves_a_gap() -> None:
    y = np.ones(4000)
    y[-1] = np.inf
    thinned = lines.thin(np.arange(4000), y)[1]
    assert np.isnan(thinned[-1])
    assert np.isfinite(thinned[:-1]).all()
    assert y[-1] == np.inf


def test_training_validation_and_untrained_are_lines_of_their_own() -> None:
    training = (np.linspace(0, 2, 20_000), np.linspace(2, 0, 20_000))
    chart = learning_curves("loss", training, ([1, 2], [0.5, 0.4]), T, untrained=2.3, epochs=10)
    figure = checked(chart)
    names = [trace.name for trace in figure.data]
    assert names == ["training", "validation", "untrained, test set"]
    assert len(figure.data[0].x) <= 1500
    np.testing.assert_array_equal(figure.data[1].y, [0.5, 0.4])
    assert (figure.data[2].x[0], figure.data[2].y[0]) == (0, 2.3)
    assert figure.layout.yaxis.rangemode == "tozero"
    low, high = figure.layout.xaxis.range
    assert low < 0
    assert high > 10
    assert figure.layout.showlegend


def test_a_run_without_validation_says_so() -> None:
    figure = checked(learning_curves("loss", ([0.1], [2.0]), NO_POINTS, T))
    assert [trace.name for trace in figure.data] == ["training (no validation)"]
    assert figure.data[0].mode == "markers", "one point is no line"


def test_accuracy_is_a_percentage_up_to_a_hundred() -> None:
    axis = checked(learning_curves("accuracy", ([1], [0.9]), NO_POINTS, T)).layout.yaxis
    low, high = axis.range
    assert low == 0
    assert 1 < high < 1.1
    assert "%" in axis.tickformat
    assert "%" in axis.title.text


@pytest.mark.parametrize("epochs", [1, 3, 12, 50, 100])
def test_ticks_stand_at_whole_epochs_and_are_few(epochs: int) -> None:
    axis = checked(learning_curves("loss", NO_POINTS, NO_POINTS, T, epochs=epochs)).layout.xaxis
    assert axis.dtick == int(axis.dtick)
    assert epochs / axis.dtick <= 10


def test_who_does_not_see_the_curves_is_told_where_they_end() -> None:
    chart = learning_curves("loss", ([1, 2], [0.5, 0.25]), ([2], [0.375]), T)
    assert chart.alt == "Loss: training 0.2500, validation 0.3750"


# Several runs -------------------------------------------------------------------------------


def run(name: str, *, validated: bool = True) -> RunCurves:
    validation = ([1, 2, 3], [1, 0.6, 0.5]) if validated else NO_POINTS
    return RunCurves(name, ([1, 2, 3], [0.9, 0.5, 0.25]), validation)


def test_training_is_dotted_validation_solid_and_a_run_has_one_colour_and_entry() -> None:
    runs = [run("<b>7</b>"), run("two", validated=False)]
    figure = checked(compared_curves("loss", runs, T))
    dotted, solid, other = figure.data
    assert [line.line.dash for line in figure.data] == ["dot", "solid", "dot"]
    assert dotted.line.color == solid.line.color != other.line.color
    np.testing.assert_array_equal(values(solid.y), [1, 0.6, 0.5])
    assert "training" in dotted.hovertemplate
    assert "validation" in solid.hovertemplate
    entries = [line.name for line in figure.data if line.showlegend is not False]
    assert entries == ["&lt;b&gt;7&lt;/b&gt;", "two"], "a name is no markup"


def test_more_runs_than_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be told apart"):
        compared_curves("loss", [run(str(n)) for n in range(MOST_RUNS + 1)], T)


def test_the_axis_begins_at_the_first_epoch_that_has_a_value() -> None:
    low, high = checked(compared_curves("loss", [run("one")], T)).layout.xaxis.range
    assert 0.9 < low < 1
    assert 3 < high < 3.1
    stopped = RunCurves("stopped", ([0.5], [2.3]), NO_POINTS)
    low, high = checked(compared_curves("loss", [stopped], T)).layout.xaxis.range
    assert low < 0.5 < high
