"""The tables of the lab's database, and the columns that they got after their first version."""

from __future__ import annotations

import time
from pathlib import Path

from digitlab.store.database import DATABASE, Database

_TABLES = """
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
CREATE TABLE IF NOT EXISTS sweeps (
    id TEXT PRIMARY KEY, owner TEXT NOT NULL, plan TEXT NOT NULL, digits TEXT NOT NULL,
    created REAL NOT NULL, stopped INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS sweeps_of ON sweeps (owner, created);
CREATE TABLE IF NOT EXISTS sweep_runs (
    sweep TEXT NOT NULL REFERENCES sweeps ON DELETE CASCADE,
    seed INTEGER NOT NULL, cell INTEGER NOT NULL, run TEXT, tries INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sweep, seed, cell)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS drawings (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, label INTEGER NOT NULL, read_as INTEGER NOT NULL,
    certainty REAL NOT NULL, model TEXT NOT NULL, digit BLOB NOT NULL, created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS drawings_of ON drawings (owner, created);
CREATE TABLE IF NOT EXISTS begun (at REAL NOT NULL);
"""

_ADDED_COLUMNS = {
    "runs": {
        "origin": "TEXT",  # the run whose weights it went on from
        "frozen": "INTEGER NOT NULL DEFAULT 0",  # whether its convolutions stay as they are
        # How often it went back into the queue because its worker was lost.
        "requeued": "INTEGER NOT NULL DEFAULT 0",
    },
    "epochs": {"test_images": "INTEGER NOT NULL DEFAULT 0"},
    # When its owner removed a sweep; it stays for a while, so that they may take it back.
    "sweeps": {"removed": "REAL"},
}

# Folders that are older than the database may be all that is left of a damaged one before it. A
# lab that had runs before this was noted knew all of its folders.
_BEGUN = """
INSERT INTO begun SELECT CASE WHEN EXISTS (SELECT 1 FROM runs) THEN 0 ELSE ? END
WHERE NOT EXISTS (SELECT 1 FROM begun)
"""

# A condition on the table runs: a deleted run stays for a while, so that its owner may take it
# back; nobody sees it meanwhile.
NOT_DELETED = "NOT EXISTS (SELECT 1 FROM shelf WHERE run = runs.id AND deleted IS NOT NULL)"


def open_lab(folder: Path) -> Database:
    """The database of the lab in ``folder``, made where it is missing.

    Raises:
        StorageError: as ``Database``.
    """
    database = Database(folder / DATABASE, _TABLES, _ADDED_COLUMNS)
    if database.one("SELECT 1 FROM begun") is None:
        with database.change() as change:
            change.execute(_BEGUN, (time.time(),))
    return database
