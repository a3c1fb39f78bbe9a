"""The settings of a run as widgets. The URL is where they live; widgets only show and change it."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from digitlab import labels
from digitlab.config import (
    BY_NAME,
    FIELDS,
    ConfigError,
    Field,
    RunConfig,
    apply_settings,
    from_query,
)
from digitlab.lessons import TEXTS
from digitlab.messages import Message, Translator, mark, message
from digitlab.presets import DEFAULT_PRESET, PRESETS
from digitlab.store import StoreError
from digitlab.ui import folded, lab
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import plain

# What an address may ask the lab for.
_ASKED = {"me", "lang", "run", "model", "view", "way", "sweep", "preset", *BY_NAME}
_SLIDER_WIDTH, _NUMBER_WIDTH = 162, 76  # pixels: side by side they fill the side bar
_GROUPS = {
    "network": mark("The network"),
    "training": mark("The training"),
    "data": mark("The images"),
}
_NUMBERS = {"seed": 1, "train_images": 100}  # typed alone, without a slider; their steps
_ABOUT_LESSONS = {
    "mlp-128": mark("A first network: 128 units, ten classes."),
    "mlp-64": mark("The exercise: half the units, small batches."),
    "cnn-tutorial": mark("A first CNN: two convolutions, no pooling, 4.7 million parameters."),
    "cnn-keras": mark("The classic CNN: pooling, dropout, Adadelta."),
    "cnn-keras-slow": mark("The same with today's default learning rate: watch it crawl."),
    "cnn-filters": mark("32 filters of 5x5: what do they become?"),
    "cnn-600": mark("A CNN on only 600 images."),
    "mlp-600": mark("An MLP on only 600 images."),
    "mlp-512": mark("Two large layers, and early stopping."),
    "mlp-512-dropout": mark("The same with dropout against overfitting."),
}

_LESSON = SessionValue[str | None]("lesson", None)  # None: it was pressed again
_REFUSED = SessionValue[Message | None]("refused-setting", None)


def run_config(t: Translator, available: int) -> RunConfig:
    """Draw the lessons and the settings, and return what they say.

    ``available`` is how many training images the data set in use has.
    """
    odd = _oddities()
    _take_settings_of_run()
    preset = _lesson(t)
    config, notes = from_query(st.query_params.to_dict(), PRESETS[preset])
    _write(config, PRESETS[preset])
    about, changed = t(_ABOUT_LESSONS[preset]), labels.changes(config, PRESETS[preset], t)
    st.caption(t("{lesson} Changed: {fields}.", lesson=about, fields=changed) if changed else about)
    _text_of_lesson(preset, t)
    refused = _REFUSED.take()
    for note in (*odd, *notes, *([refused] if refused else [])):
        st.warning(plain(t(note)))
    with st.container(key="sidebar-hint"):  # shown where the side bar is folded away
        st.caption(t("The sliders are behind » at the top left."))
    for group, title in _GROUPS.items():
        with st.sidebar.expander(t(title), expanded=group != "data"):
            for spec in FIELDS:
                if spec.group == group and spec.applies(config):
                    _widget(spec, config, available, t)
    return config


def link(config: RunConfig, t: Translator) -> None:
    """The address that opens this page with exactly these settings; it names no person."""
    preset = st.query_params.get("preset", DEFAULT_PRESET)
    folded.link(
        t("A link to these settings"),
        "settings-link",
        t,
        {"preset": preset, **config.differences(PRESETS[preset])},
        t("Whoever opens it finds every slider as it is here, and no run."),
        ":material/link:",
    )


def take_settings_of_run() -> None:
    """Let the sliders go back to the settings of the run that is shown."""
    _let_go()
    st.query_params.pop("preset", None)  # so that the page takes the run's


def _oddities() -> list[Message]:
    """What in the address is no setting or is there twice, taken out of it and said once."""
    notes, query = [], st.query_params
    for name in list(query):
        values = query.get_all(name)
        if name not in _ASKED:
            del query[name]
            notes.append(
                message("The link asks for {field}, which is no setting here.", field=name[:40])
            )
        elif len(values) > 1:
            query[name] = values[-1]
            notes.append(
                message(
                    "The link has {field} more than once: the last one counts, {used}.",
                    field=name,
                    used=values[-1][:40],
                )
            )
    return notes


def _take_settings_of_run() -> None:
    """Where the URL names a run and no setting, the sliders show the run's settings."""
    query = st.query_params
    if "run" not in query or "preset" in query or any(name in query for name in BY_NAME):
        return
    try:
        run = lab.store().run(query["run"])
    except StoreError:
        return
    preset = labels.lesson(run)
    query["preset"] = preset
    _write(run.config, PRESETS[preset])


