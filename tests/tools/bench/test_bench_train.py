"""The pairs of ``bench train``, on a few images."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.bench import train


@pytest.mark.worker
def test_each_lesson_is_trained_by_its_script_and_by_the_lab(command_lab: Path) -> None:
    found = train.measure({"mlp-128": (2, 640), "cnn-keras": (1, 256)}, rounds=2)
    for row in found["train"].values():
        ratios = [pair["script"]["seconds"] / pair["ours"]["seconds"] for pair in row["pairs"]]
        assert row["ratio"] == pytest.approx(sum(ratios) / 2)
    (first, second) = found["train"]["mlp-128"]["pairs"]
    for pair in (first, second):
        # The same weights at first, and the same images in the same order.
        assert pair["ours"]["accuracy"] == pytest.approx(pair["script"]["accuracy"], abs=0.02)
    assert found["least"] <= found["geometric_mean"]
