"""What a sweep will train: some fields varied over values, each with several seeds, within limits.

A plan is checked whole before anything is built of it, and before its first run is queued.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from digitlab import config as settings
from digitlab.config import BY_NAME, Field, RunConfig, Value
from digitlab.dataset import DigitSet
from digitlab.jobs.memory import refuse_too_large
from digitlab.messages import LabError, mark, message
from digitlab.presets import PRESETS
from digitlab.progress import tested_after_epoch
from digitlab.training import estimates
from digitlab.training.estimates import Known

# What nobody can exceed: a class shares the workers.
MOST_RUNS = 60
MOST_SEEDS = 5
MOST_FIELDS = 4
LONG_SECONDS = 120 * 60  # a sweep that may take longer is started by whoever says so

LONGEST_LIST = 1000  # characters in which a person writes a field's values


class SweepError(LabError):
    """A sweep that cannot be trained, or is not there."""


@dataclass(frozen=True)
class Axis:
    """A field that varies, and its values in their order."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Cell:
    """One combination of values. ``label`` is a sentence where it has a name of its own, or ""."""

    config: RunConfig
    label: str = ""


@dataclass(frozen=True)
class Plan:
    """What a sweep trains: every cell with ``seeds`` seeds, counted up from the cell's own.

    ``axes`` is empty where the cells are configurations of their own; then they are labelled.
    The cells of axes are in the order of ``itertools.product``. ``lesson`` is a name in
    ``SWEEP_LESSONS``, or "".
    """

    cells: tuple[Cell, ...]
    seeds: int
    axes: tuple[Axis, ...] = ()
    lesson: str = ""

    def __post_init__(self) -> None:
        _check_size(len(self.cells), self.seeds)

    @property
    def base(self) -> RunConfig:
        """The first cell, which the others vary."""
        return self.cells[0].config

    @property
    def runs(self) -> int:
        """How many there are."""
        return len(self.cells) * self.seeds

    def config(self, cell: int, seed: int) -> RunConfig:
        """What is trained for a cell with its seed number ``seed``, from 0.

        Raises:
            ConfigError: the seed is larger than one may be.
        """
        chosen = self.cells[cell].config
        return dataclasses.replace(chosen, seed=chosen.seed + seed)

    @property
    def differing(self) -> tuple[Field, ...]:
        """The fields that have an effect and are not the same in all cells."""
        if self.axes:
            return tuple(BY_NAME[axis.field] for axis in self.axes)
        relevant = [cell.config.relevant() for cell in self.cells]
        return tuple(
            spec
            for spec in settings.FIELDS
            if len({values.get(spec.name) for values in relevant}) > 1
        )

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "lesson": self.lesson,
            "seeds": self.seeds,
            "axes": [[axis.field, list(axis.values)] for axis in self.axes],
            "cells": [[cell.label, cell.config.to_json()] for cell in self.cells],
        }


def from_json(data: Mapping[str, Any]) -> Plan:
    """The plan that ``to_json`` wrote."""
    return Plan(
        tuple(Cell(settings.from_json(config), label) for label, config in data["cells"]),
        data["seeds"],
        tuple(Axis(field, tuple(values)) for field, values in data["axes"]),
        data["lesson"],
    )


def vary(base: RunConfig, axes: Sequence[Axis], seeds: int, *, lesson: str = "") -> Plan:
    """Every combination of the axes' values, the rest as in ``base``.

    Raises:
        SweepError: too many runs, fields or seeds, or a field that cannot be varied here.
        ConfigError: a value is out of bounds, or a combination cannot be trained.
    """
    if not 1 <= len(axes) <= MOST_FIELDS:
        raise SweepError(
            message(
                "A sweep varies 1 to {most} settings, not {count}.",
                most=MOST_FIELDS,
                count=len(axes),
            )
        )
    names = [axis.field for axis in axes]
    for axis in axes:
        spec = _field(axis.field)
        label = message(spec.label)
        if axis.field == "seed":
            raise SweepError(message("Seeds are not varied as a setting: say how many there are."))
        if names.count(axis.field) > 1:
            raise SweepError(message("{field} is varied twice.", field=label))
        if not axis.values:
            raise SweepError(message("{field} needs at least one value.", field=label))
    _check_size(math.prod(len(axis.values) for axis in axes), seeds)
    checked = tuple(
        Axis(axis.field, tuple(dict.fromkeys(map(BY_NAME[axis.field].check, axis.values))))
        for axis in axes
    )
    cells = []
    for values in itertools.product(*(axis.values for axis in checked)):
        changes: dict[str, Any] = dict(zip(names, values, strict=True))
        cells.append(Cell(dataclasses.replace(base, **changes)))
    for name in names:
        if not any(BY_NAME[name].applies(cell.config) for cell in cells):
            label = message(BY_NAME[name].label)
            raise SweepError(message("{field} has no effect with these settings.", field=label))
    return Plan(tuple(cells), seeds, checked, lesson)


def _field(name: str) -> Field:
    if name not in BY_NAME:
        raise SweepError(message("There is no setting called {field}.", field=name[:40]))
    return BY_NAME[name]


def _check_size(cells: int, seeds: int) -> None:
    if not 1 <= seeds <= MOST_SEEDS:
        raise SweepError(
            message("A sweep has 1 to {most} seeds, not {count}.", most=MOST_SEEDS, count=seeds)
        )
    if cells * seeds > MOST_RUNS:
        raise SweepError(
            message(
                "These would be {runs} runs, and a sweep has at most {most}. Take fewer values or "
                "seeds.",
                runs=f"{cells * seeds:,}",
                most=MOST_RUNS,
            )
        )


# Values that a person writes --------------------------------------------------------------------


