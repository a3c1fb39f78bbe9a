"""The simulation of many learners against what queueing theory says."""

from __future__ import annotations

import numpy as np
import pytest

from digitlab.messages import LabError
from tools.bench import learners


def test_with_a_worker_for_each_nobody_waits() -> None:
    assert learners.waits(20, 20, [5.0, 30.0], 10.0).max() == 0


def test_a_lone_worker_is_shared_in_turn() -> None:
    """Nobody thinks: each waits for all the others' runs."""
    found = learners.waits(10, 1, [4.0], 1e-9)
    assert found[100:] == pytest.approx(9 * 4.0)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_throughput_is_that_of_the_interactive_response_time_law(workers: int) -> None:
    """N = X (R + Z) for a closed system: people, throughput, response and thinking time."""
    people, think, service = 12, 20.0, 6.0
    found = learners.waits(people, workers, [service], think)
    throughput = len(found) / (3600 * learners.HOURS)
    assert throughput * (found.mean() + service + think) == pytest.approx(people, rel=0.03)
    assert throughput <= 1.02 * workers / service  # some of them end after the lesson


def test_workers_are_added_until_the_wait_is_short() -> None:
    found = learners.measure(100, [6.0, 12.0], 60.0, most=5.0)
    p95 = [row["p95"] for row in found["waiting"]]
    assert p95[-1] <= 5.0 < p95[-2]
    assert p95 == sorted(p95, reverse=True)
    assert np.diff([row["workers"] for row in found["waiting"]]).min() >= 1


@pytest.mark.parametrize("bad", [(0, [5.0], 9.0, 9.0), (5, [0.0], 9.0, 9.0), (5, [5.0], 9.0, -1.0)])
def test_numbers_that_make_no_sense_are_refused(
    bad: tuple[int, list[float], float, float],
) -> None:
    with pytest.raises(LabError, match="above 0"):
        learners.measure(*bad)
