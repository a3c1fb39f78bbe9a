"""What the lab keeps of a run and of a drawing, declared once for the database and for the zip.

A field that has another name on disk than here has it in ``rename``. ``RunConfig`` and ``Message``
are read by functions of their own, and come to msgspec as they are.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta, Struct

from digitlab.config import ALL_IMAGES, DIGITS, RunConfig
from digitlab.messages import Message
from digitlab.progress import ROUNDING, ExecutionSettings, Outcome, Untrained, tested_after_epoch

_MOST_IMAGES = 300_000  # of one part of a data set, as for the file that it is read from
_LARGEST_TIME = 4e9  # seconds since 1970: the year 2096

# ``\Z`` and not ``$``, which lets a line feed pass.
RunId = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
Fingerprint = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Identifier = Annotated[str, Meta(pattern=r"^[a-z0-9-]+\Z", max_length=40)]
# Text that can be written: no zero byte, no half of a surrogate pair.
Text = Annotated[str, Meta(pattern=r"^[^\x00\ud800-\udfff]*\Z")]
Time = Annotated[float, Meta(ge=0, le=_LARGEST_TIME)]
Digit = Annotated[int, Meta(ge=0, lt=DIGITS)]
_TrainImages = Annotated[int, Meta(ge=1, le=ALL_IMAGES)]
_ValidationImages = Annotated[int, Meta(ge=0, le=_MOST_IMAGES)]
_TestImages = Annotated[int, Meta(ge=1, le=_MOST_IMAGES)]
_Probability = Annotated[float, Meta(ge=0, le=1 + ROUNDING)]


class Status(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    DIVERGED = "diverged"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def live(self) -> bool:
        """Whether the run may still change."""
        return self in (Status.QUEUED, Status.RUNNING)


class DataSetInfo(Struct, frozen=True, forbid_unknown_fields=True):
    """Which images a run is trained and tested on, and how many of each part."""

    name: Identifier
    fingerprint: Fingerprint
    train: _TrainImages
    validation: _ValidationImages
    test: _TestImages


class RunFields(Struct, frozen=True, kw_only=True, rename={"execution": "pace"}):
    """What the database and the zip both tell of a run. Times are seconds since the epoch, UTC.

    ``origin`` is the run whose weights it went on from; ``frozen`` says that its convolutions
    were kept as they were there.
    """

    status: Status
    reason: Message
    config: RunConfig
    preset: Annotated[Text, Meta(max_length=300)] | None
    digits: DataSetInfo
    execution: ExecutionSettings | None
    untrained: Untrained | None
    outcome: Outcome | None
    created: Time
    started: Time | None
    ended: Time | None
    origin: RunId | None
    frozen: bool

    @property
    def continued(self) -> bool:
        """Whether its beginning is another run's end, and no untrained network."""
        return self.origin is not None

    @property
    def tested_after_epoch(self) -> slice:
        """Which of the test images it has kept predictions for after each epoch."""
        if self.untrained is not None and not self.untrained.images:  # of an earlier version
            return slice(0, self.digits.test)
        return tested_after_epoch(self.digits.test)

    @property
    def tested_count(self) -> int:
        """How many test images that is."""
        return len(range(self.digits.test)[self.tested_after_epoch])


class Run(RunFields, frozen=True, kw_only=True):
    """One run as the store knows it; ``stop`` says that it was asked to stop."""

    id: str
    owner: str
    engine: str
    stop: bool
    parameters: int


class DrawingFields(
    Struct,
    frozen=True,
    kw_only=True,
    eq=False,
    forbid_unknown_fields=True,
    rename={"predicted": "read_as", "confidence": "certainty"},
):
    """What the database and the zip both tell of a kept drawing: its label and its reading."""

    label: Digit
    predicted: Digit
    confidence: _Probability
    model: Identifier
    created: Time

    @property
    def right(self) -> bool:
        """Whether the network read what the writer meant."""
        return self.label == self.predicted


class SavedDrawing(DrawingFields, frozen=True, kw_only=True, eq=False):
    """A kept drawing: ``digit`` uint8 (28, 28), the label its writer gave, and the reading."""

    id: int
    digit: npt.NDArray[np.uint8]


def values_of(kind: type[Struct], source: Struct) -> dict[str, Any]:
    """The fields of ``kind``, by their names on disk, as ``source`` has them."""
    return {
        field.encode_name: getattr(source, field.name) for field in msgspec.structs.fields(kind)
    }
