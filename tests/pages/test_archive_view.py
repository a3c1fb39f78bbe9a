"""The zip, the downloads of a run and the way out, run as a server runs them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from make_run import add_run, make_epoch
from streamlit.testing.v1 import AppTest

from digitlab import archive
from digitlab.config import RunConfig
from digitlab.layers import layers_of
from digitlab.network import Network, Prediction
from digitlab.store import DataSetInfo, Run, Status
from digitlab.ui import lab
from digitlab.ui.runs import downloads

ME, YOU = "m" * 22, "y" * 22
DIGITS = DataSetInfo("sample", "f" * 64, 3200, 800, 1000)
CONFIG = RunConfig(units1=8, epochs=2)


def script(person: str, view: str, run: str) -> None:
    from digitlab.messages import Translator
    from digitlab.ui import lab, shell
    from digitlab.ui.runs import archive_view, downloads, leave

    visit = shell.Visit(Translator("en"), person)
    if view == "downloads":
        downloads.show(lab.store().run(run), visit.t)
    else:
        {"archive": archive_view, "leave": leave}[view].show(visit)


def app(view: str, person: str = ME, run: str = "") -> AppTest:
    made = AppTest.from_function(script, args=(person, view, run), default_timeout=60)
    return checked(made.run())


def checked(app: AppTest) -> AppTest:
    assert not app.exception
    return app


@pytest.fixture(autouse=True)
def _empty(home: Path) -> None:
    for person in (ME, YOU):
        lab.library().delete_everything(person)
        lab.drawings().delete(person, [one.id for one in lab.drawings().of(person)])


def add(*, weights: bool = True) -> Run:
    layers = layers_of(CONFIG)
    arrays = {
        layer.name: (
            np.ones(layer.kernel_shape, np.float32),
            np.zeros(layer.kernel_shape[-1:], np.float32),
        )
        for layer in layers
        if layer.kernel_shape
    }
    network = Network(layers, arrays).to_bytes()
    return add_run(
        lab.store(),
        CONFIG,
        owner=ME,
        parameters=1,
        digits=DIGITS,
        epochs=[make_epoch(1)],
        files={f"weights-{epoch:03d}.npz": network for epoch in (0, 1)} if weights else None,
        status=Status.STOPPED,
    )


def keep_drawing() -> None:
    seen = Prediction(np.eye(10, dtype=np.float32)[7])
    lab.drawings().keep(ME, 7, np.zeros((28, 28), np.uint8), seen, "reference")


def packed() -> bytes:
    target = io.BytesIO()
    archive.pack(lab.library(), lab.drawings(), lab.sweeps(), ME, target, lambda part: None)
    return target.getvalue()


def told(app: AppTest) -> str:
    return " ".join(
        element.value
        for group in (app.markdown, app.caption, app.info, app.warning, app.success, app.error)
        for element in group
    )


def load(page: AppTest, name: str, data: bytes) -> AppTest:
    page.file_uploader[0].set_value((name, data, "application/zip"))
    return checked(page.run())


def test_nothing_is_packed_before_it_is_asked_for() -> None:
    add()
    page = app("archive")
    assert len(page.download_button) == 0
    assert "forgets its disk" in told(page)


def test_everything_is_packed_and_the_page_says_what_is_in_it() -> None:
    add()
    add(weights=False)
    keep_drawing()
    page = app("archive")

    page.button(key="archive-pack").click().run()

    (save,) = page.download_button
    assert save.label.startswith("Save the zip (0.")
    assert "In it: 2 runs, 1 drawing;" in told(page)
    assert not page.warning
    made = page.session_state["archive-packed"].path
    assert made.stat().st_size > 2_000
    page.run()
    assert page.session_state["archive-packed"].path == made  # not packed again


def test_a_zip_is_loaded_once_and_another_time_passed_over() -> None:
    add()
    keep_drawing()
    data = packed()
    page = load(app("archive", YOU), "mine.zip", data)

    assert "Loaded: 1 run, 1 drawing." in told(page)
    assert len(lab.store().runs_of(YOU)) == 1
    page.run()
    assert len(lab.store().runs_of(YOU)) == 1
    load(page, "mine.zip", data)
    assert "you have already, and that stay as they are: 1" in told(page)
    assert len(lab.store().runs_of(YOU)) == 1


def test_what_is_no_zip_gets_a_sentence() -> None:
    page = load(app("archive"), "x.zip", b"no zip")
    assert [error.value for error in page.error] == [
        "This is not a zip of Digit Lab, or it is not whole. Load it as it was saved."
    ]


def test_what_is_refused_is_quoted_as_text() -> None:
    run = add()
    lab.library().rename(ME, run.id, "**bold** [x](http://y) $z$")
    lab.store().keep(run.id, "weights-000.npz", b"broken")

    page = load(app("archive", YOU), "mine.zip", packed())

    (warning,) = page.warning
    assert r"\*\*bold\*\* \[x\](http\://y) \$z\$" in warning.value
    assert "because of weights-000.npz" in warning.value
    assert "Loaded: nothing" in told(page)


def test_the_downloads_of_a_run_with_weights_and_without() -> None:
    run, bare = add(), add(weights=False)
    labels = [button.label for button in app("downloads", run=run.id).download_button]
    assert labels == [
        "Model for Keras (keras)",
        "Weights (npz)",
        "Metrics of the epochs (csv)",
        "Metrics of the batches (csv)",
        "Configuration (json)",
    ]
    page = app("downloads", run=bare.id)
    assert len(page.download_button) == 3
    assert "no weights here" in told(page)


def test_what_the_downloads_hold() -> None:
    run = add()
    files = {ending: content() for ending, content in downloads.contents(run).items()}
    assert Network.load(files[".npz"]).parameters == 784 * 8 + 8 + 8 * 10 + 10
    assert RunConfig(**json.loads(files[".json"])) == CONFIG
    assert files["-epochs.csv"].count(b"\n") == 2
    assert files["-batches.csv"].count(b"\n") == 1
    assert files[".keras"][:2] == b"PK"


def test_nothing_is_deleted_before_the_second_question_is_answered() -> None:
    add()
    page = app("leave")
    page.button(key="leave-ask").click().run()
    assert "those in the bin included (1), kept drawings (0)" in told(page)
    assert len(lab.store().runs_of(ME)) == 1

    page.button(key="leave-no").click().run()
    assert not page.warning
    assert len(lab.store().runs_of(ME)) == 1


def test_everything_of_mine_is_deleted_and_nothing_of_others() -> None:
    add()
    keep_drawing()
    archive.unpack(
        io.BytesIO(packed()), lab.library(), lab.drawings(), lab.sweeps(), YOU, lambda part: None
    )
    lab.library().delete(ME, [add().id])
    page = app("leave")
    page.session_state["last-drawing"] = "drawn"
    page.button(key="leave-ask").click().run()
    assert "those in the bin included (2), kept drawings (1)" in told(page)

    checked(page.button(key="leave-yes").click().run())

    assert "Deleted for good: 2 runs, 1 drawing." in told(page)
    assert lab.store().runs_of(ME) == []
    assert lab.drawings().of(ME) == []
    assert len(lab.store().runs_of(YOU)) == len(lab.drawings().of(YOU)) == 1
    assert "last-drawing" not in page.session_state
