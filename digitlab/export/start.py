"""The file of the weights and optimizer state that a continued run started with."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from digitlab.network import Floats, Network

# The optimizer's state at the start: it is in the file, there was none, or it was deleted.
OptimizerState = Literal["there", "nothing", "lost"]


@dataclass(frozen=True)
class StartFile:
    """How the code of a run continues training from another.

    ``file`` is the name of the file with the weights; with ``frozen`` the convolutions are not
    trained.
    """

    file: str
    frozen: bool = False
    optimizer_state: OptimizerState = "there"


def start_name(run_id: str) -> str:
    """The file's name, from the hexadecimal digits of a run's id."""
    return f"start-{re.sub(r'[^0-9a-f]', '', run_id)[:8]}.npz"


def start_file(network: Network, optimizer: Mapping[str, Floats]) -> bytes:
    """An ``.npz`` file's bytes: float32 arrays, no pickles.

    ``conv1_kernel`` and ``conv1_bias`` are the weights of the layer ``conv1``, and so on;
    ``conv1_kernel_momentum`` and the like the optimizer's slots, and ``iteration`` its step count.
    """
    weights = {
        f"{layer}_{part}": array
        for layer, pair in network.weights.items()
        for part, array in zip(("kernel", "bias"), pair, strict=True)
    }
    buffer = io.BytesIO()
    np.savez(buffer, **(weights | dict(optimizer)))  # type: ignore[arg-type]
    return buffer.getvalue()
