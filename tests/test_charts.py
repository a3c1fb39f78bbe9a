import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from digitlab import charts
from digitlab.config import RunConfig
from digitlab.layers import layers_of
from digitlab.messages import Translator
from digitlab.mistakes import Mistake
from digitlab.presets import PRESETS

T = Translator("en")
NOTHING = charts.NO_POINTS
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 28, 28), dtype=np.uint8)
KERNELS = RNG.normal(0, 1, (5, 5, 1, 32)).astype(np.float32)
DENSE = RNG.normal(0, 1, (784, 100)).astype(np.float32)


COLUMNS = [
    [Mistake(10 * row + digit, digit, (digit + 1) % 10, 0.5 + row / 20) for row in range(digit % 6)]
    for digit in range(10)
]

ALL: dict[str, Callable[[Translator], Any]] = {
    "loss": lambda t: charts.curves("loss", ([0.5, 1], [2, 1]), ([1], [1.1]), t, untrained=2.3),
    "log loss": lambda t: charts.curves("loss", ([0.5, 1], [2, 1]), NOTHING, t, log=True),
    "accuracy": lambda t: charts.curves("accuracy", NOTHING, NOTHING, t, epochs=10),
    "probabilities": lambda t: charts.probabilities(np.full(10, 0.1), t),
    "counts": lambda t: charts.counts(list(range(10)), t, title="Labels", axis="images"),
    "digit": lambda t: charts.digit(IMAGES[0], t, title="What the network sees"),
    "filters": lambda t: charts.filter_mosaic(KERNELS, 3, t, title="Untrained"),
    "weights": lambda t: charts.weight_mosaic(DENSE, 3, t, title="Untrained"),
    "mistakes": lambda t: charts.mistake_sheet(IMAGES, COLUMNS, t),
    "samples": lambda t: charts.sample_sheet(IMAGES[:24], np.arange(24) % 10, t),
    "network": lambda t: charts.network_picture(layers_of(RunConfig()), t),
}
PICTURES = {"filters", "weights", "mistakes", "samples", "network"}


def array(values: Any) -> np.ndarray:
    return np.asarray(values, dtype=float)


def picture_of(figure: Any) -> np.ndarray:
    source = next(trace.source for trace in figure.data if isinstance(trace, go.Image))
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))))


# What all charts have in common


@pytest.mark.parametrize("name", ALL)
def test_every_chart_is_named_and_leaves_page_and_finger_alone(name: str) -> None:
    layout = ALL[name](T).layout
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
    assert any(trace.hovertemplate for trace in ALL[name](T).data)


@dataclass(frozen=True)
class Starred(Translator):
    """Marks what it was asked to translate."""

    def __call__(self, text: Any, /, **values: Any) -> str:
        return "★" + super().__call__(text, **values)


@pytest.mark.parametrize("name", set(ALL) - {"counts", "digit", "filters", "weights"})
def test_all_words_pass_the_translator(name: str) -> None:
    figure = ALL[name](Starred("en"))
    named = [figure.layout.title.text, figure.layout.xaxis.title.text]
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
    dark, light = sorted([luminance(page), luminance(getattr(charts, name))])
    assert (light + 0.05) / (dark + 0.05) >= 2.99


# Curves


def test_short_curves_are_drawn_as_they_are() -> None:
    x, y = charts.thin([0.1, 0.2], [3, 2])
    np.testing.assert_array_equal(x, [0.1, 0.2])
    np.testing.assert_array_equal(y, [3, 2])


