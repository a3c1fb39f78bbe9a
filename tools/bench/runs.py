"""``bench runs``: how long the server works on the Runs page of somebody with 1,000 runs."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from digitlab.layers import layers_of
from digitlab.messages import message
from digitlab.network import Network
from digitlab.presets import PRESETS
from digitlab.progress import BatchMetrics, EpochMetrics, ExecutionSettings, Outcome, Untrained
from digitlab.store import DataSetInfo, Run, Status, Store
from tools.bench import server as bench_server
from tools.bench.server import Server

RUNS, EPOCHS, REPORTS = 1_000, 10, 19  # 190 metric rows of batches and 10 of epochs a run

_ME = "bench-" + "r" * 16
_ROUNDS = 10
_REST = 1_500  # milliseconds until nothing moves any more
_ROW = 35  # pixels of a table's row; the table is drawn on a canvas
_DIGITS = DataSetInfo("sample", "f" * 64, 3_200, 800, 1_000)
_CONFIGS = list(PRESETS.values())


def measure() -> dict[str, Any]:
    """Milliseconds that the server works: on the page and the table, and on what is done there.

    The first ones are anybody's first visit to that server.

    Raises:
        LabError: there is no Chromium, or Playwright is not installed.
    """
    with tempfile.TemporaryDirectory() as home, bench_server.page() as page:
        fill(Store(Path(home)))
        with bench_server.running(Path(home), "sample") as server:
            found = _visit(page, server)
    rows = RUNS * EPOCHS * (REPORTS + 1)
    return {"runs": {"runs": RUNS, "metric_rows": rows} | found}


def fill(store: Store, count: int = RUNS, owner: str = _ME) -> None:
    """Put ``count`` finished runs into a store, with their metrics and the weights of two epochs.

    What they measured is made up; the store and the page do with it what they do with any.
    """
    layers = layers_of(dataclasses.replace(PRESETS["mlp-128"], units1=4))
    shapes = {layer.name: layer.kernel_shape for layer in layers if layer.parameters}
    zeros = {
        name: (np.zeros(shape, np.float32), np.zeros(shape[-1], np.float32))
        for name, shape in shapes.items()
    }
    weights = Network(layers, zeros).to_bytes()
    for number in range(count):
        run = _run(number, owner)
        files = store.folder / f"files-{number}"
        files.mkdir(parents=True)
        for epoch in (0, EPOCHS):
            (files / f"weights-{epoch:03d}.npz").write_bytes(weights)
        name = f"Run {number}" if number % 3 == 0 else ""
        epochs, batches = _metrics(number)
        store.restore(run, run.id, (name, number % 50 == 0), epochs, batches, files)


def _run(number: int, owner: str) -> Run:
    config = dataclasses.replace(_CONFIGS[number % len(_CONFIGS)], seed=number + 1)
    began = time.time() - 60.0 * number
    return Run(
        id=f"{number:016x}",
        owner=owner,
        engine="bench",
        status=Status.FINISHED,
        reason=message("All {epochs} epochs were trained.", epochs=EPOCHS),
        stop=False,
        config=config,
        preset=None,
        parameters=1_000 * number,
        digits=_DIGITS,
        execution=ExecutionSettings(),
        untrained=Untrained(2.3, 0.1),
        outcome=Outcome("finished", EPOCHS, EPOCHS, False, 30.0, 20_000.0),
        created=began,
        started=began,
        ended=began + 30.0,
        origin=None,
        frozen=False,
    )


def _metrics(number: int) -> tuple[list[EpochMetrics], list[BatchMetrics]]:
    share = number / RUNS
    epochs = [
        EpochMetrics(epoch, True, share / epoch, share, share, share, share, share, 3.0, 3_200)
        for epoch in range(1, EPOCHS + 1)
    ]
    batches = [
        BatchMetrics(epoch, step, REPORTS, share, share, 20_000.0)
        for epoch in range(1, EPOCHS + 1)
        for step in range(1, REPORTS + 1)
    ]
    return epochs, batches


def _visit(page: Any, server: Server) -> dict[str, Any]:
    pages, tables = [], []
    for _ in range(_ROUNDS + 1):
        server.forget()
        page.goto(f"{server.address}/runs?me={_ME}&lang=en")
        table = page.get_by_test_id("stDataFrame").first
        table.wait_for()
        page.wait_for_timeout(_REST)
        pages.append(sum(server.worked("page runs")))
        tables.append(sum(server.worked("runs")))

    def worked(act: Callable[[], None]) -> float:
        server.forget()
        act()
        page.wait_for_timeout(_REST)
        return sum(server.work())

    def find(text: str) -> None:
        page.get_by_label("Find").fill(text)
        page.get_by_label("Find").press("Enter")

    def tick(number: int) -> None:
        page.mouse.click(box["x"] + 14, box["y"] + _ROW * (number % 8 + 1.5))

    # Another word to find, each time.
    finds = [worked(partial(find, f"run {number}")) for number in range(_ROUNDS)]
    worked(partial(find, ""))
    # One row more each time: up to ten runs are drawn over each other.
    box = table.bounding_box()
    ticks = [worked(partial(tick, number)) for number in range(_ROUNDS)]
    return {
        "first_page_ms": round(pages[0], 1),
        "page_ms": bench_server.summary(pages[1:]),
        "first_table_ms": round(tables[0], 1),
        "table_ms": bench_server.summary(tables[1:]),
        "find_ms": bench_server.summary(finds),
        "tick_ms": bench_server.summary(ticks),
    }
