"""What a person waits for beside the training: the first batch, and the result at the end."""

from __future__ import annotations

import dataclasses
import statistics
import time
from typing import Any

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.jobs.engine import Engine
from digitlab.presets import PRESETS
from digitlab.store import Status
from tools.bench.new_lab import warm_engine

ROUNDS = 3
_LOOK_SECONDS = 0.005
LESSONS = {
    "mlp-128": dataclasses.replace(PRESETS["mlp-128"], epochs=2),
    "cnn-filters": dataclasses.replace(PRESETS["cnn-filters"], epochs=1),
    "cnn-keras": dataclasses.replace(PRESETS["cnn-keras"], epochs=1, train_images=6_000),
}


def measure() -> dict[str, Any]:
    """Medians of ``ROUNDS`` runs of each lesson in a lab whose worker has loaded TensorFlow.

    ``first_batch`` is from the submission to the first batch in the store, for the first run of a
    lesson, which is traced, and for the later ones. ``result`` is from the last batch in the store
    to the end of the run. All are seconds.
    """
    found = {}
    with warm_engine(workers=1) as engine:
        digits = dataset.current().digits
        for name, config in LESSONS.items():
            rounds = [_run(engine, config, digits) for _ in range(ROUNDS)]
            batches, results = zip(*rounds, strict=True)
            found[name] = {
                "first_batch": {"first": batches[0], "later": statistics.median(batches[1:])},
                "result": statistics.median(results),
            }
    return {"wait": found}


def _run(engine: Engine, config: RunConfig, digits: DigitSet) -> tuple[float, float]:
    store, asked = engine.store, time.perf_counter()
    run = engine.submit("bench", config, digits).id
    while store.last_batch(run) is None:
        time.sleep(_LOOK_SECONDS)
    first = time.perf_counter() - asked
    while (batch := store.last_batch(run)) is None or batch.position < config.epochs:
        time.sleep(_LOOK_SECONDS)
    last = time.perf_counter()
    while (ended := store.run(run)).status.live:
        time.sleep(_LOOK_SECONDS)
    assert ended.status is Status.FINISHED
    return first, time.perf_counter() - last
