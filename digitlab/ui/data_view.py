"""The images that a run learns from, as the lessons begin: pictures, pixels, labels, parts."""

from __future__ import annotations

import numpy as np
import streamlit as st

from digitlab import dataset
from digitlab.charts.bars import count_bars
from digitlab.charts.pixels import digit_image
from digitlab.charts.sheets import sample_sheet
from digitlab.config import RunConfig
from digitlab.dataset import Choice, DigitSet
from digitlab.messages import Translator
from digitlab.ui import folded, plot

_SAMPLES = 40


def source_line(choice: Choice, t: Translator) -> None:
    """Which set is in use; that another was refused stands out."""
    in_use, *refused = choice.on_page
    st.caption(t(in_use))
    for note in refused:
        st.warning(t(note))


def show(digits: DigitSet, config: RunConfig, t: Translator) -> None:
    """Samples, one image in numbers, and how many of each digit each part has."""

    def draw() -> None:
        samples, numbers, parts = st.tabs(
            [t("Samples"), t("An image in numbers"), t("Training, validation, test")]
        )
        with samples:
            _samples(digits, t)
        with numbers:
            _numbers(digits, t)
        with parts:
            _parts(digits, config, t)

    label = t("The images: what the network learns from")
    folded.show(label, "images", t, draw, ":material/photo_library:")


def _samples(digits: DigitSet, t: Translator) -> None:
    pages = len(digits.x_train) // _SAMPLES
    page = st.number_input(
        t("Page ({count} training images each)", count=_SAMPLES), 1, pages, key="samples"
    )
    part = slice((page - 1) * _SAMPLES, page * _SAMPLES)
    figure = sample_sheet(
        digits.x_train[part], digits.y_train[part], t, indices=range(part.start, part.stop)
    )
    plot.draw(figure, t)


def _numbers(digits: DigitSet, t: Translator) -> None:
    number = st.number_input(t("Training image number"), 1, len(digits.x_train), key="image-number")
    image, label = digits.x_train[number - 1], int(digits.y_train[number - 1])
    left, right = st.columns(2)
    with left:
        title = t("Image {number}: a {label}", number=number, label=label)
        plot.draw(digit_image(image, t, title=title), t)
    with right:
        st.markdown(
            t(
                "Each of the 28x28 pixels is a whole number from 0 (black) to 255 (white). The "
                "network is given them divided by 255: from 0 to 1."
            )
        )
        row = int(image.sum(axis=1).argmax())
        st.markdown(t("Row {row} of this image:", row=row))
        whole = " ".join(f"{pixel:3d}" for pixel in image[row])
        divided = " ".join(f"{pixel / 255:.2f}" for pixel in image[row])
        for numbers in (whole, divided):
            st.code(numbers, wrap_lines=True, language=None)
        st.markdown(
            t(
                "The label {label} as a one-hot vector: a 1 at position {label}, 0 elsewhere.",
                label=label,
            )
        )
        vector = dataset.one_hot(np.array([label]))[0]
        st.code(" ".join(f"{value:.0f}" for value in vector), language=None)


def _parts(digits: DigitSet, config: RunConfig, t: Translator) -> None:
    split = digits.split(config)
    trained, test = f"{split.train_count:,}", f"{len(digits.x_test):,}"
    parts = {t("training"): split.train[1]}
    if config.validation == "split":
        parts[t("validation")] = split.validation[1]
        about = t(
            "Training: images 1 to {trained} of the training images. Validation: images {first} to "
            "{last}, the last of them. Test: {test} other images.",
            trained=trained,
            first=f"{split.train_count + 1:,}",
            last=f"{split.count:,}",
            test=test,
        )
    else:
        about = t(
            "Training: images 1 to {trained} of the training images. Test: {test} other images.",
            trained=trained,
            test=test,
        )
    parts[t("test")] = split.test[1]
    st.markdown(about)
    counted = {name: dataset.counts(labels) for name, labels in parts.items()}
    figure = count_bars(counted, t, title=t("How many of each digit"), axis=t("images"))
    plot.draw(figure, t, tools=True)
