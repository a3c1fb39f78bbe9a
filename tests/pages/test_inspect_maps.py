"""Feature maps and By hand, as Streamlit runs them, without a browser."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

import numpy as np
import pytest
from inspecting import kept_run, network_of
from screen import opened_lab
from streamlit.testing.v1 import AppTest

from digitlab import dataset, labels, models
from digitlab.config import RunConfig
from digitlab.inspection import by_hand
from digitlab.layers import layers_of
from digitlab.messages import Translator
from digitlab.store.run_files import npy
from digitlab.ui import lab

EN = Translator("en")
MLP = RunConfig(hidden_layers=2, units1=20, units2=7, activation="tanh")
WIDE = RunConfig(
    network="cnn", blocks=2, filters1=130, kernel1=7, filters2=3, kernel2=5, pool2=False, dense=5
)


def _page() -> None:
    """One of the two views, with a network of the visitor's choice."""
    import streamlit as st

    from digitlab.messages import Translator
    from digitlab.ui import selected_model, shell
    from digitlab.ui.inspect import by_hand_view, maps_view
    from digitlab.ui.shell import Visit

    visit = Visit(Translator("en"), st.query_params["me"])
    view = st.segmented_control("view", ["maps", "hand", "none"], default="maps", key="which")
    shown = {"maps": maps_view.show, "hand": by_hand_view.show}.get(str(view))
    with shell.sentences(visit.t):
        model = selected_model.choose(visit)
        if shown:
            shown(model, visit)


@pytest.fixture
def app(home: Path) -> AppTest:
    at = AppTest.from_function(_page, default_timeout=120)
    at.query_params["me"] = secrets.token_urlsafe(16)
    return at


def opened(app: AppTest, view: str = "maps", run: str | None = None) -> AppTest:
    if run:
        app.query_params["run"] = run
    app.session_state["which"] = view
    return sound(app.run())


