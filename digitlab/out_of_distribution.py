"""Out-of-distribution detection: whether a drawing may be no digit, so that its answer is unsure.

For the bundled network a logistic regression weighs its last hidden activations, their Mahalanobis
distance from those of known digits (K. Lee et al., "A Simple Unified Framework for Detecting
Out-of-Distribution Samples and Adversarial Attacks", 2018), and features of the ink: its amount,
pieces, holes and crossings. ``tools/bundled`` fits it; it is stored as a small table. For any other
network there is no table, and the confidence of the softmax decides (Hendrycks and Gimpel, 2017).
"""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from digitlab import models
from digitlab.drawing import Picture
from digitlab.messages import LabError, message
from digitlab.network import Floats, Network

TABLE = models.FOLDER / "out-of-distribution.npz"
# Of networks without a table: below this the softmax leaves the answer open. It lets most
# drawings that are no digit pass; the model card says how many.
LEAST_CONFIDENCE = 0.6

_INK = 110  # grey level from which a pixel counts as ink
_NEIGHBOURS = 5  # the similarity that counts is that of the fifth nearest known digit

Doubles = npt.NDArray[np.float64]


class TableError(LabError):
    """The stored table of the rule is missing or broken."""


@dataclass(frozen=True)
class Judgement:
    """Whether a drawing is out of distribution, so that its answer is called unsure.

    ``score`` runs from 0 (a digit) to 1 (no digit); above 0.5 it is out of distribution. ``rule``
    is the rule that decided: "fitted" for the bundled network, "confidence" for any other.
    """

    out_of_distribution: bool
    score: float
    rule: Literal["fitted", "confidence"]


