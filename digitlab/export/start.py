"""What a run that goes on from another began with, as a file that its code finds by name."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from digitlab.network import Floats, Network

# What the optimizer remembered at the beginning: it is in the file, there was nothing, or what
# there was is not here any more.
Memory = Literal["there", "nothing", "lost"]


@dataclass(frozen=True)
class Start:
    """How the code of a run goes on from another.

    ``file`` is the name of the file with the weights; ``frozen`` keeps the convolutions as they
    are; ``memory`` is what became of the optimizer's.
    """

    file: str
    frozen: bool = False
    memory: Memory = "there"


def start_name(run: str) -> str:
    """What the file is called; of a text that is no run's id, only hexadecimal digits are taken."""
    return f"start-{re.sub(r'[^0-9a-f]', '', run)[:8]}.npz"


def start_file(network: Network, optimizer: Mapping[str, Floats]) -> bytes:
    """An ``.npz`` of float32 arrays; no pickles in it.

    ``conv1_kernel`` and ``conv1_bias`` are the weights of the layer ``conv1``, and so on;
    ``conv1_kernel_momentum`` and its like what the optimizer remembers of them, and ``iteration``
    how many steps it has made.
    """
    weights = {
        f"{layer}_{part}": array
        for layer, pair in network.weights.items()
        for part, array in zip(("kernel", "bias"), pair, strict=True)
    }
    buffer = io.BytesIO()
    np.savez(buffer, **(weights | dict(optimizer)))  # type: ignore[arg-type]
    return buffer.getvalue()
