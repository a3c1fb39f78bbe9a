"""A zip in a real browser: one person packs and saves it, another loads it, and deletes it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
TIMEOUT = 60_000  # milliseconds
ME, YOU = "m" * 22, "y" * 22

_MAKE = """
import sys
from pathlib import Path
import numpy as np
from digitlab.config import RunConfig
from digitlab.layers import layers_of
from digitlab.network import Network
from digitlab.progress import EpochMetrics
from digitlab.store.library import Library
from digitlab.store import DataSetInfo, Status, Store
from digitlab.messages import message
store, owner = Store(Path(sys.argv[1])), sys.argv[2]
config = RunConfig(units1=8, epochs=2)
arrays = {
    layer.name: (np.ones(layer.kernel_shape, "f4"), np.zeros(layer.kernel_shape[-1:], "f4"))
    for layer in layers_of(config) if layer.kernel_shape
}
run = store.add(owner, "engine", config, None, 1, DataSetInfo("sample", "f" * 64, 3200, 800, 1000))
store.start(run.id)
for epoch in (0, 1, 2):
    data = Network(layers_of(config), arrays).to_bytes()
    store.keep(run.id, f"weights-{epoch:03d}.npz", data)
    if epoch:
        store.report(run.id, EpochMetrics(epoch, True, 0.5, 0.8, 0.4, 0.9, 0.3, 0.9123, 1.5, 3200))
store.end(run.id, Status.FINISHED, message("All {epochs} epochs were trained.", epochs=2))
Library(store).rename(owner, run.id, "My first network")
print(run.id)
"""


@pytest.fixture
def lab_with_a_run(tmp_path: Path, start_server: Callable[[], str]) -> str:
    """A server in whose lab one person has a named run."""
    subprocess.run(
        [sys.executable, "-c", _MAKE, tmp_path / "lab-0", ME],
        cwd=ROOT,
        check=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    return start_server()


def open_runs(page: Page, address: str, person: str) -> None:
    page.goto(f"{address}/runs?me={person}")
    expect(page.get_by_role("button", name="Take everything home")).to_be_visible(timeout=TIMEOUT)


def choose(page: Page, path: Path) -> None:
    """Hand a file to the uploader, once the one that has read the last file is gone."""
    uploader = page.get_by_test_id("stFileUploaderDropzoneInput")
    expect(uploader).to_have_count(1, timeout=TIMEOUT)
    uploader.set_input_files(path)


def test_work_goes_home_and_is_loaded_by_another_person(
    page: Page, lab_with_a_run: str, tmp_path: Path
) -> None:
    open_runs(page, lab_with_a_run, ME)
    page.get_by_role("button", name="Take everything home").click()
    save = page.get_by_role("button", name=re.compile(r"Save the zip \(0\.\d MB\)"))
    expect(save).to_be_visible(timeout=TIMEOUT)
    with page.expect_download() as waiting:
        save.click()
    packed = tmp_path / "digit-lab.zip"
    waiting.value.save_as(packed)
    assert waiting.value.suggested_filename == "digit-lab.zip"
    assert zipfile.is_zipfile(packed)

    open_runs(page, lab_with_a_run, YOU)
    expect(page.get_by_text("There are no runs yet")).to_be_visible(timeout=TIMEOUT)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(packed.read_bytes()[:-500])
    choose(page, broken)
    expect(page.get_by_text("This is not a zip of Digit Lab")).to_be_visible(timeout=TIMEOUT)

    choose(page, packed)
    expect(page.get_by_text("Loaded: 1 run.")).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_text("1 of 1 runs.")).to_be_visible(timeout=TIMEOUT)  # the table above

    choose(page, packed)
    already = page.get_by_text("Runs that you have already, and that stay as they are: 1.")
    expect(already).to_be_visible(timeout=TIMEOUT)

    page.get_by_role("button", name="Delete all my data").click()
    page.get_by_role("button", name="Yes, delete everything").click()
    expect(page.get_by_text("Deleted for good: 1 run")).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_text("There are no runs yet")).to_be_visible(timeout=TIMEOUT)
