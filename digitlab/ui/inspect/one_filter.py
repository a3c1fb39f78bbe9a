"""One filter opened: the patches, digits and edges that excite it, and why it became like this."""

from __future__ import annotations

import dataclasses

import numpy as np
import streamlit as st

from digitlab import dataset, labels
from digitlab.charts.bars import digit_responses
from digitlab.charts.filters import edge_chart
from digitlab.charts.number_tables import signed_text
from digitlab.charts.picture_rows import TopActivation, top_activations
from digitlab.dataset import DigitSet
from digitlab.inspection import filters
from digitlab.inspection.filters import ANGLES, Doubles, Excitement
from digitlab.messages import LabError, Translator, mark
from digitlab.network import Floats, Network
from digitlab.ui import batched, plot
from digitlab.ui.inspect.layer_weights import Weights
from digitlab.ui.selected_model import SelectedModel

_FIRST = ("conv1", "dense1")  # layers that the picture itself comes to
_PART = 100  # images between two signs of life
_FLAT = 0.15  # share of a kernel's size: edges that differ less are alike to it

_DIRECTIONS = {
    0: mark("to the right"),
    45: mark("to the upper right"),
    90: mark("upwards"),
    135: mark("to the upper left"),
    180: mark("to the left"),
    225: mark("to the lower left"),
    270: mark("downwards"),
    315: mark("to the lower right"),
}
# What is left of a random beginning, where the cosine between then and now is above the first.
_LIKENESS = (
    (0.9, mark("Its pattern is still nearly the random one it began with (cosine {alike}).")),
    (0.5, mark("Its random beginning can still be seen (cosine {alike}).")),
    # Two random 5x5 kernels have the cosine 1 / sqrt(25).
    (0.2, mark("Its random beginning has faded a good deal (cosine {alike}).")),
)


def show(weights: Weights, number: int, kernel: Floats, epoch: int, t: Translator) -> None:
    """Everything about filter or neuron ``number``, whose weights are those after ``epoch``.

    What excites it is worked out anew for each epoch in a first layer. Deeper that would take
    seconds, and it is what excites it in the trained network.
    """
    layer, model = weights.layer, weights.model
    dense, first = layer.kind == "dense", layer.name in _FIRST
    st.subheader(
        t("Unit {number}", number=number) if dense else t("Filter {number}", number=number)
    )
    shown = dataclasses.replace(model, network=weights.network_at(epoch)) if first else model
    story = []
    if shown.epoch != epoch:
        story.append(
            t(
                "What is said here of edges, patches and digits is so after epoch {epoch}.",
                epoch=shown.epoch,
            )
        )
    left, right = st.columns(2)
    if not dense:
        with left:
            story.append(_edges(weights, number, kernel, epoch, t))
    try:
        digits = _digit_set(model)
        count = filters.affordable_images(model.network, layer.name, len(digits.y_test))
        found = _excitement(shown, layer.name, digits, count, number, t)
    except LabError as error:
        st.warning(t(error.on_page))
    else:
        with left if dense else right:
            story += _digits(found, digits, shown, t)
        if not dense:
            _patches(weights, found, digits, t)
        with right if dense else st.container():
            _whole(found, digits, t)
    story += _journey(weights, number, kernel, epoch, t)
    if epoch == 0 and model.continued:
        st.markdown(t.paragraph([*story, t("It is as another run has left it.")]))
    elif epoch == 0:
        random = t("It is **random**: no training step has moved it yet.")
        st.markdown(t.paragraph([*story, random]))
    else:
        general = t(
            "Nobody drew it: each training step moves every weight a little in the direction that "
            "lowers the loss, so what helps to tell the digits apart grows."
        )
        question = t("Why did it become like this?")
        st.markdown(f"**{question}**\n\n{t.paragraph([*story, general])}")


def only_layer(model: SelectedModel) -> bool:
    """Whether the network has no hidden layer, so that the class templates are all of it."""
    return sum(layer.kind == "dense" for layer in model.network.layers) == 1


def show_agreement(weights: Weights, epoch: int, t: Translator) -> None:
    """How much of the test set the templates alone read right, beside the network itself."""
    model = dataclasses.replace(weights.model, network=weights.network_at(epoch))
    digits = _digit_set(model)
    count = min(filters.MOST_IMAGES, len(digits.y_test))
    alone, whole = _agreement(_key(model, digits), count, model.network, digits)
    if only_layer(model):
        told = t(
            "This network has no hidden layer: the templates are the whole of it, exactly. They "
            "read {whole} of {count} test images right.",
            whole=f"{whole:.1%}",
            count=f"{count:,}",
        )
    else:
        told = t(
            "With these ten templates alone {alone} of {count} test images are read right; the "
            "whole network, with its activations, reads {whole} right. The difference is what the "
            "templates do not show.",
            alone=f"{alone:.1%}",
            whole=f"{whole:.1%}",
            count=f"{count:,}",
        )
    st.markdown(told)


