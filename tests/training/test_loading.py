"""TensorFlow is loaded once, and keeps quiet."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Six models that each read once: the fifth makes TensorFlow warn of "retracing".
_MANY_MODELS = """
from digitlab.training import loading
assert loading.threads() == 0
loading.use_threads(1)
loading.use_threads(2)
assert loading.threads() == 1, "only the first call counts"
import keras, numpy, tensorflow
assert tensorflow.config.threading.get_intra_op_parallelism_threads() == 1
for _ in range(6):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.predict(numpy.zeros((1, 2)), verbose=0)
"""


@pytest.mark.worker
def test_a_process_loads_it_once_and_many_models_print_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MANY_MODELS], cwd=ROOT, capture_output=True, text=True, timeout=180,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (done.stdout, done.stderr) == ("", "")
