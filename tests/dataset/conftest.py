import http.server
import io
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from data_files import Server, made

from digitlab import dataset


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A lab folder of this test's own, in a process that has read nothing yet."""
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / "lab"))
    monkeypatch.delenv("DIGITLAB_MNIST", raising=False)
    dataset.forget()
    yield tmp_path / "lab"
    dataset.forget()


@pytest.fixture(scope="session")
def made_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's file, made once: its CSV is slow to read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_HOME", str(tmp_path_factory.mktemp("made")))
        return dataset.sample().path


@pytest.fixture
def kept_sample(made_sample: Path, lab: Path) -> Path:
    """The sample where the lab keeps it."""
    (lab / "data").mkdir(parents=True)
    return Path(shutil.copy(made_sample, lab / "data" / "sample.npz"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **made())
    served = Server(buffer.getvalue())
    served.gate.set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        served.url = f"http://127.0.0.1:{listening.server_port}/mnist.npz"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        yield served
        served.gate.set()
        listening.shutdown()
        thread.join()
