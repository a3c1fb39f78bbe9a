"""The frame of every page: language, identity, links between pages, and errors as sentences.

Everything that must survive a refresh is in the URL: ``me`` makes runs mine, ``run`` is the one
looked at, ``lang`` the language, and the settings that differ from their lesson.
"""

from __future__ import annotations

import functools
import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ParamSpec

import pandas  # noqa: F401  see below
import streamlit as st

from digitlab import dataset
from digitlab.config import BY_NAME
from digitlab.messages import LANGUAGES, LabError, Message, Translator, mark, message, pick_language
from digitlab.ui import browser, lab
from digitlab.ui.session import SessionValue
from digitlab.ui.timing import timed

# Streamlit loads pandas at its first table, in the thread of one session, and Plotly in another
# session takes it half loaded for whole, and fails: so it is loaded before any page is drawn.
log = logging.getLogger(__name__)

_P = ParamSpec("_P")

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")

# A run brings its own settings: what the address still says of others would change its sliders.
_LET_GO = {"run", "preset", *BY_NAME}
_SIDEBAR = 344  # pixels: the longest name of a choice fits into its field

_REFUSED = SessionValue[Message | None]("click-refused", None)  # why a click came to nothing
_CHOSEN_LANGUAGE = SessionValue[str | None]("language", None)
_NOTE_SECONDS = 60.0  # the log is told of the same trouble at most so often

# Where each page is, what it is called in the links, and its icon.
PAGES = {
    "home": ("streamlit_app.py", mark("Digit Lab"), ":material/home:"),
    "train": ("pages/train.py", mark("Train"), ":material/tune:"),
    "runs": ("pages/runs.py", mark("Runs"), ":material/table_rows:"),
    "sweep": ("pages/sweep.py", mark("Sweep"), ":material/stacked_line_chart:"),
    "draw": ("pages/draw.py", mark("Draw"), ":material/draw:"),
    "inspect": ("pages/inspect.py", mark("Inspect"), ":material/search:"),
}


@dataclass(frozen=True)
class Visit:
    """Who looks at a page: their language, and the token that makes runs theirs."""

    t: Translator
    me: str


@contextmanager
def page(name: str) -> Iterator[Visit]:
    """Open a page: draw its frame, and turn errors inside it into a sentence."""
    with timed(f"page {name}"):
        visit = _frame(name)
        with sentences(visit.t):
            lab.engine()  # settles at once what a server that died has left
            dataset.fetch_in_background()
            yield visit
            return
        st.stop()  # what went wrong is said; a page has to be yielded, or to end here


def _frame(name: str) -> Visit:
    query = st.query_params
    t = Translator(pick_language(query.get("lang") or st.context.locale))
    title, lab_name = t(PAGES[name][1]), t("Digit Lab")
    st.set_page_config(
        page_title=title if name == "home" else f"{title} · {lab_name}",
        page_icon="✏️",
        layout="wide",
        initial_sidebar_state=_SIDEBAR,
    )
    if not _TOKEN.fullmatch(query.get("me", "")):  # somebody who comes without one
        query["me"] = secrets.token_urlsafe(16)
    browser.dress(t)
    _top_bar(name, t)
    return Visit(t, query["me"])


@contextmanager
def sentences(t: Translator) -> Iterator[None]:
    """Turn errors inside into a sentence. Fragments need it too: they run again by themselves."""
    refused = _REFUSED.take()
    if refused is not None:  # by a click; it stays until it is closed, whatever is drawn anew
        st.toast(plain(t(refused)), icon=":material/error:", duration="infinite")
    try:
        yield
    except Exception as error:
        st.error(plain(t(_sentence(error))))


def guarded(click: Callable[_P, object]) -> Callable[_P, None]:
    """A callback whose errors become a sentence, as those of a page do.

    Streamlit runs callbacks before the page, outside of ``sentences``, and would show a traceback.
    """

    @functools.wraps(click)
    def tried(*args: _P.args, **values: _P.kwargs) -> None:
        try:
            click(*args, **values)
        except Exception as error:
            _REFUSED.set(_sentence(error))

    return tried


def _sentence(error: Exception) -> Message:
    """What a page says of an error; the log is told what a visitor cannot mend."""
    if isinstance(error, LabError):
        if error.message != error.on_page:
            _note(str(error.message), int(time.monotonic() // _NOTE_SECONDS))
        return error.on_page
    log.error("a page failed", exc_info=error)
    return message(
        "Something went wrong on this page, and the lab has noted it. Load the page again; if it "
        "comes back, please tell whoever runs this lab."
    )


@functools.lru_cache(100)  # a live page of each of thirty people meets it twice a second
def _note(advice: str, period: int) -> None:
    log.error("%s", advice)


def plain(text: str) -> str:
    """``text`` so that Markdown shows it as it is: it may quote what somebody put in a link."""
    return re.sub(r"([\\`*_\[\]<>$:#~|])", r"\\\1", text)


def word_uploader(button: str, refused: str) -> None:
    """Give Streamlit's uploader, which speaks English alone, our words.

    ``button`` stands on its button; ``refused`` below a file that did not reach the server, where
    Streamlit shows its own error: one with a name of 5,000 characters is refused on the way.
    """
    zone = '[data-testid="stFileUploaderDropzone"]'
    # As CSS strings, Japanese as it is: CSS does not know JSON's escapes for it.
    label, sentence = (json.dumps(text, ensure_ascii=False) for text in (button, refused))
    st.html(
        f"<style>{zone} button p {{ font-size: 0; }} "
        f"{zone} button p::after {{ content: {label}; font-size: 1rem; }} "
        f'{zone}:has([aria-invalid="true"])::after {{ content: {sentence}; }} '
        f'{zone} [role="alert"] {{ display: none; }}</style>'
    )


def page_link(name: str, label: str, *, help: str | None = None) -> None:
    """A link to another page that takes the whole query along."""
    path, _, icon = PAGES[name]
    st.page_link(path, label=label, icon=icon, help=help, query_params=st.query_params.to_dict())


def save_button(
    label: str,
    data: str | Callable[[], bytes],
    name: str,
    kind: str = "application/octet-stream",
    *,
    key: str | None = None,
    icon: str = ":material/download:",
) -> None:
    """A button that saves the file ``name`` of MIME type ``kind``.

    ``data`` is a text, or what makes the bytes when the button is pressed.
    """
    st.download_button(label, data, name, kind, icon=icon, on_click="ignore", key=key)


def go(name: str, **query: str) -> None:
    """Open another page for what ``query`` names; the run and the settings of before are let go."""
    kept = {key: value for key, value in st.query_params.items() if key not in _LET_GO}
    st.switch_page(PAGES[name][0], query_params=kept | query)


def _top_bar(name: str, t: Translator) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="top-bar"):
        for other, (_, label, _) in PAGES.items():
            page_link(other, f"**{t(label)}**" if other == name else t(label))
        st.space("stretch")
        _CHOSEN_LANGUAGE.set(t.language)
        st.segmented_control(
            t("Language"),
            list(LANGUAGES),
            key=_CHOSEN_LANGUAGE.key,
            format_func=lambda code: LANGUAGES[code],
            label_visibility="collapsed",
            on_change=_change_language,
        )


def _change_language() -> None:
    if chosen := _CHOSEN_LANGUAGE.get():
        st.query_params["lang"] = chosen
