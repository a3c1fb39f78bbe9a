"""Loads TensorFlow and Keras, once per process, with a given number of threads and low priority."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# The niceness of a thread that trains: 0 is usual, 19 the most. At 10 it gets about a tenth of a
# core that another process wants as well, and all of an idle one.
NICENESS = 10

_threads = 0
_loading = threading.Lock()


def threads() -> int:
    """The number of threads that TensorFlow was loaded with; 0 before it is loaded."""
    return _threads


def use_threads(threads: int) -> None:
    """Load TensorFlow with ``threads`` threads for its operations; only the first call counts."""
    global _threads
    with _loading:
        if _threads:
            return
        os.environ.pop("OMP_NUM_THREADS", None)  # a nanny sets it to 1, which slows every matrix
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
        os.environ["KERAS_BACKEND"] = "tensorflow"
        with _silenced_stderr():
            import tensorflow as tf

            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
            import digitlab.training.trainer  # noqa: F401  loads Keras as well

        # Each run has a model of its own, and TensorFlow warns of retracing their many functions.
        tf.get_logger().setLevel("ERROR")
        _threads = threads


def lower_priority() -> None:
    """Lower the scheduling priority of the calling thread, on Linux.

    Threads that it starts later inherit the priority, TensorFlow's among them: call it before
    TensorFlow is loaded. Other threads of the process, like the one that answers Dask, keep theirs.
    Only Linux has a niceness for each thread; elsewhere nothing is changed.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        if os.getpriority(os.PRIO_PROCESS, thread) < NICENESS:
            os.setpriority(os.PRIO_PROCESS, thread, NICENESS)


@contextmanager
def _silenced_stderr() -> Iterator[None]:
    """Discard what TensorFlow's C++ code writes to stderr while it loads, whatever its level."""
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)
