"""A real server with an empty lab folder, and a real Chromium that looks at it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tools.bench import server as bench_server
from tools.bench.server import ARGUMENTS, CHROMIUM, start

TIMEOUT = 60_000  # milliseconds; a busy machine with two cores loads Plotly slowly


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("DIGITLAB_REQUIRE_BROWSER"):
            pytest.fail("no Chromium is installed, and this run requires the browser tests")
        pytest.skip("no Chromium is installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An English desktop browser, no page open yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, locale="en-US")
    context.set_default_timeout(TIMEOUT)
    yield context.new_page()
    context.close()


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Starts fresh servers, each with a lab folder of its own, and ends them."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one() -> str:
        address, process = serve(tmp_path / f"lab-{len(started)}")
        started.append(process)
        return address

    yield start_one
    for process in started:
        end(process)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """One server for the tests that do not mind what others did before them, and its folder."""
    home = tmp_path_factory.mktemp("lab")
    address, process = serve(home)
    yield address, home
    end(process)


@pytest.fixture(scope="module")
def server(lab: tuple[str, Path]) -> str:
    """The address of ``lab``."""
    return lab[0]


def serve(home: Path) -> tuple[str, subprocess.Popen[bytes]]:
    """A server on the sample, and its process, once it answers."""
    return start(home, "sample", DIGITLAB_WORKERS="1")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server; none of its workers may outlive it."""
    assert bench_server.end(process) == [], "a worker outlived its server"
