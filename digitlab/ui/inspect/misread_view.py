"""The misread samples: how many, and a sheet of them."""

from __future__ import annotations

import streamlit as st

from digitlab import charts, mistakes
from digitlab.messages import Translator
from digitlab.ui import clicks
from digitlab.ui.inspect.tested import Tested, tested
from digitlab.ui.readers import Reader
from digitlab.ui.shell import Visit


def show(reader: Reader, visit: Visit) -> None:
    """The count of misread samples, and the sheet of the lesson."""
    t, test = visit.t, tested(reader, visit.t)
    st.markdown(
        t(
            "**{wrong}** of {count} test samples are misread: {accuracy} are right.",
            wrong=f"{len(test.mistakes):,}", count=f"{len(test.labels):,}",
            accuracy=f"{1 - len(test.mistakes) / len(test.labels):.2%}",
        )
    )  # fmt: skip
    if reader.run is None:
        st.caption(_about_bundled(test, t))
    draw = st.session_state.setdefault("sheet-draw", 0)
    figure = charts.mistake_sheet(test.images, mistakes.sheet(test.mistakes, seed=draw), t)
    clicks.place(figure, "sheet", t, len(test.labels))
    st.button(t("Show others"), icon=":material/casino:", on_click=_show_others)


def _show_others() -> None:
    st.session_state["sheet-draw"] += 1


def _about_bundled(test: Tested, t: Translator) -> str:
    if test.digits.name == "sample":
        return t(
            "It has not been trained on any of these {count} samples.",
            count=f"{len(test.labels):,}",
        )
    return t("It has not been trained on any image of the test set.")
