import numpy as np
import pytest
from checked import T, checked

from digitlab.charts.journey import MOST_EPOCHS, digits_by_epoch, evenly


def shares(epochs: int) -> np.ndarray:
    return np.linspace(0.5, 0.99, epochs)[:, None] * np.ones(10)


def test_a_row_a_digit_a_column_an_epoch_and_colours_for_the_trained_ones() -> None:
    found = shares(3)
    found[:, 8] = np.nan
    figure = checked(digits_by_epoch((0, 1, 4), found, T))
    (cells,) = figure.data
    assert np.asarray(cells.z).shape == (10, 3)
    assert list(figure.layout.xaxis.ticktext) == ["untrained", "1", "4"]
    assert list(cells.text[0]) == ["50.0", "74.5", "99.0"]
    assert set(cells.text[8]) == {""}, "a digit that is not there has no number"
    assert (cells.zmin, cells.zmax) == (pytest.approx(0.7), 1)


def test_a_scale_always_has_a_length() -> None:
    (flat,) = checked(digits_by_epoch((0, 1), np.ones((2, 10)), T)).data
    assert flat.zmin == pytest.approx(0.9)


@pytest.mark.parametrize("count", [1, 2, 11, 12, 101])
def test_of_many_epochs_some_are_shown_the_ends_among_them(count: int) -> None:
    places = evenly(count)
    assert len(places) == min(count, MOST_EPOCHS)
    assert (places[0], places[-1]) == (0, count - 1)
    assert np.ptp(np.diff(places)) <= 1 if count > 1 else places == [0]
    figure = checked(digits_by_epoch(tuple(range(count)), shares(count), T))
    assert np.asarray(figure.data[0].z).shape == (10, len(places))
    assert len(figure.layout.xaxis.ticktext) == len(places)
