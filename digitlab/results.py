"""What a run came to, said from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from digitlab.config import RunConfig
from digitlab.messages import Message, message
from digitlab.progress import EpochMetrics, Untrained
from digitlab.scores import Scores
from digitlab.store import Run

# A validation loss this much above its best is called a rise, not noise.
_RISE = 1.05
_WIDE_GAP = 0.02  # training accuracy ahead of validation accuracy


def final_test(run: Run, epochs: Sequence[EpochMetrics]) -> Scores | None:
    """Test loss and accuracy of the weights the run ended with, where they are known."""
    for epoch in reversed(epochs):
        if epoch.test_loss is not None and epoch.test_accuracy is not None:
            return Scores(epoch.test_loss, epoch.test_accuracy)
    return untrained_test(run.untrained) if not epochs else None


def untrained_test(untrained: Untrained | None) -> Scores | None:
    """Test loss and accuracy before the first step."""
    return Scores(untrained.loss, untrained.accuracy) if untrained else None


def fit_verdict(config: RunConfig, epochs: Sequence[EpochMetrics]) -> Message:
    """Whether the run overfits, from its losses on training and validation images.

    The training figures of an epoch are means while it was trained, with dropout at work; the
    validation figures are of its end. That makes training look a little worse than it is.
    """
    losses = [epoch.val_loss for epoch in epochs if epoch.val_loss is not None]
    if config.validation == "none":
        return message(
            "Whether it overfits cannot be said: there were no validation images to compare with."
        )
    if len(losses) < 2:
        return message("Whether it overfits cannot be said after fewer than two epochs.")
    best = min(losses)
    values = {
        "best": f"{best:.3f}", "epoch": losses.index(best) + 1, "last": f"{losses[-1]:.3f}"
    }  # fmt: skip
    if losses[-1] > _RISE * best and epochs[-1].loss < epochs[losses.index(best)].loss:
        return message(
            "It overfits: the validation loss was lowest after epoch {epoch} ({best}) and has "
            "risen to {last} since, while the training loss kept falling.",
            **values,
        )
    gap = epochs[-1].accuracy - (epochs[-1].val_accuracy or 0.0)
    if gap > _WIDE_GAP:
        return message(
            "It begins to overfit: the accuracy is {gap} points higher on the training images "
            "than on the validation images.",
            gap=f"{100 * gap:.1f}",
        )
    if best == losses[-1]:
        return message(
            "No sign of overfitting: the validation loss ({last}) was lowest after the last "
            "epoch. More epochs may still help.",
            **values,
        )
    return message(
        "No clear overfitting: the validation loss was lowest after epoch {epoch} ({best}) and "
        "is {last} at the end, about the same.",
        **values,
    )
