import dataclasses
from pathlib import Path

import numpy as np
import pytest
from data_files import made

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.messages import LabError


def digit_set(train: int = 30, test: int = 10) -> DigitSet:
    return DigitSet("mnist", **made(train, test), path=Path("made.npz"), fingerprint="made")


def test_the_arrays_are_read_only() -> None:
    digits = digit_set()
    for name in made():
        with pytest.raises(ValueError, match="read-only"):
            getattr(digits, name)[0] = 0


@pytest.mark.parametrize("share", [0.05, 0.1, 0.2, 0.3, 0.35, 0.5])
@pytest.mark.parametrize("count", [10, 11, 29, 57, 100])
def test_validation_is_the_part_that_keras_keeps(count: int, share: float) -> None:
    slicing = pytest.importorskip("keras.src.trainers.data_adapters.array_slicing")
    digits = digit_set(60)
    config = RunConfig(train_images=count, validation_split=share)
    wanted = (digits.x_train[:count], digits.y_train[:count])
    train, validation = slicing.train_validation_split(wanted, share)

    split = digits.split(config)
    for ours, theirs in ((split.train, train), (split.validation, validation)):
        np.testing.assert_array_equal(ours[0], np.asarray(theirs[0]))
        np.testing.assert_array_equal(ours[1], np.asarray(theirs[1]))
    assert split.validation_count == len(validation[1])


def test_the_lessons_parts_of_full_mnist() -> None:
    blank = np.broadcast_to(np.zeros((28, 28), np.uint8), (60_000, 28, 28))
    labels = np.zeros(60_000, np.uint8)
    digits = DigitSet("mnist", blank, labels, blank[:10_000], labels[:10_000], Path(), "")
    split = digits.split(RunConfig())
    parts = split.train, split.validation, split.test
    assert [len(images) for images, _ in parts] == [48_000, 12_000, 10_000]


def test_chance_is_the_share_of_the_most_frequent_test_digit(shared_data: Path) -> None:
    labels = np.array([3, 3, 3, 7, 1], np.uint8)
    assert dataclasses.replace(digit_set(test=5), y_test=labels).chance == 0.6
    full = dataset.load(shared_data / "mnist.npz")
    always = np.full(len(full.y_test), np.bincount(full.y_test).argmax())
    assert full.chance == (always == full.y_test).mean() == 0.1135


def test_more_training_images_than_there_are_are_the_same_setting() -> None:
    digits = digit_set(30)
    configs = [RunConfig(train_images=count) for count in (30, 60_000, 29)]
    all_of_them, more, less = map(digits.settings, configs)
    assert all_of_them == more != less
    assert more["train_images"] == 30
    assert digits.settings(RunConfig(units3=9)) == digits.settings(RunConfig())
    split = digits.split(RunConfig(train_images=60_000, validation="none"))
    assert len(split.train[0]) == 30


def test_parts_are_views_and_not_copies() -> None:
    digits = digit_set()
    split = digits.split(RunConfig(train_images=20))
    for part in (*split.train, *split.validation):
        assert np.shares_memory(part, digits.x_train) or np.shares_memory(part, digits.y_train)


def test_validation_on_the_test_set_and_on_nothing() -> None:
    digits = digit_set()
    on_test = digits.split(RunConfig(train_images=12, validation="test"))
    assert (len(on_test.train[1]), on_test.validation_count) == (12, 10)
    assert np.shares_memory(on_test.validation[0], digits.x_test)
    on_nothing = digits.split(RunConfig(train_images=12, validation="none"))
    assert (len(on_nothing.train[1]), on_nothing.validation_count) == (12, 0)


def test_one_image_cannot_be_trained_on_and_kept() -> None:
    with pytest.raises(LabError, match="1 training images are too few"):
        digit_set(1).split(RunConfig())
    assert len(digit_set(1).split(RunConfig(validation="none")).train[0]) == 1


def test_one_hot_vectors_and_counts() -> None:
    vectors = dataset.one_hot(np.array([3, 0], np.uint8))
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[0, 0, 0, 1, 0, 0, 0, 0, 0, 0], [1] + [0] * 9]
    assert dataset.counts(np.array([1, 1, 9], np.uint8)).tolist() == [0, 2, 0, 0, 0, 0, 0, 0, 0, 1]
