import numpy as np
import pytest
from checked import T, checked

from digitlab.charts.occlusion import occlusion_map

DIGIT = np.zeros((28, 28), np.uint8)
DIGIT[4:24, 12:16] = 255


def picture(value: float, measure="probability"):
    falls = np.zeros((14, 14), np.float32)
    falls[5, 6], falls[1, 2] = value, -value / 2
    return checked(occlusion_map(DIGIT, falls, T, title="7", measure=measure))


def test_the_scale_is_even_about_zero_and_its_range_is_said() -> None:
    fields = picture(0.25).data[0]
    assert (fields.zmin, fields.zmax) == (-0.25, 0.25)
    assert list(fields.colorbar.ticktext) == ["−25.0", "0", "+25.0"]
    assert fields.colorscale[5] == (0.5, "rgb(247,247,247)")
    assert fields.z[5][6] == 0.25
    logits = picture(3.0, "logit")
    assert list(logits.data[0].colorbar.ticktext) == ["−3.00", "0", "+3.00"]
    assert "logit" in logits.layout.xaxis.title.text


@pytest.mark.parametrize("value", [0.0, 1e-9])
@pytest.mark.parametrize("measure", ["probability", "logit"])
def test_next_to_nothing_is_not_blown_up(value: float, measure: str) -> None:
    assert picture(value, measure).data[0].zmax >= 0.01


def test_fields_lie_over_the_pixels_they_stand_for() -> None:
    figure = picture(0.25)
    fields, outline = figure.data
    assert list(fields.x[:2]) == [0.5, 2.5]
    assert (fields.x[-1], fields.y[-1]) == (26.5, 26.5)
    assert figure.layout.xaxis.range == (-0.5, 27.5)
    assert figure.layout.yaxis.range == (27.5, -0.5)
    assert figure.layout.yaxis.scaleanchor == "x"
    np.testing.assert_array_equal(np.asarray(outline.z), DIGIT)
    assert (outline.contours.start, outline.contours.end) == (127, 127)
