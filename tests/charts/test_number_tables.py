import re

import numpy as np
import pytest

from digitlab.charts.number_tables import NumberTable, decimal_text, number_tables


def cells(text: str) -> list[list[list[str]]]:
    """The numbers of each table, row by row."""
    return [
        [re.findall("<td[^>]*>([^<]*)", row) for row in table.split("<tr>")[1:]]
        for table in text.split("<table")[1:]
    ]


def test_grids_show_every_number_with_signs_between() -> None:
    values = np.array([[0.5, -1], [2, 0]])
    text = number_tables([NumberTable(values, "Window"), NumberTable(values * 2, "Twice")], ["×"])
    assert cells(text) == [
        [["0.5000", "−1.0000"], ["2.0000", "0.0000"]],
        [["1.0000", "−2.0000"], ["4.0000", "0.0000"]],
    ]
    assert "×" in text
    with pytest.raises(ValueError, match="zip"):
        number_tables([NumberTable(values, "")], ["×"])


def test_captions_are_escaped() -> None:
    text = number_tables([NumberTable(np.zeros((1, 1)), "<script>a & b</script>")])
    assert ">&lt;script&gt;a &amp; b&lt;/script&gt;</caption>" in text
    assert "<script" not in text


def test_one_place_may_be_marked() -> None:
    plain = number_tables([NumberTable(np.eye(2), "")])
    marked = number_tables([NumberTable(np.eye(2), "", marked=(1, 0))])
    assert "outline" not in plain
    assert marked.count("outline:") == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.12345, "0.1235"),
        (-0.5, "−0.5000"),
        (-0.00001, "0.0000"),
        (0.0, "0.0000"),
        (123456.7, "1.235e+05"),
        (-1e-3, "−0.0010"),
        (float("nan"), "nan"),
        (float("-inf"), "−inf"),
        (99999.99999, "100000.0000"),
    ],
)
def test_numbers_have_four_decimals_and_a_real_minus(value: float, shown: str) -> None:
    assert decimal_text(value) == shown


def test_numbers_that_are_not_finite_have_no_tint() -> None:
    text = number_tables([NumberTable(np.array([[np.nan, np.inf]]), "")])
    assert cells(text) == [[["nan", "inf"]]]
    assert "nan," not in text
