"""The Draw page under a real mouse and a real finger: every stroke counts, at every width."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest
from clicking import rest
from hand import ONE, SEVEN, Stroke, canvas_of, draw, finger
from playwright.sync_api import Browser, Page, expect

TIMEOUT = 90_000  # milliseconds; two busy cores load Plotly slowly

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT)

# Short strokes that begin and end a twentieth of the sheet from its edges.
CORNERS: dict[str, Stroke] = {
    "top left": [(0.05, 0.05), (0.12, 0.12)],
    "top right": [(0.95, 0.05), (0.88, 0.12)],
    "bottom left": [(0.05, 0.95), (0.12, 0.88)],
    "bottom right": [(0.95, 0.95), (0.88, 0.88)],
}
WINDOWS = [(320, 568), (390, 844), (768, 1024), (1024, 768), (1280, 1000), (844, 390)]


@pytest.fixture(params=["mouse", "finger"])
def hand(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sheet(browser: Browser, server: str, hand: str) -> Iterator[Page]:
    """The Draw page before a person with a mouse or a finger."""
    context = browser.new_context(locale="en-US", has_touch=hand == "finger", color_scheme="light")
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.goto(f"{server}/draw")
    says(page, "It is empty.")
    yield page
    context.close()


def says(page: Page, words: str) -> None:
    """Wait until the sheet's name, read to those who do not see it, says what is on it."""
    expect(canvas_of(page)).to_have_attribute("aria-label", re.compile(re.escape(words)))


def has_strokes(page: Page, count: int) -> None:
    says(page, f"Strokes on it: {count}." if count else "It is empty.")


def stroke(page: Page, points: Stroke, hand: str) -> None:
    if hand == "mouse":
        draw(page, [points])
        return
    box = canvas_of(page).bounding_box()
    assert box is not None
    finger(page, [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in points])


def answer(page: Page, digit: int) -> None:
    expect(page.get_by_role("heading", name=re.compile(rf"a {digit} \("))).to_be_visible()


def inked(page: Page) -> Sequence[Sequence[float]]:
    """Where the ink lies on the sheet as it is shown: x and y from 0 to 1, of every 16th pixel."""
    found: Sequence[Sequence[float]] = page.locator(".dc-canvas.lower-canvas").evaluate(
        """canvas => {
            const {width, height} = canvas;
            const {data} = canvas.getContext('2d').getImageData(0, 0, width, height);
            const ground = data.slice(0, 4).join(), found = [];
            for (let y = 2; y < height; y += 4) for (let x = 2; x < width; x += 4) {
                const at = 4 * (y * width + x);
                if (data.slice(at, at + 4).join() !== ground) found.push([x / width, y / height]);
            }
            return found;
        }"""
    )
    return found


