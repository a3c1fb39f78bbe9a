"""Sweeps in the database: what each varies, and which run stands for which cell and seed."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from digitlab.progress import EpochMetrics
from digitlab.records import Run, Status
from digitlab.store.library import BIN_SECONDS
from digitlab.store.rows import UnreadableRunError, epoch_of, insert, run_of
from digitlab.store.schema import NOT_DELETED, open_lab

_TRIALS = f"""
SELECT runs.*, sweep_runs.seed AS trial_seed, sweep_runs.cell AS trial_cell,
       sweep_runs.tries AS trial_tries
FROM sweep_runs LEFT JOIN runs ON runs.id = sweep_runs.run AND {NOT_DELETED}
WHERE sweep_runs.sweep = ? ORDER BY sweep_runs.seed, sweep_runs.cell
"""

_EPOCHS = """
SELECT epochs.* FROM sweep_runs JOIN epochs ON epochs.run = sweep_runs.run
WHERE sweep_runs.sweep = ? ORDER BY epochs.run, epochs.epoch
"""

_PLANS = """
SELECT sweep_runs.run, sweeps.plan FROM sweeps JOIN sweep_runs ON sweep_runs.sweep = sweeps.id
WHERE sweeps.owner = ? AND sweep_runs.run IS NOT NULL
"""

_LIVE_OF = f"""
SELECT 1 FROM sweeps JOIN sweep_runs ON sweep_runs.sweep = sweeps.id
JOIN runs ON runs.id = sweep_runs.run
WHERE sweeps.owner = ? AND sweeps.removed IS NULL
  AND runs.status IN ('queued', 'running') AND {NOT_DELETED} LIMIT 1
"""

_PUT = """
UPDATE sweep_runs SET run = ?, tries = tries + 1 WHERE sweep = ? AND seed = ? AND cell = ?
"""

_STANDINGS = f"""
SELECT sweep_runs.sweep AS sweep, COUNT(*) AS trials,
       SUM(COALESCE(runs.status, '') IN ('finished', 'diverged')) AS done,
       SUM(COALESCE(runs.status, '') IN ('queued', 'running')) AS live
