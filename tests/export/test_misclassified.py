import csv
import io

import numpy as np
import pytest
from PIL import Image

from digitlab.export import misclassified
from digitlab.inspection.metrics import in_rows, mistakes, sheet, upright

RNG = np.random.default_rng(3)
LABELS = RNG.integers(0, 10, 200).astype(np.uint8)
PROBABILITIES = RNG.dirichlet(np.ones(10), 200).astype(np.float32)
IMAGES = RNG.integers(0, 256, (200, 28, 28), dtype=np.uint8)
FOUND = mistakes(LABELS, PROBABILITIES)


def test_the_table_tells_each_sample_and_its_ten_probabilities() -> None:
    rows = list(csv.DictReader(io.StringIO(misclassified.table(FOUND, PROBABILITIES).decode())))
    assert list(rows[0])[:5] == ["index", "truth", "read_as", "certainty", "probability_of_truth"]
    assert list(rows[0])[5:] == [f"p{digit}" for digit in range(10)]
    assert len(rows) == len(FOUND)
    for row, found in zip(rows, FOUND, strict=True):
        index = int(row["index"])
        shares = [float(row[f"p{digit}"]) for digit in range(10)]
        assert (index, int(row["truth"]), int(row["read_as"])) == (
            found.index,
            LABELS[index],
            np.argmax(PROBABILITIES[index]),
        )
        np.testing.assert_allclose(shares, PROBABILITIES[index], atol=1e-6)
        assert float(row["certainty"]) == max(shares)
        assert float(row["probability_of_truth"]) == shares[found.truth]


def test_a_table_of_nothing_has_its_heading() -> None:
    assert misclassified.table([], PROBABILITIES).decode().splitlines() == [
        ",".join(misclassified.COLUMNS)
    ]


def picture(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_the_sheet_shows_each_sample_crisp_in_its_place_and_leaves_the_others_white() -> None:
    places = in_rows(FOUND[:11], 8, 4)
    page = picture(misclassified.sheet(IMAGES, places))
    tall, wide = 28 * 3 + 28, 28 * 3 + 8
    assert page.shape == (8 + 4 * tall, 8 + 8 * wide)
    for row, samples in enumerate(places):
        for column, sample in enumerate(samples):
            field = page[8 + row * tall :][:tall, 8 + column * wide :][:, :wide]
            if sample is None:
                assert (field == 255).all()
            else:
                np.testing.assert_array_equal(field[:84:3, :84:3], IMAGES[sample.index])
                np.testing.assert_array_equal(field[2:84:3, 2:84:3], IMAGES[sample.index])
                assert (field[84:104] < 128).any()  # its label


def test_the_same_label_looks_the_same_and_another_does_not() -> None:
    by_label = {(m.truth, m.predicted): m for m in FOUND}
    one, other = list(by_label.values())[:2]
    page = picture(misclassified.sheet(IMAGES, ((one, one, other),)))
    labels = [page[92:112, 8 + column * 92 :][:, :84] for column in range(3)]
    np.testing.assert_array_equal(labels[0], labels[1])
    assert (labels[0] != labels[2]).any()


def test_the_sheet_of_the_lesson_has_ten_columns() -> None:
    page = picture(misclassified.sheet(IMAGES, upright(sheet(FOUND))))
    assert page.shape == (8 + 5 * 112, 8 + 10 * 92)


@pytest.mark.parametrize("places", [(), ((), ())])
def test_a_sheet_without_places_is_refused(places: tuple[tuple[()], ...]) -> None:
    with pytest.raises(ValueError, match="no place"):
        misclassified.sheet(IMAGES, places)
