"""A student's Python, which knows nothing of the lab and runs the code that it has saved."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from digitlab import export
from digitlab.config import RunConfig
from digitlab.dataset import MNIST_FINGERPRINT
from digitlab.messages import Translator
from digitlab.progress import ExecutionSettings

EN = Translator("en")
FLOAT32 = ExecutionSettings(threads=os.cpu_count() or 1)
BFLOAT16 = replace(FLOAT32, format="mixed_bfloat16")

# Runs each file named, as `python FILE` does, and writes what it printed and measured.
_RUN_ALL = """
import contextlib, io, json, os, runpy, sys
from pathlib import Path

def run_notebook(path):
    names = {"__name__": "__main__"}
    for cell in json.loads(Path(path).read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    return names

found = {}
for path in sys.argv[2:]:
    printed = io.StringIO()
    os.chdir(Path(path).parent)
    run = run_notebook if path.endswith(".ipynb") else runpy.run_path
    with contextlib.redirect_stdout(printed):
        names = run(path)
    lines = printed.getvalue().splitlines()
    before = [line for line in lines if line.startswith(("untrained: ", "start: "))]
    found[Path(path).name] = {
        "before": before, "last": lines[-1], "history": names["history"].history,
    }
    names["plt"].close("all")
    names["keras"].backend.clear_session()
assert not [name for name in sys.modules if name.startswith("digitlab")]
Path(sys.argv[1]).write_text(json.dumps(found))
"""


@contextmanager
def running(folder: Path, paths: Sequence[Path]) -> Iterator[Callable[[], dict[str, Any]]]:
    """One Python that runs all files; a call waits for what they found, by the files' names."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "KERAS_BACKEND")}
    with (folder / "said.txt").open("wb") as said:
        python = subprocess.Popen(
            [sys.executable, "-c", _RUN_ALL, str(folder / "found.json"), *map(str, paths)],
            cwd=folder,
            env=environment | {"MPLBACKEND": "agg"},
            stdout=said,
            stderr=said,
        )

    def found() -> dict[str, Any]:
        assert python.wait(timeout=300) == 0, (folder / "said.txt").read_text()[-4000:]
        results: dict[str, Any] = json.loads((folder / "found.json").read_text())
        return results

    with python:
        yield found
        python.kill()


def script(
    config: RunConfig, fingerprint: str = MNIST_FINGERPRINT, t: Translator = EN, **more: Any
) -> str:
    return export.script(export.parts(config, fingerprint, t, **more))


def notebook(
    config: RunConfig, fingerprint: str = MNIST_FINGERPRINT, t: Translator = EN, **more: Any
) -> bytes:
    return export.notebook(export.parts(config, fingerprint, t, **more))


def code_in(notebook: bytes) -> str:
    """The code cells of a notebook, one after the other."""
    cells = json.loads(notebook)["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def same_code(one: str, other: str) -> bool:
    """Whether two programs differ in comments and empty lines only."""
    return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))


def figures(line: str) -> tuple[float, float]:
    """The loss and the accuracy in a line that the code prints."""
    loss, accuracy = line.partition(" loss ")[2].split(", accuracy ")
    return float(loss), float(accuracy)
