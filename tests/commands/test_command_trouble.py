"""What commands say when the disk or the database stands in the way, and how they end."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from make_run import add_run
from trouble import damage, fill, full_disk, locked, small_disk

from digitlab.__main__ import main
from digitlab.store import Store, database
from digitlab.training import speed
from tools.__main__ import main as tools_main

RUN = "0" * 16
USES_THE_STORE = {
    "train": ["train", "--set", "epochs=1"],
    "predict": ["predict", "x.png", "--model", RUN],
    "reproduce": ["reproduce", "--lesson", "mlp-128", "--images", "64", "--epochs", "1"],
    "info": ["info", "--json"],
}


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one sentence that a command ends with, which has status 3."""
    program = tools_main if arguments[0] in ("bench", "reproduce") else main
    assert program(arguments) == 3
    printed = capsys.readouterr().err.strip().splitlines()
    assert not any("Traceback" in line for line in printed)
    return printed[-1]


@pytest.mark.parametrize("command", USES_THE_STORE)
def test_a_damaged_database_is_named_and_left_as_it_is(
    command: str, lab_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Store(lab_home).database.path
    content = damage(path)

    said = told(capsys, *USES_THE_STORE[command])

    assert said.startswith(f"{path} is damaged")
    assert str(lab_home / "runs") in said
    assert path.read_bytes() == content


def test_info_prints_what_it_knows_before_it_tells_in_the_terminals_language(
    lab_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Store(lab_home).database.path
    damage(path)
    monkeypatch.setenv("DIGITLAB_LANG", "ja")
    assert main(["info", "--json"]) == 3
    printed = capsys.readouterr()
    assert json.loads(printed.out)["store"] == str(lab_home)
    assert printed.err.count("\n") == 1
    assert f"{path} は壊れているか" in printed.err


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Path.mkdir, "unable to open database file"),
        (newer, "newer Digit Lab"),
        (lambda path: path.with_name("lab.sqlite3-wal").write_bytes(b"log"), "without it"),
    ],
)
def test_other_databases_that_cannot_be_used_are_told(
    lab_home: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[Path], object],
    words: str,
) -> None:
    lab_home.mkdir()
    spoil(lab_home / "lab.sqlite3")
    said = told(capsys, "train")
    assert words in said
    assert str(lab_home / "lab.sqlite3") in said


def test_a_locked_database_is_told(
    lab_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    Store(lab_home)
    with locked(lab_home / "lab.sqlite3"):
        said = told(capsys, "train", "--set", "epochs=1")
    assert said.startswith("Another program holds the database")
    assert str(lab_home / "lab.sqlite3") in said


@pytest.mark.parametrize("command", ["train", "info"])
def test_a_disk_without_a_byte_is_told(
    command: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with small_disk(tmp_path / "small") as place:
        fill(place)
        monkeypatch.setenv("DIGITLAB_HOME", str(place))
        said = told(capsys, command)
        assert str(place) in said
        assert "Free some space" in said
        assert [path.name for path in place.iterdir() if path.name.startswith(".")] == []


def test_measurements_that_the_disk_does_not_take_are_told(
    lab_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(self: speed.Calibration) -> None:
        with full_disk(10):
            speed.save([])

    monkeypatch.setattr(speed.Calibration, "run", measured)
    assert str(lab_home / "speed.json") in told(capsys, "bench", "speed")


def test_a_run_that_cannot_be_read_is_told(
    lab_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Store(lab_home)
    run = add_run(store).id
    with store.database.change() as change:
        change.execute("UPDATE runs SET config = '{'")
    assert main(["predict", "x.png", "--model", run]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_reading_with_the_bundled_model_needs_no_database(
    lab_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(Store(lab_home).database.path)
    assert main(["predict", "nowhere.png"]) == 1
    assert "There is no such file" in capsys.readouterr().out
