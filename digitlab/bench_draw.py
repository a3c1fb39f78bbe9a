"""``bench draw``: from pen-up to new bars, in a real Chromium on a real server."""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from digitlab.examples import EXAMPLES
from digitlab.messages import LabError, message

_ROOT = Path(__file__).parents[1]
_ROUNDS = 20
_PATIENCE = 120.0  # seconds for a server or a first page
_ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

# Waits in the page itself for the heading above the sheet to say something else.
_NEXT_ANSWER = """
before => new Promise(resolve => {
  const said = () => document.querySelector('h2')?.innerText ?? '';
  const look = () => said() && said() !== before ? resolve(performance.now())
                                                 : requestAnimationFrame(look);
  look();
})
"""


def measure() -> dict[str, Any]:
    """Milliseconds from pen-up to the new answer, and of them the server's part of the rerun.

    The pen draws each of the hard examples in turn on a cleared sheet. ``pen_up_ms`` includes the
    200 ms that the canvas itself waits; ``server_ms`` is the time between the browser's message and
    the server's last answer to it.

    Raises:
        LabError: there is no Chromium, or Playwright is not installed.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        raise LabError(
            message(
                "This measures in a browser: install Chromium and the packages in "
                "requirements-dev.txt."
            )
        )
    with _server() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_ARGUMENTS))
        page = browser.new_page(viewport={"width": 1280, "height": 1000}, locale="en-US")
        page.set_default_timeout(1000 * _PATIENCE)
        times = _draw_and_time(page, address)
        browser.close()
    return {"draw": {name: _summary(values) for name, values in times.items()}}


def _draw_and_time(page: Any, address: str) -> dict[str, list[float]]:
    traffic = _Traffic(page)
    page.goto(f"{address}/draw")
    page.wait_for_selector("canvas")
    page.wait_for_selector(".js-plotly-plot .main-svg")
    times: dict[str, list[float]] = {"pen_up_ms": [], "server_ms": []}
    for number in range(_ROUNDS + 1):
        strokes = list(EXAMPLES.values())[number % len(EXAMPLES)].on_canvas(1.0)
        page.get_by_role("button", name="delete Clear").or_(
            page.locator("button").filter(has_text="Clear")
        ).first.click()
        page.wait_for_function("() => !document.querySelector('h2')")
        page.wait_for_timeout(700)
        waited, served = _one_drawing(page, strokes, traffic)
        if number:  # the first one warms the caches
            times["pen_up_ms"].append(waited)
            times["server_ms"].append(served)
    return times


def _one_drawing(page: Any, strokes: Any, traffic: _Traffic) -> tuple[float, float]:
    """Draw all strokes; time the answer to the first, which is alone on the sheet."""
    canvas = page.locator("canvas").last
    canvas.wait_for(state="visible")
    box = canvas.bounding_box()
    points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in strokes[0]]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    traffic.clear()
    start = page.evaluate("() => performance.now()")
    page.mouse.up()
    end = page.evaluate(_NEXT_ANSWER, "")
    page.wait_for_timeout(300)
    return end - start, traffic.served()


class _Traffic:
    """When the page's web socket sent and received, seconds."""

    def __init__(self, page: Any) -> None:
        self.sent: list[float] = []
        self.received: list[float] = []
        page.on("websocket", self._follow)

    def _follow(self, socket: Any) -> None:
        socket.on("framesent", lambda _: self.sent.append(time.perf_counter()))
        socket.on("framereceived", lambda _: self.received.append(time.perf_counter()))

    def clear(self) -> None:
        """Forget what went by."""
        self.sent.clear()
        self.received.clear()

    def served(self) -> float:
        """Milliseconds from the first message sent to the last one received."""
        return 1000 * (self.received[-1] - self.sent[0]) if self.sent and self.received else 0.0


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 1),
        "rounds": len(ordered),
    }


@contextmanager
def _server() -> Iterator[str]:
    """A server of its own with an empty lab folder, on the sample."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "streamlit_app.py",
             "--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}",
             "--server.fileWatcherType=none"],
            cwd=_ROOT, env=os.environ | {"DIGITLAB_HOME": home, "DIGITLAB_MNIST": "sample"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield _answering(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            process.wait(timeout=30)


def _answering(address: str) -> str:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                return address
        except OSError:
            time.sleep(0.2)
    raise LabError(message("The server did not start."))
