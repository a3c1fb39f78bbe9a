"""A person's work is written into one zip, in bounded memory and of bounded size.

Settings, metrics and names always go in; batch metrics take half of what a zip may unpack to, and
are thinned where there are more. Files follow as far as they fit, in the order of what is missed
most: the last weights, what the pictures need, the first weights, the optimizer's memory, the
weights in between.

Unless every file is asked for, of the weights in between a few evenly spaced ones are packed,
rounded to float16: what is drawn of them is the same. What a run goes on from, its last weights
and its optimizer's memory, is exact. Kernels within exact weights are not packed a second time.
"""

from __future__ import annotations

import shutil
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
from msgspec.structs import replace

from digitlab.archive import record, sweep_record
from digitlab.archive.files import batch_table, half
from digitlab.archive.form import (
    BATCH_COLUMNS,
    BATCHES,
    DRAWINGS,
    FORMAT,
    LARGEST,
    LARGEST_RATIO,
    LARGEST_UNPACKED,
    MANIFEST,
    MEGABYTE,
    MOST_BATCHES,
    MOST_MEMBERS,
    MOST_RUNS,
    PICTURES,
    RECORD,
    VERSION,
    ListedRun,
    Manifest,
    Progress,
    path_of,
    run_file,
)
from digitlab.config import IMAGE_SIZE
from digitlab.messages import Message, message
from digitlab.network import ModelFileError, Network
from digitlab.records import DrawingFields, values_of
from digitlab.store import Store
from digitlab.store.library import Library, RunSummary
from digitlab.store.run_files import npy
from digitlab.store.saved_drawings import SavedDrawings
from digitlab.sweeps import Sweeps

_MEMBER_BYTES = 300  # of a member beside its data: its two headers and its two names
_RESERVE = 1_000_000  # for the manifest and the end
_CHUNK = 1_000_000
_LARGEST_DEFLATED = 1_000_000  # bytes; larger files are weights, which are noise to it
_PAYS = 0.95  # deflate is for what it makes smaller than this, as a sample of its middle shows
_SAMPLE = 65_536  # bytes
_BETWEEN = 4  # epochs between the first and the last whose weights are packed
_SHARE_OF_WEIGHTS, _SHARE_OF_OTHERS, _SHARE_OF_BATCHES = 0.92, 0.5, 0.4
_RECORD_BYTES = 1_500
_ROW = 8 * len(BATCH_COLUMNS)  # bytes


@dataclass(frozen=True)
class Packed:
    """What a zip holds, and how many runs and files were left out of it for its size.

    Of ``thinned`` runs only evenly spaced batch metrics went in.
    """

    runs: int = 0
    drawings: int = 0
    sweeps: int = 0
    runs_left_out: int = 0
    files_left_out: int = 0
    thinned: int = 0

    def left_out(self) -> list[Message]:
        """What is not in it, in sentences."""
        runs = message(
            "A zip has room for {most} runs: pinned and newer ones went in, {count} did not.",
            most=MOST_RUNS,
            count=self.runs_left_out,
        )
        files = message(
            "A zip has at most {most} MB, so {count} files were left out, weights of epochs in "
            "between before all others. The last weights went in first, then what the pictures "
            "need; pinned and newer runs before the others.",
            most=LARGEST // MEGABYTE,
            count=self.files_left_out,
        )
        curves = message(
            "The curves of {runs} runs have more points between the epochs than fit: evenly spaced "
            "ones went in.",
            runs=self.thinned,
        )
        told = ((runs, self.runs_left_out), (files, self.files_left_out), (curves, self.thinned))
        return [sentence for sentence, count in told if count]


@dataclass(frozen=True)
class _File:
    """A file of a run that may be packed; lower ``rank`` goes first."""

    rank: int
    run: str
    name: str
    path: Path
    size: int
    halved: bool = False

    @property
    def member(self) -> str:
        """What it is called in the zip."""
        name = self.name.replace("weights-", "half-") if self.halved else self.name
        return path_of(self.run, name)


