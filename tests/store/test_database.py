"""The database: all of a change or nothing, from many threads."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from digitlab.store.database import Database

SCHEMA = "CREATE TABLE IF NOT EXISTS numbers (value INTEGER NOT NULL)"


def test_a_change_that_fails_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "one.sqlite3", SCHEMA)

    def write_both() -> None:
        with database.change() as connection:
            connection.execute("INSERT INTO numbers VALUES (1)")
            connection.execute("INSERT INTO numbers VALUES (NULL)")

    with pytest.raises(sqlite3.IntegrityError):
        write_both()

    assert database.all("SELECT * FROM numbers") == []
    assert database.one("SELECT * FROM numbers") is None


def test_two_openings_keep_what_is_there(tmp_path: Path) -> None:
    with Database(tmp_path / "one.sqlite3", SCHEMA).change() as connection:
        connection.execute("INSERT INTO numbers VALUES (7)")

    row = Database(tmp_path / "one.sqlite3", SCHEMA).one("SELECT value FROM numbers")

    assert row is not None
    assert row["value"] == 7


def test_many_threads_lose_no_change(tmp_path: Path) -> None:
    database = Database(tmp_path / "one.sqlite3", SCHEMA)

    def count_up() -> None:
        for _ in range(25):
            with database.change() as connection:
                highest = connection.execute("SELECT COALESCE(MAX(value), 0) FROM numbers")
                connection.execute("INSERT INTO numbers VALUES (?)", (highest.fetchone()[0] + 1,))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    values = [row["value"] for row in database.all("SELECT value FROM numbers ORDER BY value")]
    assert values == list(range(1, 101))
