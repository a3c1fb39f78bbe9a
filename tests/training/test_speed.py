import dataclasses
import itertools
import json
import math
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from digitlab.config import RunConfig
from digitlab.presets import PRESETS
from digitlab.progress import ExecutionSettings
from digitlab.training import speed
from digitlab.training.speed import (
    MEASURED,
    Calibration,
    Measurement,
    execution_for,
    seconds_per_epoch,
)

MLP, CNN = PRESETS["mlp-128"], PRESETS["cnn-keras"]
ROWS = (
    Measurement("mlp-128", "float32", 1, 60_000.0),
    Measurement("mlp-128", "mixed_bfloat16", 1, 40_000.0),
    Measurement("mlp-128", "float32", 2, 50_000.0),
    Measurement("mlp-128", "mixed_bfloat16", 2, 30_000.0),
    Measurement("cnn-keras", "float32", 1, 900.0),
    Measurement("cnn-keras", "mixed_bfloat16", 1, 1_400.0),
    Measurement("cnn-keras", "float32", 2, 1_700.0),
    Measurement("cnn-keras", "mixed_bfloat16", 2, 2_700.0),
)


def change_file(home: Path, **changes: object) -> None:
    """Change what is kept of this machine's speed."""
    path = home / "speed.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(kept | changes), encoding="utf-8")


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "CPU_COUNT", 2)


# The execution ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "images", "loaded_threads", "number_format", "threads"),
    [
        # Each kind of network trains at its own best.
        (MLP, 48_000, None, "float32", 1),
        (CNN, 60_000, None, "mixed_bfloat16", 2),
        # A short run does not wait for other threads, and a long one does.
        (dataclasses.replace(MLP, epochs=1), 48_000, 2, "float32", 2),
        (dataclasses.replace(MLP, epochs=1), 48_000, 1, "float32", 1),
        (dataclasses.replace(MLP, epochs=100), 48_000, 2, "float32", 1),
        (CNN, 60_000, 1, "mixed_bfloat16", 2),
    ],
)
def test_each_run_trains_at_the_settings_that_are_fastest_for_it(
    config, images, loaded_threads, number_format, threads
) -> None:
    found = execution_for(config, images, ROWS, loaded_threads)
    assert (found.format, found.threads) == (number_format, threads)


@pytest.mark.parametrize(
    ("name", "bfloat16", "expected"),
    [
        ("mlp-128", True, ("float32", 1)),
        ("mlp-512", True, ("mixed_bfloat16", 1)),
        ("cnn-filters", True, ("mixed_bfloat16", 2)),
        *((name, False, ("float32", 1)) for name in ("mlp-128", "mlp-512")),
        *((name, False, ("float32", 2)) for name in ("cnn-filters", "cnn-keras")),
    ],
)
@pytest.mark.usefixtures("two_cores")
def test_without_a_measurement_it_is_a_guess(
    monkeypatch: pytest.MonkeyPatch, name: str, bfloat16: bool, expected: tuple[str, int]
) -> None:
    monkeypatch.setattr(speed, "has_bfloat16", lambda: bfloat16)
    others = tuple(row for row in ROWS if MEASURED[row.network].network != PRESETS[name].network)
    for measured in ((), others):  # what the other kind of network does tells nothing
        execution = execution_for(PRESETS[name], 48_000, measured, None)
        assert (execution.format, execution.threads) == expected
        execution = execution_for(PRESETS[name], 100, measured, 3)
        assert execution.threads == 3  # of the worker that is up: it is a short run
        crowded = execution_for(PRESETS[name], 48_000, measured, 2, alone=False)
        assert crowded.threads == 1
    if expected[1] == 2:
        assert execution_for(PRESETS[name], 60_000, (), 1).threads == 2  # a long run


def test_a_network_is_taken_to_be_like_the_measured_one_of_its_size() -> None:
    rows = (*ROWS, Measurement("mlp-512", "mixed_bfloat16", 1, 30_000.0))
    for units, number_format in ((32, "float32"), (1024, "mixed_bfloat16")):
        config = dataclasses.replace(MLP, units1=units)
        assert execution_for(config, 60_000, rows, None).format == number_format


