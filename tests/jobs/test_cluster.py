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
from digitlab.jobs.software import installed, worker_lack
from digitlab.messages import LabError
from digitlab.store import Run, Status, Store

ROOT = Path(__file__).parents[2]
TINY = RunConfig(units1=8, train_images=64, epochs=1)
LONG = RunConfig(train_images=4000, epochs=100, batch_size=16)


@pytest.mark.parametrize(
    "address",
    [
        "tcp://127.0.0.1:8786",
        "tcp://localhost:8786",
        "tcp://[::1]:8786",
        "tcp://127.9.9.9:1",
        "tls://lab.example.org:8786",
        "tls://192.168.1.5:8786",
    ],
)
def test_tls_anywhere_and_tcp_on_this_machine_are_accepted(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_SCHEDULER", address)
    assert scheduler_address() == address


@pytest.mark.parametrize(
    "address",
    [
        "tcp://192.168.1.5:8786",
        "tcp://lab.example.org:8786",
        "tcp://0.0.0.0:8786",
        "tcp://localhost.example.org:1",
        "tcp://127.0.0.1@lab.example.org:8786",
        "tcp://[::]:1",
        "http://127.0.0.1:8786",
        "127.0.0.1:8786",
        "nonsense",
        "tls://",
        "tcp://",
        "tcp://[::1",
        "tls://lab.example.org:port",
        "tcp://127.0.0.1:99999",
        "inproc://1",
        " ",
    ],
)
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
    lab_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DIGITLAB_SCHEDULER", "tcp://192.168.1.5:8786")
    store = Store(lab_home)
    with closing(Engine(store, measure=False)) as engine:
        run = engine.submit("ada", TINY, dataset.sample())
        until(lambda: engine.trouble is not None)
        assert "not set up to train" in str(engine.trouble)
        assert "must be a tls:// address" in caplog.text  # for whoever runs the lab
        assert store.run(run.id).status is Status.QUEUED


@pytest.fixture
def existing(
    lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[str]]:
    """A scheduler and one worker under a nanny, with a lab folder of its own, as on another PC."""
    away = os.environ | {"DIGITLAB_HOME": str(tmp_path / "away"), "PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        address = scheduler(stack, away, tmp_path)
        monkeypatch.setenv("DIGITLAB_SCHEDULER", address)
        yield worker(stack, away, tmp_path, address)


def scheduler(
    stack: ExitStack, environment: "os._Environ[str] | dict[str, str]", folder: Path
) -> str:
    """Start a scheduler in ``folder``; returns its address."""
    file = folder / "scheduler.json"
    dask(
        stack,
        environment,
        folder,
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(file),
    )
    until(lambda: file.exists() and file.stat().st_size)
    return address_in(file)


def worker(
    stack: ExitStack, environment: "os._Environ[str] | dict[str, str]", folder: Path, address: str
) -> subprocess.Popen[str]:
    """Start a worker under a nanny in ``folder``."""
    return dask(
        stack,
        environment,
        folder,
        "worker",
        address,
        "--nthreads",
        "1",
        "--nanny",
        "--no-dashboard",
        "--host",
        "127.0.0.1",
        "--local-directory",
        str(folder),
    )


def dask(
    stack: ExitStack,
    environment: "os._Environ[str] | dict[str, str]",
    folder: Path,
    *arguments: str,
) -> subprocess.Popen[str]:
    """Start a Dask command; it is ended with the stack."""
    process = stack.enter_context(
        subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            env=dict(environment),
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    )
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
    monkeypatch.setattr(
        "digitlab.jobs.supervisor.str", lambda path: f"/not/here{path}", raising=False
    )
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
        until(lambda: store.epochs(killed.id))  # one without an epoch would be queued again
        (found,) = engine.workers()
        os.kill(found["pid"], signal.SIGKILL)
        assert ended(store, killed).status is Status.INTERRUPTED
        assert ended(store, following).status is Status.FINISHED

        abandoned = engine.submit("ada", LONG, digits)
        until(lambda: store.last_batch(abandoned.id) is not None)
    assert store.run(abandoned.id).status is Status.INTERRUPTED
    assert existing.poll() is None
    with closing(Engine(store, measure=False)) as engine:
        # The worker has seen that nobody waits for the abandoned run, and is free again.
        assert ended(store, engine.submit("ada", TINY, digits)).status is Status.FINISHED


def without_digitlab() -> dict[str, str]:
    """The environment of a process that finds Dask and TensorFlow, and not Digit Lab."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


@pytest.mark.worker
def test_a_worker_without_digit_lab_leaves_the_queue_alone_until_one_with_it_comes(
    lab_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    digits, store, known = dataset.sample(), Store(lab_home), os.environ | {"PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        address = scheduler(stack, known, tmp_path)
        monkeypatch.setenv("DIGITLAB_SCHEDULER", address)
        engine = stack.enter_context(closing(Engine(store, measure=False)))
        runs = [engine.submit("ada", TINY, digits) for _ in range(2)]
        until(lambda: engine.trouble is not None)
        assert str(engine.trouble) == (
            f"The scheduler {address} has no workers at present; runs wait until there is one."
        )
        worker(stack, without_digitlab(), tmp_path, address)
        until(lambda: "cannot train" in str(engine.trouble))
        assert "the package digitlab is not installed there. Runs wait." in str(engine.trouble)
        time.sleep(3)
        assert {store.run(run.id).status for run in runs} == {Status.QUEUED}
        assert caplog.text.count("is not installed there") == 1  # it was looked at once
        worker(stack, known, tmp_path, address)
        assert {ended(store, run).status for run in runs} == {Status.FINISHED}
        assert engine.trouble is None


@pytest.mark.worker
def test_a_scheduler_without_digit_lab_leaves_the_queue_alone(
    lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(lab_home)
    with ExitStack() as stack:
        address = scheduler(stack, without_digitlab(), tmp_path)
        worker(stack, os.environ | {"PYTHONPATH": str(ROOT)}, tmp_path, address)
        monkeypatch.setenv("DIGITLAB_SCHEDULER", address)
        engine = stack.enter_context(closing(Engine(store, measure=False)))
        run = engine.submit("ada", TINY, dataset.sample())
        until(lambda: "cannot pass runs on" in str(engine.trouble))
        assert store.run(run.id).status is Status.QUEUED


HERE = "tcp://127.0.0.1:1"


def test_what_a_worker_lacks_is_said_by_its_name() -> None:
    def without_our_module() -> dict[str, object]:
        raise ModuleNotFoundError("No module named 'numpy.linalg'", name="numpy.linalg")

    def of_an_older_version() -> dict[str, object]:
        raise ModuleNotFoundError("No module named 'digitlab.jobs.software'")

    assert worker_lack(HERE, installed) is None
    lacking = worker_lack(HERE, lambda: installed() | {"missing": ["tensorflow"]})
    assert "the package tensorflow is not" in str(lacking)
    assert "the package numpy is not" in str(worker_lack(HERE, without_our_module))
    for other in (of_an_older_version, lambda: installed() | {"version": "0.0.1"}):
        assert "another version of Digit Lab" in str(worker_lack(HERE, other))
