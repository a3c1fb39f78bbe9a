"""Runs in the database, from the queue to their end, with what they report; people take turns."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from digitlab.config import RunConfig
from digitlab.messages import Message, message
from digitlab.progress import (
    BatchMetrics,
    EpochMetrics,
    ExecutionSettings,
    Outcome,
    Report,
    Untrained,
)
from digitlab.records import DataSetInfo, Run, Status
from digitlab.store.rows import (
    UNREADABLE_RUN,
    StoreError,
    column,
    epoch_of,
    insert,
    readable,
    run_of,
)
from digitlab.store.schema import NOT_DELETED, open_lab

NO_SUCH_RUN = message("There is no such run here; it may have been deleted.")

# A run's turn counts its owner's runs that come before it, the one that trains included.
_QUEUE = """
SELECT * FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY owner ORDER BY status = 'queued', created) AS turn
    FROM runs WHERE engine = ? AND status IN ('queued', 'running')
) WHERE status = 'queued' ORDER BY turn, created
"""
_RUNNING = "SELECT * FROM runs WHERE status = 'running' AND engine = ? ORDER BY created"
_START = """
UPDATE runs SET status = 'running', reason = ?, started = ? WHERE id = ? AND status = 'queued'
"""
_END = """
UPDATE runs SET status = ?, reason = ?, outcome = ?, ended = ?
WHERE id = ? AND status IN ('queued', 'running')
"""
_ADOPT = "UPDATE runs SET engine = ? WHERE engine = ? AND status = 'queued'"
_REQUEUE = """
UPDATE runs SET status = 'queued', reason = ?, started = NULL, pace = NULL, untrained = NULL,
                requeued = 1
WHERE id = ? AND status = 'running' AND requeued = 0
  AND NOT EXISTS (SELECT 1 FROM epochs WHERE run = runs.id)
