"""One run on the screen: live while it is live, then what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from digitlab import dataset, labels
from digitlab.charts.frame import Chart
from digitlab.charts.lines import METRICS, learning_curves
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.messages import LabError, Translator
from digitlab.progress import BatchMetrics, EpochMetrics
from digitlab.scores import Scores
from digitlab.store import Run, Status, StoreError, results
from digitlab.training import estimates
from digitlab.ui import folded, lab, plot
from digitlab.ui.naming import called
from digitlab.ui.shell import Visit, page_link, plain, sentences
from digitlab.ui.train import controls

TICK_SECONDS = 1.0
WAITING_TICK_SECONDS = 4.0  # while other runs come first, only the place in the queue moves
_FIGURES_KEPT = 64  # of all the runs that people look at; one takes at most 50 kB

# The colour and the icon of a status.
_BADGE: dict[Status, tuple[str, str]] = {
    Status.QUEUED: ("gray", ":material/hourglass:"),
    Status.RUNNING: ("blue", ":material/play_arrow:"),
    Status.FINISHED: ("green", ":material/check:"),
    Status.STOPPED: ("orange", ":material/stop:"),
    Status.DIVERGED: ("red", ":material/trending_up:"),
    Status.FAILED: ("red", ":material/error:"),
    Status.INTERRUPTED: ("orange", ":material/power_off:"),
}
_WORRYING = (Status.DIVERGED, Status.FAILED, Status.INTERRUPTED)


def asked(visit: Visit, run_id: str | None) -> Run | None:
    """The run with this id; None, with a sentence, where there is none."""
    if not run_id:
        return None
    try:
        return lab.store().run(run_id)
    except StoreError as error:
        st.warning(visit.t(error.message))
        return None


def show(visit: Visit, run: Run) -> None:
    """A run: a live panel that draws itself anew, or the finished one."""
    tick = tick_of(run)
    st.fragment(_panel, run_every=tick)(visit, run.id, tick)
    if not run.status.live:
        _result(run, visit)


def tick_of(run: Run) -> float | None:
    """How often a live run's panel draws itself anew, in seconds."""
    if not run.status.live:
        return None
    waits = run.status is Status.QUEUED and lab.store().place_in_queue(run) > 0
    return WAITING_TICK_SECONDS if waits else TICK_SECONDS


def about_sliders(visit: Visit, run: Run, config: RunConfig, digits: DigitSet) -> None:
    """Mark a run as one of other settings than the sliders have now, with the way back to its own.

    ``digits`` are the images in use.
    """
    t = visit.t
    if digits.settings(run.config) == digits.settings(config):
        return
    name = plain(called(run, visit))
    changed = labels.changes(config, run.config, t)
    with st.container(horizontal=True, vertical_alignment="center", key="other-settings"):
        st.info(
            t(
                "What follows belongs to the run {name}. The sliders have other settings now: "
                "{fields}.",
                name=f"**{name}**",
                fields=changed,
            ),
            icon=":material/tune:",
        )
        st.button(
            t("Take the run's settings"),
            icon=":material/undo:",
            key="take-settings",
            on_click=controls.take_settings_of_run,
        )


def _panel(visit: Visit, run_id: str, tick: float | None) -> None:
    with sentences(visit.t):
        _draw_panel(visit, run_id, tick)


def _draw_panel(visit: Visit, run_id: str, tick: float | None) -> None:
    try:
        run = lab.store().run(run_id)
    except StoreError:
        st.rerun()
    if tick_of(run) != tick:
        st.rerun()  # the whole page, once: its timer changes, or ends and the result appears
    last = lab.store().last_batch(run.id)
    _headline(run, visit)
    _progress(run, last, visit.t)
    _curves(run, last, visit.t)


