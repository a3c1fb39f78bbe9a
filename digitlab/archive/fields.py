"""JSON of unknown origin is read here; what is wrong with it becomes a sentence of ours."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

from digitlab.archive.form import ArchiveError
from digitlab.messages import message

_T = TypeVar("_T")
_UNKNOWN = re.compile(r"unknown field `(.*)`(?: - at `.*`)?\Z", re.DOTALL)
_MISSING = re.compile(r"missing required field `(\w+)`")
_PATH = re.compile(r" - at `\$\.?(.*)`\Z", re.DOTALL)


def parse(data: bytes) -> Any:
    """The JSON value in ``data``; NaN and infinities, which are no JSON, are refused.

    Raises:
        ArchiveError: it is no JSON.
    """
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(message("it is not readable as JSON.")) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def read(kind: type[_T], data: Any) -> _T:
    """A JSON value as ``kind``, each field of its declared type and within its bounds.

    Raises:
        ArchiveError: a field is missing, unknown, of a wrong type or out of bounds; it is named.
    """
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        raise _named(str(error)) from error
    except UnicodeEncodeError as error:  # half of a surrogate pair, as the name of a field
        raise _unknown(str(error.object)) from error


def wrong(field: str) -> ArchiveError:
    """The error that names a field, by its path: ``epochs[3].loss``."""
    return ArchiveError(
        message(
            "the field {field} is missing, of a wrong type or out of its bounds.",
            field=field or "{}",
        )
    )


def _named(error: str) -> ArchiveError:
    """The error for what msgspec says: Expected `int`, got `str` - at `$.epochs[3].images`."""
    unknown = _UNKNOWN.search(error)
    if unknown:
        return _unknown(unknown[1])
    found, missing = _PATH.search(error), _MISSING.search(error)
    path = [part for part in (found and found[1], missing and missing[1]) if part]
    return wrong(".".join(path))


def _unknown(name: str) -> ArchiveError:
    shown = "".join(sign if sign.isprintable() else "?" for sign in name[:40])
    return ArchiveError(message("there is no field called {field}.", field=shown))
