import numpy as np
import pytest

from digitlab.drawing import check_strokes, digit_from_strokes, from_strokes
from tools.bundled import non_digits
from tools.bundled.non_digits import HELD_OUT_TEMPLATES, KINDS, SCRIBBLES, TEMPLATES
from tools.bundled.reference import PenDigits

BAR = [np.array([[0.0, 0.0], [0.0, 500.0]])]
ANGLE = [np.array([[0.0, 0.0], [300.0, 0.0]]), np.array([[300.0, 0.0], [0.0, 500.0]])]
PEN = PenDigits((BAR, ANGLE), np.array([1, 7], np.uint8))


def drawn(kind, count=12, *, seed=3, held_out=False):
    return non_digits.some(kind, count, np.random.default_rng(seed), PEN, held_out=held_out)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_drawn_as_the_canvas_sends_it(kind):
    drawings = drawn(kind)

    assert len(drawings) == 12
    for _, strokes in drawings:
        check_strokes(strokes)
        assert (from_strokes(strokes).digit > 128).sum() >= 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_draws_the_same_again_and_another_does_not(kind):
    def pictures(seed):
        return np.stack([digit_from_strokes(strokes) for _, strokes in drawn(kind, 6, seed=seed)])

    np.testing.assert_array_equal(pictures(3), pictures(3))
    assert not np.array_equal(pictures(3), pictures(4))


def test_no_two_drawings_of_a_letter_are_alike():
    random = np.random.default_rng(0)
    one, other = (non_digits.handmade(TEMPLATES["letter"]["A"], random) for _ in range(2))
    assert np.abs(digit_from_strokes(one).astype(int) - digit_from_strokes(other)).max() > 100


def test_a_letter_keeps_its_look():
    """Its strokes stay near the template's own, in a box of the same size."""
    plain = [points * 50 for _, points in TEMPLATES["letter"]["H"]]
    random = np.random.default_rng(0)
    plain_ink = digit_from_strokes(plain) > 128
    shared = [
        (plain_ink & (digit_from_strokes(made) > 64)).sum() / plain_ink.sum()
        for made in (non_digits.handmade(TEMPLATES["letter"]["H"], random) for _ in range(20))
    ]
    assert np.mean(shared) > 0.5


@pytest.mark.parametrize("kind", ["letter", "shape"])
def test_what_is_held_out_is_never_fitted_on(kind):
    fitted = {name for name, _ in drawn(kind, 400)}
    measured = {name for name, _ in drawn(kind, 400, held_out=True)}

    assert not fitted & HELD_OUT_TEMPLATES
    assert measured & HELD_OUT_TEMPLATES
    assert fitted == set(TEMPLATES[kind]) - HELD_OUT_TEMPLATES
    assert set(TEMPLATES["letter"]) | set(TEMPLATES["shape"]) >= HELD_OUT_TEMPLATES


def test_several_digits_are_two_or_three_and_each_is_whole():
    for seed in range(30):
        strokes = non_digits.several(PEN, np.random.default_rng(seed))
        assert 2 <= len(strokes) <= 6  # one stroke or two for each
        heights = [np.ptp(stroke[:, 1]) for stroke in strokes]
        assert max(heights) >= 0.75 * non_digits.SIDE


def test_several_digits_stand_in_a_row_above_each_other_or_over_each_other():
    ways = set()
    for seed in range(60):
        points = np.concatenate(non_digits.several(PEN, np.random.default_rng(seed)))
        width, height = np.ptp(points, axis=0)
        ways.add("column" if height > 1.6 * non_digits.SIDE else "other")
        ways.add("wide" if width > 0.9 * height else "narrow")
    assert ways == {"column", "other", "wide", "narrow"}


@pytest.mark.parametrize("way", SCRIBBLES)
def test_a_scribble_is_long(way):
    """Its line is at least two and a half times the size of its box."""
    random = np.random.default_rng(1)
    for _ in range(10):
        line = SCRIBBLES[way](random)
        length = np.hypot(*np.diff(line, axis=0).T).sum()
        assert np.isfinite(line).all()
        assert length > 2.5 * np.ptp(line, axis=0).max()
