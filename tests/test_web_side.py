"""The web process never loads TensorFlow or Keras, not even after a run."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# These run in a worker, or in a process of their own.
_ELSEWHERE = {
    f"digitlab.training.{name}"
    for name in (
        "trainer",
        "keras_model",
        "compiled",
        "formats",
        "loop",
        "evaluation",
        "kept_files",
    )
}

_IMPORTS = """
import ast, pkgutil
import digitlab
elsewhere = set(sys.argv[2:])
names = {m.name for m in pkgutil.walk_packages(digitlab.__path__, "digitlab.")} - elsewhere
for source in [*Path("pages").glob("*.py"), Path("streamlit_app.py")]:
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
# The drawing canvas can only be imported by a script that Streamlit runs.
from streamlit.testing.v1 import AppTest
def script(names):
    import importlib
    for name in names:
        importlib.import_module(name)
app = AppTest.from_function(script, args=(sorted(names),), default_timeout=60).run()
assert not app.exception, app.exception
"""

_TRAINS = """
import time
from contextlib import closing
from digitlab import dataset, models
from digitlab.store import results
from digitlab.config import RunConfig
from digitlab.jobs.engine import Engine
from digitlab.home import home
from digitlab.store import Store
if __name__ == "__main__":
    store = Store(home())
    with closing(Engine(store, measure=False)) as engine:
        config = RunConfig(units1=8, train_images=64, epochs=1)
        run = engine.submit("ada", config, dataset.sample())
        while store.run(run.id).status.live:
            time.sleep(0.05)
    models.of_run(store, run.id).predict(dataset.sample().x_test)
    results.final_test(store.run(run.id), store.epochs(run.id))
"""

_TELLS = """
if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(sorted(sys.modules)))
"""


def modules_after(script: str, folder: Path) -> set[str]:
    """The modules that a clean interpreter has loaded after ``script``."""
    path, told = folder / "web.py", folder / "modules.json"
    path.write_text(f"import json, sys\nfrom pathlib import Path\n{script}\n{_TELLS}")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, path, told, *_ELSEWHERE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(told.read_text()))


def heavy(modules: set[str]) -> set[str]:
    return {name for name in modules if name.partition(".")[0] in ("tensorflow", "keras")}


def test_no_module_of_the_web_side_imports_keras(lab_home: Path, tmp_path: Path) -> None:
    modules = modules_after(_IMPORTS, tmp_path)
    assert {
        "digitlab.ui.shell",
        "digitlab.jobs.engine",
        "digitlab.jobs.worker",
        "streamlit",
    } <= modules
    assert not _ELSEWHERE & modules
    assert heavy(modules) == set()
    assert not {name for name in modules if name.partition(".")[0] == "tools"}


def test_no_file_of_the_lab_names_the_tools_in_an_import() -> None:
    sources = [*(ROOT / "digitlab").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    assert len(sources) > 150
    importing = re.compile(r"^\s*(from|import) tools\b", re.MULTILINE)
    assert [path for path in sources if importing.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.worker
def test_a_run_does_not_bring_keras_into_the_process_that_asked_for_it(
    lab_home: Path, tmp_path: Path
) -> None:
    modules = modules_after(_TRAINS, tmp_path)
    assert "distributed" in modules
    assert not _ELSEWHERE & modules
    assert heavy(modules) == set()
