"""Sweeps: many runs that belong together, noted on disk, so that a restart loses none of them.

All runs of a sweep are put into the queue at once, where people take turns, and are ordinary runs
from then on. Here is only noted which run stands for which cell and seed. After a restart the
queue goes on by itself; what was being trained is queued again, and what has ended well is not.
"""

from __future__ import annotations

import functools
import json
import logging
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.messages import LabError, message
from digitlab.progress import EpochMetrics
from digitlab.store import Run, Status, Store
from digitlab.store.database import DATABASE, Database, Row
from digitlab.store.library import BIN_SECONDS
from digitlab.store.rows import UnreadableRunError, run_of
from digitlab.store.runs import NOT_DELETED
from digitlab.sweeps import planning
from digitlab.sweeps.planning import Plan, SweepError, refuse_equals, refuse_too_much

log = logging.getLogger(__name__)

MOST_TRIES = 3  # a run that brings the server down is not begun by it for ever

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sweeps (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, plan TEXT NOT NULL, digits TEXT NOT NULL,
    created REAL NOT NULL, stopped INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS sweeps_of ON sweeps (owner, created);
CREATE TABLE IF NOT EXISTS sweep_runs (
    sweep TEXT NOT NULL REFERENCES sweeps ON DELETE CASCADE,
    seed INTEGER NOT NULL, cell INTEGER NOT NULL, run TEXT, tries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sweep, seed, cell)
) WITHOUT ROWID;
"""

# When its owner removed a sweep; it stays for a while, so that they may take it back.
_LATER = {"sweeps": {"removed": "REAL"}}

_PLACES = f"""
SELECT runs.*, sweep_runs.seed AS place_seed, sweep_runs.cell AS place_cell,
       sweep_runs.tries AS place_tries
FROM sweep_runs LEFT JOIN runs ON runs.id = sweep_runs.run AND {NOT_DELETED}
WHERE sweep_runs.sweep = ? ORDER BY sweep_runs.seed, sweep_runs.cell
"""

_EPOCHS = """
SELECT epochs.* FROM sweep_runs JOIN epochs ON epochs.run = sweep_runs.run
WHERE sweep_runs.sweep = ? ORDER BY epochs.run, epochs.epoch
"""

_VARIED = """
SELECT sweep_runs.run, sweeps.plan FROM sweeps JOIN sweep_runs ON sweep_runs.sweep = sweeps.id
WHERE sweeps.owner = ? AND sweep_runs.run IS NOT NULL
"""

_LIVE_OF = f"""
SELECT 1 FROM sweeps JOIN sweep_runs ON sweep_runs.sweep = sweeps.id
JOIN runs ON runs.id = sweep_runs.run
WHERE sweeps.owner = ? AND sweeps.removed IS NULL
  AND runs.status IN ('queued', 'running') AND {NOT_DELETED} LIMIT 1
"""

_STANDINGS = f"""
SELECT sweep_runs.sweep AS sweep, COUNT(*) AS trials,
       SUM(COALESCE(runs.status, '') IN ('finished', 'diverged')) AS done,
       SUM(COALESCE(runs.status, '') IN ('queued', 'running')) AS live
