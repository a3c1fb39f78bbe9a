"""Clicks on charts that find their target: it is there, and has stopped moving."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

TIMEOUT = 90  # seconds; two busy cores load Plotly slowly
PAUSE = 400  # milliseconds between two looks

# The middle of a mark, in pixels of the window.
_MARK = """(chart, number) => {
    const mark = chart.querySelectorAll('.bars .point')[number];
    if (!mark) return null;
    mark.scrollIntoView({block: 'center'});
    const box = mark.getBoundingClientRect();
    return box.width ? [box.x + box.width / 2, box.y + box.height / 2] : null;
}"""

# The place of a point that is given in the units of a chart's axes.
_POINT = """(chart, [vertical, x, y]) => {
    const layout = chart._fullLayout;
    if (!layout || !layout[vertical]) return null;
    chart.scrollIntoView({block: 'center'});
    const {xaxis} = layout, yaxis = layout[vertical], box = chart.getBoundingClientRect();
    return [box.x + xaxis._offset + xaxis.d2p(x), box.y + yaxis._offset + yaxis.d2p(y)];
}"""


def click_mark(chart: Locator, number: int) -> None:
    """Click the middle of the clickable place ``number`` of a chart."""
    _click(chart, _MARK, number)


def click_point(chart: Locator, x: float, y: float, vertical: str = "yaxis") -> None:
    """Click the point (``x``, ``y``) of a chart, in the units of its axes."""
    _click(chart, _POINT, [vertical, x, y])


def _click(chart: Locator, find: str, what: object) -> None:
    page = chart.page
    rest(page)
    expect(chart).to_be_visible(timeout=TIMEOUT * 1000)
    page.mouse.click(*_still(page, lambda: chart.evaluate(find, what)))


def rest(page: Page) -> None:
    """Wait until the page's script has ended: what it replaces is gone from the page then."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=TIMEOUT * 1000)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=TIMEOUT * 1000)


def _still(page: Page, find: Callable[[], list[float] | None]) -> list[float]:
    """Where it is, once two looks agree: charts that are drawn above a place move it."""
    deadline, before = time.monotonic() + TIMEOUT, None
    while time.monotonic() < deadline:
        place = find()
        if place is not None and place == before:
            return place
        before = place
        page.wait_for_timeout(PAUSE)
    raise AssertionError("the place to click is not there, or never stops moving")