def _edges(weights: Weights, number: int, kernel: Floats, epoch: int, t: Translator) -> str:
    """The answer to an edge at each angle, and the sentence that it tells."""
    lines = _edge_lines(weights, number, kernel, epoch, t)
    pictures = {
        angle: np.round(255 * filters.edge(angle, 11)).astype(np.uint8) for angle in _DIRECTIONS
    }
    figure = edge_chart(ANGLES, lines, pictures, t, title=t("Response to an edge"))
    plot.draw(figure, t, key="filters-edges")
    values = next(reversed(lines.values()))
    best, least = int(values.argmax()), int(values.argmin())
    st.caption(
        t(
            "Shown to it: an edge between black and white through the middle of what it sees, "
            "turned by 15 degrees at a time. Largest: {largest} at {best}°. Smallest: {smallest} "
            "at {least}°. The bias is left out.",
            largest=signed_text(values[best]),
            best=ANGLES[best],
            smallest=signed_text(values[least]),
            least=ANGLES[least],
        )
    )
    size = float(np.abs(kernel[..., number]).sum())
    if weights.first_convolution and np.ptp(values) < _FLAT * size:
        return t("Edges of all angles are nearly alike to it: it is no edge finder.")
    angle = ANGLES[best]
    direction = t(_DIRECTIONS[round(angle / 45) % 8 * 45])
    if values[best] <= 0:
        return t(
            "Every edge lowers its sum, least of all one that gets bright **{direction}** "
            "({angle}°).",
            direction=direction,
            angle=angle,
        )
    return t(
        "Of all edges it answers most to one that gets bright **{direction}** ({angle}°).",
        direction=direction,
        angle=angle,
    )


def _edge_lines(
    weights: Weights, number: int, kernel: Floats, epoch: int, t: Translator
) -> dict[str, Doubles]:
    """By name the untrained and the present answers, the present last."""
    model, name = weights.model, weights.layer.name
    before = labels.epoch(0, t, continued=model.continued)
    lines: dict[str, Doubles] = {}
    if weights.first_convolution:
        start = weights.beginning(epoch)
        if start is not None:
            lines[before] = filters.edge_responses(start[:, :, 0, number])
        now = t("trained") if weights.epochs == (epoch,) and epoch else _when(epoch, model, t)
        return lines | {now: filters.edge_responses(kernel[:, :, 0, number])}
    if model.untrained is not None:
        lines[before] = _deep_edges(f"{model.name}-0", name, model.untrained)[:, number]
    trained = _deep_edges(f"{model.name}-{model.epoch}", name, model.network)[:, number]
    return lines | {t("after epoch {epoch}", epoch=model.epoch): trained}


@st.cache_data(show_spinner=False, max_entries=50)
def _deep_edges(key: str, layer: str, _network: Network) -> Doubles:
    return filters.deep_edge_responses(_network, layer).astype(np.float64)


def _digits(found: Excitement, digits: DigitSet, shown: SelectedModel, t: Translator) -> list[str]:
    """The mean response to each digit, and the sentences that it tells."""
    count = len(found.means)
    means = filters.per_digit(found.means[:, 0], digits.y_test[:count])
    figure = digit_responses(means, t, title=t("Mean response to each digit"))
    plot.draw(figure, t, key="filters-digits")
    if not np.isfinite(means).any():
        return []
    best, least = int(np.nanargmax(means)), int(np.nanargmin(means))
    st.caption(
        t(
            "The mean of what it gives after its activation ({when}), over {count} test images. "
            "Largest: {largest} for the {best}s. Smallest: {smallest} for the {least}s.",
            when=_when(shown.epoch, shown, t),
            count=f"{count:,}",
            largest=labels.fixed(means[best], 3),
            best=best,
            smallest=labels.fixed(means[least], 3),
            least=least,
        )
    )
    if not np.any(found.peaks[:, 0]):
        return [t("It is **dead**: it gives 0 everywhere on all of these images.")]
    return [
        t(
            "In the mean over its images, the **{best}** excites it most of all digits, and the "
            "**{least}** least.",
            best=best,
            least=least,
        )
    ]


