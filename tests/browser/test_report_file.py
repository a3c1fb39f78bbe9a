"""The report's file in a real browser without a network, on the screen and printed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.layers import layers_of, parameter_count
from digitlab.messages import LANGUAGES, Translator
from digitlab.network import Network
from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics, ExecutionSettings, Outcome, Untrained
from digitlab.report import gather, html_of
from digitlab.store import DataSetInfo, Run, Status, Store
from digitlab.store.run_files import npy

pytestmark = pytest.mark.browser
RNG = np.random.default_rng(7)

# The widest part of the page, and how wide the window is.
_WIDTHS = "[document.documentElement.scrollWidth, window.innerWidth]"
_OPENED = "[...document.images].filter(image => image.complete && image.naturalWidth > 0).length"


def trained(store: Store, config: RunConfig) -> Run:
    """A run as a worker leaves it, which nobody has trained."""
    digits, layers = dataset.sample(), layers_of(config)
    parts = DataSetInfo(digits.name, digits.fingerprint, 3600, 400, 1000)
    run = store.add("ada", "engine", config, None, parameter_count(layers), parts)
    store.start(run.id)
    store.report(run.id, ExecutionSettings())
    store.report(run.id, Untrained(2.3, 0.1))
    for n in range(1, config.epochs + 1):
        report = EpochMetrics(n, True, 1 / n, 1 - 0.2 / n, 0.9 / n, 0.9, 0.7 / n, 0.9, 1.0, 3600)
        store.report(run.id, report)
    for epoch in (0, config.epochs):
        weights = {
            layer.name: (
                RNG.normal(0, 0.1, layer.kernel_shape).astype(np.float32),
                np.zeros(layer.output[-1], np.float32),
            )
            for layer in layers
            if layer.kernel_shape
        }
        store.keep(run.id, f"weights-{epoch:03d}.npz", Network(layers, weights).to_bytes())
    guesses = np.where(RNG.random(1000) < 0.8, digits.y_test, RNG.integers(0, 10, 1000))
    store.keep(run.id, "probabilities.npy", npy((0.05 + 0.5 * np.eye(10)[guesses]).astype("f4")))
    outcome = Outcome("finished", config.epochs, config.epochs, False, 10.0, 1000.0)
    store.end(run.id, Status.FINISHED, run.reason, outcome)
    return store.run(run.id)


@pytest.fixture(params=["cnn-keras", "mlp-512"])
def run(request: pytest.FixtureRequest, lab_home: Path) -> tuple[Store, Run]:
    store = Store(lab_home)
    return store, trained(store, PRESETS[request.param])


@pytest.fixture
def offline(browser: Browser) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    return context.new_page()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_opens_and_prints_without_a_network(
    run: tuple[Store, Run], offline: Page, tmp_path: Path, language: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_of(gather(*run), Translator(language)), encoding="utf-8")
    asked: list[str] = []
    complaints: list[str] = []
    offline.on("request", lambda request: asked.append(request.url))
    offline.on("console", lambda line: complaints.append(line.text))
    offline.on("pageerror", lambda error: complaints.append(str(error)))

    offline.goto(file.as_uri())

    assert [url for url in asked if not url.startswith("data:image/png")] == [file.as_uri()]
    assert offline.evaluate(_OPENED) == offline.locator("img").count() > 20
    assert offline.locator("html").get_attribute("lang") == language
    assert complaints == []

    for width in (1280, 390):
        offline.set_viewport_size({"width": width, "height": 900})
        needed, there = offline.evaluate(_WIDTHS)
        assert needed <= there

    pages = re.findall(rb"/Type\s*/Page\b", offline.pdf(prefer_css_page_size=True))
    assert len(pages) == 3
    offline.context.close()
