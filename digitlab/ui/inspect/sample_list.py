"""Samples as a sheet that answers a click, a page at a time, and their files to take away."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import streamlit as st

from digitlab.charts.sheets import LabelledSample, labelled_sheet, prediction_sheet
from digitlab.export import misclassified
from digitlab.inspection import metrics
from digitlab.inspection.metrics import Grid, SamplePrediction
from digitlab.messages import Translator
from digitlab.ui import clicks
from digitlab.ui.inspect import last_used, state
from digitlab.ui.inspect.test_predictions import Predictions

PAGE = 40
T = TypeVar("T")
_COLUMNS = 10


def page(found: Sequence[T], key: str, t: Translator, size: int = PAGE) -> Sequence[T]:
    """The part of ``found`` that the person turned to; no widget where all fit on one page."""
    pages = -(-len(found) // size)
    if pages < 2:
        return found
    turned_to = state.page(key)
    turned_to.set(min(turned_to.get(), pages))
    number = st.number_input(
        t("Page, 1 to {pages}", pages=pages), 1, pages, key=turned_to.key, width=160
    )
    return found[(number - 1) * size : number * size]


def show(
    test: Predictions, found: Sequence[SamplePrediction], key: str, t: Translator
) -> int | None:
    """A sheet of them in rows of ten; returns the sample clicked last."""
    places = metrics.in_rows(found, _COLUMNS)
    return sheet(test, places, key, t, title=t("Test samples: truth → read as"))


def sheet(
    test: Predictions, places: Grid, key: str, t: Translator, *, title: str, caption: str = ""
) -> int | None:
    """The same with each sample in its place; without a ``caption``, how many there are is said."""
    told = caption or _caption(places, t)
    figure = prediction_sheet(test.images, places, t, title=title, caption=told)
    return last_used.place(figure, key, t, len(test.labels))


def labelled(
    images: npt.NDArray[np.uint8],
    samples: npt.NDArray[np.intp],
    described: Callable[[int], LabelledSample],
    key: str,
    act: Callable[[int], None],
    t: Translator,
    *,
    title: str,
    most: int,
) -> None:
    """``samples`` of ``images`` in pages of ``most``, each with its own label; a click acts."""
    if not len(samples):
        st.markdown(f"**{title}**")
        st.caption(t("There is no such sample."))
        return
    shown = [described(index) for index in page(samples.tolist(), f"{key}-page", t, most)]
    caption = t("{shown} of {count} samples", shown=len(shown), count=f"{len(samples):,}")
    figure = labelled_sheet(images, shown, title=title, caption=caption)
    clicks.answer(figure, key, t, len(images), act, shows="opened-sample")


def downloads(
    test: Predictions, found: Sequence[SamplePrediction], places: Grid, name: str, t: Translator
) -> None:
    """Both files, which are made only when they are asked for."""
    with st.container(horizontal=True):
        st.download_button(
            t("These {count} as a table (CSV)", count=f"{len(found):,}"),
            functools.partial(misclassified.table, found, test.probabilities),
            f"{name}.csv",
            "text/csv",
            key=f"{name}-csv",
            on_click="ignore",
            icon=":material/table:",
            disabled=not found,
        )
        st.download_button(
            t("This sheet (PNG)"),
            functools.partial(misclassified.sheet, test.images, places),
            f"{name}.png",
            "image/png",
            key=f"{name}-png",
            on_click="ignore",
            icon=":material/image:",
            disabled=not found,
        )


def _caption(places: Grid, t: Translator) -> str:
    samples = sum(sample is not None for row in places for sample in row)
    return t("samples shown: {count}", count=samples)
