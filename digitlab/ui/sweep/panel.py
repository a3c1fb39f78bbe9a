"""One sweep on the screen: its progress while it runs, and its results as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from digitlab import dataset, labels
from digitlab.messages import LabError, Message, Translator, mark
from digitlab.store import Status
from digitlab.sweeps import Standing, Sweep, Trial, planning
from digitlab.sweeps.measures import Epochs
from digitlab.sweeps.planning import SweepError
from digitlab.training import estimates
from digitlab.ui import lab
from digitlab.ui.session import SessionValue
from digitlab.ui.shell import Visit, plain, sentences
from digitlab.ui.sweep import mine, names, results
from digitlab.ui.timing import timed

_NOT_AGAIN = mark("Runs that are finished are not trained again.")
_REFUSED = SessionValue[Message | None]("sweep-refused", None)  # why nothing came of a press


def show(visit: Visit, sweep_id: str) -> None:
    """The sweep with this id; while it is live it draws itself anew."""
    try:
        sweep = lab.sweeps().sweep(sweep_id)
    except SweepError as error:
        _REFUSED.take()  # this says it all
        st.warning(visit.t(error.on_page))
        return
    live = any(trial.live for trial in lab.sweeps().trials(sweep))
    st.fragment(_panel, run_every=mine.TICK_SECONDS if live else None)(visit, sweep_id, live)


def _panel(visit: Visit, sweep_id: str, was_live: bool) -> None:
    t = visit.t
    with timed("sweep"), sentences(t):
        sweep = lab.sweeps().sweep(sweep_id)  # each time: a fragment keeps its first arguments
        trials, epochs = lab.sweeps().trials(sweep), lab.sweeps().epochs(sweep)
        done, live = sum(trial.done for trial in trials), sum(trial.live for trial in trials)
        if was_live != bool(live):
            st.rerun()  # the whole page, once: the timer starts or ends
        standing = Standing(len(trials), done, live)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"### {names.title(sweep.plan, t)} :blue-badge[{mine.status(standing, t)}]")
            st.space("stretch")
            if sweep.owner == visit.me:
                _buttons(visit, sweep, standing)
        if sweep.owner != visit.me:
            st.caption(t("Somebody else's sweep: you can look, not change it."))
        refused = _REFUSED.take()
        if refused is not None:
            st.error(plain(t(refused)))
        _progress(sweep, trials, standing, epochs, t)
        results.show(sweep, trials, epochs, t)


def _buttons(visit: Visit, sweep: Sweep, standing: Standing) -> None:
    """One for what may be done now, and Remove.

    The first is one and the same button whatever it says, and Remove keeps its place: where one
    takes another's place, it moves as the other goes, and a press at that moment is lost.
    """
    t, live = visit.t, standing.live > 0
    if live or standing.missing:
        pressed = st.button(
            t("Stop all") if live else t("Train what is missing"),
            icon=":material/stop:" if live else ":material/resume:",
            type="secondary" if live else "primary",
            key=f"sweep-next-{sweep.id}",
            disabled=live and sweep.stopped,
            help=None if live else t(_NOT_AGAIN),
        )
        if pressed:
            next_step = lab.sweeps().stop if live else lab.sweeps().resume
            _change(lambda: next_step(lab.engine(), visit.me, sweep.id))
    if st.button(
        t("Remove"),
        icon=":material/delete:",
        key=f"sweep-remove-{sweep.id}",
        disabled=live,
        help=t("Its runs stay in your list of runs, and the sweep can be taken back."),
    ):
        _change(lambda: _remove(visit, sweep))


def _change(action: Callable[[], object]) -> None:
    """Do it and draw the whole page, which a callback in a fragment could not ask for."""
    try:
        action()
    except LabError as error:
        _REFUSED.set(error.on_page)
    st.rerun()


def _remove(visit: Visit, sweep: Sweep) -> None:
    lab.sweeps().remove(visit.me, sweep.id)
    st.query_params.pop("sweep", None)


def _progress(
    sweep: Sweep, trials: Sequence[Trial], standing: Standing, epochs: Epochs, t: Translator
) -> None:
    """The bar with what is done and the time left, or a sentence about what is not."""
    counts = {"done": standing.done, "runs": standing.trials}
    runs = [trial.run for trial in trials if trial.run is not None]
    if not standing.live:
        told = [t("Runs finished: {done} of {runs}.", **counts)]
        if diverged := sum(run.status is Status.DIVERGED for run in runs):
            told.append(t("Diverged, and so without a result: {count}.", count=diverged))
        st.caption(t.paragraph(told))
        return
    if all(run.stop for run in runs if run.status.live):
        share = standing.done / standing.trials
        st.progress(share, t("Stopping: the runs keep what they have."))
        return
    left, share = _left(sweep, trials, epochs)
    st.progress(
        min(1.0, share),
        t(
            "Runs finished: {done} of {runs} · at most about {left} left, besides other people's "
            "runs that are trained in between",
            left=labels.duration(left, t),
            **counts,
        ),
    )
    trouble = lab.engine().trouble
    if trouble is not None:
        st.warning(t(trouble))


def _left(sweep: Sweep, trials: Sequence[Trial], epochs: Epochs) -> tuple[float, float]:
    """Seconds until its end, corrected by what its finished runs took, and the share done."""
    digits, known = dataset.find(sweep.digits), estimates.known(lab.store())
    at_once = lab.engine().side_by_side
    if at_once > 1:
        known = known.side_by_side()
    cells = [planning.run_seconds(cell.config, digits, known) for cell in sweep.plan.cells]
    left: list[float] = []
    spent = planned = 0.0
    for trial in trials:
        run, seconds = trial.run, cells[trial.cell]
        if run is not None and trial.live:
            left.append(seconds * (1 - len(epochs.get(run.id, ())) / run.config.epochs))
        elif run is not None and trial.done and run.outcome is not None:
            spent += run.outcome.seconds
            planned += seconds
    slowness = spent / planned if spent and planned else 1.0
    share = 1 - sum(left) / sum(cells[trial.cell] for trial in trials)
    return slowness * planning.together(left, at_once), share
