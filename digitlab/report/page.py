"""The HTML that reports are written in: whoever calls hands over text, and it is escaped here."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

# Nothing is loaded and nothing runs, whatever should have found its way into the file.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 186mm; padding: 1rem; color: #111; background: #fff;
  font: 10.5pt/1.4 "Helvetica Neue", Arial, "Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic",
  Meiryo, sans-serif; }
h1 { font-size: 1.5em; margin: 0 0 0.2em; overflow-wrap: anywhere; }
h2 { font-size: 1.15em; margin: 1.1em 0 0.4em; border-bottom: 1px solid #888;
  break-after: avoid; }
p { margin: 0.3em 0; overflow-wrap: anywhere; }
.note, figcaption { color: #444; font-size: 0.88em; }
.pen { display: flex; gap: 1.5em; margin: 0.9em 0; }
.pen span { flex: 1; border-bottom: 1px solid #555; padding-bottom: 0.9em; }
.pen span:first-child { flex: 2; }
dl { columns: 2; column-gap: 2em; margin: 0; }
dl div { display: flex; justify-content: space-between; gap: 1em; break-inside: avoid;
  border-bottom: 1px dotted #bbb; }
dd { margin: 0; text-align: right; }
.changed dt, .changed dd { font-weight: bold; }
.changed small { font-weight: normal; }
.row { display: flex; gap: 1.2em; align-items: flex-start; break-inside: avoid; }
.row > * { flex: 1; min-width: 0; }
figure { margin: 0.4em 0; break-inside: avoid; }
figure img, figure svg { display: block; width: 100%; height: auto; }
img { image-rendering: pixelated; }
.bar { max-width: 80mm; margin-left: auto; margin-right: auto; text-align: center; }
.bar img { height: 3mm; }
table { border-collapse: collapse; width: 100%; break-inside: avoid; }
caption { text-align: left; white-space: normal; color: #444; font-size: 0.88em; }
th, td { padding: 0.1em 0.4em; white-space: nowrap; text-align: right;
  border-bottom: 1px solid #ccc; }
th:first-child, td:first-child { text-align: left; }
thead th { white-space: normal; }
.wide { overflow-x: auto; margin: 0.4em 0; }
.sheet { table-layout: fixed; min-width: 28em; }
.sheet th, .sheet th:first-child, .sheet td, .sheet td:first-child { text-align: center;
  border: none; padding: 0.1em 0.15em; font-size: 0.85em; line-height: 1.15; }
.sheet img { display: block; width: 100%; border: 1px solid #ccc; box-sizing: border-box; }
.question { break-inside: avoid; }
.line { border-bottom: 1px solid #aaa; height: 8.5mm; }
@page { size: A4; margin: 12mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 9.5pt; } .page { break-before: page; }
  .sheet { width: 84%; margin: 0 auto; } }
@media screen and (max-width: 640px) {
  .row, .pen { flex-direction: column; align-items: stretch; } dl { columns: 1; } }
"""


def document(title: str, parts: Iterable[str], language: str) -> str:
    """A whole page of ``parts``, which are HTML already."""
    return (
        f'<!DOCTYPE html>\n<html lang="{html.escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def section(title: str, *parts: str, new_page: bool = False) -> str:
    """Parts, HTML already, under a heading; on a page of its own where that is printed."""
    tag = '<section class="page">' if new_page else "<section>"
    return f"{tag}\n<h2>{html.escape(title)}</h2>\n" + "\n".join(parts) + "\n</section>"


def heading(text: str) -> str:
    """The page's own heading."""
    return f"<h1>{html.escape(text)}</h1>"


def paragraph(text: str, *, note: bool = False) -> str:
    """A paragraph; a note is smaller."""
    tag = '<p class="note">' if note else "<p>"
    return f"{tag}{html.escape(text)}</p>"


def pen_line(labels: Iterable[str]) -> str:
    """A line to be filled in by pen, a place for each label."""
    places = "".join(f"<span>{html.escape(label)}</span>" for label in labels)
    return f'<div class="pen">{places}</div>'


def pairs(rows: Iterable[tuple[str, str, str]]) -> str:
    """Names and values; where the third, a remark, is not empty, the row stands out."""
    return "<dl>" + "".join(_pair(*row) for row in rows) + "</dl>"


def _pair(name: str, value: str, remark: str) -> str:
    told = f" <small>{html.escape(remark)}</small>" if remark else ""
    mark = ' class="changed"' if remark else ""
    return f"<div{mark}><dt>{html.escape(name)}</dt><dd>{html.escape(value)}{told}</dd></div>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table; the first cell of each row is its name."""
    top = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    body = "".join(_row(row) for row in rows)
    told = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    whole = f"<table>{told}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide">{whole}</div>'


def _row(cells: Sequence[str]) -> str:
    name, *values = (html.escape(cell) for cell in cells)
    return f'<tr><th scope="row">{name}</th>' + "".join(f"<td>{v}</td>" for v in values) + "</tr>"


def row(*parts: str) -> str:
    """Parts, HTML already, side by side."""
    return '<div class="row">' + "".join(parts) + "</div>"


def figure(picture: str, caption: str = "") -> str:
    """A picture, HTML already, with words under it."""
    told = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{picture}{told}</figure>"


def image(png: bytes, alternative: str) -> str:
    """A picture from the bytes of a PNG file, and its text alternative."""
    data = base64.b64encode(png).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="{html.escape(alternative)}">'


def colour_bar(png: bytes, caption: str) -> str:
    """A narrow picture of a colour scale, and what it means."""
    return f'<div class="bar">{figure(image(png, ""), caption)}</div>'


def sheet(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Small pictures, HTML already or "", in columns with heads."""
    top = "".join(f'<th scope="col">{html.escape(head)}</th>' for head in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in rows
    )
    whole = f'<table class="sheet"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{whole}</div>'


def labelled(picture: str, label: str) -> str:
    """A small picture, HTML already, with a few words under it."""
    return f"{picture}{html.escape(label)}"


def question(number: int, text: str, lines: int) -> str:
    """A question, and an empty place of so many lines for its answer."""
    ruled = '<div class="line"></div>' * lines
    return f'<div class="question">{paragraph(f"{number}. {text}")}{ruled}</div>'
