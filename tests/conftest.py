"""What the tests share: where the data is, and a lab folder of a test's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from digitlab import dataset

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser tests come last: they need a machine that does little else."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Side by side, a file stays in one process, and all that needs a browser stays in one."""
    from xdist.scheduler import LoadFileScheduling

    class OneBrowser(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            return "tests/browser" if file.startswith("tests/browser/") else file

    return OneBrowser(config, log)


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
    """An empty lab folder on the bundled sample, in a process that has read nothing yet.

    An engine of it has one worker.
    """
    home = tmp_path / "lab"
    monkeypatch.setenv("DIGITLAB_WORKERS", "1")
    monkeypatch.setenv("DIGITLAB_HOME", str(home))
    monkeypatch.setenv("DIGITLAB_MNIST", "sample")
    dataset.forget()
    yield home
    dataset.forget()


@pytest.fixture(scope="module")
def command_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A lab folder for one file, on the sample and in English, for every process it starts.

    An engine of it has one worker, so that runs wait for one another.
    """
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DIGITLAB_SCHEDULER", "DIGITLAB_LANG", "LC_ALL", "LC_MESSAGES"):
            patch.delenv(name, raising=False)
        patch.setenv("DIGITLAB_HOME", str(folder))
        patch.setenv("DIGITLAB_MNIST", "sample")
        patch.setenv("DIGITLAB_WORKERS", "1")
        patch.setenv("LANG", "en_US.UTF-8")
        dataset.forget()
        yield folder
        dataset.forget()
