"""How the network came to read as it does, epoch by epoch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import streamlit as st

from digitlab import dataset, labels
from digitlab.charts.journey import MOST_EPOCHS, digits_by_epoch
from digitlab.charts.lines import METRICS, NO_POINTS, learning_curves
from digitlab.charts.sheets import LabelledSample
from digitlab.dataset import DigitSet
from digitlab.inspection import journey
from digitlab.inspection.journey import Journey
from digitlab.messages import LabError, Translator, message
from digitlab.scores import Scores, score
from digitlab.store import Run, results
from digitlab.ui import lab, plot
from digitlab.ui.inspect import sample_list, sample_view, state
from digitlab.ui.inspect.test_predictions import predictions_of, probabilities
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.shell import Visit

_MOST_IMAGES = 1_000  # of the test set, that the bundled networks read here
_MOST = 24  # samples on a sheet
_HARDLY = 2 * results.CHANCE  # an accuracy below is hardly above chance
_LOSS = "categorical_crossentropy"  # of the bundled networks, without their label smoothing


def show(model: SelectedModel, visit: Visit) -> None:
    """Untrained against trained, digit by digit through the epochs, and what was forgotten."""
    if model.run is None:
        _bundled(model, visit)
    else:
        _run(lab.store().run(model.run.id), model, visit)


def _run(run: Run, model: SelectedModel, visit: Visit) -> None:
    t = visit.t
    digits = dataset.find(run.digits.fingerprint)
    kept = lab.store().epochs_kept(run.id, "reading")
    if not kept:
        raise LabError(
            message(
                "This run ended, or has not come far enough, before the test set was read even "
                "once: there is no journey to follow."
            )
        )
    _run_scores(run, model, digits, t)
    found = _journey(run.id, kept[-1], digits.fingerprint, run)
    if len(found.epochs) < 2:
        if run.continued:
            st.info(t("It was not trained for a whole epoch: only its beginning was tested."))
        else:
            st.info(
                t("It was not trained for a whole epoch: only the untrained network was tested.")
            )
        return
    _digit_by_digit(found, t, continued=run.continued)
    _then_and_now(found, model, digits, visit)


def _run_scores(run: Run, model: SelectedModel, digits: DigitSet, t: Translator) -> None:
    epochs = lab.store().epochs(run.id)
    after = results.final_test(run, epochs) if epochs else None
    if epochs and after is None:  # it was stopped before its last weights were tested
        test = predictions_of(model, t)
        after = score(run.config.loss, test.labels, test.probabilities)
    before = results.untrained_test(run.untrained)
    _scores(before, after, len(digits.y_test), t, continued=run.continued)
    if tested := labels.tested_after_epoch(run, t):
        st.caption(tested)


@st.cache_resource(show_spinner=False, max_entries=8)
def _journey(run_id: str, last: int, fingerprint: str, _run: Run) -> Journey:
    """A run's predictions as far as epoch ``last``, 2 KB an epoch; once for all sessions."""
    return journey.of_run(lab.store(), _run, dataset.find(fingerprint).y_test)


def _bundled(model: SelectedModel, visit: Visit) -> None:
    t = visit.t
    digits = dataset.current().digits
    count = min(_MOST_IMAGES, len(digits.y_test))
    y_true = digits.y_test[:count]
    trained = probabilities(model.network, digits, count, t)
    if model.untrained is None:
        _scores(None, score(_LOSS, y_true, trained), count, t)
        st.info(
            t(
                "Of this network only the end was kept: neither its untrained weights nor how it "
                "read between."
            )
        )
        return
    untrained = probabilities(model.untrained, digits, count, t)
    _scores(score(_LOSS, y_true, untrained), score(_LOSS, y_true, trained), count, t)
    loss, accuracy = journey.of_bundled()
    _history(loss, accuracy, t)
    predicted = np.stack([untrained.argmax(axis=1), trained.argmax(axis=1)]).astype(np.uint8)
    found = Journey((0, len(loss)), np.arange(count), predicted, y_true)
    _digit_by_digit(found, t)
    said = t("How it read between was not kept; of a run of your own every epoch is.")
    if count < len(digits.y_test):
        read = t(
            "Here it reads the first {count} of {total} test images.",
            count=f"{count:,}",
            total=f"{len(digits.y_test):,}",
        )
        said = t.paragraph([said, read])
    st.caption(said)
    _then_and_now(found, model, digits, visit)


def _history(
    loss: npt.NDArray[np.float32], accuracy: npt.NDArray[np.float32], t: Translator
) -> None:
    """Its own training, as far as that was kept: the means of each epoch."""
    epochs = range(1, len(loss) + 1)
    for column, metric, values in zip(st.columns(2), METRICS, (loss, accuracy), strict=True):
        figure = learning_curves(metric, (epochs, values), NO_POINTS, t)
        with column:
            plot.draw(figure, t, key=f"journey-{metric}")
    st.caption(
        t(
            "On its training images, the mean of each epoch while it was trained: loss from "
            "{first} to {last}, accuracy from {least} to {most}. The images were turned and bent "
            "at random and the labels smoothed, so this loss is higher than that on the test set.",
            first=f"{loss[0]:.3f}",
            last=f"{loss[-1]:.3f}",
            least=f"{accuracy[0]:.2%}",
            most=f"{accuracy[-1]:.2%}",
        )
    )


