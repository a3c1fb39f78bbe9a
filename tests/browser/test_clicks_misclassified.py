"""Clicks on the confusion matrix and on misread samples, and the file of them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from clicking import click_point
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser
TIMEOUT = 60_000  # milliseconds; two busy cores load Plotly slowly
expect.set_options(timeout=TIMEOUT)


def open_view(page: Page, server: str, view: str) -> None:
    page.goto(f"{server}/inspect?model=mnist-only&view={view}&lang=en")
    expect(page.locator(".js-plotly-plot").last).to_be_visible()
    expect(page.get_by_label("Open a test sample")).to_be_visible()


def chart(page: Page, number: int) -> Locator:
    return page.locator(".js-plotly-plot").nth(number)


def test_a_click_on_a_field_shows_its_samples_until_a_box_is_used(page: Page, server: str) -> None:
    open_view(page, server, "confusion")
    expect(page.get_by_text("read as 5: 2")).to_be_visible()  # the largest field is shown at first

    click_point(chart(page, 0), 8, 9)
    expect(page.get_by_text("9 read as 8: 1.")).to_be_visible()

    page.get_by_label("Truth", exact=True).click()
    page.get_by_role("option", name="6", exact=True).click()
    expect(page.get_by_text("6 read as 8: 1.")).to_be_visible()

    click_point(chart(page, 0), 7, 1)
    expect(page.get_by_text("1 read as 7: 1.")).to_be_visible()
    click_point(chart(page, 1), 0, 0.5)
    expect(page.get_by_text(re.compile(r"Test sample \d+ is a 1, read as 7"))).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_click_opens_a_misread_sample_and_the_table_downloads(
    page: Page, server: str, tmp_path: Path
) -> None:
    open_view(page, server, "misread")
    expect(page.get_by_text("10 of 10 misread samples")).to_be_visible()

    click_point(chart(page, 0), 0, 0.5)
    expect(page.get_by_text(re.compile(r"Test sample \d+ is a 4, read as 9"))).to_be_visible()
    number = page.get_by_label("Open a test sample")
    expect(number).not_to_have_value("")
    opened = number.input_value()

    number.fill("3")
    number.press("Enter")
    expect(page.get_by_text("Test sample 3 is a")).to_be_visible()

    with page.expect_download() as begun:
        page.get_by_role("button", name="These 10 as a table (CSV)").click()
    begun.value.save_as(tmp_path / "misread.csv")
    with (tmp_path / "misread.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    assert (rows[0]["index"], rows[0]["truth"], rows[0]["read_as"]) == (opened, "4", "9")
