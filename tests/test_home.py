from pathlib import Path

import pytest
from platformdirs import user_data_path

from digitlab.disk import StorageError
from digitlab.home import home


def refused(folder: str) -> None:
    """A page is told of no folder; the terminal is told which, and what to do."""
    with pytest.raises(StorageError, match="cannot be written") as raised:
        home()
    assert "/" not in str(raised.value.on_page)
    told = str(raised.value.message)
    assert folder in told
    assert "set DIGITLAB_HOME to another folder" in told


def test_the_named_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / "a" / "lab"))
    assert home() == tmp_path / "a" / "lab"
    assert home().is_dir()


def test_a_relative_folder_stays_the_same_folder_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_HOME", "lab")
    monkeypatch.chdir(tmp_path)
    assert home() == tmp_path / "lab"


def test_without_a_name_it_is_the_users_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_HOME", "")
    for variable in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert home() == user_data_path("digitlab")
    assert home().is_dir()


@pytest.mark.parametrize("name", ["file", "file/lab"])
def test_a_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / name))
    refused(str(tmp_path / name))


def test_a_folder_that_is_read_only_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    read_only = Path("/proc/self")  # not even an administrator can write here
    if not read_only.is_dir():
        pytest.skip("this system has no /proc")
    monkeypatch.setenv("DIGITLAB_HOME", str(read_only / "lab"))
    refused("/proc/self/lab")