def _lesson(t: Translator) -> str:
    preset = asked = st.query_params.get("preset", DEFAULT_PRESET)
    if asked not in PRESETS:
        preset = st.query_params["preset"] = DEFAULT_PRESET
        told = t("There is no lesson called {name}; this is {used}.", name=asked[:40], used=preset)
        st.warning(plain(told))
    _LESSON.set(preset)
    st.pills(
        t("Lesson"),
        list(PRESETS),
        key=_LESSON.key,
        on_change=_choose_lesson,
        help=t("Sets every slider as the lesson's author has it. Then change what you like."),
    )
    return preset


def _text_of_lesson(preset: str, t: Translator) -> None:
    """The question that the lesson asks, the steps to take, and what to look at."""
    text = TEXTS[preset]
    with st.expander(t("About this lesson"), icon=":material/school:"):
        st.markdown("**" + t("The question") + "**\n\n" + t(text.question))
        steps = "\n".join(f"{number}. {t(step)}" for number, step in enumerate(text.steps, 1))
        st.markdown("**" + t("What to do") + "**\n\n" + steps)
        st.markdown("**" + t("What to look at") + "**\n\n" + t(text.look))


def _let_go() -> None:
    for name in BY_NAME:
        st.query_params.pop(name, None)


def _choose_lesson() -> None:
    _let_go()
    if lesson := _LESSON.get():  # None: the lesson was pressed again, and starts afresh
        st.query_params["preset"] = lesson


def _write(config: RunConfig, base: RunConfig) -> None:
    """Have the URL say exactly what differs from the lesson."""
    different = config.differences(base)
    for name in BY_NAME:
        if name not in different:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != str(different[name]):
            st.query_params[name] = str(different[name])


def _widget(spec: Field, config: RunConfig, available: int, t: Translator) -> None:
    held, value = SessionValue[Any](f"field-{spec.name}", None), getattr(config, spec.name)
    most = available if spec.name == "train_images" else spec.high
    held.set(min(value, most) if spec.high else value)
    label = t(spec.label)
    settings: dict[str, Any] = {
        "key": held.key,
        "help": t(spec.help),
        "on_change": _change,
        "args": (spec.name, held, config, most),
    }
    if spec.kind is bool:
        st.toggle(label, **settings)
    elif spec.choices:
        st.selectbox(
            label, spec.choices, format_func=lambda choice: t(labels.CHOICES[choice]), **settings
        )
    elif spec.name in _NUMBERS:  # a slider could not be set to 2,000 with a hand
        st.number_input(label, step=_NUMBERS[spec.name], **settings)
    else:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            _slider(spec, value, label, settings | {"width": _SLIDER_WIDTH})
            _number(spec, value, t("{field}, as a number", field=label), config, most)


def _slider(spec: Field, value: Any, label: str, settings: dict[str, Any]) -> None:
    if spec.name == "learning_rate":
        st.select_slider(label, _rates(value), format_func=lambda rate: f"{rate:g}", **settings)
    elif spec.name == "batch_size":
        st.select_slider(label, sorted({2**power for power in range(11)} | {value}), **settings)
    else:
        step = 0.05 if spec.kind is float else 1
        st.slider(label, spec.kind(spec.low), spec.kind(spec.high), step=step, **settings)


def _number(spec: Field, value: Any, label: str, config: RunConfig, most: float) -> None:
    """The same setting as a number to type: a finger does not hit 512 on a slider.

    It has no bounds of its own, whose sentence would be the browser's: ``_change`` says ours.
    """
    held = SessionValue[Any](f"number-{spec.name}", None)
    held.set(value)
    real = {"step": 0.0001 if spec.name == "learning_rate" else 0.05, "format": "%g"}
    st.number_input(
        label,
        key=held.key,
        label_visibility="collapsed",
        width=_NUMBER_WIDTH,
        on_change=_change,
        args=(spec.name, held, config, most),
        **(real if spec.kind is float else {"step": 1}),
    )


def _rates(value: float) -> list[float]:
    """1, 2 and 5 in every power of ten that a learning rate may have, and ``value`` itself."""
    low, high = BY_NAME["learning_rate"].low, BY_NAME["learning_rate"].high
    powers = range(round(math.log10(low)), round(math.log10(high)) + 1)
    steps = {round(digit * 10.0**power, 8) for power in powers for digit in (1, 2, 5)}
    return sorted({rate for rate in steps if low <= rate <= high} | {value})


def _change(name: str, held: SessionValue[Any], config: RunConfig, most: float) -> None:
    """Take a changed setting into the URL, unless it does not fit the other settings.

    A number out of its bounds becomes the nearest that is allowed, and the page says so.
    """
    spec, value = BY_NAME[name], held.get()
    if spec.high and isinstance(value, int | float) and not spec.low <= value <= most:
        bounded = spec.nearest(str(min(value, most)))
        _REFUSED.set(
            message(
                "{field}: {value} is not allowed; {used} is the nearest that is.",
                field=message(spec.label),
                value=labels.shown(value, Translator()),
                used=bounded,
            )
        )
        value = bounded
    try:
        apply_settings(config, {name: str(value)})
    except ConfigError as error:
        _REFUSED.set(error.on_page)
    else:
        st.query_params[name] = str(value)
