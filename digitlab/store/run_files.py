"""The files that a run leaves beside its metrics, as bytes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.network import Floats


def npy(array: npt.NDArray[Any]) -> bytes:
    """An array as the bytes of an ``.npy`` file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def packed_predictions(probabilities: Floats) -> bytes:
    """What each test image is read as (uint8) and how surely (float16), as ``.npz`` bytes."""
    buffer = io.BytesIO()
    digit = probabilities.argmax(axis=1).astype(np.uint8)
    np.savez(buffer, digit=digit, certainty=probabilities.max(axis=1).astype(np.float16))
    return buffer.getvalue()
