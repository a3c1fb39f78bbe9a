"""An empty lab with warm workers, for the benchmarks that train in it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from digitlab import dataset
from digitlab.home import home
from digitlab.jobs.engine import Engine
from digitlab.store import Store
from digitlab.training import speed


@contextmanager
def warm_engine(workers: int) -> Iterator[Engine]:
    """An engine in an empty folder that may have so many workers, once one has loaded TensorFlow.

    It knows what is known of this machine's speed.
    """
    measured, before = speed.load(), dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(DIGITLAB_HOME=folder, DIGITLAB_WORKERS=str(workers))
        dataset.forget()  # the sample's file is in the lab's folder
        try:
            if measured:
                speed.save(measured)
            with closing(Engine(Store(home()), measure=False)) as engine:
                engine.warm()
                while not any(worker["threads"] for worker in engine.workers()):
                    time.sleep(0.1)
                yield engine
        finally:
            os.environ.clear()
            os.environ.update(before)
            dataset.forget()
