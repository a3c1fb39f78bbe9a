import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from data_files import Server, leftovers, made, write
from trouble import full_disk

from digitlab import dataset
from digitlab.dataset import download
from digitlab.messages import LabError


def closed_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listening.getsockname()[1]}/mnist.npz"


def test_a_download_is_checked_and_kept(server: Server, lab: Path) -> None:
    seen: list[tuple[int, int]] = []
    digits = server.fetch(lambda *at: seen.append(at))
    assert digits.fingerprint == dataset.fingerprint(made())
    assert digits.path == lab / "data" / "mnist.npz"
    assert seen[-1] == (len(server.body), len(server.body))
    assert leftovers(lab) == ["mnist.npz"]
    (lab / "any").touch()
    assert digits.path.stat().st_mode == (lab / "any").stat().st_mode
    server.fetch()
    assert server.asked == 1


def test_another_file_than_mnist_is_refused(server: Server, lab: Path) -> None:
    with pytest.raises(LabError, match=r"127\.0\.0\.1:\d+ sent is not MNIST"):
        dataset.fetch(url=server.url)
    assert leftovers(lab) == []


def test_a_download_that_breaks_off_leaves_what_was_there(server: Server, lab: Path) -> None:
    before = write(lab / "data" / "mnist.npz", made(seed=7)).read_bytes()
    server.announced = len(server.body) + 1000
    with pytest.raises(LabError, match="could not be downloaded"):
        server.fetch()
    assert (lab / "data" / "mnist.npz").read_bytes() == before
    assert leftovers(lab) == ["mnist.npz"]


def test_a_broken_cache_is_replaced_by_a_download(server: Server, lab: Path) -> None:
    write(lab / "data" / "mnist.npz", made()).write_bytes(b"PK broken")
    assert len(server.fetch().x_train) == 30


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_server_that_says_no_is_named(server: Server, lab: Path, status: int) -> None:
    server.status = status
    with pytest.raises(LabError, match=r"could not be downloaded from 127\.0\.0\.1"):
        server.fetch()


@pytest.mark.parametrize("url", [None, "http://", "http://digits.invalid/mnist.npz", "no address"])
def test_no_server_is_a_sentence_and_soon(
    lab: Path, url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    began = time.perf_counter()
    with pytest.raises(LabError, match="Check the network, or set DIGITLAB_MNIST"):
        dataset.fetch(url=url or closed_port())
    assert time.perf_counter() - began < 11
    assert leftovers(lab) == []


def test_a_server_that_does_not_answer_is_given_up(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_READ_SECONDS", 0.2)
    server.gate.clear()
    with pytest.raises(LabError, match="could not be downloaded"):
        server.fetch()


@contextlib.contextmanager
def deaf_server() -> Iterator[str]:
    """A port whose queue is full, so that it answers no one who knocks."""
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            knocking = stack.enter_context(socket.socket())
            knocking.setblocking(False)
            knocking.connect_ex(listening.getsockname())
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mnist.npz"


def test_a_server_that_takes_no_connection_is_given_up(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(download, "_CONNECT_SECONDS", 0.2)
    began = time.perf_counter()
    with deaf_server() as url, pytest.raises(LabError, match="could not be downloaded"):
        dataset.fetch(url=url)
    assert 0.2 <= time.perf_counter() - began < 2
    assert leftovers(lab) == []


def test_the_progress_of_a_download_only_grows(server: Server) -> None:
    server.body += bytes(1_000_000)  # read from its end, a zip may not have more behind it
    seen: list[tuple[int, int]] = []
    with pytest.raises(LabError, match="not a whole"):
        server.fetch(lambda *at: seen.append(at))
    assert len(seen) > 10
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {len(server.body)}
    assert seen[-1][0] == len(server.body)


def test_a_disk_that_cannot_be_written_is_not_the_networks_fault(server: Server, lab: Path) -> None:
    lab.mkdir()
    (lab / "data").write_text("a file where the folder should be")
    with pytest.raises(LabError, match=r"cannot write .*mnist\.npz"):
        server.fetch()


def test_a_disk_that_fills_up_keeps_no_half_of_a_download(server: Server, lab: Path) -> None:
    with full_disk(10_000), pytest.raises(LabError, match=r"cannot write .*mnist\.npz"):
        server.fetch()
    assert leftovers(lab) == []


def test_downloads_and_the_csv_load_nothing_before_they_are_needed() -> None:
    check = (
        "import sys, digitlab.dataset;"
        "sys.exit(bool({'pooch', 'requests', 'mlxtend', 'sklearn'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
