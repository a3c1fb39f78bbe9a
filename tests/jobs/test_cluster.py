"""Which schedulers are accepted, and runs trained through one that exists already."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from training_lab import LONG, Lab, until

from digitlab.jobs import cluster
from digitlab.jobs.cluster import most_workers, scheduler_address, worker_memory
from digitlab.jobs.software import installed, worker_lack
from digitlab.messages import LabError
from digitlab.store import Status, Store

HERE = "tcp://127.0.0.1:1"


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


def test_no_address_means_the_embedded_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITLAB_SCHEDULER", "")
    assert scheduler_address() is None
    monkeypatch.delenv("DIGITLAB_SCHEDULER")
    assert scheduler_address() is None


def test_a_run_may_use_most_of_the_memory_and_not_all() -> None:
    assert 0 < worker_memory() < psutil.virtual_memory().total


@pytest.mark.parametrize("workers", ["0", "-1", "two", "1.5", " ", "²"])
def test_a_number_of_workers_that_is_none_is_refused(
    workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITLAB_WORKERS", workers)
    with pytest.raises(LabError) as refused:
        most_workers()
    assert str(refused.value) == (
        f"DIGITLAB_WORKERS must be a whole number from 1; it is {workers}."
    )
    assert "not set up to train" in str(refused.value.on_page)


@pytest.mark.parametrize(
    ("cores", "gigabytes", "workers"), [(2, 0.7, 1), (2, 2.7, 1), (2, 8, 2), (8, 8, 4), (1, 64, 1)]
)
def test_there_are_as_many_workers_as_cores_and_memory_allow(
    cores: int, gigabytes: float, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIGITLAB_WORKERS", raising=False)
    monkeypatch.setattr(cluster, "CPU_COUNT", cores)
    monkeypatch.setattr(cluster, "MEMORY_LIMIT", gigabytes * 1e9)
    assert most_workers() == workers
    monkeypatch.setenv("DIGITLAB_WORKERS", "3")
    assert most_workers() == 3


def test_an_engine_with_a_refused_scheduler_says_so_and_keeps_the_run(
    lab_home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DIGITLAB_SCHEDULER", "tcp://192.168.1.5:8786")
    with Lab(Store(lab_home)) as lab:
        run = lab.submit()
        until(lambda: lab.engine.trouble is not None)
        assert "not set up to train" in str(lab.engine.trouble)
        assert "must be a tls:// address" in caplog.text  # for whoever runs the lab
        assert lab.status(run) is Status.QUEUED


def known() -> dict[str, str]:
    """The environment of a process that finds Digit Lab."""
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def unknown() -> dict[str, str]:
    """The environment of a process that finds Dask and TensorFlow, and not Digit Lab."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


class Commands:
    """Dask's commands, started in a folder of their own as on another PC."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.stack, self.folder, self.address = stack, folder, ""

    def start(self, environment: dict[str, str], arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments.split(), "--host", "127.0.0.1"]
        quiet = subprocess.DEVNULL
        process = self.stack.enter_context(
            subprocess.Popen(command, env=environment, cwd=self.folder, stdout=quiet, stderr=quiet)
        )
        self.stack.callback(process.terminate)
        return process

    def scheduler(self, environment: dict[str, str]) -> None:
        file = self.folder / "scheduler.json"
        self.start(environment, f"scheduler --port 0 --no-dashboard --scheduler-file {file.name}")
        until(lambda: file.exists() and file.stat().st_size)
        self.address = str(json.loads(file.read_text())["address"])

    def worker(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        """A worker under a nanny."""
        options = "--nthreads 1 --nanny --no-dashboard --local-directory ."
        return self.start(environment, f"worker {self.address} {options}")


@pytest.fixture
def commands(lab_home: Path, tmp_path: Path) -> Iterator[Commands]:
    with ExitStack() as stack:
        yield Commands(stack, tmp_path)


@pytest.mark.worker
def test_runs_are_trained_on_an_existing_scheduler_that_cannot_read_our_files(
    commands: Commands, lab_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The images are sent; a killed worker interrupts its run; the workers outlive the engine."""
    away = known() | {"DIGITLAB_HOME": str(tmp_path / "away")}
    commands.scheduler(away)
    monkeypatch.setenv("DIGITLAB_SCHEDULER", commands.address)
    existing = commands.worker(away)
    # Both are on this machine: the path that the worker is told must be one it cannot read.
    monkeypatch.setattr(
        "digitlab.jobs.supervisor.str", lambda path: f"/not/here{path}", raising=False
    )
    store = Store(lab_home)
    with Lab(store) as lab:
        first = lab.finished()
        assert store.epochs_kept(first.id, "weights") == [0, 1]
        assert len(store.epochs(first.id)) == 1
        sent = tmp_path / "away" / "data" / f"sent-{lab.digits.fingerprint}.npz"
        assert sent.read_bytes() == lab.digits.path.read_bytes()

        # This scheduler, unlike the embedded one, would try the task again, for ever.
        killed, following = lab.submit(LONG), lab.submit()
        until(lambda: store.epochs(killed.id))  # one without an epoch would be queued again
        os.kill(lab.worker().pid, signal.SIGKILL)
        assert lab.ended(killed).status is Status.INTERRUPTED
        lab.finished(following)
        abandoned = lab.started()
    assert lab.status(abandoned) is Status.INTERRUPTED
    assert existing.poll() is None
    with Lab(store) as lab:
        lab.finished()  # the worker has seen that nobody waits for the abandoned run


@pytest.mark.worker
def test_a_worker_without_digit_lab_leaves_the_queue_alone_until_one_with_it_comes(
    commands: Commands,
    lab_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    commands.scheduler(known())
    monkeypatch.setenv("DIGITLAB_SCHEDULER", commands.address)
    with Lab(Store(lab_home)) as lab:
        engine, runs = lab.engine, [lab.submit() for _ in range(2)]
        until(lambda: engine.trouble is not None)
        assert str(engine.trouble) == (
            f"The scheduler {commands.address} has no workers at present; runs wait until there is "
            "one."
        )
        commands.worker(unknown())
        until(lambda: "cannot train" in str(engine.trouble))
        assert "the package digitlab is not installed there. Runs wait." in str(engine.trouble)
        time.sleep(3)
        assert {lab.status(run) for run in runs} == {Status.QUEUED}
        assert caplog.text.count("is not installed there") == 1  # it was looked at once
        commands.worker(known())
        for run in runs:
            lab.finished(run)
        assert engine.trouble is None


@pytest.mark.worker
def test_a_scheduler_without_digit_lab_leaves_the_queue_alone(
    commands: Commands, lab_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands.scheduler(unknown())
    commands.worker(known())
    monkeypatch.setenv("DIGITLAB_SCHEDULER", commands.address)
    with Lab(Store(lab_home)) as lab:
        run = lab.submit()
        until(lambda: "cannot pass runs on" in str(lab.engine.trouble))
        assert lab.status(run) is Status.QUEUED


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
