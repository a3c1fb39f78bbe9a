import json
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis

from digitlab import dataset, models, out_of_distribution
from digitlab.drawing import digit_from_strokes, from_pixels
from digitlab.layers import Stack
from digitlab.network import Network
from digitlab.out_of_distribution import Judgement, Table, TableError, ink_of, judge
from tools.__main__ import main
from tools.bundled import out_of_distribution_fit, reference
from tools.bundled.non_digits import KINDS, TEMPLATES, handmade, some

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared/data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the data is not beside the project")


@pytest.fixture(scope="module")
def pen():
    return reference.read_pen_digits(DATA / "pen_strokes.npz")


def small_network(seed=0):
    """A network of 16 hidden units, untrained; it stands for a run of somebody's."""
    stack = Stack()
    stack.flatten()
    stack.dense(16, "relu")
    stack.dense(10, "softmax")
    random = np.random.default_rng(seed)
    weights = {
        layer.name: (
            random.normal(0, 0.1, layer.kernel_shape).astype(np.float32),
            np.zeros(layer.output, np.float32),
        )
        for layer in stack.layers
        if layer.kernel_shape
    }
    return Network(tuple(stack.layers), weights, {})


def blank(*boxes):
    """A picture with bright boxes (top, left, bottom, right)."""
    picture = np.zeros((28, 28), np.uint8)
    for top, left, bottom, right in boxes:
        picture[top:bottom, left:right] = 255
    return picture


@needs_data
def test_digits_of_people_it_has_not_met_are_not_called_unsure(pen):
    unseen = pen.part(reference.PEN_HELD_OUT).strokes[::6]
    judged = [judge(models.bundled(), digit_from_strokes(lines)) for lines in unseen]

    assert len(judged) > 200
    assert sum(judgement.out_of_distribution for judgement in judged) <= 0.02 * len(judged)
    assert {judgement.rule for judgement in judged} == {"fitted"}


@needs_data
@pytest.mark.parametrize("kind", KINDS)
def test_drawings_that_are_no_digit_are_called_unsure(pen, kind):
    random = np.random.default_rng(99)
    drawings = some(kind, 40, random, pen.part(reference.PEN_HELD_OUT), held_out=True)
    called = [
        judge(models.bundled(), digit_from_strokes(lines)).out_of_distribution
        for _, lines in drawings
    ]

    assert np.mean(called) >= 0.75


def test_the_samples_test_images_are_not_called_unsure():
    images = dataset.sample().x_test[::5]
    outputs = models.bundled().activations(images)

    assert (out_of_distribution.table().log_odds(images, outputs) > 0).mean() <= 0.015


def test_an_uploaded_letter_is_called_unsure_too():
    letter = handmade(TEMPLATES["letter"]["A"], np.random.default_rng(2))
    canvas = reference.canvas_picture(letter, np.random.default_rng(2))

    assert judge(models.bundled(), from_pixels(255 - canvas).digit).out_of_distribution


def test_the_score_is_a_half_or_more_where_it_is_unsure():
    images = [*dataset.sample().x_test[:40], blank((4, 4, 24, 24)), blank((2, 13, 26, 15))]
    judged = [judge(models.bundled(), image) for image in images]

    assert all(0 <= each.score <= 1 for each in judged)
    assert all(each.out_of_distribution == (each.score > 0.5) for each in judged)
    assert judged[-2].out_of_distribution


def test_one_judgement_takes_no_more_than_2_ms_beside_the_forward_pass():
    network, image = models.bundled(), dataset.sample().x_test[0]
    outputs = network.activations(image[np.newaxis])
    seconds = []
    for _ in range(30):
        start = time.process_time()
        judge(network, image, outputs)
        seconds.append(time.process_time() - start)
    assert min(seconds) <= 0.002


def test_known_outputs_change_nothing():
    network, image = models.bundled(), dataset.sample().x_test[7]
    assert judge(network, image) == judge(network, image, network.activations(image[np.newaxis]))


@pytest.mark.parametrize("value", [0, 255])
def test_an_empty_and_a_full_picture_are_judged(value):
    assert 0 <= judge(models.bundled(), np.full((28, 28), value, np.uint8)).score <= 1


def test_any_other_network_is_judged_by_its_certainty():
    network, image = small_network(), dataset.sample().x_test[0]
    confidence = network.read(image).confidence
    assert confidence < out_of_distribution.LEAST_CONFIDENCE

    judgement = judge(network, image)

    assert judgement.out_of_distribution
    assert judgement.score > 0.5
    assert judgement.rule == "confidence"


def test_a_certain_network_without_a_table_is_believed():
    sure = np.eye(10, dtype=np.float32)[[3]]
    outputs = [np.zeros((1, 16), np.float32), sure]

    assert judge(small_network(), blank(), outputs) == Judgement(False, 0.0, "confidence")


def test_the_untrained_bundled_network_has_no_table():
    assert out_of_distribution.has_table(models.bundled())
    assert out_of_distribution.has_table(Network.load(models.BUNDLED))
    assert not out_of_distribution.has_table(models.bundled_untrained())
    assert not out_of_distribution.has_table(small_network())