def sound(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    assert not app.warning
    return app


def said(app: AppTest) -> str:
    groups = (app.markdown, app.caption, app.info)
    told = [element.value for group in groups for element in group]
    return "\n".join(told + [element.proto.body for element in app.get("html")])


def stored_run(home: Path, me: str, config: RunConfig, *, scale: float = 1) -> str:
    """A run whose network has random weights, with all that the end of a run leaves."""
    network = network_of(config, 1, bias=0.5)
    for kernel, _ in network.weights.values():  # so that layers of any width are alike
        kernel *= 5 * scale * np.sqrt(2 / np.prod(kernel.shape[:-1]))
    probabilities = np.random.default_rng(0).dirichlet(np.ones(10), 1000).astype(np.float32)
    files = {"probabilities.npy": npy(probabilities)}
    return kept_run(home, me, config, {1: network}, started=False, files=files).id


def test_a_sample_is_chosen_by_its_number_and_stays_chosen_in_the_other_view(
    app: AppTest,
) -> None:
    opened(app)
    app.number_input(key="picture-number").set_value(17).run()
    label = dataset.sample().y_test[17]
    assert f"Test sample 17: {label} →" in said(app)

    for view in ("none", "hand"):
        app.segmented_control(key="which").set_value(view).run()
    sound(app)

    assert app.number_input(key="picture-number").value == 17


def test_the_misread_are_stepped_through(app: AppTest) -> None:
    opened(app)
    app.segmented_control(key="picture-source").set_value("misread").run()
    first = re.search(r"Test sample \d+: (\d) → (\d)", said(app))
    assert first is not None
    assert first[1] != first[2]
    assert app.button(key="picture-misread--1").disabled

    app.button(key="picture-misread-1").click().run()
    second = re.search(r"Test sample \d+: (\d) → (\d)", sound(app) and said(app))
    assert second is not None
    assert second[0] != first[0]
    assert app.number_input(key="picture-misread").value == 2

    app.button(key="picture-misread--1").click().run()
    assert first[0] in said(app)


def test_my_last_drawing_is_looked_into_once_there_is_one(home: Path) -> None:
    app = opened_lab("somebody-who-draws-now").run()
    app.query_params["view"] = "maps"
    app.session_state["picture-source"] = "mine"
    app.switch_page("pages/inspect.py").run()
    assert "You have not drawn a digit yet" in said(sound(app))
    assert any(link.proto.page == "draw" for link in app.get("page_link")[4:])
    assert not app.get("plotly_chart")

    app.session_state["last-drawing"] = np.eye(28, dtype=np.uint8) * np.uint8(255)
    app.run()

    assert "My last drawing" in said(sound(app))
    assert app.get("plotly_chart")


def test_a_smaller_test_set_takes_the_last_sample(app: AppTest) -> None:
    app.session_state["picture-number"] = 9_999
    opened(app)
    assert app.number_input(key="picture-number").value == 999


def test_every_layer_of_the_bundled_network_is_there_in_words_too(app: AppTest) -> None:
    opened(app)
    layers = [layer for layer in models.bundled().layers if layer.kind in ("conv", "pool")]
    for layer in layers:
        assert f"{labels.layer(layer, EN)}: {layer.output[2]} maps" in said(app)
    assert "Dense layer 1: 256 units" in said(app)
    assert "The network reads a" in said(app)
    # Each layer with maps has its mosaic and one map enlarged, each dense one its picture.
    assert len(app.get("plotly_chart")) == 2 * len(layers) + 2


def test_a_map_is_picked_without_a_click(app: AppTest) -> None:
    opened(app)
    app.selectbox(key="maps-conv1-open").set_value(7).run()
    assert "Map 7 of Convolution 1: from" in said(sound(app))


def test_the_neurons_of_an_mlp(app: AppTest, home: Path) -> None:
    run = stored_run(home, app.query_params["me"], MLP)
    opened(app, run=run)
    assert "Dense layer 1: 20 units, 0 of them 0." in said(app)
    app.selectbox(key="maps-dense2-open").set_value(6).run()
    assert "Dense layer 2, unit 6" in said(sound(app))


def test_many_maps_come_in_parts(app: AppTest, home: Path) -> None:
    run = stored_run(home, app.query_params["me"], WIDE)
    opened(app, run=run)
    parts = app.selectbox(key="maps-conv1-first")
    assert parts.options == ["0 to 63", "64 to 127", "128 to 129"]
    parts.set_value(128).run()
    assert "Convolution 1: 130 maps" in said(sound(app))

    app.session_state["model"] = models.BUNDLED_NAME  # with fewer maps
    app.query_params["model"] = models.BUNDLED_NAME
    sound(app.run())


def test_a_button_leads_to_the_sum(app: AppTest) -> None:
    opened(app)
    app.selectbox(key="maps-conv2-open").set_value(5).run()
    app.button(key="maps-conv2-hand").click().run()
    sound(app)
    assert app.query_params["view"] == "hand"

    app.segmented_control(key="which").set_value("hand").run()

    assert app.selectbox(key="hand-layer").value == "conv2"
    assert app.number_input(key="hand-unit").value == 5


def test_a_run_that_was_deleted_gets_a_sentence(app: AppTest, home: Path) -> None:
    run = stored_run(home, app.query_params["me"], MLP)
    opened(app, run=run)
    lab.store().delete(run)
    app.run()
    assert not app.exception
    assert app.warning or app.error


def numbers_in(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


def check_line(app: AppTest) -> None:
    """The sum and the bias make z, and the activation of z is what the network computed."""
    line = next(m.value for m in app.markdown if m.value.startswith("Sum of products"))
    total, bias, z = numbers_in(line)
    assert total + bias == pytest.approx(z, abs=2e-4)
    result = next(m.value for m in app.markdown if m.value.startswith("####"))
    computed = next(c.value for c in app.caption if c.value.startswith("The network computed"))
    assert numbers_in(result)[-1] == pytest.approx(numbers_in(computed)[0], abs=2e-4)


@pytest.mark.parametrize("config", [MLP, WIDE, None], ids=["mlp", "wide", "bundled"])
def test_any_output_of_any_layer_is_worked_out(
    app: AppTest, home: Path, config: RunConfig | None
) -> None:
    run = stored_run(home, app.query_params["me"], config) if config else None
    opened(app, "hand", run)
    layers = layers_of(config) if config else models.bundled().layers
    layers = tuple(layer for layer in layers if layer.kind in by_hand.BY_HAND)
    names = [labels.layer(layer, EN) for layer in layers]
    assert app.selectbox(key="hand-layer").options == names
    for layer in layers:
        app.selectbox(key="hand-layer").set_value(layer.name).run()
        sound(app)
        if layer.kind == "pool":
            assert "The largest of the four is" in said(app)
        else:
            check_line(app)


def test_the_products_on_the_page_add_up(app: AppTest) -> None:
    opened(app, "hand")
    for key, value in (("hand-unit", 3), ("hand-row", 12), ("hand-column", 15)):
        app.number_input(key=key).set_value(value).run()
    check_line(app)
    window, kernel, products = np.array(table_of(app)).reshape(3, -1)
    np.testing.assert_allclose(window * kernel, products, atol=5e-4)
    line = next(m.value for m in app.markdown if m.value.startswith("Sum of products"))
    assert products.sum() == pytest.approx(numbers_in(line)[0], abs=1e-3)
    assert "rows 12 to 14, columns 15 to 17" in said(app)


def table_of(app: AppTest) -> list[float]:
    page = next(h.proto.body for h in app.get("html") if "<table" in h.proto.body)
    return [float(cell.replace("−", "-")) for cell in re.findall(r">([−\d.]+)</td>", page)]


def test_the_subtotals_of_a_deeper_layer_are_in_a_table(app: AppTest, home: Path) -> None:
    opened(app, "hand", stored_run(home, app.query_params["me"], WIDE))
    app.selectbox(key="hand-layer").set_value("conv2").run()
    table = app.dataframe[0].value
    parts = [float(text.replace("−", "-")) for text in table["Sum of its products"]]
    assert len(parts) == 130
    line = next(m.value for m in app.markdown if m.value.startswith("Sum of products"))
    assert sum(parts) == pytest.approx(numbers_in(line)[0], abs=0.01)

    app.number_input(key="hand-input").set_value(129).run()

    assert "of input map 129," in said(sound(app))
    assert sum(table_of(app)[-25:]) == pytest.approx(parts[129], abs=2e-3)


def test_softmax_is_said_to_need_all_ten(app: AppTest) -> None:
    opened(app, "hand")
    app.selectbox(key="hand-layer").set_value("dense2").run()
    assert "Softmax needs the sums of all ten units" in said(app)
    table = app.dataframe[1].value
    assert sum(float(share) for share in table["Probability"]) == pytest.approx(1, abs=1e-5)


def test_a_smaller_layer_takes_the_place_nearest(app: AppTest) -> None:
    app.session_state["hand-layer"] = "pool1"
    app.session_state["hand-row"] = app.session_state["hand-column"] = 25
    opened(app, "hand")
    assert app.number_input(key="hand-row").value == 11


def test_weights_beyond_all_bounds_get_a_sentence_or_numbers(app: AppTest, home: Path) -> None:
    run = stored_run(home, app.query_params["me"], MLP, scale=1e30)
    opened(app, "hand", run)
    for name in ("dense1", "dense2", "dense3"):
        app.selectbox(key="hand-layer").set_value(name).run()
        sound(app)
