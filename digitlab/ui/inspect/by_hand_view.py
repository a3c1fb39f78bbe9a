"""One weighted sum of the network, in numbers that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from digitlab import labels
from digitlab.charts.maps import colour_scale, feature_map, layer_maps
from digitlab.charts.number_tables import DECIMALS, NumberTable, decimal_text, number_tables
from digitlab.config import DIGITS
from digitlab.inspection import by_hand
from digitlab.inspection.by_hand import BY_HAND, Pooled, WeightedSum
from digitlab.inspection.feature_maps import LayerMaps
from digitlab.layers import Layer
from digitlab.messages import Translator
from digitlab.network import softmax
from digitlab.ui import clicks, plot
from digitlab.ui.inspect import picture, state
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit

MOST_PRODUCTS = 12  # of a dense layer, shown one by one


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is worked out: output (row, column) of map ``unit``, or neuron ``unit``, of a layer."""

    model: SelectedModel
    layers: Sequence[LayerMaps]
    number: int
    unit: int
    row: int = 0
    column: int = 0

    @property
    def found(self) -> LayerMaps:
        return self.layers[self.number]

    @property
    def before(self) -> Layer | None:
        """The layer that the inputs come from; None for the picture itself."""
        kinds = [found.layer for found in self.layers[: self.number]]
        return next((layer for layer in reversed(kinds) if layer.kind in BY_HAND), None)


def begin(found: LayerMaps, unit: int) -> None:
    """Have this view go on with a layer's map, or neuron, ``unit``, where that is strongest."""
    state.HAND_LAYER.set(found.layer.name)
    state.HAND_UNIT.set(unit)
    state.hand_input().take()
    values = found.maps[unit]
    if found.spatial:
        row, column = divmod(int(np.abs(np.nan_to_num(values)).argmax()), values.shape[1])
        state.HAND_ROW.set(row)
        state.HAND_COLUMN.set(column)


def show(model: SelectedModel, visit: Visit) -> None:
    """The choice of a picture and of one output of one layer, and how that is worked out."""
    t = visit.t
    chosen = picture.choose(model, visit)
    if chosen is None:
        return
    layers = picture.layers_of(model, chosen.picture)
    numbers = {
        found.layer.name: number
        for number, found in enumerate(layers)
        if found.layer.kind in BY_HAND
    }
    if state.HAND_LAYER.get() not in numbers:
        first = layers[next(iter(numbers.values()))]
        begin(first, first.strongest)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            t("Layer"),
            list(numbers),
            key=state.HAND_LAYER.key,
            width=190,
            on_change=_begin_layer,
            args=(layers,),
            format_func=lambda name: labels.layer(layers[numbers[name]].layer, t),
        )
        found = layers[numbers[name]]
        if found.spatial:
            rows, columns, count = found.output.shape
            unit = _field(t("Map"), state.HAND_UNIT, count)
            row = _field(t("Row"), state.HAND_ROW, rows)
            column = _field(t("Column"), state.HAND_COLUMN, columns)
        else:
            unit, row, column = _field(t("Unit"), state.HAND_UNIT, found.count), 0, 0
    st.caption(chosen.name)
    asked = _Asked(model, layers, numbers[name], unit, row, column)
    if found.layer.kind == "dense":
        _neuron(asked, t)
    else:
        _pixel(asked, t)


def _begin_layer(layers: Sequence[LayerMaps]) -> None:
    found = next(found for found in layers if found.layer.name == state.HAND_LAYER.get())
    begin(found, found.strongest)


def _field(label: str, held: SessionValue[int], count: int) -> int:
    """A whole number from 0 to ``count`` - 1."""
    held.set(min(int(held.get()), count - 1))
    return int(st.number_input(label, 0, count - 1, step=1, key=held.key, width=130))


def _pixel(asked: _Asked, t: Translator) -> None:
    """Input and output side by side, the sum under the map that is clicked, then the numbers."""
    found, row, column, unit = asked.found, asked.row, asked.column, asked.unit
    left, right = st.columns(2, gap="medium")
    with right:
        _output_map(asked, t)
    if found.layer.kind == "pool":
        pooled = by_hand.pooled(found, row, column, unit)
        with left:
            _input_map(asked, unit, pooled.corner, 2, t)
        _pool(pooled, t)
        return
    summed = by_hand.convolved(asked.model.network, found, row, column, unit)
    channel = 0
    with left:
        if len(summed.subtotals) > 1:  # at first the map that adds or takes most
            strongest = int(np.abs(np.nan_to_num(summed.subtotals)).argmax())
            held = state.hand_input(strongest)
            channel = _field(t("Input map"), held, len(summed.subtotals))
        _input_map(asked, channel, summed.corner, found.layer.kernel, t)
    with right:
        _line(summed, t)
    _convolution(summed, channel, t)


