"""Trains the bundled model on MNIST and on pen strokes, reproducibly.

It is a small CNN with batch normalisation (S. Ioffe and C. Szegedy, "Batch Normalization", 2015),
which is folded into the layers' weights at the end, so that it is a ``Network``.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import itertools
import math
import multiprocessing
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from digitlab import dataset
from digitlab.config import DIGITS, IMAGE_SIZE
from digitlab.drawing import PEN_WIDTH, Strokes, digit_from_strokes, from_pixels
from digitlab.layers import Layer, Stack
from digitlab.messages import LabError, message
from digitlab.network import Floats, Network

Pictures = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.uint8]
ReportFigures = Callable[[Mapping[str, Any]], None]

# The digits are sorted by their 30 writers, about 250 each. The last five writers are held out, and
# the one before them is left out, since the file does not say where one ends and the next begins.
PEN_TRAIN = 6_000
PEN_HELD_OUT = 6_250

CANVAS_SIDE = 280
CANVAS_PENS = (8.0, 30.0)  # canvas pixels

_STROKE_VARIANTS = 3  # augmented drawings of each pen digit
_CANVAS_VARIANTS = 2
_PEN_WIDTHS = (1.8, 3.3)  # digit pixels: MNIST's middle half and a little more
_NORMALISATION_EPSILON = 1e-3  # Keras's own


class PenDataError(LabError):
    """A file that does not hold pen digits; the sentence names it."""


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of the training."""

    epochs: int = 14
    batch: int = 128
    peak_rate: float = 2e-3
    warm_up: float = 0.08  # share of the steps
    smoothing: float = 0.03
    weight_decay: float = 1e-4
    dropout: float = 0.4
    pen_share: float = 0.25  # pen digits for each MNIST image and epoch
    seed: int = 20260101


@dataclass(frozen=True)
class PenDigits:
    """Digits as strokes (n, 2) in a 500x500 box, and their labels, uint8 (N,)."""

    strokes: tuple[Strokes, ...]
    labels: Labels

    def part(self, start: int, stop: int | None = None) -> PenDigits:
        """The digits from ``start`` to ``stop``, in the order they were collected."""
        return PenDigits(self.strokes[start:stop], self.labels[start:stop])


# --- data -----------------------------------------------------------------------------------------


