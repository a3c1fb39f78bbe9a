"""The Japanese catalogue holds exactly the sentences of the code, each with its places."""

from __future__ import annotations

import ast
import re
import runpy
import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]
JAPANESE = re.compile(r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]")
# What is not the field's word, and the word that is.
AVOIDED = {
    "内部の値": "内部状態",  # of the optimizer
    "書き込み{": "手書き数字{",  # kept drawings
    "凍結し": "固定（凍結）",  # frozen layers
}
# Sentences that are the same in Japanese: names and numbers.
SAME = re.compile(r"^[\W\d_]*$|^([Dd]ropout ?|MLP|CNN|Digit Lab|PATH|COMMAND)$")


@pytest.fixture(scope="module")
def japanese() -> Catalog:
    with (ROOT / "digitlab/locale/ja.po").open("rb") as stream:
        return read_po(stream, locale="ja")


@pytest.fixture(scope="module")
def code() -> set[str]:
    extracted = runpy.run_path(str(ROOT / "scripts/messages.py"))["extracted"]
    return {entry.id for entry in extracted() if entry.id}


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_no_sentence_is_missing_or_stale(japanese: Catalog, code: set[str]) -> None:
    catalogue = {entry.id for entry in japanese if entry.id}

    assert code - catalogue == set(), "run scripts/messages.py and translate what it prints"
    assert catalogue - code == set(), "run scripts/messages.py"


def test_every_sentence_has_its_japanese(japanese: Catalog) -> None:
    untranslated = [
        entry.id
        for entry in japanese
        if entry.id and not (entry.string and (JAPANESE.search(entry.string) or _same(entry.id)))
    ]

    assert untranslated == []


def _same(text: str) -> bool:
    return bool(SAME.match(re.sub(r"\{\w+\}|%\{[^}]*\}", "", text)))


def test_no_translation_is_a_guess(japanese: Catalog) -> None:
    assert [entry.id for entry in japanese if entry.id and entry.fuzzy] == []


def test_every_place_is_kept(japanese: Catalog) -> None:
    wrong = [
        entry.id for entry in japanese
        if entry.id and entry.string and places(entry.id) != places(entry.string)
    ]  # fmt: skip

    assert wrong == []


@pytest.mark.parametrize("word", AVOIDED)
def test_the_field_s_own_words_are_used(word: str, japanese: Catalog) -> None:
    assert [entry.id for entry in japanese if entry.string and word in entry.string] == []


def test_no_sentence_is_built_where_the_catalogue_cannot_see_it() -> None:
    """No f-string in the calls that mark a sentence, and no such call in an f-string."""
    files = [*ROOT.glob("digitlab/**/*.py"), *ROOT.glob("pages/*.py")]

    assert [str(file) for file in files if _hides_a_sentence(file)] == []


def _hides_a_sentence(file: Path) -> bool:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    built = [call for call in _marks(tree) if isinstance(call.args[0], ast.JoinedStr)]
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    nested = [
        call for node in strings for call in _marks(node) if isinstance(call.args[0], ast.Constant)
    ]
    return bool(built or nested)


def _marks(tree: ast.AST) -> list[ast.Call]:
    """The calls in ``tree`` that mark a sentence."""
    return [
        node for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        and node.func.id in {"t", "mark", "message"} and node.args
    ]  # fmt: skip
