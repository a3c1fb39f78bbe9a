"""The Filters view in a browser: the slider and Play change the filters, a click opens one."""

from __future__ import annotations

import pytest
from clicking import click_mark
from playwright.sync_api import Page, expect

TIMEOUT = 90_000  # milliseconds; two busy cores load Plotly slowly

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT)

_WEIGHTS = (
    "Array.from(document.querySelector('.js-plotly-plot')?.calcdata?.[0]?.[0]?.z ?? [])"
    ".flat().join()"
)


def weights(page: Page) -> str:
    """The weights that the tiles show now."""
    return str(page.evaluate(_WEIGHTS))


def changed(page: Page, before: str) -> str:
    """Wait until other weights are shown."""
    page.wait_for_function(
        f"before => {{ const now = {_WEIGHTS}; return now && now !== before }}", arg=before
    )
    return weights(page)


def test_slider_play_and_click(page: Page, server: str) -> None:
    page.goto(f"{server}/inspect?view=filters")
    expect(page.get_by_text("Filters, after epoch 14")).to_be_visible()
    trained = weights(page)

    page.get_by_role("slider").focus()
    page.keyboard.press("Home")
    expect(page.get_by_text("Filters, untrained")).to_be_visible()
    untrained = changed(page, trained)

    buttons = page.get_by_test_id("stMain")
    buttons.get_by_role("button", name="Play").press("Enter")
    changed(page, untrained)
    buttons.get_by_role("button", name="Stop").press("Enter")  # no click: it would wait for ticks
    expect(buttons.get_by_role("button", name="Play")).to_be_visible()
    title = page.locator(".js-plotly-plot .gtitle").first
    page.wait_for_timeout(500)
    stands = title.text_content()
    page.wait_for_timeout(2000)
    assert title.text_content() == stands, "nothing plays any more"

    click_mark(page.locator(".js-plotly-plot").first, 7)
    expect(page.get_by_role("heading", name="Filter 7", exact=True)).to_be_visible()
    expect(page.get_by_text("The patches that excite it most")).to_be_visible()
    expect(page.get_by_text("Why did it become like this?")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
