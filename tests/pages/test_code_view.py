"""The code of a run on the screen, as Streamlit runs it, without a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from make_run import add_run, make_epoch
from screen import said
from streamlit.testing.v1 import AppTest

from digitlab import dataset, export
from digitlab.config import RunConfig
from digitlab.messages import Translator
from digitlab.progress import ExecutionSettings, Outcome
from digitlab.store import DataSetInfo, Run, Status, Store
from digitlab.training.continuing import STATE_FILE

CONFIG = RunConfig(units1=8, train_images=100, epochs=1)
LAST = make_epoch(1, test_loss=1.87654, test_accuracy=0.45678, images=80)


def _page() -> None:
    """A small page of its own: the code of the run in the address."""
    import streamlit as st

    from digitlab.messages import Translator
    from digitlab.ui import lab
    from digitlab.ui.train import code_view

    code_view.show(lab.store().run(st.query_params["run"]), Translator(st.query_params["lang"]))


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home)


def made(
    store: Store,
    status: Status = Status.FINISHED,
    fingerprint: str = dataset.SAMPLE_FINGERPRINT,
    **more: Any,
) -> Run:
    """A run as its worker leaves it: trained for an epoch, then ended."""
    return add_run(
        store,
        CONFIG,
        digits=DataSetInfo("sample", fingerprint, 80, 20, 1_000),
        execution=ExecutionSettings("float32", 2, 1),
        epochs=[LAST],
        status=status,
        outcome=Outcome("finished", 1, 1, False, 1.0, 80.0),
        **more,
    )


def shown(run: Run, language: str = "en") -> AppTest:
    app = AppTest.from_function(_page, default_timeout=60)
    app.query_params.update({"run": run.id, "lang": language})
    app.run()
    assert not app.exception
    assert not app.error
    return app


def buttons(app: AppTest) -> list[str]:
    return [button.proto.label for button in app.get("download_button")]


def test_the_script_is_shown_as_it_is_saved(store: Store) -> None:
    run = made(store)
    app = shown(run)
    whole = app.code[0].value
    compile(whole, "run.py", "exec")
    assert "set_intra_op_parallelism_threads(2)" in whole
    assert "# The run reached: loss 1.8765, accuracy 0.4568.\n" in whole
    assert export.images_name(CONFIG, run.digits.fingerprint) in whole
    assert buttons(app) == ["Save the script", "Save the notebook", "Save the images"]


def test_the_notebook_is_shown_cell_by_cell(store: Store) -> None:
    run = made(store)
    parts = export.parts(CONFIG, run.digits.fingerprint, Translator("en"), execution=run.execution)
    assert [cell.value for cell in shown(run).code[1:]] == [part.code for part in parts]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_it_says_how_many_images_belong_to_the_run(store: Store, language: str) -> None:
    app = shown(made(store), language)
    assert "100" in app.caption[0].value
    assert "1,000" in app.caption[0].value


def test_of_a_stopped_run_nothing_is_promised(store: Store) -> None:
    app = shown(made(store, Status.STOPPED))
    assert "ended before its time" in said(app)
    assert "four decimals" not in said(app)
    assert "The run reached" not in app.code[0].value


def test_a_run_that_went_on_comes_with_the_start_that_its_code_loads(store: Store) -> None:
    first = made(store, files={"weights-001.npz": b"weights", STATE_FILE: b"state"})
    run = made(store, origin=first.id)
    app = shown(run)
    assert "goes on as the run did" in said(app)
    assert "four decimals" in said(app)
    assert "the optimizer's internal state." in said(app)
    assert "Save the start" in buttons(app)
    assert f'np.load(FOLDER / "{export.start_name(run.id)}")' in app.code[0].value
    assert "The run reached: loss 1.8765" in app.code[0].value


def test_without_the_optimizer_s_state_it_says_that_the_figures_differ(store: Store) -> None:
    app = shown(made(store, origin="0" * 16, files={"weights-000.npz": b"weights"}))
    assert "the figures differ from the run's" in said(app)
    assert "Save the start" in buttons(app)
    assert "The run reached" not in app.code[0].value


def test_without_the_weights_of_the_beginning_nothing_is_promised(store: Store) -> None:
    app = shown(made(store, origin=made(store).id))
    assert "went on from another run, whose weights are not here any more" in said(app)
    assert "Save the start" not in buttons(app)
    assert "The run reached" not in app.code[0].value


def test_without_its_images_the_code_is_still_there(store: Store) -> None:
    app = shown(made(store, fingerprint="0" * 64))
    assert "are not here any more" in said(app)
    assert buttons(app) == ["Save the script", "Save the notebook"]
    assert "images-00000000-100.npz" in app.code[0].value
