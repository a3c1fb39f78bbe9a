"""``bench draw``: from pen-up to new bars, in a real Chromium on a real server."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from digitlab.drawing.examples import EXAMPLES
from tools.bench import server as bench_server

_ROUNDS = 20

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
    200 ms that the canvas itself waits; ``server_ms`` is what the server takes to read the strokes
    and to build the new answer, bars and picture.

    Raises:
        LabError: there is no Chromium, or Playwright is not installed.
    """
    with (
        tempfile.TemporaryDirectory() as home,
        bench_server.page() as page,
        bench_server.running(Path(home), "sample") as server,
    ):
        page.goto(f"{server.address}/draw")
        page.wait_for_selector("canvas")
        page.wait_for_selector(".js-plotly-plot .main-svg")
        pen_up: list[float] = []
        work: list[float] = []
        for number in range(_ROUNDS + 1):
            strokes = list(EXAMPLES.values())[number % len(EXAMPLES)].on_canvas(1.0)
            page.locator("button").filter(has_text="Clear").first.click()
            page.wait_for_function("() => !document.querySelector('h2')")
            page.wait_for_timeout(700)
            server.forget()
            waited = _one_drawing(page, strokes)
            if number:  # the first one warms the caches
                pen_up.append(waited)
                work += server.worked("draw")
    times = {"pen_up_ms": pen_up, "server_ms": work}
    return {"draw": {name: bench_server.summary(values) for name, values in times.items()}}


def _one_drawing(page: Any, strokes: Any) -> float:
    """Draw the first stroke; milliseconds until the answer to it."""
    canvas = page.locator("canvas").last
    canvas.wait_for(state="visible")
    box = canvas.bounding_box()
    points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in strokes[0]]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    start = page.evaluate("() => performance.now()")
    page.mouse.up()
    end = page.evaluate(_NEXT_ANSWER, "")
    page.wait_for_timeout(300)
    return float(end - start)
