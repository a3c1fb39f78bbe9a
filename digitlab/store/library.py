"""How people keep their runs in order: names, pins, a bin with a way back, and room on the disk.

A person's runs are theirs by an unguessable token; every verb here takes it, and passes over runs
of others.
"""

from __future__ import annotations

import sqlite3
import time
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from digitlab.messages import LabError, message
from digitlab.progress import EpochMetrics
from digitlab.records import Run
from digitlab.store.rows import epoch_of, readable, run_of
from digitlab.store.run_folders import Store
from digitlab.store.schema import NOT_DELETED

_JOINER = "\u200d"  # makes one emoji of several
LONGEST_NAME = 80  # characters
BIN_SECONDS = 3600.0  # how long a deleted run can be taken back
DISK_BUDGET = 2_000_000_000  # bytes that the files of all runs may take

_METRICS = EpochMetrics.__struct_fields__
_OVERVIEW = f"""
SELECT runs.*, shelf.name AS shelf_name, shelf.pinned AS shelf_pinned,
       {", ".join(f"epochs.{name} AS last_{name}" for name in _METRICS)}
FROM runs LEFT JOIN shelf ON shelf.run = runs.id
LEFT JOIN epochs ON epochs.run = runs.id
     AND epochs.epoch = (SELECT MAX(epoch) FROM epochs WHERE run = runs.id)
WHERE owner = ? AND {NOT_DELETED} ORDER BY created DESC LIMIT ?
"""


@dataclass(frozen=True)
class RunSummary:
    """One run in a person's list: its name ("" where none was given), and its last epoch."""

    run: Run
    name: str
    pinned: bool
    last: EpochMetrics | None


class Library:
    """The lists of all people's runs in one store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def summaries(self, owner: str, most: int = -1) -> list[RunSummary]:
        """A person's runs, at most so many, the newest first; one query. -1 stands for all.

        One that cannot be read is passed over.
        """
        return self.listed(owner, most)[0]

    def listed(self, owner: str, most: int = -1) -> tuple[list[RunSummary], list[str]]:
        """A person's runs, the newest first, and the ids of those that cannot be read."""
        return readable(self.store.database.all(_OVERVIEW, owner, most), _summary)

    def name(self, run_id: str) -> str:
        """The name that a run was given, or ""."""
        row = self.store.database.one("SELECT name FROM shelf WHERE run = ?", run_id)
        return str(row["name"]) if row else ""

    def rename(self, owner: str, run_id: str, name: str) -> None:
        """Give a run a name; "" takes it away.

        Raises:
            LabError: the name is too long.
        """
        self._set(owner, [run_id], "name", checked_name(name))

    def pin(self, owner: str, runs: Iterable[str], pinned: bool) -> None:
        """Pin runs, or unpin them: what is pinned loses its weights last when the disk is full."""
        self._set(owner, runs, "pinned", int(pinned))

    def delete(self, owner: str, runs: Sequence[str]) -> None:
        """Put runs into the bin; those that train are stopped first."""
        mine = [(run, owner) for run in runs]
        with self.store.database.change() as database:
            database.executemany("UPDATE runs SET stop = 1 WHERE id = ? AND owner = ?", mine)
        self._set(owner, runs, "deleted", time.time())

    def restore(self, owner: str, runs: Iterable[str]) -> None:
        """Take runs back out of the bin."""
        self._set(owner, runs, "deleted", None)

    def last_deleted(self, owner: str) -> list[str]:
        """The runs that a person put into the bin last, all at once, as far as they are there."""
        mine = "FROM shelf JOIN runs ON id = run WHERE owner = ?"
        last = f"SELECT run {mine} AND deleted = (SELECT MAX(deleted) {mine})"
        return [str(row["run"]) for row in self.store.database.all(last, owner, owner)]

    def trains(self, owner: str) -> bool:
        """Whether one of a person's runs waits or trains."""
        live = f"owner = ? AND status IN ('queued', 'running') AND {NOT_DELETED}"
        return self.store.database.one(f"SELECT 1 FROM runs WHERE {live}", owner) is not None

    def count(self, owner: str) -> int:
        """How many runs a person has, those in the bin included."""
        row = self.store.database.one("SELECT COUNT(*) AS n FROM runs WHERE owner = ?", owner)
        return int(row["n"]) if row else 0

    def empty_bin(self, older_than: float = BIN_SECONDS) -> int:
        """Remove for good what has lain in the bin for so many seconds; returns how many runs."""
        before = time.time() - older_than
        rows = self.store.database.all("SELECT run FROM shelf WHERE deleted < ?", before)
        for row in rows:
            self.store.delete(row["run"])
        return len(rows)

    def delete_everything(self, owner: str) -> int:
        """Remove all of a person's runs for good, the bin's too; returns how many there were."""
        rows = self.store.database.all("SELECT id FROM runs WHERE owner = ?", owner)
        for row in rows:
            self.store.ask_to_stop(row["id"])
            self.store.delete(row["id"])
        return len(rows)

    def keep_within(self, budget: int = DISK_BUDGET) -> list[str]:
        """Remove weights until the files of all runs fit into ``budget`` bytes.

        The oldest runs that have ended give theirs first, those that are pinned after all others:
        pins that were never freed would fill any disk, and a zip may bring a thousand of them.
        Metrics, kernels and readings stay. Returns the runs that lost their weights.
        """
        sizes = self.store.sizes()
        total, lost = sum(sizes.values()), []
        rows = self.store.database.all(
            "SELECT id FROM runs LEFT JOIN shelf ON shelf.run = runs.id WHERE ended IS NOT NULL"
            " ORDER BY COALESCE(pinned, 0), created"
        )
        for row in rows:
            if total <= budget:
                break
            freed = self.store.drop_weights(row["id"])
            total -= freed
            lost += [row["id"]] if freed else []
        return lost

    def _set(self, owner: str, runs: Iterable[str], column: str, value: Any) -> None:
        statement = (
            f"INSERT INTO shelf (run, {column}) SELECT id, ? FROM runs WHERE id = ? AND owner = ?"
            f" ON CONFLICT (run) DO UPDATE SET {column} = excluded.{column}"
        )
        with self.store.database.change() as database:
            database.executemany(statement, [(value, run, owner) for run in runs])


def checked_name(name: str) -> str:
    """A run's name as it is kept: without control and unseen characters, spaces joined.

    What holds nothing to see is no name, "".

    Raises:
        LabError: it is longer than ``LONGEST_NAME`` characters.
    """
    plain = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in name)
    seen = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf" or sign == _JOINER)
    short = " ".join(part for part in seen.split() if part.strip(_JOINER)).strip(_JOINER)
    if len(short) > LONGEST_NAME:
        raise LabError(
            message(
                "A name has at most {most} characters; this one has {count}.",
                most=LONGEST_NAME,
                count=f"{len(short):,}",
            )
        )
    return short


def _summary(row: sqlite3.Row) -> RunSummary:
    last = {name: row[f"last_{name}"] for name in _METRICS}
    epoch = None if last["epoch"] is None else epoch_of(last)
    return RunSummary(run_of(row), row["shelf_name"] or "", bool(row["shelf_pinned"]), epoch)