FROM sweeps JOIN sweep_runs ON sweep_runs.sweep = sweeps.id
LEFT JOIN runs ON runs.id = sweep_runs.run AND {NOT_DELETED}
WHERE sweeps.owner = ? AND sweeps.removed IS NULL GROUP BY sweep_runs.sweep
"""


class Trainer(Protocol):
    """What sweeps need of an engine."""

    def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
        """Queue a run."""
        ...

    def stop(self, run: str) -> None:
        """Ask a run to stop."""
        ...


@dataclass(frozen=True)
class Sweep:
    """A sweep as it is noted. ``digits`` is the fingerprint of its images."""

    id: str
    owner: str
    plan: Plan
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


class Sweeps:
    """The sweeps of one store."""

    def __init__(self, store: Store) -> None:
        self._database = Database(store.folder / DATABASE, _SCHEMA, _LATER)
        self._submitting = threading.Lock()

    def start(self, trainer: Trainer, owner: str, plan: Plan, digits: DigitSet) -> Sweep:
        """Note a sweep, and queue all its runs.

        Raises:
            LabError: it takes too much memory, two of its cells would be the same run, or
                its owner has another one under way.
        """
        refuse_too_much(plan)
        refuse_equals(plan, digits)
        with self._submitting:
            self._refuse_second(owner)
            sweep = Sweep(secrets.token_hex(8), owner, plan, digits.fingerprint, time.time(), False)
            self._add(sweep)
            self._submit(trainer, sweep, self.trials(sweep), digits)
        return sweep

    def sweep(self, sweep: str) -> Sweep:
        """The sweep with this id.

        Raises:
            SweepError: there is none, or this version cannot read it.
        """
        row = self._database.one("SELECT * FROM sweeps WHERE id = ? AND removed IS NULL", sweep)
        if row is None:
            raise SweepError(message("There is no such sweep here; it may have been removed."))
        return _sweep(row)

    def sweeps_of(self, owner: str) -> list[Sweep]:
        """A person's sweeps, the newest first; one that cannot be read is passed over."""
        rows = self._database.all(
            "SELECT * FROM sweeps WHERE owner = ? AND removed IS NULL ORDER BY created DESC", owner
        )
        return list(_readable(rows))

    def standings(self, owner: str) -> dict[str, Standing]:
        """How each of a person's sweeps stands, by its id; one query, however many there are."""
        return {
            row["sweep"]: Standing(row["trials"], row["done"], row["live"])
            for row in self._database.all(_STANDINGS, owner)
        }

    def varied(self, owner: str) -> dict[str, tuple[str, ...]]:
        """The fields that a person's sweeps vary, by run; one query.

        A run of a sweep whose cells have names of their own is not in it.
        """
        rows = self._database.all(_VARIED, owner)
        return {row["run"]: fields for row in rows if (fields := _varied(row["plan"]))}

    def trials(self, sweep: Sweep) -> list[Trial]:
        """All cells with all seeds, in the order in which they are trained: seed by seed."""
        return [_trial(dict(row)) for row in self._database.all(_PLACES, sweep.id)]

    def epochs(self, sweep: Sweep) -> dict[str, list[EpochMetrics]]:
        """The epochs of each of its runs that has any, by run; one query."""
        found: dict[str, list[EpochMetrics]] = {}
        for row in self._database.all(_EPOCHS, sweep.id):
            values = dict(row)
            epochs = found.setdefault(values.pop("run"), [])
            epochs.append(EpochMetrics(**values | {"complete": bool(values["complete"])}))
        return found

    def resume(self, trainer: Trainer, owner: str, sweep: str) -> int:
        """Queue again what is missing, was stopped, has failed or was cut off; returns how many.

        Raises:
            LabError: it is not this person's, its images are gone, or it takes too much memory.
        """
        mine = self._mine(owner, sweep)
        digits = dataset.find(mine.digits)
        refuse_too_much(mine.plan)
        with self._submitting:
            missing = [trial for trial in self.trials(mine) if trial.missing]
            if missing:
                self._refuse_second(owner)
                self._set_stopped(mine, False)
                self._submit(trainer, mine, missing, digits)
        return len(missing)

    def stop(self, trainer: Trainer, owner: str, sweep: str) -> None:
        """Ask all its runs that wait or train to stop; what has ended stays.

        Raises:
            SweepError: it is not this person's.
        """
        mine = self._mine(owner, sweep)
        with self._submitting:
            self._set_stopped(mine, True)
            for trial in self.trials(mine):
                if trial.run is not None and trial.live:
                    trainer.stop(trial.run.id)

    def pick_up(self, trainer: Trainer) -> int:
        """After a restart: queue again what the old server was training; returns how many runs.

        Sweeps that were stopped stay so, and so do those whose images are gone. Every page waits
        for this: a sweep that fails here, for whatever reason, is passed over.
        """
        rows = self._database.all(
            "SELECT * FROM sweeps WHERE stopped = 0 AND removed IS NULL ORDER BY created"
        )
        count = 0
        for sweep in _readable(rows):
            try:
                count += self._pick_up(trainer, sweep)
            except LabError as error:
                log.warning("sweep %s is not picked up: %s", sweep.id, error)
            except Exception:
                log.exception("sweep %s is not picked up", sweep.id)
        return count

    def restore(
        self,
        owner: str,
        plan: Plan,
        digits: str,
        created: float,
        runs: Mapping[tuple[int, int], str],
    ) -> bool:
        """Note a sweep that was trained elsewhere; its runs, by seed and cell, are here by now.

        It is stopped: what is missing is trained when its owner asks for it. Of a sweep that its
        owner has already, only places with nothing done are filled. Returns whether it is new.
        """
        new = Sweep(secrets.token_hex(8), owner, plan, digits, created, True)
        with self._submitting:
            same = (old for old in self.sweeps_of(owner) if _the_same(old, new))
            known = next(same, None)
            if known is None:
                self._add(new)
            sweep = known or new
            for trial in self.trials(sweep):
                run = runs.get((trial.seed, trial.cell))
                if trial.missing and run is not None:
                    self._put(sweep, trial.seed, trial.cell, run)
        return known is None

    def remove(self, owner: str, sweep: str) -> None:
        """Put a sweep into the bin, and empty the bin of what has lain there for too long.

        The runs stay.

        Raises:
            SweepError: it is not this person's.
        """
        mine, now = self._mine(owner, sweep), time.time()
        with self._database.change() as database:
            database.execute("UPDATE sweeps SET removed = ? WHERE id = ?", (now, mine.id))
            database.execute("DELETE FROM sweeps WHERE removed < ?", (now - BIN_SECONDS,))

    def last_removed(self, owner: str) -> Sweep | None:
        """The sweep that a person removed last, if it can still be taken back and read."""
        rows = self._database.all(
            "SELECT * FROM sweeps WHERE owner = ? AND removed > ? ORDER BY removed DESC",
            owner,
            time.time() - BIN_SECONDS,
        )
        return next(_readable(rows), None)

    def take_back(self, owner: str, sweep: str) -> None:
        """Take a sweep back out of the bin; one that is not there or not theirs is passed over."""
        with self._database.change() as database:
            database.execute(
                "UPDATE sweeps SET removed = NULL WHERE id = ? AND owner = ?", (sweep, owner)
            )

    def remove_everything(self, owner: str) -> int:
        """Forget all of a person's sweeps for good, the bin's too; returns how many there were."""
        with self._database.change() as database:
            return database.execute("DELETE FROM sweeps WHERE owner = ?", (owner,)).rowcount

    def _pick_up(self, trainer: Trainer, sweep: Sweep) -> int:
        with self._submitting:
            trials = [
                trial for trial in self.trials(sweep) if trial.cut_off and trial.tries < MOST_TRIES
            ]
            if trials:
                self._submit(trainer, sweep, trials, dataset.find(sweep.digits))
        return len(trials)

    def _mine(self, owner: str, sweep: str) -> Sweep:
        found = self.sweep(sweep)
        if found.owner != owner:
            raise SweepError(message("This is somebody else's sweep: you can look, not change it."))
        return found

    def _refuse_second(self, owner: str) -> None:
        if self._database.one(_LIVE_OF, owner) is not None:
            raise SweepError(
                message("You have a sweep under way: wait for its end, or stop it first.")
            )

    def _add(self, sweep: Sweep) -> None:
        """Note a sweep and all its places, or nothing."""
        plan = sweep.plan
        row = (
            sweep.id,
            sweep.owner,
            json.dumps(plan.to_json()),
            sweep.digits,
            sweep.created,
            int(sweep.stopped),
        )
        trials = [
            (sweep.id, seed, cell) for seed in range(plan.seeds) for cell in range(len(plan.cells))
        ]
        with self._database.change() as database:
            database.execute(
                "INSERT INTO sweeps (id, owner, plan, digits, created, stopped)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            database.executemany(
                "INSERT INTO sweep_runs (sweep, seed, cell) VALUES (?, ?, ?)", trials
            )

    def _submit(
        self, trainer: Trainer, sweep: Sweep, trials: Iterable[Trial], digits: DigitSet
    ) -> None:
        for trial in trials:
            config = sweep.plan.config(trial.cell, trial.seed)
            self._put(sweep, trial.seed, trial.cell, trainer.submit(sweep.owner, config, digits).id)

    def _put(self, sweep: Sweep, seed: int, cell: int, run: str) -> None:
        with self._database.change() as database:
            database.execute(
                "UPDATE sweep_runs SET run = ?, tries = tries + 1"
                " WHERE sweep = ? AND seed = ? AND cell = ?",
                (run, sweep.id, seed, cell),
            )

    def _set_stopped(self, sweep: Sweep, stopped: bool) -> None:
        with self._database.change() as database:
            database.execute("UPDATE sweeps SET stopped = ? WHERE id = ?", (stopped, sweep.id))


