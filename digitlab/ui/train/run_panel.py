"""One run on the screen: live while it is live, then what it came to."""

from __future__ import annotations

import streamlit as st

from digitlab import dataset, labels
from digitlab.charts.frame import Chart
from digitlab.charts.lines import METRICS, learning_curves
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.messages import LabError, Translator
from digitlab.progress import BatchMetrics
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
    waits = (
        run.status is Status.QUEUED and lab.store().place_in_queue(run) >= lab.engine().side_by_side
    )
    return WAITING_TICK_SECONDS if waits else TICK_SECONDS


def about_sliders(visit: Visit, run: Run, config: RunConfig, digits: DigitSet) -> None:
    """Mark a run as one of other settings than the sliders have now, with the way back to its own.

    ``digits`` are the images in use.
    """
    t = visit.t
    if digits.settings(run.config) == digits.settings(config):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="other-settings"):
        st.info(
            t(
                "What follows belongs to the run {name}. The sliders have other settings now: "
                "{fields}.",
                name=f"**{plain(called(run, visit))}**",
                fields=labels.changes(config, run.config, t),
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
        try:
            run = lab.store().run(run_id)
        except StoreError:
            st.rerun()
        if tick_of(run) != tick:
            st.rerun()  # the whole page, once: its timer changes, or ends and the result appears
        last = lab.store().last_batch(run.id)
        _headline(run, visit)
        if run.status.live:
            _progress(run, last, visit.t)
        _curves(run, last, visit.t)


def _headline(run: Run, visit: Visit) -> None:
    t, (colour, icon) = visit.t, _BADGE[run.status]
    label = labels.status(run.status, t)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"### {plain(called(run, visit))} :{colour}-badge[{icon} {label}]")
        st.space("stretch")
        if run.status.live and run.owner == visit.me:
            key = f"stop-{run.id}"
            stopping = st.button(t("Stop"), icon=":material/stop:", disabled=run.stop, key=key)
            if stopping:
                lab.engine().stop(run.id)
    if run.owner != visit.me:
        st.caption(t("Somebody else's run: you can look, not change it."))
    if run.status in _WORRYING:
        st.warning(t(run.reason))
    else:
        stopping = run.stop and run.status.live
        st.caption(t("Stopping: the run keeps what it has.") if stopping else t(run.reason))


def _progress(run: Run, last: BatchMetrics | None, t: Translator) -> None:
    """The bar with epoch, speed and time left; the same height whatever it says."""
    if run.status is Status.QUEUED:
        ahead = lab.store().place_in_queue(run)
        st.progress(0.0, t("Waiting; runs that come first: {ahead}", ahead=ahead))
        if trouble := lab.engine().trouble:
            st.warning(t(trouble))
        return
    if last is None:
        st.progress(0.0, t("Getting ready: TensorFlow is loaded and the network is built."))
        return
    epochs = run.config.epochs
    told = t("Epoch {epoch} of {epochs}", epoch=last.epoch, epochs=epochs)
    if last.images_per_second:
        images = (epochs - last.position) * run.digits.train
        reading = estimates.evaluation_share(run.digits.train, estimates.read_after_epoch(run))
        seconds = images / last.images_per_second * (1 + reading)
        told = t(
            "{epoch} · {speed} images/s · about {left} left",
            epoch=told,
            speed=f"{last.images_per_second:,.0f}",
            left=labels.duration(seconds, t),
        )
    st.progress(min(1.0, last.position / epochs), told)


def _curves(run: Run, last: BatchMetrics | None, t: Translator) -> None:
    figures = _figures(run.id, len(lab.store().epochs(run.id)), last, run.status, t.language)
    for column, metric, figure in zip(st.columns(2), METRICS, figures, strict=True):
        with column:
            plot.draw(figure, t, key=f"{metric}-{run.id}", tools=not run.status.live)


@st.cache_resource(show_spinner=False, max_entries=_FIGURES_KEPT)
def _figures(
    run_id: str, epochs: int, last: BatchMetrics | None, status: Status, language: str
) -> list[Chart]:
    """The curves of a run that has reported so far, made once for all who look at it."""
    store = lab.store()
    run, batches = store.run(run_id), store.batches(run_id)
    measured = [epoch for epoch in store.epochs(run_id) if epoch.val_loss is not None]
    positions = [epoch.position(run.digits.train) for epoch in measured]
    return [
        learning_curves(
            metric,
            training=([b.position for b in batches], [getattr(b, metric) for b in batches]),
            validation=(positions, [getattr(epoch, f"val_{metric}") for epoch in measured]),
            untrained=getattr(run.untrained, metric) if run.untrained else None,
            continued=run.continued,
            epochs=run.config.epochs if status.live else None,
            t=Translator(language),
        )
        for metric in METRICS
    ]


def _result(run: Run, visit: Visit) -> None:
    """Untrained against trained, whether it overfits, and where to go next."""
    t, epochs = visit.t, lab.store().epochs(run.id)
    before = results.untrained_test(run.untrained)
    after = results.final_test(run, epochs) if epochs else None
    if before is None:
        return
    if after is None and epochs:
        st.caption(
            t(
                "It was stopped before the test set could be read with these weights; the Inspect "
                "page reads it."
            )
        )
    else:
        _test_scores(before, after, run, t)
    st.markdown(t.paragraph(map(t, results.verdict(run, epochs, _chance(run)))))
    if run.outcome is not None and run.execution is not None:
        st.caption(
            t(
                "{time} in all · {speed} images/s · {format}, threads: {threads} · seed {seed}",
                time=labels.duration(run.outcome.seconds, t),
                speed=f"{run.outcome.images_per_second:,.0f}",
                format=run.execution.format,
                threads=run.execution.threads,
                seed=run.config.seed,
            )
        )
    with st.container(horizontal=True):
        page_link("draw", t("Draw a digit for it"))
        page_link("inspect", t("Look inside, and at what it misreads"))
    folded.link(
        t("Show this run to others"),
        f"share-{run.id}",
        t,
        {"run": run.id},  # it names the run and not the person
        t("Whoever opens this link sees the run and cannot change it."),
    )


def _chance(run: Run) -> float:
    """What always giving the most frequent answer scores; a tenth where the images are gone."""
    try:
        return dataset.find(run.digits.fingerprint).chance
    except LabError:
        return results.CHANCE


def _test_scores(before: Scores, after: Scores | None, run: Run, t: Translator) -> None:
    """The test scores at a run's beginning and at its end, if an epoch was trained to its end."""
    accuracy, loss = t("Accuracy, untrained"), t("Loss, untrained")
    if run.continued:
        accuracy, loss = t("Accuracy, at its beginning"), t("Loss, at its beginning")
    if after is not None:
        count = f"{run.digits.test:,}"
        st.subheader(t("On the test set: {count} images it has never seen", count=count))
    with st.container(horizontal=True, gap="large"):
        st.metric(accuracy, f"{before.accuracy:.2%}", width="content")
        if after is not None:
            gained = 100 * (after.accuracy - before.accuracy)
            points = t("{points} percentage points", points=_signed(gained, 1))
            trained = t("Accuracy, trained")
            _changed(trained, f"{after.accuracy:.2%}", points, gained, better=gained > 0)
        st.metric(loss, f"{before.loss:.3f}", width="content")
        if after is not None:
            added = after.loss - before.loss
            trained = t("Loss, trained")
            _changed(trained, f"{after.loss:.3f}", _signed(added, 3), added, better=added < 0)
    tested = labels.tested_after_epoch(run, t)
    if tested and after is not None:
        st.caption(tested)
    if after is None:
        st.caption(
            t("No epoch was trained to its end: these are the test figures of its beginning.")
        )


def _signed(change: float, decimals: int) -> str:
    """A change with its sign, and a real minus."""
    return f"{change:+,.{decimals}f}".replace("-", "−")


def _changed(label: str, value: str, told: str, change: float, *, better: bool) -> None:
    """A score with its change, whose arrow and colour Streamlit would read off a hyphen."""
    st.metric(
        label,
        value,
        told,
        delta_arrow=("up" if change > 0 else "down") if change else "off",
        delta_color=("green" if better else "red") if change else "off",
        width="content",
    )