FROM sweeps JOIN sweep_runs ON sweep_runs.sweep = sweeps.id
LEFT JOIN runs ON runs.id = sweep_runs.run AND {NOT_DELETED}
WHERE sweeps.owner = ? AND sweeps.removed IS NULL GROUP BY sweep_runs.sweep
"""


class SweepRow(Struct, frozen=True):
    """A sweep as it is kept: ``plan`` is JSON, ``digits`` the fingerprint of its images."""

    id: str
    owner: str
    plan: str
    digits: str
    created: float
    stopped: bool


@dataclass(frozen=True)
class Standing:
    """How many places a sweep has, how many are done, and how many wait or are being trained."""

    trials: int
    done: int
    live: int

    @property
    def missing(self) -> int:
        """How many are neither done nor on their way."""
        return self.trials - self.done - self.live


@dataclass(frozen=True)
class Trial:
    """One cell with one seed number, and its run; None: never queued, deleted, or unreadable.

    ``tries`` counts how often it was queued.
    """

    seed: int
    cell: int
    run: Run | None
    tries: int

    @property
    def live(self) -> bool:
        """Whether its run waits or is being trained."""
        return self.run is not None and self.run.status.live

    @property
    def done(self) -> bool:
        """Whether its run has come to its own end: the same seed would end in the same way."""
        return self.run is not None and self.run.status in (Status.FINISHED, Status.DIVERGED)

    @property
    def missing(self) -> bool:
        """Whether it is neither done nor on its way."""
        return not (self.live or self.done)

    @property
    def cut_off(self) -> bool:
        """Whether it is missing though nobody wanted that: its server or its worker died."""
        if self.run is None:
            return self.tries == 0
        return self.run.status is Status.INTERRUPTED


class SweepTable:
    """The tables of sweeps and of their trials in the lab in ``folder``.

    Raises:
        StorageError: the database is locked, damaged or of a newer lab, from each method.
    """

    def __init__(self, folder: Path) -> None:
        self._database = open_lab(folder)

    def add(self, row: SweepRow, trials: Iterable[tuple[int, int]]) -> None:
        """Add a sweep with its trials, each a seed number and a cell; all of it, or nothing."""
        with self._database.change() as database:
            insert(database, "sweeps", msgspec.structs.asdict(row))
            database.executemany(
                "INSERT INTO sweep_runs (sweep, seed, cell) VALUES (?, ?, ?)",
                [(row.id, seed, cell) for seed, cell in trials],
            )

    def one(self, sweep_id: str) -> SweepRow | None:
        """The sweep with this id, if it is there and not in the bin."""
        rows = self._rows("id = ? AND removed IS NULL", sweep_id)
        return rows[0] if rows else None

    def of(self, owner: str) -> list[SweepRow]:
        """A person's sweeps, the newest first."""
        return self._rows("owner = ? AND removed IS NULL ORDER BY created DESC", owner)

    def not_stopped(self) -> list[SweepRow]:
        """Everybody's sweeps that were not stopped, the oldest first."""
        return self._rows("stopped = 0 AND removed IS NULL ORDER BY created")

    def removed(self, owner: str) -> list[SweepRow]:
        """What a person can still take back out of the bin, the last removed first."""
        since = time.time() - BIN_SECONDS
        return self._rows("owner = ? AND removed > ? ORDER BY removed DESC", owner, since)

    def standings(self, owner: str) -> dict[str, Standing]:
        """How each of a person's sweeps stands, by its id."""
        return {
            row["sweep"]: Standing(row["trials"], row["done"], row["live"])
            for row in self._database.all(_STANDINGS, owner)
        }

    def plans(self, owner: str) -> dict[str, str]:
        """The plan, as JSON, of the sweep that each run of a person belongs to, by run."""
        return {row["run"]: row["plan"] for row in self._database.all(_PLANS, owner)}

    def trials(self, sweep_id: str) -> list[Trial]:
        """All trials of a sweep, in the order in which they are trained: seed by seed."""
        return [_trial(row) for row in self._database.all(_TRIALS, sweep_id)]

    def epochs(self, sweep_id: str) -> dict[str, list[EpochMetrics]]:
        """The epochs of each run of a sweep that has any, by run."""
        found: dict[str, list[EpochMetrics]] = {}
        for row in self._database.all(_EPOCHS, sweep_id):
            values = dict(row)
            found.setdefault(values.pop("run"), []).append(epoch_of(values))
        return found

    def has_live(self, owner: str) -> bool:
        """Whether a person has a sweep of which a run waits or is being trained."""
        return self._database.one(_LIVE_OF, owner) is not None

    def put(self, sweep_id: str, seed: int, cell: int, run_id: str) -> None:
        """Note the run of a trial, and that it was queued once more."""
        self._database.write(_PUT, run_id, sweep_id, seed, cell)

    def set_stopped(self, sweep_id: str, stopped: bool) -> None:
        """Note whether a sweep was stopped."""
        self._database.write("UPDATE sweeps SET stopped = ? WHERE id = ?", stopped, sweep_id)

    def remove(self, sweep_id: str) -> None:
        """Put a sweep into the bin, and empty the bin of what has lain there for too long."""
        now = time.time()
        with self._database.change() as database:
            database.execute("UPDATE sweeps SET removed = ? WHERE id = ?", (now, sweep_id))
            database.execute("DELETE FROM sweeps WHERE removed < ?", (now - BIN_SECONDS,))

    def take_back(self, owner: str, sweep_id: str) -> None:
        """Take a sweep back out of the bin; one that is not there or not theirs is passed over."""
        theirs = "UPDATE sweeps SET removed = NULL WHERE id = ? AND owner = ?"
        self._database.write(theirs, sweep_id, owner)

    def remove_everything(self, owner: str) -> int:
        """Forget all of a person's sweeps for good, the bin's too; returns how many there were."""
        return self._database.write("DELETE FROM sweeps WHERE owner = ?", owner)

    def _rows(self, condition: str, *values: Any) -> list[SweepRow]:
        rows = self._database.all(f"SELECT * FROM sweeps WHERE {condition}", *values)
        columns = SweepRow.__struct_fields__
        return [SweepRow(**{name: row[name] for name in columns}) for row in rows]


def _trial(row: sqlite3.Row) -> Trial:
    run = None
    if row["id"] is not None:
        with contextlib.suppress(UnreadableRunError):
            run = run_of(row)
    return Trial(row["trial_seed"], row["trial_cell"], run, row["trial_tries"])
