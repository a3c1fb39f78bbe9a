"""The parts of a report, each from what the run has; what it has not is said in a sentence."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from digitlab import labels
from digitlab.charts.pixels import colour_limit
from digitlab.config import BY_NAME, DIGITS, FIELDS
from digitlab.inspection import metrics
from digitlab.inspection.metrics import Mistake, Rates, Reading
from digitlab.layers import Layer
from digitlab.lessons import TEXTS
from digitlab.messages import Translator, mark
from digitlab.network import Floats
from digitlab.pictures import enlarge, png_bytes
from digitlab.presets import PRESETS
from digitlab.report import plot, weights
from digitlab.report.data import Bytes, ReportData
from digitlab.report.page import (
    colour_bar,
    figure,
    heading,
    image,
    labelled,
    pairs,
    paragraph,
    pen_line,
    question,
    row,
    section,
    sheet,
    table,
)
from digitlab.scores import Scores, wilson
from digitlab.store import Run, Status, results

Metric = Literal["loss", "accuracy"]

_ANSWER_LINES = 7  # for the answer to a question
_FACTOR = 3  # pixels of the file a pixel of a digit, a side
_MOST_POINTS = 120  # of a curve within one epoch
_BY_PEN = (mark("Name"), mark("Class"), mark("Date"))
_GENERAL = (
    mark("What did you change, and what did you expect from it?"),
    mark("What do the curves say about how it learned?"),
    mark("Which digits does it misread, and why those?"),
)


def name_of(data: ReportData, t: Translator) -> str:
    """What the run is called: the name it was given, else what it changed of its lesson."""
    return data.name or labels.run_name(data.run, t, data.varied)


# What was trained ---------------------------------------------------------------------------------


def head(title: str, data: ReportData, t: Translator) -> str:
    """The title, a line for the pen, and the run in a few sentences."""
    run = data.run
    return "\n".join(
        [
            heading(title),
            pen_line(t("{label}:", label=t(one)) for one in _BY_PEN),
            paragraph(t(run.reason)),
            paragraph(_images(data, t)),
            *([paragraph(_gone_on(data, t))] if run.origin else []),
            paragraph(_facts(run, t), note=True),
        ]
    )


def _images(data: ReportData, t: Translator) -> str:
    digits = data.run.digits
    about = t(
        "Data: {name}; {train} images to train on, {validation} to validate, {test} to test.",
        name=labels.data_set(digits, t),
        train=f"{digits.train:,}",
        validation=f"{digits.validation:,}",
        test=f"{digits.test:,}",
    )
    if data.run.config.validation != "test":
        return about
    return t.paragraph([about, t("It was validated on the test images themselves.")])


def _gone_on(data: ReportData, t: Translator) -> str:
    before = data.origin_run
    called = labels.run_name(before, t) if before else t("run {id}", id=(data.run.origin or "")[:6])
    origin = data.origin or called
    told = t("It goes on from {name}: its beginning is that run's end.", name=origin)
    frozen = t("Its convolutions were frozen: they are still those of that run.")
    return t.paragraph([told, frozen]) if data.run.frozen else told


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


def settings(data: ReportData, t: Translator) -> str:
    """The settings that matter; those that are not the lesson's stand out, with the lesson's."""
    config = data.run.config
    lesson = labels.lesson(data.run)
    base = PRESETS[lesson]
    changed = {name for name in config.differences(base) if BY_NAME[name].applies(config)}
    rows = [
        (
            t(field.label),
            labels.shown(getattr(config, field.name), t),
            t("(lesson: {value})", value=labels.shown(getattr(base, field.name), t))
            if field.name in changed
            else "",
        )
        for field in FIELDS
        if field.applies(config)
    ]
    told = (
        t("All of them are as in the lesson {lesson}.", lesson=lesson)
        if not changed
        else t("In bold: what is not as in the lesson {lesson}.", lesson=lesson)
    )
    return section(t("Settings"), paragraph(told, note=True), pairs(rows))


# How it went --------------------------------------------------------------------------------------


def curves(data: ReportData, t: Translator) -> str:
    """Loss and accuracy over the epochs, side by side."""
    loss, accuracy = (_lines(metric, data, t) for metric in ("loss", "accuracy"))
    if not any(line.finite for line in loss):
        told = paragraph(t("It was not trained long enough for a curve."))
        return section(t("Curves"), told)
    unit = t("Loss: {name}", name=labels.shown(data.run.config.loss, t))
    drawn = row(
        figure(_drawn(loss, unit, t)),
        figure(_drawn(accuracy, t("Accuracy") + " (%)", t, percent=True)),
    )
    return section(
        t("Curves"), drawn, paragraph(t.paragraph(_remarks(accuracy, data, t)), note=True)
    )


def _drawn(lines: list[plot.Line], y: str, t: Translator, *, percent: bool = False) -> str:
    told = "; ".join([y, *(line.name for line in lines)])
    return plot.svg(lines, x=t("epoch"), y=y, alternative=told, percent=percent)


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
    """Whether there are too few epochs for a line, and batches to draw in their place."""
    return len(data.epochs) < 2 and bool(data.batches)


def _lines(metric: Metric, data: ReportData, t: Translator) -> list[plot.Line]:
    """Training, and validation where there was any."""
    training = _line(t("training"), _training(metric, data), metric, plot.BLUE, t)
    images = data.run.digits.train
    values = [(e.position(images), getattr(e, f"val_{metric}")) for e in data.epochs]
    validation = [(position, value) for position, value in values if value is not None]
    if not validation:
        return [training]
    return [training, _line(t("validation"), validation, metric, plot.VERMILLION, t)]


def _training(metric: Metric, data: ReportData) -> list[tuple[float, float]]:
    """Means of the epochs, or of parts of the only one."""
    if not _within_one_epoch(data):
        images = data.run.digits.train
        return [(epoch.position(images), getattr(epoch, metric)) for epoch in data.epochs]
    step = -(-len(data.batches) // _MOST_POINTS)
    return [(batch.position, getattr(batch, metric)) for batch in data.batches[::step]]


def _line(
    name: str, points: list[tuple[float, float]], metric: Metric, colour: str, t: Translator
) -> plot.Line:
    """A line whose name tells its first and its last value; training is dotted."""
    line = plot.Line(name, points, colour, dotted=colour == plot.BLUE)
    if not line.finite:
        return line
    told = t(
        "{line}: {first} → {last}",
        line=name,
        first=_value(line.finite[0][1], metric),
        last=_value(line.finite[-1][1], metric),
    )
    return dataclasses.replace(line, name=told)


def _value(value: float | None, metric: Metric) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if metric == "loss" else f"{value:.2%}"


# What it came to ----------------------------------------------------------------------------------


def metrics_table(data: ReportData, t: Translator) -> str:
    """Test scores before and after, the last epoch's others, and the ten digits."""
    run, epochs = data.run, data.epochs
    before, after = results.untrained_test(run.untrained), results.final_test(run, epochs)
    tested = _tested(before, after if epochs else None, data, t)
    if not epochs:
        note = paragraph(t("It ended before its first epoch: nothing was learned."))
    elif after is None:
        note = paragraph(t("It was stopped before the test set could be read at its end."))
    else:
        note = ""
    return section(t("Results"), note, tested, _digits(data, t))


