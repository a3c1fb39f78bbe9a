"""What only a browser shows: pages that open, curves that move, strokes that are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hand import ONE, SEVEN, canvas_of, draw, finger
from playwright.sync_api import Page, expect

from tools.bundled.reference import PEN_HELD_OUT, read_pen_digits

TIMEOUT = 90_000  # milliseconds; two busy cores load Plotly and TensorFlow slowly

pytestmark = pytest.mark.browser
expect.set_options(timeout=TIMEOUT)

JAPANESE = re.compile(r"[぀-ヿ一-鿿]")


def query(page: Page) -> dict[str, str]:
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(page.evaluate("location.href")).query).items()
    }


def sound(page: Page) -> None:
    """No error box on the page, neither Streamlit's nor ours."""
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("Something went wrong")).to_have_count(0)


def clear(page: Page) -> None:
    """Press Clear, and wait as a hand does until the new sheet is there."""
    page.get_by_test_id("stMain").locator("button").filter(has_text="Clear").click()
    expect(page.get_by_text("Draw a digit first")).to_be_visible()
    page.wait_for_timeout(1500)
    canvas_of(page)


@pytest.mark.parametrize(
    ("path", "title"),
    [("train", "Train a network"), ("draw", "Draw a digit"), ("inspect", "Look inside")],
)
def test_deep_link_on_a_fresh_server(
    page: Page, start_server: Callable[[], str], path: str, title: str
) -> None:
    page.goto(f"{start_server()}/{path}")

    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Draw").first).to_be_visible()
    assert query(page)["me"]
    sound(page)


def test_a_run_is_trained_and_survives_a_refresh_a_second_tab_and_a_link(
    page: Page, server: str
) -> None:
    page.goto(f"{server}/train?preset=cnn-filters&train_images=3000&epochs=12&filters1=8")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 12"))).to_be_visible()

    points = curve_points(page, more_than=0)
    curve_points(page, more_than=points)  # the curves grow

    run = query(page)["run"]
    page.reload()
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 12|All 12 epochs"))).to_be_visible()
    assert query(page)["run"] == run

    other = page.context.new_page()
    other.goto(page.evaluate("location.href"))
    expect(other.get_by_text("On the test set")).to_be_visible()
    expect(other.get_by_text("All 12 epochs were trained.")).to_be_visible()
    sound(other)

    other.goto(f"{server}/train?run={run}")
    expect(other.get_by_text("Somebody else's run")).to_be_visible()
    expect(other.get_by_text("All 12 epochs were trained.")).to_be_visible()
    assert query(other)["filters1"] == "8", "the sliders show the run's own settings"
    assert query(other)["me"] != query(page)["me"]


def curve_points(page: Page, more_than: int) -> int:
    """Wait until the first chart's training curve has more points than that; how many it has."""
    points = "document.querySelector('.js-plotly-plot')?.calcdata?.[0]?.length ?? 0"
    page.wait_for_function(f"least => ({points}) > least", arg=more_than)
    return int(page.evaluate(points))


def test_stop_keeps_what_the_run_has(page: Page, server: str) -> None:
    page.goto(f"{server}/train?preset=mlp-128&epochs=100")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text(re.compile(r"Epoch \d+ of 100"))).to_be_visible()

    page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()

    expect(
        page.get_by_text(re.compile(r"Stopped by request after \d+ whole epochs"))
    ).to_be_visible()
    expect(page.get_by_text("On the test set")).to_be_visible()


def test_sliders_stay_when_another_page_is_visited(page: Page, server: str) -> None:
    page.goto(f"{server}/train?preset=mlp-64&epochs=7&lang=en")
    expect(page.get_by_text("Changed: Epochs = 7.")).to_be_visible()
    before = query(page)

    page.get_by_role("link", name="Draw").first.click()
    expect(page.get_by_role("heading", name="Draw a digit")).to_be_visible()
    page.get_by_role("link", name="Train").first.click()

    expect(page.get_by_text("Changed: Epochs = 7.")).to_be_visible()
    assert query(page) == before


def test_a_drawn_digit_is_read_and_cleared(page: Page, server: str) -> None:
    page.goto(f"{server}/draw")
    expect(page.get_by_text("Draw a digit first")).to_be_visible()

    draw(page, SEVEN)
    expect(page.get_by_role("heading", name=re.compile(r"a 7 \("))).to_be_visible()
    expect(page.get_by_text("What the network sees").first).to_be_visible()

    clear(page)
    draw(page, ONE, scale=0.3, at=(0.65, 0.05))
    expect(page.get_by_role("heading", name=re.compile(r"a 1 \("))).to_be_visible()
    sound(page)


def test_pen_digits_of_real_people_are_read_at_any_size_and_place(
    page: Page, server: str, shared_data: Path
) -> None:
    pen = read_pen_digits(shared_data / "pen_strokes.npz").part(PEN_HELD_OUT)
    page.goto(f"{server}/draw")
    right = 0
    for number, (scale, at) in enumerate(
        [(0.9, (0.05, 0.05)), (0.35, (0.6, 0.1)), (0.25, (0.05, 0.7)), (0.6, (0.2, 0.3))]
    ):
        which = 37 * number
        clear(page)
        strokes = [[(x / 500, y / 500) for x, y in line] for line in pen.strokes[which]]
        draw(page, strokes, scale=scale, at=at)
        answer = page.get_by_role("heading", name=re.compile(rf"a {pen.labels[which]} \("))
        expect(answer).to_be_visible()
        right += 1
    assert right == 4


