"""A run's Keras code in parts: images, network, training, test, pictures.

All settings of the run are written out, so that the code needs nothing but Keras. No text that a
user typed is in it: only numbers, and names of the configuration's choices.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from digitlab.config import ALL_IMAGES, RunConfig
from digitlab.dataset import MNIST_FINGERPRINT
from digitlab.export.images import images_name
from digitlab.export.start import StartFile
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
    bfloat16 = execution.format == "mixed_bfloat16"
    found = [
        _preparation(config, execution, start, t),
        _images(config, fingerprint, bfloat16, t),
        _network(config, bfloat16, start, t),
        *([_start(start, t)] if start else []),
        _compile(config, bfloat16, start, t),
        _before(config, bfloat16, start, t),
        _fit(config, bfloat16, t),
        _test(config, bfloat16, reached, t),
        _curves(config, t),
    ]
    if config.network == "cnn":
        found.append(_filters(config, t))
    return (*found, _misclassified(bfloat16, t))


def _preparation(
    config: RunConfig, execution: ExecutionSettings, start: StartFile | None, t: Translator
) -> Part:
    same = t("Where the run was trained the figures are the run's; elsewhere they differ a little.")
    remarks = (
        t("A run of Digit Lab in plain Keras. It needs: pip install tensorflow matplotlib"),
        t("The seed decides the order of the images and the dropout.")
        if start
        else t("The seed decides the first weights, the order of the images and the dropout."),
        t("No graphics card, and the run's number of threads: both change how sums are rounded."),
        *([] if start and start.optimizer_state == "lost" else [same]),
    )
    code = _PREPARATION.format(threads=execution.threads, seed=config.seed)
    lesson = matching(config) or t("{lesson}, changed", lesson=nearest(config))
    return Part(f"Digit Lab: {lesson}", remarks, code)


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


def _images(config: RunConfig, fingerprint: str, bfloat16: bool, t: Translator) -> Part:
    remarks = [
        t("From the file of the run's images, if it lies beside this one; else from mnist.npz:"),
        t("write the place of yours after MNIST. If neither is there, Keras downloads MNIST."),
    ]
    if fingerprint != MNIST_FINGERPRINT:
        remarks.append(t("The run was not on full MNIST: without its images the figures differ."))
    if config.one_hot:
        remarks.append(t("The loss compares with one-hot vectors: 3 becomes 0 0 0 1 0 0 0 0 0 0."))
    name = json.dumps(images_name(config, fingerprint))
    lines = [*_prepared(config), *(_kept(config) if bfloat16 else [])]
    code = _IMAGES.format(name=name) + "\n".join(lines)
    return Part(t("The images"), tuple(remarks), code)


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


def _prepared(config: RunConfig) -> list[str]:
    lines = []
    if config.train_images != ALL_IMAGES:
        count = config.train_images
        lines.append(f"x_train, y_train = x_train[:{count}], y_train[:{count}]")
    lines.append('x_train = x_train.astype("float32") / 255')
    lines.append('x_test = x_test.astype("float32") / 255')
    if config.network == "cnn":
        lines.append("x_train, x_test = x_train[..., np.newaxis], x_test[..., np.newaxis]")
    if config.one_hot:
        lines.append("one_hot_train = keras.utils.to_categorical(y_train, 10)")
        lines.append("one_hot_test = keras.utils.to_categorical(y_test, 10)")
    lines.append('print(len(x_train), "training images,", len(x_test), "test images")')
    return lines


def _kept(config: RunConfig) -> list[str]:
    """Code that splits off the validation images, where exact_model is validated on them."""
    targets = _targets(config, "train")
    if config.validation == "test":
        return [f"x_validation, t_validation = x_test, {_targets(config, 'test')}"]
    if config.validation == "none":
        return []
    return [
        f"first = int(len(x_train) * (1 - {config.validation_split!r}))",
        f"x_validation, t_validation = x_train[first:], {targets}[first:]",
        f"x_train, {targets} = x_train[:first], {targets}[:first]",
    ]


def _network(config: RunConfig, bfloat16: bool, start: StartFile | None, t: Translator) -> Part:
    named = start is not None
    # What is frozen counts as not trainable: then the summary follows the freezing.
    summary = "" if start is not None and start.frozen else "\nmodel.summary()"
    if not bfloat16:
        code = f"model = {_sequential(config, named)}{summary}"
        return Part(t("The network"), (), code)
    remarks = (
        t("The run computed its hidden layers in bfloat16, which is faster and rounds more."),
        t("It was validated and tested with the same weights in float32: that is exact_model."),
    )
    body = _sequential(config, named, "number_format").replace("\n", "\n    ")
    code = (
        f"def network(number_format):\n    return {body}\n\n\n"
        'model = network("mixed_bfloat16")\nexact_model = network("float32")' + summary
    )
    return Part(t("The network"), remarks, code)


def _sequential(config: RunConfig, named: bool, dtype: str = "") -> str:
    shape = "(28, 28, 1)" if config.network == "cnn" else "(28, 28)"
    *hidden, last = layers_of(config)
    lines = [*(_layer(layer, named, dtype) for layer in hidden), _layer(last, named)]
    built = [f"keras.Input({shape})", *lines]
    return "keras.Sequential([\n" + "".join(f"    {line},\n" for line in built) + "])"


def _layer(layer: Layer, named: bool, dtype: str = "") -> str:
    arguments = []
    match layer.kind:
        case "conv":
            arguments.append(f"{layer.output[-1]}, ({layer.kernel}, {layer.kernel})")
        case "pool":
            arguments.append("(2, 2)")
        case "dense":
            arguments.append(str(layer.output[0]))
        case "dropout":
            arguments.append(repr(layer.rate))
    if layer.kind in ("conv", "dense"):
        arguments.append(f'activation="{layer.activation}"')
    if named and layer.kernel_shape:
        arguments.append(f'name="{layer.name}"')
    if dtype:
        arguments.append(f"dtype={dtype}")
    names = {
        "conv": "Conv2D",
        "pool": "MaxPooling2D",
        "flatten": "Flatten",
        "dense": "Dense",
        "dropout": "Dropout",
    }
    return f"layers.{names[layer.kind]}({', '.join(arguments)})"


def _start(start: StartFile, t: Translator) -> Part:
    name = json.dumps(start.file)
    remarks = [
        t("The run goes on from another: it begins with the weights that the other ended with."),
        t("They are in the file {file}, which has to lie beside this one.", file=start.file),
    ]
    if start.frozen:
        remarks.append(t("The convolutions are frozen: training leaves their weights as they are."))
    frozen = _FROZEN if start.frozen else ""
    return Part(t("Where it begins"), tuple(remarks), _BEGIN.format(name=name, frozen=frozen))


_BEGIN = """\
start = np.load(FOLDER / {name})
for layer in model.layers:
    if layer.weights:
        layer.set_weights([start[layer.name + "_kernel"], start[layer.name + "_bias"]]){frozen}"""

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


def _optimizer_state(start: StartFile, t: Translator) -> str:
    """A sentence on the optimizer's state at the start."""
    match start.optimizer_state:
        case "there":
            return t("The optimizer goes on with its internal state: steps and running means.")
        case "nothing":
            return t("The optimizer begins afresh, as it did in the run.")
        case "lost":
            return t(
                "The internal state that the optimizer may have had is not here any more: it "
                "begins afresh, and the figures differ from the run's."
            )