def _output_map(asked: _Asked, t: Translator) -> None:
    """The map that the pixel is in; a click on another pixel works that out."""
    row, column, unit = asked.row, asked.column, asked.unit
    values = asked.found.maps[unit]

    def follow(clicked: int) -> None:
        row, column = divmod(clicked, values.shape[1])
        state.HAND_ROW.set(row)
        state.HAND_COLUMN.set(column)

    figure = feature_map(
        values,
        t,
        title=_map_title(asked.found.layer, unit, t),
        shared=colour_scale(asked.found.output),
        clickable=True,
        caption=t("click a pixel to work it out"),
        box=(column, row, column + 1, row + 1),
    )
    clicks.answer(figure, "hand-output", t, values.size, follow)
    st.caption(
        t(
            "Output: row {row}, column {column} of map {number} is {value}.",
            row=row,
            column=column,
            number=unit,
            value=decimal_text(values[row, column]),
        )
    )


def _input_map(
    asked: _Asked, channel: int, corner: by_hand.Place, side: int, t: Translator
) -> None:
    """What the window is read from, with a frame round it."""
    top, left = corner
    before, given = asked.before, asked.found.given
    figure = feature_map(
        given[..., channel],
        t,
        title=_map_title(before, channel, t) if before else t("The picture"),
        shared=colour_scale(given),
        box=(left, top, left + side, top + side),
        caption=t("the frame is the window that is read"),
    )
    plot.draw(figure, t, key="hand-in")
    st.caption(
        t(
            "Input: the window is rows {top} to {bottom}, columns {left} to {right}.",
            top=top,
            bottom=top + side - 1,
            left=left,
            right=left + side - 1,
        )
    )


def _map_title(layer: Layer, number: int, t: Translator) -> str:
    return t("{layer}, map {number}", layer=labels.layer(layer, t), number=number)


def _convolution(made: WeightedSum, channel: int, t: Translator) -> None:
    products = made.products[..., channel]
    tables = [
        NumberTable(made.inputs[..., channel], t("Window")),
        NumberTable(made.weights[..., channel], t("Kernel")),
        NumberTable(products, t("Products")),
    ]
    st.html(number_tables(tables, ["×", "="]))
    count = len(made.subtotals)
    if count > 1:
        st.markdown(
            t(
                "These products, of input map {channel}, add up to **{subtotal}**. Each of the "
                "{count} input maps has its own window and kernel; their sums are added.",
                channel=channel,
                subtotal=decimal_text(made.subtotals[channel]),
                count=count,
            )
        )
    _rounding(products, float(made.subtotals[channel]), t)
    if count > 1:
        st.markdown(t("**Input map by input map**"))
        st.dataframe(
            {
                t("Input map"): list(range(count)),
                t("Sum of its products"): [decimal_text(value) for value in made.subtotals],
            },
            hide_index=True,
            height=248,
        )
        st.caption(t("All {count} add up to {total}.", count=count, total=decimal_text(made.total)))


def _pool(made: Pooled, t: Translator) -> None:
    row, column = divmod(int(made.window.argmax()), made.window.shape[1])
    st.html(number_tables([NumberTable(made.window, t("Window"), marked=(row, column))]))
    st.markdown(
        t(
            "The largest of the four is **{largest}**; the network made {output}. Max pooling has "
            "no weights.",
            largest=decimal_text(made.largest),
            output=decimal_text(made.output),
        )
    )


def _neuron(asked: _Asked, t: Translator) -> None:
    found, unit = asked.found, asked.unit
    made = by_hand.neuron(asked.model.network, found, unit)
    shape = by_hand.input_shape(asked.layers, asked.number)
    layer = labels.layer(found.layer, t)
    left, right = st.columns(2, gap="medium")
    with right:
        title = t("{layer}: {count} units", layer=layer, count=found.count)
        figure = layer_maps(found.maps, t, chosen=unit, title=title)
        clicks.answer(figure, "hand-neurons", t, found.count, state.HAND_UNIT.set)
        st.caption(
            t(
                "Output: unit {number} is {value}. A click on a unit works it out.",
                number=unit,
                value=decimal_text(made.output),
            )
        )
    with left:
        if asked.before is None:
            _products_picture(made, shape, t)
        _contributions(asked.before, made, shape, t)
    with right:
        _line(made, t)
        if made.logits is not None:
            _softmax(made.logits, t)


