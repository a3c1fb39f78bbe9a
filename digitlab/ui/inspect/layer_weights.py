"""Where one layer's weights come from, epoch by epoch: a run's files, or what the lab has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from digitlab import models
from digitlab.charts.pixels import colour_limit
from digitlab.inspection import filters
from digitlab.layers import Layer
from digitlab.network import Floats, Network
from digitlab.ui import lab
from digitlab.ui.selected_model import SelectedModel

_MOST_TEMPLATES = 200  # epochs of any runs, 31 KB each


@dataclass(frozen=True)
class Weights:
    """The weights of one layer after each kept epoch, 0 for the untrained network.

    With ``templates`` they are an MLP's class templates, (784, 10), in place of the layer's own.
    """

    model: SelectedModel
    layer: Layer
    epochs: tuple[int, ...]
    templates: bool = False

    @property
    def key(self) -> str:
        """What they are called in the session: no other network or layer has the same."""
        name = "templates" if self.templates else self.layer.name
        return f"{self.model.name}-{name}"

    @property
    def first_convolution(self) -> bool:
        """Whether these are the filters that the picture itself comes to."""
        return self.layer.name == "conv1"

    @property
    def limit(self) -> float:
        """The size that ends the colour scale of all epochs."""
        return _limit(self.key, self.epochs, self)

    def at(self, epoch: int) -> Floats:
        """The weights after ``epoch``, float32 of the layer's shape, or (784, 10).

        Raises:
            StoreError: the run was deleted, or the file is not whole.
        """
        run = self.model.run
        if run is not None:
            if self.templates:
                return _templates(run.id, epoch)
            return filters.kernel_of_run(lab.store(), run.id, self.layer, epoch)
        if self.model.name == models.BUNDLED_NAME and self.first_convolution:
            return filters.bundled_history()[epoch]
        untrained = self.model.untrained if epoch == 0 else None
        return (untrained or self.model.network).weights[self.layer.name][0]

    def beginning(self, epoch: int) -> Floats | None:
        """Those before training, where ``epoch`` is later, and they were kept and are numbers.

        Raises:
            StoreError: as ``at``.
        """
        if self.epochs[0] != 0 or not epoch:
            return None
        before = self.at(0)
        return before if finite(before) else None

    @property
    def frozen(self) -> bool:
        """Whether they are as the run took them over."""
        run = self.model.run
        return run is not None and run.frozen and self.layer.kind == "conv"

    def network_at(self, epoch: int) -> Network:
        """The whole network after ``epoch`` where it was kept, else the reader's own.

        Raises:
            StoreError: the run was deleted, or the file is not whole.
        """
        run, untrained = self.model.run, self.model.untrained
        if run is not None and epoch in lab.store().epochs_kept(run.id, "weights"):
            return lab.network_of_run(run.id, epoch)
        if run is None and epoch == 0 and untrained is not None:
            return untrained
        return self.model.network


def weights_of(model: SelectedModel, layer: Layer, *, templates: bool = False) -> Weights:
    """All epochs' weights of a layer, as far as they were kept.

    Raises:
        StoreError: the run was deleted meanwhile.
    """
    return Weights(model, layer, _epochs(model, layer), templates)


def _epochs(model: SelectedModel, layer: Layer) -> tuple[int, ...]:
    if model.run is not None:
        lab.store().run(model.run.id)  # it may have been deleted in another tab
        first = layer.name == "conv1"
        return tuple(filters.epochs_of_run(lab.store(), model.run.id, first_convolution=first))
    if model.name != models.BUNDLED_NAME:
        return (int(model.network.about.get("epoch", 1)),)
    known = tuple(filters.bundled_history())
    return known if layer.name == "conv1" else (known[0], known[-1])


@st.cache_data(show_spinner=False, max_entries=100)
def _limit(key: str, epochs: tuple[int, ...], _weights: Weights) -> float:
    """Over all epochs, which are read one after the other: together they may be large."""
    return max(colour_limit(_weights.at(epoch)) for epoch in epochs)


@st.cache_resource(show_spinner=False, max_entries=_MOST_TEMPLATES)
def _templates(run: str, epoch: int) -> Floats:
    return filters.templates(models.of_run(lab.store(), run, epoch))[0]


def finite(weights: Floats) -> bool:
    """Whether all weights are numbers: those of a run that diverged may not be."""
    return bool(np.isfinite(weights).all())