def _headline(run: Run, visit: Visit) -> None:
    t, (colour, icon) = visit.t, _BADGE[run.status]
    label = labels.status(run.status, t)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {plain(called(run, visit))} :{colour}-badge[{icon} {label}]")
        st.space("stretch")
        if run.status.live and run.owner == visit.me:
            stopping = st.button(
                t("Stop"), icon=":material/stop:", disabled=run.stop, key=f"stop-{run.id}"
            )
            if stopping:
                lab.engine().stop(run.id)
    if run.owner != visit.me:
        st.caption(t("Somebody else's run: you can look, not change it."))
    if run.status in _WORRYING:
        st.warning(t(run.reason))
    else:
        st.caption(t("Stopping: the run keeps what it has.") if _stopping(run) else t(run.reason))


def _stopping(run: Run) -> bool:
    return run.stop and run.status.live


def _progress(run: Run, last: BatchMetrics | None, t: Translator) -> None:
    """The bar with epoch, speed and time left; the same height whatever it says."""
    if not run.status.live:
        return
    if run.status is Status.QUEUED:
        ahead = lab.store().place_in_queue(run)
        st.progress(0.0, t("Waiting; runs that come first: {ahead}", ahead=ahead))
        trouble = lab.engine().trouble
        if trouble is not None:
            st.warning(t(trouble))
    elif last is None:
        st.progress(0.0, t("Getting ready: TensorFlow is loaded and the network is built."))
    else:
        st.progress(_done(run, last), _execution_text(run, last, t))


def _done(run: Run, last: BatchMetrics) -> float:
    return min(1.0, last.position / run.config.epochs)


def _execution_text(run: Run, last: BatchMetrics, t: Translator) -> str:
    epoch = t("Epoch {epoch} of {epochs}", epoch=last.epoch, epochs=run.config.epochs)
    if not last.images_per_second:
        return epoch
    images = (run.config.epochs - last.position) * run.digits.train
    reading = estimates.evaluation_share(run.digits.train, estimates.read_after_epoch(run))
    seconds = images / last.images_per_second * (1 + reading)
    speed = f"{last.images_per_second:,.0f}"
    return t(
        "{epoch} · {speed} images/s · about {left} left",
        epoch=epoch,
        speed=speed,
        left=labels.duration(seconds, t),
    )


def _curves(run: Run, last: BatchMetrics | None, t: Translator) -> None:
    figures = _figures(run.id, len(lab.store().epochs(run.id)), last, run.status, t.language)
    for column, metric, figure in zip(st.columns(2), METRICS, figures, strict=True):
        with column:
            plot.draw(figure, t, key=f"{metric}-{run.id}", tools=not run.status.live)


@st.cache_resource(show_spinner=False, max_entries=_FIGURES_KEPT)
def _figures(
    run_id: str, epochs: int, last: BatchMetrics | None, status: Status, language: str
) -> tuple[Chart, ...]:
    """The curves of a run that has reported so far, made once for all who look at it."""
    store, t = lab.store(), Translator(language)
    run, batches, ends = store.run(run_id), store.batches(run_id), store.epochs(run_id)
    return tuple(
        learning_curves(metric, **_series(metric, run, batches, ends), t=t) for metric in METRICS
    )


def _series(
    metric: str, run: Run, batches: Sequence[BatchMetrics], epochs: Sequence[EpochMetrics]
) -> dict[str, Any]:
    measured = [epoch for epoch in epochs if epoch.val_loss is not None]
    return {
        "training": ([b.position for b in batches], [getattr(b, metric) for b in batches]),
        "validation": (
            [epoch.position(run.digits.train) for epoch in measured],
            [getattr(epoch, f"val_{metric}") for epoch in measured],
        ),
        "untrained": getattr(run.untrained, metric) if run.untrained else None,
        "continued": run.continued,
        "epochs": run.config.epochs if run.status.live else None,
    }


