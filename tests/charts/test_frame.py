import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from checked import checked

from digitlab.charts import frame
from digitlab.charts.architecture import network_picture
from digitlab.charts.bars import count_bars, probability_bars
from digitlab.charts.confusion import confusion_matrix
from digitlab.charts.filters import class_templates, kernel_numbers, weight_tiles
from digitlab.charts.frame import Chart
from digitlab.charts.journey import digits_by_epoch
from digitlab.charts.lines import NO_POINTS, learning_curves
from digitlab.charts.maps import feature_map, layer_maps
from digitlab.charts.occlusion import occlusion_map
from digitlab.charts.pixels import digit_image
from digitlab.charts.sheets import mistake_sheet, sample_sheet
from digitlab.config import RunConfig
from digitlab.inspection.metrics import Mistake
from digitlab.layers import layers_of
from digitlab.messages import Translator
from digitlab.ui import plot

T = Translator("en")
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 28, 28), dtype=np.uint8)
KERNELS = RNG.normal(0, 1, (32, 5, 5)).astype(np.float32)
COLUMNS = [[Mistake(digit, digit, (digit + 1) % 10, 0.5)] for digit in range(10)]

ALL: dict[str, Callable[[Translator], Chart]] = {
    "loss": lambda t: learning_curves("loss", ([0.5, 1], [2, 1]), ([1], [1.1]), t, untrained=2.3),
    "accuracy": lambda t: learning_curves("accuracy", NO_POINTS, NO_POINTS, t, epochs=10),
    "probabilities": lambda t: probability_bars(np.full(10, 0.1), t),
    "counts": lambda t: count_bars(list(range(10)), t, title="Labels", axis="images"),
    "digit": lambda t: digit_image(IMAGES[0], t, title="What the network sees"),
    "filters": lambda t: weight_tiles(
        KERNELS, 3, t, title="Untrained", caption="32 filters", names=list("f" * 32)
    ),
    "mistakes": lambda t: mistake_sheet(IMAGES, COLUMNS, t),
    "samples": lambda t: sample_sheet(IMAGES[:24], np.arange(24) % 10, t, indices=range(24)),
    "network": lambda t: network_picture(layers_of(RunConfig()), t),
}
PICTURES = {"filters", "mistakes", "samples", "network"}


@pytest.mark.parametrize("name", ALL)
def test_every_chart_is_named_and_leaves_page_and_finger_alone(name: str) -> None:
    layout = checked(ALL[name](T)).layout
    assert layout.title.text
    assert layout.xaxis.title.text
    assert layout.yaxis.title.text or name in PICTURES
    assert layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert layout.plot_bgcolor.startswith("rgba(")
    assert not layout.plot_bgcolor.endswith(",1)")
    assert layout.font.color is None
    assert layout.dragmode is False
    assert layout.uirevision
    assert layout.height > 200


@pytest.mark.parametrize("name", ALL)
def test_every_chart_tells_values_under_the_pointer(name: str) -> None:
    assert any(trace.hovertemplate for trace in checked(ALL[name](T)).data)


def is_empty(value: Any) -> bool:
    return isinstance(value, list | tuple | np.ndarray) and len(value) == 0


def plain(value: Any) -> Any:
    """Plotly's JSON with each typed array as its numbers, and numbers as far as they are seen."""
    if isinstance(value, dict) and "bdata" in value:
        numbers = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).astype(float)
        shape = [int(side) for side in str(value.get("shape", numbers.size)).split(", ")]
        return plain(numbers.reshape(shape).tolist())
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items() if not is_empty(part)}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float):
        return "no number" if value != value else round(float(value), 5)
    return value


