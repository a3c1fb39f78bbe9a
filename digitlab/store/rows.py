"""Rows of the table ``runs`` become runs here, and runs rows, as ``records.Run`` declares them."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, get_args

import msgspec
from msgspec import Struct

from digitlab import config as settings
from digitlab.config import RunConfig
from digitlab.messages import LabError, Message, message
from digitlab.presets import PRESETS
from digitlab.progress import EpochMetrics
from digitlab.records import Run

log = logging.getLogger(__name__)

UNREADABLE_RUN = message(
    "This run cannot be read: it was made by another version of Digit Lab, or its entry is damaged."
)

_Read = TypeVar("_Read")


class StoreError(LabError):
    """A run or file that is not in the store."""


class UnreadableRunError(StoreError):
    """A run that is there, and says what this version does not know or allow."""


def column(value: Any) -> Any:
    """``value`` as a column holds it: JSON for what has parts."""
    if isinstance(value, Struct) or dataclasses.is_dataclass(value):
        return json.dumps(msgspec.to_builtins(value))  # unlike msgspec's JSON, it can say NaN
    return value


def insert(
    database: sqlite3.Connection, table: str, values: Mapping[str, Any], verb: str = "INSERT"
) -> None:
    """Add a row to a table; ``values`` are by column."""
    places = ", ".join("?" * len(values))
    database.execute(
        f"{verb} INTO {table} ({', '.join(values)}) VALUES ({places})", tuple(values.values())
    )


def run_of(row: sqlite3.Row | dict[str, Any]) -> Run:
    """The run in a row of the table ``runs``, which may have further columns.

    Raises:
        UnreadableRunError: it says what this version does not know or allow.
    """
    values = dict(row)
    try:
        for name, kind in _JSON_COLUMNS.items():
            values[name] = _part(kind, values[name]) if values[name] is not None else None
        if values["preset"] not in PRESETS:
            values["preset"] = None
        return msgspec.convert(values, Run, strict=False)  # SQLite has 0 and 1 for false and true
    except (LabError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        note_unreadable("run", values["id"], f"{type(error).__name__}: {error}"[:300])
        raise UnreadableRunError(UNREADABLE_RUN) from error


def readable(
    rows: Iterable[sqlite3.Row], read: Callable[[sqlite3.Row], _Read]
) -> tuple[list[_Read], list[str]]:
    """What ``read`` makes of rows of the table ``runs``; the ids of those that cannot be read."""
    found: list[_Read] = []
    unreadable: list[str] = []
    for row in rows:
        try:
            found.append(read(row))
        except UnreadableRunError:
            unreadable.append(row["id"])
    return found, unreadable


def epoch_of(row: Mapping[str, Any]) -> EpochMetrics:
    """The epoch metrics in a row of the table ``epochs``, without its run."""
    return EpochMetrics(**{**row, "complete": bool(row["complete"])})


@functools.lru_cache(4096)  # once for each, though lists are read again and again
def note_unreadable(what: str, number: object, why: str) -> None:
    """Log once that a run or drawing cannot be read."""
    log.warning("%s %s cannot be read: %s", what, number, why)


# What is read from JSON is frozen, and much of it the same in many rows.
@functools.lru_cache(16_384)
def _part(kind: type, text: str) -> Any:
    data = json.loads(text)
    if kind is RunConfig:
        return settings.from_json(data)
    if kind is Message:
        reason = Message.from_json(data)
        str(reason)  # one that cannot be said is none
        return reason
    return msgspec.convert(data, kind)


_JSON_COLUMNS: dict[str, type] = {
    field.encode_name: kind
    for field in msgspec.structs.fields(Run)
    for kind in (get_args(field.type) or (field.type,))
    if isinstance(kind, type) and (dataclasses.is_dataclass(kind) or issubclass(kind, Struct))
}
