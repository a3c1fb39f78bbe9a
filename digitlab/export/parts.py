"""A run's Keras code in parts: images, network, training, test, pictures.

All settings of the run are written out, so that the code needs nothing but Keras. No text that a
user typed is in it: only numbers, and names of the configuration's choices.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass

from digitlab.config import ALL_IMAGES, RunConfig
from digitlab.dataset import MNIST_FINGERPRINT
from digitlab.export.files import StartFile, images_name
from digitlab.layers import Layer, layers_of
from digitlab.messages import Translator
from digitlab.presets import matching, nearest
from digitlab.progress import ExecutionSettings
from digitlab.scores import Scores

_SHOWN = 32  # filters, and misclassified samples
_COLUMNS = 8
_OPTIMIZERS = {"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop", "adadelta": "Adadelta"}


@dataclass(frozen=True)
class Part:
    """A part of the code under a title; ``remarks`` are sentences, one per line."""

    title: str
    remarks: tuple[str, ...]
    code: str


def parts(
    config: RunConfig,
    fingerprint: str,
    t: Translator,
    *,
    execution: ExecutionSettings | None = None,
    reached: Scores | None = None,
    start: StartFile | None = None,
) -> tuple[Part, ...]:
    """The code that trains ``config`` again.

    Args:
        config: the run's settings.
        fingerprint: of the data set that it was trained on.
        t: the language of titles and remarks; names and printed words are English as in Keras.
        execution: number format and threads of the run; the results depend on both.
        reached: the run's scores on its test set, for comparison.
        start: of a run that continues training from another: the file it starts with, and how.
    """
    execution = execution or ExecutionSettings()
    run = _Code(config, execution.format == "mixed_bfloat16", start)
    return (
        _preparation(run, t, execution.threads),
        _images(run, t, fingerprint),
        _network(run, t),
        *_beginning(run, t),
        _compile(run, t),
        _before(run, t),
        _fit(run, t),
        _test(run, t, reached),
        _curves(run, t),
        *_filters(run, t),
        _misclassified(run, t),
    )


_PREPARATION = """\
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import layers

tf.config.set_visible_devices([], "GPU")
tf.config.threading.set_intra_op_parallelism_threads({threads:d})
tf.config.threading.set_inter_op_parallelism_threads({threads:d})
keras.utils.set_random_seed({seed})"""

_IMAGES = """\
FOLDER = Path(__file__).parent if "__file__" in globals() else Path()
RUN_IMAGES = FOLDER / {name}
MNIST = FOLDER / "mnist.npz"

if RUN_IMAGES.exists() or MNIST.exists():
    file = np.load(RUN_IMAGES if RUN_IMAGES.exists() else MNIST)
    x_train, y_train = file["x_train"], file["y_train"]
    x_test, y_test = file["x_test"], file["y_test"]
else:
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
"""

_BEGIN = """\
start = np.load(FOLDER / {name})
for layer in model.layers:
    if layer.weights:
        layer.set_weights([start[layer.name + "_kernel"], start[layer.name + "_bias"]])"""

_FROZEN = """
    if isinstance(layer, layers.Conv2D):
        layer.trainable = False
model.summary()"""

_RESTORE = """
model.optimizer.build(model.trainable_variables)
for variable in model.optimizer.variables:
    slot = variable.path.split("/")[-1].removeprefix(model.name + "_")
    if slot in start:
        variable.assign(start[slot])"""

_SET_EXACT = "exact_model.set_weights(model.get_weights())\n"

_VALIDATE = f"""\
def validate(epoch, logs):
    {_SET_EXACT}\
    loss, accuracy = exact_model.evaluate(x_validation, t_validation, verbose=0)
    logs["val_loss"], logs["val_accuracy"] = loss, accuracy


