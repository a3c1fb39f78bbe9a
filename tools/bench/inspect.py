"""``bench inspect``: how long the server works on the Inspect page, cold, and at a click."""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from digitlab import dataset, models
from digitlab.config import DIGITS
from digitlab.dataset import DigitSet
from digitlab.layers import parameter_count
from digitlab.messages import LabError, message
from digitlab.network import Network
from digitlab.presets import PRESETS
from digitlab.store import DataSetInfo, Status, Store
from digitlab.store.run_files import npy, packed_predictions
from tools.bench import server as bench_server
from tools.bench.server import Server

_PRESET = "cnn-keras"
_CLICKS = 10
_SESSIONS = 5
_REST = 700  # milliseconds until nothing moves any more
_PLACE = ".barlayer .point path"
_STEP_UP = "stNumberInputStepUp"
_CLICKED = ("filters", "maps", "hand", "misread", "confusion", "confidence", "runs", "journey")
_VIEWS = (*_CLICKED, "digits")


def measure() -> dict[str, Any]:
    """Milliseconds that the server works, and megabytes for each session.

    A run of ``cnn-keras`` on the data set in use is looked at, see ``store_run``; another one is
    there to compare it with.

    Raises:
        LabError: there is no Chromium, or Playwright is not installed.
    """
    digits = dataset.current().digits
    with tempfile.TemporaryDirectory() as home, bench_server.page() as page:
        store_run(Path(home), digits, own=0.5)
        run = store_run(Path(home), digits)
        with bench_server.running(Path(home), str(digits.path)) as server:
            found = _visit(page, server, run)
    return {"inspect": {"dataset": digits.name, "test_samples": len(digits.y_test)} | found}


def store_run(home: Path, digits: DigitSet, *, own: float = 1.0) -> str:
    """A finished run with the files that a worker leaves, made of the second bundled network.

    Its weights stand for every epoch. What it reads is real at the end, or such a share of it is
    its ``own`` and the rest are guesses; its first epochs have guessed.
    """
    store, network = Store(home), models.mnist_only()
    count = len(digits.y_test)
    guesses = np.random.default_rng(0).dirichlet(np.ones(DIGITS), count).astype(np.float32)
    config, test = PRESETS[_PRESET], own * network.predict(digits.x_test) + (1 - own) * guesses
    parts = DataSetInfo(digits.name, digits.fingerprint, len(digits.y_train), 0, count)
    run = store.add("bench", "none", config, _PRESET, parameter_count(network.layers), parts)
    kernel = np.asarray(network.weights[network.layers[0].name][0], np.float32)
    for epoch in range(config.epochs + 1):
        weights = Network(network.layers, network.weights, {"epoch": epoch}).to_bytes()
        predictions = packed_predictions(guesses if epoch < 2 else test)
        store.keep(run.id, f"weights-{epoch:03d}.npz", weights)
        store.keep(run.id, f"kernels-{epoch:03d}.npy", npy(kernel))
        store.keep(run.id, f"reading-{epoch:03d}.npz", predictions)
    store.keep(run.id, "probabilities.npy", npy(test))
    store.start(run.id)
    store.end(run.id, Status.FINISHED, run.reason)
    return run.id


def _visit(page: Any, server: Server, run: str) -> dict[str, Any]:
    address = f"{server.address}/inspect?run={run}"
    page.goto(address)  # the first time that anybody opens the page, everything on it counted
    figures: dict[str, Any] = {"first_view_ms": round(_worked(server, "page inspect"), 1)}
    for view in _VIEWS:
        figures[f"{view}_ms"] = _opened(page, server, f"{address}&view={view}", view)
    # All feature maps of one sample after the other.
    _open_picture(page, f"{address}&view=maps")
    next_sample = page.get_by_test_id(_STEP_UP).first.click
    figures["next_sample_ms"] = _answers(server, page, [next_sample] * _CLICKS)
    for view in _CLICKED:
        figures[f"{view}_click_ms"] = _clicks(page, server, f"{address}&view={view}")
    figures["session_mb"] = _session_megabytes(page, server, address)
    return figures


def _opened(page: Any, server: Server, address: str, view: str) -> dict[str, float]:
    """A view the first time, and in a second session, when what it computes is cached."""
    times = []
    for _ in range(2):
        server.forget()
        page.goto(address)
        times.append(round(_worked(server, view), 1))
        page.wait_for_timeout(_REST)
    return {"cold": times[0], "again": times[1]}


def _open_picture(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(_PLACE)
    page.wait_for_timeout(_REST)


def _clicks(page: Any, server: Server, address: str) -> dict[str, float]:
    """Clicks on the places of the view's first picture, each on another one."""
    _open_picture(page, address)
    acts = [functools.partial(_click, page, number) for number in range(1, _CLICKS + 1)]
    return _answers(server, page, acts)


def _click(page: Any, number: int) -> None:
    """Click the middle of a place; it has no colour, so Playwright's own click would wait."""
    places = page.locator(_PLACE)
    place = places.nth(number % places.count())
    place.evaluate("place => place.scrollIntoView({block: 'center'})")
    box = place.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def _answers(server: Server, page: Any, acts: Sequence[Callable[[], None]]) -> dict[str, float]:
    """Milliseconds that the server works on all that each of ``acts`` sets off.

    An act that sets nothing off, a click on what is open already, is left out.
    """
    times = []
    for act in acts:
        server.forget()
        act()
        page.wait_for_timeout(2 * _REST)
        if work := server.work():
            times.append(sum(work))
    return bench_server.summary(times)


def _worked(server: Server, part: str) -> float:
    """Wait until the server has worked on ``part``; how long it took."""
    deadline = time.monotonic() + bench_server.PATIENCE
    while time.monotonic() < deadline:
        if found := server.worked(part):
            return found[-1]
        time.sleep(0.05)
    raise LabError(message("The server did not answer."))


def _session_megabytes(page: Any, server: Server, address: str) -> float:
    """What each further session costs that has opened every view and stays open."""
    before = server.megabytes
    contexts = []
    for _ in range(_SESSIONS):
        contexts.append(page.context.browser.new_context())
        other = contexts[-1].new_page()
        for view in _VIEWS:
            server.forget()
            other.goto(f"{address}&view={view}")
            _worked(server, view)
    grown = server.megabytes - before
    for context in contexts:
        context.close()
    return round(grown / _SESSIONS, 1)
