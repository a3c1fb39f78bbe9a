"""What a sweep may be: combinations, limits, written values, and how long it takes."""

import dataclasses
import itertools
import json
import time
from pathlib import Path

import pytest

from digitlab import dataset
from digitlab.config import BY_NAME, FIELDS, ConfigError, RunConfig
from digitlab.messages import LabError
from digitlab.presets import PRESETS
from digitlab.sweeps import planning
from digitlab.sweeps.planning import (
    LONG_SECONDS,
    MOST_FIELDS,
    MOST_RUNS,
    MOST_SEEDS,
    SWEEP_LESSONS,
    Axis,
    Cell,
    Plan,
    SweepError,
    parse_values,
    vary,
)
from digitlab.training import speed
from digitlab.training.estimates import Known

BASE = PRESETS["mlp-128"]


def test_every_combination_is_a_cell_and_nothing_else_changes() -> None:
    plan = vary(BASE, [Axis("dropout", (0.0, 0.5)), Axis("units1", (8, 16, 32))], 2)

    pairs = [(cell.config.dropout, cell.config.units1) for cell in plan.cells]
    assert pairs == list(itertools.product((0.0, 0.5), (8, 16, 32)))
    assert plan.runs == 12
    for cell in plan.cells:
        assert set(cell.config.differences(BASE)) <= {"dropout", "units1"}
    assert [spec.name for spec in plan.differing] == ["dropout", "units1"]


def test_seeds_count_up_from_the_base() -> None:
    plan = vary(dataclasses.replace(BASE, seed=7), [Axis("epochs", (1, 2))], 3)

    assert [plan.config(1, seed).seed for seed in range(3)] == [7, 8, 9]
    assert plan.config(1, 0).epochs == 2


def test_values_are_taken_as_their_field_takes_them_and_once() -> None:
    plan = vary(BASE, [Axis("dropout", (0, 0.0, 0.5, 0.50))], 1)

    assert plan.axes == (Axis("dropout", (0.0, 0.5)),)
    assert isinstance(plan.cells[0].config.dropout, float)


def test_a_plan_comes_back_from_json() -> None:
    plans = [
        vary(BASE, [Axis("dropout", (0.0, 0.5)), Axis("optimizer", ("adam", "sgd"))], 2),
        *(lesson.plan(lesson.seeds) for lesson in SWEEP_LESSONS.values()),
    ]
    for plan in plans:
        assert planning.from_json(json.loads(json.dumps(plan.to_json()))) == plan


def test_ten_thousand_runs_are_refused_before_anything_is_built() -> None:
    hundred = tuple(range(1, 101))
    before = time.perf_counter()
    with pytest.raises(SweepError, match=rf"10,000 runs, and a sweep has at most {MOST_RUNS}"):
        vary(BASE, [Axis("units1", hundred), Axis("epochs", hundred)], 1)
    with pytest.raises(SweepError, match="10,000 runs"):
        vary(BASE, [Axis("train_images", tuple(range(10, 10_010)))], 1)
    assert time.perf_counter() - before < 1


def test_the_limit_counts_the_seeds() -> None:
    values = tuple(range(1, MOST_RUNS // 4 + 1))
    assert vary(BASE, [Axis("epochs", values)], 4).runs == MOST_RUNS
    with pytest.raises(SweepError, match="75 runs"):
        vary(BASE, [Axis("epochs", values)], 5)
    with pytest.raises(SweepError, match="61 runs"):
        Plan((Cell(RunConfig(), "one"),) * 61, 1)


@pytest.mark.parametrize("seeds", [0, -1, MOST_SEEDS + 1])
def test_seeds_are_few(seeds: int) -> None:
    with pytest.raises(SweepError, match=f"1 to {MOST_SEEDS} seeds, not {seeds}"):
        vary(BASE, [Axis("epochs", (1,))], seeds)


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ([], "varies 1 to 4 settings, not 0"),
        ([Axis(spec.name, (1,)) for spec in FIELDS[: MOST_FIELDS + 1]], "settings, not 5"),
        ([Axis("x" * 5000, (1,))], "no setting called x{40}\\."),
        ([Axis("seed", (1, 2))], "Seeds are not varied"),
        ([Axis("epochs", (1,)), Axis("epochs", (2,))], "Epochs is varied twice"),
        ([Axis("epochs", ())], "Epochs needs at least one value"),
        ([Axis("momentum", (0.1, 0.9))], "Momentum has no effect with these settings"),
    ],
)
def test_what_cannot_be_varied_is_a_sentence(axes: list[Axis], told: str) -> None:
    with pytest.raises(SweepError, match=told):
        vary(BASE, axes, 1)


