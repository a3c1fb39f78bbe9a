"""Parts of a page that are made, and whose code the browser fetches, only while they are open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import streamlit as st

from digitlab.messages import Translator
from digitlab.ui.shell import sentences


@st.fragment
def show(
    label: str, key: str, t: Translator, draw: Callable[[], None], icon: str | None = None
) -> None:
    """An expander that calls ``draw`` once it is open; opening it reruns nothing else.

    Streamlit makes the contents of a closed expander as well: each rerun of the page pays for
    them, and each browser loads the highlighter (1.6 MB) for a line of code that nobody looks at.
    """
    expander = st.expander(label, key=key, icon=icon, on_change="rerun")
    if expander.open:
        with expander, sentences(t):
            draw()


def link(
    label: str,
    key: str,
    t: Translator,
    query: Mapping[str, object],
    about: str,
    icon: str | None = None,
) -> None:
    """The address of this page with another query, to be copied, and what it is for."""

    def draw() -> None:
        st.caption(about)
        base = (st.context.url or "").partition("?")[0]
        st.code(f"{base}?{urlencode(query)}", language=None, wrap_lines=True)

    show(label, key, t, draw, icon)
