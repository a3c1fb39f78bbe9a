"""TensorFlow and Keras are loaded here, once in a process that trains."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# How much a thread that trains yields to others: 0 is usual, 19 the most. At 10 it gets about a
# tenth of a processor that somebody else wants as well, and all of it while nobody does.
NICENESS = 10

_threads = 0
_loading = threading.Lock()


def threads() -> int:
    """With how many threads TensorFlow was loaded; 0 before it is."""
    return _threads


def use_threads(threads: int) -> None:
    """Load TensorFlow with so many threads for its operations; only the first call counts."""
    with _loading:
        if not _threads:
            _load(threads)


def lower_priority() -> None:
    """Let whatever else this machine does go before the thread that calls this, on Linux.

    Threads that it starts later inherit that, TensorFlow's among them: call it before TensorFlow
    is loaded. Other threads of the process, like the one that answers Dask, stay as they are;
    only Linux knows a niceness of each thread, and elsewhere nothing is changed.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        if os.getpriority(os.PRIO_PROCESS, thread) < NICENESS:
            os.setpriority(os.PRIO_PROCESS, thread, NICENESS)


def _load(threads: int) -> None:
    global _threads
    os.environ.pop("OMP_NUM_THREADS", None)  # a nanny sets it to 1, which slows every matrix
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with _without_greetings():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        import digitlab.training.trainer  # noqa: F401  loads Keras as well

    # Each run is a model of its own; TensorFlow warns of its many functions.
    tf.get_logger().setLevel("ERROR")
    _threads = threads


@contextmanager
def _without_greetings() -> Iterator[None]:
    """Keep from the terminal what TensorFlow's C++ writes while it loads, whatever its level."""
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)
