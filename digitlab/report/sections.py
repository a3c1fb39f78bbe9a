"""The values of a report's sections, which ``report.html`` prints; a sentence says what is missing.

Each function returns one section's values by name.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from markupsafe import Markup

from digitlab import labels
from digitlab.charts.pixels import colour_limit
from digitlab.config import BY_NAME, FIELDS
from digitlab.inspection import metrics
from digitlab.inspection.metrics import Mistake, Rates, SamplePrediction
from digitlab.layers import Layer
from digitlab.lessons import TEXTS
from digitlab.messages import Translator, mark
from digitlab.network import Floats
from digitlab.pictures import enlarge, png_bytes
from digitlab.presets import PRESETS
from digitlab.report import plot, weights
from digitlab.report.data import Bytes, ReportData
from digitlab.scores import Scores, wilson
from digitlab.store import Run, Status, results

Metric = Literal["loss", "accuracy"]
Values = dict[str, Any]

_ANSWER_LINES = 7  # for the answer to a question
_FACTOR = 3  # pixels of the file per pixel of a digit, each way
_MOST_POINTS = 120  # of a curve within one epoch
_BY_PEN = (mark("Name"), mark("Class"), mark("Date"))
_GENERAL = (
    mark("What did you change, and what did you expect from it?"),
    mark("What do the curves say about how it learned?"),
    mark("Which digits does it misread, and why those?"),
)


class Table(NamedTuple):
    """A table; the first cell of each row is its heading."""

    head: list[str]
    rows: list[list[str]]
    caption: str


def name_of(data: ReportData, t: Translator) -> str:
    """The run's name: the one it was given, else its changes from its lesson."""
    return data.name or labels.run_name(data.run, t, data.varied)


# What was trained ---------------------------------------------------------------------------------


def head(data: ReportData, t: Translator) -> Values:
    """A line to fill in by pen, and a summary of the run."""
    run = data.run
    continued = [_continued(data, t)] if run.origin else []
    return {
        "by_pen": [t("{label}:", label=t(one)) for one in _BY_PEN],
        "sentences": [t(run.reason), _images(data, t), *continued],
        "facts": _facts(run, t),
    }


def _images(data: ReportData, t: Translator) -> str:
    images = data.run.digits
    about = t(
        "Data: {name}; {train} images to train on, {validation} to validate, {test} to test.",
        name=labels.data_set(images, t),
        train=f"{images.train:,}",
        validation=f"{images.validation:,}",
        test=f"{images.test:,}",
    )
    if data.run.config.validation != "test":
        return about
    return t.paragraph([about, t("It was validated on the test images themselves.")])


def _continued(data: ReportData, t: Translator) -> str:
    before = data.origin_run
    called = labels.run_name(before, t) if before else t("run {id}", id=(data.run.origin or "")[:6])
    origin = data.origin or called
    text = t("It goes on from {name}: its beginning is that run's end.", name=origin)
    frozen = t("Its convolutions were frozen: they are still those of that run.")
    return t.paragraph([text, frozen]) if data.run.frozen else text


def _facts(run: Run, t: Translator) -> str:
    about = t("Run {id}, {parameters} parameters", id=run.id[:6], parameters=f"{run.parameters:,}")
    if run.outcome is None or run.execution is None:
        return about
    return t(
        "{about}, {seconds} seconds, {speed} images a second, {format}, threads: {threads}",
        about=about,
        seconds=f"{run.outcome.seconds:.1f}",
        speed=f"{run.outcome.images_per_second:,.0f}",
        format=run.execution.format,
        threads=run.execution.threads,
    )


