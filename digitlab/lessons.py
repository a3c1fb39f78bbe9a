"""The text of each lesson: its question, its steps, and what to look at."""

from __future__ import annotations

from dataclasses import dataclass

from digitlab.messages import mark


@dataclass(frozen=True)
class LessonText:
    """A lesson in three parts; each is a sentence or two of the catalogue, in Markdown."""

    question: str
    steps: tuple[str, ...]
    look: str


TEXTS: dict[str, LessonText] = {
    "mlp-128": LessonText(
        mark("How much can one hidden layer learn, and what does a network know before it learns?"),
        (
            mark("Train as it is. Note loss and accuracy before and after."),
            mark("Set **Units in layer 1** to 16, then to 512, and train each."),
            mark("Set **Dropout after dense layers** to 0 and train again."),
        ),
        mark(
            "Before training each digit gets about 0.1, so the loss is near 2.3 = -log 0.1. "
            "Which change moved the accuracy most, and what did it cost in parameters?"
        ),
    ),
    "mlp-64": LessonText(
        mark("What do fewer units and smaller batches change?"),
        (
            mark("Train as it is: 64 units, batches of 16, 5 epochs."),
            mark("Set **Batch size** to 128 and train again."),
            mark(
                "Put **Batch size** back, set **Units in layer 1** to 128, and train a third time."
            ),
        ),
        mark(
            "Compare the three accuracies and the seconds an epoch takes. Small batches mean more "
            "steps: is the curve steeper, is it more ragged?"
        ),
    ),
    "cnn-tutorial": LessonText(
        mark("Does a network read better when it looks at small patches first?"),
        (
            mark(
                "Read the table **Layer by layer**: where are most of the 4.7 million parameters?"
            ),
            mark("Train as it is: three epochs."),
            mark("Set **Validation on** to the last training images and train again."),
        ),
        mark(
            "The accuracy in the lesson, 0.9856, was measured on the training images. Compare it "
            "with the test accuracy: which of the two tells how well new digits are read?"
        ),
    ),
    "cnn-keras": LessonText(
        mark("How does a network get beyond 99%, and can it read a digit from a printed page?"),
        (
            mark("Train as it is, or with **Epochs** set to 3 when time is short."),
            mark("On the page **Draw**, choose your run as the reader and read the printed 6."),
            mark("Set both dropouts to 0 and train again."),
        ),
        mark(
            "Pooling leaves a quarter of the parameters that cnn-tutorial has. With dropout the "
            "validation accuracy lies above the training accuracy: why?"
        ),
    ),
    "cnn-keras-slow": LessonText(
        mark("What does the learning rate do?"),
        (
            mark("Set **Epochs** to 2 and train: the rate is 0.001, today's default of Adadelta."),
            mark("Set **Learning rate** to 0.1, then to 1, and train each."),
            mark("Try **Optimizer** Adam with 0.001."),
        ),
        mark(
            "With 0.001 about half of the digits are read after two epochs; with 1, nearly all. "
            "The same number is far too small for one optimizer and right for another."
        ),
    ),
    "cnn-filters": LessonText(
        mark("What do 32 filters of 5x5 become?"),
        (
            mark("Train as it is, then open **Inspect** and its view **Filters**."),
            mark("Look at the **Misread samples** and at the **Confusion matrix**."),
            mark("Set **Optimizer** to SGD and **Learning rate** to 0.01, and train again."),
        ),
        mark(
            "Before training the filters are noise; afterwards some are edges of one direction. "
            "Which stayed as they were? Which digits are taken for which?"
        ),
    ),
    "cnn-600": LessonText(
        mark("How much does a CNN learn from only 600 images?"),
        (
            mark("Train as it is, then the lesson mlp-600, and compare the two."),
            mark("Set **Training images** to 2,000 and train both again."),
            mark("Set **Dropout after dense layers** to 0.5 and train again."),
        ),
        mark(
            "The training accuracy nears 1 and the test accuracy does not: the network knows its "
            "images by heart. By how much is the CNN ahead, and does the lead stay with more "
            "images?"
        ),
    ),
    "mlp-600": LessonText(
        mark("And how much does an MLP learn from the same 600 images?"),
        (
            mark("Train as it is and keep the test accuracy for the comparison with cnn-600."),
            mark("Set **Units in layer 1** to 512 and train again."),
            mark("Set **Epochs** to 100 and train again."),
        ),
        mark(
            "Do more units or more epochs close the gap to the CNN? At which epoch does the "
            "validation loss begin to rise?"
        ),
    ),
    "mlp-512": LessonText(
        mark("When should training end?"),
        (
            mark("Train as it is: it ends when the validation loss has not fallen for two epochs."),
            mark("Set **Early stopping patience** to 0 and train all 20 epochs."),
            mark("Change **Random seed** and train as in the first step, twice."),
        ),
        mark(
            "Without early stopping the training loss keeps falling while the validation loss "
            "rises: overfitting. How far apart do runs lie that differ in the seed alone?"
        ),
    ),
    "mlp-512-dropout": LessonText(
        mark("Does it help to switch units off at random while the network learns?"),
        (
            mark("Train as it is, with 0.3."),
            mark(
                "Set **Dropout after dense layers** to 0, 0.1 and so on to 0.8, and train each. "
                "The Sweep page does it with one click."
            ),
            mark("Set **Early stopping patience** to 0 for one of them."),
        ),
        mark(
            "Lay the curves over each other: the more dropout, the higher the training loss. Where "
            "is the validation loss lowest, and from where on is it too much?"
        ),
    ),
}
