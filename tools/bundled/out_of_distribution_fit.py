"""Fits and measures the out-of-distribution rule of the bundled network.

It is fitted on digits and on drawings of no digit. Its threshold is chosen on digits that the
network was not trained on. It is measured on drawings that were used for neither.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab import dataset, models, out_of_distribution
from digitlab.drawing import Strokes, digit_from_strokes, from_pixels
from digitlab.network import Floats, Network
from digitlab.out_of_distribution import Table
from tools.bundled.non_digits import HELD_OUT_TEMPLATES, KINDS, some
from tools.bundled.reference import (
    PEN_HELD_OUT,
    PEN_TRAIN,
    Labels,
    PenDigits,
    Pictures,
    canvas_picture,
    read_pen_digits,
)

EACH_KIND = 125  # drawings of each kind to measure the rule on
# The threshold is chosen so that this share of the choosing digits is rejected: half of what is
# acceptable, since other people's digits will differ.
SHARE_UNSURE = 0.005

_FIT_EACH_KIND = 900
_FIT_DIGITS = 6_000  # MNIST images, and half as many pen digits
_KNOWN = 1_000
_STRENGTH = 0.01  # inverse of the regression's L2 penalty: strong, to generalize to other letters
_SEED_FIT, _SEED_MEASURE = 100, 2026
_CHUNK = 500


@dataclass(frozen=True)
class FittingImages:
    """Pictures (N, 28, 28) to fit on, and digits new to the network to choose the threshold on."""

    known: Pictures
    labels: Labels
    others: Pictures
    choosing: Pictures


def pictures(drawings: Iterable[Strokes]) -> Pictures:
    """The digits, uint8 (N, 28, 28), that preprocessing makes of drawings as strokes."""
    return np.stack([digit_from_strokes(strokes) for strokes in drawings])


def gathered(mnist: Path, pen: PenDigits) -> FittingImages:
    """The pictures to fit the rule and choose its threshold on.

    The choosing digits are the person between the training and the held-out people, and the test
    images of the bundled sample: the network was trained on neither.
    """
    digits = dataset.load(mnist)
    random = np.random.default_rng(_SEED_FIT)
    trained = pen.part(0, PEN_TRAIN)
    rows = random.permutation(PEN_TRAIN)[: _FIT_DIGITS // 2]
    others = [
        strokes
        for kind in KINDS
        for _, strokes in some(kind, _FIT_EACH_KIND, random, trained, held_out=False)
    ]
    unseen = pictures(pen.part(PEN_TRAIN, PEN_HELD_OUT).strokes)
    drawn = pictures(trained.strokes[row] for row in rows)
    return FittingImages(
        np.concatenate([drawn, digits.x_train[:_FIT_DIGITS]]),
        np.concatenate([trained.labels[rows], digits.y_train[:_FIT_DIGITS]]),
        pictures(others),
        np.concatenate([unseen, dataset.sample().x_test]),
    )


def fit(network: Network, material: FittingImages) -> Table:
    """The table of the rule for ``network``: its statistics, and a logistic regression on them."""
    from sklearn.linear_model import LogisticRegression

    start = _statistics(network, material)

    def features(images: Pictures) -> Any:
        return out_of_distribution.features(start, images, _outputs(network, images))

    # On features of one scale; both classes have the same weight.
    known, others = features(material.known), features(material.others)
    values = np.concatenate([known, others])
    centre, spread = values.mean(axis=0), values.std(axis=0) + 1e-6
    wanted = np.repeat([0, 1], [len(known), len(others)])
    found = LogisticRegression(C=_STRENGTH, max_iter=1000, class_weight="balanced")
    found.fit((values - centre) / spread, wanted)

    weights, bias = found.coef_[0] / spread, float(found.intercept_[0])
    odds = (features(material.choosing) - centre) @ weights + bias
    threshold = np.quantile(odds, 1 - SHARE_UNSURE)
    return replace(
        start,
        centre=np.asarray(centre, np.float32),
        weights=np.asarray(weights, np.float32),
        bias=np.array([bias - threshold], np.float32),
    )


def _statistics(network: Network, material: FittingImages) -> Table:
    """Means, whitening and known digits from the last hidden layer's outputs for the digits.

    The large arrays are rounded to float16 as in the table's file, so that both agree.
    """
    hidden = _outputs(network, material.known)[-2].astype(np.float64)
    means = np.stack([hidden[material.labels == digit].mean(axis=0) for digit in range(10)])
    known = hidden[np.random.default_rng(_SEED_FIT).permutation(len(hidden))[:_KNOWN]]
    known = known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), 1e-6)
    output = network.weights[network.layers[-1].name][0]
    whitening = _whitening(hidden - means[material.labels])
    nothing = np.zeros(1)
    arrays = (output, means, whitening, known, nothing, nothing, nothing)
    return Table(*(array.astype(np.float16).astype(np.float32) for array in arrays))


def _whitening(differences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The factor W, (H, H), for which ||d @ W||² is the squared Mahalanobis distance of d.

    The covariance is regularized.
    """
    covariance = np.cov(differences.T)
    size = len(covariance)
    covariance += 0.1 * np.trace(covariance) / size * np.eye(size)
    return np.asarray(np.linalg.cholesky(np.linalg.inv(covariance)))


