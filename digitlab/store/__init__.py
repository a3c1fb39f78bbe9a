"""What the lab keeps on disk: runs with their metrics and files, names and pins, drawings.

``runs`` is the store itself, ``library`` how people keep their runs in order, ``saved_drawings``
the drawings that they have kept; ``database`` opens the SQLite file. ``results`` says what a run
came to, and ``run_files`` how its files are written.
"""

from digitlab.records import DataSetInfo, Run, Status
from digitlab.store.database import StorageBusyError, StorageError
from digitlab.store.rows import StoreError, UnreadableRunError
from digitlab.store.runs import Store, interrupted

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
