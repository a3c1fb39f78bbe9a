"""The database: all of a change or nothing, from many threads, whatever happens to its file."""

from __future__ import annotations

import pickle
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from make_run import add_run
from trouble import damage, fill, full_disk, locked, read_only, small_disk

from digitlab.store import StorageBusyError, StorageError, Store, database
from digitlab.store.database import Database
from digitlab.store.saved_drawings import SavedDrawings
from digitlab.sweeps import Sweeps

SCHEMA = "CREATE TABLE IF NOT EXISTS numbers (value INTEGER NOT NULL)"


def test_a_change_that_fails_leaves_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "one.sqlite3", SCHEMA)
    with pytest.raises(sqlite3.IntegrityError), database.change() as connection:
        connection.executemany("INSERT INTO numbers VALUES (?)", [(1,), (None,)])
    assert database.all("SELECT * FROM numbers") == []
    assert database.one("SELECT * FROM numbers") is None


def test_many_threads_lose_no_change(tmp_path: Path) -> None:
    database = Database(tmp_path / "one.sqlite3", SCHEMA)

    def count_up(_: int) -> None:
        for _ in range(25):
            with database.change() as connection:
                highest = connection.execute("SELECT COALESCE(MAX(value), 0) FROM numbers")
                connection.execute("INSERT INTO numbers VALUES (?)", (highest.fetchone()[0] + 1,))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(4)))
    values = [row["value"] for row in database.all("SELECT value FROM numbers ORDER BY value")]
    assert values == list(range(1, 101))


def add(store: Store) -> str:
    return add_run(store, started=False).id


def add_many(store: Store, count: int = 500) -> None:
    for _ in range(count):
        add(store)


@pytest.fixture
def store(store: Store) -> Store:
    """A store with 40 runs."""
    add_many(store, 40)
    return store


def opening_is_refused(folder: Path, *words: str) -> None:
    """One sentence for a page, without a path; one for the terminal, with the file."""
    with pytest.raises(StorageError) as raised:
        Store(folder)
    assert not isinstance(raised.value, StorageBusyError)
    assert str(folder) not in str(raised.value.on_page)
    for word in (str(folder / "lab.sqlite3"), *words):
        assert word in str(raised.value.message)


def test_what_is_no_database_is_refused_and_left_as_it_is(store: Store) -> None:
    content = damage(store.database.path)
    opening_is_refused(store.folder, "no database", str(store.folder / "runs"))
    for damaged in (lambda: store.runs_of("ada"), lambda: add(store)):
        with pytest.raises(StorageError, match="cannot be read"):
            damaged()
    assert store.database.path.read_bytes() == content


def test_a_database_with_a_damaged_middle_or_a_half_is_refused_where_it_is_read(
    store: Store,
) -> None:
    content = store.database.path.read_bytes()
    store.database.path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(StorageError, match="cannot be read") as raised:
        store.runs_of("ada")
    assert "malformed" in str(raised.value.message)
    store.database.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(StorageError, match="cannot be read"):
        store.runs_of("ada")


def test_a_folder_in_its_place_or_a_file_in_its_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lab.sqlite3").mkdir()
    opening_is_refused(tmp_path, "unable to open")
    (tmp_path / "file").write_text("")
    opening_is_refused(tmp_path / "file")


def test_tables_of_another_program_are_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "lab.sqlite3") as other:
        other.execute("CREATE TABLE runs (distance REAL)")
    other.close()
    opening_is_refused(tmp_path, "no database of Digit Lab (no such column")


def test_a_database_of_a_newer_lab_is_refused(store: Store) -> None:
    store.database.write("PRAGMA user_version = 99")
    opening_is_refused(store.folder, "newer Digit Lab")
    for opened in (lambda: Sweeps(store), lambda: SavedDrawings(store.folder)):
        with pytest.raises(StorageError, match="cannot be read"):
            opened()


def test_an_empty_file_is_a_new_database(tmp_path: Path) -> None:
    (tmp_path / "lab.sqlite3").touch()
    assert add(Store(tmp_path))


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_a_log_without_its_database_is_not_thrown_away(store: Store, left: str) -> None:
    path = store.database.path
    log = path.with_name(f"{path.name}-wal")
    holding = sqlite3.connect(path)  # the last one to close would put the log into the database
    holding.execute("SELECT COUNT(*) FROM runs").fetchone()
    add(store)
    content = log.read_bytes()
    assert content
    path.unlink()
    if left == "an empty file":
        path.touch()

    opening_is_refused(store.folder, "lab.sqlite3-wal without it")

    assert log.read_bytes() == content
    holding.close()


def test_a_locked_database_can_be_read_and_says_that_it_is_busy(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    with locked(store.database.path):
        assert len(store.runs_of("ada")) == 40
        with pytest.raises(StorageBusyError, match="try again") as raised:
            add(store)
        Store(store.folder)  # nothing has to be written to open it
    add(store)
    assert len(store.runs_of("ada")) == 41
    assert str(store.database.path) in str(raised.value.message)
    there = pickle.loads(pickle.dumps(raised.value))  # as it comes from a worker
    assert type(there) is StorageBusyError
    assert (there.message, there.on_page) == (raised.value.message, raised.value.on_page)
    assert there.__notes__ == [str(raised.value.on_page)]


def test_a_lock_that_ends_in_time_is_waited_for(store: Store) -> None:
    with ThreadPoolExecutor() as pool, locked(store.database.path):
        pool.submit(add, store)
    assert len(store.runs_of("ada")) == 41


def test_a_file_that_may_not_grow_loses_nothing(store: Store) -> None:
    with full_disk(store.database.path.stat().st_size), pytest.raises(StorageError) as raised:
        add_many(store)
    assert "disk is full or cannot be written" in str(raised.value.on_page)
    kept = len(store.runs_of("ada"))
    add(store)
    assert len(store.runs_of("ada")) == kept + 1


def test_a_disk_without_a_byte_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as place:
        store = Store(place)
        run = add(store)
        fill(place)
        with pytest.raises(StorageError, match="disk is full"):
            add_many(store)
        with pytest.raises(StorageError, match="disk is full"):
            store.keep(run, "weights-001.npz", bytes(10_000))
        (place / "filler").unlink()
        add(store)
        assert store.run(run)
        assert store.files(run) == []


def test_a_lab_on_a_full_or_read_only_disk_is_refused(tmp_path: Path) -> None:
    with small_disk(tmp_path / "full") as place:
        fill(place)
        opening_is_refused(place)
    with small_disk(tmp_path / "read-only") as place:
        add(Store(place))
        read_only(place)
        opening_is_refused(place)


def test_a_mistake_in_our_own_sql_is_not_called_trouble_with_the_disk(store: Store) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        store.database.all("SELECT * FROM runes")
