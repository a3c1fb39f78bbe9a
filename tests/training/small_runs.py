"""Made digits that train in a moment, and what a run on them hands over."""

import dataclasses
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np

from digitlab.config import RunConfig
from digitlab.dataset import DigitSet
from digitlab.network import Network
from digitlab.progress import (
    BatchMetrics,
    EpochMetrics,
    ExecutionSettings,
    Outcome,
    Report,
    Untrained,
)
from digitlab.training.continuing import STATE_FILE, InitialState, unpack_state
from digitlab.training.kept_files import Drop
from digitlab.training.trainer import train


def squares(count: int, seed: int):
    """Made pictures with some noise: a bright square, its side and so its label from 0 to 9."""
    labels = np.arange(count, dtype=np.uint8) % 10
    images = np.random.default_rng(seed).integers(0, 60, (count, 28, 28), np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4 : 6 + 2 * label, 4 : 6 + 2 * label] = 255
    return images, labels


DIGITS = DigitSet("mnist", *squares(64, 0), *squares(20, 1), Path("made"), "made")


@dataclasses.dataclass
class Ran:
    """What a run handed over: its outcome, its reports in order, and its files by name."""

    outcome: Outcome
    reports: list[Report]
    files: dict[str, bytes]

    @property
    def untrained(self) -> Untrained:
        return next(report for report in self.reports if isinstance(report, Untrained))

    @property
    def batches(self) -> list[BatchMetrics]:
        return [report for report in self.reports if isinstance(report, BatchMetrics)]

    @property
    def epochs(self) -> list[EpochMetrics]:
        """Each epoch's, as a store keeps them: one that is reported again replaces the first."""
        found = [report for report in self.reports if isinstance(report, EpochMetrics)]
        return list({report.epoch: report for report in found}.values())

    @property
    def losses(self) -> list[float]:
        return [epoch.loss for epoch in self.epochs]

    def array(self, name: str):
        return np.load(io.BytesIO(self.files[name]), allow_pickle=False)

    def network(self, epoch: int | None = None) -> Network:
        epoch = self.outcome.kept_epoch if epoch is None else epoch
        return Network.load(self.files[f"weights-{epoch:03d}.npz"])

    @property
    def state(self) -> dict[str, np.ndarray]:
        return unpack_state(self.files.get(STATE_FILE))

    def start(self, **changes: object) -> InitialState:
        return dataclasses.replace(InitialState(self.network(), self.state), **changes)


def run(
    config: RunConfig,
    digits: DigitSet = DIGITS,
    *,
    stop: Callable[[], bool] = lambda: False,
    start: InitialState | None = None,
    drop: Drop | None = None,
    files: dict[str, bytes] | None = None,
    report: Callable[[Report], None] = lambda report: None,
    **execution: object,
) -> Ran:
    """Train, with these execution settings; ``report`` is told of each report as well."""
    reports: list[Report] = []
    files = {} if files is None else files

    def reported(one: Report) -> None:
        reports.append(one)
        report(one)

    settings = ExecutionSettings(**execution)
    outcome = train(config, digits, reported, files.__setitem__, stop, settings, start, drop)
    return Ran(outcome, reports, files)
