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
# What a Japanese teacher of the field would not write (a pattern), and what would be written.
AVOIDED = {
    "内部の値": "内部状態",  # of the optimizer
    "書き込み[{]": "手書き数字{",  # kept drawings
    "凍結し": "固定（凍結）",  # frozen layers
    "読み違": "誤分類",
    "印刷された": "活字の",
    "輪郭": "エッジ",
    "模様": "パターン",
    "画素": "ピクセル",
    "オプティマイザ": "最適化手法",
    "フォルダー": "フォルダ",
    "わか[らりるれっ]": "分か",
    "くり返": "繰り返",
    "[一二三]つ": "1つ, 2つ, 3つ",
    "ニューロン": "ユニット",
    "(訓練|学習|テスト)用の?(画像|データ)": "訓練データ, テストデータ",
    "サンプル": "抜粋, 画像の例",  # of MNIST; of its images
    "ラボ": "Digit Lab",
    "一括実験": "スイープ",
    "実験": "元の学習",  # what an exported script repeats
    "標準(?!偏差|化)": "既定",
    "中を見る": "調べる",
    "縦棒": "誤差棒",
    "較正": "キャリブレーション",
    "自信": "確信度, 過信",
    "ウィルソンの": "ウィルソン法",
    "正確検定": "マクネマー検定（正確法）",
    "(?<!ング（)平滑化": "ラベルスムージング（平滑化）",
    "テストデータ *[{](index|number)[}]": "テスト画像{index}番",
    "[ァ-ヴ]ー?ウィンドー|サーバ(?!ー)|コンピューター|ユーザ(?!ー)|パラメーター": "as elsewhere",
}
# Signs that a Japanese sentence does not have: half-width ones beside Japanese, stray spaces.
LETTER = "[ぁ-んァ-ヶ一-龠々]"
UNJAPANESE = {
    "a half-width stop, comma or question mark": f"{LETTER} ?[.,?!;](?!npz)|[.,;] ?{LETTER}",
    "a half-width bracket": rf"{LETTER} ?\((?!N,|%)|(?<![z\d])\) ?{LETTER}",  # but in formulas
    "a full-width digit or letter": "[０-９Ａ-Ｚａ-ｚ]",
    "English quotation marks": rf"{LETTER}[\"']|[\"']{LETTER}|[“”‘’]",
    "a space beside a full-width sign": "[、。，．！？「」（）：〜] | [、。「」（）：〜]",
    "a space between two letters": f"{LETTER} {LETTER}",
    "another wave": "～",
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
        entry.id
        for entry in japanese
        if entry.id and entry.string and places(entry.id) != places(entry.string)
    ]

    assert wrong == []


@pytest.mark.parametrize("word", AVOIDED)
def test_the_field_s_own_words_are_used(word: str, japanese: Catalog) -> None:
    assert wrong(japanese, word) == []


@pytest.mark.parametrize("sign", UNJAPANESE)
def test_signs_and_spaces_are_japanese(sign: str, japanese: Catalog) -> None:
    assert wrong(japanese, UNJAPANESE[sign]) == []


def test_a_label_is_quoted_as_it_stands_on_the_page(japanese: Catalog) -> None:
    """Where a lesson says **Batch size**, its Japanese says what the slider is called there."""
    labels = {entry.id: entry.string for entry in japanese if entry.id}
    quoted = [
        (entry.string, labels[name])
        for entry in japanese
        if any(file == "digitlab/lessons.py" for file, _ in entry.locations)
        for name in re.findall(r"\*\*([^*]+)\*\*", entry.id or "")
        if name in labels
    ]

    assert len(quoted) > 20
    assert [(text, name) for text, name in quoted if f"**{name}**" not in text] == []


def wrong(japanese: Catalog, pattern: str) -> list[str]:
    """The sentences in which ``pattern`` is found."""
    return [entry.string for entry in japanese if entry.id and re.search(pattern, entry.string)]


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
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"t", "mark", "message"}
        and node.args
    ]