def test_undo_takes_the_last_stroke_away_and_an_example_can_be_kept(
    page: Page, server: str
) -> None:
    page.goto(f"{server}/draw")
    page.get_by_role("button", name="a crossed 7").click()
    expect(page.get_by_role("heading", name=re.compile(r"a 7 \("))).to_be_visible()
    before = page.get_by_role("heading", level=2).inner_text()

    page.get_by_test_id("stMain").locator("button").filter(has_text="Undo").first.click()
    expect(page.get_by_role("heading", level=2)).not_to_have_text(before)

    page.get_by_role("radio", name="7", exact=True).or_(
        page.get_by_role("button", name="7", exact=True)
    ).first.click()
    expect(page.get_by_text("My drawings: 1 of 1 read right")).to_be_visible()

    page.get_by_role("link", name="Inspect").first.click()
    expect(page.get_by_role("heading", name="Look inside")).to_be_visible()
    page.get_by_role("link", name="Draw").first.click()
    expect(page.get_by_role("heading", name=re.compile(r"a 7 \("))).to_be_visible()
    sound(page)


def test_the_printed_six_comes_with_its_story(page: Page, server: str) -> None:
    page.goto(f"{server}/draw")
    page.get_by_role("button", name="a printed 6").click()

    expect(page.get_by_text("argmax + 1")).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile(r"a 6 \("))).to_be_visible()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("empty.png", b"", "empty"),
        ("text.png", b"this is no picture", "PNG or JPEG"),
        ("large.png", b"\x89PNG\r\n\x1a\n" + bytes(3_000_000), "2 MB"),
        ("<script>alert(1)</script>.png", b"GIF89a" + bytes(50), "PNG or JPEG"),
        ("../../../etc/passwd.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "PNG or JPEG"),
    ],
)
def test_a_bad_picture_gets_one_sentence(
    page: Page, server: str, name: str, data: bytes, sentence: str
) -> None:
    page.goto(f"{server}/draw")
    page.get_by_text("A picture file").click()
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": name, "mimeType": "image/png", "buffer": data})

    expect(page.get_by_test_id("stAlert").filter(has_text=sentence)).to_be_visible()
    sound(page)


def test_a_file_name_of_5000_characters_gets_one_sentence(page: Page, server: str) -> None:
    page.goto(f"{server}/draw")
    page.get_by_text("A picture file").click()
    name = "n" * 5_000 + ".png"
    picture = {"name": name, "mimeType": "image/png", "buffer": b"\xff\xd8\xff" + bytes(50)}
    page.locator("input[type=file]").set_input_files(picture)

    # Newer servers refuse such a name before the lab sees it; older ones hand the file on.
    page.wait_for_function(
        """() => {
            const zone = document.querySelector('[data-testid=stFileUploaderDropzone]');
            const below = getComputedStyle(zone, '::after').content;
            const above = document.querySelector('[data-testid=stAlert]').innerText;
            return below.includes('did not reach the lab') || above.includes('JPEG');
        }"""
    )
    assert not page.get_by_text("AxiosError").is_visible()
    sound(page)


@pytest.mark.parametrize("path", ["", "train", "draw", "inspect"])
def test_japanese_page_has_no_english_sentence(page: Page, server: str, path: str) -> None:
    page.goto(f"{server}/{path}?lang=ja")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(JAPANESE if path else re.compile("Digit Lab"))
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)

    text = page.get_by_test_id("stMain").inner_text()
    sentences = [line for line in text.splitlines() if re.search(r"[a-z]+ [a-z]+ [a-z]+", line)]
    assert not [line for line in sentences if not JAPANESE.search(line)]


def test_the_picker_changes_the_language_and_the_links_keep_it(page: Page, server: str) -> None:
    page.goto(f"{server}/draw")
    page.get_by_role("radio", name="日本語").or_(
        page.get_by_role("button", name="日本語")
    ).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(JAPANESE)
    me = query(page)["me"]

    page.locator("a[href*=train]").first.click()

    expect(page).to_have_url(re.compile(r"/train"))
    expect(page.get_by_role("heading", level=1)).to_have_text(JAPANESE)
    assert query(page)["lang"] == "ja"
    assert query(page)["me"] == me


def test_nonsense_in_the_address_is_answered_in_sentences(page: Page, server: str) -> None:
    page.goto(
        f"{server}/train?preset=none&epochs=9999&learning_rate=nan&run=../../etc&lang=xx&me=x"
    )

    expect(page.get_by_text("There is no lesson called none")).to_be_visible()
    expect(page.get_by_text("The link asked for epochs = 9999; 100 is the nearest")).to_be_visible()
    expect(page.get_by_text(re.compile("Learning rate must be a number"))).to_be_visible()
    expect(page.get_by_text("There is no such run here")).to_be_visible()
    sound(page)
    assert query(page)["epochs"] == "100"


def test_the_phone_shows_the_answer_without_scrolling(browser, server: str) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en-US"
    )
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.goto(f"{server}/draw")
    box = canvas_of(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    finger(page, [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in SEVEN[0]])

    expect(page.get_by_role("heading", name=re.compile(r"a 7 \("))).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_inspect_shows_filters_and_misread_samples(page: Page, server: str) -> None:
    page.goto(f"{server}/inspect")
    expect(page.get_by_text("Untrained").first).to_be_visible()

    page.get_by_role("radio", name="Where does it fail?").click()

    expect(page.get_by_text(re.compile(r"\d+ of 1,000 test samples are misread"))).to_be_visible()
    page.get_by_text("5x10 sheet").click()
    expect(page.get_by_role("button", name="Show others")).to_be_visible()
    sound(page)