def read_pen_digits(path: Path) -> PenDigits:
    """The pen digits of an ``.npz`` with points, stroke_start, digit_start and labels.

    Raises:
        PenDataError: the file is missing, broken, or of another format.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            lines = np.split(arrays["points"].astype(np.float64), arrays["stroke_start"][1:-1])
            ends, labels = arrays["digit_start"].tolist(), arrays["labels"]
    except (OSError, KeyError, ValueError, EOFError, IndexError, zipfile.BadZipFile) as error:
        raise PenDataError(
            message("{path} is missing, or is not a file of pen digits.", path=str(path))
        ) from error
    return PenDigits(tuple(lines[a:b] for a, b in itertools.pairwise(ends)), labels)


def allowed_rows(images: Pictures, kept_out: Pictures) -> npt.NDArray[np.intp]:
    """The indices of the ``images`` (N, 28, 28) that are not among ``kept_out``."""
    taken = {image.tobytes() for image in np.ascontiguousarray(kept_out)}
    free = [image.tobytes() not in taken for image in np.ascontiguousarray(images)]
    return np.flatnonzero(free)


# --- pen digits as pictures -----------------------------------------------------------------------


def canvas_picture(strokes: Strokes, random: np.random.Generator) -> Pictures:
    """Strokes drawn white on black with a round pen at a random place and size, (280, 280)."""
    pen, size = random.uniform(*CANVAS_PENS), random.uniform(100, 240)
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = size / max(float((high - low).max()), 1.0)
    room = CANVAS_SIDE - (high - low) * scale - pen
    corner = np.where(room > 0, pen / 2 + room * random.random(2), (room + pen) / 2)
    picture = Image.new("L", (2 * CANVAS_SIDE, 2 * CANVAS_SIDE))
    draw = ImageDraw.Draw(picture)
    for stroke in strokes:
        line = ((stroke - low) * scale + corner) * 2
        draw.line(line.ravel().tolist(), fill=255, width=round(2 * pen))
        for x, y in line.tolist():
            draw.ellipse((x - pen, y - pen, x + pen, y + pen), fill=255)
    return np.asarray(picture.reduce(2))


def bent(strokes: Strokes, random: np.random.Generator) -> Strokes:
    """The strokes with a small random rotation, shear and scaling."""
    angle, slant = math.radians(random.uniform(-10, 10)), random.uniform(-0.2, 0.2)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    stretch = np.diag(np.exp(random.uniform(-0.15, 0.15, 2)))
    matrix = (turn @ stretch @ np.array([[1, slant], [0, 1]])).T
    return [stroke @ matrix for stroke in strokes]


def redrawn(task: tuple[PenDigits, int]) -> tuple[Pictures, Pictures]:
    """The training pictures of pen digits as strokes and as canvas pictures.

    (variants, N, 28, 28) each. The first variant is the digit as it was drawn; the others are bent.
    The second value of the argument is the random seed.
    """
    pen, seed = task
    random = np.random.default_rng(seed)

    def by_strokes(lines: Strokes, variant: int) -> Pictures:
        if variant == 0:
            return digit_from_strokes(lines, PEN_WIDTH)
        return digit_from_strokes(bent(lines, random), float(random.uniform(*_PEN_WIDTHS)))

    strokes = [
        np.stack([by_strokes(lines, variant) for lines in pen.strokes])
        for variant in range(_STROKE_VARIANTS)
    ]
    canvases = [
        np.stack(
            [_by_canvas(bent(lines, random) if variant else lines, random) for lines in pen.strokes]
        )
        for variant in range(_CANVAS_VARIANTS)
    ]
    return np.stack(strokes), np.stack(canvases)


def _by_canvas(lines: Strokes, random: np.random.Generator) -> Pictures:
    return from_pixels(canvas_picture(lines, random)).digit


def redraw_all(pen: PenDigits, seed: int) -> Pictures:
    """All training pictures of the pen digits, (variants, N, 28, 28), drawn by two processes."""
    pieces = [pen.part(start, start + 500) for start in range(0, len(pen.labels), 500)]
    tasks = [(piece, seed + number) for number, piece in enumerate(pieces)]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        done = list(pool.map(redrawn, tasks))
    strokes, canvases = (np.concatenate([pair[kind] for pair in done], axis=1) for kind in (0, 1))
    return np.concatenate([strokes, canvases])


# --- augmentation ---------------------------------------------------------------------------------


def augmented(images: Pictures, random: np.random.Generator) -> Floats:
    """Pictures (N, 28, 28) under random affine and elastic transformations; float32, 0 to 1.

    The elastic one is a smooth random displacement on a grid of 5x5 (P. Simard, D. Steinkraus and
    J. Platt, "Best Practices for Convolutional Neural Networks", 2003).
    """
    out = np.empty((len(images), IMAGE_SIZE, IMAGE_SIZE), np.float32)
    for start in range(0, len(images), 2048):
        piece = images[start : start + 2048]
        out[start : start + 2048] = _sampled(piece, *_source_places(len(piece), random))
    return out


def _source_places(count: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """The source rows and columns of each pixel of ``count`` pictures, (count, 28, 28) each."""
    middle = (IMAGE_SIZE - 1) / 2
    at = np.arange(IMAGE_SIZE, dtype=np.float32) - np.float32(middle)
    matrix = _matrices(count, random)
    shift = random.uniform(-1.2, 1.2, (count, 2)).astype(np.float32) + np.float32(middle)
    bend = _displacements(count, random)
    rows, columns = (
        matrix[:, k, 0, None, None] * at[:, None]
        + matrix[:, k, 1, None, None] * at
        + shift[:, k, None, None]
        + bend[:, k]
        for k in (0, 1)
    )
    return rows, columns


def _matrices(count: int, random: np.random.Generator) -> Floats:
    angle = np.radians(random.uniform(-12, 12, count))
    slant = random.uniform(-0.15, 0.15, count)
    scale = np.exp(random.uniform(-0.12, 0.12, (2, count)))
    cos, sin = np.cos(angle), np.sin(angle)
    rows = np.stack([cos * scale[0], -sin * scale[0]], axis=-1)
    columns = np.stack([(sin + slant * cos) * scale[1], (cos - slant * sin) * scale[1]], axis=-1)
    return np.stack([rows, columns], axis=1).astype(np.float32)


def _displacements(count: int, random: np.random.Generator) -> Floats:
    """Smooth random displacements in pixels, (count, 2, 28, 28), about 0.7 pixels in size."""
    nodes = random.normal(0, 0.9, (count, 2, 5, 5)).astype(np.float32)
    # Normalised Gaussian weights (28, 5) of the 5 nodes for each of 28 pixels.
    apart = np.arange(IMAGE_SIZE)[:, None] - np.linspace(0, IMAGE_SIZE - 1, 5)
    bell = np.exp(-((apart / 5.0) ** 2))
    weights = np.asarray(bell / bell.sum(axis=1, keepdims=True), np.float32)
    return np.asarray(weights @ nodes @ weights.T)


def _sampled(images: Pictures, rows: Floats, columns: Floats) -> Floats:
    """The pictures sampled at fractional places, bilinear, black outside."""
    side = IMAGE_SIZE + 2
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1))).astype(np.float32).ravel() / np.float32(255)
    rows = np.clip(rows + 1, 0, side - 1.001)
    columns = np.clip(columns + 1, 0, side - 1.001)
    top, left = rows.astype(np.int32), columns.astype(np.int32)
    down, right = rows - top, columns - left
    starts = np.arange(len(images), dtype=np.int32)[:, None, None] * (side * side)
    first = starts + top * side + left
    above = padded.take(first) * (1 - right) + padded.take(first + 1) * right
    below = padded.take(first + side) * (1 - right) + padded.take(first + side + 1) * right
    return np.asarray(above * (1 - down) + below * down, np.float32)


# --- the network ----------------------------------------------------------------------------------


def reference_layers() -> tuple[Layer, ...]:
    """The bundled model's layers, after batch normalisation is folded into them."""
    stack = Stack()
    for filters in (24, 64):
        stack.conv(filters, 3, "relu")
        stack.conv(filters, 3, "relu")
        stack.pool()
    stack.flatten()
    stack.dense(256, "relu")
    stack.dense(DIGITS, "softmax")
    return tuple(stack.layers)


