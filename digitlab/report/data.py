"""Reads from the store what a report shows."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, replace
from typing import Any

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
    """A run with its metrics, weights and predictions.

    Attributes:
        run: the run.
        name: the name its owner gave it, or "".
        epochs: its epoch metrics, in order.
        batches: its batch metrics, in order.
        before: the first layer's weights of epoch 0, of the layer's shape, or None.
        after: the first layer's weights of the last epoch, or None.
        probabilities: for the test images after the last epoch, float32 (N, 10), or None.
        labels: of the test images, (N,), or None where the images are no longer here.
        images: the test images, (N, 28, 28), or None.
        origin: the name of the run that this one continues training from, or "".
        origin_run: that run, or None where there is none or it was deleted.
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
        return next(layer for layer in layers_of(self.run.config) if layer.kernel_shape)


def gather(store: Store, run: Run, varied: tuple[str, ...] = ()) -> ReportData:
    """Read all that a report of ``run`` can show; what is missing is None.

    ``varied`` are the fields that its sweep varies.
    """
    library = Library(store)
    data = ReportData(
        run,
        library.name(run.id),
        tuple(store.epochs(run.id)),
        tuple(store.batches(run.id)),
        probabilities=_probabilities(store, run),
        origin=library.name(run.origin) if run.origin else "",
        varied=varied,
    )
    kept = filters.epochs_of_run(store, run.id, first_convolution=data.layer.kind == "conv")
    last = max(kept, default=0)
    found: dict[str, Any] = {
        "before": _weights(store, data, 0) if 0 in kept else None,
        "after": _weights(store, data, last) if last else None,
    }
    with contextlib.suppress(LabError):
        digits = dataset.find(run.digits.fingerprint)
        found |= {"labels": digits.y_test, "images": digits.x_test}
    with contextlib.suppress(StoreError):
        found["origin_run"] = store.run(run.origin) if run.origin else None
    return replace(data, **found)


def _weights(store: Store, data: ReportData, epoch: int) -> Floats | None:
    """The first layer's weights of an epoch, if they are whole and finite."""
    with contextlib.suppress(StoreError):
        weights = filters.kernel_of_run(store, data.run.id, data.layer, epoch)
        return weights if np.isfinite(weights).all() else None
    return None


def _probabilities(store: Store, run: Run) -> Floats | None:
    try:
        data = store.file(run.id, "probabilities.npy").read_bytes()
        found: Floats = np.load(io.BytesIO(data), allow_pickle=False)
    except (StoreError, OSError, ValueError, EOFError):
        return None
    return found if np.isfinite(found).all() else None
