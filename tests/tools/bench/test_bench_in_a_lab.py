"""The benchmarks that train in a lab of their own, on a few images."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from digitlab.config import RunConfig
from tools.bench import many, wait

pytestmark = pytest.mark.worker
TINY = RunConfig(units1=8, train_images=640, epochs=2)


def test_each_wait_is_a_part_of_the_run(command_lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wait, "LESSONS", {"tiny": TINY})
    monkeypatch.setattr(wait, "ROUNDS", 2)
    found = wait.measure()["wait"]["tiny"]
    assert 0 < found["first_batch"]["later"] < 30
    assert 0 < found["result"] < 30
    assert os.environ["DIGITLAB_HOME"] == str(command_lab)  # as before


def test_both_labs_train_all_the_runs(command_lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "RUNS", 2)
    monkeypatch.setattr(many, "ROUNDS", 1)
    monkeypatch.setattr(many, "_CONFIG", TINY)
    found = many.measure()
    assert found["runs"] == 2
    for part in ("first", "second"):
        (one,), (two,) = (found[part]["seconds"][workers] for workers in (1, 2))
        assert found[part]["ratio"] == one / two
