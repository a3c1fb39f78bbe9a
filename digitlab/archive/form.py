"""What the zip with a person's work looks like: names, sizes, version. Packing and loading agree.

manifest.json                       format, version, the runs from the oldest on
drawings.json, drawings.npy         the kept drawings: labels and readings; uint8 (N, 28, 28)
runs/ID/run.json                    settings, status, epoch metrics
runs/ID/batches.npy                 batch metrics, float64 (N, 6)
runs/ID/weights-EPOCH.npz, …        the run's files, as the store has them
runs/ID/half-EPOCH.npz              weights between the first and the last epoch, float16, in
                                    place of weights-EPOCH.npz; since version 3
sweeps/ID.json                      what a sweep varied, and which runs are its own; since version 2
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from digitlab.messages import LabError
from digitlab.progress import BatchMetrics
from digitlab.records import RunId

FORMAT = "digitlab-luggage"  # as the first zips have it
VERSION = 3
OLDEST_VERSION = 1  # that is still loaded

MEGABYTE = 1_000_000
LARGEST = 200 * MEGABYTE  # bytes of the whole zip
LARGEST_UNPACKED = 260 * MEGABYTE  # networks hardly get smaller
LARGEST_RATIO = 100  # of a member that unpacks to more than a megabyte
MOST_MEMBERS = 20_000
MOST_RUNS = 1_000
MOST_BATCHES = 50_000  # of one run; a longer run takes evenly spaced ones along
LARGEST_JSON = 1 * MEGABYTE
# What a file may hold beside its numbers: the headers of its arrays and of the zip that it is.
OVERHEAD = 200_000

MANIFEST = "manifest.json"
DRAWINGS = "drawings.json"
PICTURES = "drawings.npy"
RECORD = "run.json"
BATCHES = "batches.npy"
BATCH_COLUMNS = BatchMetrics.__struct_fields__

RUN_ID = re.compile(r"[0-9a-f]{16}")
_FILES = r"(?:weights|half|reading)-\d{3}\.npz|kernels-\d{3}\.npy|probabilities\.npy|optimizer\.npz"
_RUN_FILE = re.compile(_FILES, re.ASCII)
MEMBER = re.compile(
    rf"manifest\.json|drawings\.json|drawings\.npy"
    rf"|runs/{RUN_ID.pattern}/(?:run\.json|batches\.npy|{_FILES})"
    rf"|sweeps/{RUN_ID.pattern}\.json",
    re.ASCII,
)


class ListedRun(Struct, frozen=True, forbid_unknown_fields=True):
    """A run that the manifest names, and how many of its files did not fit."""

    id: RunId
    left_out: int


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """The file ``manifest.json``; ``packed`` is when, in seconds since the epoch."""

    format: str
    version: int
    packed: float
    runs: Annotated[tuple[ListedRun, ...], Meta(max_length=MOST_RUNS)]


Progress = Callable[[float], None]  # told the part that is done, from 0 to 1


class ArchiveError(LabError):
    """A zip, or a part of one, that is not loaded; the sentence says why."""


@dataclass(frozen=True)
class RunFile:
    """What a file of a run is: its kind ("weights", "kernels" …), and its epoch if it has one."""

    kind: str
    epoch: int | None


def run_file(name: str) -> RunFile | None:
    """What the file ``name`` of a run is; None for one that is not packed."""
    if not _RUN_FILE.fullmatch(name):
        return None
    kind, _, epoch = name.partition(".")[0].partition("-")
    return RunFile(kind, int(epoch) if epoch else None)


def path_of(run_id: str, name: str) -> str:
    """The member in which a run's file is packed."""
    return f"runs/{run_id}/{name}"
