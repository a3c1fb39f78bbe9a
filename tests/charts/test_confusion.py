import re
from typing import Any

import numpy as np
import pytest
from checked import T, checked, values

from digitlab.charts.confusion import confusion_matrix

MATRIX = np.diag(np.full(10, 1000))
MATRIX[4, 9], MATRIX[9, 4], MATRIX[3, 5], MATRIX[4, 4] = 12, 3, 1, 988
MATRIX[7] = 0  # a digit that the set does not have


def numbers(figure: Any) -> dict[tuple[int, int], str]:
    """What is written in each field, by truth and reading."""
    notes = figure.layout.annotations
    return {(note.y, note.x): re.sub(r"<span.*?>|</span>", "", note.text) for note in notes}


def test_each_field_has_its_number_and_those_of_nothing_are_empty() -> None:
    shown = numbers(checked(confusion_matrix(MATRIX, T)))
    assert (shown[4, 9], shown[0, 0]) == ("12", "1,000")
    assert set(shown) == {(truth, read) for truth, read in np.argwhere(MATRIX)}


def test_percentages_are_those_of_a_row() -> None:
    shown = numbers(checked(confusion_matrix(MATRIX, T, shares=True)))
    assert (shown[4, 9], shown[4, 4], shown[0, 0]) == ("1.2", "98.8", "100")
    assert shown[3, 5] == "<0.1"
    assert all(len(text) <= 4 for text in shown.values())  # a field of a phone holds no more


@pytest.mark.parametrize("shares", [False, True])
def test_only_mistakes_are_coloured_and_the_worst_is_the_end_of_the_scale(shares: bool) -> None:
    colours = checked(confusion_matrix(MATRIX, T, shares=shares)).data[0]
    z = values(colours.z)
    np.testing.assert_array_equal(np.isfinite(z), (MATRIX > 0) & ~np.eye(10, dtype=bool))
    assert colours.zmax == np.nanmax(z) == z[4, 9]
    assert colours.colorbar.ticktext[1] == ("1.2%" if shares else "12")


def test_a_target_covers_its_field_and_tells_truth_and_reading() -> None:
    bars = checked(confusion_matrix(MATRIX, T)).data[1]
    for x, base, size, (value,), words in zip(
        bars.x, bars.base, bars.y, bars.customdata, bars.hovertext, strict=True
    ):
        truth, read = divmod(value, 10)
        assert (base, base + size) == (truth - 0.5, truth + 0.5)
        assert (x, bars.width) == (read, 1)
        assert f"truth {truth}, read as {read}<" in words
    assert "12 of 1,000 samples (1.2%)" in bars.hovertext[49]
    assert "0 of 0 samples" in bars.hovertext[77]


def test_a_network_without_a_mistake_has_nothing_coloured() -> None:
    figure = checked(confusion_matrix(np.diag(np.full(10, 5)), T))
    assert not np.isfinite(values(figure.data[0].z)).any()
    assert figure.data[0].zmax > 0
    assert len(figure.layout.annotations) == 10


def test_truth_is_read_downwards() -> None:
    layout = checked(confusion_matrix(MATRIX, T)).layout
    assert layout.yaxis.range[0] > layout.yaxis.range[1]
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("read as", "truth")
    assert layout.barmode == "overlay"


def test_the_open_field_has_a_frame() -> None:
    plain = checked(confusion_matrix(MATRIX, T)).layout.shapes
    light, dark = checked(confusion_matrix(MATRIX, T, chosen=(4, 9))).layout.shapes[len(plain) :]
    for line in (light, dark):
        assert (line.x0 + line.x1, line.y0 + line.y1) == (2 * 9, 2 * 4)
    assert light.line.width > dark.line.width