def _products_picture(made: WeightedSum, shape: tuple[int, ...], t: Translator) -> None:
    """A first layer's products where their pixels are."""
    products = made.products.reshape(shape[:2])
    figure = feature_map(
        products, t, title=t("Products: pixel times weight"), caption=t("784 pixels, 784 products")
    )
    plot.draw(figure, t, key="hand-in")
    st.caption(
        t(
            "Pixels that speak for the unit add {plus}, those against it {minus}; {zeros} of "
            "{count} are black and add nothing.",
            plus=decimal_text(products[products > 0].sum()),
            minus=decimal_text(products[products < 0].sum()),
            zeros=int((made.inputs == 0).sum()),
            count=products.size,
        )
    )


def _contributions(
    before: Layer | None, made: WeightedSum, shape: tuple[int, ...], t: Translator
) -> None:
    places = made.strongest(MOST_PRODUCTS)
    rest = made.total - float(made.products[places].sum())
    if not places:
        st.markdown(t("All products are 0."))
        return
    st.markdown(t("**The {count} largest products**, above or below 0", count=len(places)))
    st.dataframe(
        {
            t("Input"): [_input_name(before, place, shape, t) for place in places],
            t("Value"): [decimal_text(made.inputs[place]) for place in places],
            t("Weight"): [decimal_text(made.weights[place]) for place in places],
            t("Product"): [decimal_text(made.products[place]) for place in places],
        },
        hide_index=True,
        height="content",
    )
    st.caption(
        t(
            "The other {count} products add up to {rest}: {total} in all.",
            count=f"{made.products.size - len(places):,}",
            rest=decimal_text(rest),
            total=decimal_text(made.total),
        )
    )
    _rounding(np.append(made.products[places], rest), made.total, t)


def _input_name(before: Layer | None, place: int, shape: tuple[int, ...], t: Translator) -> str:
    where = by_hand.position(place, shape)
    if before is None:
        return t("row {row}, column {column}", row=where[0], column=where[1])
    if len(where) == 1:
        return t("{layer}, unit {number}", layer=labels.layer(before, t), number=place)
    row, column, channel = where
    return t("map {channel}, row {row}, column {column}", channel=channel, row=row, column=column)


def _softmax(logits: by_hand.Doubles, t: Translator) -> None:
    st.markdown(
        t(
            "Softmax needs the sums of all ten units: each exp(z) is divided by what the ten add "
            "up to, so the ten results add up to 1."
        )
    )
    shares = softmax(logits.astype(np.float32))
    st.dataframe(
        {
            t("Digit"): list(range(DIGITS)),
            t("Logit z"): [decimal_text(value) for value in logits],
            t("Probability"): [f"{share:.6f}" for share in shares],
        },
        hide_index=True,
        height="content",
    )


def _line(made: WeightedSum, t: Translator) -> None:
    """The sum, the bias and the activation in one line, and what the network says."""
    z, activated = decimal_text(made.z), decimal_text(made.activated)
    st.markdown(
        t(
            "Sum of products **{total}** + bias **{bias}** = z = **{z}**",
            total=decimal_text(made.total),
            bias=decimal_text(made.bias),
            z=z,
        )
    )
    if made.logits is None:
        st.markdown(f"#### {made.activation}({z}) = {activated}")
    else:
        told = t(
            "#### softmax: exp({z}) / sum of all ten exp(z) = {activated}", z=z, activated=activated
        )
        st.markdown(told)
    st.caption(t("The network computed {output}.", output=decimal_text(made.output)))


def _rounding(shown: by_hand.Doubles, exact: float, t: Translator) -> None:
    """Where a person who adds up what is shown gets another last decimal, say so."""
    said = t(
        "All numbers are rounded to {decimals} decimals, and added up before that.",
        decimals=DECIMALS,
    )
    added, whole = decimal_text(by_hand.rounded_total(shown, DECIMALS)), decimal_text(exact)
    if added != whole:
        more = t(
            "Adding up the rounded products gives {added} instead of {exact}.",
            added=added,
            exact=whole,
        )
        said = t.paragraph([said, more])
    st.caption(said)
