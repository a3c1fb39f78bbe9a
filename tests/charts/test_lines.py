import numpy as np
import pytest
from checked import checked

from digitlab.charts.lines import NO_POINTS, learning_curves, thin
from digitlab.messages import Translator

T = Translator("en")
NOTHING = NO_POINTS
RNG = np.random.default_rng(0)


def test_short_curves_are_drawn_as_they_are() -> None:
    x, y = thin([0.1, 0.2], [3, 2])
    np.testing.assert_array_equal(x, [0.1, 0.2])
    np.testing.assert_array_equal(y, [3, 2])


@pytest.mark.parametrize("points", [1501, 3000, 20_000])
def test_thinning_draws_means_of_neighbours(points: int) -> None:
    x, y = np.arange(points) / 100, RNG.random(points)
    thin_x, thin_y = thin(x, y)
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
    assert np.isnan(thin(np.arange(4000), y)[1][-1])
    assert np.isfinite(thin(np.arange(4000), y)[1][:-1]).all()
    assert y[-1] == np.inf


def test_training_validation_and_untrained_are_lines_of_their_own() -> None:
    training = (np.linspace(0, 2, 20_000), np.linspace(2, 0, 20_000))
    figure = checked(
        learning_curves("loss", training, ([1, 2], [0.5, 0.4]), T, untrained=2.3, epochs=10)
    )
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
    figure = checked(learning_curves("loss", ([0.1], [2.0]), NOTHING, T))
    assert [trace.name for trace in figure.data] == ["training (no validation)"]
    assert figure.data[0].mode == "markers", "one point is no line"


def test_accuracy_is_a_percentage_up_to_a_hundred() -> None:
    axis = checked(learning_curves("accuracy", ([1], [0.9]), NOTHING, T)).layout.yaxis
    low, high = axis.range
    assert low == 0
    assert 1 < high < 1.1
    assert "%" in axis.tickformat
    assert "%" in axis.title.text


@pytest.mark.parametrize("epochs", [1, 3, 12, 50, 100])
def test_ticks_stand_at_whole_epochs_and_are_few(epochs: int) -> None:
    axis = checked(learning_curves("loss", NOTHING, NOTHING, T, epochs=epochs)).layout.xaxis
    assert axis.dtick == int(axis.dtick)
    assert epochs / axis.dtick <= 10


def test_who_does_not_see_the_curves_is_told_where_they_end() -> None:
    chart = learning_curves("loss", ([1, 2], [0.5, 0.25]), ([2], [0.375]), T)
    assert chart.alt == "Loss: training 0.2500, validation 0.3750"
