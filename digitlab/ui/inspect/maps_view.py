"""What every layer makes of one picture."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from digitlab import labels
from digitlab.charts.bars import probability_bars
from digitlab.charts.maps import MOST_MAPS, ColourScale, colour_scale, feature_map, layer_maps
from digitlab.charts.number_tables import decimal_text
from digitlab.inspection.feature_maps import PASS_ON, LayerMaps
from digitlab.messages import Translator
from digitlab.ui import clicks, plot
from digitlab.ui.inspect import by_hand_view, picture, state
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.shell import Visit

_MOSAIC, _ENLARGED = 3, 2  # shares of a wide page
_ENLARGED_HEIGHT = 420  # pixels


def show(model: SelectedModel, visit: Visit) -> None:
    """The choice of a picture, and each layer's maps of it."""
    t = visit.t
    chosen = picture.choose(model, visit)
    if chosen is None:
        return
    layers = picture.layers_of(model, chosen.picture)
    picture.thumbnail(chosen, description(layers, t))
    if any(found.spatial and found.layer.kind == "conv" for found in layers):
        st.caption(
            t(
                "Each layer makes maps of what it is given: the farther a value is from 0, the "
                "better what is there fits the map's filter, or its opposite. A click on a map "
                "enlarges it."
            )
        )
    else:
        st.caption(
            t(
                "This network has no convolution, so it has no maps: each layer makes one number "
                "for each of its units."
            )
        )
    all_layers(layers, "maps", t, by_hand=True)


def all_layers(layers: Sequence[LayerMaps], key: str, t: Translator, *, by_hand: bool) -> None:
    """Each layer's maps as one picture, one of them enlarged, and a sentence about them.

    ``key`` begins the names of all widgets; ``by_hand`` adds the buttons that lead there.
    """
    for found in layers[:-1]:
        if found.layer.kind not in PASS_ON:
            _layer(found, f"{key}-{found.layer.name}", t, by_hand)
    last = layers[-1]
    figure = probability_bars(last.output, t)
    plot.draw(figure, t, key=f"{key}-{last.layer.name}")
    st.caption(description(layers, t))
    if any(found.layer.kind in PASS_ON for found in layers):
        st.caption(
            t(
                "Flatten and dropout are not shown: flatten only lays the values in a row, and "
                "dropout is at work in training alone."
            )
        )


def description(layers: Sequence[LayerMaps], t: Translator) -> str:
    """The network's answer in a sentence."""
    confidence = float(layers[-1].output.max())
    return t(
        "The network reads a {digit} ({confidence}).",
        digit=int(layers[-1].output.argmax()),
        confidence=labels.percentage(confidence),
    )


def about(found: LayerMaps, t: Translator) -> str:
    """What a layer's picture shows, in numbers, for those who do not see it."""
    values = {
        "layer": labels.layer(found.layer, t),
        "count": found.count,
        "silent": found.silent,
        "strongest": found.strongest,
        "value": decimal_text(found.extreme),
    }
    if not found.spatial:
        return t(
            "{layer}: {count} units, {silent} of them 0. Unit {strongest} is strongest: {value}.",
            **values,
        )
    row, column = found.peak
    return t(
        "{layer}: {count} maps, {silent} of them 0 everywhere. Map {strongest} is strongest: "
        "{value} in row {row}, column {column}.",
        **values,
        row=row,
        column=column,
    )


def _layer(found: LayerMaps, key: str, t: Translator, by_hand: bool) -> None:
    left, right = st.columns([_MOSAIC, _ENLARGED], gap="medium")
    ends = colour_scale(found.output)
    with left:
        first = _first(found, key, t)
        chosen = _mosaic(found, first, ends, key, t)
        st.caption(about(found, t))
    with right:
        _enlarged(found, chosen, ends, key, t)
        if by_hand and st.button(t("Work it out by hand"), key=f"{key}-hand"):
            by_hand_view.begin(found, chosen)
            st.query_params["view"] = "hand"
            st.rerun()


def _first(found: LayerMaps, key: str, t: Translator) -> int:
    """The first of the maps that are shown at once: large layers have more than can be seen."""
    if not found.spatial or found.count <= MOST_MAPS:
        return 0
    starts = list(range(0, found.count, MOST_MAPS))
    held = state.first_map(key)
    if held.get() not in starts:
        held.take()
    first = st.selectbox(
        t("Which of the {count} maps", count=found.count),
        starts,
        key=held.begin(),
        width=220,
        format_func=lambda start: t(
            "{first} to {last}", first=start, last=min(start + MOST_MAPS, found.count) - 1
        ),
    )
    return int(first)


def _mosaic(found: LayerMaps, first: int, ends: ColourScale, key: str, t: Translator) -> int:
    """The picture of all maps; returns the one that is enlarged."""
    held = state.open_map(key, found.strongest)
    maps = found.maps[first : first + MOST_MAPS] if found.spatial else found.maps
    if not 0 <= held.get() < found.count:
        held.take()
    held.begin()
    chosen = held.get()
    layer = labels.layer(found.layer, t)
    title = t("{layer}: {count} units", layer=layer, count=found.count)
    if found.spatial:
        height, width, count = found.output.shape
        title = t(
            "{layer}: {count} maps of {height}x{width}",
            layer=layer,
            count=count,
            height=height,
            width=width,
        )
    figure = layer_maps(
        maps,
        t,
        title=title,
        first=first,
        shared=ends,
        chosen=chosen if first <= chosen < first + len(maps) else None,
    )
    clicks.answer(figure, key, t, found.count, held.set, shows=held.key)
    return int(chosen)


def _enlarged(found: LayerMaps, chosen: int, ends: ColourScale, key: str, t: Translator) -> None:
    layer = labels.layer(found.layer, t)
    label = t("Map to enlarge") if found.spatial else t("Unit")
    st.selectbox(label, range(found.count), key=state.open_map(key, chosen).key, width=180)
    if not found.spatial:
        st.markdown(
            t(
                "{layer}, unit {number}: **{value}**",
                number=chosen,
                layer=layer,
                value=decimal_text(found.output[chosen]),
            )
        )
        return
    title = t("{layer}, map {number}", layer=layer, number=chosen)
    values = found.maps[chosen]
    figure = feature_map(values, t, title=title, shared=ends, height=_ENLARGED_HEIGHT)
    plot.draw(figure, t, key=f"{key}-enlarged")
    st.caption(
        t(
            "Map {number} of {layer}: from {smallest} to {largest}, {zeros} of its {count} values "
            "are 0.",
            number=chosen,
            layer=layer,
            smallest=decimal_text(values.min()),
            largest=decimal_text(values.max()),
            zeros=int((values == 0).sum()),
            count=values.size,
        )
    )
