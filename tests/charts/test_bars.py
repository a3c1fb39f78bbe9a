import numpy as np
import pytest
from checked import T, checked

from digitlab.charts.bars import count_bars, digit_responses, probability_bars


def test_the_most_probable_digit_stands_out() -> None:
    shares = np.full(10, 0.002)
    shares[7] = 0.982
    (bars,) = checked(probability_bars(shares, T)).data
    np.testing.assert_allclose(np.asarray(bars.y, float), shares)
    others = {colour for digit, colour in enumerate(bars.marker.color) if digit != 7}
    assert len(others) == 1
    assert bars.marker.color[7] not in others
    assert [text for text in bars.text if text] == ["98%"]


def test_who_does_not_see_the_bars_is_told_them() -> None:
    shares = np.zeros(10)
    shares[[1, 7]] = 0.25, 0.75
    assert probability_bars(shares, T).alt == "Probability of each digit: 1 25%, 7 75%"


def test_the_axis_of_probabilities_does_not_move() -> None:
    one, other = (probability_bars(np.eye(10)[3] * scale, T).layout for scale in (1, 0.2))
    assert one["yaxis"] == other["yaxis"]
    assert one["yaxis"]["tickvals"][-1] == 1


@pytest.mark.parametrize(
    ("share", "label"),
    [
        (0.0, ""),
        (0.0099, ""),
        (0.01, "1%"),
        (0.456, "46%"),
        (0.9899, "99%"),
        (0.994, "99.4%"),
        (0.9994, "99.9%"),
        (0.99999, "> 99.9%"),
        (1.0, "100%"),
        (float("nan"), ""),
    ],
)
def test_labels_never_promise_more_than_the_number(share: float, label: str) -> None:
    assert probability_bars([share, *[0] * 9], T).traces[0]["text"][0] == label


def test_counts_stand_over_their_bars() -> None:
    figure = checked(count_bars(np.arange(10) * 1000, T, title="Misread", axis="images"))
    (bars,) = figure.data
    assert list(bars.y) == list(range(0, 10_000, 1000))
    assert bars.text[9] == "9,000"
    assert not figure.layout.showlegend


def test_counts_of_parts_are_stacked() -> None:
    parts = {"training": [4] * 10, "validation": np.full(10, 2), "test": np.arange(10)}
    figure = checked(count_bars(parts, T, title="Images", axis="images"))
    assert [trace.name for trace in figure.data] == list(parts)
    assert [list(trace.y) for trace in figure.data] == [[4] * 10, [2] * 10, list(range(10))]
    assert figure.layout.barmode == "stack"
    assert figure.layout.showlegend
    assert len({trace.marker.color for trace in figure.data}) == 3


def test_more_parts_than_colours_are_refused() -> None:
    parts = {str(number): [1] * 10 for number in range(6)}
    with pytest.raises(ValueError, match="6 parts"):
        count_bars(parts, T, title="Images", axis="images")
    parts.popitem()
    bars = checked(count_bars(parts, T, title="Images", axis="images")).data
    assert len({trace.marker.color for trace in bars}) == 5


def test_the_digit_with_the_largest_response_stands_out() -> None:
    means = np.array([1, 2, np.nan, 9, 0, 0, 0, 0, 0, 0])
    colours = checked(digit_responses(means, T, title="Mean")).data[0].marker.color
    assert [digit for digit in range(10) if colours[digit] != colours[0]] == [3]
    nothing = checked(digit_responses(np.full(10, np.nan), T, title="Mean"))
    assert len(set(nothing.data[0].marker.color)) == 1
