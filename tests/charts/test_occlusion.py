import numpy as np
import pytest
from checked import checked

from digitlab.charts.occlusion import occlusion_map
from digitlab.messages import Translator

T = Translator("en")
DIGIT = np.zeros((28, 28), np.uint8)
DIGIT[4:24, 12:16] = 255


def falls(value: float = 0.25) -> np.ndarray:
    values = np.zeros((14, 14), np.float32)
    values[5, 6], values[1, 2] = value, -value / 2
    return values


def test_the_scale_is_even_about_zero_and_its_range_is_said() -> None:
    fields = checked(occlusion_map(DIGIT, falls(), T, title="7", measure="probability")).data[0]
    assert (fields.zmin, fields.zmax) == (-0.25, 0.25)
    assert list(fields.colorbar.ticktext) == ["−25.0", "0", "+25.0"]
    assert fields.colorscale[5] == (0.5, "rgb(247,247,247)")
    assert fields.z[5][6] == 0.25


def test_a_logits_fall_is_in_its_own_unit() -> None:
    figure = checked(occlusion_map(DIGIT, falls(3.0), T, title="7", measure="logit"))
    assert list(figure.data[0].colorbar.ticktext) == ["−3.00", "0", "+3.00"]
    assert "logit" in figure.layout.xaxis.title.text


@pytest.mark.parametrize("value", [0.0, 1e-9])
def test_next_to_nothing_is_not_blown_up(value: float) -> None:
    for measure in ("probability", "logit"):
        fields = checked(occlusion_map(DIGIT, falls(value), T, title="7", measure=measure)).data[0]
        assert fields.zmax >= 0.01


def test_fields_lie_over_the_pixels_they_stand_for() -> None:
    figure = checked(occlusion_map(DIGIT, falls(), T, title="7", measure="probability"))
    fields, outline = figure.data
    assert list(fields.x[:2]) == [0.5, 2.5]
    assert (fields.x[-1], fields.y[-1]) == (26.5, 26.5)
    assert figure.layout.xaxis.range == (-0.5, 27.5)
    assert figure.layout.yaxis.range == (27.5, -0.5)
    assert figure.layout.yaxis.scaleanchor == "x"
    np.testing.assert_array_equal(np.asarray(outline.z), DIGIT)
    assert (outline.contours.start, outline.contours.end) == (127, 127)
