"""Who reads Japanese, sees little, has no mouse or only a finger: what a browser shows of it.

axe-core looks for what a machine can find on every page; the rest is looked at by hand, here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from clicking import rest
from playwright.sync_api import Browser, Page, expect

from digitlab import dataset
from digitlab.progress import EpochMetrics
from digitlab.store import Store
from tools.bench.inspect import store_run

pytestmark = pytest.mark.browser
TIMEOUT = 90_000  # milliseconds; two busy cores load Plotly slowly
expect.set_options(timeout=TIMEOUT)

# Beside axe's own choice: the size of what a finger hits.
AXE = "axe.run(document, {rules: {'target-size': {enabled: true}}, resultTypes: ['violations']})"

# Findings in what is Streamlit's, by rule and by a part of its place, with the reason.
STREAMLITS = {
    # Thumbs of a range slider are hidden inputs below a thumb of 24 pixels.
    ("target-size", "stSlider"),
    # The icons over a table have 24 pixels and no gap.
    ("target-size", "stElementToolbar"),
    # A chosen value in a box for several: its cross is 6 pixels wide; Backspace does the same.
    ("target-size", "stMultiSelect"),
    # A table is drawn on a canvas, which holds a hidden table for screen readers.
    ("scrollable-region-focusable", "stDataFrame"),
}

# Contrast of each text of a chart with the page behind it, and its size in pixels.
CHART_TEXTS = """() => {
    const parts = (colour) => {
        const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
        const context = canvas.getContext('2d');
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const light = (colour) => parts(colour).slice(0, 3).map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
    const page = light(getComputedStyle(document.querySelector('.stApp')).backgroundColor);
    return [...document.querySelectorAll('.js-plotly-plot .main-svg text')]
        .filter((text) => text.textContent.trim() && !text.closest('.heatmaplayer'))
        .map((text) => {
            const innermost = [...text.querySelectorAll('tspan')].at(-1) ?? text;
            const style = getComputedStyle(innermost);
            const [low, high] = [page, light(style.fill)].sort((a, b) => a - b);
            return {
                text: text.textContent, size: parseFloat(style.fontSize),
                contrast: (high + 0.05) / (low + 0.05),
                axis: !!text.closest('.xtick, .ytick, .g-xtitle, .g-ytitle'),
            };
        });
}"""

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def run(lab: tuple[str, Path]) -> str:
    """A finished run with curves, weights and readings."""
    store = Store(lab[1])
    made = store_run(store.folder, dataset.sample())
    for epoch in (1, 2, 3):
        loss = 1 / epoch
        store.report(made, EpochMetrics(epoch, True, loss, 0.8, loss, 0.9, loss, 0.91, 1.5, 3200))
    return made


@pytest.fixture
def visit(browser: Browser, server: str) -> Iterator[Visit]:
    """Opens pages: ``visit(path, ja=…, dark=…, phone=…)``, at rest."""
    opened: list[Any] = []

    def open_page(path: str, *, ja: bool = False, dark: bool = False, phone: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 1000},
            color_scheme="dark" if dark else "light",
            has_touch=phone,
            is_mobile=phone,
        )
        opened.append(context)
        context.set_default_timeout(TIMEOUT)
        page: Page = context.new_page()
        page.goto(f"{server}/{path}{'&' if '?' in path else '?'}lang={'ja' if ja else 'en'}")
        rest(page)
        page.wait_for_timeout(1000)
        return page

    yield open_page
    for context in opened:
        context.close()


def findings(page: Page) -> list[str]:
    """What axe calls serious or critical and is not among ``STREAMLITS``, a line each."""
    page.evaluate(AXE_SCRIPT)
    return [
        f"{found['id']}: {node['target']} {node['html'][:200]} {node['failureSummary'][:300]}"
        for found in page.evaluate(AXE)["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
        if not _streamlits(page, found["id"], node["target"][-1])
    ]


def _streamlits(page: Page, rule: str, target: Any) -> bool:
    selector = target if isinstance(target, str) else target[-1]
    within = (
        f"element => [...{[part for of, part in sorted(STREAMLITS) if of == rule]}].some("
        "part => element.closest(`[data-testid^=${part}]`))"
    )
    return bool(page.locator(selector).first.evaluate(within))


PAGES = [
    "",
    "train",
    "train?run=RUN",
    "draw",
    "runs",
    "sweep",
    "inspect?run=RUN&view=filters",
    "inspect?run=RUN&view=confusion",
    "inspect?run=RUN&view=journey",
]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("ja", "dark"), [(False, False), (True, True)])
def test_axe_finds_nothing_serious_in_what_is_ours(
    visit: Visit, run: str, path: str, ja: bool, dark: bool
) -> None:
    page = visit(path.replace("RUN", run), ja=ja, dark=dark)

    assert findings(page) == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", ["train?run=RUN", "inspect?run=RUN&view=confusion"])
def test_the_words_of_charts_are_easily_read(visit: Visit, run: str, path: str, dark: bool) -> None:
    texts = visit(path.replace("RUN", run), dark=dark).evaluate(CHART_TEXTS)

    assert texts
    assert [text for text in texts if text["contrast"] < 4.5] == []
    assert [text for text in texts if text["size"] < (14 if text["axis"] else 12)] == []


def test_the_document_has_the_language_of_its_page(visit: Visit) -> None:
    page = visit("train", ja=True)
    document, helps = page.locator("html"), page.get_by_test_id("stTooltipHoverTarget")
    expect(document).to_have_attribute("lang", "ja")
    expect(helps.get_by_role("button").first).to_have_attribute(
        "aria-label", "ネットワークの種類の説明"
    )

    page.get_by_role("radio", name="English").click()

    expect(document).to_have_attribute("lang", "en")
    expect(helps.get_by_role("button").first).to_have_attribute("aria-label", "Help for Network")


def test_what_streamlit_says_is_in_the_readers_language(visit: Visit) -> None:
    page = visit("sweep", ja=True)
    page.get_by_role("textbox").first.fill("0, 0.5")
    expect(page.get_by_test_id("InputInstructions").first).to_contain_text("Enterキーで確定")

    page.get_by_role("combobox").last.click()
    page.keyboard.type("zzz")

    expect(page.get_by_text("該当する項目がありません")).to_be_visible()


def test_the_first_tap_on_a_filter_opens_it_and_brings_it_into_view(visit: Visit, run: str) -> None:
    page = visit(f"inspect?run={run}&view=filters", phone=True)
    place = page.locator(".js-plotly-plot .bars .point").nth(3)
    place.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    box = place.bounding_box()
    assert box is not None

    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    expect(page.get_by_role("heading", name="Filter 3", exact=True)).to_be_visible()
    expect(page.locator(".st-key-filters-kernel")).to_be_in_viewport(ratio=0.9)


def test_on_a_phone_a_charts_tools_leave_its_title_free(visit: Visit, run: str) -> None:
    page = visit(f"train?run={run}", phone=True)
    chart = page.locator(".js-plotly-plot").filter(has=page.locator(".modebar-btn")).first
    chart.scroll_into_view_if_needed()

    title = chart.locator(".gtitle").bounding_box()
    tools = [tool.bounding_box() for tool in chart.locator(".modebar-btn:visible").all()]

    assert title is not None
    assert tools
    assert all(tool and tool["x"] >= title["x"] + title["width"] for tool in tools)
    assert all(tool and min(tool["width"], tool["height"]) >= 24 for tool in tools)


# Whether the focus is seen on what has it, or on the box round it.
FOCUS = """() => {
    let element = document.activeElement;
    const what = element.outerHTML.slice(0, 150);
    for (let up = 0; up < 4 && element; up += 1, element = element.parentElement) {
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        const drawn = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
        if (drawn && box.width >= 8 && box.height >= 8) return null;
    }
    return what;
}"""


@pytest.mark.parametrize("path", ["train", "sweep", "inspect?view=filters"])
def test_the_focus_is_seen_wherever_the_keyboard_goes(visit: Visit, path: str) -> None:
    page = visit(path)
    page.keyboard.press("Tab")
    unseen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        if not page.evaluate("document.activeElement === document.body"):
            unseen.add(page.evaluate(FOCUS))

    assert unseen - {None} == set()
