"""What a live run costs those who watch it, without a browser."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest
from make_run import add_run, make_epoch
from screen import open_page, opened_lab
from streamlit.testing.v1 import AppTest

from digitlab.charts.lines import learning_curves
from digitlab.messages import message
from digitlab.progress import BatchMetrics
from digitlab.store import Run, Status, Store
from digitlab.ui import lab
from digitlab.ui.train import run_panel

OWNER = secrets.token_urlsafe(16)


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home)


def waiting_run(store: Store, engine: str = "somewhere else") -> Run:
    """A run that no engine of this process takes from its queue."""
    return add_run(store, owner=OWNER, engine=engine, started=False)


def running(store: Store) -> Run:
    run = waiting_run(store)
    store.start(run.id)
    reported(store, run, step=10)
    return run


def reported(store: Store, run: Run, step: int) -> None:
    store.report(run.id, BatchMetrics(1, step, 200, 1.0, 0.5, 9000.0))


def watch(run: Run, language: str = "en") -> AppTest:
    """Somebody who opens the Train page for this run."""
    return open_page(opened_lab(secrets.token_urlsafe(16), language), "train", run=run.id)


def curves(app: AppTest) -> list[str]:
    """What the live curves are sent as."""
    found = (element.proto.spec for element in app.get("plotly_chart"))
    return [spec for spec in found if '"training' in spec]


def test_curves_are_made_once_for_all_who_look_and_again_when_something_is_new(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = running(store)
    made: list[Any] = []
    monkeypatch.setattr(
        run_panel,
        "learning_curves",
        lambda *args, **named: made.append(args) or learning_curves(*args, **named),
    )

    first = watch(run)
    second = watch(run)
    first.run()
    assert [args[0] for args in made] == ["loss", "accuracy"]
    assert curves(first) == curves(second)

    reported(store, run, step=20)
    second.run()
    assert len(made) == 4
    assert curves(second) != curves(first)

    store.report(run.id, make_epoch(1))
    first.run()
    assert len(made) == 6


def test_each_language_has_its_own_curves(store: Store) -> None:
    run = running(store)
    assert curves(watch(run, "en"))
    assert not curves(watch(run, "ja"))  # they are named in Japanese


def test_a_panel_ticks_slowly_only_while_other_runs_come_first(store: Store) -> None:
    engine = secrets.token_hex(8)
    ahead, behind = waiting_run(store, engine), waiting_run(store, engine)

    def ticks() -> list[float | None]:
        return [run_panel.tick_of(store.run(run.id)) for run in (ahead, behind)]

    assert lab.store().folder == store.folder
    assert ticks() == [run_panel.TICK_SECONDS, run_panel.WAITING_TICK_SECONDS]

    store.start(ahead.id)
    assert ticks() == [run_panel.TICK_SECONDS, run_panel.WAITING_TICK_SECONDS]

    store.end(ahead.id, Status.STOPPED, message("Stopped before it began."))
    assert ticks() == [None, run_panel.TICK_SECONDS]
