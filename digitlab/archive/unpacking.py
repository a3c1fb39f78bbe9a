"""A zip with somebody's work is loaded here: nothing is trusted, each run is loaded whole or not.

A loaded run gets a new id and belongs to the person who loads it. The id that it had where it was
trained is remembered: a run that its owner has already is passed over, unless the zip has more
epochs of it. Nothing that is there is changed.
"""

from __future__ import annotations

import functools
import logging
import secrets
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from msgspec.structs import asdict, replace

from digitlab import broken, disk
from digitlab.archive import record, sweep_record
from digitlab.archive.fields import parse, read, wrong
from digitlab.archive.files import array, batches, clean, kernels_of, member
from digitlab.archive.form import (
    BATCHES,
    DRAWINGS,
    FORMAT,
    LARGEST_JSON,
    MANIFEST,
    OLDEST_VERSION,
    PICTURES,
    RECORD,
    RUN_ID,
    VERSION,
    ArchiveError,
    Manifest,
    Progress,
    path_of,
)
from digitlab.archive.opening import not_whole, opened
from digitlab.archive.record import RunRecord
from digitlab.archive.sweep_record import SweepRecord
from digitlab.config import IMAGE_SIZE
from digitlab.disk import StorageError
from digitlab.messages import LabError, Message, message
from digitlab.records import DrawingFields, SavedDrawing
from digitlab.store import Run, StorageBusyError
from digitlab.store.library import Library
from digitlab.store.saved_drawings import MOST as MOST_DRAWINGS
from digitlab.store.saved_drawings import SavedDrawings
from digitlab.sweeps import Sweeps

log = logging.getLogger(__name__)

# So many runs may one person have in a lab; a loaded zip does not go past it.
MOST_OF_ONE = 3_000
_DAY = 86_400.0  # seconds by which a clock elsewhere may be ahead
_SHORT = 6  # characters of an id that a sentence shows


@dataclass
class Unpacked:
    """What came of a zip: the new ids, how many were here already, and what was refused, why.

    ``without_weights`` counts loaded runs whose weights the disk had no room for.
    """

    runs: list[str] = field(default_factory=list)
    known: int = 0
    drawings: int = 0
    sweeps: int = 0
    without_weights: int = 0
    refused: list[Message] = field(default_factory=list)


def unpack(
    source: BinaryIO,
    library: Library,
    drawings: SavedDrawings,
    sweeps: Sweeps,
    owner: str,
    progress: Progress,
) -> Unpacked:
    """Load the runs, drawings and sweeps of a zip for ``owner``.

    Args:
        source: the zip, open for reading.
        library: the runs of the lab.
        drawings: the kept drawings of the lab.
        sweeps: the sweeps of the lab.
        owner: whose all that is loaded will be.
        progress: told the part that is done, from 0 to 1.

    Raises:
        ArchiveError: the whole zip is refused; then nothing was loaded.
        StorageError: the database is locked or damaged; the runs that were loaded by then stay.
    """
    with opened(source) as archive:
        runs = _runs(archive)
        loading = _Loading(archive, runs, library, owner)
        for number, run in enumerate(runs):
            loading.load(run)
            progress((number + 1) / len(runs))
        loading.note_unlisted()
        loading.load_drawings(drawings)
        loading.load_sweeps(sweeps)
    lost = library.keep_within()
    loading.told.without_weights = len(set(lost) & set(loading.told.runs))
    return loading.told


