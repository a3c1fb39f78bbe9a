from typing import Any

import plotly.graph_objects as go
import pytest
from checked import T, checked

from digitlab.charts.architecture import network_picture
from digitlab.config import RunConfig
from digitlab.layers import layers_of
from digitlab.messages import Translator
from digitlab.presets import PRESETS

DEEP = {"network": "cnn", "blocks": 3, "filters1": 1, "filters2": 64, "filters3": 256}
CONFIGS = PRESETS | {
    "linear": RunConfig(hidden_layers=0),
    "one neuron": RunConfig(hidden_layers=3, units1=1, units2=2, units3=1024),
    "three blocks": RunConfig(**DEEP, pool3=True, conv_dropout=0.5, dense=1, dropout=0.9),
}


def picture(config: RunConfig, t: Translator = T) -> go.Figure:
    return checked(network_picture(layers_of(config), t))


@pytest.mark.parametrize("name", CONFIGS)
def test_every_layer_is_named_with_its_output(name: str) -> None:
    layers = layers_of(CONFIGS[name])
    captions = [note.text for note in picture(CONFIGS[name]).layout.annotations]
    drawn = [layer for layer in layers if layer.kind != "dropout"]
    assert len(captions) == len(drawn) + 1
    for layer, caption in zip(drawn, captions[1:], strict=True):
        assert "×".join(map(str, layer.output)) in caption
        assert not layer.parameters or f"{layer.parameters:,}" in caption
    assert sum("dropout" in caption for caption in captions) == len(layers) - len(drawn)


@pytest.mark.parametrize("name", CONFIGS)
def test_the_drawing_stays_inside_its_frame(name: str) -> None:
    figure = picture(CONFIGS[name])
    points = [
        tuple(float(part) for part in word.strip("ML").split(","))
        for shape in figure.layout.shapes
        for word in shape.path.removesuffix("Z").split()
    ]
    for trace in figure.data:
        points += [(x, y) for x, y in zip(trace.x, trace.y, strict=True) if x is not None]
    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert all(left < x < right and low < y < high for x, y in points)


def test_ten_outputs_carry_their_digits() -> None:
    figure = picture(RunConfig())
    texts = [list(trace.text) for trace in figure.data if trace.mode == "markers+text"]
    assert texts == [[str(digit) for digit in range(10)]]
    assert "101,770" in figure.layout.title.text


def test_more_filters_and_larger_kernels_change_the_picture() -> None:
    def paths(**changes: Any) -> set[str]:
        shapes = picture(RunConfig(network="cnn", **changes)).layout.shapes
        return {shape.path for shape in shapes}

    assert len(paths(filters1=64)) > len(paths(filters1=4))
    assert paths(kernel1=3) != paths(kernel1=5)


def test_dropout_hollows_its_share_of_the_neurons() -> None:
    def hollow(rate: float) -> int:
        dense = picture(RunConfig(units1=10, dropout=rate)).data[3]
        return sum(colour.endswith(",0.0)") for colour in dense.marker.color)

    assert [hollow(rate) for rate in (0.0, 0.2, 0.5, 0.9)] == [0, 2, 5, 9]


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("name", CONFIGS)
def test_the_captions_have_room_above_and_below(name: str, language: str) -> None:
    layout = picture(CONFIGS[name], Translator(language)).layout
    for note in layout.annotations:
        lines = note.text.count("<br>") + 1
        room = layout.margin.t - 40 if note.y == 1 else layout.xaxis.title.standoff
        assert 1.3 * note.font.size * lines <= room
        assert "<wbr>" not in note.text
    assert layout.margin.b >= layout.xaxis.title.standoff + 20
