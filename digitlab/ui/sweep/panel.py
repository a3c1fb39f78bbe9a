"""One sweep on the screen: its progress while it runs, and its results as they come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from digitlab import dataset, labels
from digitlab.config import RunConfig
from digitlab.messages import LabError, Translator, mark
from digitlab.store import Status
from digitlab.sweeps import Standing, Sweep, Trial, planning
from digitlab.sweeps.measures import Epochs
from digitlab.sweeps.planning import SweepError
from digitlab.training import estimates
from digitlab.ui import lab
from digitlab.ui.shell import Visit, plain, sentences
from digitlab.ui.sweep import mine, names, results, state
from digitlab.ui.timing import timed

_TICK_SECONDS = 2.0
_NOT_AGAIN = mark("Runs that are finished are not trained again.")


def show(visit: Visit, sweep_id: str) -> None:
    """The sweep with this id; while it is live it draws itself anew."""
    try:
        sweep = lab.sweeps().sweep(sweep_id)
    except SweepError as error:
        state.REFUSED.take()  # this says it all
        st.warning(visit.t(error.on_page))
        return
    live = any(trial.live for trial in lab.sweeps().trials(sweep))
    st.fragment(_panel, run_every=_TICK_SECONDS if live else None)(visit, sweep_id, live)


def _panel(visit: Visit, sweep_id: str, was_live: bool) -> None:
    with timed("sweep"), sentences(visit.t):
        sweep = lab.sweeps().sweep(sweep_id)  # each time: a fragment keeps its first arguments
        trials, epochs = lab.sweeps().trials(sweep), lab.sweeps().epochs(sweep)
        if was_live != any(trial.live for trial in trials):
            st.rerun()  # the whole page, once: the timer starts or ends
        _headline(visit, sweep, trials)
        _progress(sweep, trials, epochs, visit.t)
        results.show(sweep, trials, epochs, visit)


def _headline(visit: Visit, sweep: Sweep, trials: Sequence[Trial]) -> None:
    t = visit.t
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"### {names.title(sweep.plan, t)} :blue-badge[{mine.status(_standing(trials), t)}]"
        )
        st.space("stretch")
        if sweep.owner == visit.me:
            _buttons(visit, sweep, trials)
    if sweep.owner != visit.me:
        st.caption(t("Somebody else's sweep: you can look, not change it."))
    refused = state.REFUSED.take()
    if refused is not None:
        st.error(plain(t(refused)))


def _standing(trials: Sequence[Trial]) -> Standing:
    return Standing(
        len(trials), sum(trial.done for trial in trials), sum(trial.live for trial in trials)
    )


def _buttons(visit: Visit, sweep: Sweep, trials: Sequence[Trial]) -> None:
    """One for what may be done now, and Remove.

    The first is one and the same button whatever it says, and Remove keeps its place: where one
    takes another's place, it moves as the other goes, and a press at that moment is lost.
    """
    t, live = visit.t, any(trial.live for trial in trials)
    if live or any(trial.missing for trial in trials):
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
        state.REFUSED.set(error.on_page)
    st.rerun()


def _remove(visit: Visit, sweep: Sweep) -> None:
    lab.sweeps().remove(visit.me, sweep.id)
    st.query_params.pop("sweep", None)


def _progress(sweep: Sweep, trials: Sequence[Trial], epochs: Epochs, t: Translator) -> None:
    """The bar with what is done and the time left, or a sentence about what is not."""
    done = sum(trial.done for trial in trials)
    if not any(trial.live for trial in trials):
        st.caption(_ended(trials, t))
        return
    stopping = all(trial.run.stop for trial in trials if trial.run is not None and trial.live)
    if stopping:
        st.progress(done / len(trials), t("Stopping: the runs keep what they have."))
        return
    left, share = _left(sweep, trials, epochs)
    st.progress(
        min(1.0, share),
        t(
            "Runs finished: {done} of {runs} · at most about {left} left, besides other people's "
            "runs that are trained in between",
            done=done,
            runs=len(trials),
            left=labels.duration(left, t),
        ),
    )
    trouble = lab.engine().trouble
    if trouble is not None:
        st.warning(t(trouble))


def _ended(trials: Sequence[Trial], t: Translator) -> str:
    told = t(
        "Runs finished: {done} of {runs}.",
        done=sum(trial.done for trial in trials),
        runs=len(trials),
    )
    diverged = sum(
        trial.run is not None and trial.run.status is Status.DIVERGED for trial in trials
    )
    if not diverged:
        return told
    return t.paragraph([told, t("Diverged, and so without a result: {count}.", count=diverged)])


def _left(sweep: Sweep, trials: Sequence[Trial], epochs: Epochs) -> tuple[float, float]:
    """Seconds until its end, corrected by what its finished runs took, and the share done."""
    expected = _expected(sweep)
    ended = [(trial, trial.run.outcome) for trial in trials if trial.done and trial.run is not None]
    spent = sum(outcome.seconds for _, outcome in ended if outcome is not None)
    planned = sum(expected[trial.cell] for trial, outcome in ended if outcome is not None)
    slowness = spent / planned if spent and planned else 1.0
    live = sum(
        expected[trial.cell] * (1 - _trained(trial, epochs)) for trial in trials if trial.live
    )
    total = sum(expected[trial.cell] for trial in trials)
    return slowness * live, 1 - live / total


def _trained(trial: Trial, epochs: Epochs) -> float:
    """The share of a live run's epochs that are trained."""
    if trial.run is None:
        return 0.0
    return len(epochs.get(trial.run.id, ())) / trial.run.config.epochs


def _expected(sweep: Sweep) -> list[float]:
    """Seconds that a run of each cell takes."""
    digits, known = dataset.find(sweep.digits), estimates.known(lab.store())

    def seconds(config: RunConfig) -> float:
        return planning.run_seconds(config, digits, known)

    return [seconds(cell.config) for cell in sweep.plan.cells]
