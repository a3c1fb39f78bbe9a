"""Untrained networks with small random weights, as tests need them."""

from __future__ import annotations

from typing import Any

import numpy as np

from digitlab.config import RunConfig
from digitlab.layers import layers_of
from digitlab.network import Network


def make_network(
    config: RunConfig, seed: int = 0, spread: float = 0.1, about: dict[str, Any] | None = None
) -> Network:
    """Kernels and biases are normal, with the standard deviation ``spread``."""
    random, layers = np.random.default_rng(seed), layers_of(config)
    weights = {
        layer.name: (
            random.normal(0, spread, layer.kernel_shape).astype(np.float32),
            random.normal(0, spread, layer.kernel_shape[-1:]).astype(np.float32),
        )
        for layer in layers
        if layer.kernel_shape
    }
    return Network(layers, weights, about or {})
