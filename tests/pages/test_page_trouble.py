"""What pages say when the disk or the database stands in the way, and that they go on later."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from make_run import add_run
from screen import opened_lab
from streamlit.testing.v1 import AppTest
from trouble import damage, locked

from digitlab.config import RunConfig
from digitlab.jobs.engine import Engine
from digitlab.messages import Translator, message
from digitlab.store import Run, Status, StorageBusyError, Store, database
from digitlab.sweeps import Sweeps
from digitlab.ui import lab, shell

ME = "m" * 22
PAGES = [path for path, _, _ in shell.PAGES.values()]


@pytest.fixture
def fresh(lab_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server that has just started, with a lab folder of its own."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    started: list[Engine] = []
    begin = Engine.__init__

    def noted(self: Engine, store: Store) -> None:
        begin(self, store)
        started.append(self)

    monkeypatch.setattr(Engine, "__init__", noted)
    st.cache_resource.clear()
    yield lab_home
    for engine in started:
        if engine._thread.is_alive():
            engine.close()
    st.cache_resource.clear()


def opened(page: str, language: str = "en") -> AppTest:
    app = opened_lab(ME, language)
    return app.run() if page == "streamlit_app.py" else app.switch_page(page).run()


def add(config: RunConfig | None = None) -> Run:
    return add_run(lab.store(), config, owner=ME, status=Status.FINISHED)


def add_unreadable() -> Run:
    run = add(RunConfig(epochs=3))
    with lab.store().database.change() as change:
        change.execute("UPDATE runs SET config = '{' WHERE id = ?", (run.id,))
    return run


def tick(app: AppTest, *rows: int) -> AppTest:
    key = app.dataframe[0].proto.id.split("-", 2)[2]
    app.session_state[key] = {"selection": {"rows": list(rows)}}
    return app.run()


def errors(app: AppTest) -> list[str]:
    assert not app.exception
    return [error.value for error in app.error]


CANNOT_BE_READ = "The lab's database cannot be read. Please tell whoever runs this lab."


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("page", PAGES)
def test_a_damaged_database_is_one_sentence_on_every_page_and_mended_without_a_restart(
    fresh: Path, page: str, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = Store(fresh).database.path
    whole = path.read_bytes()
    content = damage(path)

    app = opened(page, language)

    assert errors(app) == [Translator(language)(CANNOT_BE_READ)]
    assert str(fresh) not in str(app)
    assert path.read_bytes() == content
    told = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert str(path) in " ".join(told)

    path.write_bytes(whole)
    assert errors(app.run()) == []


@pytest.mark.parametrize("page", ["streamlit_app.py", "pages/runs.py", "pages/inspect.py"])
def test_a_database_damaged_while_the_server_runs_is_one_sentence(fresh: Path, page: str) -> None:
    app = opened(page)
    assert errors(app) == []
    path = lab.store().database.path
    whole = path.read_bytes()
    damage(path)
    assert set(errors(app.run())) == {CANNOT_BE_READ}
    path.write_bytes(whole)
    assert errors(app.run()) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_folder_that_cannot_be_written_is_told_without_its_name(fresh: Path, page: str) -> None:
    fresh.write_text("a file where the folder should be")
    (said,) = errors(opened(page))
    assert "disk is full or cannot be written" in said
    assert str(fresh) not in said


def test_a_start_while_the_database_is_locked_leaves_no_engine_behind(fresh: Path) -> None:
    Store(fresh)
    Sweeps(Store(fresh))
    with locked(fresh / "lab.sqlite3"):
        for _ in range(2):
            (said,) = errors(opened("pages/runs.py"))
            assert "busy" in said
    assert errors(opened("pages/runs.py")) == []
    assert len(lab.store().engines()) == 1


def test_an_engine_that_cannot_pick_up_its_sweeps_is_ended_and_tried_again(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def busy(self: Sweeps, trainer: Engine) -> int:
        threads.append(trainer._thread)
        raise StorageBusyError(message("The database is busy."))

    with monkeypatch.context() as patch:
        patch.setattr(Sweeps, "pick_up", busy)
        (said,) = errors(opened("pages/runs.py"))
    assert "busy" in said
    assert not threads[0].is_alive()
    assert errors(opened("pages/runs.py")) == []
    assert lab.engine()._thread.is_alive()


@pytest.mark.parametrize("button", ["runs-pin", "runs-delete"])
def test_a_click_that_could_not_be_saved_says_so_and_can_be_tried_again(
    fresh: Path, button: str
) -> None:
    app = opened("pages/runs.py")
    run = add()
    app.run()
    tick(app, 0)
    with locked(fresh / "lab.sqlite3"):
        app.button(key=button).click().run()
        assert errors(app) == []
        (toast,) = app.toast
        assert "may not be saved" in toast.value
        assert "try again" in toast.value
        assert [summary.run.id for summary in lab.library().summaries(ME)] == [run.id]

    app.button(key=button).click().run()

    assert not app.toast
    assert [summary.pinned for summary in lab.library().summaries(ME)] == (
        [True] if button == "runs-pin" else []
    )


def test_a_start_that_could_not_be_saved_says_so(fresh: Path) -> None:
    app = opened("pages/train.py")
    start = next(button for button in app.button if button.label == "Start training")
    with locked(fresh / "lab.sqlite3"):
        start.click().run()
    assert any("may not be saved" in said for said in errors(app))
    assert lab.store().runs_of(ME) == []


def test_what_goes_wrong_unforeseen_is_logged_and_nothing_is_said_to_be_safe(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = opened("pages/runs.py")

    def broken(self: object, owner: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("digitlab.store.library.Library.trains", broken)
    (said,) = errors(app.run())
    assert "Something went wrong" in said
    assert "safe" not in said
    assert any(record.exc_info for record in caplog.records)


def test_a_run_that_cannot_be_read_is_counted_and_can_be_deleted(fresh: Path) -> None:
    app = opened("pages/runs.py")
    good, _ = add(), add_unreadable()

    app.run()

    assert any("cannot be read: 1" in warning.value for warning in app.warning)
    assert len(app.dataframe[0].value) == 1
    app.button(key="runs-delete-unreadable").click().run()
    assert not any("cannot be read" in warning.value for warning in app.warning)
    assert [summary.run.id for summary in lab.library().summaries(ME)] == [good.id]
    app.button(key="runs-undo").click().run()
    assert any("cannot be read: 1" in warning.value for warning in app.warning)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_beside_a_run_that_cannot_be_read(fresh: Path, page: str) -> None:
    app = opened(page)
    bad = add_unreadable()
    assert errors(app.run()) == []
    app.query_params["run"] = bad.id
    app.run()
    assert not app.exception
    if page in ("pages/draw.py", "pages/inspect.py"):
        assert "This run cannot be read" in " ".join(said.value for said in app.warning)
