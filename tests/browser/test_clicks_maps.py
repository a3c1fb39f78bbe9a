"""Clicks in a real browser: a map is enlarged, an output pixel is worked out by hand."""

from __future__ import annotations

import re

import pytest
from clicking import click_mark
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser

TIMEOUT = 60_000  # milliseconds; two busy cores load Plotly slowly


def chart(page: Page, number: int) -> Locator:
    return page.locator(".js-plotly-plot").nth(number)


def test_a_click_on_a_map_enlarges_it_and_leads_to_the_sum(page: Page, server: str) -> None:
    page.goto(f"{server}/inspect?view=maps")
    expect(page.get_by_text(re.compile(r"Convolution 1: 24 maps"))).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_text("Flatten and dropout are not shown")).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_text("Convolution 1, map 9")).to_have_count(0)
    # What the pictures show is said to those who do not see them.
    expect(page.get_by_role("figure", name="Convolution 1: 24 maps of 26x26")).to_be_visible()

    click_mark(chart(page, 0), 9)

    expect(page.get_by_text("Convolution 1, map 9")).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_text(re.compile(r"^Map 9 of Convolution 1: from"))).to_be_visible()

    page.get_by_role("button", name="Work it out by hand").first.click()
    expect(page.get_by_text("Convolution 1, map 9")).to_be_visible(timeout=TIMEOUT)
    expect(page).to_have_url(re.compile("view=hand"))


def test_a_click_on_an_output_pixel_works_it_out(page: Page, server: str) -> None:
    page.goto(f"{server}/inspect?view=hand")
    output = page.get_by_text(re.compile(r"^Output: row"))
    expect(output).to_be_visible(timeout=TIMEOUT)
    total = page.get_by_text(re.compile(r"^Sum of products"))
    first = total.inner_text()

    click_mark(chart(page, 1), 26 * 3 + 5)
    expect(output).to_have_text(re.compile("row 3, column 5 "), timeout=TIMEOUT)
    expect(total).not_to_have_text(first)
    expect(page.get_by_text("rows 3 to 5, columns 5 to 7")).to_be_visible()

    click_mark(chart(page, 1), 26 * 20 + 11)
    expect(output).to_have_text(re.compile("row 20, column 11 "), timeout=TIMEOUT)

    # The fields say and do the same, and what was clicked before does not come back.
    row = page.get_by_role("spinbutton", name="Row")
    expect(row).to_have_value("20")
    row.fill("3")
    row.press("Enter")
    expect(output).to_have_text(re.compile("row 3, column 11 "), timeout=TIMEOUT)
    column = page.get_by_role("spinbutton", name="Column")
    column.fill("5")
    column.press("Enter")
    expect(output).to_have_text(re.compile("row 3, column 5 "), timeout=TIMEOUT)
    page.wait_for_timeout(700)
    expect(output).to_have_text(re.compile("row 3, column 5 "))
