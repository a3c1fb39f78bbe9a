"""A run's code as one Python script, and as a Jupyter notebook."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from digitlab.export.parts import Part


def script(parts: Iterable[Part]) -> str:
    """A Keras script of ``parts``; it imports nothing of the lab.

    Its last line of output is ``test: loss 0.0000, accuracy 0.0000``.
    """
    texts = []
    for part in parts:
        comments = "".join(f"# {line}\n" for line in (part.title, *part.remarks))
        texts.append(f"{comments}{part.code}\n")
    return "\n".join(texts)


def notebook(parts: Iterable[Part]) -> bytes:
    """The code of ``script`` as a notebook: a text and a code cell for each part, not yet run.

    The format is version 4.5 of https://nbformat.readthedocs.io/en/latest/format_description.html
    """
    cells: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        text = "\n".join((f"{'##' if number else '#'} {part.title}", "", *part.remarks))
        about = {"cell_type": "markdown", "id": f"text-{number}", "metadata": {}}
        cells.append(about | {"source": text.splitlines(keepends=True)})
        about = {"cell_type": "code", "id": f"code-{number}", "metadata": {}}
        source = part.code.splitlines(keepends=True)
        cells.append(about | {"source": source, "execution_count": None, "outputs": []})
    whole = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1).encode()
