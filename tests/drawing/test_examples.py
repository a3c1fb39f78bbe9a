"""The digits to try: drawn by strokes, and read as what they are."""

from __future__ import annotations

import numpy as np
import pytest

from digitlab import drawing, models
from digitlab.drawing import examples
from digitlab.drawing.examples import EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_lies_on_the_sheet_and_is_read_by_the_bundled_network(name: str) -> None:
    strokes = EXAMPLES[name].on_canvas(320)

    assert 20 <= np.concatenate(strokes).min() < np.concatenate(strokes).max() <= 300
    found = models.bundled().read(drawing.from_strokes(strokes).digit)
    assert found.digit == EXAMPLES[name].digit


def test_an_example_put_on_the_canvas_comes_back_as_its_strokes() -> None:
    strokes = EXAMPLES["hooked-9"].on_canvas(320)

    back = drawing.strokes_from_canvas({"objects": examples.to_canvas(strokes, "#FFFFFF", 18)})

    assert len(back) == len(strokes)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(back, strokes, strict=True))


def test_a_curve_goes_through_the_points_it_was_drawn_by() -> None:
    stroke = EXAMPLES["crossed-7"].on_canvas(100)[0]

    for point in examples.points_of(EXAMPLES["crossed-7"].strokes[0]):
        assert np.linalg.norm(stroke - point, axis=1).min() < 1e-9


def test_the_printed_six_is_read_as_a_six() -> None:
    found = drawing.from_image(examples.typeset_six())

    assert models.bundled().read(found.digit).digit == 6
