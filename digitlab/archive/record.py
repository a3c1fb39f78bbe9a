"""A run without its files, as JSON: written from the store, and read from a zip unvalidated.

What both tell of a run is declared in ``records.RunFields``.
"""

from __future__ import annotations

import functools
import re
import string
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
from babel.messages.pofile import read_po
from msgspec import Meta
from msgspec.structs import replace

from digitlab import config as settings
from digitlab.archive.fields import read, wrong
from digitlab.config import BY_NAME
from digitlab.layers import layers_of, parameter_count
from digitlab.messages import LOCALE_DIR, LabError, Message, message
from digitlab.presets import matching
from digitlab.progress import LARGEST_LOSS, ROUNDING, EpochMetrics
from digitlab.records import Run, RunFields, RunId, Status, Text, values_of
from digitlab.store import interrupted
from digitlab.store.library import LONGEST_NAME, checked_name

_MANY = 10**9  # the largest whole number that a reason may quote
_LONGEST_VALUE = 300  # characters of a text that a reason quotes
_DEEPEST_REASON = 3
_MOST_EPOCHS = int(BY_NAME["epochs"].high)


class RunRecord(RunFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The file ``run.json``: a run with its name, whether it is pinned, and its epochs.

    ``source`` is the id that it had where it was trained first: it stays, wherever it is loaded.
    """

    source: RunId
    name: Annotated[Text, Meta(max_length=LONGEST_NAME)]
    pinned: bool
    epochs: Annotated[tuple[EpochMetrics, ...], Meta(max_length=_MOST_EPOCHS)]

    def run(self, run_id: str) -> Run:
        """The run under this id; its owner and its engine are left empty."""
        return Run(
            id=run_id,
            owner="",
            engine="",
            stop=False,
            parameters=parameter_count(layers_of(self.config)),
            **{name: getattr(self, name) for name in RunFields.__struct_fields__},
        )


def to_json(
    run: Run, *, source: str, name: str, pinned: bool, epochs: Sequence[EpochMetrics]
) -> bytes:
    """The file that ``from_json`` reads."""
    beside = {"source": source, "name": name, "pinned": pinned, "epochs": epochs}
    return msgspec.json.encode(values_of(RunFields, run) | beside)


def from_json(data: Any) -> RunRecord:
    """The record in a JSON value; a run that was live becomes interrupted.

    Raises:
        LabError: a field is missing, unknown, of a wrong type or out of bounds; it is named.
    """
    packed = read(RunRecord, _with_own_types(data))
    _check(packed)
    created = min(packed.created, time.time())
    changes: dict[str, Any] = {
        "created": created,
        "ended": created if packed.ended is None else packed.ended,
        # What is called a lesson here has the settings of that lesson here.
        "preset": packed.preset if packed.preset == matching(packed.config) else None,
    }
    if packed.status.live:  # it trained while it was packed, and ends here, as far as it was
        reason = interrupted(packed.epochs)
        changes |= {"status": Status.INTERRUPTED, "reason": reason, "outcome": None}
    return replace(packed, **changes)


def _with_own_types(data: Any) -> Any:
    """``data`` with its configuration and its reason read, which have rules of their own."""
    if not isinstance(data, dict):
        return data
    config, reason = data.get("config"), data.get("reason")
    if not isinstance(config, dict) or "network" not in config:
        raise wrong("config")
    said = {"reason": _reason(reason)} if isinstance(reason, dict) else {}
    # A zip of an older lab lacks what was added to the configuration later.
    return data | {"config": settings.from_json(config)} | said


def _check(packed: RunRecord) -> None:
    """Refuse fields that are each allowed but do not fit each other."""
    most, outcome, untrained = packed.config.epochs, packed.outcome, packed.untrained
    if checked_name(packed.name) != packed.name:
        raise wrong("name")
    if untrained is not None and not -ROUNDING <= untrained.loss <= LARGEST_LOSS:
        raise wrong("untrained.loss")
    if untrained is not None and untrained.images > packed.digits.test:
        raise wrong("untrained.images")
    if len(packed.epochs) > most:
        raise wrong("epochs")
    before = 0
    for number, epoch in enumerate(packed.epochs):
        if not before < epoch.epoch <= most:
            raise wrong(f"epochs[{number}].epoch")
        before = epoch.epoch
        if epoch.test_images > packed.digits.test:
            raise wrong(f"epochs[{number}].test_images")
    if outcome is not None:
        for name in ("epochs", "kept_epoch"):
            if getattr(outcome, name) > most:
                raise wrong(f"outcome.{name}")
        if not packed.status.live and outcome.ending != packed.status:
            raise wrong("outcome")


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
    if not depth or set(data) != {"text", "values"} or data["text"] not in _sentences():
        raise ValueError("no sentence")
    text, values = data["text"], data["values"]
    places = {place for _, place, _, _ in string.Formatter().parse(text) if place is not None}
    if places != set(values):
        raise ValueError("no values")
    return Message(text, {name: _value(value, depth - 1) for name, value in values.items()})


def _value(value: Any, depth: int) -> Message | int | float | str:
    """A value for a place of a sentence; text keeps what Markdown has no meaning for."""
    if isinstance(value, dict):
        return _sentence(value, depth)
    if isinstance(value, str):
        return re.sub(r"[^\w ,:;'()=+-]", " ", value[:_LONGEST_VALUE])
    if type(value) is int and abs(value) <= _MANY:
        return value
    if type(value) is float and abs(value) <= LARGEST_LOSS:
        return value
    raise ValueError("a value")


@functools.cache
def _sentences() -> frozenset[str]:
    """Every sentence of the catalogue, in English."""
    with (LOCALE_DIR / "ja.po").open("rb") as source:
        return frozenset(str(entry.id) for entry in read_po(source, locale="ja") if entry.id)
