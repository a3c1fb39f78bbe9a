"""The store whole: runs, their metrics and their files, and the engines that train them.

What the lab has acknowledged, it keeps.
"""

from __future__ import annotations

from collections.abc import Sequence

from digitlab.records import Status
from digitlab.store.run_folders import RunFolders
from digitlab.store.run_queue import interrupted


class Store(RunFolders):
    """The runs under one folder. Safe to use from many threads and several processes."""

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
