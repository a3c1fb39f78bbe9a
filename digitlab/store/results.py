"""What a run came to, said from its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from digitlab.config import DIGITS, RunConfig
from digitlab.messages import Message, message
from digitlab.progress import EpochMetrics, Untrained
from digitlab.records import Run, Status
from digitlab.scores import Scores, wilson

CHANCE = 1 / DIGITS
# A training loss so many times that of the untrained network, or of guessing evenly, has exploded.
_EXPLODED = 2.0
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


def verdict(
    run: Run, epochs: Sequence[EpochMetrics], chance: float = CHANCE
) -> tuple[Message, ...]:
    """What the figures of a run that has ended say of it, in sentences that follow each other.

    Nothing of a run without an epoch, nor of one that diverged: its reason says why. ``chance`` is
    the accuracy of always giving the most frequent answer, 0 to 1.
    """
    if not epochs or run.status is Status.DIVERGED:
        return ()
    exploded = explosion(run, epochs)
    nothing = _nothing_learned(run, epochs[-1], chance)
    if nothing:
        return nothing, exploded or message(
            "Its loss ended at {loss}; guessing evenly has {guess}. Another learning rate, usually "
            "a larger one, or more epochs may help.",
            loss=f"{epochs[-1].loss:.3f}",
            guess=f"{guessing_loss(run.config.loss):.3f}",
        )
    if exploded:
        return (exploded,)
    below = training_below_validation(run.config, epochs)
    fit = fit_verdict(run.config, epochs)
    return (fit, below) if below else (fit,)


def _nothing_learned(run: Run, last: EpochMetrics, chance: float) -> Message | None:
    """What to say of a run whose accuracy luck explains, or hardly more than that.

    The lower end of Wilson's interval of 95% is compared with chance, so few images need more.
    The accuracy is that on the test set, else on the validation images, else in training.
    """
    measured = (
        (last.test_accuracy, last.test_images or run.digits.test),
        (last.val_accuracy, run.digits.validation),
        (last.accuracy, last.images),
    )
    accuracy, images = next((found, of) for found, of in measured if found is not None)
    count = max(1, images)
    values = {"accuracy": f"{accuracy:.1%}", "chance": f"{chance:.1%}"}
    if wilson(round(accuracy * count), count)[0] <= chance:
        return message(
            "It has learned nothing: its accuracy, {accuracy}, is that of chance ({chance}).",
            **values,
        )
    # A run that has learned next to nothing is not a tenth of the way from chance to 100%.
    if accuracy - chance < 0.1 * (1 - chance):
        return message(
            "It has learned next to nothing: its accuracy, {accuracy}, is hardly above chance "
            "({chance}).",
            **values,
        )
    return None


def guessing_loss(loss_name: str) -> float:
    """The loss of giving every digit the probability 0.1: -log 0.1 = 2.303, or 0.09 if squared."""
    if loss_name == "mean_squared_error":
        return (1 - CHANCE) * CHANCE
    return -math.log(CHANCE)


def explosion(run: Run, epochs: Sequence[EpochMetrics]) -> Message | None:
    """Whether the loss grew far above its beginning without ceasing to be a number."""
    first = run.untrained.loss if run.untrained and math.isfinite(run.untrained.loss) else 0.0
    start = max(guessing_loss(run.config.loss), first)
    # Training alone: the validation loss also grows where a network overfits.
    highest = max(epochs, key=lambda epoch: epoch.loss)
    if highest.loss <= _EXPLODED * start:
        return None
    loss = f"{highest.loss:,.0f}" if highest.loss >= 100 else f"{highest.loss:.3f}"
    return message(
        "The loss exploded: {loss} in epoch {epoch}, where guessing evenly has {guess}. The steps "
        "are too large; a smaller learning rate may help.",
        loss=loss,
        epoch=highest.epoch,
        guess=f"{guessing_loss(run.config.loss):.3f}",
    )


def training_below_validation(config: RunConfig, epochs: Sequence[EpochMetrics]) -> Message | None:
    """Why the training figures of the last epoch are worse than its validation figures, if so."""
    last = epochs[-1]
    if last.val_accuracy is None or last.val_loss is None:
        return None
    if last.accuracy >= last.val_accuracy and last.loss <= last.val_loss:
        return None
    relevant = config.relevant()
    if relevant.get("dropout") or relevant.get("conv_dropout"):
        return message(
            "The training figures are worse than the validation figures because they are taken "
            "with dropout on, and as the mean over an epoch in which the network still learns. "
            "Validation is measured at the epoch's end, without dropout."
        )
    return message(
        "The training figures are worse than the validation figures because they are the mean over "
        "an epoch in which the network still learns. Validation is measured at the epoch's end."
    )


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