def normalised_model(layers: Sequence[Layer], dropout: float) -> Any:
    """An untrained ``keras.Sequential`` with batch normalisation before each hidden activation."""
    import keras

    model = keras.Sequential([keras.Input((IMAGE_SIZE, IMAGE_SIZE, 1))])
    for layer in layers:
        if layer.kind == "pool":
            model.add(keras.layers.MaxPooling2D(2))
        elif layer.kind == "flatten":
            model.add(keras.layers.Flatten())
        elif layer is layers[-1]:
            model.add(keras.layers.Dropout(dropout))
            model.add(
                keras.layers.Dense(layer.output[0], activation=layer.activation, name=layer.name)
            )
        else:
            model.add(
                keras.layers.Conv2D(layer.output[2], layer.kernel, use_bias=False, name=layer.name)
                if layer.kind == "conv"
                else keras.layers.Dense(layer.output[0], use_bias=False, name=layer.name)
            )
            model.add(
                keras.layers.BatchNormalization(
                    name=f"{layer.name}_norm", momentum=0.98, epsilon=_NORMALISATION_EPSILON
                )
            )
            model.add(keras.layers.Activation(layer.activation))
    return model


def folded(model: Any, layers: tuple[Layer, ...], about: Mapping[str, Any]) -> Network:
    """The model as a Network, its batch normalisation folded into kernels and biases."""

    def arrays(name: str) -> list[npt.NDArray[np.float64]]:
        return [np.asarray(array, np.float64) for array in model.get_layer(name).get_weights()]

    weights = {}
    for layer in layers:
        if layer is layers[-1]:
            kernel, bias = arrays(layer.name)
        elif layer.kernel_shape:
            gamma, beta, mean, variance = arrays(f"{layer.name}_norm")
            factor = gamma / np.sqrt(variance + _NORMALISATION_EPSILON)
            kernel, bias = arrays(layer.name)[0] * factor, beta - mean * factor
        else:
            continue
        weights[layer.name] = kernel.astype(np.float32), bias.astype(np.float32)
    return Network(layers, weights, about)


