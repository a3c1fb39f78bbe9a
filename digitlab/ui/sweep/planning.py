"""A new sweep: a lesson in one click, or fields and values of one's own."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from digitlab import labels
from digitlab.config import BY_NAME, FIELDS, RunConfig, Value, from_query
from digitlab.dataset import DigitSet
from digitlab.messages import LabError, Translator
from digitlab.presets import DEFAULT_PRESET, PRESETS
from digitlab.sweeps import planning
from digitlab.sweeps.planning import MOST_FIELDS, MOST_SEEDS, SWEEP_LESSONS, Axis, Plan
from digitlab.training import estimates
from digitlab.ui import lab
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit, page_link, plain

_FIRST = ("dropout", "learning_rate")  # the field that is chosen at first, where it has an effect


def show(visit: Visit, digits: DigitSet) -> None:
    """The lessons side by side, and below them the visitor's own sweep."""
    t = visit.t
    st.subheader(t("The lessons' sweeps"))
    for column, name in zip(st.columns(len(SWEEP_LESSONS)), SWEEP_LESSONS, strict=True):
        with column.container(border=True, height="stretch"):
            lesson = SWEEP_LESSONS[name]
            st.markdown(f"**{t(lesson.title)}**")
            st.markdown(t(lesson.question))
            _offer(lesson.plan(_seeds(name, lesson.seeds, t)), name, visit, digits)
    st.subheader(t("A sweep of your own"))
    with st.container(border=True):
        _own(visit, digits)


def _seeds(sweep: str, usual: int, t: Translator) -> int:
    """With how many seeds each value is trained, in a lesson's sweep or in one's "own"."""
    chosen = st.segmented_control(
        t("Seeds"),
        list(range(1, MOST_SEEDS + 1)),
        key=SessionValue[int | None](f"sweep-seeds-{sweep}", usual).begin(),
        help=t(
            "Each value is trained with so many random seeds: single runs differ by luck, and "
            "their spread tells by how much."
        ),
    )
    return chosen or usual


def _offer(plan: Plan, sweep: str, visit: Visit, digits: DigitSet) -> None:
    """How many runs and how long, and the button; a sentence where it cannot be started."""
    t, known, key = visit.t, estimates.known(lab.store()), f"sweep-start-{sweep}"
    seconds = planning.seconds(plan, digits, known, lab.engine().side_by_side)
    size = [
        t(
            "Runs: **{runs}** (combinations: {cells}, seeds for each: {seeds}), at most about "
            "**{time}** on this machine.",
            runs=plan.runs,
            cells=len(plan.cells),
            seeds=plan.seeds,
            time=labels.duration(seconds, t),
        )
    ]
    if known.guess:
        size.append(t("Its speed has not been measured yet, so this is a guess."))
    st.markdown(t.paragraph(size))
    startable = True
    try:
        planning.refuse_too_much(plan)
        planning.refuse_equals(plan, digits)
    except LabError as error:
        startable = False
        st.error(plain(t(error.on_page)))
    if startable and seconds > planning.LONG_SECONDS:
        st.warning(
            t(
                "This sweep may take very long. Fewer values, seeds, epochs or training images "
                "make it shorter. Runs of other people are trained in between, it can be stopped "
                "at any time, and what has ended is kept."
            )
        )
        startable = st.checkbox(t("Start it all the same"), key=f"{key}-long")
    if st.button(
        t("Start the sweep"),
        icon=":material/play_arrow:",
        type="primary",
        key=key,
        disabled=not startable,
    ):
        started = lab.sweeps().start(lab.engine(), visit.me, plan, digits)
        st.query_params["sweep"] = started.id
        st.rerun()


def _own(visit: Visit, digits: DigitSet) -> None:
    t = visit.t
    base = _base(t)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        fields = _fields(base, t)
    with right:
        seeds = _seeds("own", 1, t)
    if not fields:
        st.info(t("Choose at least one setting to vary."))
        return
    try:
        plan = planning.vary(base, [Axis(name, _values(name, t)) for name in fields], seeds)
    except LabError as error:
        st.error(plain(t(error.on_page)))
        return
    there = len(digits.x_train)
    if "train_images" in fields and any(cell.config.train_images > there for cell in plan.cells):
        st.caption(
            t(
                "There are {images} training images: more than that means all of them.",
                images=f"{there:,}",
            )
        )
    _offer(plan, "own", visit, digits)


def _base(t: Translator) -> RunConfig:
    """What the sliders of the Train page say; the URL has it."""
    asked = st.query_params.get("preset", DEFAULT_PRESET)
    preset = asked if asked in PRESETS else DEFAULT_PRESET
    config, notes = from_query(st.query_params.to_dict(), PRESETS[preset])
    for note in notes:
        st.warning(plain(t(note)))
    changed = labels.changes(config, PRESETS[preset], t)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            t("Everything else as in **{lesson}**, with {fields}.", lesson=preset, fields=changed)
            if changed
            else t("Everything else as in **{lesson}**.", lesson=preset)
        )
        page_link("train", t("Change that with the sliders"))
    return config


def _fields(base: RunConfig, t: Translator) -> Sequence[str]:
    """The names of the fields to vary, as they were chosen."""
    names = [spec.name for spec in FIELDS if spec.applies(base) and spec.name != "seed"]
    first = [name for name in _FIRST if name in names][:1]
    asked = SessionValue[Sequence[str]]("sweep-fields", first)
    asked.set([name for name in asked.get() if name in names])
    return st.multiselect(
        t("Settings to vary"),
        names,
        key=asked.key,
        max_selections=MOST_FIELDS,
        format_func=lambda name: t(BY_NAME[name].label),
        help=t("One gives a curve, two a heatmap, three or four parallel coordinates."),
    )


def _values(name: str, t: Translator) -> tuple[Value, ...]:
    """What one field takes on: chosen where there are choices, written where it is a number.

    Raises:
        LabError: what is written is no list of values.
    """
    spec, key = BY_NAME[name], f"sweep-values-{name}"
    choices: tuple[Value, ...] = (False, True) if spec.kind is bool else spec.choices
    if choices:
        picked = st.multiselect(
            t(spec.label),
            choices,
            key=SessionValue(key, list(choices)).begin(),
            format_func=lambda value: labels.setting(name, value, t),
        )
        return tuple(picked)
    text = st.text_input(
        t(spec.label),
        key=SessionValue(key, spec.sweep).begin(),
        # no max_chars: the browser would drop a longer list without a word
        help=t("Values with commas between them, or from:to:step, for example 0:0.8:0.1."),
    )
    return planning.parse_values(name, text)
