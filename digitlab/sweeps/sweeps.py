"""Sweeps: many runs that belong together, noted on disk, so that a restart loses none of them.

All runs of a sweep are put into the queue at once, where people take turns, and are ordinary runs
from then on. Here is only noted which run stands for which cell and seed. After a restart the
queue goes on by itself; what was being trained is queued again, and what has ended well is not.
"""

from __future__ import annotations

import functools
import itertools
import json
import logging
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.messages import LabError, message
from digitlab.progress import EpochMetrics
from digitlab.store import Run, Store
from digitlab.store.sweeps import Standing, SweepRow, SweepTable, Trial
from digitlab.sweeps import planning
from digitlab.sweeps.planning import Plan, SweepError, refuse_equals, refuse_too_much

log = logging.getLogger(__name__)

MOST_TRIES = 3  # a run that brings the server down is not begun by it for ever


class Trainer(Protocol):
    """What sweeps need of an engine."""

    def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
        """Queue a run."""

    def stop(self, run_id: str) -> None:
        """Ask a run to stop."""


@dataclass(frozen=True)
class Sweep:
    """A sweep as it is noted. ``digits`` is the fingerprint of its images."""

    id: str
    owner: str
    plan: Plan
    digits: str
    created: float
    stopped: bool


class Sweeps:
    """The sweeps of one store."""

    def __init__(self, store: Store) -> None:
        self._table = SweepTable(store.folder)
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
            sweep = self._add(owner, plan, digits.fingerprint, time.time(), stopped=False)
            self._submit(trainer, sweep, self.trials(sweep), digits)
        return sweep

    def sweep(self, sweep_id: str) -> Sweep:
        """The sweep with this id.

        Raises:
            SweepError: there is none, or this version cannot read it.
        """
        row = self._table.one(sweep_id)
        if row is None:
            raise SweepError(message("There is no such sweep here; it may have been removed."))
        return _sweep(row)

    def sweeps_of(self, owner: str) -> list[Sweep]:
        """A person's sweeps, the newest first; one that cannot be read is passed over."""
        return list(_readable(self._table.of(owner)))

    def standings(self, owner: str) -> dict[str, Standing]:
        """How each of a person's sweeps stands, by its id; one query, however many there are."""
        return self._table.standings(owner)

    def varied(self, owner: str) -> dict[str, tuple[str, ...]]:
        """The fields that a person's sweeps vary, by run; one query.

        A run of a sweep whose cells have names of their own is not in it.
        """
        plans = self._table.plans(owner)
        return {run: fields for run, plan in plans.items() if (fields := _varied(plan))}

    def trials(self, sweep: Sweep) -> list[Trial]:
        """All cells with all seeds, in the order in which they are trained: seed by seed."""
        return self._table.trials(sweep.id)

    def epochs(self, sweep: Sweep) -> dict[str, list[EpochMetrics]]:
        """The epochs of each of its runs that has any, by run; one query."""
        return self._table.epochs(sweep.id)

    def resume(self, trainer: Trainer, owner: str, sweep_id: str) -> int:
        """Queue again what is missing, was stopped, has failed or was cut off; returns how many.

        Raises:
            LabError: it is not this person's, its images are gone, or it takes too much memory.
        """
        mine = self._mine(owner, sweep_id)
        digits = dataset.find(mine.digits)
        refuse_too_much(mine.plan)
        with self._submitting:
            missing = [trial for trial in self.trials(mine) if trial.missing]
            if missing:
                self._refuse_second(owner)
                self._table.set_stopped(mine.id, False)
                self._submit(trainer, mine, missing, digits)
        return len(missing)

    def stop(self, trainer: Trainer, owner: str, sweep_id: str) -> None:
        """Ask all its runs that wait or train to stop; what has ended stays.

        Raises:
            SweepError: it is not this person's.
        """
        mine = self._mine(owner, sweep_id)
        with self._submitting:
            self._table.set_stopped(mine.id, True)
            for trial in self.trials(mine):
                if trial.run is not None and trial.live:
                    trainer.stop(trial.run.id)

    def pick_up(self, trainer: Trainer) -> int:
        """After a restart: queue again what the old server was training; returns how many runs.

        Sweeps that were stopped stay so, and so do those whose images are gone. Every page waits
        for this: a sweep that fails here, for whatever reason, is passed over.
        """
        count = 0
        for sweep in _readable(self._table.not_stopped()):
            try:
                with self._submitting:
                    lost = [each for each in self.trials(sweep) if each.cut_off]
                    lost = [each for each in lost if each.tries < MOST_TRIES]
                    if lost:
                        self._submit(trainer, sweep, lost, dataset.find(sweep.digits))
                count += len(lost)
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
        with self._submitting:
            known = [
                old
                for old in self.sweeps_of(owner)
                if (old.plan, old.digits, old.created) == (plan, digits, created)
            ]
            sweep = known[0] if known else self._add(owner, plan, digits, created, stopped=True)
            for trial in self.trials(sweep):
                run = runs.get((trial.seed, trial.cell))
                if trial.missing and run is not None:
                    self._table.put(sweep.id, trial.seed, trial.cell, run)
        return not known

    def remove(self, owner: str, sweep_id: str) -> None:
        """Put a sweep into the bin, and empty the bin of what has lain there for too long.

        The runs stay.

        Raises:
            SweepError: it is not this person's.
        """
        self._table.remove(self._mine(owner, sweep_id).id)

    def last_removed(self, owner: str) -> Sweep | None:
        """The sweep that a person removed last, if it can still be taken back and read."""
        return next(_readable(self._table.removed(owner)), None)

    def take_back(self, owner: str, sweep_id: str) -> None:
        """Take a sweep back out of the bin; one that is not there or not theirs is passed over."""
        self._table.take_back(owner, sweep_id)

    def remove_everything(self, owner: str) -> int:
        """Forget all of a person's sweeps for good, the bin's too; returns how many there were."""
        return self._table.remove_everything(owner)

    def _mine(self, owner: str, sweep_id: str) -> Sweep:
        found = self.sweep(sweep_id)
        if found.owner != owner:
            raise SweepError(message("This is somebody else's sweep: you can look, not change it."))
        return found

    def _refuse_second(self, owner: str) -> None:
        if self._table.has_live(owner):
            raise SweepError(
                message("You have a sweep under way: wait for its end, or stop it first.")
            )

    def _add(self, owner: str, plan: Plan, digits: str, created: float, *, stopped: bool) -> Sweep:
        """Note a sweep and all its trials, or nothing."""
        sweep = Sweep(secrets.token_hex(8), owner, plan, digits, created, stopped)
        row = SweepRow(sweep.id, owner, json.dumps(plan.to_json()), digits, created, stopped)
        self._table.add(row, itertools.product(range(plan.seeds), range(len(plan.cells))))
        return sweep

    def _submit(
        self, trainer: Trainer, sweep: Sweep, trials: Iterable[Trial], digits: DigitSet
    ) -> None:
        for trial in trials:
            config = sweep.plan.config(trial.cell, trial.seed)
            run = trainer.submit(sweep.owner, config, digits)
            self._table.put(sweep.id, trial.seed, trial.cell, run.id)


