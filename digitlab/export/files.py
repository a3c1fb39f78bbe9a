"""The files beside a run's code: the images it used, and the weights it continued from."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from digitlab.config import ALL_IMAGES, RunConfig
from digitlab.dataset import DigitSet
from digitlab.network import Floats, Network

# The optimizer's state at the start: it is in the file, there was none, or it was deleted.
OptimizerState = Literal["there", "nothing", "lost"]


def images_name(config: RunConfig, fingerprint: str) -> str:
    """The file's name, which differs for other images.

    It has hexadecimal digits of the set's ``fingerprint`` only, whatever else that may hold.
    """
    some = "" if config.train_images == ALL_IMAGES else f"-{config.train_images}"
    return f"images-{_hexadecimal(fingerprint)}{some}.npz"


def images(config: RunConfig, digits: DigitSet) -> bytes:
    """An ``.npz`` file's bytes with the images of ``digits`` that ``config`` uses; no pickles.

    ``x_train`` uint8 (N, 28, 28) and ``y_train`` uint8 (N,) are the first N training images, those
    for validation included; ``x_test`` and ``y_test`` are the whole test set.

    Raises:
        LabError: there are too few images for this configuration.
    """
    count = digits.split(config).count
    arrays = {
        "x_train": digits.x_train[:count],
        "y_train": digits.y_train[:count],
        "x_test": digits.x_test,
        "y_test": digits.y_test,
    }
    file = io.BytesIO()
    # zlib's fastest level: all of MNIST in 1.4 s and 12.8 MB; the default takes 5.4 s for 11.5 MB.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
    return file.getvalue()


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
    return f"start-{_hexadecimal(run_id)}.npz"


def start_file(network: Network, optimizer: Mapping[str, Floats]) -> bytes:
    """An ``.npz`` file's bytes: float32 arrays, no pickles.

    ``conv1_kernel`` and ``conv1_bias`` are the weights of the layer ``conv1``, and so on;
    ``conv1_kernel_momentum`` and the like the optimizer's slots, and ``iteration`` its step count.
    """
    arrays = dict(optimizer)
    for layer, (kernel, bias) in network.weights.items():
        arrays |= {f"{layer}_kernel": kernel, f"{layer}_bias": bias}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _hexadecimal(text: str) -> str:
    return re.sub(r"[^0-9a-f]", "", text)[:8]
