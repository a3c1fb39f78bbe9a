"""A sweep as JSON: what it varied, and which runs are its own; read from a zip with doubt.

Only what a plan is made from is written. It is made anew when it is read, by the same rules as on
the Sweep page, so that no plan comes in that could not have been made here.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from digitlab import config as settings
from digitlab.archive.fields import Fields
from digitlab.archive.form import RUN_ID
from digitlab.config import BY_NAME
from digitlab.sweeps import Sweep, Trial, planning
from digitlab.sweeps.planning import LESSONS, MOST_FIELDS, MOST_RUNS, MOST_SEEDS, Axis, Plan

_FIELDS = ("lesson", "seeds", "base", "axes", "digits", "created", "runs")
_LARGEST_TIME = 4e9  # seconds since 1970: the year 2096


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
    data = {
        "lesson": plan.lesson,
        "seeds": plan.seeds,
        "base": plan.base.to_json(),
        "axes": [{"field": axis.field, "values": list(axis.values)} for axis in plan.axes],
        "digits": sweep.digits,
        "created": sweep.created,
        "runs": [
            {"seed": trial.seed, "cell": trial.cell, "run": trial.run.id}
            for trial in trials
            if trial.run is not None
        ],
    }
    return json.dumps(data).encode()


def from_json(data: Any) -> SweepRecord:
    """The sweep in a JSON value, field by field.

    Raises:
        LabError: a field is missing, unknown, of a wrong type or out of bounds; it is named.
    """
    found = Fields(data, _FIELDS)
    plan = _plan(found)
    digits = found.text("digits", 64)
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise found.wrong("digits")
    created = min(found.number("created", 0, _LARGEST_TIME), time.time())
    return SweepRecord(plan, digits, created, _runs(found, plan))


def _plan(found: Fields) -> Plan:
    seeds, lesson = found.whole("seeds", 1, MOST_SEEDS), found.choice("lesson", ["", *LESSONS])
    axes = [
        _axis(Fields(value, ("field", "values"), f"axes[{number}]."))
        for number, value in enumerate(found.items("axes", MOST_FIELDS))
    ]
    if axes:
        base = found.raw("base")
        if not isinstance(base, dict) or not set(BY_NAME) <= set(base):
            raise found.wrong("base")
        return planning.vary(settings.from_json(base), axes, seeds, lesson=lesson)
    if not lesson:
        raise found.wrong("lesson")
    return LESSONS[lesson].plan(seeds)


def _axis(found: Fields) -> Axis:
    values = found.items("values", MOST_RUNS)
    if not all(isinstance(value, (bool, int, float, str)) for value in values):
        raise found.wrong("values")
    return Axis(found.choice("field", list(BY_NAME)), tuple(values))


def _runs(found: Fields, plan: Plan) -> dict[tuple[int, int], str]:
    runs: dict[tuple[int, int], str] = {}
    for number, value in enumerate(found.items("runs", plan.runs)):
        one = Fields(value, ("seed", "cell", "run"), f"runs[{number}].")
        which = one.whole("seed", 0, plan.seeds - 1), one.whole("cell", 0, len(plan.cells) - 1)
        run = one.text("run", 16)
        if not RUN_ID.fullmatch(run) or which in runs or run in runs.values():
            raise one.wrong("run")
        runs[which] = run
    return runs
