"""``train``: trains one run through the engine, and prints a JSON summary."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from typing import Any

from msgspec.structs import asdict

from digitlab import dataset
from digitlab.commands.follow import INTERRUPTED, Interrupt, follow
from digitlab.config import ConfigError, RunConfig, apply_settings
from digitlab.home import home
from digitlab.jobs.cluster import most_workers, scheduler_address
from digitlab.jobs.engine import Engine
from digitlab.messages import Translator, mark, message
from digitlab.presets import DEFAULT_PRESET, PRESETS
from digitlab.scores import Scores
from digitlab.store import Run, Status, Store, results

ABOUT = mark("Train a network and print what it came to.")
OWNER = "command-line"


def add_arguments(parser: argparse.ArgumentParser, t: Translator) -> None:
    """The options of ``train``."""
    parser.add_argument(
        "--preset",
        default=DEFAULT_PRESET,
        metavar="NAME",
        help=t("the lesson to train: {names}", names=", ".join(PRESETS)),
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help=t("change one setting of the lesson; may be repeated"),
    )
    parser.add_argument("--json", action="store_true", help=t("print nothing but the JSON object"))


def run(options: argparse.Namespace, t: Translator) -> int:
    """Train, and print the summary as JSON; 0 if the run finished."""
    config = chosen_config(options.preset, options.set)
    store = Store(home())
    digits = dataset.current().digits
    scheduler_address(), most_workers()  # raise here; the engine would wait for a valid one
    with closing(Engine(store, adopt=False, measure=False)) as engine:
        started = engine.submit(OWNER, config, digits)
        asked = Interrupt()
        follow(engine, started, asked, t, quiet=options.json)
    ended = store.run(started.id)
    if not options.json:
        print(t(ended.reason), file=sys.stderr)
    print(json.dumps(summary(ended, store)))
    if asked.once:
        return INTERRUPTED
    return 0 if ended.status is Status.FINISHED else 1


def chosen_config(preset: str, settings: list[str]) -> RunConfig:
    """The lesson with its settings changed.

    Raises:
        ConfigError: the lesson or a setting is unknown, or a value is refused.
    """
    if preset not in PRESETS:
        raise ConfigError(
            message(
                "There is no lesson called {name}; there are {names}.",
                name=preset[:40],
                names=", ".join(PRESETS),
            )
        )
    changes = {}
    for setting in settings:
        field, equals, value = setting.partition("=")
        if not equals:
            raise ConfigError(
                message("Write --set FIELD=VALUE, not --set {setting}.", setting=setting[:40])
            )
        changes[field.strip()] = value
    return apply_settings(PRESETS[preset], changes)


def summary(run: Run, store: Store) -> dict[str, Any]:
    """A run as a JSON object; what it lacks is null."""
    epochs = store.epochs(run.id)
    last = epochs[-1] if epochs else None
    outcome = run.outcome
    validation = None
    if last and last.val_loss is not None:
        validation = {"loss": last.val_loss, "accuracy": last.val_accuracy}
    return {
        "run": run.id,
        "status": run.status.value,
        "reason": str(run.reason),
        "preset": run.preset,
        "config": run.config.relevant(),
        "dataset": run.digits.name,
        "images": {part: getattr(run.digits, part) for part in ("train", "validation", "test")},
        "parameters": run.parameters,
        "epochs": sum(epoch.complete for epoch in epochs),
        "stopped_early": outcome.stopped_early if outcome else False,
        "untrained": _scores(results.untrained_test(run.untrained)),
        "train": {"loss": last.loss, "accuracy": last.accuracy} if last else None,
        "validation": validation,
        "test": _scores(results.final_test(run, epochs)),
        "seconds": outcome.seconds if outcome else None,
        "images_per_second": outcome.images_per_second if outcome else None,
        "execution": asdict(run.execution) if run.execution else None,
    }


def _scores(scores: Scores | None) -> dict[str, float] | None:
    return {"loss": scores.loss, "accuracy": scores.accuracy} if scores else None