def _tested(before: Scores | None, after: Scores | None, data: ReportData, t: Translator) -> str:
    count = data.run.digits.test
    last = data.epochs[-1] if data.epochs else None
    own = [_value(last.accuracy, "accuracy"), _value(last.val_accuracy, "accuracy")] if last else []
    return table(
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
    """Labels and probabilities of the test set, where there are both and they fit."""
    y_true, probabilities = data.labels, data.probabilities
    if y_true is None or probabilities is None or len(y_true) != len(probabilities):
        return None
    return y_true, probabilities


def _digits(data: ReportData, t: Translator) -> str:
    read = _read(data)
    if read is None:
        return paragraph(_not_read(data, t))
    y_true, probabilities = read
    scores = metrics.per_digit(y_true, probabilities.argmax(axis=1))
    columns = [[f"{s.support:,}", *_shares(s)] for s in scores]
    columns.append([f"{len(y_true):,}", *_shares(metrics.macro(scores))])
    names = [t("Images"), t("Precision"), t("Recall"), t("F1")]
    rows = [[name, *values] for name, *values in zip(names, *columns, strict=True)]
    head = [t("Digit"), *(str(s.digit) for s in scores), t("Mean")]
    return table(head, rows, t("Digit by digit, on the test set"))


def _shares(rates: Rates) -> list[str]:
    shares = (rates.precision, rates.recall, rates.f1)
    return ["–" if share is None else f"{share:.1%}" for share in shares]


def _not_read(data: ReportData, t: Translator) -> str:
    if data.labels is None:
        return t("Digit by digit: the test images of this run are not here any more.")
    return t("Digit by digit: this run kept no reading of the test set at its end.")


# What it looks like inside ------------------------------------------------------------------------


def first_layer(data: ReportData, t: Translator) -> str:
    """The first layer's weights before and after, on one scale."""
    filters = data.layer.kind == "conv"
    title = t("Filters, before and after") if filters else t("First weights, before and after")
    known = [w for w in (data.before, data.after) if w is not None]
    if not known:
        return section(title, paragraph(t("This run kept no weights that can be shown.")))
    limit = colour_limit(*known)
    shown = [
        _weights(data.before, _beginning(data, t), limit, data, t),
        _weights(data.after, t("After training"), limit, data, t),
    ]
    bar = colour_bar(
        weights.scale(),
        t("One scale for both: blue −{limit}, white 0, red +{limit}", limit=f"{limit:.2g}"),
    )
    return section(title, row(*shown), bar)


def _weights(found: Floats | None, when: str, limit: float, data: ReportData, t: Translator) -> str:
    if found is None:
        return figure("", t("{when}: these weights were not kept.", when=when))
    tiles, layer = weights.tiles(found, data.layer), data.layer
    kind = _kind(len(tiles), layer, t)
    told = t(
        "{when}: {kind}; weights from {low} to {high}, mean size {size}.",
        when=when,
        kind=kind,
        low=labels.fixed(found.min(), 2),
        high=labels.fixed(found.max(), 2),
        size=f"{np.abs(found).mean():.3f}",
    )
    return figure(image(weights.mosaic(tiles, limit), told), told)


def _kind(shown: int, layer: Layer, t: Translator) -> str:
    """How many of the layer's filters or neurons are shown."""
    whole = layer.output[-1]
    count = str(whole) if shown == whole else t("{shown} of {count}", shown=shown, count=whole)
    if layer.kind == "conv":
        return t("{count} filters of {size}x{size}", count=count, size=layer.kernel)
    return t("{count} units of 28x28", count=count)


def misclassified(data: ReportData, t: Translator) -> str:
    """The lesson's sheet of misread samples: a column a digit, up to five in each."""
    title, read = t("Misread samples"), _read(data)
    if read is None or data.images is None:
        return section(title, paragraph(_not_read(data, t)))
    found = metrics.mistakes(*read)
    if not found:
        return section(title, paragraph(t("No test sample is misread.")))
    columns = metrics.sheet(found)
    told = t(
        "A column for each digit, up to five of its misread samples, drawn at random: {shown} of "
        "{count}, of {all} test samples. Under each: truth → read as. Printed dark on light; the "
        "network sees it light on dark.",
        shown=sum(map(len, columns)),
        count=f"{len(found):,}",
        all=f"{len(read[0]):,}",
    )
    rows = [
        [_sample(sample, data.images, t) if sample else "" for sample in samples]
        for samples in metrics.upright(columns)
    ]
    drawn = sheet([str(digit) for digit in range(DIGITS)], rows)
    return section(title, figure(drawn, t.paragraph([told, _most_often(found, t)])))


def _sample(sample: Reading, images: Bytes, t: Translator) -> str:
    """A misread sample, in dark ink on light paper, with its number under the pointer."""
    ink = enlarge(255 - images[sample.index], _FACTOR)
    told = t(
        "Test sample {index}: a {truth} read as a {predicted}",
        index=sample.index,
        truth=sample.truth,
        predicted=sample.predicted,
    )
    return labelled(image(png_bytes(ink), told), f"{sample.truth} → {sample.predicted}")


def _most_often(found: Sequence[Mistake], t: Translator) -> str:
    (truth, predicted), times = Counter((m.truth, m.predicted) for m in found).most_common(1)[0]
    return t(
        "Most often a {truth} is read as a {predicted}: {times}.",
        truth=truth,
        predicted=predicted,
        times=times,
    )


# What it means ------------------------------------------------------------------------------------


def questions(data: ReportData, t: Translator) -> str:
    """The lesson's questions, and an empty place for each answer."""
    text = TEXTS.get(labels.lesson(data.run))
    asked = [t(text.question), t(text.look)] if text else [t(_GENERAL[1]), t(_GENERAL[2])]
    asked = [*(one.replace("**", "") for one in asked), t(_GENERAL[0])]
    places = (question(number, one, _ANSWER_LINES) for number, one in enumerate(asked, 1))
    return section(t("Questions"), *places, new_page=True)