@dataclass(frozen=True, eq=False)
class Table:
    """The fitted parameters for one network, all float32.

    ``output`` (H, 10) is the last kernel of the network it belongs to, ``means`` (10, H) the mean
    last-hidden activations of each digit, ``whitening`` (H, H) turns a difference from them into
    one of unit variance, ``known`` (K, H) are activations of known digits at length 1. Features
    (F,) less ``centre``, times ``weights``, plus ``bias``, make the log-odds of being no digit.
    """

    output: Floats
    means: Floats
    whitening: Floats
    known: Floats
    centre: Floats
    weights: Floats
    bias: Floats

    def belongs_to(self, network: Network) -> bool:
        """Whether the table was made for this very network."""
        kernel = network.weights[network.layers[-1].name][0]
        return np.array_equal(kernel, self.output)

    def log_odds(self, images: Picture, outputs: Sequence[Floats]) -> Doubles:
        """Log-odds (N,) of pictures (N, 28, 28) being no digit; above 0 they are unsure.

        ``outputs`` are all layers' outputs for these pictures, as ``Network.activations`` gives.
        """
        values = features(self, images, outputs)
        return np.asarray((values - self.centre) @ self.weights + self.bias[0], np.float64)

    def save(self, path: Path) -> None:
        """Write the table as an ``.npz``; the large arrays as float16."""
        large = ("whitening", "known", "means", "output")
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        np.savez_compressed(
            path, **{n: a.astype(np.float16) if n in large else a for n, a in arrays.items()}
        )

    @classmethod
    def load(cls, path: Path) -> Table:
        """Read a table that ``save`` wrote.

        Raises:
            TableError: the file is missing or broken.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(**{f.name: arrays[f.name].astype(np.float32) for f in fields(cls)})
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise TableError(
                message(
                    "{path} is missing or broken: it tells digits from other drawings. Install "
                    "Digit Lab again, or fit it with python -m tools reference "
                    "--out-of-distribution.",
                    path=str(path),
                ),
                on_page=message("A file of the lab is missing or broken. Tell whoever runs it."),
            ) from error


@functools.cache
def table() -> Table:
    """The table that comes with the lab; read once a process."""
    return Table.load(TABLE)


def judge(network: Network, digit: Picture, outputs: Sequence[Floats] | None = None) -> Judgement:
    """Whether a drawing's 28x28 picture, uint8 (28, 28), is called unsure.

    Args:
        network: the network that reads it.
        digit: the picture that it reads, ``Drawing.digit``, from strokes or from an image.
        outputs: all layers' outputs for this one picture, where they are known already.

    Raises:
        TableError: the network is the bundled one, and its table is missing or broken.
    """
    images = digit[np.newaxis]
    outputs = network.activations(images) if outputs is None else outputs
    if has_table(network):
        odds = float(table().log_odds(images, outputs)[0])
        return Judgement(odds > 0, float(1 / (1 + np.exp(-np.clip(odds, -50, 50)))), "fitted")
    confidence = float(outputs[-1].max())
    score = float(np.clip(0.5 * (1 - confidence) / (1 - LEAST_CONFIDENCE), 0, 1))
    return Judgement(confidence < LEAST_CONFIDENCE, score, "confidence")


def has_table(network: Network) -> bool:
    """Whether the fitted rule holds for ``network``."""
    bundled = models.bundled()
    return network is bundled or (network.layers == bundled.layers and table().belongs_to(network))


def features(part: Table, images: Picture, outputs: Sequence[Floats]) -> Doubles:
    """The features of the regression, float64 (N, F): distances, activations and ink."""
    hidden = outputs[-2].astype(np.float64)
    ink = np.stack([ink_of(image) for image in images])
    return np.column_stack([_distances(part, hidden, outputs[-1]), hidden, ink])


def _distances(part: Table, hidden: Doubles, probabilities: Floats) -> Doubles:
    """Distances in the space of the last hidden layer, float64 (N, 4).

    The logarithm of the squared Mahalanobis distance from the predicted digit's mean, the cosine
    similarity with the fifth nearest known digit, the logarithm of the best probability over the
    second best, and the length of the activations.
    """
    away = (hidden - part.means[probabilities.argmax(axis=1)]) @ part.whitening
    length = np.linalg.norm(hidden, axis=1, keepdims=True)
    likeness = np.sort(hidden / np.maximum(length, 1e-6) @ part.known.T, axis=1)[:, -_NEIGHBOURS]
    logs = np.sort(np.log(np.maximum(probabilities, 1e-12)), axis=1)
    squared = np.maximum((away**2).sum(axis=1), 1e-6)
    return np.column_stack([np.log(squared), likeness, logs[:, -1] - logs[:, -2], length[:, 0]])


def ink_of(image: Picture) -> Doubles:
    """Shape features of the ink in a picture (28, 28), float64 (15,).

    The amount of ink; connected components, those of 8 pixels or more, and holes; the strokes that
    a row and a column cross, at most and on average, and how many rows cross 3 or more, columns 4
    or more; the perimeter, and perimeter by area; height, width, and the share of the bounding box
    that is ink.
    """
    inside = np.pad(image > _INK, 1)
    area = max(int(inside.sum()), 1)
    rows, columns = _crossings(inside), _crossings(inside.T)
    height, width = max(int((rows > 0).sum()), 1), max(int((columns > 0).sum()), 1)
    edge = int((inside & ~ndimage.binary_erosion(inside)).sum())
    crossings = [rows.max(), rows.sum() / height, columns.max(), columns.sum() / width]
    crossings += [int((rows >= 3).sum()), int((columns >= 4).sum())]
    shape = [edge, edge / area, height, width, area / (height * width)]
    labels, components = ndimage.label(inside, np.ones((3, 3)))  # also those that touch at a corner
    large = int((np.bincount(labels.ravel())[1:] >= 8).sum())
    holes = int(ndimage.label(~inside)[1]) - 1
    pieces = [components, large, holes]
    return np.array([float(image.sum()) / 255, *pieces, *crossings, *shape], np.float64)


def _crossings(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """How many strokes each row crosses, (rows,)."""
    starts: npt.NDArray[Any] = inside[:, 1:] & ~inside[:, :-1]
    return np.asarray(starts.sum(axis=1), np.intp)
