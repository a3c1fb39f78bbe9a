"""One finished run of a lesson as numbers alone, and the file that keeps such runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from digitlab import config as settings
from digitlab import disk, models
from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.drawing import examples, from_image
from digitlab.messages import LabError, message
from digitlab.progress import EpochMetrics, ExecutionSettings, Outcome, Untrained
from digitlab.store import Run, Store

# What is found out with the weights, which are not kept.
Look = Literal["least-class", "most-class", "typeset-six"]


# What JSON of another form raises.
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


class RecordError(LabError):
    """A file of results that cannot be read or written."""


class LessonResult(Struct, frozen=True, forbid_unknown_fields=True):
    """What a run came to. ``images`` are those of one epoch; ``ended`` is seconds, UTC."""

    config: RunConfig
    parameters: int
    images: int
    untrained: Untrained | None
    epochs: tuple[EpochMetrics, ...]
    outcome: Outcome
    execution: ExecutionSettings
    looks: Mapping[str, float]
    ended: float


def key(config: RunConfig) -> str:
    """Equal for configurations that train alike."""
    return json.dumps(config.relevant(), sort_keys=True)


def of_run(store: Store, run: Run, digits: DigitSet, looks: tuple[Look, ...]) -> LessonResult:
    """The record of a run that has finished, and what ``looks`` finds with its weights."""
    if run.outcome is None or run.execution is None or run.ended is None:
        raise ValueError(f"the run {run.id} has not finished")
    return LessonResult(
        run.config,
        run.parameters,
        run.digits.train,
        run.untrained,
        tuple(store.epochs(run.id)),
        run.outcome,
        run.execution,
        {name: _looked(name, store, run.id, digits) for name in looks},
        run.ended,
    )


def _looked(name: Look, store: Store, run_id: str, digits: DigitSet) -> float:
    if name == "typeset-six":
        drawing = from_image(examples.typeset_six())
        return float(models.of_run(store, run_id).read(drawing.digit).digit)
    # What the untrained network gives each class, as a mean over 1,000 test images.
    means = models.of_run(store, run_id, 0).predict(digits.x_test[:1_000]).mean(axis=0)
    return float(means.min() if name == "least-class" else means.max())


def read(path: Path, setting: Mapping[str, Any]) -> dict[str, LessonResult]:
    """The runs that a file keeps, by the key of their configuration; none where it is missing.

    Args:
        path: a file that ``write`` made.
        setting: the machine, the versions and the images that the file has to be of.

    Raises:
        RecordError: it cannot be read, holds something else, or is of another setting.
    """
    not_ours = RecordError(
        message(
            "{path} is not a file of results of this command. Name another file with --json.",
            path=str(path)[:200],
        )
    )
    try:
        data = msgspec.json.decode(path.read_text(encoding="utf-8"))
        theirs = {name: data[name] for name in setting}
        results = [
            msgspec.convert(row | {"config": settings.from_json(row["config"])}, LessonResult)
            for row in data["runs"]
        ]
    except FileNotFoundError:
        return {}
    except (OSError, LabError, *_BROKEN) as error:
        raise not_ours from error
    for name, ours in setting.items():
        if theirs[name] != ours:
            raise RecordError(
                message(
                    "{path} holds results that were made with another setting ({name}). Name "
                    "another file with --json.",
                    path=str(path)[:200],
                    name=name,
                )
            )
    return {key(result.config): result for result in results}


def write(path: Path, text: str) -> None:
    """Write a text file, whole or not at all.

    Raises:
        RecordError: it cannot be written there.
    """
    try:
        disk.remove_unfinished(path.parent, of=path.name)
        with disk.replacing(path) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RecordError(
            message(
                "{path} cannot be written ({detail}). Name a file in a folder that you may "
                "write in.",
                path=str(path)[:200],
                detail=error.strerror,
            )
        ) from error
