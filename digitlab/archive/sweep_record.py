"""A sweep as JSON: what it varied, and which runs are its own; read from a zip unvalidated.

Only what a plan is made from is written. It is made anew when it is read, by the same rules as on
the Sweep page, so that no plan comes in that could not have been made here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from digitlab import config as settings
from digitlab.archive.fields import read, wrong
from digitlab.config import BY_NAME
from digitlab.records import Fingerprint, RunId, Time
from digitlab.sweeps import Sweep, Trial, planning
from digitlab.sweeps.planning import MOST_FIELDS, MOST_RUNS, MOST_SEEDS, SWEEP_LESSONS, Axis, Plan


class _PackedAxis(Struct, frozen=True, forbid_unknown_fields=True):
    field: str
    values: Annotated[tuple[Any, ...], Meta(max_length=MOST_RUNS)]


class _PackedTrial(Struct, frozen=True, forbid_unknown_fields=True):
    seed: Annotated[int, Meta(ge=0, lt=MOST_SEEDS)]
    cell: Annotated[int, Meta(ge=0, lt=MOST_RUNS)]
    run: RunId


class _PackedSweep(Struct, frozen=True, forbid_unknown_fields=True):
    """The file ``sweeps/ID.json``; ``base`` is a configuration, ``digits`` a fingerprint."""

    lesson: str
    seeds: Annotated[int, Meta(ge=1, le=MOST_SEEDS)]
    base: dict[str, Any]
    axes: Annotated[tuple[_PackedAxis, ...], Meta(max_length=MOST_FIELDS)]
    digits: Fingerprint
    created: Time
    runs: Annotated[tuple[_PackedTrial, ...], Meta(max_length=MOST_RUNS)]


@dataclass(frozen=True)
class SweepRecord:
    """A sweep with the ids that its runs have in the zip, by seed number and cell."""

    plan: Plan
    digits: str
    created: float
    runs: dict[tuple[int, int], str]


def to_json(sweep: Sweep, trials: Sequence[Trial]) -> bytes:
    """The file that ``from_json`` reads."""
    plan = sweep.plan
    packed = _PackedSweep(
        lesson=plan.lesson,
        seeds=plan.seeds,
        base=dict(plan.base.to_json()),
        axes=tuple(_PackedAxis(axis.field, axis.values) for axis in plan.axes),
        digits=sweep.digits,
        created=sweep.created,
        runs=tuple(_PackedTrial(one.seed, one.cell, one.run.id) for one in trials if one.run),
    )
    return msgspec.json.encode(packed)


def from_json(data: Any) -> SweepRecord:
    """The sweep in a JSON value.

    Raises:
        LabError: a field is missing, unknown, of a wrong type or out of bounds; it is named.
    """
    packed = read(_PackedSweep, data)
    plan, runs = _plan(packed), dict[tuple[int, int], str]()
    for number, one in enumerate(packed.runs):
        which = one.seed, one.cell
        if one.seed >= plan.seeds:
            raise wrong(f"runs[{number}].seed")
        if one.cell >= len(plan.cells):
            raise wrong(f"runs[{number}].cell")
        if which in runs or one.run in runs.values():
            raise wrong(f"runs[{number}].run")
        runs[which] = one.run
    return SweepRecord(plan, packed.digits, min(packed.created, time.time()), runs)


def _plan(packed: _PackedSweep) -> Plan:
    if packed.lesson not in ("", *SWEEP_LESSONS):
        raise wrong("lesson")
    axes = []
    for number, axis in enumerate(packed.axes):
        if axis.field not in BY_NAME:
            raise wrong(f"axes[{number}].field")
        if not all(isinstance(value, bool | int | float | str) for value in axis.values):
            raise wrong(f"axes[{number}].values")
        axes.append(Axis(axis.field, axis.values))
    if axes:
        if "network" not in packed.base:
            raise wrong("base")
        base = settings.from_json(packed.base)  # a zip of an older lab lacks what was added later
        return planning.vary(base, axes, packed.seeds, lesson=packed.lesson)
    if not packed.lesson:
        raise wrong("lesson")
    return SWEEP_LESSONS[packed.lesson].plan(packed.seeds)