MAPS = RNG.normal(0, 1, (20, 11, 12)).astype(np.float32)
MORE: dict[str, Callable[[Translator], Chart]] = {
    "confusion": lambda t: confusion_matrix(np.eye(10, dtype=int) + 1, t),
    "maps": lambda t: layer_maps(MAPS, t, title="conv1", chosen=3),
    "neurons": lambda t: layer_maps(MAPS[0, 0], t, title="dense1"),
    "map": lambda t: feature_map(MAPS[0], t, title="map 0", clickable=True),
    "kernel": lambda t: kernel_numbers(KERNELS[0], 3, t, title="Filter 0"),
    "templates": lambda t: class_templates(
        RNG.normal(0, 1, (10, 28, 28)).astype(np.float32), 3, t, title="Templates"
    ),
    "journey": lambda t: digits_by_epoch((0, 1, 2), RNG.random((3, 10)), t),
    "occlusion": lambda t: occlusion_map(
        IMAGES[0], RNG.random((14, 14)).astype(np.float32), t, title="7", measure="logit"
    ),
}


@pytest.mark.parametrize("name", ALL | MORE)
def test_what_is_sent_is_what_plotly_has_checked(name: str) -> None:
    chart = (ALL | MORE)[name](T)
    sent, figure = plot.as_it_is(chart).to_dict(), checked(chart).to_dict()
    sent["layout"].pop("template"), figure["layout"].pop("template")
    assert plain(sent["layout"]) == plain(figure["layout"])
    assert plain(sent["data"]) == plain(figure["data"])


def test_what_a_chart_shows_is_its_title_where_nothing_else_is_said() -> None:
    assert frame.figure("Filters", [], height=100).alt == "Filters"
    assert frame.figure("Loss", [], height=100, alt="Loss: 0.1").alt == "Loss: 0.1"


@dataclass(frozen=True)
class Starred(Translator):
    """Marks what it was asked to translate."""

    def __call__(self, text: Any, /, **values: Any) -> str:
        return "★" + super().__call__(text, **values)


@pytest.mark.parametrize("name", sorted(set(ALL) - {"counts", "digit", "filters"}))
def test_all_words_pass_the_translator(name: str) -> None:
    chart = ALL[name](Starred("en"))
    figure = checked(chart)
    named = [figure.layout.title.text, figure.layout.xaxis.title.text]
    named.append(chart.alt)
    named += [trace.name for trace in figure.data if trace.name]
    named += [note.text for note in figure.layout.annotations if name == "network"]
    assert all("★" in text for text in named), named


def luminance(colour: str) -> float:
    parts = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("page", ["#ffffff", "#0e1117"])
@pytest.mark.parametrize("name", ["BLUE", "VERMILLION", "GREEN", "PURPLE", "GREY_BLUE"])
def test_colours_can_be_seen_on_both_pages(page: str, name: str) -> None:
    # WCAG 2.1, 1.4.11: graphics need a contrast of 3 to 1.
    dark, light = sorted([luminance(page), luminance(getattr(frame, name))])
    assert (light + 0.05) / (dark + 0.05) >= 2.99


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("Loss", ["Loss"]),
        (
            "Accuracy: training dotted, validation solid",
            ["Accuracy: training dotted,", "validation solid"],
        ),
        (
            "読めるようになった画像：その時点の予測 → 最後の予測",
            ["読めるようになった画像：", "その時点の予測 → 最後の予測"],
        ),
        ("x" * 60, ["x" * 60]),
    ],
)
def test_a_title_too_long_for_a_phone_has_two_lines_and_room_for_them(
    title: str, lines: list[str]
) -> None:
    chart = frame.figure(title, [], height=100)
    layout = checked(chart).layout
    assert layout.title.text == "<br>".join(lines)
    assert layout.height - 100 == layout.margin.t - 40 == 22 * (len(lines) - 1)
    assert chart.alt == title


@pytest.mark.parametrize("page", ["#ffffff", "#0e1117"])
def test_the_tools_of_a_chart_can_be_seen_on_both_pages(page: str) -> None:
    tools = checked(frame.figure("Loss", [], height=100)).layout.modebar
    for colour in (tools.color, tools.activecolor):
        dark, light = sorted([luminance(page), luminance(colour)])
        assert (light + 0.05) / (dark + 0.05) >= 2.99