def _scores(
    before: Scores | None,
    after: Scores | None,
    images: int,
    t: Translator,
    *,
    continued: bool = False,
) -> None:
    """Untrained and trained side by side, as far as both are known."""
    count = f"{images:,}"
    if continued:
        st.subheader(t("At its beginning and at its end, on {count} test images", count=count))
    else:
        st.subheader(t("Untrained and trained, on {count} test images", count=count))
    at_first = (
        (t("Accuracy, at its beginning"), t("Loss, at its beginning"))
        if continued
        else (t("Accuracy, untrained"), t("Loss, untrained"))
    )
    at_last = t("Accuracy, trained"), t("Loss, trained")
    known = [(at_first, before), (at_last, after)]
    with st.container(horizontal=True, gap="large"):
        for (label, _), scores in known:
            if scores is not None:
                st.metric(label, f"{scores.accuracy:.2%}", width="content")
        for (_, label), scores in known:
            if scores is not None:
                st.metric(label, f"{scores.loss:.3f}", width="content")


def _digit_by_digit(found: Journey, t: Translator, *, continued: bool = False) -> None:
    shares = found.accuracy_by_digit()
    figure = digits_by_epoch(found.epochs, shares, t, continued=continued)
    plot.draw(figure, t, key="journey-digits")
    st.caption(_about_digits(found, t))


def _about_digits(found: Journey, t: Translator) -> str:
    end = found.accuracy_by_digit()[-1]
    best, worst = np.nanmax(end), np.nanmin(end)
    said = t(
        "Read best at the end: {best} ({most} right); worst: {worst} ({least} right).",
        best=t.listed(map(str, np.flatnonzero(end == best))),
        most=f"{best:.1%}",
        worst=t.listed(map(str, np.flatnonzero(end == worst))),
        least=f"{worst:.1%}",
    )
    if np.nanmean(end) < _HARDLY:
        chance = t(
            "On the whole that is hardly above chance: a digit that it always answers is read "
            "right each time."
        )
        said = t.paragraph([said, chance])
    if len(found.epochs) <= MOST_EPOCHS:
        return said
    shown = t("{shown} of {count} epochs are shown.", shown=MOST_EPOCHS, count=len(found.epochs))
    return t.paragraph([said, shown])


def _then_and_now(found: Journey, model: SelectedModel, digits: DigitSet, visit: Visit) -> None:
    """What was wrong after the epoch that is picked and is right at the end, and the reverse."""
    t = visit.t

    def name(epoch: int) -> str:
        if epoch:
            return t("epoch {epoch}", epoch=epoch)
        return labels.epoch(epoch, t, continued=model.continued)

    st.subheader(t("What it has learned since, and forgotten"))
    earlier = list(found.epochs[:-1])
    epoch = earlier[0]
    if len(earlier) > 1:  # at first the first one trained
        key = state.journey_epoch(model.name, earlier).begin()
        epoch = st.select_slider(t("After which epoch"), earlier, key=key, format_func=name)
    learned, forgotten = found.learned(epoch), found.forgotten(epoch)
    st.markdown(
        t(
            "From {then} to epoch {end} it has learned **{learned}** samples and forgotten "
            "**{forgotten}**: {before} right then, {after} at the end.",
            then=name(epoch),
            end=found.epochs[-1],
            learned=f"{len(learned):,}",
            forgotten=f"{len(forgotten):,}",
            before=f"{(found.at(epoch) == found.labels).sum():,}",
            after=f"{(found.end == found.labels).sum():,}",
        )
    )
    sheets = {
        "learned": (t("Learned since: read as, then → at the end"), learned),
        "forgotten": (t("Forgotten since: read as, then → at the end"), forgotten),
    }
    columns = st.columns(2, gap="medium")
    for column, (kind, (title, samples)) in zip(columns, sheets.items(), strict=True):
        with column:
            sample_list.labelled(
                digits.x_test,
                samples,
                lambda index: _labelled(index, int(digits.y_test[index]), found, epoch, t),
                f"journey-{model.name}-{kind}",
                state.JOURNEY_SAMPLE.set,
                t,
                title=title,
                most=_MOST,
            )
    opened = state.JOURNEY_SAMPLE.get()
    if opened is not None and opened in found.samples:
        steps = zip(found.epochs, found.of_sample(opened), strict=True)
        st.markdown(
            t(
                "Test sample {index} is a {truth}. It was read as: {readings}.",
                index=opened,
                truth=int(digits.y_test[opened]),
                readings=t.listed(f"{name(epoch)}: {digit}" for epoch, digit in steps),
            )
        )
        sample_view.show(model, predictions_of(model, t), opened, visit)


def _labelled(index: int, truth: int, found: Journey, epoch: int, t: Translator) -> LabelledSample:
    read_as = found.of_sample(index)
    then, end = int(read_as[found.epochs.index(epoch)]), int(read_as[-1])
    hover = t(
        "Test sample {index}<br>truth {truth}<br>read as {then} then, {end} at the end",
        index=index,
        truth=truth,
        then=then,
        end=end,
    )
    return LabelledSample(index, f"{then} → {end}", hover)