def _patches(weights: Weights, found: Excitement, digits: DigitSet, t: Translator) -> None:
    """The patches that it answers to most, enlarged over the digits that they are from."""
    field = filters.field_of(weights.model.network.layers, weights.layer.name)
    st.markdown(
        t(
            "**The patches that excite it most**: {size}x{size} pixels, at most one an image, and "
            "below each the digit that it is from",
            size=field.size,
        )
    )
    tiles = []
    for index in filters.largest(found.peaks[:, 0], 12):
        place = divmod(int(found.places[index, 0]), weights.layer.output[1])
        box = (*field.corner(*place), field.size)
        tiles.append(_exciting(digits, int(index), found.peaks[index, 0], box))
    st.html(top_activations(tiles))


def _whole(found: Excitement, digits: DigitSet, t: Translator) -> None:
    """The digits with the largest mean response."""
    st.markdown(t("**The digits that excite it most**, with its mean response to each"))
    tiles = [
        _exciting(digits, int(index), found.means[index, 0], None)
        for index in filters.largest(found.means[:, 0], 8)
    ]
    st.html(top_activations(tiles))
    st.caption(t("Under each picture: the digit it is, and what the network gives for it here."))


def _exciting(
    digits: DigitSet, index: int, response: float, box: tuple[int, int, int] | None
) -> TopActivation:
    said = labels.fixed(response, 2)
    return TopActivation(digits.x_test[index], str(digits.y_test[index]), said, box)


def _digit_set(model: SelectedModel) -> DigitSet:
    if model.run is not None:
        return dataset.find(model.run.digits.fingerprint)
    return dataset.current().digits


def _key(model: SelectedModel, digits: DigitSet) -> str:
    return f"{model.name}-{model.epoch}-{digits.fingerprint}"


def _when(epoch: int, model: SelectedModel, t: Translator) -> str:
    if epoch:
        return t("after epoch {epoch}", epoch=epoch)
    return labels.epoch(0, t, continued=model.continued)


def _excitement(
    model: SelectedModel, name: str, digits: DigitSet, count: int, number: int, t: Translator
) -> Excitement:
    """The filter's responses to all searched images, in the layer ``name``.

    In a first layer one filter is worked out in no time. Deeper, most of the work is in the
    layers before and serves all filters.
    """
    key, network = _key(model, digits), model.network
    if name in _FIRST:
        return _first(key, name, count, number, network, digits)
    parts = batched.read(
        count,
        lambda start, stop: _part(key, name, start, stop, network, digits),
        t,
        size=_PART,
    )
    return filters.joined(parts).only(number)


@st.cache_resource(show_spinner=False, max_entries=500)
def _first(
    key: str, layer: str, count: int, number: int, _network: Network, _digits: DigitSet
) -> Excitement:
    """Of one filter of the first layer, 12 KB; once for all sessions."""
    return filters.excitement(_network, layer, _digits.x_test[:count], only=number)


@st.cache_resource(show_spinner=False, max_entries=300)
def _part(
    key: str, layer: str, start: int, stop: int, _network: Network, _digits: DigitSet
) -> Excitement:
    """Of some images, 100 KB at the most; once for all sessions."""
    return filters.excitement(_network, layer, _digits.x_test[start:stop])


@st.cache_data(show_spinner=False, max_entries=50)
def _agreement(key: str, count: int, _network: Network, _digits: DigitSet) -> tuple[float, float]:
    return filters.agreement(_network, _digits.x_test[:count], _digits.y_test[:count])


def _journey(weights: Weights, number: int, kernel: Floats, epoch: int, t: Translator) -> list[str]:
    """How far it has gone from where it began."""
    before = weights.beginning(epoch)
    if before is None:
        return []
    if weights.frozen:
        return [t("The convolutions of this run are frozen: it has not moved.")]
    moved = filters.moved(before[..., number], kernel[..., number])
    said = t(
        "Its weights have moved by {distance} from where they began; their length was {began} and "
        "is {ended} now.",
        distance=f"{moved.distance:.2f}",
        began=f"{moved.began:.2f}",
        ended=f"{moved.ended:.2f}",
    )
    return [said, likeness(moved.cosine, weights.model.continued, t)]


def likeness(cosine: float, continued: bool, t: Translator) -> str:
    """How much of where a filter began is left in it, by the cosine between then and now."""
    alike = labels.fixed(cosine, 2)
    if continued:
        return t("How alike the pattern is to the one it took over: {alike} (cosine).", alike=alike)
    little = mark("Little of its random beginning is left (cosine {alike}).")
    return t(next((said for least, said in _LIKENESS if cosine > least), little), alike=alike)
