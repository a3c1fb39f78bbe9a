"""``reproduce``: trains the lessons again, and prints their authors' figures beside ours."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from digitlab import dataset, labels
from digitlab.commands.follow import INTERRUPTED, Interrupt, follow
from digitlab.commands.info import versions
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.home import home
from digitlab.jobs.cluster import scheduler_address
from digitlab.jobs.engine import Engine
from digitlab.messages import LabError, Translator, mark, message
from digitlab.store import Run, Status, Store
from digitlab.sweeps.planning import run_seconds
from digitlab.training import estimates, speed
from digitlab.training.estimates import Known
from tools.lessons import page, record
from tools.lessons.page import Results
from tools.lessons.rows import LESSON_NAMES, rows_of

ABOUT = mark("Train every lesson, and print its author's figures beside ours.")
OWNER = "reproduce"
_TRAINS_WITH = ("tensorflow-cpu", "tensorflow", "keras", "numpy")


def add_arguments(parser: argparse.ArgumentParser, t: Translator) -> None:
    """The options of ``reproduce``."""
    parser.add_argument(
        "--lesson",
        metavar="NAME",
        help=t("only this one of {names}", names=", ".join(LESSON_NAMES)),
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="PATH",
        help=t("write the numbers after each run, and train only what this file does not have"),
    )
    parser.add_argument(
        "--markdown", type=Path, metavar="PATH", help=t("write the page here and do not print it")
    )
    parser.add_argument("--keep", action="store_true", help=t("keep the runs in the lab"))
    for name, about in _TRIALS.items():
        parser.add_argument(f"--{name}", type=int, metavar="N", help=t(about))


_TRIALS = {
    "images": mark("for a trial: no more training images than this"),
    "epochs": mark("for a trial: no more epochs than this"),
    "seeds": mark("for a trial: no more seeds than this"),
}


def run(options: argparse.Namespace, t: Translator) -> int:
    """Train what is missing, and write or print the page; 0 if no run is missing then."""
    for name in _TRIALS:
        value = getattr(options, name)
        if value is not None and value < 1:
            raise LabError(
                message("--{name} must be 1 or more, not {value}.", name=name, value=value)
            )
    rows = tuple(
        row.at_most(options.images, options.epochs, options.seeds)
        for row in rows_of(options.lesson)
    )
    digits = dataset.current().digits
    scheduler_address()  # raises here; the engine would wait for a valid one
    setting = _setting(digits)
    records = record.read(options.json, setting) if options.json else {}
    results = Results(rows, records, setting, _command(options))
    _write(results, options, t)
    stopped = False
    if results.missing():
        results, stopped = _train(results, digits, options, t)
    if options.markdown is None:
        print(page.markdown(results, t), end="")
    if stopped:
        return INTERRUPTED
    return 1 if results.missing() else 0


def _setting(digits: DigitSet) -> dict[str, Any]:
    """What the figures depend on besides the configurations."""
    found = {name: version for name, version in versions().items() if name in _TRAINS_WITH}
    images = {
        "name": digits.name,
        "fingerprint": digits.fingerprint,
        "train": len(digits.x_train),
        "test": len(digits.x_test),
    }
    return {"machine": speed.machine(), "versions": found, "images": images}


def _command(options: argparse.Namespace) -> str:
    """The command that gives these figures, without the files that it writes."""
    words = ["python", "-m", "tools", "reproduce"]
    for name in ("lesson", *_TRIALS):
        if (value := getattr(options, name)) is not None:
            words += [f"--{name}", str(value)]
    return shlex.join(words)


def _write(results: Results, options: argparse.Namespace, t: Translator) -> None:
    """Write the files that the options name.

    Raises:
        LabError: one of them cannot be written.
    """
    if options.json:
        record.write(options.json, page.document(results))
    if options.markdown:
        record.write(options.markdown, page.markdown(results, t))


def _train(
    results: Results, digits: DigitSet, options: argparse.Namespace, t: Translator
) -> tuple[Results, bool]:
    """The results with the runs that were missing, written after each; True if Ctrl-C ended it."""
    missing = results.missing()
    asked, store = Interrupt(), Store(home())
    clock = _Clock([config for _, config in missing], digits, estimates.known(store))
    _say(_plan(results, clock.left, t))
    with closing(Engine(store, adopt=False, measure=False)) as engine:
        for row, config in missing:
            if asked.once:
                break
            title = t(
                "Row {number} of {count}, {name}, seed {seed}:",
                number=results.rows.index(row) + 1,
                count=len(results.rows),
                name=row.title,
                seed=config.seed,
            )
            started = engine.submit(OWNER, config, digits)
            follow(engine, started, asked, t, title=title)
            ended = store.run(started.id)
            if ended.status is Status.FINISHED:
                found = record.of_run(store, ended, digits, row.looks)
                records = {**results.records, record.key(found.config): found}
                results = replace(results, records=records)
                _write(results, options, t)
            clock.waiting.remove(config)
            _say(_progress(title, ended, clock.left, t))
            if not options.keep:
                store.delete(ended.id)
    if asked.once and options.json:
        _say(t("The same command goes on from here."))
    return results, asked.once


def _progress(title: str, ended: Run, left: float, t: Translator) -> str:
    if ended.outcome is None or ended.status is not Status.FINISHED:
        return f"{title} {t(ended.reason)}"
    return t(
        "{title} {seconds} s; about {left} to go.",
        title=title,
        seconds=f"{ended.outcome.seconds:.0f}",
        left=labels.duration(left, t),
    )


def _plan(results: Results, seconds: float, t: Translator) -> str:
    plan = t(
        "{rows} rows, {runs} runs to train: at most about {time} on this machine.",
        rows=len(results.rows),
        runs=len(results.missing()),
        time=labels.duration(seconds, t),
    )
    if speed.load():
        return plan
    hint = t(
        "Its speed has not been measured yet; this is a guess, and runs may be slower than they "
        "need be. To measure it first: python -m tools bench speed"
    )
    return t.paragraph([plan, hint])


class _Clock:
    """Estimates how long the runs in ``waiting`` will take, corrected by the finished ones."""

    def __init__(self, configs: Iterable[RunConfig], digits: DigitSet, known: Known) -> None:
        self.expected = {config: run_seconds(config, digits, known) for config in configs}
        self.waiting = list(self.expected)
        self.began = time.monotonic()

    @property
    def left(self) -> float:
        """Seconds left, at most: early stopping is not considered."""
        left = sum(self.expected[config] for config in self.waiting)
        done = sum(self.expected.values()) - left
        spent = time.monotonic() - self.began
        return left * (spent / done if done else 1.0)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
