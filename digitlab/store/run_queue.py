"""Runs in the database, from the queue to their end; people take turns."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Sequence

from digitlab.config import RunConfig
from digitlab.messages import LabError, Message, message
from digitlab.progress import EpochMetrics, ExecutionSettings, Outcome
from digitlab.records import DataSetInfo, Run, Status
from digitlab.store.database import Row
from digitlab.store.metrics import Metrics
from digitlab.store.rows import (
    StoreError,
    column,
    insert,
    readable,
    row_of,
    run_of,
    unreadable_run,
)
from digitlab.store.schema import NOT_DELETED

# A run's turn counts its owner's runs that come before it, the one that trains included.
_QUEUE = """
SELECT * FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY owner ORDER BY status = 'queued', created) AS turn
    FROM runs WHERE engine = ? AND status IN ('queued', 'running')
) WHERE status = 'queued' ORDER BY turn, created
"""


class RunQueue(Metrics):
    """The runs under one folder."""

    def add(
        self,
        owner: str,
        engine: str,
        config: RunConfig,
        preset: str | None,
        parameters: int,
        digits: DataSetInfo,
        *,
        origin: str | None = None,
        frozen: bool = False,
    ) -> Run:
        """Put a run in the queue; it is acknowledged once this returns."""
        run = Run(
            id=secrets.token_hex(8),
            owner=owner,
            engine=engine,
            status=Status.QUEUED,
            reason=message("The run waits for its turn."),
            stop=False,
            config=config,
            preset=preset,
            parameters=parameters,
            digits=digits,
            execution=None,
            untrained=None,
            outcome=None,
            created=time.time(),
            started=None,
            ended=None,
            origin=origin,
            frozen=frozen,
        )
        with self.database.change() as database:
            insert(database, "runs", row_of(run))
        return self.run(run.id)

    def run(self, run_id: str) -> Run:
        """The run with this id.

        Raises:
            StoreError: there is none, or it cannot be read.
        """
        row = self.database.one(f"SELECT * FROM runs WHERE id = ? AND {NOT_DELETED}", run_id)
        if row is None:
            raise no_such_run()
        return run_of(row)

    def runs_of(self, owner: str, most: int = -1) -> list[Run]:
        """A person's runs, the newest first; at most so many, -1 for all.

        Here and in all lists, a run that cannot be read is passed over.
        """
        rows = self.database.all(
            f"SELECT * FROM runs WHERE owner = ? AND {NOT_DELETED} ORDER BY created DESC LIMIT ?",
            owner,
            most,
        )
        return readable(rows)[0]

    def trained_here(self, most: int) -> list[Run]:
        """The newest runs that were trained to their end in this lab, from an untrained network.

        Those of a zip were not. A row that cannot be read is passed over.
        """
        rows = self.database.all(
            "SELECT * FROM runs WHERE status = ? AND origin IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM loaded WHERE run = runs.id)"
            " ORDER BY created DESC LIMIT ?",
            Status.FINISHED,
            most,
        )
        found = []
        for row in rows:
            with contextlib.suppress(LabError, ValueError, TypeError, LookupError):
                found.append(run_of(row))
        return found

    def newest_end(self) -> float:
        """When the last run was trained to its end, in seconds since the epoch; 0 for never."""
        row = self.database.one(
            "SELECT MAX(ended) AS ended FROM runs WHERE status = ?", Status.FINISHED
        )
        return row["ended"] or 0.0 if row else 0.0

    def waiting(self, engine: str) -> list[Run]:
        """The queue of an engine: people take turns, and each person's oldest run comes first.

        So a sweep of fifty runs keeps nobody else waiting for more than one of them. A run that
        cannot be read fails here: it would wait for ever.
        """
        runs, unreadable = readable(self.database.all(_QUEUE, engine))
        for run in unreadable:
            self.end(run, Status.FAILED, unreadable_run())
        return runs

    def running(self, engine: str) -> list[Run]:
        """The runs that an engine is training."""
        return readable(self._running(engine))[0]

    def place_in_queue(self, run: Run) -> int:
        """How many runs are trained before this one."""
        turns = [row["id"] for row in self.database.all(_QUEUE, run.engine)]
        ahead = turns.index(run.id) if run.id in turns else 0
        return ahead + len({row["id"] for row in self._running(run.engine)} - {run.id})

    def start(self, run_id: str) -> bool:
        """Mark a queued run as running; False when it is no longer queued."""
        reason = column(message("The network is being trained."))
        with self.database.change() as database:
            changed = database.execute(
                "UPDATE runs SET status = ?, reason = ?, started = ? WHERE id = ? AND status = ?",
                (Status.RUNNING, reason, time.time(), run_id, Status.QUEUED),
            )
            return changed.rowcount == 1

    def requeue(self, run_id: str) -> bool:
        """Put a run whose worker was lost before its first epoch back into the queue, once.

        False when it was there before, has an epoch, or is not running any more.
        """
        reason = column(
            message("The worker was lost before the first epoch; the run waits for its turn again.")
        )
        with self.database.change() as database:
            changed = database.execute(
                "UPDATE runs SET status = ?, reason = ?, started = NULL, pace = NULL,"
                " untrained = NULL, requeued = 1 WHERE id = ? AND status = ? AND requeued = 0"
                " AND NOT EXISTS (SELECT 1 FROM epochs WHERE run = runs.id)",
                (Status.QUEUED, reason, run_id, Status.RUNNING),
            )
            if changed.rowcount:
                database.execute("DELETE FROM batches WHERE run = ?", (run_id,))
            return changed.rowcount == 1

    def set_execution(self, run_id: str, execution: ExecutionSettings) -> None:
        """Note the number format, threads and steps that a run is trained with."""
        with self.database.change() as database:
            database.execute("UPDATE runs SET pace = ? WHERE id = ?", (column(execution), run_id))

    def end(
        self, run_id: str, status: Status, reason: Message, outcome: Outcome | None = None
    ) -> None:
        """Write how a live run ended; a run that has ended stays as it is."""
        with self.database.change() as database:
            database.execute(
                "UPDATE runs SET status = ?, reason = ?, outcome = ?, ended = ?"
                " WHERE id = ? AND status IN (?, ?)",
                (
                    status,
                    column(reason),
                    column(outcome),
                    time.time(),
                    run_id,
                    Status.QUEUED,
                    Status.RUNNING,
                ),
            )

    def ask_to_stop(self, run_id: str) -> None:
        """Note that a run shall stop; its engine reads this."""
        with self.database.change() as database:
            database.execute("UPDATE runs SET stop = 1 WHERE id = ?", (run_id,))

    def sources(self, owner: str) -> dict[str, str]:
        """Where a person's runs were trained first: the id of each there, by its id here."""
        rows = self.database.all(
            "SELECT id, COALESCE(source, id) AS source FROM runs"
            f" LEFT JOIN loaded ON run = id WHERE owner = ? AND {NOT_DELETED}",
            owner,
        )
        return {row["id"]: row["source"] for row in rows}

    def _running(self, engine: str) -> list[Row]:
        return self.database.all(
            "SELECT * FROM runs WHERE status = ? AND engine = ? ORDER BY created",
            Status.RUNNING,
            engine,
        )


def interrupted(epochs: Sequence[EpochMetrics]) -> Message:
    """Why a run whose worker or server died has ended, and what is kept of it."""
    return message(
        "The training process ended before the run was complete; epochs kept: {epochs}.",
        epochs=len(epochs),
    )


def no_such_run() -> StoreError:
    """The error for a run that is not in the database."""
    return StoreError(message("There is no such run here; it may have been deleted."))