def _runs(archive: zipfile.ZipFile) -> list[str]:
    """The ids of the runs that the manifest names, in its order.

    Raises:
        ArchiveError: there is no manifest, it is of another version, or broken.
    """
    if MANIFEST not in archive.namelist():
        raise ArchiveError(not_whole())
    try:
        about = _json(archive, MANIFEST)
    except LabError:
        raise
    except Exception as error:  # zip and its compressions have errors of their own
        broken.note(error, f"{MANIFEST} of a zip")
        raise ArchiveError(not_whole()) from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise ArchiveError(not_whole())
    version = about.get("version")
    if type(version) is not int or not OLDEST_VERSION <= version <= VERSION:
        shown = str(version) if type(version) is int and abs(version) < 10**9 else "?"
        raise ArchiveError(
            message(
                "This zip is of version {version}; this lab loads version {ours}. Load it in a "
                "lab that is as new as the one that packed it.",
                version=shown,
                ours=VERSION,
            )
        )
    runs = [run.id for run in read(Manifest, about).runs]
    if len(set(runs)) != len(runs):
        raise ArchiveError(not_whole())
    return runs


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    info = member(archive, name)
    if info.file_size > LARGEST_JSON:
        raise ArchiveError(message("it has more than {most} bytes.", most=f"{LARGEST_JSON:,}"))
    return parse(archive.read(info))