def _compile(config: RunConfig, bfloat16: bool, start: StartFile | None, t: Translator) -> Part:
    remarks = [t("Without the compiler XLA, as in the run: on a processor it makes this slower.")]
    if start:
        remarks.append(_optimizer_state(start, t))
    momentum = f", momentum={config.momentum!r}" if config.optimizer == "sgd" else ""
    optimizer = f"{_OPTIMIZERS[config.optimizer]}({config.learning_rate!r}{momentum})"
    code = f"""\
model.compile(
    optimizer=keras.optimizers.{optimizer},
    loss="{config.loss}",
    metrics=["accuracy"],
    jit_compile=False,
)"""
    if bfloat16:
        code += (
            f'\nexact_model.compile(loss="{config.loss}", metrics=["accuracy"], jit_compile=False)'
        )
    if start and start.optimizer_state == "there":
        code += _RESTORE
    return Part(t("Loss and optimizer"), tuple(remarks), code)


def _before(config: RunConfig, bfloat16: bool, start: StartFile | None, t: Translator) -> Part:
    remark = t("Ten classes and no knowledge: about one in ten is right.")
    if start:
        remark = t("What the network can do before it goes on.")
    code = ""
    if bfloat16:
        code += "exact_model.set_weights(model.get_weights())\n"
    if config.network == "cnn":
        code += "filters_before = model.layers[0].get_weights()[0]\n"
    scored = _scored(config, bfloat16, "start" if start else "untrained")
    return Part(t("Before training"), (remark,), code + scored)


def _scored(config: RunConfig, bfloat16: bool, name: str) -> str:
    model = "exact_model" if bfloat16 else "model"
    return (
        f"loss, accuracy = {model}.evaluate(x_test, {_targets(config, 'test')}, verbose=0)\n"
        f'print(f"{name}: loss {{loss:.4f}}, accuracy {{accuracy:.4f}}")'
    )