@pytest.mark.parametrize("config", [MLP, CNN])
@pytest.mark.parametrize("loaded", [None, 1, 2])
def test_a_run_beside_others_trains_on_one_thread(config, loaded, two_cores) -> None:
    beside = execution_for(config, 60_000, ROWS, loaded, alone=False)
    assert beside.threads == 1
    assert beside.format == ("mixed_bfloat16" if config is CNN else "float32")
    for measured in ((), [row for row in ROWS if row.threads == 2]):
        unmeasured = execution_for(config, 60_000, measured, loaded, alone=False)
        assert unmeasured.threads == 1


def test_a_large_network_is_computed_as_the_measured_one_of_its_kind() -> None:
    large = RunConfig(network="cnn", blocks=3, filters1=256, filters2=256, filters3=256)
    assert execution_for(large, 60_000, ROWS, None) == ExecutionSettings("mixed_bfloat16", 2)


# How long it takes --------------------------------------------------------------------------


def test_an_epoch_takes_as_long_as_its_work() -> None:
    measured = MEASURED["cnn-keras"]
    seconds = seconds_per_epoch(measured, 60_000, ROWS)
    assert seconds == pytest.approx(60_000 / 2_700, rel=0.05)
    assert seconds_per_epoch(measured, 6_000, ROWS) == pytest.approx(seconds / 10)
    wider = dataclasses.replace(measured, filters2=128)
    assert 1.8 * seconds < seconds_per_epoch(wider, 60_000, ROWS) < 2.2 * seconds
    assert seconds_per_epoch(measured, 60_000, ()) > seconds


def test_small_batches_cost_their_steps() -> None:
    small = dataclasses.replace(MLP, batch_size=1)
    more = seconds_per_epoch(small, 1_000, ROWS) - seconds_per_epoch(MLP, 1_000, ROWS)
    assert more == pytest.approx(1.0, abs=0.05)


# What is kept -------------------------------------------------------------------------------


def test_measurements_are_kept_for_this_machine(lab_home: Path) -> None:
    assert speed.load() == ()
    speed.save(ROWS)
    assert speed.load() == ROWS
    assert [path.name for path in lab_home.iterdir()] == ["speed.json"]
    speed.save(ROWS[:4])
    assert speed.load() == ROWS[:4]


@pytest.mark.parametrize("change", [{"cores": 3}, {"processor": "another"}, {"python": "3.0.0"}])
def test_measurements_of_another_machine_do_not_count(lab_home: Path, change) -> None:
    speed.save(ROWS)
    change_file(lab_home, machine=speed.machine() | change)
    assert speed.load() == ()


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe", b'{"machine": {}}']
)
def test_a_broken_file_counts_as_none(lab_home: Path, data) -> None:
    lab_home.mkdir()
    (lab_home / "speed.json").write_bytes(data)
    assert speed.load() == ()


@pytest.mark.parametrize(
    "rows", [None, 5, [1], [{"network": "mlp"}], [{"network": "mlp", "speed": 5}]]
)
def test_broken_rows_count_as_none(lab_home: Path, rows) -> None:
    speed.save(ROWS)
    change_file(lab_home, measurements=rows)
    assert speed.load() == ()


def test_a_placeholder_of_an_earlier_version_was_not_measured(lab_home: Path) -> None:
    placeholder = [dataclasses.replace(row, images_per_second=1.0) for row in ROWS[:3]]
    speed.save([*placeholder, *ROWS[3:]])
    assert speed.load() == ROWS[3:]
    speed.save(placeholder)
    assert speed.load() == ()
    assert Calibration()._todo  # it is measured again
    speed.save([dataclasses.replace(ROWS[0], images_per_second=math.nan)])
    assert speed.load() == ()


# Measuring ----------------------------------------------------------------------------------


def test_a_machine_that_was_measured_is_not_measured_again(lab_home: Path) -> None:
    speed.save(ROWS)
    calibration = Calibration()
    calibration.resume()
    assert calibration._process is None
    calibration.pause()
    assert speed.load() == ROWS


def test_a_measurement_that_is_paused_is_made_later(lab_home: Path, two_cores) -> None:
    calibration = Calibration()
    calibration.resume()
    started = calibration._process
    assert started is not None
    calibration.resume()  # it goes on: no second process
    assert calibration._process is started
    calibration.pause()
    assert started.poll() is not None
    assert calibration._todo == [1, 2]
    assert speed.load() == ()


def test_old_measurements_serve_until_they_are_made_again(lab_home: Path) -> None:
    speed.save(ROWS)
    change_file(lab_home, when=time.time() - 40 * 24 * 3600)
    assert speed.load() == ROWS
    assert Calibration()._todo


