"""Opening the lab loads TensorFlow in a worker, before anybody trains."""

import time
from pathlib import Path

import pytest
from screen import open_page, opened_lab

from digitlab.ui import lab


@pytest.mark.worker
def test_a_page_on_which_nobody_trains_loads_tensorflow_in_one_worker(home: Path, me: str) -> None:
    open_page(opened_lab(me), "draw")
    deadline = time.monotonic() + 60
    while not any(worker["threads"] for worker in lab.engine().workers()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert len(lab.engine().workers()) == 1
    assert lab.engine().trouble is None
