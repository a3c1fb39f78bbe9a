"""One SQLite file, safe to use from many threads and several processes.

WAL lets readers go on while one process writes; a change is on disk when it returns.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DATABASE = "lab.sqlite3"  # the file in the lab's folder

Row = sqlite3.Row
NO_COLUMNS: Mapping[str, Mapping[str, str]] = {}


class Database:
    """The database at ``path``, made with ``schema`` where it lacks tables.

    ``later`` maps a table to the columns that it got after its first version, each with its SQL
    type: a file of an older lab is given them.
    """

    def __init__(
        self, path: Path, schema: str, later: Mapping[str, Mapping[str, str]] = NO_COLUMNS
    ) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # stays with the file
            connection.executescript(schema)
        for table, columns in later.items():
            self._complete(table, columns)

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """A transaction of its own from its first statement: all of it is written, or nothing."""
        with self._connection() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        """The first row that ``query`` finds."""
        with self._connection() as connection:
            row: sqlite3.Row | None = connection.execute(query, values).fetchone()
            return row

    def all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """All rows that ``query`` finds."""
        with self._connection() as connection:
            return connection.execute(query, values).fetchall()

    def _complete(self, table: str, columns: Mapping[str, str]) -> None:
        with self.change() as connection:
            there = {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}
            for name, kind in columns.items():
                if name not in there:
                    connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection for one piece of work: Streamlit runs each script in a new thread."""
        connection = sqlite3.connect(self.path, timeout=10)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
        finally:
            connection.close()