@pytest.mark.parametrize(
    ("threads", "seconds", "idle", "own", "quiet"),
    [
        (2, 10.0, 5.0, 15.0, True),  # two cores, nobody else
        (2, 10.0, 4.5, 15.0, True),  # a browser ticks
        (2, 10.0, 2.0, 12.0, False),  # somebody clicks
        (2, 10.0, 0.0, 10.0, False),  # another process has half of the machine
        (1, 10.0, 6.0, 10.0, True),  # the other core is free enough
        (1, 10.0, 0.0, 9.8, True),  # the others keep to the other core
        (1, 10.0, 0.0, 5.0, False),
        (2, 10.0, 400.0, 20.0, True),  # a share of a large machine
        (1, 0.0, 0.0, 0.0, False),
    ],
)
def test_a_measurement_counts_where_the_cores_were_free(
    threads: int, seconds: float, idle: float, own: float, quiet: bool
) -> None:
    assert speed.is_quiet(threads, seconds, idle, own) is quiet


def prints(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[int]:
    """Measuring processes that print these in turn; returns what was asked of them."""
    asked: list[int] = []

    def start(threads: int) -> subprocess.Popen[str]:
        program = f"print({answers[len(asked)]!r})"
        asked.append(threads)
        return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)

    monkeypatch.setattr(speed, "_start", start)
    return asked


def answer(rows: tuple[Measurement, ...], quiet: bool) -> str:
    return json.dumps(dataclasses.asdict(speed.Timing(rows, quiet)))


def finish(calibration: Calibration) -> None:
    """Start what is to be started now, and collect it."""
    calibration.resume()
    if calibration._process is not None:
        calibration._process.wait()
        calibration.resume()


def test_what_a_busy_machine_gave_is_thrown_away_and_measured_again(
    lab_home: Path, two_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tuple(dataclasses.replace(row, images_per_second=20.0) for row in ROWS)
    asked = prints(
        monkeypatch,
        answer(ROWS[:2], True),
        answer(slow, False),
        answer(slow, False),
        answer(ROWS[2:], True),
    )
    calibration = Calibration()
    finish(calibration)
    finish(calibration)
    assert (asked, speed.load()) == ([1, 2], ())
    finish(calibration)
    assert asked == [1, 2]  # not at once
    calibration._next = 0.0
    finish(calibration)
    assert calibration._next > time.monotonic() + 200  # twice the pause
    calibration._next = 0.0
    finish(calibration)
    assert asked == [1, 2, 2, 2]
    assert speed.load() == ROWS


@pytest.mark.parametrize("quiet", [True, False])
def test_a_person_who_waits_is_told_whether_the_machine_was_busy(
    lab_home: Path, two_cores: None, monkeypatch: pytest.MonkeyPatch, quiet: bool
) -> None:
    asked = prints(monkeypatch, *(answer(ROWS[:2], quiet),) * 6)
    timing = Calibration().run()
    assert timing.quiet is quiet
    assert asked == ([1, 2] if quiet else [1, 1, 1, 2, 2, 2])
    assert bool(speed.load()) is quiet


def measuring(batches: int, seconds: float = 60.0) -> dict[str, Any]:
    """What a measuring process prints that trains each network for so many batches."""
    program = (
        "import sys; from digitlab.training import calibration\n"
        f"calibration._BATCHES = dict.fromkeys(calibration.MEASURED, {batches})\n"
        f"calibration._SECONDS = {seconds}\n"
        "sys.argv = ['calibration', '1']; calibration.main()"
    )
    command = [sys.executable, "-c", program]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True)
    return json.loads(done.stdout)


@pytest.mark.worker
def test_a_network_is_not_measured_where_the_time_was_too_short() -> None:
    assert measuring(3, seconds=0.0)["measurements"] == []


@pytest.mark.worker
def test_this_machine_is_measured_in_a_process_of_its_own() -> None:
    found = measuring(3)
    rows = [Measurement(**row) for row in found["measurements"]]
    formats = ("float32", "mixed_bfloat16")
    expected = itertools.product(MEASURED, formats, (1,))
    assert {(row.network, row.format, row.threads) for row in rows} == set(expected)
    assert all(row.images_per_second > 1 for row in rows)
    assert len({row.images_per_second for row in rows}) == len(rows)  # none is a placeholder
    assert isinstance(found["quiet"], bool)
