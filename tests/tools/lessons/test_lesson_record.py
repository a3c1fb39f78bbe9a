"""Runs as numbers in a file: written whole, read back equal, and refused when they are not ours."""

import json
from pathlib import Path
from typing import Any

import pytest
from lesson_results import lesson_result

from digitlab.config import RunConfig
from tools.lessons.page import Results, document
from tools.lessons.record import LessonResult, RecordError, key, read, write

SETTING = {
    "machine": {"processor": "P", "cores": 2, "python": "3.11.7"},
    "versions": {"keras": "3"},
    "images": {"name": "mnist", "fingerprint": "f", "train": 60_000, "test": 10_000},
}


def written(path: Path, *records: LessonResult, setting: dict[str, Any] = SETTING) -> Path:
    results = Results((), {key(record.config): record for record in records}, setting, "command")
    write(path, document(results))
    return path


def test_what_was_written_is_read_back_equal(tmp_path: Path) -> None:
    first = lesson_result(RunConfig(epochs=2), looks={"typeset-six": 6.0})
    second = lesson_result(RunConfig(seed=2, validation="none"), untrained=None)
    found = read(written(tmp_path / "r.json", first, second), SETTING)
    assert list(found.values()) == [first, second]
    assert found[key(first.config)] == first
    assert list(tmp_path.iterdir()) == [tmp_path / "r.json"]


def test_a_file_that_is_not_there_yet_has_no_runs(tmp_path: Path) -> None:
    assert read(tmp_path / "new.json", SETTING) == {}


def test_configurations_that_train_alike_have_one_key() -> None:
    assert key(RunConfig()) == key(RunConfig(units3=7, momentum=0.5))
    assert key(RunConfig()) != key(RunConfig(seed=2))


@pytest.mark.parametrize("name", SETTING)
def test_numbers_of_another_machine_version_or_data_set_are_not_mixed_with_ours(
    tmp_path: Path, name: str
) -> None:
    path = written(tmp_path / "r.json", setting=SETTING | {name: {"name": "other"}})
    before = path.read_bytes()
    with pytest.raises(RecordError, match=rf"another setting \({name}\). Name another file"):
        read(path, SETTING)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("config", "epochs"), 10_000),
        (("config", "depth"), 3),
        (("epochs", 0, "loss"), "low"),
        (("epochs", 0, "loss"), float("nan")),
        (("epochs", 0, "epoch"), 1.5),
        (("outcome", "ending"), "exploded"),
        (("outcome", "surprise"), 1),
        (("execution",), None),
        (("parameters",), True),
        (("looks",), [1]),
        (("ended",), None),
    ],
)
def test_a_record_that_is_none_is_refused_by_the_files_name(
    tmp_path: Path, path: tuple[Any, ...], value: Any
) -> None:
    file = written(tmp_path / "r.json", lesson_result(RunConfig()))
    data = json.loads(file.read_text())
    place = data["runs"][0]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    file.write_text(json.dumps(data))
    with pytest.raises(RecordError, match=r"r.json is not a file of results"):
        read(file, SETTING)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "{}", '{"runs": 3}', "[" * 100_000])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(RecordError, match="not a file of results"):
        read(tmp_path / "r.json", SETTING)


def test_a_binary_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(b"\x89PNG\r\n\xff\xfe")
    for path in (tmp_path / "r.json", tmp_path):
        with pytest.raises(RecordError, match="not a file of results"):
            read(path, SETTING)


def test_a_place_that_cannot_be_written_is_said_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "nowhere" / "r.json", tmp_path / "folder"):
        with pytest.raises(RecordError, match="cannot be written"):
            write(path, "text")
    assert list(tmp_path.iterdir()) == [tmp_path / "folder"]