"""


class RunQueue:
    """The runs in the database of one folder, and the engines that train them.

    Raises:
        StorageError: the database is locked, damaged or of a newer lab, from each method.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = open_lab(folder)

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
        row = {
            "id": secrets.token_hex(8),
            "owner": owner,
            "engine": engine,
            "status": Status.QUEUED,
            "reason": column(message("The run waits for its turn.")),
            "config": column(config),
            "preset": preset,
            "parameters": parameters,
            "digits": column(digits),
            "created": time.time(),
            "origin": origin,
            "frozen": frozen,
        }
        with self.database.change() as database:
            insert(database, "runs", row)
        return self.run(str(row["id"]))

    def run(self, run_id: str) -> Run:
        """The run with this id.

        Raises:
            StoreError: there is none, or it cannot be read.
        """
        row = self.database.one(f"SELECT * FROM runs WHERE id = ? AND {NOT_DELETED}", run_id)
        if row is None:
            raise StoreError(NO_SUCH_RUN)
        return run_of(row)

    def runs_of(self, owner: str, most: int = -1) -> list[Run]:
        """A person's runs, the newest first; at most so many, -1 for all.

        Here and in all lists, a run that cannot be read is passed over.
        """
        query = (
            f"SELECT * FROM runs WHERE owner = ? AND {NOT_DELETED} ORDER BY created DESC LIMIT ?"
        )
        return readable(self.database.all(query, owner, most), run_of)[0]

    def trained_here(self, most: int) -> list[Run]:
        """The newest runs that were trained to their end in this lab, from an untrained network.

        Those of a zip were not.
        """
        rows = self.database.all(
            "SELECT * FROM runs WHERE status = 'finished' AND origin IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM loaded WHERE run = runs.id)"
            " ORDER BY created DESC LIMIT ?",
            most,
        )
        return readable(rows, run_of)[0]

    def newest_end(self) -> float:
        """When the last run was trained to its end, in seconds since the epoch; 0 for never."""
        row = self.database.one("SELECT MAX(ended) AS ended FROM runs WHERE status = 'finished'")
        return row["ended"] or 0.0 if row else 0.0

    def sources(self, owner: str) -> dict[str, str]:
        """Where a person's runs were trained first: the id of each there, by its id here."""
        rows = self.database.all(
            "SELECT id, COALESCE(source, id) AS source FROM runs"
            f" LEFT JOIN loaded ON run = id WHERE owner = ? AND {NOT_DELETED}",
            owner,
        )
        return {row["id"]: row["source"] for row in rows}

    def waiting(self, engine: str) -> list[Run]:
        """The queue of an engine: people take turns, and each person's oldest run comes first.

        So a sweep of fifty runs keeps nobody else waiting for more than one of them. A run that
        cannot be read fails here: it would wait for ever.
        """
        runs, unreadable = readable(self.database.all(_QUEUE, engine), run_of)
        for run in unreadable:
            self.end(run, Status.FAILED, UNREADABLE_RUN)
        return runs

    def running(self, engine: str) -> list[Run]:
        """The runs that an engine is training."""
        return readable(self.database.all(_RUNNING, engine), run_of)[0]

    def place_in_queue(self, run: Run) -> int:
        """How many runs are trained before this one."""
        turns = [row["id"] for row in self.database.all(_QUEUE, run.engine)]
        ahead = turns.index(run.id) if run.id in turns else 0
        in_training = {row["id"] for row in self.database.all(_RUNNING, run.engine)}
        return ahead + len(in_training - {run.id})

    def start(self, run_id: str) -> bool:
        """Mark a queued run as running; False when it is no longer queued."""
        reason = column(message("The network is being trained."))
        return self.database.write(_START, reason, time.time(), run_id) == 1

    def requeue(self, run_id: str) -> bool:
        """Put a run whose worker was lost before its first epoch back into the queue, once.

        False when it was there before, has an epoch, or is not running any more.
        """
        reason = message(
            "The worker was lost before the first epoch; the run waits for its turn again."
        )
        with self.database.change() as database:
            changed = database.execute(_REQUEUE, (column(reason), run_id)).rowcount
            if changed:
                database.execute("DELETE FROM batches WHERE run = ?", (run_id,))
        return changed == 1

    def end(
        self, run_id: str, status: Status, reason: Message, outcome: Outcome | None = None
    ) -> None:
        """Write how a live run ended; a run that has ended stays as it is."""
        values = (status, column(reason), column(outcome), time.time())
        self.database.write(_END, *values, run_id)

    def ask_to_stop(self, run_id: str) -> None:
        """Note that a run shall stop; its engine reads this."""
        self.database.write("UPDATE runs SET stop = 1 WHERE id = ?", run_id)

    def report(self, run_id: str, report: Report) -> None:
        """Write one report of a run. One for a run deleted meanwhile is dropped."""
        with self.database.change() as database:
            if database.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone() is None:
                return
            if isinstance(report, ExecutionSettings | Untrained):
                name = "untrained" if isinstance(report, Untrained) else "pace"
                database.execute(
                    f"UPDATE runs SET {name} = ? WHERE id = ?", (column(report), run_id)
                )
            else:
                table = "batches" if isinstance(report, BatchMetrics) else "epochs"
                insert(database, table, {"run": run_id} | asdict(report), "INSERT OR REPLACE")

    def batches(self, run_id: str) -> list[BatchMetrics]:
        """The batch metrics of a run, in order."""
        return [BatchMetrics(**row) for row in self._metrics("batches", run_id, "epoch, step")]

    def batch_counts(self, owner: str) -> dict[str, int]:
        """How many batch metrics each of a person's runs has; runs without any are not in it."""
        rows = self.database.all(
            "SELECT run, COUNT(*) AS count FROM batches JOIN runs ON runs.id = run"
            " WHERE owner = ? GROUP BY run",
            owner,
        )
        return {row["run"]: row["count"] for row in rows}

    def epochs(self, run_id: str) -> list[EpochMetrics]:
        """The epoch metrics of a run, in order."""
        return [epoch_of(row) for row in self._metrics("epochs", run_id, "epoch")]

    def last_batch(self, run_id: str) -> BatchMetrics | None:
        """The newest batch metrics of a run."""
        rows = self._metrics("batches", run_id, "epoch DESC, step DESC LIMIT 1")
        return BatchMetrics(**rows[0]) if rows else None

    def _metrics(self, table: str, run_id: str, order: str) -> list[dict[str, Any]]:
        rows = self.database.all(f"SELECT * FROM {table} WHERE run = ? ORDER BY {order}", run_id)
        return [{key: row[key] for key in row.keys() if key != "run"} for row in rows]  # noqa: SIM118

    def register(self, engine: str, pid: int, born: float) -> None:
        """Note the process that trains for this store, and when it started."""
        self.database.write("INSERT INTO engines VALUES (?, ?, ?)", engine, pid, born)

    def leave(self, engine: str) -> None:
        """Note that an engine trains no more: another may adopt what waits in its queue."""
        self.database.write("UPDATE engines SET born = 0 WHERE id = ?", engine)

    def engines(self) -> dict[str, tuple[int, float]]:
        """(process id, start time) of every engine noted."""
        rows = self.database.all("SELECT * FROM engines")
        return {row["id"]: (row["pid"], row["born"]) for row in rows}

    def succeed(self, engine: str, dead: Sequence[str], *, adopt: bool) -> None:
        """Mark the running runs of dead engines as interrupted; ``adopt`` takes their queue."""
        for gone in dead:
            for row in self.database.all(_RUNNING, gone):
                self.end(row["id"], Status.INTERRUPTED, interrupted(self.epochs(row["id"])))
            if adopt:
                self.database.write(_ADOPT, engine, gone)
            if adopt or not self.waiting(gone):
                self.database.write("DELETE FROM engines WHERE id = ?", gone)


def interrupted(epochs: Sequence[EpochMetrics]) -> Message:
    """Why a run whose worker or server died has ended, and what is kept of it."""
    return message(
        "The training process ended before the run was complete; epochs kept: {epochs}.",
        epochs=len(epochs),
    )
