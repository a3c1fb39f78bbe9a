"""A new sweep: a lesson in one click, or fields and values of one's own."""

from __future__ import annotations

import streamlit as st

from digitlab import labels
from digitlab.config import BY_NAME, FIELDS, Field, RunConfig, Value, from_query
from digitlab.dataset import DigitSet
from digitlab.messages import LabError, Translator
from digitlab.presets import DEFAULT_PRESET, PRESETS
from digitlab.sweeps import planning
from digitlab.sweeps.planning import MOST_FIELDS, MOST_SEEDS, SWEEP_LESSONS, Axis, Plan, SweepLesson
from digitlab.training import estimates
from digitlab.ui import lab
from digitlab.ui.shell import Visit, page_link, plain
from digitlab.ui.sweep import state

_FIRST = ("dropout", "learning_rate")  # the field that is chosen at first, where it has an effect


def show(visit: Visit, digits: DigitSet) -> None:
    """The lessons side by side, and below them the visitor's own sweep."""
    t = visit.t
    st.subheader(t("The lessons' sweeps"))
    for column, (name, lesson) in zip(
        st.columns(len(SWEEP_LESSONS)), SWEEP_LESSONS.items(), strict=True
    ):
        with column.container(border=True, height="stretch"):
            _lesson(name, lesson, visit, digits)
    st.subheader(t("A sweep of your own"))
    with st.container(border=True):
        _own(visit, digits)


def _lesson(name: str, lesson: SweepLesson, visit: Visit, digits: DigitSet) -> None:
    t = visit.t
    st.markdown(f"**{t(lesson.title)}**")
    st.markdown(t(lesson.question))
    plan = lesson.plan(_seeds(name, lesson.seeds, t))
    _offer(plan, f"sweep-start-{name}", visit, digits)


def _seeds(sweep: str, usual: int, t: Translator) -> int:
    chosen = st.segmented_control(
        t("Seeds"),
        list(range(1, MOST_SEEDS + 1)),
        key=state.seeds(sweep, usual).begin(),
        help=t(
            "Each value is trained with so many random seeds: single runs differ by luck, and "
            "their spread tells by how much."
        ),
    )
    return chosen or usual


def _offer(plan: Plan, key: str, visit: Visit, digits: DigitSet) -> None:
    """How many runs and how long, and the button; a sentence where it cannot be started."""
    t, known = visit.t, estimates.known(lab.store())
    seconds = planning.seconds(plan, digits, known)
    st.markdown(_size(plan, seconds, known.guess, t))
    try:
        planning.refuse_too_much(plan)
        planning.refuse_equals(plan, digits)
        startable = seconds <= planning.LONG_SECONDS or _wanted_all_the_same(f"{key}-long", t)
    except LabError as error:
        startable = False
        st.error(plain(t(error.on_page)))
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


def _wanted_all_the_same(key: str, t: Translator) -> bool:
    """Whether the visitor has said that a sweep of hours is to be started."""
    st.warning(
        t(
            "This sweep may take very long. Fewer values, seeds, epochs or training images make it "
            "shorter. Runs of other people are trained in between, it can be stopped at any time, "
            "and what has ended is kept."
        )
    )
    return st.checkbox(t("Start it all the same"), key=key)


def _size(plan: Plan, seconds: float, guess: bool, t: Translator) -> str:
    told = t(
        "Runs: **{runs}** (combinations: {cells}, seeds for each: {seeds}), at most about "
        "**{time}** on this machine.",
        runs=plan.runs,
        cells=len(plan.cells),
        seeds=plan.seeds,
        time=labels.duration(seconds, t),
    )
    if not guess:
        return told
    unsure = t("Its speed has not been measured yet, so this is a guess.")
    return t.paragraph([told, unsure])


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
        plan = planning.vary(base, [Axis(spec.name, _values(spec, t)) for spec in fields], seeds)
    except LabError as error:
        st.error(plain(t(error.on_page)))
        return
    _about_images(plan, digits, t)
    _offer(plan, "sweep-start-own", visit, digits)


def _about_images(plan: Plan, digits: DigitSet, t: Translator) -> None:
    """That a varied number of training images is more than there are."""
    there = len(digits.x_train)
    varied = any(axis.field == "train_images" for axis in plan.axes)
    if varied and any(cell.config.train_images > there for cell in plan.cells):
        st.caption(
            t(
                "There are {images} training images: more than that means all of them.",
                images=f"{there:,}",
            )
        )


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


def _fields(base: RunConfig, t: Translator) -> list[Field]:
    """The fields to vary, as they were chosen."""
    names = [spec.name for spec in FIELDS if spec.applies(base) and spec.name != "seed"]
    asked = state.fields([name for name in _FIRST if name in names][:1])
    asked.set([name for name in asked.get() if name in names])
    chosen = st.multiselect(
        t("Settings to vary"),
        names,
        key=asked.key,
        max_selections=MOST_FIELDS,
        format_func=lambda name: t(BY_NAME[name].label),
        help=t("One gives a curve, two a heatmap, three or four parallel coordinates."),
    )
    return [BY_NAME[name] for name in chosen]


def _values(spec: Field, t: Translator) -> tuple[Value, ...]:
    """What one field takes on: chosen where there are choices, written where it is a number.

    Raises:
        LabError: what is written is no list of values.
    """
    label = t(spec.label)
    choices: tuple[Value, ...] = (False, True) if spec.kind is bool else spec.choices
    if choices:
        picked = st.multiselect(
            label,
            choices,
            key=state.choices(spec.name, list(choices)).begin(),
            format_func=lambda value: labels.setting(spec.name, value, t),
        )
        return tuple(picked)
    text = st.text_input(
        label,
        key=state.values(spec.name, spec.sweep).begin(),
        # no max_chars: the browser would drop a longer list without a word
        help=t("Values with commas between them, or from:to:step, for example 0:0.8:0.1."),
    )
    return planning.parse_values(spec.name, text)
