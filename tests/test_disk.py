"""Files are written whole or not at all; what a killed process leaves goes at the next start."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from trouble import fill, full_disk, read_only, small_disk

from digitlab import disk
from digitlab.disk import StorageError
from digitlab.store import Store

ROOT = Path(__file__).parents[1]

# Everything that writes a file of the lab, in a process that is killed before the file is whole.
WRITERS = {
    "a run's file": "store.keep(run.id, 'weights-001.npz', bytes(1000))",
    "the data": "disk.write(download.mnist_file(), bytes(1000))",
    "measurements": "speed.save([])",
    "images sent to a worker": "worker.receive_digits(bytes(1000), 'f' * 64)",
    "a run in a zip": "kill_in(disk.scratch(home(), 'run'))",
    "a zip that is packed": "kill_in(archive_view._Zip().path.open('wb'))",
    "a download": "dataset.fetch(url='http://127.0.0.1:9/', sha256='0' * 64)",
}

KILLED = """
import os, signal
from pathlib import Path
import numpy as np
from digitlab import dataset, disk
from digitlab.config import RunConfig
from digitlab.dataset import download
from digitlab.home import home
from digitlab.jobs import worker
from digitlab.store import DataSetInfo, Store
from digitlab.training import speed
from digitlab.ui.runs import archive_view

def kill(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def kill_in(opened):
    with opened:
        kill()

store = Store(home())
run = store.add("ada", "e", RunConfig(), None, 1, DataSetInfo("sample", "f" * 64, 1, 1, 1))
Path.replace = kill
"""


# A server's answer of which half has come when the process dies.
HALF_A_DOWNLOAD = """
import pooch
class Half(pooch.HTTPDownloader):
    def __call__(self, address, target, asker):
        Path(target).write_bytes(bytes(1000))
        kill()
pooch.HTTPDownloader = Half
"""


@pytest.mark.parametrize("writer", WRITERS)
def test_what_a_killed_process_left_is_gone_after_the_next_start(
    writer: str, lab_home: Path
) -> None:
    code = KILLED + HALF_A_DOWNLOAD + WRITERS[writer]
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert unfinished(lab_home), "nothing was left to clean"

    Store(lab_home).remove_orphans()

    assert unfinished(lab_home) == []


def unfinished(folder: Path) -> list[str]:
    known = ("lab.sqlite3", "sample.npz")
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if not path.name.startswith(known) and (path.is_file() or path.name.startswith("."))
    ]


def test_what_a_process_that_lives_is_writing_stays(tmp_path: Path) -> None:
    with disk.writing(tmp_path / "speed.json") as partial:
        partial.write_text("half")
        assert disk.remove_unfinished(tmp_path) == 0
        assert partial.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["speed.json"]


def test_a_process_that_has_got_the_number_of_a_dead_one_is_another(tmp_path: Path) -> None:
    partial = disk.unfinished(tmp_path / "speed.json")  # with the number of this very process
    partial.write_text("half")
    os.utime(partial, (1, 1))  # before it began: in a container all servers have one number
    assert disk.remove_unfinished(tmp_path) == 1


@pytest.mark.parametrize(
    "name",
    [
        ".weights-001.npz.4194305",
        ".probabilities.npy.4194305",
        "speed.4194305",
        "sample.4194305",
        f"sent-{'a' * 64}.4194305",
        "loading-a1b2c3d4",
        "tmpa1b2c3_4",
    ],
)
def test_what_version_0_1_left_goes_too(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("half")
    os.utime(tmp_path / name, (1, 1))
    assert disk.remove_unfinished(tmp_path) == 1


@pytest.mark.parametrize(
    "name",
    ["mnist.npz", "notes.2024", ".bashrc", ".config.2024", "weights-001.npz", "lab.sqlite3-wal"],
)
def test_files_of_others_stay(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    os.utime(tmp_path / name, (1, 1))
    assert disk.remove_unfinished(tmp_path) == 0


def test_a_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "precious").write_text("stay")
    lab = tmp_path / "lab"
    lab.mkdir()
    (lab / ".x.4194305.part").symlink_to(tmp_path / "theirs")
    assert disk.remove_unfinished(lab) == 1
    assert (tmp_path / "theirs" / "precious").read_text() == "stay"


def test_what_was_there_stays_where_the_disk_takes_nothing_more(tmp_path: Path) -> None:
    disk.write(tmp_path / "a" / "file", b"before")
    with full_disk(100), pytest.raises(StorageError, match="disk is full") as raised:
        disk.write(tmp_path / "a" / "file", bytes(1000))
    assert str(tmp_path / "a" / "file") in str(raised.value.message)
    assert str(tmp_path) not in str(raised.value.on_page)
    assert [path.read_bytes() for path in (tmp_path / "a").iterdir()] == [b"before"]


def test_a_disk_without_a_byte_and_one_that_is_read_only_are_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small") as place:
        disk.write(place / "file", b"before")
        fill(place)
        with pytest.raises(StorageError) as raised:
            disk.write(place / "file", bytes(100_000))
        assert "No space left on device" in str(raised.value.message)
        read_only(place)
        with pytest.raises(StorageError) as raised:
            disk.write(place / "file", b"")
        assert "Read-only file system" in str(raised.value.message)
        assert (place / "file").read_bytes() == b"before"
        assert sorted(path.name for path in place.iterdir()) == ["file", "filler"]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    with disk.writing(tmp_path / "file") as one, disk.writing(tmp_path / "file") as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "file").read_text() == "one"


def test_a_scratch_folder_is_gone_whatever_happens(tmp_path: Path) -> None:
    def work() -> None:
        with disk.scratch(tmp_path, "run") as folder:
            (folder / "file").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert list(tmp_path.iterdir()) == []
