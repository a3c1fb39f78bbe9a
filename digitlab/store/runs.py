"""Runs, their metrics and their files, on disk: what the lab has acknowledged, it keeps.

Numbers are in the database; files lie beside it, one folder a run, each written whole or not at
all.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import asdict

from digitlab import disk
from digitlab.config import RunConfig
from digitlab.disk import StorageError
from digitlab.messages import LabError, Message, message
from digitlab.progress import (
    BatchMetrics,
    EpochMetrics,
    ExecutionSettings,
    Outcome,
    Report,
    Untrained,
)
from digitlab.records import DataSetInfo, Run, Status
from digitlab.store.database import DATABASE, Database, Row
from digitlab.store.rows import (
    StoreError,
    column,
    insert,
    readable,
    row_of,
    run_of,
    unreadable_run,
)

ORPHAN_SECONDS = 60.0  # a run's folder may be there for so long before its row

_SCHEMA = """
CREATE TABLE IF NOT EXISTS engines (
    id TEXT PRIMARY KEY, pid INTEGER NOT NULL, born REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, engine TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT NOT NULL, stop INTEGER NOT NULL DEFAULT 0,
    config TEXT NOT NULL, preset TEXT, parameters INTEGER NOT NULL,
    digits TEXT NOT NULL, pace TEXT, untrained TEXT, outcome TEXT,
    created REAL NOT NULL, started REAL, ended REAL
);
CREATE INDEX IF NOT EXISTS runs_of ON runs (owner, created);
CREATE INDEX IF NOT EXISTS runs_by_status ON runs (status, created);
CREATE INDEX IF NOT EXISTS runs_by_end ON runs (status, ended);
CREATE TABLE IF NOT EXISTS shelf (
    run TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE,
    name TEXT NOT NULL DEFAULT '', pinned INTEGER NOT NULL DEFAULT 0, deleted REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS loaded (
    run TEXT PRIMARY KEY REFERENCES runs ON DELETE CASCADE, source TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, epoch INTEGER NOT NULL,
    step INTEGER NOT NULL, steps INTEGER NOT NULL, loss REAL NOT NULL, accuracy REAL NOT NULL,
    images_per_second REAL NOT NULL, PRIMARY KEY (run, epoch, step)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS epochs (
    run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, epoch INTEGER NOT NULL,
    complete INTEGER NOT NULL, loss REAL NOT NULL, accuracy REAL NOT NULL,
    val_loss REAL, val_accuracy REAL, test_loss REAL, test_accuracy REAL,
    seconds REAL NOT NULL, images INTEGER NOT NULL, PRIMARY KEY (run, epoch)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS begun (at REAL NOT NULL);
"""

# Folders that are older than the database may be all that is left of a damaged one before it. A
# lab that had runs before this was noted knew all of its folders.
_BEGUN = """
INSERT INTO begun SELECT CASE WHEN EXISTS (SELECT 1 FROM runs) THEN 0 ELSE ? END
WHERE NOT EXISTS (SELECT 1 FROM begun)
"""

# Where a run goes on from another one's weights, and whether its convolutions stay as they are;
# how often it went back into the queue because its worker was lost.
_LATER = {
    "runs": {
        "origin": "TEXT",
        "frozen": "INTEGER NOT NULL DEFAULT 0",
        "requeued": "INTEGER NOT NULL DEFAULT 0",
    }
}

# A deleted run stays for a while, so that its owner may take it back; nobody sees it meanwhile.
NOT_DELETED = "NOT EXISTS (SELECT 1 FROM shelf WHERE run = runs.id AND deleted IS NOT NULL)"

# A run's turn counts its owner's runs that come before it, the one that trains included.
_QUEUE = """
SELECT * FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY owner ORDER BY status = 'queued', created) AS turn
    FROM runs WHERE engine = ? AND status IN ('queued', 'running')
) WHERE status = 'queued' ORDER BY turn, created
"""

_FILE_NAME = re.compile(r"[a-z]+(-\d{3})?\.(npz|npy)")
_RUN_ID = re.compile(r"[0-9a-f]{16}")


class Store:
    """The runs under one folder. Safe to use from many threads and several processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder / DATABASE, _SCHEMA, _LATER)
        if self.database.one("SELECT 1 FROM begun") is None:
            with self.database.change() as database:
                database.execute(_BEGUN, (time.time(),))

    # Runs ---------------------------------------------------------------------------------

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
        run = secrets.token_hex(8)
        row = (
            run,
            owner,
            engine,
            Status.QUEUED,
            column(message("The run waits for its turn.")),
            column(config),
            preset,
            parameters,
            column(digits),
            time.time(),
            origin,
            int(frozen),
        )
        with self.database.change() as database:
            database.execute(
                "INSERT INTO runs (id, owner, engine, status, reason, config, preset, parameters,"
                " digits, created, origin, frozen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return self.run(run)

    def run(self, run: str) -> Run:
        """The run with this id.

        Raises:
            StoreError: there is none, or it cannot be read.
        """
        row = self.database.one(f"SELECT * FROM runs WHERE id = ? AND {NOT_DELETED}", run)
        if row is None:
            raise _no_such_run()
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

    def start(self, run: str) -> bool:
        """Mark a queued run as running; False when it is no longer queued."""
        reason = column(message("The network is being trained."))
        with self.database.change() as database:
            changed = database.execute(
                "UPDATE runs SET status = ?, reason = ?, started = ? WHERE id = ? AND status = ?",
                (Status.RUNNING, reason, time.time(), run, Status.QUEUED),
            )
            return changed.rowcount == 1

    def requeue(self, run: str) -> bool:
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
                (Status.QUEUED, reason, run, Status.RUNNING),
            )
            if changed.rowcount:
                database.execute("DELETE FROM batches WHERE run = ?", (run,))
            return changed.rowcount == 1

    def set_execution(self, run: str, execution: ExecutionSettings) -> None:
        """Note the number format, threads and steps that a run is trained with."""
        with self.database.change() as database:
            database.execute("UPDATE runs SET pace = ? WHERE id = ?", (column(execution), run))

    def end(
        self, run: str, status: Status, reason: Message, outcome: Outcome | None = None
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
                    run,
                    Status.QUEUED,
                    Status.RUNNING,
                ),
            )

    def ask_to_stop(self, run: str) -> None:
        """Note that a run shall stop; its engine reads this."""
        with self.database.change() as database:
            database.execute("UPDATE runs SET stop = 1 WHERE id = ?", (run,))

    def delete(self, run: str) -> None:
        """Forget a run and remove its files."""
        with self.database.change() as database:
            database.execute("DELETE FROM runs WHERE id = ?", (run,))
        self._remove_files(run)

    def remove_orphans(self, older_than: float = ORPHAN_SECONDS) -> list[str]:
        """Remove the folders of runs that are not in the database; returns their ids.

        Files that processes which are gone have not finished go as well. A server that died while
        it deleted or loaded a run leaves a folder behind. One that was made or moved here in the
        last ``older_than`` seconds stays: its row may be on the way. So do those that are older
        than the database: they are of one that was moved away, damaged perhaps.
        """
        places = _folders(self.folder / "runs")
        for folder in (self.folder, self.folder / "data", *places):
            disk.remove_unfinished(folder)
        folders = [place for place in places if _RUN_ID.fullmatch(place.name)]
        known = self._ids()
        begun = self.database.one("SELECT MIN(at) AS at FROM begun")
        age = time.time() - (begun["at"] if begun else 0.0)
        orphans = [
            place.name
            for place in folders
            if place.name not in known and older_than < _age(place) < age
        ]
        for run in orphans:
            self._remove_files(run)
        return orphans

    def restore(
        self,
        run: Run,
        source: str,
        named: tuple[str, bool],
        epochs: Sequence[EpochMetrics],
        batches: Sequence[BatchMetrics],
        files: Path,
    ) -> None:
        """Put a run that has ended, as it was elsewhere, into the store: all of it, or nothing.

        Args:
            run: the run, under an id that no other has.
            source: the id that it had where it was trained.
            named: its name, and whether it is pinned.
            epochs: its epoch metrics.
            batches: its batch metrics.
            files: a folder on the same disk with its files, which becomes the run's own.
        """
        target = self.folder / "runs" / run.id
        target.parent.mkdir(exist_ok=True)
        try:
            with self.database.change() as database:
                insert(database, "runs", row_of(run))
                insert(database, "loaded", {"run": run.id, "source": source})
                insert(
                    database, "shelf", {"run": run.id, "name": named[0], "pinned": int(named[1])}
                )
                for table, reports in (("epochs", epochs), ("batches", batches)):
                    for report in reports:
                        insert(database, table, {"run": run.id} | asdict(report))
                files.rename(target)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise

    def sources(self, owner: str) -> dict[str, str]:
        """Where a person's runs were trained first: the id of each there, by its id here."""
        rows = self.database.all(
            "SELECT id, COALESCE(source, id) AS source FROM runs"
            f" LEFT JOIN loaded ON run = id WHERE owner = ? AND {NOT_DELETED}",
            owner,
        )
        return {row["id"]: row["source"] for row in rows}

    # Metrics ------------------------------------------------------------------------------

    def report(self, run: str, report: Report) -> None:
        """Write one report of a run. One for a run deleted meanwhile is dropped."""
        with self.database.change() as database:
            if database.execute("SELECT 1 FROM runs WHERE id = ?", (run,)).fetchone() is None:
                return
            if isinstance(report, Untrained):
                database.execute(
                    "UPDATE runs SET untrained = ? WHERE id = ?", (column(report), run)
                )
            else:
                table = "batches" if isinstance(report, BatchMetrics) else "epochs"
                values = asdict(report)
                places = ", ".join("?" * (len(values) + 1))
                database.execute(
                    f"INSERT OR REPLACE INTO {table} (run, {', '.join(values)}) VALUES ({places})",
                    (run, *values.values()),
                )

    def batches(self, run: str) -> list[BatchMetrics]:
        """The batch metrics of a run, in order."""
        return [BatchMetrics(**row) for row in self._metrics("batches", run, "epoch, step")]

    def batch_counts(self, owner: str) -> dict[str, int]:
        """How many batch metrics each of a person's runs has; runs without any are not in it."""
        rows = self.database.all(
            "SELECT run, COUNT(*) AS count FROM batches JOIN runs ON runs.id = run"
            " WHERE owner = ? GROUP BY run",
            owner,
        )
        return {row["run"]: row["count"] for row in rows}

    def epochs(self, run: str) -> list[EpochMetrics]:
        """The epoch metrics of a run, in order."""
        rows = self._metrics("epochs", run, "epoch")
        return [EpochMetrics(**row | {"complete": bool(row["complete"])}) for row in rows]

    def last_batch(self, run: str) -> BatchMetrics | None:
        """The newest batch metrics of a run."""
        rows = self._metrics("batches", run, "epoch DESC, step DESC LIMIT 1")
        return BatchMetrics(**rows[0]) if rows else None

    # Files --------------------------------------------------------------------------------

    def keep(self, run: str, name: str, data: bytes | bytearray) -> None:
        """Write a run's file, whole or not at all.

        Raises:
            ValueError: the name is not one that the trainer gives.
            StoreError: the run was deleted.
            StorageError: the disk did not take it.
        """
        target = self._path(run, name)
        self.run(run)
        try:
            disk.write(target, data)
        except StorageError:
            self.run(run)  # deleted meanwhile, and its folder with it
            raise
        if self.database.one("SELECT 1 FROM runs WHERE id = ?", run) is None:
            self._remove_files(run)  # they may have been removed before this one was written
            raise _no_such_run()

    def drop_file(self, run: str, name: str) -> None:
        """Remove one file of a run, where it is there.

        Raises:
            ValueError: the name is not one that the trainer gives.
        """
        self._path(run, name).unlink(missing_ok=True)

    def file(self, run: str, name: str) -> Path:
        """The path of a run's file.

        Raises:
            StoreError: the run has no such file.
        """
        path = self._path(run, name)
        if not path.is_file():
            raise StoreError(message("This run kept no file {name}.", name=name))
        return path

    def files(self, run: str) -> list[str]:
        """The names of a run's files, sorted."""
        if not _RUN_ID.fullmatch(run):
            return []
        try:
            names = os.listdir(self.folder / "runs" / run)
        except FileNotFoundError:
            return []
        return sorted(filter(_FILE_NAME.fullmatch, names))

    def sizes(self) -> dict[str, int]:
        """How many bytes the files of each run take on the disk, by run."""
        known = self._ids()
        folders = _folders(self.folder / "runs")
        return {place.name: _bytes_in(place) for place in folders if place.name in known}

    def drop_weights(self, run: str) -> int:
        """Remove a run's weights, all but what its metrics and pictures need; bytes freed."""
        freed = 0
        for name in self.files(run):
            if name.startswith("weights-") or name == "optimizer.npz":
                path = self._path(run, name)
                freed += _size(path)
                path.unlink(missing_ok=True)
        return freed

    def epochs_kept(self, run: str, kind: str) -> list[int]:
        """The epochs for which a run has a file of this kind ("weights", "kernels", "reading")."""
        names = (name for name in self.files(run) if name.startswith(f"{kind}-"))
        return [int(name.partition("-")[2][:3]) for name in names]

    # Engines ------------------------------------------------------------------------------

    def register(self, engine: str, pid: int, born: float) -> None:
        """Note the process that trains for this store, and when it started."""
        with self.database.change() as database:
            database.execute("INSERT INTO engines VALUES (?, ?, ?)", (engine, pid, born))

    def leave(self, engine: str) -> None:
        """Note that an engine trains no more: another may adopt what waits in its queue."""
        with self.database.change() as database:
            database.execute("UPDATE engines SET born = 0 WHERE id = ?", (engine,))

    def engines(self) -> dict[str, tuple[int, float]]:
        """(process id, start time) of every engine noted."""
        rows = self.database.all("SELECT * FROM engines")
        return {row["id"]: (row["pid"], row["born"]) for row in rows}

    def succeed(self, engine: str, dead: Sequence[str], *, adopt: bool) -> None:
        """Mark the running runs of dead engines as interrupted; ``adopt`` takes their queue."""
        for gone in dead:
            for run in [row["id"] for row in self._running(gone)]:
                self.end(run, Status.INTERRUPTED, interrupted(self.epochs(run)))
            if adopt:
                with self.database.change() as database:
                    database.execute(
                        "UPDATE runs SET engine = ? WHERE engine = ? AND status = ?",
                        (engine, gone, Status.QUEUED),
                    )
            if adopt or not self.waiting(gone):
                with self.database.change() as database:
                    database.execute("DELETE FROM engines WHERE id = ?", (gone,))

    # Rows ---------------------------------------------------------------------------------

    def _ids(self) -> set[str]:
        return {row["id"] for row in self.database.all("SELECT id FROM runs")}

    def _running(self, engine: str) -> list[Row]:
        return self.database.all(
            "SELECT * FROM runs WHERE status = ? AND engine = ? ORDER BY created",
            Status.RUNNING,
            engine,
        )

    def _metrics(self, table: str, run: str, order: str) -> list[dict[str, Any]]:
        rows = self.database.all(f"SELECT * FROM {table} WHERE run = ? ORDER BY {order}", run)
        return [{key: row[key] for key in row.keys() if key != "run"} for row in rows]  # noqa: SIM118

    def _remove_files(self, run: str) -> None:
        if _RUN_ID.fullmatch(run):
            shutil.rmtree(self.folder / "runs" / run, ignore_errors=True)

    def _path(self, run: str, name: str) -> Path:
        if not _RUN_ID.fullmatch(run) or not _FILE_NAME.fullmatch(name):
            raise ValueError(f"not a run's file: {run!r} {name!r}")
        return self.folder / "runs" / run / name


def interrupted(epochs: Sequence[EpochMetrics]) -> Message:
    """Why a run whose worker or server died has ended, and what is kept of it."""
    return message(
        "The training process ended before the run was complete; epochs kept: {epochs}.",
        epochs=len(epochs),
    )


def _no_such_run() -> StoreError:
    return StoreError(message("There is no such run here; it may have been deleted."))


def _folders(parent: Path) -> list[Path]:
    return [place for place in _places(parent) if place.is_dir()]


def _bytes_in(folder: Path) -> int:
    return sum(_size(path) for path in _places(folder) if path.is_file())


def _places(folder: Path) -> list[Path]:
    """What is in a folder; nothing, where it is not there or was deleted meanwhile."""
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _size(path: Path) -> int:
    """The bytes of a file; 0 where it was deleted meanwhile."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _age(folder: Path) -> float:
    """For how many seconds nothing in a folder was changed, and the folder was not moved."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return 0.0
    return time.time() - max(found.st_mtime, found.st_ctime)
