from __future__ import annotations

import base64
import io

import numpy as np
from checked import checked
from PIL import Image

from digitlab.charts.sheets import LABELLED_COLUMNS, LabelledSample, labelled_sheet

IMAGES = np.random.default_rng(0).integers(0, 256, (60, 28, 28), dtype=np.uint8)


def sheet(count: int) -> object:
    samples = [LabelledSample(3 * i, f"{i}→0/1", f"sample {3 * i}") for i in range(count)]
    return checked(labelled_sheet(IMAGES, samples, title="Mended", caption="ten"))


def test_picture_label_and_target_of_a_sample_share_a_place() -> None:
    figure = sheet(10)
    (bars,) = figure.data
    for place in range(10):
        row, column = divmod(place, LABELLED_COLUMNS)
        shown, label = figure.layout.images[place], figure.layout.annotations[place]
        assert (shown.x, label.x, bars.x[place]) == (column, column, column)
        assert row < bars.base[place] < label.y < row + 1
        assert row < shown.y < row + 1
        assert list(bars.customdata[place]) == [3 * place]
        assert f"{place}→0/1" in label.text
        data = base64.b64decode(shown.source.split(",")[1])
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        factor = len(pixels) // 28
        np.testing.assert_array_equal(pixels[::factor, ::factor], IMAGES[3 * place])


def test_the_height_follows_the_rows() -> None:
    assert sheet(8).layout.height < sheet(9).layout.height == sheet(16).layout.height


def test_a_sheet_without_samples_is_empty() -> None:
    figure = sheet(0)
    assert not figure.layout.images
    assert not len(figure.data[0].x)