def test_the_ink_of_a_ring_and_a_dot():
    ring = blank((4, 4, 20, 20))
    ring[8:16, 8:16] = 0
    ring[24, 24] = 255
    amount, pieces, large, holes, rows, _, columns, *_ = ink_of(ring)
    height, width = ink_of(ring)[12:14]

    assert amount == 16 * 16 - 8 * 8 + 1
    assert (pieces, large, holes) == (2, 1, 1)
    assert (rows, columns) == (2, 2)
    assert (height, width) == (17, 17)  # rows and columns with ink


def test_strokes_side_by_side_are_crossed_by_every_row():
    bars = blank((4, 4, 24, 6), (4, 12, 24, 14), (4, 20, 24, 22))
    values = ink_of(bars)

    assert tuple(values[[4, 5, 6, 7, 8]]) == (3, 3, 1, 1, 20)


def test_the_distance_is_mahalanobis_distance():
    random = np.random.default_rng(0)
    differences = random.normal(size=(500, 6)) @ random.normal(size=(6, 6))
    whitening = out_of_distribution_fit._whitening(differences)
    covariance = np.cov(differences.T)
    covariance += 0.1 * np.trace(covariance) / 6 * np.eye(6)
    expected = mahalanobis(differences[0], np.zeros(6), np.linalg.inv(covariance))

    assert np.linalg.norm(differences[0] @ whitening) == pytest.approx(expected)


def test_the_table_is_small():
    assert out_of_distribution.TABLE.stat().st_size < 1_000_000


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_broken_table_is_said_by_name(tmp_path, content):
    path = tmp_path / "out-of-distribution.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TableError, match=r"out-of-distribution\.npz is missing or broken"):
        Table.load(path)


def made_material(count=120):
    """Made digits, narrow boxes by label, against pictures of noise."""
    random = np.random.default_rng(0)
    labels = np.arange(count, dtype=np.uint8) % 10
    digits = np.stack([blank((4, 4, 8 + label, 24)) for label in labels])
    digits[:, 12:16, 12:16] = random.integers(0, 255, (count, 4, 4))
    others = random.integers(0, 256, (count, 28, 28), np.uint8)
    return out_of_distribution_fit.FittingImages(digits, labels, others, digits[:50])


def test_a_fitted_rule_tells_the_two_sides_apart_and_survives_its_file(tmp_path):
    network, material = small_network(), made_material()
    fitted = out_of_distribution_fit.fit(network, material)
    fitted.save(tmp_path / "table.npz")
    stored = Table.load(tmp_path / "table.npz")

    assert stored.belongs_to(network) == fitted.belongs_to(network)
    for images, low, high in ((material.known, 0, 0.05), (material.others, 0.95, 1)):
        odds = stored.log_odds(images, network.activations(images))
        np.testing.assert_allclose(odds, fitted.log_odds(images, network.activations(images)))
        assert low <= (odds > 0).mean() <= high


def test_a_table_does_not_belong_to_a_network_with_other_weights():
    network = small_network()
    kernel, bias = network.weights["dense2"]
    rounded = kernel.astype(np.float16).astype(np.float32)
    same = Network(network.layers, dict(network.weights) | {"dense2": (rounded, bias)}, {})
    fitted = out_of_distribution_fit.fit(same, made_material())

    assert fitted.belongs_to(same)
    assert not fitted.belongs_to(small_network(seed=1))


def test_bench_out_of_distribution_asks_for_the_pen_digits(capsys, monkeypatch):
    monkeypatch.delenv("DIGITLAB_PEN_STROKES", raising=False)
    assert main(["bench", "out-of-distribution"]) == 2
    assert "needs the pen digits" in capsys.readouterr().err
    assert main(["bench", "out-of-distribution", "--pen-strokes", "nowhere.npz"]) == 2
    assert "nowhere.npz is missing" in capsys.readouterr().err


@needs_data
def test_bench_out_of_distribution_prints_both_rates(capsys, monkeypatch, pen):
    short = reference.PenDigits(pen.strokes[-30:], pen.labels[-30:])
    monkeypatch.setattr(reference, "read_pen_digits", lambda path: short)
    monkeypatch.setattr(out_of_distribution_fit, "PEN_HELD_OUT", 0)
    monkeypatch.setattr(out_of_distribution_fit, "EACH_KIND", 12)
    monkeypatch.setenv("DIGITLAB_PEN_STROKES", "any.npz")
    monkeypatch.setenv("DIGITLAB_MNIST", "sample")

    assert main(["bench", "out-of-distribution"]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["digits_rejected"]["pen"]["images"] == 30
    assert told["others_rejected"]["all"]["images"] == 48
    assert set(told["others_rejected"]) == {*KINDS, "all"}
    every = [told["others_rejected"][kind]["rejected"] for kind in KINDS]
    assert told["others_rejected"]["all"]["rejected"] == sum(every)