class _Loading:
    """One zip on its way into the store, run by run."""

    def __init__(
        self, archive: zipfile.ZipFile, listed: Sequence[str], library: Library, owner: str
    ) -> None:
        self.archive, self.library, self.store, self.owner = archive, library, library.store, owner
        self.told = Unpacked()
        self.listed = frozenset(listed)
        sources = self.store.sources(owner)
        # This person's runs by the id that each had first; of copies, the one that went on.
        ordered = sorted(sources, key=lambda run: len(self.store.epochs(run)))
        self.here = {sources[run]: run for run in ordered}
        self.count = len(sources)
        self.renamed: dict[str, str] = {}  # ids in the zip, and what they are here
        self.members: dict[str, list[str]] = {}
        for name in archive.namelist():
            run, _, file = name.removeprefix("runs/").partition("/")
            self.members.setdefault(run, []).append(file)

    def load(self, run_id: str) -> None:
        """Load a run, or note by name what is wrong with it.

        Raises:
            StorageBusyError: another process holds the database; what was loaded stays.
        """
        with self._noting():
            with _naming_run(run_id[:_SHORT], RECORD):
                packed = record.from_json(_json(self.archive, path_of(run_id, RECORD)))
            here = self.here.get(packed.source)
            if here is None or len(self.store.epochs(here)) < len(packed.epochs):
                self._restore(packed, packed.run(run_id))
            else:
                self.told.known += 1
                self.renamed[run_id] = here

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """What is wrong with the zip is noted; a busy database ends the loading."""
        try:
            yield
        except StorageBusyError:
            raise  # a thousand runs would wait in vain one after the other
        except LabError as refused:
            self.told.refused.append(refused.message)

    def note_unlisted(self) -> None:
        """Note the runs of which there are files, but which the manifest does not name."""
        for run in set(filter(RUN_ID.fullmatch, self.members)) - self.listed:
            why = message("it does not name this run.")
            self.told.refused.append(_of_run(run[:_SHORT], MANIFEST, why))

    def _restore(self, packed: RunRecord, run: Run) -> None:
        naming = functools.partial(_naming_run, packed.name or run.id[:_SHORT])
        if self.count >= MOST_OF_ONE:
            with naming(RECORD):
                raise ArchiveError(
                    message("you have {most} runs, which is as many as fit.", most=MOST_OF_ONE)
                )
        try:
            with disk.scratch(self.store.folder, run.id) as folder:
                self._stage(run, folder, naming)
                with naming(BATCHES):
                    reports = batches(self.archive, run)
                # What it went on from is told by the id that it had first.
                origin = self.here.get(run.origin) if run.origin else None
                ours = replace(run, id=secrets.token_hex(8), owner=self.owner, origin=origin)
                library = (packed.name, packed.pinned)
                self.store.restore(ours, packed.source, library, packed.epochs, reports, folder)
        except StorageBusyError:
            raise
        except (OSError, StorageError) as error:
            log.exception("a run could not be loaded")
            with naming(RECORD):
                raise ArchiveError(message("the lab could not write it to its disk.")) from error
        self.told.runs.append(ours.id)
        self.here[packed.source] = self.renamed[run.id] = ours.id
        self.count += 1

    def _stage(
        self, run: Run, folder: Path, naming: Callable[[str], AbstractContextManager[None]]
    ) -> None:
        """Write the run's files, each checked, into ``folder``."""
        names = [name for name in self.members[run.id] if name not in (RECORD, BATCHES)]
        for name in names:
            target = folder / name.replace("half-", "weights-")
            with naming(name):
                if target.exists():
                    raise ArchiveError(message("it is there twice."))
                data = clean(self.archive, run, name)
            target.write_bytes(data)
        for name in names:  # kernels that are packed within exact weights alone
            if name.startswith("weights-"):
                target = folder / name.replace("weights-", "kernels-").replace(".npz", ".npy")
                kernels = kernels_of((folder / name).read_bytes(), run)
                if kernels is not None and not target.exists():
                    target.write_bytes(kernels)

    def load_drawings(self, drawings: SavedDrawings) -> None:
        """Load the kept drawings, or note what is wrong with them.

        Raises:
            StorageBusyError: as ``load``.
        """
        with self._noting():
            with _naming(DRAWINGS, _of_drawings):
                kept = self._drawings()
            self.told.drawings = drawings.restore(self.owner, kept)

    def _drawings(self) -> list[SavedDrawing]:
        told = _json(self.archive, DRAWINGS)
        if not isinstance(told, list) or len(told) > MOST_DRAWINGS:
            raise ArchiveError(message("it holds too many drawings, or none."))
        shape = (len(told), IMAGE_SIZE, IMAGE_SIZE)
        pictures = array(self.archive, PICTURES, shape, "|u1")
        now, kept = time.time(), []
        for number, packed in enumerate(read(list[DrawingFields], told)):
            if packed.created > now + _DAY:
                raise wrong(f"[{number}].created")
            changes = {
                "model": self.renamed.get(packed.model, packed.model),
                "created": min(packed.created, now),
            }
            known = asdict(packed) | changes
            kept.append(SavedDrawing(id=number, digit=pictures[number], **known))
        return kept

    def load_sweeps(self, sweeps: Sweeps) -> None:
        """Load the sweeps, or note what is wrong with one.

        Raises:
            StorageBusyError: as ``load``.
        """
        for name in self.archive.namelist():
            if name.startswith("sweeps/"):
                with self._noting(), _naming(name, functools.partial(_of_sweep, name)):
                    self._load_sweep(sweep_record.from_json(_json(self.archive, name)), sweeps)

    def _load_sweep(self, packed: SweepRecord, sweeps: Sweeps) -> None:
        """Group the runs of a sweep that are here now; those that are not can be trained."""
        runs = {
            which: self.renamed[run] for which, run in packed.runs.items() if run in self.renamed
        }
        for (seed, cell), run in runs.items():
            here, asked = self.store.run(run), packed.plan.config(cell, seed)
            if (here.config, here.digits.fingerprint) != (asked, packed.digits):
                raise ArchiveError(message("one of its runs was trained with other settings."))
        if not runs:
            raise ArchiveError(message("none of its runs is here."))
        self.told.sweeps += sweeps.restore(
            self.owner, packed.plan, packed.digits, packed.created, runs
        )


@contextmanager
def _naming(file: str, say: Callable[[Message], Message]) -> Iterator[None]:
    """Whatever a broken file raises becomes a sentence that names it; ``say`` is told why."""
    try:
        yield
    except StorageBusyError:
        raise  # which is no fault of the file
    except LabError as error:
        raise ArchiveError(say(error.on_page)) from error
    except Exception as error:  # zip, its compressions and NumPy have errors of their own
        broken.note(error, f"{file} of a zip")
        raise ArchiveError(say(message("it is broken."))) from error


def _naming_run(called: str, file: str) -> AbstractContextManager[None]:
    return _naming(file, functools.partial(_of_run, called, file))


def _of_run(run: str, file: str, why: Message) -> Message:
    return message(
        "Run {run} was not loaded, because of {file}: {why}", run=run, file=file, why=why
    )


def _of_sweep(file: str, why: Message) -> Message:
    return message("The sweep in {file} was not loaded: {why}", file=file, why=why)


def _of_drawings(why: Message) -> Message:
    return message("The drawings were not loaded: {why}", why=why)