def pack(
    library: Library,
    drawings: SavedDrawings,
    sweeps: Sweeps,
    owner: str,
    target: BinaryIO,
    progress: Progress,
    *,
    exact: bool = False,
) -> Packed:
    """Write a person's runs, drawings and sweeps, the bin's runs not, as a zip into ``target``.

    Args:
        library: the runs of the lab.
        drawings: the kept drawings of the lab.
        sweeps: the sweeps of the lab.
        owner: whose work it is.
        target: an empty file that is open for reading and writing.
        progress: told the part that is done, from 0 to 1.
        exact: whether every file is packed as it is.
    """
    summaries = library.summaries(owner)
    taken = _taken(summaries)
    ids = {summary.run.id for summary in taken}
    kept = drawings.of(owner)
    with zipfile.ZipFile(target, "w") as archive:
        pictures = [drawing.digit for drawing in kept]
        told = [values_of(DrawingFields, drawing) for drawing in kept]
        shaped = np.array(pictures, np.uint8).reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
        _write(archive, DRAWINGS, msgspec.json.encode(told))
        _write(archive, PICTURES, npy(shaped))

        sources, counts = library.store.sources(owner), library.store.batch_counts(owner)
        rows = _most_rows([counts.get(run, 0) for run in ids])
        for summary in taken:
            _write_numbers(archive, library, summary, sources, rows)

        swept = 0  # sweeps of which a run is taken along
        for sweep in sweeps.sweeps_of(owner):
            trials = [one for one in sweeps.trials(sweep) if one.run and one.run.id in ids]
            if trials:
                _write(archive, f"sweeps/{sweep.id}.json", sweep_record.to_json(sweep, trials))
                swept += 1

        left_out = _write_files(archive, target, _files(library, taken, exact), progress)
        # Oldest first: a run goes on from one that is loaded already.
        oldest_first = sorted((summary.run for summary in taken), key=lambda run: run.created)
        runs = tuple(ListedRun(run.id, left_out[run.id]) for run in oldest_first)
        manifest = Manifest(FORMAT, VERSION, time.time(), runs)
        _write(archive, MANIFEST, msgspec.json.encode(manifest))
    return Packed(
        runs=len(taken),
        drawings=len(kept),
        sweeps=swept,
        runs_left_out=len(summaries) - len(taken),
        files_left_out=sum(left_out.values()),
        thinned=sum(counts.get(run, 0) > rows for run in ids),
    )


