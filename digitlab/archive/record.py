"""A run without its files, as JSON: written from the store, and read from a zip with doubt."""

from __future__ import annotations

import functools
import itertools
import json
import re
import string
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, cast, get_args

from babel.messages.pofile import read_po

from digitlab import config as settings
from digitlab.archive.fields import Fields
from digitlab.archive.form import RUN_ID
from digitlab.config import ALL_IMAGES, BY_NAME, RunConfig
from digitlab.layers import layers_of, parameter_count
from digitlab.messages import LOCALE_DIR, LabError, Message, message
from digitlab.presets import matching
from digitlab.progress import (
    Ending,
    EpochMetrics,
    ExecutionSettings,
    NumberFormat,
    Outcome,
    Untrained,
)
from digitlab.store import DataSetInfo, Run, Status, interrupted
from digitlab.store.library import LONGEST_NAME, checked_name

_FIELDS = (
    "source",
    "name",
    "pinned",
    "status",
    "reason",
    "config",
    "preset",
    "digits",
    "pace",
    "untrained",
    "outcome",
    "created",
    "started",
    "ended",
    "origin",
    "frozen",
    "epochs",
)

_MOST_IMAGES = 300_000  # of one part of a data set, as for the file that it is read from
_LARGEST_LOSS = 1e30
_ROUNDING = 1e-3  # so far outside its bounds may a mean of rounded numbers be
_LARGEST_TIME = 4e9  # seconds since 1970: the year 2096
_MANY = 10**9
_LONGEST_TEXT = 300
_DEEPEST_REASON = 3


@dataclass(frozen=True)
class RunRecord:
    """A run under the id it has elsewhere: ``run``, its name, whether it is pinned, its epochs.

    ``source`` is the id that it had where it was trained first: it stays, wherever it is loaded.
    """

    run: Run
    source: str
    name: str
    pinned: bool
    epochs: tuple[EpochMetrics, ...]


def to_json(record: RunRecord) -> bytes:
    """The file that ``from_json`` reads."""
    run = record.run
    parts = {
        name: None if value is None else asdict(value)
        for name, value in (
            ("pace", run.execution),
            ("untrained", run.untrained),
            ("outcome", run.outcome),
            ("digits", run.digits),
        )
    }
    data = parts | {
        "source": record.source,
        "name": record.name,
        "pinned": record.pinned,
        "status": run.status,
        "reason": run.reason.to_json(),
        "config": run.config.to_json(),
        "preset": run.preset,
        "created": run.created,
        "started": run.started,
        "ended": run.ended,
        "origin": run.origin,
        "frozen": run.frozen,
        "epochs": [asdict(epoch) for epoch in record.epochs],
    }
    return json.dumps(data, ensure_ascii=False).encode()


def from_json(data: Any, run: str) -> RunRecord:
    """The record of the run ``run`` in a JSON value, field by field.

    A run that was live becomes interrupted; its owner and its engine are left empty.

    Raises:
        LabError: a field is missing, unknown, of a wrong type or out of bounds; it is named.
    """
    found = Fields(data, _FIELDS)
    config = _config(found)
    epochs = _epochs(found.items("epochs", config.epochs), config)
    status, reason, outcome = _ending(found, config, epochs)
    now = time.time()
    created = min(found.number("created", 0, _LARGEST_TIME), now)
    started = found.number_or_none("started", 0, _LARGEST_TIME)
    ended = found.number_or_none("ended", 0, _LARGEST_TIME)
    preset = found.text_or_none("preset", _LONGEST_TEXT)
    read = Run(
        id=run,
        owner="",
        engine="",
        status=status,
        reason=reason,
        stop=False,
        config=config,
        # What is called a lesson here has the settings of that lesson here.
        preset=preset if preset == matching(config) else None,
        parameters=parameter_count(layers_of(config)),
        digits=_digits(found),
        execution=_execution(found),
        untrained=_untrained(found),
        outcome=outcome,
        created=created,
        started=started,
        ended=created if ended is None else ended,
        origin=_id(found, "origin"),
        frozen=found.flag("frozen"),
    )
    source = _id(found, "source")
    if source is None:
        raise found.wrong("source")
    return RunRecord(read, source, _name(found), found.flag("pinned"), epochs)


def _name(found: Fields) -> str:
    name = found.text("name", LONGEST_NAME)
    if checked_name(name) != name:
        raise found.wrong("name")
    return name


def _id(found: Fields, name: str) -> str | None:
    value = found.text_or_none(name, _LONGEST_TEXT)
    if value is not None and not RUN_ID.fullmatch(value):
        raise found.wrong(name)
    return value


def _config(found: Fields) -> RunConfig:
    """All fields of a configuration, each as the table of fields has it."""
    data = found.raw("config")
    if not isinstance(data, dict) or not set(BY_NAME) <= set(data):
        raise found.wrong("config")
    return settings.from_json(data)


def _digits(found: Fields) -> DataSetInfo:
    digits = found.part("digits", [field.name for field in fields(DataSetInfo)])
    name, fingerprint = digits.text("name", 40), digits.text("fingerprint", 64)
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise digits.wrong("name")
    if not re.fullmatch(r"[0-9a-f]{64}", fingerprint):
        raise digits.wrong("fingerprint")
    return DataSetInfo(
        name,
        fingerprint,
        digits.whole("train", 1, ALL_IMAGES),
        digits.whole("validation", 0, _MOST_IMAGES),
        digits.whole("test", 1, _MOST_IMAGES),
    )


