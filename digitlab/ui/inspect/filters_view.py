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
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit
from digitlab.ui.timing import timed

_TICK = 0.8  # seconds from epoch to epoch while they play
_LIVE_TICK = 4.0  # seconds after which a live run is asked for a new epoch
_FORGOTTEN = 10.0  # seconds without a tick after which nothing plays any more
_ON_A_PAGE = 64  # neurons
_TEMPLATES = "templates"


@dataclass(frozen=True)
class _Words:
    """What one kind of tile is called; all are messages."""

    name: str
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

    @property
    def opened(self) -> SessionValue[int | None]:
        return state.open_tile(self.weights.key, self.channel)

    def name(self, number: int, t: Translator) -> str:
        return t(self.words.name, number=number)

    def tiles(self, kernel: Floats) -> Floats:
        """All the weights as pictures (N, H, W)."""
        if kernel.ndim == 2:
            return kernel.T.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
        shown = kernel[:, :, 0, :] if self.channel is None else kernel[..., self.channel]
        return np.moveaxis(shown, -1, 0)

    def page(self, kernel: Floats) -> Floats:
        """Those that are shown at once: of units not all."""
        count = _ON_A_PAGE if kernel.ndim == 2 else None
        return self.tiles(kernel)[self.first :][:count]


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
    layers = {layer.name: layer for layer in filters.looked_at(model.network)}
    templates = asked == _TEMPLATES
    layer = next(iter(layers.values())) if templates else layers[asked]
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


# --- which layer, and which part of it ------------------------------------------------------------


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
    starts = range(0, count, _ON_A_PAGE)
    return int(
        st.selectbox(
            t("Units"),
            starts,
            key=f"filters-page-{weights.key}",
            format_func=lambda first: t(
                "{first} to {last} of {count}",
                first=first,
                last=min(first + _ON_A_PAGE, count) - 1,
                count=count,
            ),
        )
    )


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


# --- the epochs -----------------------------------------------------------------------------------


def _epoch(weights: Weights, t: Translator) -> int:
    """The slider through the epochs and the play button; one kept epoch needs neither."""
    epochs = weights.epochs
    if len(epochs) == 1:
        st.caption(_only(weights, t))
        return epochs[0]
    _follow(weights)
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
            key=state.epoch(weights.key).key,
            on_change=_pause,
            format_func=lambda number: labels.epoch(number, t, continued=weights.model.continued),
        )
    return int(chosen)


def _only(weights: Weights, t: Translator) -> str:
    if weights.epochs[0] == 0:
        if weights.model.continued:
            return t("Only the weights that this run began with were kept.")
        return t("Only the untrained weights of this network were kept.")
    return t("The untrained weights of this network were not kept.")


def _follow(weights: Weights) -> None:
    """Begin at the last epoch, and stay at it when a live run brings another."""
    shown, last = state.epoch(weights.key), state.last_epoch(weights.key)
    newest = weights.epochs[-1]
    if shown.get() not in weights.epochs or shown.get() == last.get() != newest:
        shown.set(newest)
    last.set(newest)


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


# --- the tiles ------------------------------------------------------------------------------------


def _show_filters(stage: _Stage, kernel: Floats, epoch: int, t: Translator) -> None:
    weights, opened = stage.weights, stage.opened
    every, shown = stage.tiles(kernel), stage.page(kernel)
    count, side = shown.shape[:2]
    when = one_filter.when(weights, epoch, t)
    figure = weight_tiles(
        shown,
        weights.limit,
        t,
        title=t(stage.words.title, number=stage.channel, when=when),
        names=[stage.name(stage.first + place, t) for place in range(count)],
        first=stage.first,
        chosen=opened.get(),
        caption=t(stage.words.caption, count=count, size=side, side=side),
    )
    left, right = st.columns(2)
    with left:
        clicks.answer(figure, "filters-tiles", t, len(every), opened.set, shows="filters-kernel")
        st.caption(_in_numbers(stage, shown, epoch, t))
        st.selectbox(
            t("Open one (or click it)"),
            range(len(every)),
            index=None,
            key=opened.key,
            placeholder=t("choose one"),
            format_func=lambda number: stage.name(number, t),
        )
    number = opened.get() if stage.channel is None else stage.channel
    if number is None:
        right.info(t("Click a square to see what excites it, and why it became like this."))
        return
    with right:
        _one_kernel(stage, every, t)
    one_filter.show(weights, number, kernel, epoch, t)


def _one_kernel(stage: _Stage, pictures: Floats, t: Translator) -> None:
    """The open tile enlarged; of a deeper filter the strongest if none is open."""
    opened = stage.opened.get()
    number = int(np.abs(pictures).sum(axis=(1, 2)).argmax()) if opened is None else opened
    title = stage.name(number, t)
    figure = kernel_numbers(pictures[number], stage.weights.limit, t, title=title)
    plot.draw(figure, t, key="filters-kernel")
    if opened is None:
        st.caption(
            t("None was chosen: this one has the largest weights in sum, their signs left out.")
        )


def _in_numbers(stage: _Stage, shown: Floats, epoch: int, t: Translator) -> str:
    """What the picture shows, for those who cannot see it; and the scale that it is shown on."""
    place = np.unravel_index(np.abs(shown).argmax(), shown.shape)
    largest = t(
        "The weight farthest from 0 is {weight} ({name}).",
        weight=signed_text(shown[place]),
        name=stage.name(stage.first + int(place[0]), t),
    )
    scale = t(
        "One scale for all epochs of this layer, from −{limit} (blue) over 0 (white) to +{limit} "
        "(red).",
        limit=f"{stage.weights.limit:.2g}",
    )
    return t.paragraph([largest, _gone(stage, shown, epoch, t), scale])


def _gone(stage: _Stage, shown: Floats, epoch: int, t: Translator) -> str:
    before = stage.weights.beginning(epoch)
    if before is None:
        return ""
    if stage.weights.frozen:
        return t("This run's convolutions are frozen: they are as it took them over.")
    gone = [filters.moved(*pair) for pair in zip(stage.page(before), shown, strict=True)]
    most = int(np.argmax([one.distance for one in gone]))
    return t(
        "Of these, {name} has moved farthest from where it began: by {distance}, from a length of "
        "{began}.",
        name=stage.name(stage.first + most, t),
        distance=f"{gone[most].distance:.2f}",
        began=f"{gone[most].began:.2f}",
    )


# --- the class templates --------------------------------------------------------------------------


def _show_templates(weights: Weights, kernel: Floats, epoch: int, t: Translator) -> None:
    pictures = kernel.T.reshape(-1, IMAGE_SIZE, IMAGE_SIZE)
    title = t("Class templates, {when}", when=one_filter.when(weights, epoch, t))
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
