import numpy as np
import pytest
from checked import checked

from digitlab.charts.lines import MOST_RUNS, NO_POINTS, RunCurves, compared_curves
from digitlab.messages import Translator

T = Translator("en")


def curves(name: str, validated: bool = True) -> RunCurves:
    training = ([1, 2, 3], [0.9, 0.5, 0.25])
    return RunCurves(name, training, ([1, 2, 3], [1, 0.6, 0.5]) if validated else NO_POINTS)


def test_training_is_dotted_validation_solid_and_both_have_the_runs_colour() -> None:
    dotted, solid, *others = checked(
        compared_curves("loss", [curves("one"), curves("two")], T)
    ).data
    assert (dotted.line.dash, solid.line.dash) == ("dot", "solid")
    assert dotted.line.color == solid.line.color != others[0].line.color
    np.testing.assert_array_equal(np.asarray(solid.y, float), [1, 0.6, 0.5])
    assert "training" in dotted.hovertemplate
    assert "validation" in solid.hovertemplate


def test_the_legend_has_one_entry_a_run() -> None:
    runs = [curves("one"), curves("two", validated=False)]
    named = [
        line.name
        for line in checked(compared_curves("loss", runs, T)).data
        if line.showlegend is not False
    ]
    assert named == ["one", "two"]


def test_a_name_is_no_markup() -> None:
    (line, _) = checked(compared_curves("accuracy", [curves("<b>7</b>")], T)).data
    assert line.name == "&lt;b&gt;7&lt;/b&gt;"


def test_more_runs_than_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be told apart"):
        checked(compared_curves("loss", [curves(str(n)) for n in range(MOST_RUNS + 1)], T))


def test_the_axis_begins_at_the_first_epoch_that_has_a_value() -> None:
    low, high = checked(compared_curves("loss", [curves("one")], T)).layout.xaxis.range
    assert 0.9 < low < 1
    assert 3 < high < 3.1
    stopped = RunCurves("stopped", ([0.5], [2.3]), NO_POINTS)
    low, high = checked(compared_curves("loss", [stopped], T)).layout.xaxis.range
    assert low < 0.5
    assert high > 0.5
