"""Loading a zip: what is broken in it stays out of the log, what is wrong with us goes in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from make_run import add_run
from packed_lab import ME, YOU, Lab, members_of, zip_of
from trouble import damage, full_disk, locked

from digitlab.archive import unpacking
from digitlab.config import RunConfig
from digitlab.store import DataSetInfo, Status, StorageError, database
from digitlab.store.run_files import npy

DIGITS = DataSetInfo("sample", "f" * 64, 3200, 800, 10_000)
CONFIG = RunConfig(units1=16)


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    """A zip with two runs that have a file of 400 kB."""
    here = Lab(tmp_path / "here")
    for _ in range(2):
        add_run(
            here.store,
            CONFIG,
            owner=ME,
            parameters=12_730,
            digits=DIGITS,
            files={"probabilities.npy": npy(np.full((10_000, 10), 0.1, np.float32))},
            status=Status.STOPPED,
        )
    return here.pack()[0]


@pytest.fixture
def there(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "there")


def unfinished(lab: Lab) -> list[str]:
    return [path.name for path in lab.store.folder.iterdir() if path.name.startswith(".")]


def test_a_mistake_of_ours_is_told_for_its_run_and_logged_with_its_traceback(
    there: Lab, data: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def mistake(*_: object) -> None:
        raise AttributeError("of our own")

    monkeypatch.setattr(unpacking.record, "from_json", mistake)
    told = there.unpack(data)
    assert len(told.refused) == 2
    assert all("it is broken" in str(sentence) for sentence in told.refused)
    assert [str(record.exc_info and record.exc_info[1]) for record in caplog.records] == [
        "of our own",
        "of our own",
    ]


@pytest.mark.parametrize("name", ["drawings.json", "drawings.npy", "run.json", "batches.npy"])
def test_what_is_missing_or_broken_in_a_zip_stays_out_of_the_log(
    there: Lab, data: bytes, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    members = members_of(data)
    which = next(member for member in members if member.endswith(name))
    without = {member: held for member, held in members.items() if member != which}
    assert any("it is missing" in str(why) for why in there.unpack(zip_of(without)).refused)
    there.unpack(zip_of(members | {which: b"broken"}), "z" * 22)
    assert caplog.records == []


def test_a_disk_that_takes_nothing_more_refuses_the_runs_and_keeps_no_half(
    there: Lab, data: bytes
) -> None:
    with full_disk(200_000):
        told = there.unpack(data)
    assert [str(why).endswith("could not write it to its disk.") for why in told.refused] == [
        True
    ] * 2
    assert there.store.runs_of(YOU) == []
    assert unfinished(there) == []
    assert len(there.unpack(data).runs) == 2


def test_a_locked_database_refuses_the_runs_and_keeps_no_half(
    there: Lab, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    with locked(there.store.database.path), pytest.raises(StorageError, match="busy"):
        there.unpack(data)
    assert there.store.runs_of(YOU) == []
    assert unfinished(there) == []


def test_a_damaged_database_is_told_once_for_the_whole_zip(there: Lab, data: bytes) -> None:
    damage(there.store.database.path)
    with pytest.raises(StorageError, match="cannot be read"):
        there.unpack(data)
    assert unfinished(there) == []