def _readable(rows: Iterable[SweepRow]) -> Iterator[Sweep]:
    """The sweeps of these rows without those that cannot be read."""
    for row in rows:
        try:
            yield _sweep(row)
        except SweepError as error:
            _note_unreadable(row.id, str(error.__cause__))


@functools.lru_cache(1024)  # once for each, though lists are read again and again
def _note_unreadable(sweep_id: str, why: str) -> None:
    log.warning("sweep %s is passed over: %s", sweep_id, why)


def _sweep(row: SweepRow) -> Sweep:
    plan = _plan(row.plan)
    return Sweep(row.id, row.owner, plan, row.digits, row.created, bool(row.stopped))


def _plan(text: str) -> Plan:
    """A plan in the table ``sweeps``.

    Raises:
        SweepError: it is none, or one of another version, with other settings or bounds.
    """
    try:
        return planning.from_json(json.loads(text))
    except (LabError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise SweepError(
            message("This sweep cannot be read: another version of Digit Lab has noted it.")
        ) from error


@functools.lru_cache(256)  # a list of runs asks for each at every click
def _varied(text: str) -> tuple[str, ...]:
    """The fields that a plan in the table ``sweeps`` varies; () for one that cannot be read."""
    try:
        plan = _plan(text)
    except SweepError:
        return ()
    fields = tuple(axis.field for axis in plan.axes)
    return (*fields, "seed") if fields and plan.seeds > 1 else fields
