from __future__ import annotations

import numpy as np
import pytest
from checked import checked

from digitlab.charts.journey import MOST_EPOCHS, digits_by_epoch, evenly
from digitlab.messages import Translator

T = Translator("en")


def shares(epochs: int) -> np.ndarray:
    return np.linspace(0.5, 0.99, epochs)[:, None] * np.ones(10)


def test_a_row_a_digit_and_a_column_an_epoch() -> None:
    figure = checked(digits_by_epoch((0, 1, 4), shares(3), T))
    (cells,) = figure.data
    assert np.asarray(cells.z).shape == (10, 3)
    assert list(figure.layout.xaxis.ticktext) == ["untrained", "1", "4"]
    assert list(cells.text[0]) == ["50.0", "74.5", "99.0"]


def test_colours_part_the_trained_epochs() -> None:
    (cells,) = checked(digits_by_epoch((0, 1, 4), shares(3), T)).data
    assert cells.zmin == pytest.approx(0.7)
    assert cells.zmax == 1
    (flat,) = checked(digits_by_epoch((0, 1), np.ones((2, 10)), T)).data
    assert flat.zmin == pytest.approx(0.9), "a scale of no length would show nothing"


def test_a_digit_that_is_not_there_has_no_number() -> None:
    found = shares(2)
    found[:, 8] = np.nan
    (cells,) = checked(digits_by_epoch((0, 1), found, T)).data
    assert set(cells.text[8]) == {""}
    assert cells.zmin == pytest.approx(0.9)


@pytest.mark.parametrize("count", [1, 2, 11, 12, 101])
def test_of_many_epochs_some_are_shown_the_ends_among_them(count: int) -> None:
    places = evenly(count)
    assert len(places) == min(count, MOST_EPOCHS)
    assert (places[0], places[-1]) == (0, count - 1)
    steps = np.diff(places)
    assert not len(steps) or steps.max() - steps.min() <= 1


def test_a_hundred_epochs_are_one_picture() -> None:
    figure = checked(digits_by_epoch(tuple(range(101)), shares(101), T))
    assert list(figure.layout.xaxis.ticktext)[-1] == "100"
    assert np.asarray(figure.data[0].z).shape == (10, MOST_EPOCHS)
