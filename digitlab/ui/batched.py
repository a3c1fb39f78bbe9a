"""Images are read part by part: a bar shows how far it is, and what has been read stays read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from digitlab.messages import Translator

PART = 500  # images at once
_PATIENCE = 0.2  # seconds without a sign of life

Read = TypeVar("Read")


def read(
    count: int, part: Callable[[int, int], Read], t: Translator, size: int = PART
) -> list[Read]:
    """What ``part`` makes of images ``start`` to ``stop``, ``size`` of ``count`` at a time.

    ``part`` is one that keeps its results for all sessions. The bar moves only when there is
    something to wait for.
    """
    bar, begun = st.empty(), time.monotonic()
    parts = []
    for start in range(0, count, size):
        stop = min(start + size, count)
        parts.append(part(start, stop))
        if time.monotonic() - begun > _PATIENCE:
            text = t(
                "The network reads {done} of {count} images …", done=f"{stop:,}", count=f"{count:,}"
            )
            bar.progress(stop / count, text=text)
    bar.empty()
    return parts
