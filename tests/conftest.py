"""What the tests share: where the data is, and a lab folder of a test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from digitlab import dataset

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


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
