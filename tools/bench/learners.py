"""How long learners wait for so many workers: a simulation fed with measured seconds.

Each learner thinks for a while, presses Start, waits for the run to end and thinks again. Runs are
trained in the order in which they come, each by the first worker that is free.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab.messages import LabError, message

HOURS = 2.0  # a lesson


def waits(
    learners: int, workers: int, seconds: Sequence[float], think: float, *, seed: int = 0
) -> npt.NDArray[np.float64]:
    """The seconds that each run of a lesson waits before it is trained.

    Args:
        learners: people who train.
        workers: runs that are trained at the same time.
        seconds: how long runs take; each run is one of these, with equal chances.
        think: the mean of the seconds between a run's end and the next Start, exponential.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    starts = [(random.exponential(think), learner) for learner in range(learners)]
    heapq.heapify(starts)
    free = [0.0] * workers  # when each worker is free
    found = []
    while starts and starts[0][0] < 3600 * HOURS:
        asked, learner = heapq.heappop(starts)
        began = max(asked, free[0])
        ended = began + random.choice(seconds)
        heapq.heapreplace(free, ended)
        found.append(began - asked)
        heapq.heappush(starts, (ended + random.exponential(think), learner))
    return np.array(found)


def measure(learners: int, seconds: Sequence[float], think: float, most: float) -> dict[str, Any]:
    """Waiting times by the number of workers, up to one where 19 of 20 wait ``most`` seconds.

    Raises:
        LabError: a number is not above 0.
    """
    if min(learners, think, most, *seconds) <= 0:
        raise LabError(message("Learners and seconds must be above 0."))
    rows: list[dict[str, Any]] = []
    workers = 1
    while not rows or rows[-1]["p95"] > most:
        found = waits(learners, workers, seconds, think)
        median, p95 = np.percentile(found, (50, 95))
        rows.append(
            {
                "workers": workers,
                "runs": len(found),
                "median": round(float(median), 1),
                "p95": round(float(p95), 1),
            }
        )
        workers = max(workers + 1, round(1.25 * workers))
    return {"learners": learners, "seconds": list(seconds), "think": think, "waiting": rows}
