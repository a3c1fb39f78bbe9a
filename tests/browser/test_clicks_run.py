"""Clicks on what is shown of a run: kernels, neurons, sheets; and a run that still trains."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from clicking import click_mark
from playwright.sync_api import Locator, Page, expect

from digitlab import dataset, models
from digitlab.layers import layers_of, parameter_count
from digitlab.network import Network
from digitlab.presets import PRESETS
from digitlab.store import DataSetInfo, Status, Store
from tools.bench.inspect import store_run

pytestmark = pytest.mark.browser
TIMEOUT = 90_000  # milliseconds; two busy cores load Plotly slowly
expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="module")
def store(lab: tuple[str, Path]) -> Store:
    """What the server looks into."""
    return Store(lab[1])


@pytest.fixture(scope="module")
def cnn(store: Store) -> str:
    return store_run(store.folder, dataset.sample())


@pytest.fixture(scope="module")
def mlp(store: Store) -> str:
    config, digits, rng = PRESETS["mlp-64"], dataset.sample(), np.random.default_rng(1)
    layers = layers_of(config)
    weights = {
        layer.name: (
            rng.normal(0, 0.1, layer.kernel_shape).astype(np.float32),
            np.zeros(layer.kernel_shape[-1], np.float32),
        )
        for layer in layers
        if layer.parameters
    }
    network = Network(layers, weights, {"epoch": 1})
    parts = DataSetInfo(digits.name, digits.fingerprint, 3200, 800, len(digits.y_test))
    run = store.add("somebody", "none", config, "mlp-64", parameter_count(layers), parts)
    store.start(run.id)
    store.keep(run.id, "weights-001.npz", network.to_bytes())
    store.end(run.id, Status.FINISHED, run.reason)
    return run.id


@pytest.fixture
def look(page: Page, server: str) -> Callable[[str, str], Page]:
    def opened(run: str, view: str) -> Page:
        page.goto(f"{server}/inspect?run={run}&view={view}&lang=en")
        expect(page.locator(".js-plotly-plot").first).to_be_visible()
        return page

    return opened


Look = Callable[[str, str], Page]


def chart(page: Page, title: str) -> Locator:
    return page.locator(".js-plotly-plot").filter(has=page.locator(".gtitle", has_text=title))


def sound(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def test_a_kernel_of_a_deeper_layer(look: Look, cnn: str) -> None:
    page = look(cnn, "filters")
    page.get_by_test_id("stMain").get_by_text("Convolution 2").click()
    click_mark(chart(page, "The kernels of filter 0"), 5)
    expect(chart(page, "Kernel for input channel 5")).to_be_visible()
    expect(page.get_by_role("heading", name="Filter 0", exact=True)).to_be_visible()
    sound(page)


def test_a_neuron_among_the_maps(look: Look, cnn: str) -> None:
    page = look(cnn, "maps")
    click_mark(chart(page, "Dense layer 1: 128 units"), 17)
    expect(page.get_by_text("Dense layer 1, unit 17:")).to_be_visible()
    sound(page)


def test_the_lessons_sheet(look: Look, cnn: str) -> None:
    page = look(cnn, "misread")
    page.get_by_test_id("stMain").get_by_text("5x10 sheet").click()
    expect(page.get_by_text("A column for each digit")).to_be_visible()
    click_mark(page.locator(".js-plotly-plot").first, 0)
    expect(page.get_by_text(re.compile(r"Test sample \d+ is a \d, read as \d"))).to_be_visible()
    sound(page)


def test_what_a_second_network_mends_and_breaks(look: Look, cnn: str) -> None:
    page = look(cnn, "runs")
    for title in ("Mended", "Broken"):
        if (sheet := chart(page, title)).count():
            click_mark(sheet, 0)
            expect(
                page.get_by_text(re.compile(r"Test sample \d+ is a \d\. The first"))
            ).to_be_visible()
            break
    else:
        pytest.fail("the two bundled networks differ nowhere")
    expect(chart(page, "Probability of each digit")).to_be_visible()
    sound(page)


def test_what_was_learned(look: Look, cnn: str) -> None:
    page = look(cnn, "journey")
    click_mark(chart(page, "Learned since"), 2)
    expect(page.get_by_text("It was read as: untrained:")).to_be_visible()
    expect(chart(page, "Probability of each digit")).to_be_visible()
    sound(page)


def test_a_neuron_of_an_mlp(look: Look, mlp: str) -> None:
    page = look(mlp, "filters")
    click_mark(chart(page, "Units"), 9)
    expect(page.get_by_role("heading", name="Unit 9", exact=True)).to_be_visible()
    sound(page)


def test_a_neuron_by_hand(look: Look, mlp: str) -> None:
    page = look(mlp, "hand")
    click_mark(chart(page, "Dense layer 1: 64 units"), 30)
    expect(page.get_by_text("Output: unit 30 is")).to_be_visible()
    sound(page)


def test_a_run_that_still_trains_offers_what_it_has_kept_since(
    look: Look, store: Store, cnn: str
) -> None:
    """``cnn`` so that the server has looked for what a dead one left, before this run begins."""
    look(cnn, "digits")
    network, digits = models.mnist_only(), dataset.sample()
    parts = DataSetInfo(digits.name, digits.fingerprint, 3200, 800, len(digits.y_test))
    run = store.add("somebody", "none", PRESETS["cnn-keras"], "cnn-keras", 1, parts)
    store.start(run.id)

    def keep(epoch: int) -> None:
        after = Network(network.layers, network.weights, {"epoch": epoch})
        store.keep(run.id, f"weights-{epoch:03d}.npz", after.to_bytes())

    keep(1)
    page = look(run.id, "filters")
    expect(page.get_by_text("Here are its weights after epoch 1.")).to_be_visible()
    keep(2)
    page.get_by_role("button", name="Show epoch 2").click()
    expect(page.get_by_text("Here are its weights after epoch 2.")).to_be_visible()
    store.end(run.id, Status.STOPPED, run.reason)
    expect(page.get_by_text("It still trains.")).to_have_count(0)
    sound(page)
