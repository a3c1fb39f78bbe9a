"""The command line as a person uses it: a process of its own, its output and exit status."""

import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from make_run import add_run
from PIL import Image

from digitlab import dataset, models
from digitlab.__main__ import main, terminal_language
from digitlab.progress import Untrained
from digitlab.store import Status, Store

ROOT = Path(__file__).parents[2]
TINY = ("--set", "train_images=64", "--set", "epochs=1", "--set", "units1=8")
LONG = ("--set", "epochs=100", "--set", "batch_size=8")


def lab_command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "digitlab", *map(str, arguments)]


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """One command run to its end."""
    return subprocess.run(
        lab_command(*arguments),
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """What one command that is refused says; it prints nothing else and returns 2."""
    assert main([str(argument) for argument in arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    return printed.err.strip()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "required: COMMAND"),
        (("learn",), "invalid choice: 'learn'"),
        (("train", "--speed", "11"), "unrecognized arguments: --speed 11"),
        (("train", "--preset", "mlp-9000"), "no lesson called mlp-9000; there are mlp-128"),
        (("train", "--set", "epochs"), "Write --set FIELD=VALUE, not --set epochs."),
        (("train", "--set", "epochs=0"), "epochs must be a whole number from 1 to 100, not 0."),
        (("train", "--set", "epochs=1.5"), "epochs must be a whole number from 1 to 100"),
        (("train", "--set", "epochs=many"), "not many."),
        (("train", "--set", "learning_rate=nan"), "learning_rate must be a number from 1e-05 to 2"),
        (("train", "--set", "optimizer=adamw"), "one of adam, sgd, rmsprop, adadelta, not adamw."),
        (("train", "--set", "depth=3"), "depth"),
        (("predict",), "required: PATH"),
        (("predict", "x.png", "--model", "nonsense"), "nonsense is neither a run"),
        (("predict", "x.png", "--model", "../nowhere.npz"), "neither a run"),
    ],
)
def test_bad_arguments_are_one_sentence_and_status_2(
    command_lab: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refusal(capsys, *arguments)


def test_the_process_says_it_on_stderr_in_the_terminals_language(command_lab: Path) -> None:
    english = run("train", "--preset", "mlp-9000")
    japanese = run("train", "--preset", "mlp-9000", LANG="ja_JP.UTF-8")
    for done in (english, japanese):
        assert (done.returncode, done.stdout) == (2, "")
        assert "mlp-9000" in done.stderr
        assert done.stderr.count("\n") == 1
    assert english.stderr != japanese.stderr


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "DIGITLAB_LANG": "ja"}, "ja"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": ""}, "en"),
    ],
)
def test_the_terminals_language_is_its_most_particular_variable(
    command_lab: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], language: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert terminal_language() == language