def _targets(config: RunConfig, which: str) -> str:
    return f"one_hot_{which}" if config.one_hot else f"y_{which}"


def _fit(config: RunConfig, bfloat16: bool, t: Translator) -> Part:
    remarks = [
        {
            "none": t("No images are kept for validation."),
            "test": t("Validation is on the test images here."),
            "split": t("The last of the training images are kept for validation."),
        }[config.validation]
    ]
    own = bfloat16 and config.validation != "none"
    if own:
        remarks.append(t("After each epoch exact_model takes the weights, and is validated."))
    if config.validation != "none" and config.patience:
        remarks.append(
            t(
                "Training ends when the validation loss has not improved for {patience} epochs.",
                patience=config.patience,
            )
        )
    code = (_VALIDATE if own else "") + _fitted(config, own)
    return Part(t("Training"), tuple(remarks), code)


_VALIDATE = """\
def validate(epoch, logs):
    exact_model.set_weights(model.get_weights())
    loss, accuracy = exact_model.evaluate(x_validation, t_validation, verbose=0)
    logs["val_loss"], logs["val_accuracy"] = loss, accuracy


"""


def _fitted(config: RunConfig, own_validation: bool) -> str:
    lines = [
        f"x_train, {_targets(config, 'train')},",
        f"batch_size={config.batch_size},",
        f"epochs={config.epochs},",
    ]
    if config.validation == "split" and not own_validation:
        lines.append(f"validation_split={config.validation_split!r},")
    if config.validation == "test" and not own_validation:
        lines.append(f"validation_data=(x_test, {_targets(config, 'test')}),")
    callbacks = []
    if own_validation:
        callbacks.append("keras.callbacks.LambdaCallback(on_epoch_end=validate)")
    if config.validation != "none" and config.patience:
        stopping = f'EarlyStopping(monitor="val_loss", patience={config.patience})'
        callbacks.append(f"keras.callbacks.{stopping}")
    if callbacks:
        lines += ["callbacks=[", *(f"    {callback}," for callback in callbacks), "],"]
    return "history = model.fit(\n" + "".join(f"    {line}\n" for line in lines) + ")"


def _test(config: RunConfig, bfloat16: bool, reached: Scores | None, t: Translator) -> Part:
    remarks = [t("Images that the network has never seen.")]
    if reached is not None:
        remarks.append(
            t(
                "The run reached: loss {loss}, accuracy {accuracy}.",
                loss=f"{reached.loss:.4f}",
                accuracy=f"{reached.accuracy:.4f}",
            )
        )
    code = "exact_model.set_weights(model.get_weights())\n" if bfloat16 else ""
    return Part(t("Test"), tuple(remarks), code + _scored(config, bfloat16, "test"))


def _curves(config: RunConfig, t: Translator) -> Part:
    remarks = (t("Each epoch's training figures are means while the weights still changed."),)
    validation = ""
    if config.validation != "none":
        validation = (
            '    axis.plot(epochs, history.history["val_" + metric], "o-", label="validation")\n'
        )
    return Part(t("Curves"), remarks, _CURVES.format(validation=validation))


_CURVES = """\
figure, axes = plt.subplots(1, 2, figsize=(10, 4))
epochs = range(1, len(history.history["loss"]) + 1)
for axis, metric in zip(axes, ["loss", "accuracy"]):
    axis.plot(epochs, history.history[metric], "o:", label="training")
{validation}    axis.set(xlabel="epoch", ylabel=metric)
    axis.legend()"""


def _filters(config: RunConfig, t: Translator) -> Part:
    remarks = (t("What the first convolution looks for: the lighter, the larger the weight."),)
    shown = min(config.filters1, _SHOWN)
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
    return Part(t("Filters"), remarks, code)


def _misclassified(bfloat16: bool, t: Translator) -> Part:
    remarks = (t("Above each test image: its digit, and what the network takes it for."),)
    rows = _SHOWN // _COLUMNS
    code = f"""\
answers = {"exact_model" if bfloat16 else "model"}.predict(x_test, verbose=0).argmax(axis=1)
misread = np.flatnonzero(answers != y_test)
plt.figure(figsize=({_COLUMNS}, {rows + 2}))
for place, index in enumerate(misread[:{_SHOWN}]):
    plt.subplot({rows}, {_COLUMNS}, place + 1)
    plt.imshow(x_test[index], cmap="gray_r")
    plt.title(f"{{y_test[index]}} -> {{answers[index]}}")
    plt.axis("off")
plt.show()"""
    return Part(t("Misread samples"), remarks, code)
