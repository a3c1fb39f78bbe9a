"""What the Inspect page remembers in a session, view by view."""

from __future__ import annotations

from collections.abc import Sequence

from digitlab.inspection.metrics import Order
from digitlab.ui.session import SessionValue

QUESTION = SessionValue("question", "")
VIEW = SessionValue("view", "")


# The picture that is looked into; of each of these Streamlit would forget what was chosen.


def source(views: str) -> SessionValue[str]:
    """Where the picture of some views comes from: "sample", "misread" or "mine"."""
    return SessionValue(f"{views}-source", "sample")


def sample_number(views: str) -> SessionValue[int]:
    """Which test sample."""
    return SessionValue(f"{views}-number", 0)


def misread_number(views: str) -> SessionValue[int]:
    """Which of the misread samples, from 1."""
    return SessionValue(f"{views}-misread", 1)


# Filters. The names of ``weights`` are those of ``Weights.key``.

LAYER = SessionValue("filters-layer", "")
PLAYING = SessionValue[str | None]("filters-playing", None)  # whose epochs play
TICKED = SessionValue("filters-ticked", 0.0)  # seconds, monotonic
TIMER_CHANGED = SessionValue("filters-timer", False)


def epoch(weights: str) -> SessionValue[int]:
    """The epoch that is shown; -1 before the slider is drawn."""
    return SessionValue(f"filters-epoch-{weights}", -1)


def last_epoch(weights: str) -> SessionValue[int]:
    """The last epoch there was when the slider was drawn; -1 before."""
    return SessionValue(f"filters-epoch-{weights}-last", -1)


def open_tile(weights: str, channel: int | None) -> SessionValue[int | None]:
    """The filter, kernel or unit that is open."""
    return SessionValue(f"filters-open-{weights}-{channel}", None)


# Feature maps. ``layer`` begins the keys of a layer's widgets.


def first_map(layer: str) -> SessionValue[int]:
    """The first of the maps that are shown at once."""
    return SessionValue(f"{layer}-first", 0)


def open_map(layer: str, strongest: int) -> SessionValue[int]:
    """The map that is enlarged."""
    return SessionValue(f"{layer}-open", strongest)


# By hand: the output that is worked out, and the input map that is looked at.

HAND_LAYER = SessionValue("hand-layer", "")
HAND_UNIT = SessionValue("hand-unit", 0)
HAND_ROW = SessionValue("hand-row", 0)
HAND_COLUMN = SessionValue("hand-column", 0)


def hand_input(strongest: int = 0) -> SessionValue[int]:
    """The input map that is looked at."""
    return SessionValue("hand-input", strongest)


# Samples in sheets.

ANY = "any"
MISREAD_WAY = SessionValue("misread-way", "all")
MISREAD_ORDER = SessionValue[Order]("misread-order", "certain")
MISREAD_TRUTH = SessionValue[str | int]("misread-truth", ANY)
MISREAD_READ_AS = SessionValue[str | int]("misread-read-as", ANY)
MISREAD_DIGIT = SessionValue("misread-digit", 8)
MISREAD_DRAW = SessionValue("misread-draw", 0)  # which of the random draws is shown

CONFUSION_UNIT = SessionValue("confusion-unit", "counts")


def confusion_truth(worst: int = 0) -> SessionValue[int]:
    """The row of the field that is open."""
    return SessionValue("confusion-truth", worst)


def confusion_read_as(worst: int = 0) -> SessionValue[int]:
    """The column of the field that is open."""
    return SessionValue("confusion-read-as", worst)


def confidence_bin(first: int) -> SessionValue[int]:
    """The bin whose samples are shown."""
    return SessionValue("confidence-bin", first)


def page(sheet: str) -> SessionValue[int]:
    """The page that a sheet, called so, is turned to, from 1."""
    return SessionValue(sheet, 1)


def turn(sheet: str) -> SessionValue[int]:
    """How often a widget has taken over from the clicks in a sheet."""
    return SessionValue(f"{sheet}-turn", 0)


def opened_sample(sheet: str) -> SessionValue[int | None]:
    """The test sample that is open beside a sheet."""
    return SessionValue(f"{sheet}-sample", None)


# Two networks, and the way through the epochs.

SECOND_MODEL = SessionValue("runs-second", "")
JOURNEY_SAMPLE = SessionValue[int | None]("journey-open", None)


def sample_of_two(one: str, other: str) -> SessionValue[int | None]:
    """The sample that is open, by the ``Predictions.key`` of both networks."""
    return SessionValue(f"runs-open-{one}-{other}", None)


def journey_epoch(model: str, epochs: Sequence[int]) -> SessionValue[int]:
    """The epoch that is compared with the end: at first the second of ``epochs``."""
    return SessionValue(f"journey-epoch-{model}", epochs[1])