@pytest.mark.parametrize("points", [1501, 3000, 20_000])
def test_thinning_draws_means_of_neighbours(points: int) -> None:
    x, y = np.arange(points) / 100, RNG.random(points)
    thin_x, thin_y = charts.thin(x, y)
    size = -(-points // 1500)
    assert len(thin_x) == len(thin_y) == -(-points // size) <= 1500
    assert thin_y[0] == pytest.approx(y[:size].mean())
    sizes = np.full(len(thin_y), size)
    sizes[-1] = points - size * (len(thin_y) - 1)
    assert np.average(thin_y, weights=sizes) == pytest.approx(y.mean())
    assert np.average(thin_x, weights=sizes) == pytest.approx(x.mean())


def test_a_loss_that_is_not_finite_leaves_a_gap() -> None:
    y = np.ones(4000)
    y[-1] = np.inf
    assert np.isnan(charts.thin(np.arange(4000), y)[1][-1])
    assert np.isfinite(charts.thin(np.arange(4000), y)[1][:-1]).all()
    assert y[-1] == np.inf


def test_training_validation_and_untrained_are_lines_of_their_own() -> None:
    training = (np.linspace(0, 2, 20_000), np.linspace(2, 0, 20_000))
    figure = charts.curves("loss", training, ([1, 2], [0.5, 0.4]), T, untrained=2.3, epochs=10)
    names = [trace.name for trace in figure.data]
    assert names == ["training", "validation", "untrained, test set"]
    assert len(figure.data[0].x) <= 1500
    np.testing.assert_array_equal(figure.data[1].y, [0.5, 0.4])
    assert (figure.data[2].x[0], figure.data[2].y[0]) == (0, 2.3)
    assert figure.layout.yaxis.rangemode == "tozero"
    low, high = figure.layout.xaxis.range
    assert low < 0
    assert high > 10
    assert figure.layout.showlegend


def test_a_run_without_validation_says_so() -> None:
    figure = charts.curves("loss", ([0.1], [2.0]), NOTHING, T)
    assert [trace.name for trace in figure.data] == ["training (no validation)"]
    assert figure.data[0].mode == "markers", "one point is no line"


def test_accuracy_is_a_percentage_up_to_a_hundred() -> None:
    figure = charts.curves("accuracy", ([1], [0.9]), NOTHING, T, floor=0.8)
    low, high = figure.layout.yaxis.range
    assert low == 0.8
    assert 1 < high < 1.01
    assert "%" in figure.layout.yaxis.tickformat
    assert "%" in figure.layout.yaxis.title.text


def test_a_logarithmic_loss_has_readable_ticks() -> None:
    axis = charts.curves("loss", ([1], [0.9]), NOTHING, T, log=True).layout.yaxis
    assert axis.type == "log"
    assert [float(word) for word in axis.ticktext] == pytest.approx(list(axis.tickvals))


@pytest.mark.parametrize("epochs", [1, 3, 12, 50, 100])
def test_ticks_stand_at_whole_epochs_and_are_few(epochs: int) -> None:
    axis = charts.curves("loss", NOTHING, NOTHING, T, epochs=epochs).layout.xaxis
    assert axis.dtick == int(axis.dtick)
    assert epochs / axis.dtick <= 10


# Bars


def test_the_most_probable_digit_stands_out() -> None:
    values = np.full(10, 0.002)
    values[7] = 0.982
    (bars,) = charts.probabilities(values, T).data
    np.testing.assert_allclose(array(bars.y), values)
    others = {colour for digit, colour in enumerate(bars.marker.color) if digit != 7}
    assert len(others) == 1
    assert bars.marker.color[7] not in others
    assert [text for text in bars.text if text] == ["98%"]


def test_the_axis_of_probabilities_does_not_move() -> None:
    layouts = [charts.probabilities(np.eye(10)[3] * scale, T).layout for scale in (1, 0.2)]
    assert layouts[0].yaxis.range == layouts[1].yaxis.range
    assert list(layouts[0].yaxis.tickvals)[-1] == 1


@pytest.mark.parametrize(
    ("share", "label"),
    [
        (0.0, ""), (0.0099, ""), (0.01, "1%"), (0.456, "46%"), (0.9899, "99%"), (0.994, "99.4%"),
        (0.9994, "99.9%"), (0.99999, ">99.9%"), (1.0, "100%"), (float("nan"), ""),
    ],
)  # fmt: skip
def test_labels_never_promise_more_than_the_number(share: float, label: str) -> None:
    values = np.zeros(10)
    values[0] = share
    assert charts.probabilities(values, T).data[0].text[0] == label


def test_counts_stand_over_their_bars() -> None:
    figure = charts.counts(np.arange(10) * 1000, T, title="Misread", axis="images")
    (bars,) = figure.data
    assert list(bars.y) == list(range(0, 10_000, 1000))
    assert bars.text[9] == "9,000"
    assert not figure.layout.showlegend


def test_counts_of_parts_are_stacked() -> None:
    parts = {"training": [4] * 10, "validation": [2] * 10, "test": [1] * 10}
    figure = charts.counts(parts, T, title="Images", axis="images")
    assert [trace.name for trace in figure.data] == list(parts)
    assert figure.layout.barmode == "stack"
    assert figure.layout.showlegend
    assert len({trace.marker.color for trace in figure.data}) == 3


# Pixels and weights


def test_a_digit_is_shown_white_on_black_with_square_pixels() -> None:
    figure = charts.digit(IMAGES[0], T, title="7")
    (pixels,) = figure.data
    np.testing.assert_array_equal(array(pixels.z), IMAGES[0])
    assert (pixels.zmin, pixels.zmax) == (0, 255)
    assert pixels.colorscale[0][1] == "#000000"
    assert figure.layout.yaxis.range == (27.5, -0.5)
    assert figure.layout.yaxis.scaleanchor == "x"


def test_the_colour_limit_is_the_largest_size_of_all() -> None:
    assert charts.colour_limit(np.array([0.5, -2.0]), np.array([1.0])) == 2.0
    assert charts.colour_limit(np.array([np.nan, np.inf, -3.0])) == 3.0
    assert charts.colour_limit(np.zeros(3)) == 1.0
    assert charts.colour_limit() == 1.0


def test_filters_share_a_scale_that_is_symmetric_about_zero() -> None:
    limit = charts.colour_limit(KERNELS, KERNELS * 2)
    for kernels in (KERNELS, KERNELS * 2):
        cells = charts.filter_mosaic(kernels, limit, T, title="Filters").data[0]
        assert (cells.zmin, cells.zmax) == (-limit, limit)
        assert list(cells.colorbar.tickvals) == [-limit, 0, limit]
        assert f"{limit:.2g}" in cells.colorbar.ticktext[2]
    middle = charts.filter_mosaic(KERNELS, limit, T, title="Filters").data[0].colorscale[5]
    assert middle == (0.5, "rgb(247,247,247)")


@pytest.mark.parametrize(("size", "filters"), [(3, 1), (5, 32), (7, 256)])
def test_a_mosaic_holds_every_filter_once(size: int, filters: int) -> None:
    kernels = RNG.normal(size=(size, size, 2, filters))
    cells = charts.filter_mosaic(kernels, 1, T, title="Filters", channel=1).data[0]
    z, places = array(cells.z), np.asarray(cells.customdata)
    inside = ~np.isnan(z)
    assert inside.sum() == size * size * filters
    number, row, column = places[inside].T
    assert set(number) == set(range(filters))
    np.testing.assert_allclose(z[inside], kernels[row, column, 1, number], rtol=1e-6)


@pytest.mark.parametrize(
    ("filters", "shape"), [(1, (1, 1)), (20, (4, 5)), (32, (4, 8)), (256, (16, 16))]
)
def test_a_mosaic_leaves_few_places_empty(filters: int, shape: tuple[int, int]) -> None:
    kernels = np.zeros((3, 3, 1, filters))
    z = array(charts.filter_mosaic(kernels, 1, T, title="Filters").data[0].z)
    assert ((z.shape[0] + 1) // 4, (z.shape[1] + 1) // 4) == shape


def test_an_mlps_weights_are_pictures_of_its_first_neurons() -> None:
    figure = charts.weight_mosaic(DENSE, 3, T, title="Weights")
    z, places = array(figure.data[0].z), np.asarray(figure.data[0].customdata)
    inside = ~np.isnan(z)
    assert inside.sum() == 64 * 784
    number, row, column = places[inside].astype(int).T
    np.testing.assert_allclose(z[inside], DENSE[28 * row + column, number], rtol=1e-6)
    assert "64 of 100" in figure.layout.xaxis.title.text


def test_few_neurons_are_all_shown() -> None:
    figure = charts.weight_mosaic(DENSE[:, :3], 3, T, title="Weights")
    assert np.isfinite(array(figure.data[0].z)).sum() == 3 * 784
    assert figure.layout.xaxis.title.text.startswith("3 neurons")


# Sheets


def test_a_sheet_has_a_column_a_digit_and_empty_places() -> None:
    figure = charts.mistake_sheet(IMAGES, COLUMNS, T)
    _, targets = figure.data
    assert len(targets.x) == sum(len(column) for column in COLUMNS)
    assert figure.layout.annotations[0].text == "1 → 2"
    assert len(figure.layout.annotations) == len(targets.x)
    assert list(figure.layout.xaxis.ticktext) == [str(digit) for digit in range(10)]
    picture = picture_of(figure)
    placed = {(x, y) for x, y in zip(targets.x, targets.y, strict=True)}
    assert len(placed) == len(targets.x)
    opaque = (picture[..., 1] == 255).sum()
    assert opaque == len(targets.x) * 784


def test_a_tile_its_target_and_its_words_belong_together() -> None:
    figure = charts.mistake_sheet(IMAGES, COLUMNS, T)
    picture, targets = picture_of(figure), figure.data[1]
    places = zip(targets.x, targets.y, targets.customdata, targets.text, strict=True)
    for x, y, (index,), words in places:
        left, top = int(x - 13.5), int(y - 13.5)
        tile = picture[top : top + 28, left : left + 28, 0]
        np.testing.assert_array_equal(tile, IMAGES[index])
        assert f"sample {index}<" in words
        assert f"truth {index % 10}, read as {(index + 1) % 10}" in words
    assert "50.0% certain" in targets.text[0]


def test_a_sheet_shows_no_more_rows_than_it_has() -> None:
    many = [[Mistake(row, 3, 5, 0.9) for row in range(12)]]
    assert len(charts.mistake_sheet(IMAGES, many, T).data[1].x) == 5
    assert len(charts.mistake_sheet(IMAGES, many, T, rows=8).data[1].x) == 8


def test_a_network_that_misreads_nothing_leaves_the_sheet_empty() -> None:
    figure = charts.mistake_sheet(IMAGES, [[] for _ in range(10)], T)
    assert not picture_of(figure).any()
    assert len(figure.data[1].x) == 0


def test_samples_come_row_by_row_with_their_labels() -> None:
    figure = charts.sample_sheet(IMAGES[:24], np.arange(24) % 10, T, indices=range(100, 124))
    _, targets = figure.data
    assert [note.text for note in figure.layout.annotations] == [
        str(number % 10) for number in range(24)
    ]
    assert [data[0] for data in targets.customdata] == list(range(100, 124))
    assert "24" in figure.layout.xaxis.title.text
    np.testing.assert_array_equal(picture_of(figure)[:28, :28, 0], IMAGES[0])


def test_samples_without_a_label_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        charts.sample_sheet(IMAGES[:3], [1, 2], T)


# The network

ODD = {
    "linear": RunConfig(hidden_layers=0),
    "one neuron": RunConfig(hidden_layers=3, units1=1, units2=2, units3=1024),
    "three blocks": RunConfig(
        network="cnn", blocks=3, filters1=1, filters2=64, filters3=256, pool3=True,
        conv_dropout=0.5, dense=1, dropout=0.9,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [*PRESETS, *ODD])
def test_every_layer_is_named_with_its_output(name: str) -> None:
    layers = layers_of((PRESETS | ODD)[name])
    figure = charts.network_picture(layers, T)
    captions = [note.text for note in figure.layout.annotations]
    drawn = [layer for layer in layers if layer.kind != "dropout"]
    assert len(captions) == len(drawn) + 1
    for layer, caption in zip(drawn, captions[1:], strict=True):
        assert "×".join(map(str, layer.output)) in caption
        assert not layer.parameters or f"{layer.parameters:,}" in caption
    dropouts = [layer for layer in layers if layer.kind == "dropout"]
    assert sum("dropout" in caption for caption in captions) == len(dropouts)


@pytest.mark.parametrize("name", [*PRESETS, *ODD])
def test_the_drawing_stays_inside_its_frame(name: str) -> None:
    figure = charts.network_picture(layers_of((PRESETS | ODD)[name]), T)
    points = [
        tuple(float(part) for part in word.strip("MLZ").split(","))
        for shape in figure.layout.shapes
        for word in shape.path.split()
        if word.strip("MLZ")
    ]
    for trace in figure.data:
        points += [(x, y) for x, y in zip(trace.x, trace.y, strict=True) if x is not None]
    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert all(left < x < right and low < y < high for x, y in points)


def test_ten_outputs_carry_their_digits() -> None:
    figure = charts.network_picture(layers_of(RunConfig()), T)
    texts = [list(trace.text) for trace in figure.data if trace.mode == "markers+text"]
    assert texts == [[str(digit) for digit in range(10)]]
    assert "101,770" in figure.layout.title.text


def test_more_filters_and_larger_kernels_change_the_picture() -> None:
    def paths(**changes: Any) -> set[str]:
        config = RunConfig(network="cnn", **changes)
        return {shape.path for shape in charts.network_picture(layers_of(config), T).layout.shapes}

    assert len(paths(filters1=64)) > len(paths(filters1=4))
    assert paths(kernel1=3) != paths(kernel1=5)


def test_dropout_hollows_its_share_of_the_neurons() -> None:
    def hollow(rate: float) -> int:
        layers = layers_of(RunConfig(units1=10, dropout=rate))
        dense = charts.network_picture(layers, T).data[3]
        return sum(colour.endswith(",0.0)") for colour in dense.marker.color)

    assert [hollow(rate) for rate in (0.0, 0.2, 0.5, 0.9)] == [0, 2, 5, 9]