@pytest.mark.parametrize("size", WINDOWS, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_stroke_in_each_corner_lies_where_it_was_drawn(
    sheet: Page, hand: str, size: tuple[int, int]
) -> None:
    width, height = size
    sheet.set_viewport_size({"width": width, "height": height})
    canvas_of(sheet).scroll_into_view_if_needed()
    sheet.wait_for_timeout(500)  # the page's parts find their places
    box = canvas_of(sheet).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["height"] == pytest.approx(box["width"], abs=1)
    assert box["width"] >= min(0.8 * height, 272)

    for number, points in enumerate(CORNERS.values(), start=1):
        stroke(sheet, points, hand)
        has_strokes(sheet, number)
    for points in CORNERS.values():
        x, y = points[0]
        assert min(abs(at[0] - x) + abs(at[1] - y) for at in inked(sheet)) < 0.05
    assert sheet.evaluate("document.documentElement.scrollWidth") <= width
    expect(sheet.locator(".dc-toolbar")).to_have_count(0)
    expect(sheet.get_by_test_id("stException")).to_have_count(0)


def test_taps_all_along_the_top_leave_a_dot_each(sheet: Page, hand: str) -> None:
    stroke(sheet, SEVEN[0], hand)
    for number in range(8):
        stroke(sheet, [(0.55 + 0.055 * number, 0.05)] * 2, hand)
        has_strokes(sheet, number + 2)
    expect(canvas_of(sheet)).to_be_visible()


def test_a_stroke_right_after_clear_is_kept_and_read(sheet: Page, hand: str) -> None:
    stroke(sheet, SEVEN[0], hand)
    answer(sheet, 7)

    sheet.get_by_role("button", name="Clear").click()
    stroke(sheet, ONE[0], hand)

    answer(sheet, 1)
    has_strokes(sheet, 1)
    sheet.wait_for_timeout(1500)  # whatever the server has to say is said by then
    has_strokes(sheet, 1)


def test_undo_takes_back_a_clear_and_a_stroke_and_so_does_the_keyboard(
    sheet: Page, hand: str
) -> None:
    undo = sheet.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    stroke(sheet, SEVEN[0], hand)
    answer(sheet, 7)

    sheet.get_by_role("button", name="Clear").click()
    expect(sheet.get_by_text("Draw a digit first")).to_be_visible()
    undo.click()
    answer(sheet, 7)

    stroke(sheet, [(0.3, 0.5), (0.7, 0.5)], hand)
    undo.click()  # before the sheet has sent the stroke
    has_strokes(sheet, 1)
    sheet.keyboard.press("Control+z")
    has_strokes(sheet, 0)
    expect(sheet.get_by_text("Draw a digit first")).to_be_visible()
    expect(undo).to_be_disabled()


def test_undo_brings_back_what_an_example_replaced(sheet: Page, hand: str) -> None:
    stroke(sheet, ONE[0], hand)
    answer(sheet, 1)
    sheet.get_by_role("button", name="a hooked 9").click()
    answer(sheet, 9)
    rest(sheet)
    sheet.wait_for_timeout(1000)  # the answer comes from the server, a moment before the sheet
    sheet.keyboard.press("Meta+z")
    answer(sheet, 1)
    has_strokes(sheet, 1)


def test_the_other_theme_or_paper_changes_the_ink_and_keeps_the_drawing(
    sheet: Page, hand: str
) -> None:
    stroke(sheet, SEVEN[0], hand)
    stroke(sheet, [(0.35, 0.55), (0.65, 0.55)], hand)  # sent or not when the theme changes
    sheet.emulate_media(color_scheme="dark")
    ground = "canvas => canvas.getContext('2d').getImageData(0, 0, 1, 1).data[0]"
    lower = sheet.locator(".dc-canvas.lower-canvas")
    sheet.wait_for_function(
        """() => [...document.querySelectorAll('*')].some(one => {
            const canvas = one.shadowRoot?.querySelector('.dc-canvas.lower-canvas');
            return canvas?.getContext('2d').getImageData(0, 0, 1, 1).data[0] === 0;
        })"""
    )
    has_strokes(sheet, 2)
    answer(sheet, 7)
    assert lower.evaluate(ground) == 0
    assert any(0.3 < x < 0.7 and 0.5 < y < 0.6 for x, y in inked(sheet))


def test_a_7_of_two_moves_is_read_as_a_7(sheet: Page, hand: str) -> None:
    box = canvas_of(sheet).bounding_box()
    assert box is not None
    begin, corner, end = (
        (box["x"] + box["width"] * x, box["y"] + box["height"] * y)
        for x, y in [(0.25, 0.25), (0.72, 0.25), (0.42, 0.85)]
    )
    if hand == "mouse":
        sheet.mouse.move(*begin)
        sheet.mouse.down()
        sheet.mouse.move(*corner)
        sheet.mouse.move(*end)
        sheet.mouse.up()
    else:
        finger(sheet, [begin, corner, end], steps=1)
    answer(sheet, 7)


def test_the_answer_is_announced(sheet: Page, hand: str) -> None:
    stroke(sheet, SEVEN[0], hand)
    expect(sheet.get_by_role("status").filter(has_text=re.compile(r"a 7 \("))).to_be_visible()