def test_a_field_may_have_an_effect_in_some_cells_only() -> None:
    axes = [Axis("optimizer", ("adam", "sgd")), Axis("momentum", (0.0, 0.9))]
    assert vary(BASE, axes, 1).runs == 4


def test_a_value_or_a_combination_that_cannot_be_trained_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match=r"dropout must be a number from 0 to 0\.9, not 0\.95"):
        vary(BASE, [Axis("dropout", (0.5, 0.95))], 1)
    with pytest.raises(ConfigError, match="dropout must be"):
        vary(BASE, [Axis("dropout", (float("nan"),))], 1)
    cnn = dataclasses.replace(PRESETS["cnn-keras"], blocks=3, pool1=True, kernel1=7)
    with pytest.raises(ConfigError, match="Convolution 3 has a 7x7 kernel"):
        vary(cnn, [Axis("kernel2", (3, 7)), Axis("kernel3", (3, 7))], 1)


def test_a_seed_beyond_the_largest_is_refused() -> None:
    base = dataclasses.replace(BASE, seed=int(BY_NAME["seed"].high))
    plan = vary(base, [Axis("epochs", (1,))], 2)
    with pytest.raises(ConfigError, match="seed must be"):
        planning.refuse_too_much(plan)


@pytest.mark.parametrize(
    ("field", "text", "values"),
    [
        ("dropout", "0, 0.1,0.5", (0.0, 0.1, 0.5)),
        ("dropout", "0:0.8:0.1", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)),
        ("units1", "8:32:8, 128", (8, 16, 24, 32, 128)),
        ("units1", "16、32,16,", (16, 32)),
        ("learning_rate", "1e-4, .01", (0.0001, 0.01)),
        ("optimizer", "adam, sgd", ("adam", "sgd")),
        ("pool1", "true, 0", (True, False)),
        ("epochs", "", ()),
        # as a Japanese keyboard writes them
        ("dropout", "０．１、０．２", (0.1, 0.2)),
        ("dropout", "0.1，0.2", (0.1, 0.2)),
        ("dropout", "０：０．４：０．２", (0.0, 0.2, 0.4)),
    ],
)
def test_values_are_read_as_people_write_them(
    field: str, text: str, values: tuple[object, ...]
) -> None:
    assert parse_values(field, text) == values


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("dropout", "0.1, many", "dropout must be a number"),
        ("dropout", "nan", "dropout must be"),
        ("dropout", "0:0.8:0", "from:to:step"),
        ("dropout", "0.8:0:0.1", "from:to:step"),
        ("dropout", "0:inf:1", "from:to:step"),
        ("dropout", "nan:1:0.1", "from:to:step"),
        ("dropout", "<script>:1:2", "from:to:step"),
        ("units1", "8:9:0.5", r"units1 must be a whole number"),
        ("dropout", "0:0.9:0.00009", "10,001 runs"),
        ("dropout", "0:1e300:1e-300", "runs, and a sweep has at most"),
        ("dropout", "0," * 2000, "4,000 characters; at most 1,000"),
        ("kernel1", "3:7:2", "kernel1 must be one of"),
        ("x" * 60, "1", "no setting called x{40}\\."),
    ],
)
def test_a_list_that_cannot_be_read_is_a_sentence(field: str, text: str, told: str) -> None:
    with pytest.raises(LabError, match=told):
        parse_values(field, text)


def test_the_time_is_that_of_all_runs_on_this_machine() -> None:
    digits = dataset.sample()
    plan = vary(BASE, [Axis("epochs", (10, 20))], 3)
    known = Known((speed.Measurement("mlp-128", "float32", 1, 50_000.0),))

    configs = [plan.config(cell, seed) for cell in range(2) for seed in range(3)]
    runs = [planning.run_seconds(config, digits, known) for config in configs]
    assert planning.seconds(plan, digits, known) == pytest.approx(sum(runs))
    assert planning.seconds(plan, digits, known) < planning.seconds(plan, digits, Known())
    one = speed.seconds_per_epoch(BASE, 3200, known.measured)
    assert runs[0] > 10 * one


