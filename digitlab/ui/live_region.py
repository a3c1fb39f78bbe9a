"""Parts of a page that a screen reader reads out when they change."""

from __future__ import annotations

import streamlit as st

# Streamlit keeps a container's element as long as the page shows it, and so what is set here.
_SCRIPT = """
export default function ({ data }) {
  document.querySelector(`.st-key-${data}`)?.setAttribute("role", "status");
}
"""
# It takes no room, nor a gap.
_STYLE = """
[class*="st-key-live-region-"] {
  position: absolute;
}
"""
_component = st.components.v2.component(
    "digitlab-live-region", js=_SCRIPT, css=_STYLE, isolate_styles=False
)


def make(container: str) -> None:
    """Make the container with this key a live region (WAI-ARIA's role "status").

    Call it where the page's layout is drawn, in every run.
    """
    _component(key=f"live-region-{container}", data=container)
