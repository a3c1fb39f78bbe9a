"""The text of a lesson: the question it asks, the steps to take, and what to look at."""

from __future__ import annotations

import streamlit as st

from digitlab.lessons import TEXTS
from digitlab.messages import Translator


def show(preset: str, t: Translator) -> None:
    """The text of the lesson ``preset``, folded away until it is opened; nothing for no lesson."""
    text = TEXTS.get(preset)
    if text is None:
        return
    with st.expander(t("About this lesson"), icon=":material/school:"):
        st.markdown("**" + t("The question") + "**\n\n" + t(text.question))
        steps = "\n".join(f"{number}. {t(step)}" for number, step in enumerate(text.steps, 1))
        st.markdown("**" + t("What to do") + "**\n\n" + steps)
        st.markdown("**" + t("What to look at") + "**\n\n" + t(text.look))
