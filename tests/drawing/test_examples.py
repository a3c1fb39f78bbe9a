"""The digits to try: drawn by strokes, and read as what they are."""

from __future__ import annotations

import numpy as np
import pytest

from digitlab import drawing, models
from digitlab.drawing import examples
from digitlab.drawing.examples import EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_bundled_network_reads_every_example(name: str) -> None:
    found = drawing.from_strokes(EXAMPLES[name].on_canvas(320))

    assert models.bundled().read(found.digit).digit == EXAMPLES[name].digit


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_lies_on_the_sheet(name: str) -> None:
    points = np.concatenate(EXAMPLES[name].on_canvas(320))

    assert points.min() >= 20
    assert points.max() <= 300


def test_an_example_put_on_the_canvas_comes_back_as_its_strokes() -> None:
    strokes = EXAMPLES["hooked-9"].on_canvas(320)

    back = drawing.strokes_from_canvas({"objects": examples.to_canvas(strokes, "#FFFFFF", 18)})

    assert len(back) == len(strokes)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(back, strokes, strict=True))


def test_a_curve_goes_through_the_points_it_was_drawn_by() -> None:
    (bar, *_), stroke = EXAMPLES["crossed-7"].strokes, EXAMPLES["crossed-7"].on_canvas(100)[0]

    for point in bar:
        assert np.linalg.norm(stroke - point, axis=1).min() < 1e-9


def test_the_printed_six_is_read_as_a_six() -> None:
    found = drawing.from_image(examples.typeset_six())

    assert models.bundled().read(found.digit).digit == 6
