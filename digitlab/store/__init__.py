"""What the lab keeps on disk: runs with their metrics and files, names and pins, drawings, sweeps.

``database`` opens the SQLite file, ``schema`` has its tables, and ``rows`` makes runs of its rows.
``run_queue`` has the runs in the database and what they report, and ``run_folders`` adds their
files, which makes the store of runs. ``library`` is how people keep their runs in order,
``saved_drawings`` the drawings that they have kept, ``sweeps`` the tables of sweeps. ``results``
says what a run came to, and ``run_files`` how its files are written.
"""

from digitlab.disk import StorageError
from digitlab.records import DataSetInfo, Run, Status
from digitlab.store.database import StorageBusyError
from digitlab.store.rows import StoreError, UnreadableRunError
from digitlab.store.run_folders import Store
from digitlab.store.run_queue import interrupted

__all__ = [
    "DataSetInfo",
    "Run",
    "Status",
    "StorageBusyError",
    "StorageError",
    "Store",
    "StoreError",
    "UnreadableRunError",
    "interrupted",
]
