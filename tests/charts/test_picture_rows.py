import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from digitlab.charts.frame import BLUE, VERMILLION
from digitlab.charts.picture_rows import nearest_digits, preprocessing_steps
from digitlab.messages import Translator

T = Translator("en")
DIGIT = np.zeros((28, 28), np.uint8)
DIGIT[4:24, 12:16] = 255
SOURCE = np.zeros((280, 280), np.uint8)
SOURCE[50:200, 100:120] = 255


def pictures(row: str) -> list[np.ndarray]:
    found = re.findall(r'src="data:image/png;base64,([^"]+)"', row)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in found]


def words(row: str) -> list[str]:
    return re.sub(r"<[^>]+>", "\n", row).replace("&nbsp;", "").split()


def rgb(colour: str) -> list[int]:
    return list(bytes.fromhex(colour[1:]))


def way(**changes):
    values = {"source": SOURCE, "box": (100, 50, 120, 200), "scaled": DIGIT, "digit": DIGIT.T}
    return preprocessing_steps(**(values | changes), t=T, marks=(20, 14.0))


# The way of a drawing -----------------------------------------------------------------------


def test_the_way_has_five_pictures_with_a_word_each() -> None:
    assert len(pictures(way())) == 5
    assert words(way()) == ["drawn", "cut", "out", "scaled", "centred", "28x28", "pixels"]


def test_a_step_that_was_left_out_is_said_to_be_off() -> None:
    assert words(
        preprocessing_steps(SOURCE, (0, 0, 9, 9), DIGIT, DIGIT, T, marks=(20, 14), off=["centre"])
    )[3:6] == ["scaled", "centred", "(off)"]


def test_the_cut_is_what_the_box_holds_and_the_box_is_drawn_round_it() -> None:
    source, cut = pictures(way(box=(90, 40, 130, 210)))[:2]
    np.testing.assert_array_equal(cut[..., 0], SOURCE[40:210, 90:130])
    assert source.shape == (280, 280, 3)
    marked = np.argwhere((source == rgb(VERMILLION)).all(axis=2))
    assert marked.min(axis=0).tolist() == [40, 90]
    assert marked.max(axis=0).tolist() == [209, 129]
    assert (source[50:200, 100:120] == 255).all()


def test_scaled_ink_stands_in_a_square_of_its_side() -> None:
    scaled = pictures(way())[2]
    marked = np.argwhere((scaled == rgb(VERMILLION)).all(axis=2))
    assert marked.min(axis=0).tolist() == [40, 40]
    assert marked.max(axis=0).tolist() == [239, 239]


def test_the_cross_is_where_the_centre_of_mass_belongs() -> None:
    centred = pictures(way())[3]
    line = np.flatnonzero((centred[:, 0] == rgb(VERMILLION)).all(axis=1))
    assert line.mean() == pytest.approx((14 + 0.5) * 10 - 0.5)


def test_the_last_picture_is_the_digit_pixel_by_pixel() -> None:
    seen = pictures(way())[4]
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


# Nearest digits -----------------------------------------------------------------------------


def test_neighbours_have_label_and_distance_and_others_stand_out() -> None:
    row = nearest_digits(np.stack([DIGIT, DIGIT.T, DIGIT]), [1, 7, 1], [0.0, 2.345, 9], read=1)

    assert words(row) == ["1", "0.0", "7", "2.3", "1", "9.0"]
    frames = [picture[0, 0].tolist() for picture in pictures(row)]
    assert frames == [rgb(BLUE), rgb(VERMILLION), rgb(BLUE)]
    np.testing.assert_array_equal(pictures(row)[1][25:-20:10, 25:-20:10, 0], DIGIT.T[2:-2, 2:-2])


def test_neighbours_need_a_label_each() -> None:
    with pytest.raises(ValueError, match="zip"):
        nearest_digits(np.stack([DIGIT, DIGIT]), [1], [0.0, 1.0], read=1)