"""

_CURVES = """\
figure, axes = plt.subplots(1, 2, figsize=(10, 4))
epochs = range(1, len(history.history["loss"]) + 1)
for axis, metric in zip(axes, ["loss", "accuracy"]):
    axis.plot(epochs, history.history[metric], "o:", label="training")
{validation}    axis.set(xlabel="epoch", ylabel=metric)
    axis.legend()"""


@dataclass(frozen=True)
class _Code:
    """What is written as code; in bfloat16 a second model, ``exact_model``, is in float32."""

    config: RunConfig
    bfloat16: bool
    start: StartFile | None

    @property
    def exact(self) -> str:
        return "exact_model" if self.bfloat16 else "model"

    def targets(self, which: str) -> str:
        return f"one_hot_{which}" if self.config.one_hot else f"y_{which}"

    def scored(self, name: str) -> str:
        return (
            f"loss, accuracy = {self.exact}.evaluate(x_test, {self.targets('test')}, verbose=0)\n"
            f'print(f"{name}: loss {{loss:.4f}}, accuracy {{accuracy:.4f}}")'
        )


def _preparation(run: _Code, t: Translator, threads: int) -> Part:
    config = run.config
    remarks = [
        t("A run of Digit Lab in plain Keras. It needs: pip install tensorflow matplotlib"),
        t("The seed decides the order of the images and the dropout.")
        if run.start
        else t("The seed decides the first weights, the order of the images and the dropout."),
        t("No graphics card, and the run's number of threads: both change how sums are rounded."),
    ]
    same = t("Where the run was trained the figures are the run's; elsewhere they differ a little.")
    if run.start is None or run.start.optimizer_state != "lost":
        remarks.append(same)
    lesson = matching(config) or t("{lesson}, changed", lesson=nearest(config))
    code = _PREPARATION.format(threads=threads, seed=config.seed)
    return Part(f"Digit Lab: {lesson}", tuple(remarks), code)


def _images(run: _Code, t: Translator, fingerprint: str) -> Part:
    config = run.config
    remarks = [
        t("From the file of the run's images, if it lies beside this one; else from mnist.npz:"),
        t("write the place of yours after MNIST. If neither is there, Keras downloads MNIST."),
    ]
    if fingerprint != MNIST_FINGERPRINT:
        remarks.append(t("The run was not on full MNIST: without its images the figures differ."))
    if config.one_hot:
        remarks.append(t("The loss compares with one-hot vectors: 3 becomes 0 0 0 1 0 0 0 0 0 0."))
    lines = [_IMAGES.format(name=json.dumps(images_name(config, fingerprint)))]
    if (count := config.train_images) != ALL_IMAGES:
        lines.append(f"x_train, y_train = x_train[:{count}], y_train[:{count}]")
    lines.append('x_train = x_train.astype("float32") / 255')
    lines.append('x_test = x_test.astype("float32") / 255')
    if config.network == "cnn":
        lines.append("x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]")
    if config.one_hot:
        lines.append("one_hot_train = keras.utils.to_categorical(y_train, 10)")
        lines.append("one_hot_test = keras.utils.to_categorical(y_test, 10)")
    lines.append('print(len(x_train), "training images,", len(x_test), "test images")')
    if run.bfloat16:  # exact_model is validated on images that are split off here
        targets = run.targets("train")
        lines += {
            "none": [],
            "test": [f"x_validation, t_validation = x_test, {run.targets('test')}"],
            "split": [
                f"first = int(len(x_train) * (1 - {config.validation_split!r}))",
                f"x_validation, t_validation = x_train[first:], {targets}[first:]",
                f"x_train, {targets} = x_train[:first], {targets}[:first]",
            ],
        }[config.validation]
    return Part(t("The images"), tuple(remarks), "\n".join(lines))


def _network(run: _Code, t: Translator) -> Part:
    shape = "(28, 28, 1)" if run.config.network == "cnn" else "(28, 28)"
    dtype = "number_format" if run.bfloat16 else ""
    *hidden, last = layers_of(run.config)
    built = [
        f"keras.Input({shape})",
        *(_layer(run, layer, dtype) for layer in hidden),
        _layer(run, last),
    ]
    model = "keras.Sequential([\n" + "".join(f"    {line},\n" for line in built) + "])"
    # What is frozen counts as not trainable: then the summary follows the freezing.
    summary = "" if run.start and run.start.frozen else "\nmodel.summary()"
    if not run.bfloat16:
        return Part(t("The network"), (), f"model = {model}{summary}")
    remarks = (
        t("The run computed its hidden layers in bfloat16, which is faster and rounds more."),
        t("It was validated and tested with the same weights in float32: that is exact_model."),
    )
    body = model.replace("\n", "\n    ")
    code = (
        f"def network(number_format):\n    return {body}\n\n\n"
        'model = network("mixed_bfloat16")\nexact_model = network("float32")' + summary
    )
    return Part(t("The network"), remarks, code)


def _layer(run: _Code, layer: Layer, dtype: str = "") -> str:
    name, *arguments = {
        "conv": ("Conv2D", f"{layer.output[-1]}, ({layer.kernel}, {layer.kernel})"),
        "pool": ("MaxPooling2D", "(2, 2)"),
        "flatten": ("Flatten",),
        "dense": ("Dense", str(layer.output[0])),
        "dropout": ("Dropout", repr(layer.rate)),
    }[layer.kind]
    if layer.kernel_shape:
        arguments.append(f'activation="{layer.activation}"')
    if layer.kernel_shape and run.start:
        arguments.append(f'name="{layer.name}"')
    if dtype:
        arguments.append(f"dtype={dtype}")
    return f"layers.{name}({', '.join(arguments)})"


def _beginning(run: _Code, t: Translator) -> Iterator[Part]:
    start = run.start
    if start is None:
        return
    remarks = [
        t("The run goes on from another: it begins with the weights that the other ended with."),
        t("They are in the file {file}, which has to lie beside this one.", file=start.file),
    ]
    code = _BEGIN.format(name=json.dumps(start.file))
    if start.frozen:
        remarks.append(t("The convolutions are frozen: training leaves their weights as they are."))
        code += _FROZEN
    yield Part(t("Where it begins"), tuple(remarks), code)


def _compile(run: _Code, t: Translator) -> Part:
    config = run.config
    remarks = [t("Without the compiler XLA, as in the run: on a processor it makes this slower.")]
    momentum = f", momentum={config.momentum!r}" if config.optimizer == "sgd" else ""
    code = f"""\
