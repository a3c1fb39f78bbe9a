"""What a report is made from, taken out of the store."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from digitlab import dataset
from digitlab.inspection import filters
from digitlab.layers import Layer, layers_of
from digitlab.messages import LabError
from digitlab.network import Floats
from digitlab.progress import BatchMetrics, EpochMetrics
from digitlab.store import Run, Store, StoreError
from digitlab.store.library import Library

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class ReportData:
    """A run, what it has measured, and what it has kept.

    Attributes:
        run: the run.
        name: the one its owner gave it, or "".
        epochs: its epoch metrics, in order.
        batches: its batch metrics, in order.
        before: the first layer's weights at the beginning, of the layer's shape, or None.
        after: the same at the end.
        probabilities: of the test images at the end, float32 (N, 10), or None.
        labels: of the test images, (N,), or None where the images are not here any more.
        images: the test images, (N, 28, 28), or None.
        origin: the name of the run that this one goes on from, "" where that has none.
        origin_run: that run, None where it is not here or there is none.
        varied: the fields that its sweep varies; they are in its name.
    """

    run: Run
    name: str
    epochs: tuple[EpochMetrics, ...]
    batches: tuple[BatchMetrics, ...]
    before: Floats | None = None
    after: Floats | None = None
    probabilities: Floats | None = None
    labels: Bytes | None = None
    images: Bytes | None = None
    origin: str = ""
    origin_run: Run | None = None
    varied: tuple[str, ...] = ()

    @property
    def layer(self) -> Layer:
        """The first layer with weights: a convolution, or an MLP's first dense layer."""
        return first_layer(self.run)


def first_layer(run: Run) -> Layer:
    """The first layer of a run's network that has weights."""
    return next(layer for layer in layers_of(run.config) if layer.kernel_shape)


def gather(store: Store, run: Run, varied: tuple[str, ...] = ()) -> ReportData:
    """All that a report of ``run`` can show; what is not there is None.

    ``varied`` are the fields that its sweep varies.
    """
    library = Library(store)
    before, after = _weights(store, run)
    labels, images = _test_set(run)
    return ReportData(
        run,
        library.name(run.id),
        tuple(store.epochs(run.id)),
        tuple(store.batches(run.id)),
        before,
        after,
        _probabilities(store, run),
        labels,
        images,
        library.name(run.origin) if run.origin else "",
        _origin(store, run),
        varied,
    )


def _origin(store: Store, run: Run) -> Run | None:
    with contextlib.suppress(StoreError):
        return store.run(run.origin) if run.origin else None
    return None


def _weights(store: Store, run: Run) -> tuple[Floats | None, Floats | None]:
    """The first layer's weights of epoch 0 and of the last epoch after it."""
    layer = first_layer(run)
    kept = filters.epochs_of_run(store, run.id, first_convolution=layer.kind == "conv")
    later = [epoch for epoch in kept if epoch > 0]
    return (
        _weights_of(store, run, layer, 0 if 0 in kept else None),
        _weights_of(store, run, layer, max(later, default=None)),
    )


def _weights_of(store: Store, run: Run, layer: Layer, epoch: int | None) -> Floats | None:
    if epoch is None:
        return None
    with contextlib.suppress(StoreError):
        weights = filters.kernel_of_run(store, run.id, layer, epoch)
        return weights if np.isfinite(weights).all() else None
    return None


def _probabilities(store: Store, run: Run) -> Floats | None:
    try:
        data = store.file(run.id, "probabilities.npy").read_bytes()
        found: Floats = np.load(io.BytesIO(data), allow_pickle=False)
    except (StoreError, OSError, ValueError, EOFError):
        return None
    return found if np.isfinite(found).all() else None


def _test_set(run: Run) -> tuple[Bytes | None, Bytes | None]:
    try:
        digits = dataset.find(run.digits.fingerprint)
    except LabError:
        return None, None
    return digits.y_test, digits.x_test
