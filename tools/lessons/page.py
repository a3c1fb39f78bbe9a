"""The lessons' numbers as a page of Markdown and as JSON: the author's figures beside ours."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from digitlab.config import RunConfig
from digitlab.dataset import MNIST_FINGERPRINT
from digitlab.messages import Translator, mark
from digitlab.sweeps.measures import Spread, ranking
from tools.lessons.record import LessonResult, key
from tools.lessons.rows import DROPOUT, NOTES, ROWS, Figure, Row, Verdict, verdict

_NOTHING = "—"
_VERDICTS: dict[Verdict, str] = {
    "holds": mark("yes"),
    "above": mark("**above**"),
    "below": mark("**below**"),
}


@dataclass(frozen=True)
class Results:
    """Rows and the runs of them that have finished.

    ``setting`` tells the machine, the versions and the images; ``command`` is how to get the same.
    ``records`` may hold runs that belong to none of the rows.
    """

    rows: tuple[Row, ...]
    records: Mapping[str, LessonResult]
    setting: Mapping[str, Any]
    command: str

    def of(self, row: Row) -> list[LessonResult]:
        """The runs of a row that have finished, in the order of their seeds."""
        keys = (key(config) for config in row.configs)
        return [self.records[name] for name in keys if name in self.records]

    def values(self, row: Row, figure: Figure) -> list[float]:
        """A figure of each of a row's runs, where it is known."""
        return [value for value in map(figure.of, self.of(row)) if value is not None]

    def missing(self) -> list[tuple[Row, RunConfig]]:
        """The runs that are still to be trained, each once, with the first row they belong to."""
        found: dict[str, tuple[Row, RunConfig]] = {}
        for row in self.rows:
            for config in row.configs:
                found.setdefault(key(config), (row, config))
        return [pair for name, pair in found.items() if name not in self.records]

    @property
    def comparable(self) -> bool:
        """Whether these are the lessons as they are, on all of MNIST's own images."""
        whole: bool = self.setting["images"]["fingerprint"] == MNIST_FINGERPRINT
        return whole and all(row in ROWS for row in self.rows)


def document(results: Results) -> str:
    """Everything as JSON, the records of the runs with their curves included."""
    data = {
        **results.setting,
        "command": results.command,
        "rows": [_row(row, results) for row in results.rows],
        "runs": msgspec.to_builtins(list(results.records.values())),
    }
    return json.dumps(data, indent=1) + "\n"


def _row(row: Row, results: Results) -> dict[str, Any]:
    outcomes = [record.outcome for record in results.of(row)]
    figures = []
    for figure in row.figures:
        values = results.values(row, figure)
        figures.append(
            {
                "name": figure.name,
                "author": figure.author or None,
                "low": figure.low,
                "high": figure.high,
                "each_low": figure.each_low,
                "mean": sum(values) / len(values) if values else None,
                "values": values,
                "verdict": verdict(figure, values) if results.comparable else None,
            }
        )
    return {
        "lesson": row.lesson,
        "name": row.name,
        "preset": row.preset,
        "changes": dict(row.changes),
        "seeds": row.seeds,
        "figures": figures,
        "epochs": [outcome.epochs for outcome in outcomes],
        "seconds": [outcome.seconds for outcome in outcomes],
        "images_per_second": [outcome.images_per_second for outcome in outcomes],
    }


