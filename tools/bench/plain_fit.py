"""Trains a lesson as its author's script does: Keras's own ``fit``, then ``evaluate``.

``python -m tools.bench.plain_fit LESSON SETTING...`` prints a JSON object: the seconds from ``fit``
to the end of ``evaluate``, and the test accuracy. A setting is written as ``epochs=2``.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from digitlab import dataset
from digitlab.commands.train import chosen_config
from digitlab.config import RunConfig
from digitlab.dataset import one_hot
from digitlab.layers import layers_of
from digitlab.network import as_pixels


def train(config: RunConfig) -> dict[str, Any]:
    """Train on the data set in use, in float32, with TensorFlow's own choice of threads."""
    from digitlab.training.keras_model import build, compile_model

    digits = dataset.current().digits
    count = min(config.train_images, len(digits.x_train))

    def prepared(images: Any, labels: Any) -> tuple[Any, Any]:
        return as_pixels(images), one_hot(labels) if config.one_hot else labels

    x, y = prepared(digits.x_train[:count], digits.y_train[:count])
    test = prepared(digits.x_test, digits.y_test)
    validated: dict[str, Any] = {}
    if config.validation == "split":
        validated = {"validation_split": config.validation_split}
    elif config.validation == "test":
        validated = {"validation_data": test}
    model = build(layers_of(config), seed=config.seed)
    compile_model(model, config)
    began = time.perf_counter()
    model.fit(x, y, batch_size=config.batch_size, epochs=config.epochs, verbose=0, **validated)
    _, accuracy = model.evaluate(*test, verbose=0)
    return {"seconds": time.perf_counter() - began, "accuracy": float(accuracy)}


if __name__ == "__main__":
    print(json.dumps(train(chosen_config(sys.argv[1], sys.argv[2:]))))
