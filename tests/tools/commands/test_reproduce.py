"""``reproduce`` as a person uses it: trained for real, small; stopped, gone on with, refused."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from digitlab.store import Store
from tools.__main__ import main

ROOT = Path(__file__).parents[3]
TINY = ("--images", "64", "--epochs", "1")


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "tools", "reproduce", *map(str, arguments)]


def reproduce(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )


def runs_in(path: Path) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = json.loads(path.read_text())["runs"]
    return runs


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--lesson", "mlp-9000"), "no lesson called mlp-9000; there are mlp-128, mlp-64"),
        (("--images", "0"), "--images must be 1 or more, not 0."),
        (("--epochs", "-3"), "--epochs must be 1 or more, not -3."),
        (("--seeds", "many"), "invalid int value: 'many'"),
        (("--images", "1"), "train_images must be a whole number from 10"),
        (("--json", "/nowhere/at/all/r.json"), "/nowhere/at/all/r.json cannot be written"),
        (("--markdown", "/"), "cannot be written"),
        (("--json", str(ROOT / "pyproject.toml")), "not a file of results"),
    ],
)
def test_bad_arguments_are_one_sentence_and_status_2(
    command_lab: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert main(["reproduce", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in printed.err
    assert printed.err.count("\n") == 1
    assert Store(command_lab).runs_of("reproduce") == []


def test_a_bench_of_another_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "everything"]) == 2
    assert "invalid choice: 'everything'" in capsys.readouterr().err


@pytest.mark.worker
def test_a_lesson_is_trained_written_and_not_trained_again(
    command_lab: Path, tmp_path: Path
) -> None:
    file = tmp_path / "r.json"
    arguments = ("--lesson", "mlp-128", *TINY, "--json", file)
    done = reproduce(*arguments, "--seeds", "1")
    assert done.returncode == 0, done.stderr
    assert "1 rows, 1 runs to train" in done.stderr
    assert "| near 2.3 = -log 0.1 | 2.3 to 2.5 | " in done.stdout
    assert "reproduce --lesson mlp-128 --images 64 --epochs 1 --seeds 1\n" in done.stdout
    (first,) = runs_in(file)
    assert (first["images"], first["outcome"]["epochs"]) == (51, 1)
    assert 0 < first["looks"]["least-class"] < 0.1 < first["looks"]["most-class"] < 1
    assert Store(command_lab).runs_of("reproduce") == []  # their weights would fill the disk

    page = tmp_path / "page.md"
    more = reproduce(*arguments, "--seeds", "2", "--markdown", page, "--keep")
    assert (more.returncode, more.stdout) == (0, "")
    assert "1 runs to train" in more.stderr
    kept, second = runs_in(file)
    assert kept == first
    assert second["config"]["seed"] == 2
    assert [run.config.seed for run in Store(command_lab).runs_of("reproduce")] == [2]
    assert " / " in page.read_text()

    began = time.monotonic()
    again = reproduce(*arguments, "--seeds", "2")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == page.read_text()
    assert time.monotonic() - began < 20  # no worker was started
    assert runs_in(file) == [kept, second]


@pytest.mark.worker
def test_ctrl_c_keeps_the_finished_runs_and_the_same_command_goes_on(
    command_lab: Path, tmp_path: Path
) -> None:
    file = tmp_path / "r.json"
    arguments = ("--lesson", "mlp-64", "--images", "1500", "--epochs", "4", "--json", file)
    with subprocess.Popen(
        command(*arguments),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A CI runner may ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        deadline = time.monotonic() + 90
        while not (file.exists() and runs_in(file)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        page, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "The same command goes on from here." in told
    assert "runs are still to be trained" in page
    finished = runs_in(file)
    assert 1 <= len(finished) < 3

    done = reproduce(*arguments)
    assert done.returncode == 0, done.stderr
    assert f"{3 - len(finished)} runs to train" in done.stderr
    assert runs_in(file)[: len(finished)] == finished
    assert [run["config"]["seed"] for run in runs_in(file)] == [1, 2, 3]
