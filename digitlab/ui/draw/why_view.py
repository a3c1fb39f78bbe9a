"""Why a drawing is read as it is: five ways to look at it, worked out only when one is opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import streamlit as st

from digitlab import labels, models
from digitlab.charts.bars import probability_bars
from digitlab.charts.picture_rows import preprocessing_steps
from digitlab.config import DIGITS
from digitlab.drawing import ALL_STEPS, BOX_SIDE, CENTRE, Drawing, Picture, Steps
from digitlab.inspection import explain
from digitlab.layers import Layer
from digitlab.messages import LabError, Translator, mark
from digitlab.network import Floats, Prediction
from digitlab.store import Run
from digitlab.ui import lab, like_view, parts_view, plot
from digitlab.ui.naming import called, told_apart
from digitlab.ui.selected_model import SelectedModel, clock
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit

_MOST_RUNS = 20
_SWITCHES = {
    "crop": mark("Cut out"),
    "pen": mark("Redraw with our pen"),
    "scale": mark("Scale"),
    "centre": mark("Centre"),
}

_WHY = SessionValue[str | None]("why", None)  # the view that is open


def steps() -> Steps:
    """The steps to make a drawing with: all, but those switched off while their view is open."""
    if _WHY.get() != "way":
        return ALL_STEPS
    return Steps(**{step.name: _switch(step.name).get() for step in fields(Steps)})


def _switch(step: str) -> SessionValue[bool]:
    """Whether a step from a drawing to a digit is switched on."""
    return SessionValue(f"step-{step}", True)


def show(drawing: Drawing | None, model: SelectedModel, visit: Visit) -> None:
    """The choice of a view, and the one that is chosen, of ``drawing`` as ``model`` reads it.

    Call it without a drawing too, so that the choice stays when the canvas is cleared. Make the
    drawing with ``steps()``, so that the switches here change the answer.
    """
    t = visit.t
    chosen = st.segmented_control(
        t("Why this answer?"),
        list(_VIEWS),
        key=_WHY.key,
        format_func=lambda name: t(_VIEWS[name][0]),
    )
    if chosen is None:
        return
    if chosen == "way":  # without a drawing too: the switches keep their places
        with st.container(horizontal=True):
            for name, label in _SWITCHES.items():
                st.toggle(t(label), key=_switch(name).begin())
    if drawing is None:
        st.caption(t("Draw a digit, and the explanation is here."))
        return
    try:
        _VIEWS[chosen][1](drawing, model, visit)
    except LabError as error:
        st.warning(t(error.on_page))


def _way(drawing: Drawing, model: SelectedModel, visit: Visit) -> None:
    """From the drawing to the 28x28 pixels, step by step."""
    t, chosen = visit.t, steps()
    st.html(
        preprocessing_steps(
            drawing.source,
            drawing.box,
            drawing.scaled,
            drawing.digit,
            t,
            marks=(BOX_SIDE, CENTRE),
            off=[step for step in _SWITCHES if not getattr(chosen, step)],
        )
    )
    prediction = model.network.read(drawing.digit)
    said = t(
        "So the network reads a **{digit}** ({confidence}).",
        digit=prediction.digit,
        confidence=labels.percentage(prediction.confidence),
    )
    if chosen != ALL_STEPS:
        off = t("A step is switched off: the answer above is made without it, too.")
        said = t.paragraph([said, off])
    st.markdown(said)
    about = t(
        "MNIST's digits were made like this: cut out, scaled to a longest side of {side} "
        "pixels, and put with their centre of mass in the middle of 28x28. A network knows "
        "only what it was trained on: switch a step off and see what becomes of the answer.",
        side=BOX_SIDE,
    )
    small = t(
        "Draw small and away from the middle: then the steps have the most to do, and the answer "
        "depends on them."
    )
    st.caption(t.paragraph([about, small]))


def _numbers(drawing: Drawing, model: SelectedModel, visit: Visit) -> None:
    """The values of each layer, and the softmax."""
    t = visit.t
    rows = explain.layer_values(model.network, drawing.digit)
    st.markdown(t("**Layer by layer**, from the picture to the ten probabilities"))
    st.dataframe(
        {
            t("Layer"): [_layer_name(row.layer, t) for row in rows],
            t("Output shape"): ["x".join(map(str, row.shape)) for row in rows],
            t("Smallest"): [labels.fixed(row.smallest, 3) for row in rows],
            t("Mean"): [labels.fixed(row.mean, 3) for row in rows],
            t("Largest"): [labels.fixed(row.largest, 3) for row in rows],
            t("Zeros"): [f"{row.zeros:.0%}" for row in rows],
        },
        hide_index=True,
    )
    st.caption(
        t(
            "A share of zeros near 100% behind ReLU means that few units answer to this drawing. "
            "Dropout is only at work in training."
        )
    )
    found = explain.softmax_steps(model.network, drawing.digit)
    st.markdown(t("**The last step: softmax**, from ten sums (logits) to ten probabilities"))
    st.dataframe(
        {
            t("Digit"): [str(digit) for digit in range(DIGITS)],
            t("Logit z"): [labels.fixed(value, 3) for value in found.logits],
            t("z − largest"): [labels.fixed(value, 3) for value in found.shifted],
            t("exp of that"): [f"{value:.6f}" for value in found.powers],
            t("Probability"): [f"{value:.6f}" for value in found.probabilities],
        },
        hide_index=True,
        height="content",
    )
    st.markdown(
        t(
            "exp of a large logit overflows: beyond 88 it is too large for a 32-bit number. So "
            "the largest logit ({largest}) is taken off all ten first; numerator and denominator "
            "shrink by the same factor, so the probabilities stay what they are, and no power is "
            "larger than exp(0) = 1. The ten powers add up to {total}, and each is divided by "
            "that.",
            largest=labels.fixed(found.logits.max(), 3),
            total=f"{found.total:.6f}",
        )
    )


def _layer_name(layer: Layer | None, t: Translator) -> str:
    if layer is None:
        return t("The picture, 0 to 1")
    name = labels.layer(layer, t)
    return t.listed([name, layer.activation]) if layer.activation != "linear" else name


def _readers(drawing: Drawing, model: SelectedModel, visit: Visit) -> None:
    """What the lab's own networks, the chosen run and the person's newest runs read."""
    t = visit.t
    newest = ([model.run] if model.run else []) + lab.store().runs_of(visit.me, _MOST_RUNS)
    runs = {run.id: run for run in newest[:_MOST_RUNS] if _epochs(run)}
    if len(runs) == _MOST_RUNS:
        st.caption(t("Of your runs the newest {count} read here.", count=_MOST_RUNS))
    names = told_apart(
        {run.id: f"{called(run, visit)}, {clock(run.created)}" for run in runs.values()}
    )
    bundled = {
        t("The lab's own network"): models.bundled(),
        t("A CNN trained on MNIST alone"): models.mnist_only(),
        t("Untrained"): models.bundled_untrained(),
    }
    read = [*explain.predictions(bundled, drawing.digit).items()]
    for run in runs.values():
        probabilities = _read_by_run(run.id, max(_epochs(run)), drawing.digit)
        read.append((names[run.id], Prediction(probabilities)))
    st.dataframe(
        {
            t("Reads"): [found.digit for _, found in read],
            t("Certainty"): [found.confidence for _, found in read],
            t("Reader"): [name for name, _ in read],
            t("Or else"): [int(found.probabilities.argsort()[-2]) for _, found in read],
        },
        hide_index=True,
        height="content",
        column_config={
            t("Reads"): st.column_config.NumberColumn(width=70),
            t("Reader"): st.column_config.TextColumn(width=360),
            t("Certainty"): st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="percent", width=120
            ),
        },
    )
    if runs:
        _epoch_by_epoch(runs, names, drawing.digit, t)
    else:
        st.caption(t("Train a network, and it reads your drawing here too, epoch by epoch."))


def _epochs(run: Run) -> list[int]:
    return sorted(lab.store().epochs_kept(run.id, "weights"))


def _epoch_by_epoch(
    runs: dict[str, Run], names: dict[str, str], digit: Picture, t: Translator
) -> None:
    chosen = st.selectbox(
        t("A run, epoch by epoch"), list(runs), key="readers-run", format_func=names.__getitem__
    )
    run = runs[chosen]
    epochs = _epochs(run)
    if len(epochs) < 2:
        st.caption(t("This run has kept the weights of one epoch only."))
        return
    epoch = st.select_slider(
        t("Epoch"),
        epochs,
        value=epochs[-1],
        key=f"readers-epoch-{run.id}",
        format_func=lambda number: labels.epoch(number, t, continued=run.continued),
    )
    plot.draw(probability_bars(_read_by_run(run.id, epoch, digit), t), t, key="readers-bars")


@st.cache_data(show_spinner=False, max_entries=2_000)
def _read_by_run(run: str, epoch: int, digit: Picture) -> Floats:
    """Ten probabilities; the network is not kept, for twenty large ones would fill the memory."""
    return models.of_run(lab.store(), run, epoch).read(digit).probabilities


_VIEWS: dict[str, tuple[str, Callable[[Drawing, SelectedModel, Visit], None]]] = {
    "way": (mark("What the network sees"), _way),
    "parts": (
        mark("Parts that count"),
        lambda drawing, model, visit: parts_view.show(drawing.digit, model, visit.t, "parts"),
    ),
    "like": (
        mark("Digits like it"),
        lambda drawing, model, visit: like_view.show(drawing.digit, model, visit.t),
    ),
    "numbers": (mark("In numbers"), _numbers),
    "readers": (mark("Other readers"), _readers),
}