def test_side_by_side_runs_take_the_time_of_one_thread_each_and_less_in_all() -> None:
    digits = dataset.sample()
    rates = {"mlp-128": (50_000.0, 30_000.0), "cnn-keras": (1_000.0, 1_700.0)}
    known = Known(
        tuple(
            speed.Measurement(network, "float32", threads, rate)
            for network, pair in rates.items()
            for threads, rate in enumerate(pair, start=1)
        )
    )

    def ratio(base: RunConfig, epochs: tuple[int, ...], seeds: int) -> float:
        plan = vary(base, [Axis("epochs", epochs)], seeds)
        return planning.seconds(plan, digits, known) / planning.seconds(plan, digits, known, 2)

    assert ratio(BASE, (10,), 4) == pytest.approx(2)
    assert 2 / 1.7 < ratio(PRESETS["cnn-keras"], (10,), 4) < 1.4
    assert 1 < ratio(BASE, (1, 100), 1) < 1.5  # no sooner than its longest run


def test_a_sweep_of_many_hours_is_not_refused() -> None:
    base = dataclasses.replace(PRESETS["cnn-keras"], epochs=100)
    plan = vary(base, [Axis("dropout", tuple(k / 100 for k in range(60)))], 1)
    slow = Known((speed.Measurement("cnn-keras", "float32", 1, 100.0),))

    assert planning.seconds(plan, dataset.sample(), slow) > LONG_SECONDS
    planning.refuse_too_much(plan)


def test_a_sweep_whose_largest_network_does_not_fit_is_refused(
    lab_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digitlab.jobs.memory.worker_memory", lambda: 710_000_000)
    planning.refuse_too_much(vary(BASE, [Axis("units1", (8, 16))], 1))
    with pytest.raises(LabError, match="GB of memory"):
        planning.refuse_too_much(vary(BASE, [Axis("units1", (8, 1024))], 1))


def test_the_dropout_lesson_is_mlp_512_from_0_to_08() -> None:
    plan = SWEEP_LESSONS["dropout"].plan(1)

    assert [cell.config.dropout for cell in plan.cells] == [k / 10 for k in range(9)]
    for cell in plan.cells:
        assert set(cell.config.differences(PRESETS["mlp-512"])) <= {"dropout"}


def test_the_600_image_lesson_is_the_cnn_against_the_mlp() -> None:
    plan = SWEEP_LESSONS["600-images"].plan(5)

    assert [cell.config for cell in plan.cells] == [PRESETS["cnn-600"], PRESETS["mlp-600"]]
    assert all(cell.label for cell in plan.cells)
    assert plan.runs == 10
    assert {spec.name for spec in plan.differing} > {"network", "filters1", "units1"}


@pytest.mark.parametrize("lesson", SWEEP_LESSONS.values())
def test_every_lesson_fits(lesson: planning.SweepLesson, shared_data: Path, lab_home: Path) -> None:
    """On full MNIST, with its own seeds, on a machine that has not been measured."""
    plan, full = lesson.plan(lesson.seeds), dataset.load(shared_data / "mnist.npz")
    planning.refuse_too_much(plan)
    assert planning.seconds(plan, full, Known()) < LONG_SECONDS
    planning.refuse_equals(plan, full)


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        ([Axis("train_images", (600, 4000, 60000))], "There are 4,000 training images: 4,000 and"),
        ([Axis("train_images", (5000, 60000))], "5,000 and 60,000 would both train on all of them"),
        (
            [Axis("hidden_layers", (1, 2)), Axis("units2", (16, 32))],
            "Units in layer 2 has no effect in some combinations: 16 and 32",
        ),
        (
            [Axis("train_images", (5000, 6000)), Axis("optimizer", ("adam",))],
            "5,000 and 6,000 would both train on all of them",
        ),
        (
            [Axis("optimizer", ("adam", "sgd")), Axis("momentum", (0.0, 0.9))],
            "Momentum has no effect in some combinations: 0 and 0.9",
        ),
    ],
)
def test_equal_runs_are_refused_with_a_sentence(
    axes: list[Axis], sentence: str, lab_home: Path
) -> None:
    with pytest.raises(SweepError, match=sentence):
        planning.refuse_equals(vary(BASE, axes, 1), dataset.sample())


@pytest.mark.parametrize(
    "axes",
    [
        [Axis("train_images", (600, 60000))],
        [Axis("loss", ("categorical_crossentropy", "sparse_categorical_crossentropy"))],
        [Axis("hidden_layers", (1, 2)), Axis("units1", (16, 32))],
    ],
)
def test_runs_that_differ_are_not_refused(axes: list[Axis], lab_home: Path) -> None:
    planning.refuse_equals(vary(BASE, axes, 2), dataset.sample())
