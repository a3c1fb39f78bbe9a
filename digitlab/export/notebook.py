"""A run's code as a Jupyter notebook."""

from __future__ import annotations

import json
from typing import Any

from digitlab.config import RunConfig
from digitlab.export.parts import Part, parts
from digitlab.export.start import StartFile
from digitlab.messages import Translator
from digitlab.progress import ExecutionSettings
from digitlab.scores import Scores


def notebook(
    config: RunConfig,
    fingerprint: str,
    t: Translator,
    *,
    execution: ExecutionSettings | None = None,
    reached: Scores | None = None,
    start: StartFile | None = None,
) -> bytes:
    """The code of ``script`` as a notebook: a text and a code cell for each part, not yet run.

    The format is version 4.5 of https://nbformat.readthedocs.io/en/latest/format_description.html
    """
    found = parts(config, fingerprint, t, execution=execution, reached=reached, start=start)
    cells = [cell for number, part in enumerate(found) for cell in _cells(number, part)]
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


def _cells(number: int, part: Part) -> tuple[dict[str, Any], dict[str, Any]]:
    text = "\n".join((f"{'##' if number else '#'} {part.title}", "", *part.remarks))
    lines = text.splitlines(keepends=True)
    return (
        {"cell_type": "markdown", "id": f"text-{number}", "metadata": {}, "source": lines},
        {
            "cell_type": "code",
            "id": f"code-{number}",
            "metadata": {},
            "source": part.code.splitlines(keepends=True),
            "execution_count": None,
            "outputs": [],
        },
    )