model.compile(
    optimizer=keras.optimizers.{_OPTIMIZERS[config.optimizer]}({config.learning_rate!r}{momentum}),
    loss="{config.loss}",
    metrics=["accuracy"],
    jit_compile=False,
)"""
    if run.bfloat16:
        arguments = f'loss="{config.loss}", metrics=["accuracy"], jit_compile=False'
        code += f"\nexact_model.compile({arguments})"
    if run.start:
        remarks.append(
            {
                "there": t(
                    "The optimizer goes on with its internal state: steps and running means."
                ),
                "nothing": t("The optimizer begins afresh, as it did in the run."),
                "lost": t(
                    "The internal state that the optimizer may have had is not here any more: "
                    "it begins afresh, and the figures differ from the run's."
                ),
            }[run.start.optimizer_state]
        )
        if run.start.optimizer_state == "there":
            code += _RESTORE
    return Part(t("Loss and optimizer"), tuple(remarks), code)


def _before(run: _Code, t: Translator) -> Part:
    remark = (
        t("What the network can do before it goes on.")
        if run.start
        else t("Ten classes and no knowledge: about one in ten is right.")
    )
    code = _SET_EXACT if run.bfloat16 else ""
    if run.config.network == "cnn":
        code += "filters_before = model.layers[0].get_weights()[0]\n"
    code += run.scored("start" if run.start else "untrained")
    return Part(t("Before training"), (remark,), code)


def _fit(run: _Code, t: Translator) -> Part:
    config = run.config
    remarks = [
        {
            "none": t("No images are kept for validation."),
            "test": t("Validation is on the test images here."),
            "split": t("The last of the training images are kept for validation."),
        }[config.validation]
    ]
    arguments = [
        f"x_train, {run.targets('train')},",
        f"batch_size={config.batch_size},",
        f"epochs={config.epochs},",
    ]
    code, callbacks = "", []
    if config.validation != "none" and run.bfloat16:
        remarks.append(t("After each epoch exact_model takes the weights, and is validated."))
        callbacks.append("    keras.callbacks.LambdaCallback(on_epoch_end=validate),")
        code = _VALIDATE
    elif config.validation == "split":
        arguments.append(f"validation_split={config.validation_split!r},")
    elif config.validation == "test":
        arguments.append(f"validation_data=(x_test, {run.targets('test')}),")
    if config.validation != "none" and (patience := config.patience):
        remarks.append(
            t(
                "Training ends when the validation loss has not improved for {patience} epochs.",
                patience=patience,
            )
        )
        stopping = f'EarlyStopping(monitor="val_loss", patience={patience})'
        callbacks.append(f"    keras.callbacks.{stopping},")
    if callbacks:
        arguments += ["callbacks=[", *callbacks, "],"]
    code += "history = model.fit(\n" + "".join(f"    {line}\n" for line in arguments) + ")"
    return Part(t("Training"), tuple(remarks), code)


def _test(run: _Code, t: Translator, reached: Scores | None) -> Part:
    remarks = [t("Images that the network has never seen.")]
    if reached is not None:
        loss, accuracy = f"{reached.loss:.4f}", f"{reached.accuracy:.4f}"
        remarks.append(
            t("The run reached: loss {loss}, accuracy {accuracy}.", loss=loss, accuracy=accuracy)
        )
    code = (_SET_EXACT if run.bfloat16 else "") + run.scored("test")
    return Part(t("Test"), tuple(remarks), code)


def _curves(run: _Code, t: Translator) -> Part:
    remark = t("Each epoch's training figures are means while the weights still changed.")
    line = '    axis.plot(epochs, history.history["val_" + metric], "o-", label="validation")\n'
    validation = "" if run.config.validation == "none" else line
    return Part(t("Curves"), (remark,), _CURVES.format(validation=validation))


def _filters(run: _Code, t: Translator) -> Iterator[Part]:
    if run.config.network != "cnn":
        return
    remark = t("What the first convolution looks for: the lighter, the larger the weight.")
    shown = min(run.config.filters1, _SHOWN)
    rows = math.ceil(shown / _COLUMNS)
    code = f"""\
filters_after = model.layers[0].get_weights()[0]
for when, filters in [("before", filters_before), ("after", filters_after)]:
    figure = plt.figure(figsize=({_COLUMNS}, {rows + 1}))
    figure.suptitle("first filters " + when + " training")
    for number in range({shown}):
        plt.subplot({rows}, {_COLUMNS}, number + 1)
        plt.imshow(filters[:, :, 0, number], cmap="gray")
        plt.axis("off")"""
    yield Part(t("Filters"), (remark,), code)


def _misclassified(run: _Code, t: Translator) -> Part:
    remark = t("Above each test image: its digit, and what the network takes it for.")
    rows = _SHOWN // _COLUMNS
    code = f"""\
answers = {run.exact}.predict(x_test, verbose=0).argmax(axis=1)
misread = np.flatnonzero(answers != y_test)
plt.figure(figsize=({_COLUMNS}, {rows + 2}))
for place, index in enumerate(misread[:{_SHOWN}]):
    plt.subplot({rows}, {_COLUMNS}, place + 1)
    plt.imshow(x_test[index], cmap="gray_r")
    plt.title(f"{{y_test[index]}} -> {{answers[index]}}")
    plt.axis("off")
plt.show()"""
    return Part(t("Misread samples"), (remark,), code)