def _the_same(one: Sweep, other: Sweep) -> bool:
    """Whether two sweeps are one that has been carried to and fro."""
    return (one.plan, one.digits, one.created) == (other.plan, other.digits, other.created)


def _readable(rows: Iterable[Row]) -> Iterator[Sweep]:
    """The sweeps of these rows without those that cannot be read."""
    for row in rows:
        try:
            yield _sweep(row)
        except SweepError as error:
            _note_unreadable(row["id"], str(error.__cause__))


@functools.lru_cache(1024)  # once for each, though lists are read again and again
def _note_unreadable(sweep: str, why: str) -> None:
    log.warning("sweep %s is passed over: %s", sweep, why)


def _sweep(row: Row) -> Sweep:
    """The sweep in a row of the table ``sweeps``.

    Raises:
        SweepError: its plan is none, or one of another version, with other settings or bounds.
    """
    try:
        plan = planning.from_json(json.loads(row["plan"]))
    except (LabError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise SweepError(
            message("This sweep cannot be read: another version of Digit Lab has noted it.")
        ) from error
    return Sweep(row["id"], row["owner"], plan, row["digits"], row["created"], bool(row["stopped"]))


@functools.lru_cache(256)  # a list of runs asks for each at every click
def _varied(plan: str) -> tuple[str, ...]:
    """The fields that a plan in the table ``sweeps`` varies; () for one that cannot be read."""
    try:
        read = planning.from_json(json.loads(plan))
    except (LabError, ValueError, TypeError, LookupError, AttributeError):
        return ()
    fields = tuple(axis.field for axis in read.axes)
    return (*fields, "seed") if fields and read.seeds > 1 else fields


def _trial(row: dict[str, Any]) -> Trial:
    return Trial(row["place_seed"], row["place_cell"], _run_at(row), row["place_tries"])


def _run_at(row: dict[str, Any]) -> Run | None:
    if row["id"] is None:
        return None
    try:
        return run_of(row)
    except UnreadableRunError:
        return None
