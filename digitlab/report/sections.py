"""The values of a report's sections, which ``report.html`` prints; a sentence says what is missing.

Each function returns one section's values by name.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any, Literal, NamedTuple

import numpy as np

from digitlab import labels
from digitlab.charts.pixels import colour_limit
from digitlab.config import BY_NAME, FIELDS
from digitlab.inspection import metrics
from digitlab.inspection.metrics import SamplePrediction
from digitlab.lessons import TEXTS
from digitlab.messages import Translator, mark
from digitlab.network import Floats
from digitlab.pictures import enlarge, png_bytes
from digitlab.presets import PRESETS
from digitlab.report import plot, weights
from digitlab.report.data import Bytes, ReportData
from digitlab.scores import Scores, wilson
from digitlab.store import Status, results

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
    run, images = data.run, data.run.digits
    about = t(
        "Data: {name}; {train} images to train on, {validation} to validate, {test} to test.",
        name=labels.data_set(images, t),
        train=f"{images.train:,}",
        validation=f"{images.validation:,}",
        test=f"{images.test:,}",
    )
    if run.config.validation == "test":
        about = t.paragraph([about, t("It was validated on the test images themselves.")])
    sentences = [t(run.reason), about]
    if run.origin:
        before = data.origin_run
        called = labels.run_name(before, t) if before else t("run {id}", id=run.origin[:6])
        name = data.origin or called
        origin = [t("It goes on from {name}: its beginning is that run's end.", name=name)]
        if run.frozen:
            origin.append(t("Its convolutions were frozen: they are still those of that run."))
        sentences.append(t.paragraph(origin))
    facts = t("Run {id}, {parameters} parameters", id=run.id[:6], parameters=f"{run.parameters:,}")
    if run.outcome is not None and run.execution is not None:
        facts = t(
            "{about}, {seconds} seconds, {speed} images a second, {format}, threads: {threads}",
            about=facts,
            seconds=f"{run.outcome.seconds:.1f}",
            speed=f"{run.outcome.images_per_second:,.0f}",
            format=run.execution.format,
            threads=run.execution.threads,
        )
    by_pen = [t("{label}:", label=t(one)) for one in _BY_PEN]
    return {"by_pen": by_pen, "sentences": sentences, "facts": facts}


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
    # Of one epoch at most, its batches are drawn instead.
    within = len(data.epochs) < 2 and bool(data.batches)
    loss, accuracy = (_lines(metric, data, within, t) for metric in ("loss", "accuracy"))
    if not any(line.finite for line in loss):
        missing = t("It was not trained long enough for a curve.")
        return {"title": t("Curves"), "missing": missing}
    named = t("Loss: {name}", name=labels.shown(data.run.config.loss, t))
    svgs = [
        plot.svg(lines, x=t("epoch"), y=y, percent=lines is accuracy)
        for lines, y in ((loss, named), (accuracy, t("Accuracy") + " (%)"))
    ]
    remarks = [
        t("Training: the batches of the one epoch.")
        if within
        else t("Training: each epoch's mean, while it was trained.")
    ]
    if len(accuracy) > 1:
        remarks.append(t("Validation: at each epoch's end."))
    if plot.begins(accuracy) > 0:
        remarks.append(t("The accuracy axis does not begin at 0."))
    if data.run.status is Status.DIVERGED:
        remarks.append(t("The loss was no longer a finite number at the end; that is not drawn."))
    return {"title": t("Curves"), "missing": "", "svgs": svgs, "note": t.paragraph(remarks)}


def _lines(metric: Metric, data: ReportData, within: bool, t: Translator) -> list[plot.Line]:
    """The training line, and that of any validation, each named with its first and last value."""
    ends = [(epoch.position(data.run.digits.train), epoch) for epoch in data.epochs]
    training = [(position, getattr(epoch, metric)) for position, epoch in ends]
    if within:
        shown = data.batches[:: -(-len(data.batches) // _MOST_POINTS)]
        training = [(batch.position, getattr(batch, metric)) for batch in shown]
    values = [(position, getattr(epoch, f"val_{metric}")) for position, epoch in ends]
    validation = [(position, value) for position, value in values if value is not None]
    lines = [plot.Line(t("training"), training, plot.BLUE, dotted=True)]
    if validation:
        lines.append(plot.Line(t("validation"), validation, plot.VERMILLION, dotted=False))
    for number, line in enumerate(lines):
        if line.finite:
            first, last = (_value(line.finite[place][1], metric) for place in (0, -1))
            name = t("{line}: {first} → {last}", line=line.name, first=first, last=last)
            lines[number] = dataclasses.replace(line, name=name)
    return lines


def _value(value: float | None, metric: Metric) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if metric == "loss" else f"{value:.2%}"


# What it came to ----------------------------------------------------------------------------------


def metrics_table(data: ReportData, t: Translator) -> Values:
    """The scores before and after training, and those of the ten digits."""
    run, epochs, count = data.run, data.epochs, data.run.digits.test
    before, after = results.untrained_test(run.untrained), results.final_test(run, epochs)
    missing = ""
    if not epochs:
        missing, after = t("It ended before its first epoch: nothing was learned."), None
    elif after is None:
        missing = t("It was stopped before the test set could be read at its end.")
    own = [epochs[-1].accuracy, epochs[-1].val_accuracy] if epochs else [None, None]
    head = [
        "",
        t("Test loss"),
        t("Test accuracy"),
        t("95% interval of it"),
        t("Training accuracy"),
        t("Validation accuracy"),
    ]
    first = (run.untrained and run.untrained.images) or count
    last = (epochs and epochs[-1].test_images) or count
    rows = [
        [_beginning(data, t), *_scores(before, first), "–", "–"],
        [
            t("After training"),
            *_scores(after, last),
            *(_value(value, "accuracy") for value in own),
        ],
    ]
    caption = t(
        "Of its last epoch. The interval (Wilson) is what luck with {count} test images allows.",
        count=f"{count:,}",
    )
    caption = t.paragraph(filter(None, [caption, labels.tested_after_epoch(run, t)]))
    return {
        "title": t("Results"),
        "missing": missing,
        "tested": Table(head, rows, caption),
        "digits": _digits(data, t),
        "not_read": _not_read(data, t),
    }


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
    mean = metrics.macro(scores)

    def shares(rate: str) -> list[str]:
        values = [getattr(one, rate) for one in (*scores, mean)]
        return ["–" if value is None else f"{value:.1%}" for value in values]

    rows = [
        [t("Images"), *(f"{one.support:,}" for one in scores), f"{len(y_true):,}"],
        [t("Precision"), *shares("precision")],
        [t("Recall"), *shares("recall")],
        [t("F1"), *shares("f1")],
    ]
    head = [t("Digit"), *(str(one.digit) for one in scores), t("Mean")]
    return Table(head, rows, t("Digit by digit, on the test set"))


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
    whole, shown = layer.output[-1], len(tiles)
    count = str(whole) if shown == whole else t("{shown} of {count}", shown=shown, count=whole)
    text = t(
        "{when}: {kind}; weights from {low} to {high}, mean size {size}.",
        when=when,
        kind=t("{count} filters of {size}x{size}", count=count, size=layer.kernel)
        if layer.kind == "conv"
        else t("{count} units of 28x28", count=count),
        low=labels.fixed(found.min(), 2),
        high=labels.fixed(found.max(), 2),
        size=f"{np.abs(found).mean():.3f}",
    )
    return weights.mosaic(tiles, limit), text


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
    pairs = Counter((one.truth, one.predicted) for one in found)
    (truth, predicted), times = pairs.most_common(1)[0]
    most_often = t(
        "Most often a {truth} is read as a {predicted}: {times}.",
        truth=truth,
        predicted=predicted,
        times=times,
    )
    caption = t.paragraph([text, most_often])
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


# What it means ------------------------------------------------------------------------------------


def questions(data: ReportData, t: Translator) -> Values:
    """The lesson's questions, with lines for the answers."""
    lesson = TEXTS.get(labels.lesson(data.run))
    asked = [t(lesson.question), t(lesson.look)] if lesson else [t(_GENERAL[1]), t(_GENERAL[2])]
    asked = [*(one.replace("**", "") for one in asked), t(_GENERAL[0])]
    return {"title": t("Questions"), "asked": asked, "lines": _ANSWER_LINES}
