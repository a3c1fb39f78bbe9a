"""What a page does in the reader's browser beyond Streamlit: its language, its look, its answers.

Streamlit gives every page the language English and says some words of its own in it. The words are
those of version 1.67; another version's that are not among them stay English.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import streamlit as st

from digitlab.messages import LANGUAGES, Translator, mark

_HERE = Path(__file__).parent

# Streamlit's own words, in its English: "{}" is what it puts in itself.
_WORDS = (
    mark("Help for {}"),
    mark("Skip to main content"),
    mark("Link to heading"),
    mark("Sidebar"),
    mark("Expand sidebar"),
    mark("Collapse sidebar"),
    mark("Fullscreen"),
    mark("Close fullscreen"),
    mark("Exit fullscreen"),
    mark("Copy to clipboard"),
    mark("Copied"),
    mark("Copied!"),
    mark("Download as CSV"),
    mark("Show/hide columns"),
    mark("Search"),
    mark("Type to search"),
    mark("Previous Result"),
    mark("Next Result"),
    mark("Close"),
    mark("Clear selection"),
    mark("Sort ascending"),
    mark("Sort descending"),
    mark("Format"),
    mark("Pin column"),
    mark("Unpin column"),
    mark("Hide column"),
    mark("Copy column name"),
    mark("Statistics"),
    mark("Autosize"),
    mark("Automatic"),
    mark("Localized"),
    mark("Plain"),
    mark("Compact"),
    mark("Dollar"),
    mark("Euro"),
    mark("Yen"),
    mark("Percent"),
    mark("Scientific"),
    mark("Accounting"),
    mark("Values"),
    mark("Empty"),
    mark("Distinct"),
    mark("Average"),
    mark("Standard deviation"),
    mark("Minimum"),
    mark("Median"),
    mark("Maximum"),
    mark("Sum"),
    mark("Minimum length"),
    mark("Maximum length"),
    mark("Average length"),
    mark("Select all"),
    mark("Selected values"),
    mark("Remove {}"),
    mark("Clear all"),
    mark("Clear value"),
    mark("Choose an option"),
    mark("Choose options"),
    mark("Open"),
    mark("No results"),
    mark("No options to select"),
    mark("No options to select."),
    mark("Press Enter to apply"),
    mark("Increment"),
    mark("Decrement"),
    mark("{} — start"),
    mark("{} — end"),
    mark("file upload"),
    mark("Uploading..."),
    mark("Upload failed"),
)


def dress(t: Translator) -> None:
    """Give the page its language, its look, and Streamlit's words in the reader's language."""
    st.html(_HERE / "page.css")
    st.html(_script(t.language), unsafe_allow_javascript=True)


def reveal(name: str, place: str, click: int) -> None:
    """Bring what has the key ``name`` into view on a narrow page, once for each ``click``.

    ``place`` is what was clicked; before its first click, at 0, nothing moves.
    """
    call = f"window.digitLab?.reveal?.({json.dumps(place)}, {json.dumps(name)}, {click})"
    st.html(f"<script>{call if click else ''}</script>", unsafe_allow_javascript=True)


@functools.cache
def _script(language: str) -> str:
    t = Translator(language)
    all_languages = [Translator(code) for code in LANGUAGES]
    words = [(t(word), sorted({each(word) for each in all_languages})) for word in _WORDS]
    source = (_HERE / "page.js").read_text(encoding="utf-8").strip()
    return f"<script>{source}({_json(language)}, {_json(words)});</script>"


def _json(value: Any) -> str:
    """``value`` for a script, which ends at the first "</" whatever stands round it."""
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")
