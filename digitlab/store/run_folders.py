"""The store: the database's runs with their files, a folder a run, each file whole or not there.

What the lab has acknowledged, it keeps.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import asdict

from digitlab import disk
from digitlab.disk import StorageError
from digitlab.messages import message
from digitlab.progress import BatchMetrics, EpochMetrics
from digitlab.records import Run, values_of
from digitlab.store.database import size_of
from digitlab.store.rows import StoreError, column, insert
from digitlab.store.run_queue import NO_SUCH_RUN, RunQueue

_FILE_NAME = re.compile(r"[a-z]+(-\d{3})?\.(npz|npy)")
_RUN_ID = re.compile(r"[0-9a-f]{16}")


class Store(RunQueue):
    """The runs under one folder. Safe to use from many threads and several processes."""

    def keep(self, run_id: str, name: str, data: bytes | bytearray) -> None:
        """Write a run's file, whole or not at all.

        Raises:
            ValueError: the name is not one that the trainer gives.
            StoreError: the run was deleted.
            StorageError: the disk did not take it.
        """
        target = self._path(run_id, name)
        self.run(run_id)
        try:
            disk.write(target, data)
        except StorageError:
            self.run(run_id)  # deleted meanwhile, and its folder with it
            raise
        if self.database.one("SELECT 1 FROM runs WHERE id = ?", run_id) is None:
            self._remove_files(run_id)  # they may have been removed before this one was written
            raise StoreError(NO_SUCH_RUN)

    def drop_file(self, run_id: str, name: str) -> None:
        """Remove one file of a run, where it is there.

        Raises:
            ValueError: the name is not one that the trainer gives.
        """
        self._path(run_id, name).unlink(missing_ok=True)

    def file(self, run_id: str, name: str) -> Path:
        """The path of a run's file.

        Raises:
            StoreError: the run has no such file.
        """
        path = self._path(run_id, name)
        if not path.is_file():
            raise StoreError(message("This run kept no file {name}.", name=name))
        return path

    def files(self, run_id: str) -> list[str]:
        """The names of a run's files, sorted."""
        if not _RUN_ID.fullmatch(run_id):
            return []
        return sorted(filter(_FILE_NAME.fullmatch, _names_in(self.folder / "runs" / run_id)))

    def sizes(self) -> dict[str, int]:
        """How many bytes the files of each run take on the disk, by run."""
        known = self._ids()
        return {
            place.name: sum(size_of(path) for path in _inside(place) if path.is_file())
            for place in _inside(self.folder / "runs")
            if place.name in known and place.is_dir()
        }

    def drop_weights(self, run_id: str) -> int:
        """Remove a run's weights, all but what its metrics and pictures need; bytes freed."""
        freed = 0
        for name in self.files(run_id):
            if name.startswith("weights-") or name == "optimizer.npz":
                path = self._path(run_id, name)
                freed += size_of(path)
                path.unlink(missing_ok=True)
        return freed

    def epochs_kept(self, run_id: str, kind: str) -> list[int]:
        """The epochs for which a run has a file of this kind ("weights", "kernels", "reading")."""
        names = (name for name in self.files(run_id) if name.startswith(f"{kind}-"))
        return [int(name.partition("-")[2][:3]) for name in names]

    def delete(self, run_id: str) -> None:
        """Forget a run and remove its files."""
        self.database.write("DELETE FROM runs WHERE id = ?", run_id)
        self._remove_files(run_id)

    def remove_orphans(self, older_than: float = 60.0) -> list[str]:
        """Remove the folders of runs that are not in the database; returns their ids.

        Files that processes which are gone have not finished go as well. A server that died while
        it deleted or loaded a run leaves a folder behind. One that was made or moved here in the
        last ``older_than`` seconds stays: its row may be on the way. So do those that are older
        than the database: they are of one that was moved away, damaged perhaps.
        """
        folders = [place for place in _inside(self.folder / "runs") if place.is_dir()]
        for folder in (self.folder, self.folder / "data", *folders):
            disk.remove_unfinished(folder)
        known = self._ids()
        begun = self.database.one("SELECT MIN(at) AS at FROM begun")
        age = time.time() - (begun["at"] if begun else 0.0)
        orphans = [
            place.name
            for place in folders
            if _RUN_ID.fullmatch(place.name) and place.name not in known
            if older_than < _age(place) < age
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
                row = {name: column(value) for name, value in values_of(Run, run).items()}
                shelf = {"run": run.id, "name": named[0], "pinned": named[1]}
                insert(database, "runs", row)
                insert(database, "loaded", {"run": run.id, "source": source})
                insert(database, "shelf", shelf)
                for table, reports in (("epochs", epochs), ("batches", batches)):
                    for report in reports:
                        insert(database, table, {"run": run.id} | asdict(report))
                files.rename(target)
        except BaseException:
            shutil.rmtree(target, ignore_errors=True)
            raise

    def _ids(self) -> set[str]:
        return {row["id"] for row in self.database.all("SELECT id FROM runs")}

    def _remove_files(self, run_id: str) -> None:
        if _RUN_ID.fullmatch(run_id):
            shutil.rmtree(self.folder / "runs" / run_id, ignore_errors=True)

    def _path(self, run_id: str, name: str) -> Path:
        if not _RUN_ID.fullmatch(run_id) or not _FILE_NAME.fullmatch(name):
            raise ValueError(f"not a run's file: {run_id!r} {name!r}")
        return self.folder / "runs" / run_id / name


def _names_in(folder: Path) -> list[str]:
    """What is in a folder; nothing, where it is not there or was deleted meanwhile."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []


def _inside(folder: Path) -> list[Path]:
    return [folder / name for name in _names_in(folder)]


def _age(folder: Path) -> float:
    """For how many seconds nothing in a folder was changed, and the folder was not moved."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return 0.0
    return time.time() - max(found.st_mtime, found.st_ctime)