def _result(run: Run, visit: Visit) -> None:
    """Untrained against trained, whether it overfits, and where to go next."""
    t, epochs = visit.t, lab.store().epochs(run.id)
    before, after = results.untrained_test(run.untrained), results.final_test(run, epochs)
    if before is None:
        return
    if not epochs:
        _before(before, run, t)
    elif after is None:
        st.caption(
            t(
                "It was stopped before the test set could be read with these weights; the Inspect "
                "page reads it."
            )
        )
    else:
        _test_scores(before, after, run, t)
    st.markdown(t.paragraph(map(t, results.verdict(run, epochs, _chance(run)))))
    _facts(run, t)
    with st.container(horizontal=True):
        page_link("draw", t("Draw a digit for it"))
        page_link("inspect", t("Look inside, and at what it misreads"))
    _share(run, t)


def _chance(run: Run) -> float:
    """What always giving the most frequent answer scores; a tenth where the images are gone."""
    try:
        return dataset.find(run.digits.fingerprint).chance
    except LabError:
        return results.CHANCE


def _before(before: Scores, run: Run, t: Translator) -> None:
    """A run that ended within its first epoch has no figures but those of its beginning."""
    accuracy, loss = _beginning(run, t)
    with st.container(horizontal=True, gap="large"):
        st.metric(accuracy, f"{before.accuracy:.2%}", width="content")
        st.metric(loss, f"{before.loss:.3f}", width="content")
    st.caption(t("No epoch was trained to its end: these are the test figures of its beginning."))


def _beginning(run: Run, t: Translator) -> tuple[str, str]:
    """What accuracy and loss before the first step are called."""
    if run.continued:
        return t("Accuracy, at its beginning"), t("Loss, at its beginning")
    return t("Accuracy, untrained"), t("Loss, untrained")


def _test_scores(before: Scores, after: Scores, run: Run, t: Translator) -> None:
    count = f"{run.digits.test:,}"
    accuracy, loss = _beginning(run, t)
    st.subheader(t("On the test set: {count} images it has never seen", count=count))
    with st.container(horizontal=True, gap="large"):
        st.metric(accuracy, f"{before.accuracy:.2%}", width="content")
        gained, added = 100 * (after.accuracy - before.accuracy), after.loss - before.loss
        st.metric(
            t("Accuracy, trained"),
            f"{after.accuracy:.2%}",
            t("{points} percentage points", points=_signed(gained, 1)),
            **_arrow(gained, better=gained > 0),
            width="content",
        )
        st.metric(loss, f"{before.loss:.3f}", width="content")
        st.metric(
            t("Loss, trained"),
            f"{after.loss:.3f}",
            _signed(added, 3),
            **_arrow(added, better=added < 0),
            width="content",
        )


def _signed(change: float, decimals: int) -> str:
    """A change with its sign, and a real minus."""
    return f"{change:+,.{decimals}f}".replace("-", "−")


def _arrow(change: float, *, better: bool) -> dict[str, Any]:
    """The arrow and the colour of a change, which Streamlit reads off a hyphen otherwise."""
    if not change:
        return {"delta_arrow": "off", "delta_color": "off"}
    return {
        "delta_arrow": "up" if change > 0 else "down",
        "delta_color": "green" if better else "red",
    }


def _facts(run: Run, t: Translator) -> None:
    if run.outcome is None or run.execution is None:
        return
    st.caption(
        t(
            "{time} in all · {speed} images/s · {format}, threads: {threads}, batches in one "
            "execution: {steps} · seed {seed}",
            time=labels.duration(run.outcome.seconds, t),
            speed=f"{run.outcome.images_per_second:,.0f}",
            format=run.execution.format,
            threads=run.execution.threads,
            steps=run.execution.steps,
            seed=run.config.seed,
        )
    )


def _share(run: Run, t: Translator) -> None:
    """A link for others: it names the run and not the person."""
    base = (st.context.url or "").partition("?")[0]

    def draw() -> None:
        st.caption(t("Whoever opens this link sees the run and cannot change it."))
        st.code(f"{base}?run={run.id}", language=None)

    folded.show(t("Show this run to others"), f"share-{run.id}", t, draw)
