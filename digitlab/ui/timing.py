"""How long the server works on a page or a part of it: written down when a benchmark asks."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "DIGITLAB_TIMINGS"  # the file that a server writes its timings to, one JSON line each


@contextmanager
def timed(part: str) -> Iterator[None]:
    """Note what is inside under ``part``: milliseconds of the clock, and of the processor."""
    path = os.environ.get(VARIABLE)
    if not path:
        yield
        return
    begun, worked = time.perf_counter(), time.thread_time()
    try:
        yield
    finally:
        line = {
            "part": part,
            "ms": 1000 * (time.perf_counter() - begun),
            "cpu_ms": 1000 * (time.thread_time() - worked),
        }
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
