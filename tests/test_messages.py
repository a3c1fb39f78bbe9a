import json
from pathlib import Path

import pytest

from digitlab import messages
from digitlab.messages import LabError, Message, Translator, message, pick_language

PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8"

msgid "{count} epochs at {rate}."
msgstr "学習率{rate}で{count}エポック。"

msgid "a whole number"
msgstr "整数"

msgid "{field} must be {kind}."
msgstr "{field}は{kind}でなければなりません。"
"""


@pytest.fixture
def small_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "ja.po").write_text(PO, encoding="utf-8")
    monkeypatch.setattr(messages, "LOCALE_DIR", tmp_path)
    messages._catalogue.cache_clear()
    yield
    messages._catalogue.cache_clear()


def test_a_sentence_is_filled_with_its_values() -> None:
    said = message("{count} epochs at {rate}.", count=3, rate="0.1")
    assert str(said) == "3 epochs at 0.1."
    assert Translator("en")(said) == "3 epochs at 0.1."
    assert Translator()("{count} epochs at {rate}.", count=3, rate=0.1) == "3 epochs at 0.1."


def test_japanese_has_its_own_order(small_catalogue) -> None:
    ja = Translator("ja")
    assert ja("{count} epochs at {rate}.", count=3, rate=0.1) == "学習率0.1で3エポック。"
    assert ja(message("{count} epochs at {rate}.", count=3, rate=0.1)) == "学習率0.1で3エポック。"


def test_a_message_in_a_message_is_translated_too(small_catalogue) -> None:
    said = message("{field} must be {kind}.", field="epochs", kind=message("a whole number"))
    assert str(said) == "epochs must be a whole number."
    assert Translator("ja")(said) == "epochsは整数でなければなりません。"
    assert Translator("ja")("{field} must be {kind}.", **said.values).startswith("epochsは整数")


def test_what_the_catalogue_lacks_stays_english(small_catalogue) -> None:
    assert Translator("ja")("Not there: {what}.", what="x") == "Not there: x."
    assert Translator("ja")("") == "", "not the catalogue's head"
    assert Translator("fr")("a whole number") == "a whole number"


def test_braces_of_a_value_or_of_a_plain_text_are_left_alone() -> None:
    assert str(message("{name} is wrong.", name="{oops} {0}")) == "{oops} {0} is wrong."
    assert Translator()("50% {off}") == "50% {off}"


def test_a_message_is_stored_and_read_back(small_catalogue) -> None:
    inner = message("a whole number")
    said = message("{field} must be {kind}.", field="epochs", kind=inner, extra=None)
    read = Message.from_json(json.loads(json.dumps(said.to_json())))
    assert read == said
    assert Translator("ja")(read) == Translator("ja")(said)


def test_an_error_says_its_sentence() -> None:
    error = LabError(message("{field} is wrong.", field="epochs"))
    assert str(error) == "epochs is wrong."
    assert error.message.values == {"field": "epochs"}
    assert error.on_page == error.message


def test_a_page_may_be_told_another_sentence_than_the_terminal() -> None:
    error = LabError(message("/lab is full."), on_page=message("The disk is full."))
    assert str(error) == "/lab is full."
    assert str(error.on_page) == "The disk is full."


@pytest.mark.parametrize(
    ("asked", "picked"),
    [
        ("ja", "ja"),
        ("ja-JP", "ja"),
        ("ja_JP.UTF-8", "ja"),
        ("JA", "ja"),
        ("ja.UTF-8", "ja"),
        ("en", "en"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        (None, "en"),
        ("C", "en"),
        ("jav", "en"),
        ("../ja", "en"),
        ("j", "en"),
    ],
)
def test_the_language_that_fits_is_picked(asked, picked) -> None:
    assert pick_language(asked) == picked


def test_another_fallback_counts_only_when_nothing_fits() -> None:
    assert pick_language("fr", fallback="ja") == "ja"
    assert pick_language("en", fallback="ja") == "en"


def test_a_list_has_the_commas_of_its_language() -> None:
    assert Translator("en").listed(["3", "5", "8"]) == "3, 5, 8"
    assert Translator("ja").listed(["3", "5", "8"]) == "3、5、8"


def test_japanese_sentences_follow_each_other_without_a_space() -> None:
    assert Translator("en").paragraph(["One.", "Two.", "Three."]) == "One. Two. Three."
    assert Translator("ja").paragraph(["一。", "{二}。", "三。"]) == "一。{二}。三。"