def settings(data: ReportData, t: Translator) -> Values:
    """The relevant settings: label, value, and the lesson's value where that differs, else ""."""
    config = data.run.config
    lesson = labels.lesson(data.run)
    base = PRESETS[lesson]
    changed = {name for name in config.differences(base) if BY_NAME[name].applies(config)}
    rows = [
        (
            t(field.label),
            labels.setting(field.name, getattr(config, field.name), t),
            t("(lesson: {value})", value=labels.setting(field.name, getattr(base, field.name), t))
            if field.name in changed
            else "",
        )
        for field in FIELDS
        if field.applies(config)
    ]
    note = (
        t("All of them are as in the lesson {lesson}.", lesson=lesson)
        if not changed
        else t("In bold: what is not as in the lesson {lesson}.", lesson=lesson)
    )
    return {"title": t("Settings"), "note": note, "rows": rows}


# How it went --------------------------------------------------------------------------------------


def curves(data: ReportData, t: Translator) -> Values:
    """Loss and accuracy over the epochs, as SVG."""
    loss, accuracy = (_lines(metric, data, t) for metric in ("loss", "accuracy"))
    if not any(line.finite for line in loss):
        missing = t("It was not trained long enough for a curve.")
        return {"title": t("Curves"), "missing": missing}
    unit = t("Loss: {name}", name=labels.shown(data.run.config.loss, t))
    svgs = [
        _drawn(loss, unit, t),
        _drawn(accuracy, t("Accuracy") + " (%)", t, percent=True),
    ]
    note = t.paragraph(_remarks(accuracy, data, t))
    return {"title": t("Curves"), "missing": "", "svgs": svgs, "note": note}


def _drawn(lines: list[plot.Line], y: str, t: Translator, *, percent: bool = False) -> Markup:
    alternative = "; ".join([y, *(line.name for line in lines)])
    return plot.svg(lines, x=t("epoch"), y=y, alternative=alternative, percent=percent)


def _remarks(accuracy: list[plot.Line], data: ReportData, t: Translator) -> list[str]:
    found = [
        t("Training: the batches of the one epoch.")
        if _within_one_epoch(data)
        else t("Training: each epoch's mean, while it was trained.")
    ]
    if len(accuracy) > 1:
        found.append(t("Validation: at each epoch's end."))
    if plot.begins(accuracy) > 0:
        found.append(t("The accuracy axis does not begin at 0."))
    if data.run.status is Status.DIVERGED:
        found.append(t("The loss was no longer a finite number at the end; that is not drawn."))
    return found


def _within_one_epoch(data: ReportData) -> bool:
    """Whether there is one epoch at most, and its batches are drawn instead."""
    return len(data.epochs) < 2 and bool(data.batches)


def _lines(metric: Metric, data: ReportData, t: Translator) -> list[plot.Line]:
    """The training line, and the validation line if there was any validation."""
    training = _line(t("training"), _training(metric, data), metric, plot.BLUE, t)
    images = data.run.digits.train
    values = [(e.position(images), getattr(e, f"val_{metric}")) for e in data.epochs]
    validation = [(position, value) for position, value in values if value is not None]
    if not validation:
        return [training]
    return [training, _line(t("validation"), validation, metric, plot.VERMILLION, t)]


