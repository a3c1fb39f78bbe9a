"""The Runs page in a real browser: ticking rows, curves over each other, deleting and undoing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics
from digitlab.store import DataSetInfo, Status, Store

pytestmark = pytest.mark.browser
expect.set_options(timeout=90_000)

ME = "r" * 22
DIGITS = DataSetInfo("sample", "f" * 64, 3200, 800, 1000)
HEAD, ROW = 35, 35  # pixels
PINNED, STATUS, EPOCHS = 6, 5, 7  # columns, the box not counted


def fill(store: Store) -> None:
    for number, preset in enumerate(("mlp-128", "mlp-64", "mlp-512")):
        run = store.add(ME, "engine", PRESETS[preset], preset, 101_770, DIGITS)
        store.start(run.id)
        for epoch in (1, 2, 3):
            loss = 1 / (epoch + number)
            report = EpochMetrics(epoch, True, loss, 0.8, loss, 0.9, loss, 0.91, 1.5, 3200)
            store.report(run.id, report)
        store.end(run.id, Status.FINISHED, run.reason)


def tick(page: Page, row: int) -> None:
    """The box at the start of a row; the table is drawn on a canvas."""
    box = page.get_by_test_id("stDataFrame").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 14, box["y"] + HEAD + ROW * row + ROW / 2)


def cell(page: Page, column: int, row: int) -> Locator:
    """A cell as screen readers are told of it, within the canvas."""
    return page.get_by_test_id(f"glide-cell-{column}-{row}")


def test_ticked_runs_are_overlaid_deleted_and_taken_back(
    page: Page, start_server: Callable[[], str], tmp_path: Path
) -> None:
    server = start_server()
    fill(Store(tmp_path / "lab-0"))
    page.goto(f"{server}/runs?me={ME}")
    expect(page.get_by_text("3 of 3 runs.")).to_be_visible()
    page.wait_for_timeout(1000)

    tick(page, 0)
    curves = page.get_by_role("figure", name="Loss: training dotted, validation solid")
    expect(curves).to_be_visible()
    tick(page, 1)
    expect(page.get_by_text("What differs")).to_be_visible()
    names = page.locator(".js-plotly-plot").first.locator(".legendtext")
    assert [name.split(" ")[0] for name in names.all_text_contents()] == ["mlp-512", "mlp-64"]

    page.locator(".st-key-runs-delete button").click()
    expect(page.get_by_text("1 of 1 runs.")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("3 of 3 runs.")).to_be_visible()


def test_a_run_is_named_and_its_settings_go_back_to_the_sliders(
    page: Page, start_server: Callable[[], str], tmp_path: Path
) -> None:
    server = start_server()
    store = Store(tmp_path / "lab-0")
    fill(store)
    # What the sliders said before is in the address, and must not stay there.
    page.goto(f"{server}/runs?me={ME}&preset=mlp-128&epochs=3")
    expect(page.get_by_text("3 of 3 runs.")).to_be_visible()
    page.wait_for_timeout(1000)
    tick(page, 1)

    page.get_by_label("Name", exact=True).fill("Half the neurons")
    page.get_by_label("Name", exact=True).press("Enter")
    expect(page.locator(".legendtext").first).to_have_text("Half the neurons")

    page.get_by_role("button", name="Train again with").click()
    expect(page.get_by_role("heading", name="Train a network")).to_be_visible()
    page.wait_for_function("() => location.href.includes('preset=mlp-64')")
    assert "run=" not in page.evaluate("location.href")
    assert "epochs=" not in page.evaluate("location.href")


def test_rows_stay_ticked_while_a_run_trains_and_where_pinning_moves_them(
    page: Page, start_server: Callable[[], str], tmp_path: Path
) -> None:
    server = start_server()
    store = Store(tmp_path / "lab-0")
    fill(store)
    live = store.add(ME, "engine", PRESETS["mlp-128"], "mlp-128", 101_770, DIGITS)
    store.start(live.id)
    page.goto(f"{server}/runs?me={ME}")
    expect(page.get_by_text("4 of 4 runs.")).to_be_visible()
    page.wait_for_timeout(1000)
    tick(page, 3)
    name = page.get_by_label("Name", exact=True)
    expect(name).to_have_attribute("placeholder", "mlp-128")

    store.report(live.id, EpochMetrics(7, True, 0.5, 0.8, 0.4, 0.9, 0.3, 0.91, 1.5, 3200))
    expect(cell(page, EPOCHS, 0)).to_have_text("7")
    expect(name).to_be_visible()

    store.end(live.id, Status.FINISHED, live.reason)
    expect(cell(page, STATUS, 0)).to_have_text("finished")
    expect(name).to_be_visible()

    page.get_by_role("button", name="Pin").click()
    expect(page.get_by_role("button", name="Unpin")).to_be_visible()
    expect(cell(page, PINNED, 0)).to_have_text("●")
    expect(name).to_be_visible()
    tick(page, 0)  # it is the same run's row that can be unticked
    expect(name).to_have_count(0)
