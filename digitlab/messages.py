"""The catalogue of every sentence that a user reads, and its translation.

The English sentence in the code is the message's id; ``locale/ja.po`` holds its Japanese form.
``message`` marks a sentence that is made in one place and read in another (an error, a run's
reason): it keeps its values apart from its text, so it can be stored and read in any language.
"""

from __future__ import annotations

import functools
import gettext
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "ja": "日本語"}
LOCALE_DIR = Path(__file__).parent / "locale"


@dataclass(frozen=True)
class Message:
    """A sentence of the catalogue with the values that fill its ``{places}``.

    Values are numbers, strings or further messages. ``str()`` gives the English sentence.
    """

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return Translator("en")(self)

    def to_json(self) -> dict[str, Any]:
        """The message as JSON values, for the store."""
        values = {
            name: value.to_json() if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return {"text": self.text, "values": values}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        """The message that ``to_json`` wrote."""
        values = {
            name: cls.from_json(value) if isinstance(value, dict) else value
            for name, value in data["values"].items()
        }
        return cls(data["text"], values)


def message(text: str, **values: Any) -> Message:
    """Mark ``text`` for the catalogue and keep ``values`` for its places."""
    return Message(text, values)


def mark(text: str) -> str:
    """Mark ``text`` for the catalogue without translating it: a table's labels, say."""
    return text


class LabError(Exception):
    """Something a person can understand and mend.

    ``message`` is the sentence for the terminal and the log. ``on_page`` is what a page says in its
    place, where ``message`` is for whoever runs the lab: it names a file or a setting of the
    server. Elsewhere the two are the same.
    """

    # Pickle makes an error of a worker anew from ``args`` alone, and restores its attributes then.
    def __init__(self, sentence: Message, *, on_page: Message | None = None) -> None:
        super().__init__(str(sentence))
        self.message = sentence
        self.on_page = on_page or sentence
        if on_page is not None:
            self.add_note(str(on_page))  # a traceback in the log shows what the visitor read


# What stands between the items of a list, and between two sentences.
_COMMA = mark(", ")
_AFTER_EACH_OTHER = mark("{said} {more}")


@dataclass(frozen=True)
class Translator:
    """Turns English sentences and messages into one language's text."""

    language: str = "en"

    def __call__(self, text: str | Message, /, **values: Any) -> str:
        """``text`` in the language, its ``{places}`` filled with ``values``."""
        if isinstance(text, Message):
            return self(text.text, **text.values)
        translated = _catalogue(self.language).gettext(text) if text else ""
        filled = {
            name: self(value) if isinstance(value, Message) else value
            for name, value in values.items()
        }
        return translated.format(**filled) if filled else translated

    def listed(self, items: Iterable[str]) -> str:
        """``items`` with the language's comma between them."""
        return self(_COMMA).join(items)

    def paragraph(self, sentences: Iterable[str]) -> str:
        """``sentences`` after each other; Japanese has no space between them."""
        return functools.reduce(
            lambda said, more: self(_AFTER_EACH_OTHER, said=said, more=more), sentences
        )


def pick_language(asked: str | None, *, fallback: str = "en") -> str:
    """The language of the catalogue that fits ``asked`` ("ja-JP", "ja_JP.UTF-8", "en" …)."""
    code = (asked or "").replace("_", "-").split("-")[0].split(".")[0].lower()
    return code if code in LANGUAGES else fallback


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    path = LOCALE_DIR / f"{language}.po"
    if language == "en" or not path.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
