"""What the tests share: where the data is, and a lab folder of a test's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from digitlab import dataset

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side, a file stays with one process, and all browser tests stay with one."""
    for item in items:
        browser = item.get_closest_marker("browser") is not None
        group = "browser" if browser else item.nodeid.partition("::")[0]
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def _main_program() -> Iterator[None]:
    """AppTest leaves its page as the main program, and a worker process would run it again."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with full MNIST and the pen strokes; it is beside the project, not in it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the data is not beside the project")
    return SHARED_DATA


@pytest.fixture
def lab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty lab folder on the bundled sample, in a process that has read nothing yet."""
    home = tmp_path / "lab"
    monkeypatch.setenv("DIGITLAB_HOME", str(home))
    monkeypatch.setenv("DIGITLAB_MNIST", "sample")
    dataset.forget()
    yield home
    dataset.forget()
