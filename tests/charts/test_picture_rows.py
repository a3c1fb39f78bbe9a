import re

import numpy as np
import pytest
from checked import T, opened

from digitlab.charts import picture_rows
from digitlab.charts.frame import BLUE, VERMILLION
from digitlab.charts.picture_rows import TopActivation, nearest_digits

DIGIT = np.zeros((28, 28), np.uint8)
DIGIT[4:24, 12:16] = 255
SOURCE = np.zeros((280, 280), np.uint8)
SOURCE[50:200, 100:120] = 255


def pictures(row: str) -> list[np.ndarray]:
    return [np.asarray(opened(source)) for source in re.findall(r'src="([^"]+)"', row)]


def words(row: str) -> list[str]:
    return re.sub(r"<[^>]+>", "\n", row).replace("&nbsp;", "").split()


def rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour[1:]))


def marked(picture: np.ndarray) -> tuple[list[int], list[int]]:
    """First and last row and column that have the colour of marks."""
    found = np.argwhere((picture == rgb(VERMILLION)).all(axis=2))
    return found.min(axis=0).tolist(), found.max(axis=0).tolist()


def way(**changes):
    values = {"source": SOURCE, "box": (100, 50, 120, 200), "scaled": DIGIT, "digit": DIGIT.T}
    return picture_rows.preprocessing_steps(**(values | changes), t=T, marks=(20, 14.0))


def test_the_way_has_five_pictures_with_a_word_each() -> None:
    assert len(pictures(way())) == 5
    assert words(way()) == ["drawn", "cut", "out", "scaled", "centred", "28x28", "pixels"]
    assert words(way(off=["centre"]))[3:6] == ["scaled", "centred", "(off)"]


def test_the_cut_is_what_the_box_holds_and_the_box_is_drawn_round_it() -> None:
    source, cut = pictures(way(box=(90, 40, 130, 210)))[:2]
    np.testing.assert_array_equal(cut[..., 0], SOURCE[40:210, 90:130])
    assert source.shape == (280, 280, 3)
    assert marked(source) == ([40, 90], [209, 129])
    assert (source[50:200, 100:120] == 255).all()


def test_ink_stands_in_its_square_its_centre_under_the_cross_and_its_pixels_in_a_grid() -> None:
    *_, scaled, centred, seen = pictures(way())
    assert marked(scaled) == ([40, 40], [239, 239])
    line = np.flatnonzero((centred[:, 0] == rgb(VERMILLION)).all(axis=1))
    assert line.mean() == pytest.approx((14 + 0.5) * 10 - 0.5)
    np.testing.assert_array_equal(seen[5::10, 5::10, 0], DIGIT.T)


@pytest.mark.parametrize("shape", [(1, 1), (3, 280), (280, 3)])
def test_the_smallest_drawing_has_its_way_too(shape: tuple[int, int]) -> None:
    height, width = shape
    assert len(pictures(way(source=np.full(shape, 255, np.uint8), box=(0, 0, width, height)))) == 5


def test_a_drawing_is_not_changed_by_being_shown() -> None:
    source, digit = SOURCE.copy(), DIGIT.copy()
    way(source=source, scaled=digit, digit=digit)
    np.testing.assert_array_equal(source, SOURCE)
    np.testing.assert_array_equal(digit, DIGIT)


def test_neighbours_have_label_and_distance_and_others_stand_out() -> None:
    row = nearest_digits(np.stack([DIGIT, DIGIT.T, DIGIT]), [1, 7, 1], [0.0, 2.345, 9], read=1)

    assert words(row) == ["1", "0.0", "7", "2.3", "1", "9.0"]
    frames = [picture[0, 0].tolist() for picture in pictures(row)]
    assert frames == [rgb(BLUE), rgb(VERMILLION), rgb(BLUE)]
    np.testing.assert_array_equal(pictures(row)[1][25:-20:10, 25:-20:10, 0], DIGIT.T[2:-2, 2:-2])
    with pytest.raises(ValueError, match="zip"):
        nearest_digits(np.stack([DIGIT, DIGIT]), [1], [0.0, 1.0], read=1)


def test_a_patch_is_what_its_box_holds() -> None:
    digit = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    found = [
        TopActivation(digit, "7", "1.25", (4, 9, 5)),
        TopActivation(digit, "<b>", "0.10", (23, 23, 5)),
        TopActivation(digit, "3", "0.01"),
    ]
    page = picture_rows.top_activations(found)
    patch, framed, _, _, alone = pictures(page)  # a patch and its digit, twice; a digit alone
    factor = len(patch) // 5
    np.testing.assert_array_equal(patch[::factor, ::factor], digit[4:9, 9:14])
    np.testing.assert_array_equal(alone[::4, ::4, 0], digit)
    outlined = (framed != alone).any(axis=2)
    rows, columns = np.nonzero(outlined)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (14, 37, 34, 57)
    assert not outlined[16:36, 36:56].any(), "the outline runs round the patch"
    assert "&lt;b&gt;" in page
    assert 'alt="7, 1.25"' in page