def _training(metric: Metric, data: ReportData) -> list[tuple[float, float]]:
    """Points of the training line: means of the epochs, or of parts of the only one."""
    if not _within_one_epoch(data):
        images = data.run.digits.train
        return [(epoch.position(images), getattr(epoch, metric)) for epoch in data.epochs]
    step = -(-len(data.batches) // _MOST_POINTS)
    return [(batch.position, getattr(batch, metric)) for batch in data.batches[::step]]


def _line(
    name: str, points: list[tuple[float, float]], metric: Metric, colour: str, t: Translator
) -> plot.Line:
    """A line whose name has its first and its last value; training is dotted."""
    line = plot.Line(name, points, colour, dotted=colour == plot.BLUE)
    if not line.finite:
        return line
    text = t(
        "{line}: {first} → {last}",
        line=name,
        first=_value(line.finite[0][1], metric),
        last=_value(line.finite[-1][1], metric),
    )
    return dataclasses.replace(line, name=text)


def _value(value: float | None, metric: Metric) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if metric == "loss" else f"{value:.2%}"


# What it came to ----------------------------------------------------------------------------------


def metrics_table(data: ReportData, t: Translator) -> Values:
    """The scores before and after training, and those of the ten digits."""
    run, epochs = data.run, data.epochs
    before, after = results.untrained_test(run.untrained), results.final_test(run, epochs)
    missing = ""
    if not epochs:
        missing = t("It ended before its first epoch: nothing was learned.")
    elif after is None:
        missing = t("It was stopped before the test set could be read at its end.")
    return {
        "title": t("Results"),
        "missing": missing,
        "tested": _tested(before, after if epochs else None, data, t),
        "digits": _digits(data, t),
        "not_read": _not_read(data, t),
    }


def _tested(before: Scores | None, after: Scores | None, data: ReportData, t: Translator) -> Table:
    count = data.run.digits.test
    last = data.epochs[-1] if data.epochs else None
    own = [_value(last.accuracy, "accuracy"), _value(last.val_accuracy, "accuracy")] if last else []
    return Table(
        [
            "",
            t("Test loss"),
            t("Test accuracy"),
            t("95% interval of it"),
            t("Training accuracy"),
            t("Validation accuracy"),
        ],
        [
            [_beginning(data, t), *_scores(before, count), "–", "–"],
            [t("After training"), *_scores(after, count), *(own or ["–", "–"])],
        ],
        t(
            "Of its last epoch. The interval (Wilson) is what luck with {count} test images "
            "allows.",
            count=f"{count:,}",
        ),
    )


def _beginning(data: ReportData, t: Translator) -> str:
    return t("At its beginning") if data.run.origin else t("Before training")


def _scores(scores: Scores | None, count: int) -> list[str]:
    if scores is None or not count:
        return ["–"] * 3
    low, high = wilson(round(scores.accuracy * count), count)
    interval = f"{low:.2%} – {high:.2%}"
    return [_value(scores.loss, "loss"), _value(scores.accuracy, "accuracy"), interval]


def _read(data: ReportData) -> tuple[Bytes, Floats] | None:
    """Labels and probabilities of the test set, if there are both and their lengths agree."""
    y_true, probabilities = data.labels, data.probabilities
    if y_true is None or probabilities is None or len(y_true) != len(probabilities):
        return None
    return y_true, probabilities


def _digits(data: ReportData, t: Translator) -> Table | None:
    read = _read(data)
    if read is None:
        return None
    y_true, probabilities = read
    scores = metrics.per_digit(y_true, probabilities.argmax(axis=1))
    columns = [[f"{s.support:,}", *_shares(s)] for s in scores]
    columns.append([f"{len(y_true):,}", *_shares(metrics.macro(scores))])
    names = [t("Images"), t("Precision"), t("Recall"), t("F1")]
    rows = [[name, *values] for name, *values in zip(names, *columns, strict=True)]
    head = [t("Digit"), *(str(s.digit) for s in scores), t("Mean")]
    return Table(head, rows, t("Digit by digit, on the test set"))


def _shares(rates: Rates) -> list[str]:
    shares = (rates.precision, rates.recall, rates.f1)
    return ["–" if share is None else f"{share:.1%}" for share in shares]


def _not_read(data: ReportData, t: Translator) -> str:
    if data.labels is None:
        return t("Digit by digit: the test images of this run are not here any more.")
    return t("Digit by digit: this run kept no reading of the test set at its end.")


# What it looks like inside ------------------------------------------------------------------------


def first_layer(data: ReportData, t: Translator) -> Values:
    """The first layer's weights before and after training, on one colour scale."""
    filters = data.layer.kind == "conv"
    title = t("Filters, before and after") if filters else t("First weights, before and after")
    known = [w for w in (data.before, data.after) if w is not None]
    if not known:
        return {"title": title, "missing": t("This run kept no weights that can be shown.")}
    limit = colour_limit(*known)
    shown = [
        _weights(data.before, _beginning(data, t), limit, data, t),
        _weights(data.after, t("After training"), limit, data, t),
    ]
    limits = t("One scale for both: blue −{limit}, white 0, red +{limit}", limit=f"{limit:.2g}")
    return {
        "title": title,
        "missing": "",
        "weights": shown,
        "scale": weights.scale(),
        "limits": limits,
    }


def _weights(
    found: Floats | None, when: str, limit: float, data: ReportData, t: Translator
) -> tuple[bytes | None, str]:
    """A PNG of weights, or None where they were not kept, and its caption."""
    if found is None:
        return None, t("{when}: these weights were not kept.", when=when)
    tiles, layer = weights.tiles(found, data.layer), data.layer
    kind = _kind(len(tiles), layer, t)
    text = t(
        "{when}: {kind}; weights from {low} to {high}, mean size {size}.",
        when=when,
        kind=kind,
        low=labels.fixed(found.min(), 2),
        high=labels.fixed(found.max(), 2),
        size=f"{np.abs(found).mean():.3f}",
    )
    return weights.mosaic(tiles, limit), text


def _kind(shown: int, layer: Layer, t: Translator) -> str:
    """How many of the layer's filters or neurons are shown."""
    whole = layer.output[-1]
    count = str(whole) if shown == whole else t("{shown} of {count}", shown=shown, count=whole)
    if layer.kind == "conv":
        return t("{count} filters of {size}x{size}", count=count, size=layer.kernel)
    return t("{count} units of 28x28", count=count)


def misclassified(data: ReportData, t: Translator) -> Values:
    """The lesson's sheet of misclassified samples: for each digit a column of up to five."""
    title, read = t("Misread samples"), _read(data)
    if read is None or data.images is None:
        return {"title": title, "missing": _not_read(data, t)}
    found = metrics.mistakes(*read)
    if not found:
        return {"title": title, "missing": t("No test sample is misread.")}
    columns = metrics.sheet(found)
    text = t(
        "A column for each digit, up to five of its misread samples, drawn at random: {shown} of "
        "{count}, of {all} test samples. Under each: truth → read as. Printed dark on light; the "
        "network sees it light on dark.",
        shown=sum(map(len, columns)),
        count=f"{len(found):,}",
        all=f"{len(read[0]):,}",
    )
    rows = [
        [_sample(sample, data.images, t) if sample else None for sample in samples]
        for samples in metrics.upright(columns)
    ]
    caption = t.paragraph([text, _most_often(found, t)])
    return {"title": title, "missing": "", "rows": rows, "caption": caption}


def _sample(sample: SamplePrediction, images: Bytes, t: Translator) -> Values:
    """A misclassified sample, in dark ink on light paper."""
    ink = enlarge(255 - images[sample.index], _FACTOR)
    text = t(
        "Test sample {index}: a {truth} read as a {predicted}",
        index=sample.index,
        truth=sample.truth,
        predicted=sample.predicted,
    )
    label = f"{sample.truth} → {sample.predicted}"
    return {"png": png_bytes(ink), "alternative": text, "label": label}


def _most_often(found: Sequence[Mistake], t: Translator) -> str:
    (truth, predicted), times = Counter((m.truth, m.predicted) for m in found).most_common(1)[0]
    return t(
        "Most often a {truth} is read as a {predicted}: {times}.",
        truth=truth,
        predicted=predicted,
        times=times,
    )


# What it means ------------------------------------------------------------------------------------


def questions(data: ReportData, t: Translator) -> Values:
    """The lesson's questions, with lines for the answers."""
    lesson = TEXTS.get(labels.lesson(data.run))
    asked = [t(lesson.question), t(lesson.look)] if lesson else [t(_GENERAL[1]), t(_GENERAL[2])]
    asked = [*(one.replace("**", "") for one in asked), t(_GENERAL[0])]
    return {"title": t("Questions"), "asked": asked, "lines": _ANSWER_LINES}
