import time

import numpy as np
import pytest

from digitlab import dataset, models
from digitlab.layers import Stack
from digitlab.messages import LabError
from digitlab.network import Network
from tools.bundled import mnist_only, reference

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def pen(shared_data):
    return reference.read_pen_digits(shared_data / "pen_strokes.npz")


@pytest.fixture(scope="module")
def unseen(pen):
    return pen.part(reference.PEN_HELD_OUT)


def squares(count):
    """Made pictures: a bright square, its side and so its label from 0 to 9."""
    images = np.zeros((count, 28, 28), np.uint8)
    labels = np.arange(count, dtype=np.uint8) % 10
    for image, label in zip(images, labels, strict=True):
        image[4 : 6 + 2 * label, 4 : 6 + 2 * label] = 255
    return images, labels


def material():
    images, labels = squares(64)
    pen, pen_labels = squares(20)
    return reference.TrainingImages(images, labels, np.stack([pen, pen]), pen_labels)


# --- the bundled files ---


def test_the_bundled_model_is_within_its_limits():
    network = models.bundled()
    assert network.parameters <= 1_300_000
    assert models.BUNDLED.stat().st_size <= 3 * MEGABYTE
    beside = list(models.FOLDER.glob("reference-*.npz"))
    assert len(beside) == 2
    assert sum(path.stat().st_size for path in beside) <= 3 * MEGABYTE
    assert [layer.output for layer in models.bundled_untrained().layers] == [
        layer.output for layer in network.layers
    ]


def test_one_drawing_is_read_in_5_ms():
    network, image = models.bundled(), np.zeros((28, 28), np.uint8)
    seconds = []
    for _ in range(20):
        start = time.process_time()
        network.read(image)
        seconds.append(time.process_time() - start)
    assert min(seconds) <= 0.005


def test_the_kernels_of_every_epoch_lead_from_untrained_to_trained():
    with np.load(models.FOLDER / "reference-history.npz") as history:
        kernels, accuracy = history["kernels"], history["accuracy"]
    assert len(kernels) == len(accuracy) + 1
    for kernel, network in (
        (kernels[0], models.bundled_untrained()),
        (kernels[-1], models.bundled()),
    ):
        np.testing.assert_allclose(kernel, network.weights["conv1"][0], atol=2e-3)


def test_the_bundled_model_reads_a_fifth_of_the_mnist_test_set(shared_data):
    mnist = dataset.load(shared_data / "mnist.npz")
    measured = reference.right(models.bundled(), mnist.x_test[::5], mnist.y_test[::5])
    assert measured["images"] == 2000
    assert measured["accuracy"] >= 0.993


def test_the_bundled_model_reads_people_it_has_never_seen_on_both_roads(unseen):
    pictures = reference.held_out_pictures(unseen.part(0, 400), seed=1)
    for images in pictures.values():
        assert reference.right(models.bundled(), images, unseen.labels[:400])["accuracy"] >= 0.98


# --- data ---


def test_the_held_out_people_are_the_last_of_the_pen_digits(pen, unseen):
    assert len(pen.labels) == 7494
    assert len(unseen.labels) == 1244
    assert np.isin(range(10), unseen.labels).all()
    assert reference.PEN_TRAIN < reference.PEN_HELD_OUT
    assert sum(len(stroke) for digit in pen.strokes for stroke in digit) == 304_216


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_a_file_that_holds_no_pen_digits_is_refused_by_name(tmp_path, content):
    path = tmp_path / "pen.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(reference.PenDataError, match=r"pen\.npz is missing, or is not"):
        reference.read_pen_digits(path)


def test_a_missing_folder_is_said_before_the_training(tmp_path):
    paths = tmp_path / "m", tmp_path / "p", tmp_path / "no/x.npz"
    with pytest.raises(LabError, match="There is no folder"):
        reference.train_reference(*paths, reference.Recipe(), print)
    with pytest.raises(LabError, match="There is no folder"):
        mnist_only.train_lesson(*paths, print)