def parse_values(field: str, text: str) -> tuple[Value, ...]:
    """Values written as "0, 0.1, 0.5", or "0:0.8:0.1" for 0 to 0.8 in steps of 0.1, or both.

    Full-width figures and signs, as a Japanese keyboard writes them, count as their plain forms.

    Raises:
        SweepError: there is no setting of this name, or far too many values are written.
        ConfigError: a value is none, or out of the field's bounds.
    """
    spec = _field(field)
    if len(text) > LONGEST_LIST:
        raise SweepError(
            message(
                "The list of values has {count} characters; at most {most} are read.",
                count=f"{len(text):,}",
                most=f"{LONGEST_LIST:,}",
            )
        )
    plain = unicodedata.normalize("NFKC", text).replace("、", ",")
    parts = [part for part in plain.split(",") if part.strip()]
    return tuple(dict.fromkeys(value for part in parts for value in _values_of(spec, part)))


def _values_of(spec: Field, part: str) -> list[Value]:
    if part.count(":") != 2 or spec.kind not in (int, float) or spec.choices:
        return [spec.parse(part)]
    try:
        low, high, step = map(float, part.split(":"))
    except ValueError:
        low = high = step = math.nan  # compares as false with everything, so it is refused
    if not step > 0 or not low <= high or math.isinf(high - low):
        raise SweepError(
            message(
                "Write a range as from:to:step, for example 0:0.8:0.1; {part} is none.",
                part=part.strip()[:40],
            )
        )
    count = math.floor(min((high - low) / step + 1e-9, 1e15)) + 1
    _check_size(count, 1)
    # Without the noise of adding: 0.3 and not 0.30000000000000004.
    values = (float(f"{low + k * step:.10g}") for k in range(count))
    whole = spec.kind is int
    return [spec.check(int(v) if whole and v.is_integer() else v) for v in values]


# What it takes ----------------------------------------------------------------------------------


def refuse_too_much(plan: Plan) -> None:
    """Refuse a plan of which a run does not fit into memory, or has a seed that is too large.

    Raises:
        LabError: with the size, and what there is.
    """
    for cell in plan.cells:
        refuse_too_large(cell.config)
    plan.config(0, plan.seeds - 1)


def refuse_equals(plan: Plan, digits: DigitSet) -> None:
    """Refuse a plan of which two cells would be the same run.

    More training images than there are mean all of them; and a setting may have no effect with the
    values of others. Cells that have names of their own are meant as they are.

    Raises:
        SweepError: with the two cells.
    """
    first: dict[frozenset[tuple[str, Value]], Cell] = {}
    for cell in plan.cells if plan.axes else ():
        same = first.setdefault(frozenset(digits.settings(cell.config).items()), cell)
        if same is cell:
            continue
        one, other = same.config, cell.config
        changed = [name for name in one.differences(other) if name != "train_images"]
        if not changed:
            raise SweepError(
                message(
                    "There are {images} training images: {one} and {other} would both train on all "
                    "of them, and give the same run twice. Leave one of them out.",
                    images=f"{len(digits.x_train):,}",
                    one=f"{one.train_images:,}",
                    other=f"{other.train_images:,}",
                )
            )
        raise SweepError(
            message(
                "{field} has no effect in some combinations: {one} and {other} would give the same "
                "run twice there. Vary one setting less, or leave out the values with which it has "
                "no effect.",
                field=message(BY_NAME[changed[0]].label),
                one=_in_short(getattr(one, changed[0])),
                other=_in_short(getattr(other, changed[0])),
            )
        )


def _in_short(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def seconds(plan: Plan, digits: DigitSet, known: Known, at_once: int = 1) -> float:
    """How long a plan takes on this machine if nobody else trains, without early stopping.

    ``at_once`` runs train at the same time.
    """
    known = known.side_by_side() if at_once > 1 else known
    runs = [run_seconds(cell.config, digits, known) for cell in plan.cells]
    return together(runs * plan.seeds, at_once)


def together(runs: Sequence[float], at_once: int) -> float:
    """Roughly how long runs of so many seconds each take, if ``at_once`` train at a time."""
    return max(sum(runs) / at_once, *runs, 0.0)


def run_seconds(config: RunConfig, digits: DigitSet, known: Known) -> float:
    """How long one run takes, in seconds: all its epochs, each with a look at the test set."""
    split = digits.split(config)
    tested = digits.y_test[tested_after_epoch(len(digits.y_test))]
    read = split.validation_count + (0 if split.on_test else len(tested))
    return estimates.seconds(config, split.train_count, read, known)


# The lessons ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SweepLesson:
    """A sweep that is one click: its name, its question, and how many seeds it begins with."""

    title: str
    question: str
    seeds: int
    plan: Callable[[int], Plan]


SWEEP_LESSONS: dict[str, SweepLesson] = {
    "dropout": SweepLesson(
        mark("Dropout from 0 to 0.8"),
        mark(
            "How much dropout helps two large layers, and from where on does it harm? The lesson "
            "lays the loss, validation loss and validation accuracy of all runs over each other."
        ),
        1,
        lambda seeds: vary(
            PRESETS["mlp-512"],
            [Axis("dropout", tuple(tenth / 10 for tenth in range(9)))],
            seeds,
            lesson="dropout",
        ),
    ),
    "600-images": SweepLesson(
        mark("600 images: CNN against MLP"),
        mark(
            "Which network learns more from only 600 images? Both are trained on the same ones, "
            "each with several seeds, because single runs differ by luck."
        ),
        3,
        lambda seeds: Plan(
            (
                Cell(PRESETS["cnn-600"], mark("CNN on 600 images")),
                Cell(PRESETS["mlp-600"], mark("MLP on 600 images")),
            ),
            seeds,
            lesson="600-images",
        ),
    ),
}
