"""Bring the catalogue up to date with the sentences in the code; prints what lacks Japanese."""

from __future__ import annotations

import contextlib
import datetime
import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
PO = ROOT / "digitlab" / "locale" / "ja.po"
# The names that mark a sentence for the catalogue; see digitlab/messages.py.
HEADER = "# The sentences of Digit Lab in Japanese; scripts/messages.py keeps them in step."
# Fixed, so that the file changes only where a sentence does.
DATE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
KEYWORDS = {"t": None, "mark": None, "message": None}
METHODS = [
    (pattern, "python")
    for pattern in ("digitlab/**.py", "tools/**.py", "pages/**.py", "streamlit_app.py")
]


def extracted() -> Catalog:
    """Every sentence in the code, with the files it stands in."""
    catalog = Catalog(locale="ja", project="Digit Lab", charset="utf-8")
    # Babel warns on stderr of each f-string that is a value and no sentence.
    with contextlib.redirect_stderr(io.StringIO()):
        for file, _, text, comments, _ in extract_from_dir(ROOT, METHODS, keywords=KEYWORDS):
            catalog.add(text, locations=[(file, 0)], auto_comments=comments)
    return catalog


def _po(catalog: Catalog) -> bytes:
    """The catalogue as a file that is the same whichever version of Babel wrote it."""
    written = io.BytesIO()
    write_po(written, catalog, width=100, include_lineno=False, sort_output=True, omit_header=False)
    lines = written.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(b'"Generated-By:'))


def main() -> int:
    """Merge the code's sentences into the Japanese catalogue."""
    catalog = Catalog()
    if PO.exists():
        with PO.open("rb") as stream:
            catalog = read_po(stream, locale="ja")
    catalog.update(extracted(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    catalog.fuzzy = False
    catalog.project, catalog.version, catalog.header_comment = "Digit Lab", "1", HEADER
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = "Digit Lab"
    catalog.creation_date = catalog.revision_date = DATE
    PO.write_bytes(_po(catalog))
    missing = [entry.id for entry in catalog if entry.id and not entry.string]
    for text in missing:
        print(text)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
