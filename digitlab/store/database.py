"""One SQLite file, safe to use from many threads and several processes.

WAL lets readers go on while one process writes; a change is on disk when it returns. A file that
is damaged, or of another program, is left as it is.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digitlab import disk
from digitlab.disk import StorageError
from digitlab.messages import Message, message

DATABASE = "lab.sqlite3"  # the file in the lab's folder

_FORMAT = 1  # SQLite's user_version; higher where this lab could not read what a newer one writes
_RETRY_SECONDS = 0.05
_BUSY_SECONDS = 10.0  # how long another process may hold the file before it is called busy

# SQLite's primary result codes, https://www.sqlite.org/rescode.html
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_REFUSED = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


class StorageBusyError(StorageError):
    """Another process holds the database; what was tried may be tried again."""


class Database:
    """The database at ``path``, made with ``schema`` where it lacks tables.

    ``later`` maps a table to the columns that it got after its first version, each with its SQL
    type: a file of an older lab is given them.

    Raises:
        StorageBusyError: from here and from each method, another process holds the file.
        StorageError: likewise, it is damaged, of a newer lab, or cannot be read or written.
    """

    def __init__(
        self, path: Path, schema: str, later: Mapping[str, Mapping[str, str]] = {}
    ) -> None:
        self.path = path
        log = path.with_name(f"{path.name}-wal")
        with disk.as_storage_error(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite deletes a log whose database is empty or gone, and what is in it.
            if size_of(log) and not size_of(path):
                raise _damaged(path, f"there is a {log.name} without it")
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            last_try = time.monotonic() > deadline
            try:
                self._prepare(schema, later)
            except StorageBusyError:  # for the step to WAL, SQLite does not wait
                if last_try:
                    raise
                time.sleep(_RETRY_SECONDS)
            else:
                break

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction of its own from its first statement: all of it is written, or nothing."""
        with self._connection() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def write(self, statement: str, *values: Any) -> int:
        """A change of one statement; returns how many rows it changed."""
        with self.change() as connection:
            return connection.execute(statement, values).rowcount

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        """The first row that ``query`` finds."""
        with self._connection() as connection:
            row: sqlite3.Row | None = connection.execute(query, values).fetchone()
            return row

    def all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """All rows that ``query`` finds."""
        with self._connection() as connection:
            return connection.execute(query, values).fetchall()

    def _prepare(self, schema: str, later: Mapping[str, Mapping[str, str]]) -> None:
        """Make the tables and columns that are missing."""
        try:
            with self._connection() as connection:
                found = connection.execute("PRAGMA user_version").fetchone()[0]
                if found > _FORMAT:
                    why = message(
                        "{path} was made by a newer Digit Lab. Use that version, or set "
                        "DIGITLAB_HOME to another folder.",
                        path=str(self.path),
                    )
                    raise _unreadable(why)
                connection.execute("PRAGMA journal_mode = WAL")  # stays with the file
                connection.executescript(schema)
                if found < _FORMAT:
                    connection.execute(f"PRAGMA user_version = {_FORMAT}")
            for table, columns in later.items():
                asked = f"PRAGMA table_info({table})"
                # Without a change where there are all: a lab can be opened while somebody writes.
                if not {row["name"] for row in self.all(asked)}.issuperset(columns):
                    with self.change() as change:
                        there = {row["name"] for row in change.execute(asked)}
                        for name in (name for name in columns if name not in there):
                            change.execute(f"ALTER TABLE {table} ADD COLUMN {name} {columns[name]}")
        except sqlite3.OperationalError as error:  # tables of these names, but not ours
            raise _damaged(self.path, str(error)) from error

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for one piece of work: Streamlit runs each script in a new thread."""
        try:
            connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS)
            try:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the primary
            if code in _BUSY:
                raise _busy(self.path) from error
            if code in _DAMAGED:
                raise _damaged(self.path, str(error)) from error
            if code in _REFUSED:
                raise disk.refused(self.path, OSError(code, str(error))) from error
            raise  # a mistake in our own SQL


def size_of(path: Path) -> int:
    """The bytes of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _busy(path: Path) -> StorageBusyError:
    return StorageBusyError(
        message(
            "Another program holds the database {path}. Try again in a moment, or end that "
            "program.",
            path=str(path),
        ),
        on_page=message(
            "The lab's database is busy, so what you did last may not be saved. Please try again "
            "in a moment."
        ),
    )


def _damaged(path: Path, detail: str) -> StorageError:
    return _unreadable(
        message(
            "{path} is damaged, or is no database of Digit Lab ({detail}). It is left as it is. "
            "Put a whole copy in its place, or move it and the files {name}-wal and {name}-shm "
            "away, to begin with an empty one. The weights of its runs stay in {runs}.",
            path=str(path),
            detail=detail,
            name=path.name,
            runs=str(path.parent / "runs"),
        )
    )


def _unreadable(why: Message) -> StorageError:
    on_page = message("The lab's database cannot be read. Please tell whoever runs this lab.")
    return StorageError(why, on_page=on_page)