def test_a_canvas_picture_holds_the_whole_drawing():
    strokes = [np.array([[0.0, 0.0], [300.0, 500.0]])]
    for seed in range(10):
        picture = reference.canvas_picture(strokes, np.random.default_rng(seed))
        assert picture.shape == (280, 280)
        assert picture.max() == 255
        frame = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        assert not (frame == 255).any()


def test_pen_digits_are_redrawn_by_both_roads():
    digit = [np.array([[0.0, 0.0], [300.0, 500.0]])]
    pen = reference.PenDigits((digit, digit), np.array([1, 1], np.uint8))
    strokes, canvases = reference.redrawn((pen, 5))
    assert strokes.shape[1:] == canvases.shape[1:] == (2, 28, 28)
    np.testing.assert_array_equal(strokes[0, 0], strokes[0, 1])
    assert (strokes[1, 0] != strokes[1, 1]).any()
    np.testing.assert_array_equal(reference.redrawn((pen, 5))[1], canvases)


# --- augmentation ---


def test_augmentation_moves_ink_but_keeps_it():
    images = squares(50)[0]
    out = reference.augmented(images, np.random.default_rng(1))
    assert out.shape == images.shape
    assert out.dtype == np.float32
    assert out.min() >= 0
    assert out.max() <= 1
    assert np.abs(out - images / 255).max(axis=(1, 2)).min() > 0.1
    assert out.sum() == pytest.approx(images.sum() / 255, rel=0.1)


def test_places_that_are_not_moved_give_the_picture_back():
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    rows, columns = np.meshgrid(np.arange(28.0), np.arange(28.0), indexing="ij")
    same = [np.broadcast_to(at, images.shape).astype(np.float32) for at in (rows, columns)]
    np.testing.assert_allclose(reference._sampled(images, *same), images / 255, atol=1e-6)
    right = reference._sampled(images, same[0], same[1] + np.float32(0.5))
    halfway = (images[:, :, :-1] / 255 + images[:, :, 1:] / 255) / 2
    np.testing.assert_allclose(right[:, :, :-1], halfway, atol=1e-5)


def test_an_epoch_is_the_same_for_the_same_seed():
    one, other = (material().epoch(0.25, np.random.default_rng(7)) for _ in range(2))
    assert one[0].shape == (80, 28, 28, 1)
    np.testing.assert_array_equal(one[0], other[0])
    np.testing.assert_array_equal(one[1], other[1])


# --- network ---


def small_layers():
    stack = Stack()
    stack.conv(4, 3, "relu")
    stack.pool()
    stack.flatten()
    stack.dense(16, "relu")
    stack.dense(10, "softmax")
    return tuple(stack.layers)


def test_folding_normalisation_changes_no_probability():
    import keras

    keras.utils.set_random_seed(3)
    layers = small_layers()
    model = reference.normalised_model(layers, 0.2)
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 2, w.shape) for w in layer.get_weights()])
    images = random.random((20, 28, 28), np.float32)
    theirs = np.asarray(model(images[..., np.newaxis], training=False))
    ours = reference.folded(model, layers, {}).predict(images)
    assert theirs.std() > 0.05
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_short_training_stores_files_that_load(tmp_path, monkeypatch):
    monkeypatch.setattr(reference, "reference_layers", small_layers)
    said = []
    recipe = reference.Recipe(epochs=2, batch=16)
    trained = reference.train(material(), recipe, said.append)
    assert [line["epoch"] for line in said] == [1, 2]
    assert said[1]["loss"] < said[0]["loss"]
    reference.store(trained, tmp_path / "small.npz")
    stored = Network.load(tmp_path / "small.npz")
    images = squares(20)[0]
    np.testing.assert_allclose(stored.predict(images), trained.network.predict(images), atol=1e-2)
    assert stored.about["epoch"] == 2
    assert stored.about["recipe"]["seed"] == recipe.seed
    assert Network.load(tmp_path / "small-untrained.npz").about["epoch"] == 0
    with np.load(tmp_path / "small-history.npz") as history:
        assert history["kernels"].shape == (3, 3, 3, 1, 4)
