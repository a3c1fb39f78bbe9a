"""What the page tests share: one lab folder and one engine, as a server has them."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from digitlab import dataset
from digitlab.ui import lab


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One lab folder and one engine for all pages here, as a server has them."""
    folder = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DIGITLAB_HOME", str(folder))
        environment.setenv("DIGITLAB_MNIST", "sample")
        environment.setenv("DIGITLAB_WORKERS", "1")
        # Streamlit puts a page in the place of the main program, and a worker that is started
        # later would run it: it has to leave when the page tests do.
        environment.setitem(sys.modules, "__main__", sys.modules["__main__"])
        dataset.forget()
        st.cache_resource.clear()
        yield folder
        lab.engine().close()
        st.cache_resource.clear()
        dataset.forget()


@pytest.fixture
def me() -> str:
    """The token of somebody who has not been here before."""
    return secrets.token_urlsafe(16)
