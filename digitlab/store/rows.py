"""Rows of the table ``runs`` become runs here, and runs rows, as ``records.Run`` declares them."""

from __future__ import annotations

import dataclasses
import functools
import json
import logging
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import msgspec
from msgspec import Struct

from digitlab import config as settings
from digitlab.config import RunConfig
from digitlab.messages import LabError, Message, message
from digitlab.presets import PRESETS
from digitlab.records import Run
from digitlab.store.database import Row

log = logging.getLogger(__name__)


class StoreError(LabError):
    """A run or file that is not in the store."""


class UnreadableRunError(StoreError):
    """A run that is there, and says what this version does not know or allow."""


def row_of(run: Run) -> dict[str, Any]:
    """The row of the table ``runs`` that ``run_of`` reads."""
    return {
        field.encode_name: column(getattr(run, field.name)) for field in msgspec.structs.fields(Run)
    }


def column(value: Any) -> Any:
    """``value`` as a column holds it: JSON for what has parts."""
    if isinstance(value, Struct) or dataclasses.is_dataclass(value):
        return json.dumps(msgspec.to_builtins(value))  # unlike msgspec's JSON, it can say NaN
    return value


def insert(database: sqlite3.Connection, table: str, values: Mapping[str, Any]) -> None:
    """Add a row to a table; ``values`` are by column."""
    places = ", ".join("?" * len(values))
    database.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})", tuple(values.values())
    )


def readable(rows: Iterable[Row]) -> tuple[list[Run], list[str]]:
    """The runs in these rows of the table ``runs``, and the ids of those that cannot be read."""
    runs: list[Run] = []
    unreadable: list[str] = []
    for row in rows:
        try:
            runs.append(run_of(row))
        except UnreadableRunError:
            unreadable.append(row["id"])
    return runs, unreadable


def unreadable_run() -> Message:
    """What is wrong with a run that cannot be read."""
    return message(
        "This run cannot be read: it was made by another version of Digit Lab, or its entry is "
        "damaged."
    )


def run_of(row: Row | dict[str, Any]) -> Run:
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
        _note_unreadable(values["id"], f"{type(error).__name__}: {error}"[:300])
        raise UnreadableRunError(unreadable_run()) from error


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


def _has_parts(kind: Any) -> bool:
    """Whether a field of this type is kept as JSON."""
    return isinstance(kind, type) and (dataclasses.is_dataclass(kind) or issubclass(kind, Struct))


_JSON_COLUMNS: dict[str, type] = {
    field.encode_name: kind
    for field in msgspec.structs.fields(Run)
    for kind in (get_args(field.type) or (field.type,))
    if _has_parts(kind)
}


@functools.lru_cache(4096)  # once for each run, though lists are read again and again
def _note_unreadable(run_id: str, why: str) -> None:
    log.warning("run %s cannot be read: %s", run_id, why)
