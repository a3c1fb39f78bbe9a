"""The misread samples: how many, which, sorted and in sheets, and one of them opened."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from digitlab.charts.sheets import mistake_sheet
from digitlab.config import DIGITS
from digitlab.inspection import metrics
from digitlab.inspection.metrics import Mistake, Order
from digitlab.messages import Translator, mark
from digitlab.ui.inspect import last_used, sample_list, sample_view, state
from digitlab.ui.inspect.test_predictions import Predictions, predictions_of
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit

_SHEET = "misread-sheet"
_ROWS, _COLUMNS = 4, 8  # of the sheet of one digit

_WAYS = {
    "all": mark("All, sorted"),
    "lesson": mark("5x10 sheet"),
    "digit": mark("One digit, 4x8"),
}
_ORDERS: dict[Order, str] = {
    "certain": mark("Most certain first"),
    "unsure": mark("Least certain first"),
    "close": mark("Closest to the boundary first"),
}


def show(model: SelectedModel, visit: Visit) -> None:
    """How many are misread, the sheet of the chosen way, and the sample that was opened."""
    t, test = visit.t, predictions_of(model, visit.t)
    st.markdown(
        t(
            "**{wrong}** of {count} test samples are misread: {accuracy} are right.",
            wrong=f"{len(test.mistakes):,}",
            count=f"{len(test.labels):,}",
            accuracy=f"{1 - len(test.mistakes) / len(test.labels):.2%}",
        )
    )
    if model.run is None and test.digits.name == "sample":
        st.caption(
            t(
                "It has not been trained on any of these {count} samples.",
                count=f"{len(test.labels):,}",
            )
        )
    elif model.run is None:
        st.caption(t("It has not been trained on any image of the test set."))
    clicked = None
    if test.mistakes:
        asked = st.query_params.get("way", "")
        state.MISREAD_WAY.set(asked if asked in _WAYS else "all")
        way = st.segmented_control(
            t("Which misread samples"),
            list(_WAYS),
            key=state.MISREAD_WAY.key,
            required=True,
            on_change=_remember_way,
            format_func=lambda name: t(_WAYS[name]),
            label_visibility="collapsed",
        )
        clicked = _SHEETS[way or "all"](test, model.name, t)
    sample_view.choose(clicked, _SHEET, model, test, visit)


def _remember_way() -> None:
    st.query_params["way"] = state.MISREAD_WAY.get()


def _all(test: Predictions, name: str, t: Translator) -> int | None:
    found, order = _filtered(test, t)
    if not found:
        st.info(t("No misread sample is like that. Widen the choice above."))
        return None
    first = found[0]
    margin = float(metrics.margins(test.probabilities[[first.index]])[0])
    st.caption(
        t(
            "{shown} of {count} misread samples. First comes number {index}, a {truth} read as "
            "{predicted}: {confidence} certain, {margin} ahead of the second best.",
            shown=f"{len(found):,}",
            count=f"{len(test.mistakes):,}",
            index=first.index,
            truth=first.truth,
            predicted=first.predicted,
            confidence=f"{first.confidence:.1%}",
            margin=t("{points} percentage points", points=f"{100 * margin:.1f}"),
        )
    )
    shown = sample_list.page(found, f"misread-page-{order}", t)
    clicked = sample_list.show(test, shown, _SHEET, t)
    sample_list.downloads(test, found, metrics.in_rows(shown, 10), f"misread-{name}", t)
    return clicked


def _filtered(test: Predictions, t: Translator) -> tuple[list[Mistake], Order]:
    with st.container(horizontal=True):
        truth = _digit_box(t("Truth"), state.MISREAD_TRUTH, t)
        predicted = _digit_box(t("Read as"), state.MISREAD_READ_AS, t)
        order: Order = st.selectbox(
            t("Order"),
            list(_ORDERS),
            key=state.MISREAD_ORDER.begin(),
            width=250,
            format_func=lambda name: t(_ORDERS[name]),
        )
        least, most = st.slider(
            t("Certainty"), 0, 100, (0, 100), key="misread-certainty", format="%d%%", width=260
        )
    found = metrics.wanted(
        test.mistakes, truth=truth, predicted=predicted, least=least / 100, most=most / 100
    )
    return metrics.arranged(found, order, test.probabilities), order


def _digit_box(label: str, held: SessionValue[str | int], t: Translator) -> int | None:
    chosen = st.selectbox(
        label,
        [state.ANY, *range(DIGITS)],
        key=held.begin(),
        width=110,
        format_func=lambda name: t("any") if name == state.ANY else str(name),
    )
    return None if chosen == state.ANY else int(chosen)


def _lesson(test: Predictions, name: str, t: Translator) -> int | None:
    """A column a digit, at random."""
    columns = metrics.sheet(test.mistakes, seed=state.MISREAD_DRAW.get())
    figure = mistake_sheet(test.images, columns, t)
    clicked = last_used.place(figure, _SHEET, t, len(test.labels))
    found = [sample for column in columns for sample in column]
    st.caption(
        t(
            "A column for each digit, up to five of its misread samples in it, drawn at random: "
            "{shown} of {count}. No sample comes twice. A column with fewer mistakes ends in empty "
            "places.",
            shown=len(found),
            count=f"{len(test.mistakes):,}",
        )
    )
    _others(t, disabled=len(found) == len(test.mistakes))
    sample_list.downloads(test, found, metrics.upright(columns), f"misread-5x10-{name}", t)
    return clicked


def _digit(test: Predictions, name: str, t: Translator) -> int | None:
    digit = st.selectbox(
        t("Digit"), list(range(DIGITS)), key=state.MISREAD_DIGIT.begin(), width=110
    )
    every = metrics.about(test.mistakes, digit)
    found = metrics.drawn(every, _ROWS * _COLUMNS, seed=state.MISREAD_DRAW.get())
    places = metrics.in_rows(found, _COLUMNS, _ROWS)
    title = t("Misread, and {digit} is the truth or the reading", digit=digit)
    clicked = sample_list.sheet(test, places, _SHEET, t, title=title)
    st.caption(
        t(
            "{missed} samples of the digit {digit} are read as another one, {taken} others are "
            "read as {digit}; {shown} of these {count} are shown, the most certain first.",
            missed=sum(m.truth == digit for m in every),
            digit=digit,
            taken=sum(m.predicted == digit for m in every),
            shown=len(found),
            count=len(every),
        )
    )
    _others(t, disabled=len(found) == len(every))
    sample_list.downloads(test, found, places, f"misread-{digit}s-{name}", t)
    return clicked


def _others(t: Translator, *, disabled: bool) -> None:
    st.button(
        t("Show others"),
        icon=":material/casino:",
        on_click=lambda: state.MISREAD_DRAW.set(state.MISREAD_DRAW.get() + 1),
        key="misread-others",
        disabled=disabled,
        help=t("All of them are shown.") if disabled else None,
    )


_SHEETS: dict[str, Callable[[Predictions, str, Translator], int | None]] = {
    "all": _all,
    "lesson": _lesson,
    "digit": _digit,
}
