"""A JSON object of unknown origin gives its fields here, each of its type and in its bounds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from digitlab.archive.form import LARGEST_JSON, ArchiveError
from digitlab.messages import message


def parse(data: bytes) -> Any:
    """The JSON value in ``data``; NaN and infinities, which are no JSON, are refused.

    Raises:
        ArchiveError: it is too long, or no JSON.
    """
    if len(data) > LARGEST_JSON:
        raise ArchiveError(message("it has more than {most} bytes.", most=f"{LARGEST_JSON:,}"))
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ArchiveError(message("it is not readable as JSON.")) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


class Fields:
    """A JSON object with exactly the fields ``names``; ``path`` is what sentences call it.

    Raises:
        ArchiveError: it is no object, a field is missing, or one is unknown. The methods raise it
            as well, for a field of a wrong type or out of bounds.
    """

    def __init__(self, data: Any, names: Iterable[str], path: str = "") -> None:
        self._data, self._path = data, path
        if not isinstance(data, dict):
            raise self.wrong("")
        for name in names:
            if name not in data:
                raise self.wrong(name)
        unknown = set(data) - set(names)
        if unknown:
            raise ArchiveError(
                message("there is no field called {field}.", field=_short(min(unknown)))
            )

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        value = self._data[name]
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name)
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """A finite number from ``low`` to ``high``."""
        value = self._data[name]
        if type(value) not in (int, float) or not low <= value <= high or not math.isfinite(value):
            raise self.wrong(name)
        return float(value)

    def number_or_none(self, name: str, low: float, high: float) -> float | None:
        """The same, or null."""
        return None if self._data[name] is None else self.number(name, low, high)

    def flag(self, name: str) -> bool:
        """True or false."""
        if type(self._data[name]) is not bool:
            raise self.wrong(name)
        return bool(self._data[name])

    def text(self, name: str, longest: int) -> str:
        """A text of at most ``longest`` characters, each of which can be written."""
        value = self._data[name]
        if not isinstance(value, str) or len(value) > longest or not _writable(value):
            raise self.wrong(name)
        return value

    def text_or_none(self, name: str, longest: int) -> str | None:
        """The same, or null."""
        return None if self._data[name] is None else self.text(name, longest)

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of the texts ``choices``."""
        value = self._data[name]
        if not isinstance(value, str) or value not in choices:
            raise self.wrong(name)
        return value

    def items(self, name: str, most: int) -> list[Any]:
        """A list of at most ``most`` values, not looked at."""
        value = self._data[name]
        if not isinstance(value, list) or len(value) > most:
            raise self.wrong(name)
        return value

    def part(self, name: str, names: Iterable[str]) -> Fields:
        """An object in this one, with exactly the fields ``names``."""
        return Fields(self._data[name], names, f"{self._path}{name}.")

    def part_or_none(self, name: str, names: Iterable[str]) -> Fields | None:
        """The same, or null."""
        return None if self._data[name] is None else self.part(name, names)

    def raw(self, name: str) -> Any:
        """A value that is checked elsewhere."""
        return self._data[name]

    def wrong(self, name: str) -> ArchiveError:
        """The error that names a field."""
        field = f"{self._path}{name}".rstrip(".") or "{}"
        return ArchiveError(
            message(
                "the field {field} is missing, of a wrong type or out of its bounds.", field=field
            )
        )


def _short(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name[:40])


def _writable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return "\0" not in text
