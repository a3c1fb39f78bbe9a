"""The number format is chosen by timing the network itself, and the trial leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from digitlab.config import RunConfig
from digitlab.progress import NumberFormat

pytest.importorskip("keras")

from small_runs import DIGITS, Ran, run

from digitlab.training import compiled, formats
from digitlab.training.compiled import Compiled
from digitlab.training.trainer import _data

MLP = RunConfig(units1=12, batch_size=16, epochs=2, dropout=0.3, validation="none")
CNN = RunConfig(network="cnn", blocks=1, filters1=3, dense=8, batch_size=16, epochs=2)
BOTH: tuple[NumberFormat, ...] = ("float32", "mixed_bfloat16")


def forget() -> None:
    compiled.forget()
    formats._chosen.clear()


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a worker that has trained nothing, on a processor that multiplies bfloat16."""
    forget()
    monkeypatch.setattr(formats, "has_bfloat16", lambda: True)
    yield
    forget()


@pytest.fixture
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run is long enough to try both."""
    monkeypatch.setattr(formats, "_WORTH", 1e-9)


def speeds(monkeypatch: pytest.MonkeyPatch, **rates: float) -> list[str]:
    """Let the formats have these images per second; returns the list of the trials to come."""
    timed, tried = formats._timed, list[str]()

    def measured(network: Compiled, *args: object) -> tuple[float, float]:
        traced, _ = timed(network, *args)
        name = str(network.model.layers[-2].dtype_policy.name)
        tried.append(name)
        return traced, rates[name]

    monkeypatch.setattr(formats, "_timed", measured)
    return tried


def chosen(config: RunConfig, guess: NumberFormat = "float32") -> NumberFormat:
    return formats.fastest(config, _data(config, DIGITS), guess, frozen=False)[1]


@pytest.mark.parametrize("guess", BOTH)
@pytest.mark.usefixtures("worth_it")
def test_the_faster_is_chosen(monkeypatch: pytest.MonkeyPatch, guess: NumberFormat) -> None:
    for fast in BOTH:
        forget()
        slow = BOTH[1 - BOTH.index(fast)]
        speeds(monkeypatch, **{fast: 2_000.0, slow: 1_000.0})
        assert chosen(CNN, guess) == fast


@pytest.mark.usefixtures("worth_it")
def test_a_small_difference_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    speeds(monkeypatch, float32=1_000.0, mixed_bfloat16=1_050.0)
    assert chosen(MLP) == "float32"


def test_a_short_run_tries_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = speeds(monkeypatch, float32=1e6, mixed_bfloat16=9e6)
    assert chosen(MLP) == "float32"
    assert tried == ["float32"]  # a step, to see that it is short
    forget()
    tried = speeds(monkeypatch, float32=1.0, mixed_bfloat16=9.0)
    assert chosen(MLP) == "mixed_bfloat16"
    assert set(tried) == set(BOTH)


@pytest.mark.usefixtures("worth_it")
def test_what_was_tried_is_known_to_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = speeds(monkeypatch, float32=1_000.0, mixed_bfloat16=2_000.0)
    assert chosen(MLP) == "mixed_bfloat16"
    first = len(tried)
    assert chosen(replace(MLP, seed=3, epochs=1)) == "mixed_bfloat16"
    assert len(tried) == first
    assert chosen(replace(MLP, units1=13)) == "mixed_bfloat16"
    assert len(tried) > first  # of another shape


@pytest.mark.usefixtures("worth_it")
def test_without_bfloat16_in_the_processor_it_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "has_bfloat16", lambda: False)
    tried = speeds(monkeypatch, float32=1_000.0, mixed_bfloat16=2_000.0)
    assert chosen(MLP) == "float32"
    assert tried == []


@pytest.mark.usefixtures("worth_it")
def test_two_of_a_large_network_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_MOST_PARAMETERS", 9_000)
    tried = speeds(monkeypatch, float32=1_000.0, mixed_bfloat16=2_000.0)
    assert chosen(MLP) == "float32"
    assert tried == []


@pytest.mark.parametrize("config", [MLP, CNN], ids=["mlp", "cnn"])
@pytest.mark.parametrize("start", [False, True], ids=["new", "continued"])
def test_a_trial_changes_no_bit_of_the_run(
    monkeypatch: pytest.MonkeyPatch, config: RunConfig, start: bool
) -> None:
    begun = run(config).start() if start else None
    monkeypatch.setattr(formats, "has_bfloat16", lambda: False)

    def weights(ran: Ran) -> list[np.ndarray]:
        return [array for pair in ran.network().weights.values() for array in pair]

    forget()
    alone = {each: run(config, format=each, start=begun) for each in BOTH}
    monkeypatch.setattr(formats, "has_bfloat16", lambda: True)
    monkeypatch.setattr(formats, "_WORTH", 1e-9)
    forget()
    ran = run(config, start=begun)

    expected = alone[ran.reports[0].format]
    for ours, theirs in zip(weights(ran), weights(expected), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert ran.losses == expected.losses


def test_an_instruction_set_that_lacks_it_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    formats.has_bfloat16.cache_clear()
    assert not formats.has_bfloat16()
    formats.has_bfloat16.cache_clear()
