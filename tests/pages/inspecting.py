"""What the tests of the Inspect page share: networks, and runs that kept them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from make_run import add_run

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.layers import layers_of, parameter_count
from digitlab.network import Network
from digitlab.store import DataSetInfo, Run, Store

SAMPLE = DataSetInfo("sample", dataset.SAMPLE_FINGERPRINT, 3_200, 800, 1_000)


def network_of(config: RunConfig, epoch: int, *, scale: float = 0.2, bias: float = 0.0) -> Network:
    """A network with weights drawn for ``epoch``; ``scale`` and ``bias`` are their spreads."""
    rng = np.random.default_rng(epoch)
    weights = {
        layer.name: (
            rng.normal(0, scale, layer.kernel_shape).astype(np.float32),
            rng.normal(0, bias, layer.kernel_shape[-1]).astype(np.float32),
        )
        for layer in layers_of(config)
        if layer.kernel_shape
    }
    return Network(layers_of(config), weights, {"epoch": epoch})


def kept_run(
    home: Path, owner: str, config: RunConfig, networks: Mapping[int, Network], **about: Any
) -> Run:
    """A run of ``owner`` that kept ``networks``, each by its epoch; ``about`` is ``add_run``'s."""
    files = {f"weights-{epoch:03d}.npz": kept.to_bytes() for epoch, kept in networks.items()}
    about = {"digits": SAMPLE, "parameters": parameter_count(layers_of(config))} | about
    files |= about.pop("files", {})
    return add_run(Store(home), config, owner=owner, files=files, **about)