# --- training -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrainingImages:
    """The training images: MNIST's, and pen pictures (variants, N, 28, 28)."""

    images: Pictures
    labels: Labels
    pen: Pictures
    pen_labels: Labels

    def epoch(self, share: float, random: np.random.Generator) -> tuple[Floats, Labels]:
        """All MNIST images and ``share`` as many pen pictures, shuffled and augmented."""
        count = round(share * len(self.images))
        which = random.integers(0, len(self.pen_labels), count)
        drawn = self.pen[random.integers(0, len(self.pen), count), which]
        order = random.permutation(len(self.images) + count)
        images = np.concatenate([self.images, drawn])[order]
        labels = np.concatenate([self.labels, self.pen_labels[which]])[order]
        return augmented(images, random)[..., np.newaxis], labels


@dataclass(frozen=True)
class Trained:
    """The network before and after training, and each epoch's metrics and first kernels."""

    untrained: Network
    network: Network
    history: Sequence[Mapping[str, Any]]


def train(material: TrainingImages, recipe: Recipe, report: ReportFigures) -> Trained:
    """Train the bundled model's layers on ``material``; ``report`` gets each epoch's metrics."""
    import keras

    keras.utils.set_random_seed(recipe.seed)
    layers = reference_layers()
    model = normalised_model(layers, recipe.dropout)
    steps = math.ceil(len(material.images) * (1 + recipe.pen_share) / recipe.batch)
    _compile(model, recipe, steps * recipe.epochs)
    about = {"name": "reference", "recipe": dataclasses.asdict(recipe)}
    untrained = network = folded(model, layers, about | {"epoch": 0})
    history: list[dict[str, Any]] = []
    for epoch, (images, labels) in enumerate(_epochs(material, recipe), 1):
        one_hot = np.eye(DIGITS, dtype=np.float32)[labels]
        fitted = model.fit(images, one_hot, batch_size=recipe.batch, shuffle=False, verbose=0)
        metrics = {name: fitted.history[name][0] for name in ("loss", "accuracy")}
        network = folded(model, layers, about | {"epoch": epoch})
        history.append(metrics | {"kernels": network.weights["conv1"][0]})
        report({"epoch": epoch} | metrics)
    return Trained(untrained, network, history)


def _epochs(material: TrainingImages, recipe: Recipe) -> Iterator[tuple[Floats, Labels]]:
    """Each epoch's images and labels, augmented in a thread while the one before is trained on."""
    seeds = [(recipe.seed, epoch) for epoch in range(1, recipe.epochs + 1)]
    with concurrent.futures.ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(material.epoch, recipe.pen_share, np.random.default_rng(seeds[0]))
        for seed in seeds[1:]:
            ready = coming.result()
            coming = ahead.submit(material.epoch, recipe.pen_share, np.random.default_rng(seed))
            yield ready
        yield coming.result()


