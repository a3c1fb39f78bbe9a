"""A real server with an empty lab folder, and a real Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
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

    def start() -> str:
        address, process = serve(tmp_path / f"lab-{len(started)}")
        started.append(process)
        return address

    yield start
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
    """A server on a port of its own, and its process, once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "streamlit_app.py",
        "--server.headless=true",
        "--server.address=127.0.0.1",
        f"--server.port={port}",
        "--server.fileWatcherType=none",
    ]
    environment = os.environ | {"DIGITLAB_HOME": str(home), "DIGITLAB_MNIST": "sample"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return address, process
        except OSError:
            time.sleep(0.2)
    end(process)
    raise TimeoutError("the server does not answer")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server as Ctrl-C does; none of its workers may outlive it."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(timeout=30)
    _, alive = psutil.wait_procs(children, timeout=15)
    for child in alive:
        child.kill()
    assert not alive, "a worker outlived its server"