def _outputs(network: Network, images: Pictures) -> list[Floats]:
    """The last two layers' outputs for any number of pictures."""
    parts = [
        network.activations(images[start : start + _CHUNK])[-2:]
        for start in range(0, len(images), _CHUNK)
    ]
    return [np.concatenate(layer) for layer in zip(*parts, strict=True)]


# --- measuring ------------------------------------------------------------------------------------


def fit_bundled(mnist: Path, pen_strokes: Path, output: Path) -> dict[str, Any]:
    """Fit the bundled network's table, write it, and measure it as ``measure`` does."""
    pen = read_pen_digits(pen_strokes)
    fit(models.bundled(), gathered(mnist, pen)).save(output)
    return measure(models.bundled(), Table.load(output), pen)


def measure(
    network: Network, table: Table, pen: PenDigits, mnist: Pictures | None = None
) -> dict[str, Any]:
    """The rates at which the rule rejects digits and other drawings, on held-out data.

    The digits are those of the held-out people, as strokes and as canvas pictures, and MNIST test
    images where they are given. The others are 125 of each kind, among them letters and shapes
    that the rule was not fitted on. ``certainty`` is the rate of the softmax's confidence alone.
    """
    unseen, random = pen.part(PEN_HELD_OUT), np.random.default_rng(_SEED_MEASURE)
    named = {kind: some(kind, EACH_KIND, random, unseen, held_out=True) for kind in KINDS}
    others = {kind: [lines for _, lines in drawings] for kind, drawings in named.items()}
    every = list(itertools.chain.from_iterable(others.values()))
    never_met = [
        lines
        for drawings in named.values()
        for name, lines in drawings
        if name in HELD_OUT_TEMPLATES
    ]

    def rates(images: Pictures) -> dict[str, Any]:
        """The share of pictures that the rule, and the softmax alone, reject."""
        outputs = _outputs(network, images)
        found = table.log_odds(images, outputs) > 0
        alone = outputs[-1].max(axis=1) < out_of_distribution.LEAST_CONFIDENCE
        return {
            "images": len(images),
            "rejected": int(found.sum()),
            "rate": round(float(found.mean()), 4),
            "certainty": round(float(alone.mean()), 4),
        }

    def canvas(drawings: Iterable[Strokes]) -> Pictures:
        return np.stack([from_pixels(canvas_picture(lines, random)).digit for lines in drawings])

    digits = {
        "pen": rates(pictures(unseen.strokes)),
        "pen_canvas": rates(canvas(unseen.strokes)),
    }
    if mnist is not None:
        digits["mnist_test"] = rates(mnist)
    kinds = {kind: rates(pictures(drawings)) for kind, drawings in others.items()}
    return {
        "digits_rejected": digits,
        "others_rejected": kinds | {"all": rates(pictures(every))},
        "never_met": rates(pictures(never_met)),
        "others_as_canvas": rates(canvas(every)),
    }
