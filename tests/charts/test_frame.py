import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from checked import PAGES, T, checked, contrast

from digitlab.charts import bars, filters, frame, maps, sheets
from digitlab.charts.architecture import network_picture
from digitlab.charts.confusion import confusion_matrix
from digitlab.charts.frame import Chart
from digitlab.charts.journey import digits_by_epoch
from digitlab.charts.lines import NO_POINTS, learning_curves
from digitlab.charts.occlusion import occlusion_map
from digitlab.charts.pixels import digit_image
from digitlab.config import RunConfig
from digitlab.inspection.metrics import Mistake
from digitlab.layers import layers_of
from digitlab.messages import Translator
from digitlab.ui import plot

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 28, 28), dtype=np.uint8)
MAPS = RNG.normal(0, 1, (20, 11, 12)).astype(np.float32)
KERNELS = RNG.normal(0, 1, (32, 5, 5)).astype(np.float32)
TEMPLATES = RNG.normal(0, 1, (10, 28, 28)).astype(np.float32)
COLUMNS = [[Mistake(digit, digit, (digit + 1) % 10, 0.5)] for digit in range(10)]
NAMES = {"caption": "32 filters", "names": list("f" * 32)}

ALL: dict[str, Callable[[Translator], Chart]] = {
    "loss": lambda t: learning_curves("loss", ([0.5, 1], [2, 1]), ([1], [1.1]), t, untrained=2.3),
    "accuracy": lambda t: learning_curves("accuracy", NO_POINTS, NO_POINTS, t, epochs=10),
    "probabilities": lambda t: bars.probability_bars(np.full(10, 0.1), t),
    "journey": lambda t: digits_by_epoch((0, 1, 2), RNG.random((3, 10)), t),
    "confusion": lambda t: confusion_matrix(np.eye(10, dtype=int) + 1, t),
    "mistakes": lambda t: sheets.mistake_sheet(IMAGES, COLUMNS, t),
    "samples": lambda t: sheets.sample_sheet(IMAGES[:24], [7] * 24, t, indices=range(24)),
    "network": lambda t: network_picture(layers_of(RunConfig()), t),
}
TITLED: dict[str, Callable[[Translator], Chart]] = {  # by who calls
    "counts": lambda t: bars.count_bars(list(range(10)), t, title="Labels", axis="images"),
    "digit": lambda t: digit_image(IMAGES[0], t, title="What the network sees"),
    "filters": lambda t: filters.weight_tiles(KERNELS, 3, t, title="Untrained", **NAMES),
    "kernel": lambda t: filters.kernel_numbers(KERNELS[0], 3, t, title="Filter 0"),
    "templates": lambda t: filters.class_templates(TEMPLATES, 3, t, title="Templates"),
    "maps": lambda t: maps.layer_maps(MAPS, t, title="conv1", chosen=3),
    "neurons": lambda t: maps.layer_maps(MAPS[0, 0], t, title="dense1"),
    "map": lambda t: maps.feature_map(MAPS[0], t, title="map 0", caption="one", clickable=True),
    "occlusion": lambda t: occlusion_map(IMAGES[0], MAPS[0, :, :11], t, title="7", measure="logit"),
}
WITH_TWO_AXES = {"loss", "accuracy", "probabilities", "journey", "confusion", "counts", "digit"}


@pytest.mark.parametrize("name", ALL | TITLED)
def test_every_chart_is_named_and_leaves_page_and_finger_alone(name: str) -> None:
    figure = checked((ALL | TITLED)[name](T))
    layout = figure.layout
    assert layout.title.text
    assert layout.xaxis.title.text
    assert layout.yaxis.title.text or name not in WITH_TWO_AXES
    assert layout.paper_bgcolor == "rgba(0,0,0,0)"
    assert layout.plot_bgcolor.startswith("rgba(")
    assert not layout.plot_bgcolor.endswith(",1)")
    assert layout.font.color is None
    assert layout.dragmode is False
    assert layout.uirevision
    assert layout.height > 140
    assert any(trace.hovertemplate for trace in figure.data), "values under the pointer"


def plain(value: Any) -> Any:
    """Plotly's JSON with each typed array as its numbers, and numbers as far as they are seen."""
    if isinstance(value, dict) and "bdata" in value:
        numbers = np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).astype(float)
        shape = [int(side) for side in str(value.get("shape", numbers.size)).split(", ")]
        return plain(numbers.reshape(shape).tolist())
    if isinstance(value, dict):
        parts = {name: plain(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part != []}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(part) for part in value]
    if isinstance(value, float | np.number):
        return "no number" if value != value else round(float(value), 5)
    return value


@pytest.mark.parametrize("name", ALL | TITLED)
def test_what_is_sent_is_what_plotly_has_checked(name: str) -> None:
    chart = (ALL | TITLED)[name](T)
    sent, figure = plot.as_it_is(chart).to_dict(), checked(chart).to_dict()
    sent["layout"].pop("template"), figure["layout"].pop("template")
    assert plain(sent) == plain(figure)


@dataclass(frozen=True)
class Starred(Translator):
    """Marks what it was asked to translate."""

    def __call__(self, text: Any, /, **values: Any) -> str:
        return "★" + super().__call__(text, **values)


@pytest.mark.parametrize("name", ALL)
def test_all_words_pass_the_translator(name: str) -> None:
    chart = ALL[name](Starred("en"))
    figure = checked(chart)
    named = [figure.layout.title.text, figure.layout.xaxis.title.text, chart.alt]
    named += [trace.name for trace in figure.data if trace.name]
    named += [note.text for note in figure.layout.annotations if name == "network"]
    assert all("★" in text for text in named), named


@pytest.mark.parametrize("page", PAGES)
def test_colours_and_tools_can_be_seen_on_both_pages(page: str) -> None:
    tools = checked(frame.figure("Loss", [], height=100)).layout.modebar
    colours = [frame.BLUE, frame.VERMILLION, frame.GREEN, frame.PURPLE, frame.GREY_BLUE]
    for colour in [*colours, tools.color, tools.activecolor]:
        assert contrast(page, colour) >= 2.99


@pytest.mark.parametrize(
    "lines",
    [
        ["Loss"],
        ["Accuracy: training dotted,", "validation solid"],
        ["読めるようになった画像：", "その時点の予測 → 最後の予測"],
        ["x" * 60],
    ],
)
def test_a_title_too_long_for_a_phone_has_two_lines_and_room_for_them(lines: list[str]) -> None:
    title = (" " if lines[0].isascii() else "").join(lines)
    chart = frame.figure(title, [], height=100)
    layout = checked(chart).layout
    assert layout.title.text == "<br>".join(lines)
    assert layout.height - 100 == layout.margin.t - 40 == 22 * (len(lines) - 1)
    assert chart.alt == title
    assert frame.figure(title, [], height=100, alt="Loss: 0.1").alt == "Loss: 0.1"
