"""The Runs page, run as a server runs it, on a store with runs in it."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from digitlab.config import RunConfig
from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics
from digitlab.store import Digits, Run, Status, Store
from digitlab.ui import lab

ROOT = Path(__file__).parents[2]
ME = "m" * 22
DIGITS = Digits("sample", "f" * 64, 3200, 800, 1000)


@pytest.fixture
def app(home: Path) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60)
    app.query_params["me"] = ME
    lab.shelf().delete_everything(ME)
    return app


def add(config: RunConfig, preset: str | None, epochs: int) -> Run:
    store: Store = lab.store()
    run = store.add(ME, "engine", config, preset, 101_770, DIGITS)
    store.start(run.id)
    for number in range(1, epochs + 1):
        report = EpochMetrics(number, True, 0.5, 0.8, 0.4, 0.9, 0.3, 0.9123, 1.5, 3200)
        store.report(run.id, report)
    store.end(run.id, Status.FINISHED, run.reason)
    return store.run(run.id)


def open_runs(app: AppTest) -> AppTest:
    app.switch_page("pages/runs.py")
    app.run()
    assert not app.exception
    return app


def told(app: AppTest) -> str:
    return " ".join(element.value for group in (app.markdown, app.caption, app.info, app.warning)
                    for element in group)  # fmt: skip


def test_without_runs_the_page_says_where_to_begin(app: AppTest) -> None:
    assert "There are no runs yet" in told(open_runs(app))


def test_each_run_has_a_row_with_its_lesson_changes_and_figures(app: AppTest) -> None:
    add(PRESETS["mlp-128"], "mlp-128", 2)
    add(RunConfig(epochs=3, dropout=0.5), None, 3)

    table = open_runs(app).dataframe[0].value

    changed = "mlp-128: Dropout after dense layers = 0.5, Epochs = 3"
    assert list(table["Settings"]) == [changed, "mlp-128"]
    assert list(table["Epochs"]) == [3, 2]
    assert list(table["Test accuracy"]) == pytest.approx([91.23, 91.23])
    assert list(table["Status"]) == ["finished", "finished"]


def test_a_name_is_shown_as_text_and_pinned_runs_come_first(app: AppTest) -> None:
    first = add(PRESETS["mlp-128"], "mlp-128", 1)
    add(PRESETS["mlp-64"], "mlp-64", 1)
    lab.shelf().rename(ME, first.id, "<script>alert(1)</script> 🖊")
    lab.shelf().pin(ME, [first.id], True)

    table = open_runs(app).dataframe[0].value

    assert list(table["Run"]) == ["<script>alert(1)</script> 🖊", "mlp-64"]


def test_the_filter_looks_at_names_lessons_and_settings(app: AppTest) -> None:
    named = add(PRESETS["mlp-128"], "mlp-128", 1)
    add(RunConfig(dropout=0.5), None, 1)
    lab.shelf().rename(ME, named.id, "Erster Versuch")
    open_runs(app)

    for words, count in (("erster", 1), ("dropout 0.5", 1), ("mlp-128", 2), ("nothing", 0)):
        app.text_input(key="runs-find").set_value(words).run()
        assert f"{count} of 2 runs" in told(app)


def test_two_hundred_runs_are_listed(app: AppTest) -> None:
    for _ in range(200):
        lab.store().add(ME, "engine", PRESETS["mlp-128"], "mlp-128", 101_770, DIGITS)

    assert len(open_runs(app).dataframe[0].value) == 200
