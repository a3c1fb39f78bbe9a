"""A sweep in a real browser: planned, started, watched to its end, and found again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

TIMEOUT = 90_000  # milliseconds; two busy cores load TensorFlow slowly

pytestmark = pytest.mark.browser

TINY = "preset=mlp-128&units1=8&train_images=64&epochs=1"


def sound(page: Page) -> None:
    """No error box on the page, neither Streamlit's nor ours."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)


def test_a_sweep_is_started_and_its_results_come_by_themselves(page: Page, server: str) -> None:
    expect.set_options(timeout=TIMEOUT)
    page.goto(f"{server}/sweep?{TINY}")
    expect(page.get_by_text("Everything else as in mlp-128, with")).to_be_visible()
    values = page.get_by_role("textbox", name="Dropout after dense layers")
    values.fill("0, 0.5")
    values.press("Enter")
    expect(page.get_by_text("Runs: 2 (combinations: 2, seeds for each: 1)")).to_be_visible()

    page.get_by_role("button", name="Start the sweep").last.click()

    expect(page.get_by_role("button", name="Stop all")).to_be_visible()
    expect(page.get_by_text("Runs finished: 2 of 2.")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Highest: Dropout after dense layers = 0"))).to_be_visible()
    expect(page.get_by_text(re.compile(r"One seed cannot tell"))).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(4)
    expect(page.get_by_role("button", name="Stop all")).to_have_count(0)
    sound(page)

    page.reload()
    expect(page.get_by_text("Runs finished: 2 of 2.")).to_be_visible()
    expect(page.get_by_text("My sweeps")).to_be_visible()

    page.get_by_role("link", name="Runs").first.click()
    expect(page.get_by_text("2 of 2 runs.")).to_be_visible()
    sound(page)


def test_stop_all_ends_a_sweep_and_what_is_missing_can_be_trained(page: Page, server: str) -> None:
    expect.set_options(timeout=TIMEOUT)
    page.goto(f"{server}/sweep")
    page.get_by_role("button", name="Start the sweep").first.click()
    page.get_by_role("button", name="Stop all").click()

    expect(page.get_by_role("button", name="Train what is missing")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Runs finished: \d of 9\."))).to_be_visible()

    page.get_by_role("button", name="Train what is missing").click()
    expect(page.get_by_role("button", name="Stop all")).to_be_visible()
    page.get_by_role("button", name="Stop all").click()
    expect(page.get_by_role("button", name="Train what is missing")).to_be_visible()
    sound(page)


def test_a_list_of_values_that_is_too_long_is_pasted_and_refused_in_a_sentence(
    page: Page, server: str
) -> None:
    expect.set_options(timeout=TIMEOUT)
    page.goto(f"{server}/sweep?{TINY}")
    values = page.get_by_role("textbox", name="Dropout after dense layers")
    values.fill(", ".join(f"0.{number:03d}" for number in range(400)))
    values.press("Enter")
    expect(page.get_by_text("The list of values has 2,798 characters")).to_be_visible()
    sound(page)


def test_a_sweep_is_removed_once_and_the_page_goes_on_without_it(page: Page, server: str) -> None:
    expect.set_options(timeout=TIMEOUT)
    page.goto(f"{server}/sweep?{TINY}")
    values = page.get_by_role("textbox", name="Dropout after dense layers")
    values.fill("0.2, 0.4")
    values.press("Enter")
    expect(page.get_by_text("Runs: 2 (combinations: 2, seeds for each: 1)")).to_be_visible()
    page.get_by_role("button", name="Start the sweep").last.click()
    finished = "Runs finished: 2 of 2."
    expect(page.get_by_text(finished)).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.get_by_text(finished)).to_be_visible()

    page.get_by_role("button", name="Remove", exact=True).click()

    expect(page.get_by_role("button", name="Remove", exact=True)).to_have_count(0)
    expect(page.get_by_text("Runs finished:")).to_have_count(0)
    expect(page.get_by_text("My sweeps")).to_have_count(0)
    assert "sweep=" not in page.url
    assert "units1=8" in page.url
    sound(page)
    undo = page.get_by_role("button", name="Undo")
    undo.click()
    expect(page.get_by_text(finished)).to_be_visible()
    expect(undo).to_have_count(0)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(undo).to_be_visible()

    other.get_by_role(
        "button", name="Remove", exact=True
    ).click()  # where it is still on the screen

    expect(other.get_by_text("There is no such sweep here")).to_be_visible()
    expect(other.get_by_role("button", name="Remove", exact=True)).to_have_count(0)
    sound(other)
