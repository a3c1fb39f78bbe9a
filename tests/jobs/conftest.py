from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from training_lab import Lab

from digitlab.store import Store


@pytest.fixture(scope="module")
def lab(command_lab: Path) -> Iterator[Lab]:
    """One lab for a file; its workers read the same settings."""
    with Lab(Store(command_lab)) as lab:
        yield lab


@pytest.fixture
def store(lab: Lab) -> Store:
    return lab.store
