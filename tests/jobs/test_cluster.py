"""Which schedulers are accepted, and runs trained through one that exists already."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
import pytest

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.jobs.cluster import scheduler_address, worker_memory
from digitlab.jobs.engine import Engine
from digitlab.messages import LabError
from digitlab.store import Run, Status, Store

ROOT = Path(__file__).parents[2]
TINY = RunConfig(units1=8, train_images=64, epochs=1)
LONG = RunConfig(train_images=4000, epochs=100, batch_size=16)


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:8786", "tcp://localhost:8786", "tcp://[::1]:8786", "tcp://127.9.9.9:1",
        "tls://lab.example.org:8786", "tls://192.168.1.5:8786",
    ],
)  # fmt: skip
def test_tls_anywhere_and_tcp_on_this_machine_are_accepted(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_SCHEDULER", address)
    assert scheduler_address() == address


@pytest.mark.parametrize(
    "address",
    [
        "tcp://192.168.1.5:8786", "tcp://lab.example.org:8786", "tcp://0.0.0.0:8786",
        "tcp://localhost.example.org:1", "tcp://127.0.0.1@lab.example.org:8786", "tcp://[::]:1",
        "http://127.0.0.1:8786", "127.0.0.1:8786", "nonsense", "tls://", "tcp://", "tcp://[::1",
        "tls://lab.example.org:port", "tcp://127.0.0.1:99999", "inproc://1", " ",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_what_to_do(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_SCHEDULER", address)
    with pytest.raises(LabError) as refused:
        scheduler_address()
    assert str(refused.value) == (
        f"DIGITLAB_SCHEDULER must be a tls:// address, or tcp:// on this machine; it is {address}."
    )


@pytest.mark.parametrize("address", [None, ""])
def test_no_address_means_the_embedded_cluster(
    address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGITLAB_SCHEDULER", raising=False)
    if address is not None:
        monkeypatch.setenv("DIGITLAB_SCHEDULER", address)
    assert scheduler_address() is None


def test_a_run_may_use_most_of_the_memory_and_not_all() -> None:
    assert 0 < worker_memory() < psutil.virtual_memory().total


def test_an_engine_with_a_refused_scheduler_says_so_and_keeps_the_run(
    lab_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_SCHEDULER", "tcp://192.168.1.5:8786")
    store = Store(lab_home)
    with closing(Engine(store, measure=False)) as engine:
        run = engine.submit("ada", TINY, dataset.sample())
        until(lambda: engine.trouble is not None)
        assert "must be a tls:// address" in str(engine.trouble)
        assert store.run(run.id).status is Status.QUEUED


@pytest.fixture
def existing(
    lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[str]]:
    """A scheduler and one worker under a nanny, with a lab folder of its own, as on another PC."""
    file = tmp_path / "scheduler.json"
    away = os.environ | {"DIGITLAB_HOME": str(tmp_path / "away"), "PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        dask(stack, os.environ, "scheduler", "--host", "127.0.0.1", "--port", "0",
             "--no-dashboard", "--scheduler-file", str(file))  # fmt: skip
        until(lambda: file.exists() and file.stat().st_size)
        worker = dask(stack, away, "worker", "--scheduler-file", str(file), "--nthreads", "1",
                      "--nanny", "--no-dashboard", "--host", "127.0.0.1",
                      "--local-directory", str(tmp_path))  # fmt: skip
        monkeypatch.setenv("DIGITLAB_SCHEDULER", address_in(file))
        yield worker


def dask(
    stack: ExitStack, environment: "os._Environ[str] | dict[str, str]", *arguments: str
) -> subprocess.Popen[str]:
    """Start a Dask command; it is ended with the stack."""
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
        )
    )  # fmt: skip
    stack.callback(process.terminate)
    return process


def address_in(scheduler_file: Path) -> str:
    return str(json.loads(scheduler_file.read_text())["address"])


def until(condition: object, seconds: float = 90.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def ended(store: Store, run: Run) -> Run:
    until(lambda: not store.run(run.id).status.live)
    return store.run(run.id)


@pytest.mark.worker
def test_runs_are_trained_on_an_existing_scheduler_that_cannot_read_our_files(
    existing: subprocess.Popen[str], lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images are sent; a killed worker interrupts its run; the workers outlive the engine."""
    digits = dataset.sample()
    # Both are on this machine: the path that the worker is told must be one it cannot read.
    monkeypatch.setattr("digitlab.jobs.drive.str", lambda path: f"/not/here{path}", raising=False)
    store = Store(lab_home)
    with closing(Engine(store, measure=False)) as engine:
        first = ended(store, engine.submit("ada", TINY, digits))
        assert first.status is Status.FINISHED, str(first.reason)
        assert store.epochs_kept(first.id, "weights") == [0, 1]
        assert len(store.epochs(first.id)) == 1
        sent = tmp_path / "away" / "data" / f"sent-{digits.fingerprint}.npz"
        assert sent.read_bytes() == digits.path.read_bytes()

        # This scheduler, unlike the embedded one, would try the task again, for ever.
        killed, following = (engine.submit("ada", config, digits) for config in (LONG, TINY))
        until(lambda: store.last_batch(killed.id) is not None)
        (worker,) = engine.workers()
        os.kill(worker["pid"], signal.SIGKILL)
        assert ended(store, killed).status is Status.INTERRUPTED
        assert ended(store, following).status is Status.FINISHED

        abandoned = engine.submit("ada", LONG, digits)
        until(lambda: store.last_batch(abandoned.id) is not None)
    assert store.run(abandoned.id).status is Status.INTERRUPTED
    assert existing.poll() is None
    with closing(Engine(store, measure=False)) as engine:
        # The worker has seen that nobody waits for the abandoned run, and is free again.
        assert ended(store, engine.submit("ada", TINY, digits)).status is Status.FINISHED