def _execution(found: Fields) -> ExecutionSettings | None:
    execution = found.part_or_none("pace", [field.name for field in fields(ExecutionSettings)])
    if execution is None:
        return None
    number_format = cast(NumberFormat, execution.choice("format", get_args(NumberFormat)))
    return ExecutionSettings(
        number_format, execution.whole("threads", 1, 10_000), execution.whole("steps", 1, _MANY)
    )


def _untrained(found: Fields) -> Untrained | None:
    scores = found.part_or_none("untrained", ("loss", "accuracy"))
    if scores is None:
        return None
    loss = scores.number("loss", -_ROUNDING, _LARGEST_LOSS)
    return Untrained(loss, scores.number("accuracy", -_ROUNDING, 1 + _ROUNDING))


def _epochs(values: Sequence[Any], config: RunConfig) -> tuple[EpochMetrics, ...]:
    names = [field.name for field in fields(EpochMetrics)]
    read = [
        _epoch(Fields(value, names, f"epochs[{number}]."), config)
        for number, value in enumerate(values)
    ]
    for number, (one, following) in enumerate(itertools.pairwise(read), start=1):
        if following.epoch <= one.epoch:
            raise Fields({}, (), f"epochs[{number}].").wrong("epoch")
    return tuple(read)


def _epoch(found: Fields, config: RunConfig) -> EpochMetrics:
    return EpochMetrics(
        epoch=found.whole("epoch", 1, config.epochs),
        complete=found.flag("complete"),
        loss=found.number("loss", -_ROUNDING, _LARGEST_LOSS),
        accuracy=found.number("accuracy", -_ROUNDING, 1 + _ROUNDING),
        val_loss=found.number_or_none("val_loss", -_ROUNDING, _LARGEST_LOSS),
        val_accuracy=found.number_or_none("val_accuracy", -_ROUNDING, 1 + _ROUNDING),
        test_loss=found.number_or_none("test_loss", -_ROUNDING, _LARGEST_LOSS),
        test_accuracy=found.number_or_none("test_accuracy", -_ROUNDING, 1 + _ROUNDING),
        seconds=found.number("seconds", 0, _MANY),
        images=found.whole("images", 0, _MANY),
    )


def _ending(
    found: Fields, config: RunConfig, epochs: Sequence[EpochMetrics]
) -> tuple[Status, Message, Outcome | None]:
    """How the run ended. One that trained while it was packed ends here, as far as it was."""
    status = Status(found.choice("status", [status.value for status in Status]))
    reason, outcome = found.raw("reason"), _outcome(found, config)
    if not isinstance(reason, dict):
        raise found.wrong("reason")
    if status.live:
        return Status.INTERRUPTED, interrupted(epochs), None
    if outcome is not None and outcome.ending != status:
        raise found.wrong("outcome")
    return status, _reason(reason), outcome


def _outcome(found: Fields, config: RunConfig) -> Outcome | None:
    outcome = found.part_or_none("outcome", [field.name for field in fields(Outcome)])
    if outcome is None:
        return None
    return Outcome(
        ending=cast(Ending, outcome.choice("ending", get_args(Ending))),
        epochs=outcome.whole("epochs", 0, config.epochs),
        kept_epoch=outcome.whole("kept_epoch", 0, config.epochs),
        stopped_early=outcome.flag("stopped_early"),
        seconds=outcome.number("seconds", 0, _MANY),
        images_per_second=outcome.number("images_per_second", 0, _MANY),
    )


def _reason(data: Mapping[str, Any]) -> Message:
    """The reason for which a run ended, if it is a sentence of ours with plain values.

    A sentence from elsewhere is not kept: pages read it as Markdown, and fill its places.
    """
    try:
        reason = _sentence(data, _DEEPEST_REASON)
        str(reason)
    except (LabError, ValueError, LookupError, TypeError, AttributeError):
        return message("This run was trained elsewhere, and loaded from a file.")
    return reason


def _sentence(data: Any, depth: int) -> Message:
    found = Fields(data, ("text", "values"))
    text, values = found.text("text", 2_000), found.raw("values")
    if text not in _sentences() or not isinstance(values, dict) or not depth:
        raise found.wrong("text")
    places = {place for _, place, _, _ in string.Formatter().parse(text) if place is not None}
    if places != set(values):
        raise found.wrong("values")
    return Message(text, {name: _value(value, depth - 1) for name, value in values.items()})


def _value(value: Any, depth: int) -> Message | int | float | str:
    """A value for a place of a sentence; text keeps what Markdown has no meaning for."""
    if isinstance(value, dict):
        return _sentence(value, depth)
    if isinstance(value, str):
        return re.sub(r"[^\w ,:;'()=+-]", " ", value[:_LONGEST_TEXT])
    if type(value) is int and abs(value) <= _MANY:
        return value
    if type(value) is float and abs(value) <= _LARGEST_LOSS:
        return value
    raise ValueError("a value")


@functools.cache
def _sentences() -> frozenset[str]:
    """Every sentence of the catalogue, in English."""
    with (LOCALE_DIR / "ja.po").open("rb") as source:
        return frozenset(str(entry.id) for entry in read_po(source, locale="ja") if entry.id)