def estimate(library: Library, owner: str, *, exact: bool) -> int:
    """About how many bytes ``pack`` would write, from the sizes of the files alone.

    The shares are what deflate left of 15 runs' files: weights are noise to it.
    """
    taken = _taken(library.summaries(owner))
    rows = min(sum(library.store.batch_counts(owner).values()), LARGEST_UNPACKED // 2 // _ROW)
    total = rows * _ROW * _SHARE_OF_BATCHES + len(taken) * _RECORD_BYTES
    for file in _files(library, taken, exact):
        noise = file.name.startswith(("weights", "optimizer"))
        share = _SHARE_OF_WEIGHTS if noise else _SHARE_OF_OTHERS
        total += file.size * share + _MEMBER_BYTES
    return min(round(total), LARGEST)


def _taken(summaries: Sequence[RunSummary]) -> list[RunSummary]:
    return sorted(summaries, key=lambda summary: (not summary.pinned, -summary.run.created))[
        :MOST_RUNS
    ]


def _most_rows(counts: Collection[int]) -> int:
    """How many batch metrics a run may take along, so that those of all runs fit.

    Short runs leave to the long ones what they do not need.
    """
    left = LARGEST_UNPACKED // 2 // _ROW
    for done, count in enumerate(sorted(counts)):
        share = left // (len(counts) - done)
        if count > share:
            return max(1, min(share, MOST_BATCHES))
        left -= count
    return MOST_BATCHES


def _write_numbers(
    archive: zipfile.ZipFile,
    library: Library,
    summary: RunSummary,
    sources: dict[str, str],
    rows: int,
) -> None:
    """What the database knows of a run, at most ``rows`` batch metrics.

    Where it goes on from is told by its first id as well.
    """
    run, store = summary.run, library.store
    told = record.to_json(
        replace(run, origin=sources.get(run.origin, run.origin) if run.origin else None),
        source=sources.get(run.id, run.id),
        name=summary.name,
        pinned=summary.pinned,
        epochs=store.epochs(run.id),
    )
    _write(archive, path_of(run.id, RECORD), told)
    _write(archive, path_of(run.id, BATCHES), npy(batch_table(store.batches(run.id), rows)))


def _files(library: Library, taken: Sequence[RunSummary], exact: bool) -> list[_File]:
    """The files of all runs, what is missed most first."""
    found = [file for summary in taken for file in _files_of(library.store, summary.run.id, exact)]
    return sorted(found, key=lambda file: file.rank)  # keeps the order of the runs


def _files_of(store: Store, run_id: str, exact: bool) -> Iterator[_File]:
    weights = store.epochs_kept(run_id, "weights")
    first, last = min(weights, default=0), max(weights, default=0)
    between = _evenly([epoch for epoch in weights if epoch not in (first, last)])
    for name in store.files(run_id):
        path = store.folder / "runs" / run_id / name
        what = run_file(name)
        if what is None or not path.is_file():
            continue
        size, at_an_end = path.stat().st_size, what.epoch in (first, last)
        rank = 3 if what.kind == "optimizer" else 1
        if what.kind == "weights":
            rank = {first: 2, last: 0}.get(what.epoch or 0, 4)
        halved = not exact and what.kind == "weights" and not at_an_end
        if halved and what.epoch not in between:
            continue
        if not exact and what.kind == "kernels" and weights and at_an_end:
            continue  # they are within the exact weights
        yield _File(rank, run_id, name, path, size // 2 if halved else size, halved)


def _evenly(epochs: Sequence[int]) -> set[int]:
    """At most ``_BETWEEN`` of some epochs, evenly spaced."""
    step = (len(epochs) + 1) / (_BETWEEN + 1)
    if len(epochs) <= _BETWEEN:
        return set(epochs)
    return {epochs[round(step * (number + 1)) - 1] for number in range(_BETWEEN)}


def _write_files(
    archive: zipfile.ZipFile, target: BinaryIO, files: Sequence[_File], progress: Progress
) -> Counter[str]:
    """Write the files that fit; returns how many of each run did not."""
    left_out: Counter[str] = Counter()
    total, done = max(1, sum(file.size for file in files)), 0
    unpacked = sum(info.file_size for info in archive.infolist())
    for file in files:
        members = len(archive.namelist()) + 2
        needed = target.tell() + file.size + members * _MEMBER_BYTES + _RESERVE
        fits = needed <= LARGEST and unpacked + file.size + _RESERVE <= LARGEST_UNPACKED
        if fits and members < MOST_MEMBERS and _copy(archive, file):
            unpacked += file.size
        else:
            left_out[file.run] += 1
        done += file.size
        progress(min(1.0, done / total))
    return left_out


def _copy(archive: zipfile.ZipFile, file: _File) -> bool:
    """Copy a file; False where it is gone, because the run was deleted or the disk was full.

    Weights that are to be rounded do not go in where they are broken, or have grown too large.
    """
    try:
        source = file.path.open("rb")
    except FileNotFoundError:
        return False
    with source:
        if file.halved:
            try:
                data = half(Network.load(source.read()))
            except ModelFileError:
                return False
            if data is not None:
                _write(archive, file.member, data)
            return data is not None
        if file.size <= _LARGEST_DEFLATED:
            _write(archive, file.member, source.read())
        else:
            with archive.open(zipfile.ZipInfo(file.member), "w") as member:
                shutil.copyfileobj(source, member, _CHUNK)
    return True


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Deflated, unless that does not pay or would look like a bomb, as many equal drawings do."""
    middle = data[len(data) // 2 :][:_SAMPLE] if len(data) > 2 * _SAMPLE else data
    pays = len(zlib.compress(middle, 1)) <= _PAYS * len(middle)
    if len(data) > MEGABYTE and pays:
        pays = 2 * len(data) <= LARGEST_RATIO * len(zlib.compress(data))
    kind = zipfile.ZIP_DEFLATED if pays else zipfile.ZIP_STORED
    archive.writestr(zipfile.ZipInfo(name), data, kind)
