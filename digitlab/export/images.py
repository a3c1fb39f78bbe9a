"""The file of the images that one run used, which its code finds by name."""

from __future__ import annotations

import io
import re
import zipfile

import numpy as np

from digitlab.config import ALL_IMAGES, RunConfig
from digitlab.dataset import DigitSet

# zlib's fastest level: all of MNIST in 1.4 s and 12.8 MB; the default takes 5.4 s for 11.5 MB.
_LEVEL = 1


def images_name(config: RunConfig, fingerprint: str) -> str:
    """The file's name, which differs for other images.

    It has hexadecimal digits of the set's ``fingerprint`` only, whatever else that may hold.
    """
    which = re.sub(r"[^0-9a-f]", "", fingerprint)[:8]
    some = "" if config.train_images == ALL_IMAGES else f"-{config.train_images}"
    return f"images-{which}{some}.npz"


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
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
    return file.getvalue()