def markdown(results: Results, t: Translator) -> str:
    """The page: what was compared, the sweep, what the runs took, and what differs and why."""
    parts = [
        ["# " + t("The lessons' numbers"), "", *_about(results, t)],
        _numbers(results, [row for row in results.rows if row.lesson != DROPOUT], t),
        _sweep(results, [row for row in results.rows if row.lesson == DROPOUT], t),
        _costs(results, t),
        _notes(results, t),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _about(results: Results, t: Translator) -> list[str]:
    machine, images = results.setting["machine"], results.setting["images"]
    versions = ", ".join(f"{name} {v}" for name, v in results.setting["versions"].items())
    ended = sorted(record.ended for row in results.rows for record in results.of(row))
    days = [time.strftime("%Y-%m-%d", time.gmtime(when)) for when in ended[:1] + ended[-1:]]
    about = [
        t("What the lessons' authors report, and what the lab comes to with the same settings:"),
        "",
        "```",
        results.command,
        "```",
        "",
        t("- Trained: {date}", date=" – ".join(dict.fromkeys(days)) or _NOTHING),
        t(
            "- Machine: {processor}, {cores} cores",
            processor=machine["processor"],
            cores=machine["cores"],
        ),
        t("- Python {python}, {versions}", python=machine["python"], versions=versions),
        t(
            "- Images: {name}, {train} to train on and {test} to test on",
            name=images["name"],
            train=f"{images['train']:,}",
            test=f"{images['test']:,}",
        ),
    ]
    if not results.comparable:
        trial = t(
            "**A trial: not all of MNIST, or fewer epochs or seeds than the lessons have. Nothing "
            "is compared.**"
        )
        about += ["", trial]
    if missing := len(results.missing()):
        about += ["", t("**Not complete: {count} runs are still to be trained.**", count=missing)]
    return about


def _numbers(results: Results, rows: Sequence[Row], t: Translator) -> list[str]:
    if not rows:
        return []
    titles = (
        t("lesson"),
        t("figure"),
        t("author"),
        t("ours should be"),
        t("ours, mean"),
        t("each seed"),
        t("as it should be"),
    )
    lines = []
    for row in rows:
        for figure in row.figures:
            values = results.values(row, figure)
            found = verdict(figure, values) if results.comparable else None
            lines.append(
                (
                    row.title if figure is row.figures[0] else "",
                    t(figure.name),
                    t(figure.author) if figure.author else _NOTHING,
                    _expected(figure, t),
                    _mean(figure, values),
                    _each(_shown(figure, value) for value in values),
                    t(_VERDICTS[found]) if found else _NOTHING,
                )
            )
    return _table(titles, lines)


def _expected(figure: Figure, t: Translator) -> str:
    if figure.low is None:
        return _NOTHING
    low = _bound(figure.low)
    if figure.high is None:
        return t("{low} or more", low=low)
    if figure.high == figure.low:
        return low
    bounds = {"low": low, "high": _bound(figure.high)}
    if figure.each_low is None:
        return t("{low} to {high}", **bounds)
    return t("{low} to {high}, each at least {least}", least=_bound(figure.each_low), **bounds)


def _sweep(results: Results, rows: Sequence[Row], t: Translator) -> list[str]:
    """One line for each dropout, and which of them has the lowest validation loss."""
    if not rows:
        return []
    figures = rows[0].figures
    titles = (t("dropout"), *(t(figure.name) for figure in figures), t("epochs"))
    lines = []
    for row in rows:
        cells = [row.name]
        for figure in figures:
            values = results.values(row, figure)
            each = _each(_shown(figure, value) for value in values)
            cells.append(_mean(figure, values) + (f" ({each})" if len(values) > 1 else ""))
        lines.append([*cells, _each(record.outcome.epochs for record in results.of(row))])
    told = t("The dropout sweep on mlp-512, as the mean and, in brackets, each seed:")
    return ["## " + t("Dropout"), "", told, "", *_table(titles, lines), *_best(results, rows, t)]


def _best(results: Results, rows: Sequence[Row], t: Translator) -> list[str]:
    loss = rows[0].figures[1]
    values = [results.values(row, loss) for row in rows]
    found = ranking("loss", [Spread(tuple(each)) if each else None for each in values])
    if found is None or len(found.cells) < len(rows):
        return []
    best, lowest = rows[found.cells[0]].name, _shown(loss, found.spreads[0].mean)
    told = t("The validation loss is lowest with {best}: {loss}.", best=best, loss=lowest)
    if found.seeds < 2:
        told += " " + t("One seed each cannot tell whether that is more than luck.")
    elif found.rivals:
        rivals = ", ".join(rows[number].name for number in found.rivals)
        told += " " + t("Within the spread of its seeds are {rivals}.", rivals=rivals)
    return ["", told]


def _costs(results: Results, t: Translator) -> list[str]:
    titles = (
        t("lesson"),
        t("preset and what is changed"),
        t("parameters"),
        t("images an epoch"),
        t("epochs"),
        t("seconds a run"),
        t("images/s"),
        t("number format, threads"),
    )
    lines = []
    for row in results.rows:
        records = results.of(row)
        outcomes = [record.outcome for record in records]
        executions = [f"{each.execution.format}, {each.execution.threads}" for each in records]
        lines.append(
            (
                row.title,
                ", ".join([row.preset, *(f"{k}={value}" for k, value in row.changes.items())]),
                _each(dict.fromkeys(f"{record.parameters:,}" for record in records)),
                _each(dict.fromkeys(f"{record.images:,}" for record in records)),
                _each(outcome.epochs for outcome in outcomes),
                _each(f"{outcome.seconds:.0f}" for outcome in outcomes),
                _each(f"{outcome.images_per_second:,.0f}" for outcome in outcomes),
                "; ".join(dict.fromkeys(executions)) or _NOTHING,
            )
        )
    return ["## " + t("What the runs took"), "", *_table(titles, lines)]


def _notes(results: Results, t: Translator) -> list[str]:
    lessons = dict.fromkeys(row.lesson for row in results.rows)
    general = t(
        "Images a second count training alone; the seconds of a run also hold reading the test "
        "and validation images after each epoch. The same seed gives the same run on the same "
        "machine with the same number format and threads, not on another."
    )
    notes = [f"- **{lesson}**: {t(NOTES[lesson])}" for lesson in lessons]
    return ["## " + t("What differs, and why"), "", *notes, "", general]


def _table(titles: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (titles, ["---"] * len(titles), *lines)]


def _mean(figure: Figure, values: Sequence[float]) -> str:
    return _shown(figure, sum(values) / len(values)) if values else _NOTHING


def _shown(figure: Figure, value: float) -> str:
    return f"{value:.{figure.decimals}f}"


def _bound(value: float) -> str:
    """A bound as it is said: 2.3, but 0.980."""
    return f"{value:.3f}" if value < 1 else f"{value:g}"


def _each(values: Iterable[object]) -> str:
    """A value for each run; numbers may hold commas."""
    return " / ".join(map(str, values)) or _NOTHING
