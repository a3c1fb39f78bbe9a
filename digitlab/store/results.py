"""What a run came to, said from its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from digitlab.config import RunConfig
from digitlab.messages import Message, message
from digitlab.progress import EpochMetrics, Untrained
from digitlab.scores import Scores
from digitlab.store.runs import Run

# A validation loss this much above its best is called a rise, not noise.
_RISE = 1.05
_WIDE_GAP = 0.02  # training accuracy ahead of validation accuracy


def final_test(run: Run, epochs: Sequence[EpochMetrics]) -> Scores | None:
    """Test loss and accuracy of the weights the run ended with, where they are known."""
    if not epochs:
        return untrained_test(run.untrained)
    last = epochs[-1]
    if last.test_loss is None or last.test_accuracy is None:
        return None
    return Scores(last.test_loss, last.test_accuracy)


def untrained_test(untrained: Untrained | None) -> Scores | None:
    """Test loss and accuracy before the first step."""
    return Scores(untrained.loss, untrained.accuracy) if untrained else None


def fit_verdict(config: RunConfig, epochs: Sequence[EpochMetrics]) -> Message:
    """Whether the run overfits, from its losses on training and validation images.

    The training figures of an epoch are means while it was trained, with dropout at work; the
    validation figures are of its end. That makes training look a little worse than it is.
    """
    if config.validation == "none":
        return message(
            "Whether it overfits cannot be said: there were no validation images to compare with."
        )
    # A run that was stopped may end with an epoch whose validation it did not wait for.
    known = [(epoch, epoch.val_loss) for epoch in epochs if epoch.val_loss is not None]
    if len(known) < 2:
        return message("Whether it overfits cannot be said after fewer than two epochs.")
    best, best_loss = min(known, key=lambda pair: pair[1])
    last, last_loss = known[-1]
    values = {"best": f"{best_loss:.3f}", "epoch": best.epoch, "last": f"{last_loss:.3f}"}
    if last_loss > _RISE * best_loss and last.loss < best.loss:
        return message(
            "It overfits: the validation loss was lowest after epoch {epoch} ({best}) and has "
            "risen to {last} since, while the training loss kept falling.",
            **values,
        )
    if last is best:
        return message(
            "No sign of overfitting: the validation loss ({last}) was lowest after the last "
            "epoch. More epochs may still help.",
            **values,
        )
    gap = last.accuracy - (last.val_accuracy or 0.0)
    if gap > _WIDE_GAP:
        return message(
            "It begins to overfit: the accuracy is {gap} percentage points higher on the training "
            "images than on the validation images.",
            gap=f"{100 * gap:.1f}",
        )
    if last_loss > _RISE * best_loss:
        return message(
            "Not overfitting but unsteady: the validation loss was lowest after epoch {epoch} "
            "({best}) and is {last} at the end, and the training loss rose as well. A smaller "
            "learning rate may help.",
            **values,
        )
    return message(
        "No clear overfitting: the validation loss was lowest after epoch {epoch} ({best}) and "
        "is {last} at the end, about the same.",
        **values,
    )