def _compile(model: Any, recipe: Recipe, steps: int) -> None:
    """AdamW with a warm-up and a cosine decay to 0 (I. Loshchilov and F. Hutter, 2017)."""
    import keras

    warm_up = round(recipe.warm_up * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        recipe.peak_rate / 20,
        steps - warm_up,
        warmup_target=recipe.peak_rate,
        warmup_steps=warm_up,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.smoothing),
        metrics=["accuracy"],
        steps_per_execution=32,
        jit_compile=False,
    )


# --- measuring ------------------------------------------------------------------------------------


def right(network: Network, images: Pictures, labels: Labels) -> dict[str, Any]:
    """The accuracy on pictures, of all and of each digit, and the number misclassified."""
    read = network.predict(images).argmax(axis=1)
    by_digit = [float((read[labels == digit] == digit).mean()) for digit in range(DIGITS)]
    return {
        "accuracy": float((read == labels).mean()),
        "misread": int((read != labels).sum()),
        "images": len(labels),
        "by_digit": by_digit,
    }


def held_out_pictures(pen: PenDigits, seed: int) -> dict[str, Pictures]:
    """The held-out writers' digits, preprocessed as strokes and as canvas pictures."""
    random = np.random.default_rng(seed)
    return {
        "strokes": np.stack([digit_from_strokes(lines) for lines in pen.strokes]),
        "canvas": np.stack([_by_canvas(lines, random) for lines in pen.strokes]),
    }


# --- the whole training --------------------------------------------------------------------------


def train_reference(
    mnist: Path, pen_strokes: Path, output: Path, recipe: Recipe, report: ReportFigures
) -> dict[str, Any]:
    """Train, fold, save and measure the bundled model; returns the model card's accuracies.

    Writes ``output`` and, beside it, ``…-untrained.npz`` and ``…-history.npz``: the first layer's
    kernels, float16 (epochs + 1, 3, 3, 1, filters), with each epoch's loss and accuracy.

    Raises:
        LabError: a data file is refused, or the folder of ``output`` is missing.
    """
    if not output.parent.is_dir():
        raise LabError(message("There is no folder {path}.", path=str(output.parent)))
    digits, pen = dataset.load(mnist), read_pen_digits(pen_strokes)
    rows = allowed_rows(digits.x_train, dataset.sample().x_test)
    known = pen.part(0, PEN_TRAIN)
    drawn = redraw_all(known, recipe.seed)
    material = TrainingImages(digits.x_train[rows], digits.y_train[rows], drawn, known.labels)
    report({"mnist": len(material.labels), "pen": len(material.pen_labels)})
    trained = train(material, recipe, report)
    store(trained, output)
    return measure(Network.load(output), digits, pen.part(PEN_HELD_OUT))


def store(trained: Trained, output: Path) -> None:
    """Write the three files, their weights as float16."""
    first = trained.untrained.weights["conv1"][0]
    trained.network.save(output, dtype="float16")
    trained.untrained.save(output.with_name(f"{output.stem}-untrained.npz"), dtype="float16")
    np.savez_compressed(
        output.with_name(f"{output.stem}-history.npz"),
        kernels=np.stack([first, *(e["kernels"] for e in trained.history)]).astype(np.float16),
        loss=np.array([e["loss"] for e in trained.history], np.float32),
        accuracy=np.array([e["accuracy"] for e in trained.history], np.float32),
    )


def measure(network: Network, digits: dataset.DigitSet, unseen: PenDigits) -> dict[str, Any]:
    """A network's accuracies; the only use of the MNIST test set."""
    measured = {
        f"pen_{source}": right(network, pictures, unseen.labels)
        for source, pictures in held_out_pictures(unseen, seed=1).items()
    }
    return measured | {"mnist_test": right(network, digits.x_test, digits.y_test)}