def test_a_refused_scheduler_is_said_at_once_and_no_run_is_queued(
    command_lab: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Store(command_lab).runs_of("command-line")
    monkeypatch.setenv("DIGITLAB_SCHEDULER", "tcp://192.168.1.5:8786")
    assert "must be a tls:// address" in refusal(capsys, "train")
    assert Store(command_lab).runs_of("command-line") == before


def test_a_lab_folder_that_cannot_be_written_is_refused(
    command_lab: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DIGITLAB_HOME", str(tmp_path / "file" / "lab"))
    assert main(["train"]) == 3
    assert "set DIGITLAB_HOME" in capsys.readouterr().err


def test_a_download_without_a_network_ends_soon_with_a_sentence(command_lab: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    began = time.monotonic()
    done = run("fetch", HTTPS_PROXY=nowhere, https_proxy=nowhere, NO_PROXY="", no_proxy="")
    assert time.monotonic() - began < 20
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.strip().endswith(".")
    assert "Traceback" not in done.stderr


def test_info_tells_what_the_lab_works_with(
    command_lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["store"] == str(command_lab)
    assert facts["workers"]["scheduler"] == "embedded"
    assert facts["workers"]["memory_bytes"] > 0
    why = facts["dataset"].pop("why")
    assert why
    expected = {"name": "sample", "train": 4000, "test": 1000, "refused": []}
    assert facts["dataset"] == expected
    assert {"keras", "numpy", "streamlit"} <= set(facts["versions"])
    assert facts["model"]["parameters"] == models.bundled().parameters
    assert main(["info"]) == 0
    names = [line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == list(facts)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two digits of the test set on white paper, and three files that are no pictures of one."""
    folder = tmp_path / "pictures"
    (folder / "deeper").mkdir(parents=True)
    for number, name in enumerate(("a.png", "deeper/b.JPG")):
        digit = 255 - dataset.sample().x_test[number]
        Image.fromarray(digit).resize((112, 112)).save(folder / name)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    Image.new("L", (60, 60), 255).save(folder / "empty.png")
    (folder / "notes.txt").write_text("not a picture, and not asked for")
    return folder


def test_every_picture_is_answered_with_a_line_and_bad_ones_make_the_status_1(
    command_lab: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", str(pictures), str(pictures / "missing.png")]) == 1
    lines = {Path(line["file"]).name: line for line in lines_of(capsys.readouterr().out)}
    assert list(lines) == ["a.png", "broken.png", "b.JPG", "empty.png", "missing.png"]
    for name in ("broken.png", "empty.png", "missing.png"):
        assert set(lines[name]) == {"file", "error"}
        assert lines[name]["error"].endswith(".")
    for number, name in enumerate(("a.png", "b.JPG")):
        assert lines[name]["digit"] == dataset.sample().y_test[number]
        assert sum(lines[name]["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert int(np.argmax(lines[name]["probabilities"])) == lines[name]["digit"]
    assert main(["predict", str(pictures / "a.png")]) == 0
    assert lines_of(capsys.readouterr().out) == [lines["a.png"]]


def test_a_file_whose_name_is_no_text_is_answered_too(command_lab: Path, pictures: Path) -> None:
    """As a Japanese folder packed on Windows and unpacked on Linux has them."""
    name = os.fsencode(pictures) + b"/\x8e\x9a.png"
    try:
        with open(name, "wb") as stream:
            stream.write((pictures / "a.png").read_bytes())
    except OSError:
        pytest.skip("this file system takes text only")
    done = run("predict", os.fsdecode(pictures))
    assert done.returncode == 1
    assert os.fsdecode(name) in {line["file"] for line in lines_of(done.stdout)}


def test_a_model_file_that_is_none_of_ours_is_refused_by_name(
    command_lab: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, "predict", pictures / "a.png", "--model", pictures / "notes.txt")
    assert "notes.txt" in said


def test_a_run_that_kept_no_weights_is_refused_as_a_model(
    command_lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = add_run(Store(command_lab), untrained=Untrained(2.3, 0.1))
    assert "kept no weights yet" in refusal(capsys, "predict", "x.png", "--model", empty.id)


@pytest.mark.worker
def test_train_prints_one_object_and_its_run_reads_pictures(
    command_lab: Path, pictures: Path, tmp_path: Path
) -> None:
    done = run("train", "--json", *TINY)
    assert done.returncode == 0, done.stderr + done.stdout
    (summary,) = lines_of(done.stdout)
    assert (summary["status"], summary["dataset"], summary["epochs"]) == ("finished", "sample", 1)
    assert summary["parameters"] == 785 * 8 + 9 * 10
    assert (summary["config"]["units1"], summary["preset"]) == (8, None)
    assert summary["images"] == {"train": 51, "validation": 13, "test": 1000}
    for part in ("untrained", "train", "validation", "test"):
        assert summary[part]["loss"] > 0
        assert 0 <= summary[part]["accuracy"] <= 1
    assert summary["seconds"] > 0
    assert summary["images_per_second"] >= 0

    store = Store(command_lab)
    kept = store.run(summary["run"])
    assert (kept.status, kept.owner) == (Status.FINISHED, "command-line")
    weights = tmp_path / "model.npz"
    weights.write_bytes(store.file(kept.id, "weights-001.npz").read_bytes())
    by_run, by_file = (
        run("predict", pictures / "a.png", "--model", model) for model in (kept.id, weights)
    )
    assert by_run.returncode == 0
    assert by_run.stdout == by_file.stdout
    (line,) = lines_of(by_run.stdout)
    assert line["digit"] in range(10)


@pytest.mark.worker
@pytest.mark.parametrize("whom", ["the process", "its group, as a terminal does"])
def test_ctrl_c_stops_the_run_keeps_it_and_leaves_no_process(command_lab: Path, whom: str) -> None:
    store = Store(command_lab)
    with long_run(store) as process:
        if whom == "the process":
            process.send_signal(signal.SIGINT)
        else:
            os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    (summary,) = lines_of(output)
    assert summary["status"] == "stopped"
    assert store.batches(summary["run"])
    assert store.epochs_kept(summary["run"], "weights")
    assert summary["untrained"]["loss"] > 0


@pytest.mark.worker
def test_a_second_ctrl_c_does_not_wait_for_the_worker(command_lab: Path) -> None:
    store = Store(command_lab)
    known = {run.id for run in store.runs_of("command-line")}
    with long_run(store) as process:
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        process.communicate(timeout=60)
    assert process.returncode == 130
    (last,) = [run for run in store.runs_of("command-line") if run.id not in known]
    assert not last.status.live


@pytest.mark.worker
def test_on_a_terminal_there_is_a_bar_and_then_the_object(command_lab: Path) -> None:
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 100))
    with subprocess.Popen(
        lab_command("train", *TINY), cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, text=True
    ) as process:
        os.close(terminal)
        shown = "".join(read_from(screen))
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, shown
    (summary,) = lines_of(output)
    assert summary["status"] == "finished"
    assert "/1 epochs" in shown
    assert "All 1 epochs were trained." in shown


def read_from(screen: int) -> Iterator[str]:
    """What is written on a terminal until the last process has closed it."""
    with open(screen, "rb", buffering=0) as stream, suppress(OSError):
        while data := stream.read(4096):
            yield data.decode(errors="replace")


@contextmanager
def long_run(store: Store) -> Iterator["subprocess.Popen[str]"]:
    """A run that trains, in a process group that Ctrl-C can reach; no process is left of it."""
    known = {run.id for run in store.runs_of("command-line")}
    with subprocess.Popen(
        lab_command("train", "--json", *LONG),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A CI runner may ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        deadline = time.monotonic() + 90
        while not any(
            store.last_batch(run.id) for run in store.runs_of("command-line") if run.id not in known
        ):
            assert time.monotonic() < deadline, "no batch was trained"
            time.sleep(0.05)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(True)]
        yield process
    _, alive = psutil.wait_procs(family, timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
