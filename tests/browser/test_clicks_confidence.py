"""A click on a bin of the reliability diagram shows its samples; two networks in Japanese."""

from __future__ import annotations

import re

import pytest
from clicking import click_point
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
TIMEOUT = 60_000


def test_a_click_on_a_bin_shows_its_samples_until_the_list_is_used(page: Page, server: str) -> None:
    page.goto(f"{server}/inspect?model=mnist-only&view=confidence&lang=en")
    expect(page.get_by_text("When it says 90% to 95%")).to_be_visible(timeout=TIMEOUT)
    expect(page.locator(".js-plotly-plot").nth(1)).to_be_visible(timeout=TIMEOUT)
    diagram = page.locator(".js-plotly-plot").first

    click_point(diagram, 8.5, 4.5, "yaxis")
    expect(page.get_by_text("When it says 99.9% to 100%")).to_be_visible()

    click_point(diagram, 7.5, 2, "yaxis2")
    expect(page.get_by_text("When it says 99% to 99.9%")).to_be_visible()

    page.get_by_role("combobox", name="Samples that it is so certain of").click()
    page.get_by_role("option", name=re.compile("95% to 99%")).click()
    expect(page.get_by_text("When it says 95% to 99%")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_two_networks_are_compared_in_japanese(page: Page, server: str) -> None:
    page.goto(f"{server}/inspect?view=runs&lang=ja")

    expect(page.locator(".js-plotly-plot").last).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    expect(page.get_by_test_id("stException")).to_have_count(0)
