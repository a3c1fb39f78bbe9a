"""A real server and a real Chromium for the benchmarks that ask what a visitor feels."""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from digitlab.messages import LabError, message

PATIENCE = 120.0  # seconds for a server or a first page

_ROOT = Path(__file__).parents[2]
_TIMINGS = "DIGITLAB_TIMINGS"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (  # with which Chromium starts as root, and calls nobody
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Server:
    """A running lab: its address, its process, and where it writes how long it worked."""

    address: str
    process: subprocess.Popen[bytes]
    timings: Path

    def worked(self, part: str) -> list[float]:
        """Milliseconds by the clock for each time that ``part`` ran, the oldest first."""
        return [ms for name, ms in self._lines() if name == part]

    def work(self) -> list[float]:
        """The same for each script or fragment that ran, whichever it was."""
        lines = self._lines()
        # A page's own time holds that of the fragments in it, which are written before it.
        pages = [ms for name, ms in lines if name.startswith("page ")]
        return pages or [ms for _, ms in lines]

    def _lines(self) -> list[tuple[str, float]]:
        if not self.timings.exists():
            return []
        lines = map(json.loads, self.timings.read_text(encoding="utf-8").splitlines())
        return [(str(line["part"]), float(line["ms"])) for line in lines]

    def forget(self) -> None:
        """Begin the timings anew."""
        self.timings.unlink(missing_ok=True)

    @property
    def megabytes(self) -> float:
        """Memory that the process holds."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 2**20


@contextmanager
def running(home: Path, digits: str) -> Iterator[Server]:
    """A server of its own with its runs under ``home``, on the set ``digits``."""
    with tempfile.TemporaryDirectory() as folder:
        timings = Path(folder) / "timings.jsonl"
        address, process = start(home, digits, **{_TIMINGS: str(timings)})
        try:
            yield Server(address, process, timings)
        finally:
            end(process)


def start(home: Path, digits: str, **environment: str) -> tuple[str, subprocess.Popen[bytes]]:
    """A server on a free port of 127.0.0.1 and its process, once it answers.

    Raises:
        LabError: it has not answered in time.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "streamlit_app.py",
            "--server.headless=true",
            "--server.address=127.0.0.1",
            f"--server.port={port}",
            "--server.fileWatcherType=none",
        ],
        cwd=_ROOT,
        env=os.environ | {"DIGITLAB_HOME": str(home), "DIGITLAB_MNIST": digits} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address, deadline = f"http://127.0.0.1:{port}", time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return address, process
        except OSError:
            time.sleep(0.2)
    end(process)
    raise LabError(message("The server did not start."))


def end(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """End a server as Ctrl-C does; its workers that outlived it are killed and returned."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(timeout=30)
    alive: list[psutil.Process] = psutil.wait_procs(children, timeout=15)[1]
    for child in alive:
        child.kill()
    return alive


@contextmanager
def page() -> Iterator[Any]:
    """An empty page of an English desktop Chromium, by Playwright.

    Raises:
        LabError: there is no Chromium, or Playwright is not installed.
    """
    missing = message(
        "This measures in a browser: install Chromium and the packages in requirements-dev.txt."
    )
    if CHROMIUM is None:
        raise LabError(missing)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise LabError(missing) from error
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        opened = browser.new_page(viewport={"width": 1280, "height": 1000}, locale="en-US")
        opened.set_default_timeout(1000 * PATIENCE)
        yield opened
        browser.close()


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median and 95th percentile of some milliseconds, and how many they are."""
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1),
        "rounds": len(ordered),
    }
