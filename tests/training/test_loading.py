"""TensorFlow is loaded once, and keeps quiet."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from digitlab.training import loading

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


def printed(program: str) -> tuple[str, str]:
    """What a process of its own prints on stdout and stderr."""
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.worker
def test_a_process_loads_it_once_and_many_models_print_nothing() -> None:
    assert printed(_MANY_MODELS) == ("", "")


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="niceness of threads is Linux's")


@on_linux
def test_the_thread_that_trains_gives_way_and_those_it_starts_and_no_other() -> None:
    found = {}

    def train() -> None:
        loading.lower_priority()
        loading.lower_priority()  # of a second run: no lower
        found["training"] = priority()
        inner = threading.Thread(target=lambda: found.update(started=priority()))
        inner.start()
        inner.join()

    before = priority()
    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert found == {"training": loading.NICENESS, "started": loading.NICENESS}
    assert priority() == before < loading.NICENESS


_CALIBRATION = """
import os, sys
from digitlab.training import calibration, speed
sys.argv[1:] = ["1"]
calibration.measure = lambda threads: speed.Timing((), True)
calibration.main()
print(os.getpriority(os.PRIO_PROCESS, 0))
"""


@on_linux
def test_measuring_the_machine_gives_way_as_well() -> None:
    assert printed(_CALIBRATION)[0].splitlines()[-1] == str(loading.NICENESS)


def test_a_system_without_priorities_of_threads_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loading.sys, "platform", "darwin")
    monkeypatch.delattr(loading.os, "setpriority", raising=False)
    monkeypatch.delattr(loading.os, "getpriority", raising=False)
    loading.lower_priority()
