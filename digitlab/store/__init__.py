"""What the lab keeps on disk: runs with their metrics and files, names and pins, drawings, sweeps.

``database`` opens the SQLite file, ``schema`` has its tables, and ``rows`` makes runs of its rows.
``runs`` is the store of runs: ``metrics``, ``run_queue`` and ``run_folders`` are its parts.
``library`` is how people keep their runs in order, ``saved_drawings`` the drawings that they have
kept, ``sweeps`` the tables of sweeps. ``results`` says what a run came to, and ``run_files`` how
its files are written.
"""

from digitlab.records import DataSetInfo, Run, Status
from digitlab.store.database import StorageBusyError, StorageError
from digitlab.store.rows import StoreError, UnreadableRunError
from digitlab.store.run_queue import interrupted
from digitlab.store.runs import Store

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
