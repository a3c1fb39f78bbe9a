"""What a layer looks for: its weights through the epochs, a filter to open, a class's template."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import streamlit as st

from digitlab import labels
from digitlab.charts.filters import class_templates, kernel_numbers, weight_tiles
from digitlab.charts.number_tables import signed_text
from digitlab.config import IMAGE_SIZE
from digitlab.inspection import filters
from digitlab.messages import Translator, mark
from digitlab.network import Floats, Network
from digitlab.ui import clicks, lab, plot, selected_model, shell
from digitlab.ui.inspect import one_filter, state
from digitlab.ui.inspect.layer_weights import Weights, finite, weights_of
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.shell import Visit
from digitlab.ui.timing import timed

_TICK = 0.8  # seconds from epoch to epoch while they play
_LIVE_TICK = 4.0  # seconds after which a live run is asked for a new epoch
_FORGOTTEN = 10.0  # seconds without a tick after which nothing plays any more
_ON_A_PAGE = 64  # neurons
_TEMPLATES = "templates"


@dataclass(frozen=True)
class _Words:
    """What one of the tiles is called, the title above them all and the caption below."""

    one: str
    title: str
    caption: str


_UNITS = _Words(
    mark("Unit {number}"),
    mark("Units, {when}"),
    mark("{count} units of 28x28, coloured by weight"),
)
_FILTERS = _Words(
    mark("Filter {number}"),
    mark("Filters, {when}"),
    mark("{count} filters of {size}x{size}, coloured by weight"),
)
_KERNELS = _Words(
    mark("Kernel for input channel {number}"),
    mark("The kernels of filter {number}, {when}"),
    mark("{count} kernels of {side}x{side}, coloured by weight"),
)


@dataclass(frozen=True)
class _Stage:
    """What is on the stage: a layer's weights, and which of them where they are many.

    ``first`` is the first neuron of the page; ``channel`` the filter of a deeper convolution,
    whose tiles are its kernels, one for each input channel.
    """

    weights: Weights
    first: int = 0
    channel: int | None = None

    @property
    def words(self) -> _Words:
        if self.channel is not None:
            return _KERNELS
        return _UNITS if self.weights.layer.kind == "dense" else _FILTERS

    def tiles(self, kernel: Floats) -> Floats:
        """The weights as pictures (N, H, W)."""
        if kernel.ndim == 2:
            page = kernel[:, self.first : self.first + _ON_A_PAGE]
            return page.T.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
        shown = kernel[:, :, 0, :] if self.channel is None else kernel[..., self.channel]
        return np.moveaxis(shown, -1, 0)


def show(model: SelectedModel, visit: Visit) -> None:
    """The choice of a layer, its weights on one scale, and the filter that is open."""
    asked = _layer(model.network, visit.t)
    playing = _playing(f"{model.name}-{asked}")
    live = model.run is not None and model.run.status.live
    every = _TICK if playing else _LIVE_TICK if live else None
    st.fragment(_turn, run_every=every)(asked, model, visit)


def _turn(asked: str, model: SelectedModel, visit: Visit) -> None:
    """Runs again by itself while the epochs play, or while the run is live."""
    with timed("filters"), shell.sentences(visit.t):
        _end_of_timer(model)
        _draw(asked, selected_model.newest(model), visit.t)


def _draw(asked: str, model: SelectedModel, t: Translator) -> None:
    templates = asked == _TEMPLATES
    layers = filters.looked_at(model.network)
    layer = next(layer for layer in layers if templates or layer.name == asked)
    weights = weights_of(model, layer, templates=templates)
    st.markdown(_explanation(weights, t))
    stage = _Stage(weights, _page(weights, t), _channel(weights, t))
    epoch = _epoch(weights, t)
    kernel = weights.at(epoch)
    if not finite(kernel):
        st.warning(
            t("After epoch {epoch} these weights are not numbers: the run diverged.", epoch=epoch)
        )
    elif templates:
        _show_templates(weights, kernel, epoch, t)
    else:
        _show_filters(stage, kernel, epoch, t)


def _layer(network: Network, t: Translator) -> str:
    """The layer that is asked for, or the class templates of an MLP."""
    layers = filters.looked_at(network)
    layer_names = {layer.name: labels.layer(layer, t) for layer in layers}
    if layers[0].kind == "dense":
        layer_names = {layers[0].name: t("Units"), _TEMPLATES: t("Class templates")}
    if len(layer_names) == 1:
        return layers[0].name
    if state.LAYER.get() not in layer_names:
        state.LAYER.set(layers[0].name)
    chosen = st.segmented_control(
        t("Layer"),
        list(layer_names),
        key=state.LAYER.key,
        required=True,
        on_change=_pause,
        format_func=lambda name: layer_names[name],
    )
    return str(chosen)


def _page(weights: Weights, t: Translator) -> int:
    """The first neuron of the page, where a layer has more than a page holds."""
    count = weights.layer.output[-1]
    if weights.layer.kind != "dense" or weights.templates or count <= _ON_A_PAGE:
        return 0

    def named(first: int) -> str:
        last = min(first + _ON_A_PAGE, count) - 1
        return t("{first} to {last} of {count}", first=first, last=last, count=count)

    starts, key = range(0, count, _ON_A_PAGE), f"filters-page-{weights.key}"
    return int(st.selectbox(t("Units"), starts, key=key, format_func=named))


def _channel(weights: Weights, t: Translator) -> int | None:
    """The filter of a deeper convolution: it has as many kernels as there are input channels."""
    if weights.layer.kind != "conv" or weights.first_convolution:
        return None
    return int(
        st.selectbox(
            t("Filter (output channel)"),
            range(weights.layer.output[2]),
            key=f"filters-channel-{weights.key}",
            format_func=lambda number: t("Filter {number}", number=number),
        )
    )


def _explanation(weights: Weights, t: Translator) -> str:
    if weights.templates and one_filter.only_layer(weights.model):
        return t(
            "Each square is what the network asks of the picture for one class: with no hidden "
            "layer, each class has one weight a pixel, and that is the whole network."
        )
    if weights.templates:
        return t(
            "Each square is what the whole network asks of the picture for one class, **if its "
            "activations are left out**: then the dense layers multiply to one, and each class has "
            "one weight a pixel. With activations this is a linear approximation."
        )
    if weights.layer.kind == "dense":
        return t(
            "Each square is one unit of the first layer, its 784 weights laid out as the "
            "picture's pixels: red pixels excite it, blue ones hold it back."
        )
    if weights.first_convolution:
        said = t(
            "Each square is one filter of the first convolution: where it is red it looks for "
            "light pixels, where it is blue for dark ones."
        )
        if weights.model.continued:
            return said
        return t.paragraph([said, t("Untrained filters are random.")])
    field = filters.field_of(weights.model.network.layers, weights.layer.name)
    return t(
        "A filter of this layer has one kernel for each of its {count} input channels, the feature "
        "maps of the layer before; it adds up what they find. Through the layers before, one "
        "output sees {size}x{size} pixels of the picture.",
        count=weights.layer.input[2],
        size=field.size,
    )


def _epoch(weights: Weights, t: Translator) -> int:
    """The slider through the epochs and the play button; one kept epoch needs neither."""
    epochs, continued = weights.epochs, weights.model.continued
    if len(epochs) == 1:
        if epochs[0] != 0:
            st.caption(t("The untrained weights of this network were not kept."))
        elif continued:
            st.caption(t("Only the weights that this run began with were kept."))
        else:
            st.caption(t("Only the untrained weights of this network were kept."))
        return epochs[0]
    shown, last = state.epoch(weights.key), state.last_epoch(weights.key)
    if shown.get() not in epochs or shown.get() == last.get() != epochs[-1]:
        shown.set(epochs[-1])  # at first, and when a live run that is shown to its end goes on
    last.set(epochs[-1])
    if _playing(weights.key):
        _advance(weights)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        playing = _playing(weights.key)
        st.button(
            t("Stop") if playing else t("Play"),
            key="filters-play",
            icon=":material/stop:" if playing else ":material/play_arrow:",
            on_click=_toggle,
            args=(weights,),
        )
        chosen = st.select_slider(
            t("Epoch"),
            epochs,
            key=shown.key,
            on_change=_pause,
            format_func=lambda number: labels.epoch(number, t, continued=continued),
        )
    return int(chosen)


def _playing(key: str) -> bool:
    """Whether the epochs of these weights play; not after the visitor has been elsewhere."""
    return state.PLAYING.get() == key and time.monotonic() - state.TICKED.get() < _FORGOTTEN


def _advance(weights: Weights) -> None:
    """One epoch on, if a tick and no click has run the page again; at the end nothing plays."""
    now = time.monotonic()
    if now - state.TICKED.get() < 0.7 * _TICK:
        return
    shown = state.epoch(weights.key)
    place = weights.epochs.index(shown.get()) + 1
    if place == len(weights.epochs):
        _pause()
        st.rerun()
    shown.set(weights.epochs[place])
    state.TICKED.set(now)


def _toggle(weights: Weights) -> None:
    if _playing(weights.key):
        _pause()
        return
    shown = state.epoch(weights.key)
    if shown.get() == weights.epochs[-1]:
        shown.set(weights.epochs[0])
    state.PLAYING.set(weights.key)
    state.TICKED.set(time.monotonic())
    state.TIMER_CHANGED.set(True)


def _pause() -> None:
    if state.PLAYING.take():
        state.TIMER_CHANGED.set(True)


def _end_of_timer(model: SelectedModel) -> None:
    """A timer begins and ends with a run of the whole page."""
    ended = (
        model.run is not None
        and model.run.status.live
        and not lab.store().run(model.run.id).status.live
    )
    if state.TIMER_CHANGED.take() or ended:
        st.rerun()


def _show_filters(stage: _Stage, kernel: Floats, epoch: int, t: Translator) -> None:
    """The tiles to click, and beside them the open one enlarged; below, what excites it."""
    weights, channel, pictures = stage.weights, stage.channel, stage.tiles(kernel)
    words, opened = stage.words, state.open_tile(stage.weights.key, stage.channel)
    count, side, _ = pictures.shape
    numbers = range(kernel.shape[-1 if channel is None else 2])
    names = [t(words.one, number=number) for number in numbers]
    figure = weight_tiles(
        pictures,
        weights.limit,
        t,
        title=t(words.title, number=channel, when=_when(weights, epoch, t)),
        names=names[stage.first : stage.first + count],
        first=stage.first,
        chosen=opened.get(),
        caption=t(words.caption, count=count, side=side, size=side),
    )
    left, right = st.columns(2)
    with left:
        clicks.answer(figure, "filters-tiles", t, len(numbers), opened.set, shows="filters-kernel")
        st.caption(_in_numbers(stage, pictures, names, epoch, t))
        st.selectbox(
            t("Open one (or click it)"),
            numbers,
            index=None,
            key=opened.key,
            placeholder=t("choose one"),
            format_func=lambda number: names[number],
        )
    number = opened.get()
    if number is None and channel is None:
        right.info(t("Click a square to see what excites it, and why it became like this."))
        return
    strongest = int(np.abs(pictures).sum(axis=(1, 2)).argmax())
    shown = strongest if number is None else number
    picture = kernel[:, shown].reshape(-1, IMAGE_SIZE) if kernel.ndim == 2 else pictures[shown]
    with right:
        figure = kernel_numbers(picture, weights.limit, t, title=names[shown])
        plot.draw(figure, t, key="filters-kernel")
        if number is None:
            st.caption(
                t("None was chosen: this one has the largest weights in sum, their signs left out.")
            )
    one_filter.show(weights, shown if channel is None else channel, kernel, epoch, t)


def _when(weights: Weights, epoch: int, t: Translator) -> str:
    if weights.epochs == (epoch,) and epoch:
        return t("trained")
    if epoch:
        return t("after epoch {epoch}", epoch=epoch)
    return labels.epoch(epoch, t, continued=weights.model.continued)


def _in_numbers(
    stage: _Stage, pictures: Floats, names: list[str], epoch: int, t: Translator
) -> str:
    """What the picture shows, for those who cannot see it; and the scale that it is shown on."""
    place = np.unravel_index(np.abs(pictures).argmax(), pictures.shape)
    largest = t(
        "The weight farthest from 0 is {weight} ({name}).",
        weight=signed_text(pictures[place]),
        name=names[stage.first + int(place[0])],
    )
    scale = t(
        "One scale for all epochs of this layer, from −{limit} (blue) over 0 (white) to +{limit} "
        "(red).",
        limit=f"{stage.weights.limit:.2g}",
    )
    return t.paragraph([largest, _moved(stage, pictures, names, epoch, t), scale])


def _moved(stage: _Stage, pictures: Floats, names: list[str], epoch: int, t: Translator) -> str:
    before = stage.weights.beginning(epoch)
    if before is None:
        return ""
    if stage.weights.frozen:
        return t("This run's convolutions are frozen: they are as it took them over.")
    moves = [filters.moved(*pair) for pair in zip(stage.tiles(before), pictures, strict=True)]
    most = int(np.argmax([move.distance for move in moves]))
    return t(
        "Of these, {name} has moved farthest from where it began: by {distance}, from a length of "
        "{began}.",
        name=names[stage.first + most],
        distance=f"{moves[most].distance:.2f}",
        began=f"{moves[most].began:.2f}",
    )


def _show_templates(weights: Weights, kernel: Floats, epoch: int, t: Translator) -> None:
    pictures = kernel.T.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    title = t("Class templates, {when}", when=_when(weights, epoch, t))
    figure = class_templates(pictures, weights.limit, t, title=title)
    plot.draw(figure, t, key="filters-templates")
    sums = np.abs(kernel).sum(axis=0)
    st.caption(
        t(
            "The template of the {digit} is the strongest: its weights' sizes add up to {sum}. One "
            "scale for all epochs, from −{limit} (blue) over 0 (white) to +{limit} (red).",
            digit=int(sums.argmax()),
            sum=f"{sums.max():.1f}",
            limit=f"{weights.limit:.2g}",
        )
    )
    one_filter.show_agreement(weights, epoch, t)
