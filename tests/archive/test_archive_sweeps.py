"""Sweeps in the zip: grouped again where they are loaded, and not believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from make_run import add_run, make_epoch
from packed_lab import ME, MISSING, NOT_JSON, YOU, Lab, Members, members_of, with_field, zip_of
from trouble import locked

from digitlab import dataset
from digitlab.archive import Packed
from digitlab.config import BY_NAME, RunConfig
from digitlab.dataset import DigitSet
from digitlab.layers import layers_of, parameter_count
from digitlab.presets import PRESETS
from digitlab.store import DataSetInfo, Run, Status, StorageBusyError, database
from digitlab.sweeps import Sweep, planning
from digitlab.sweeps.planning import SWEEP_LESSONS, Axis, Plan

PLAN = planning.vary(PRESETS["mlp-128"], [Axis("dropout", (0.0, 0.5)), Axis("epochs", (2,))], 2)


class SweepingLab(Lab):
    """One that as an engine ends each run at once."""

    def submit(self, owner: str, config: RunConfig, digits: DigitSet) -> Run:
        parts = DataSetInfo(digits.name, digits.fingerprint, 3200, 800, 1000)
        return add_run(
            self.store,
            config,
            owner=owner,
            parameters=parameter_count(layers_of(config)),
            digits=parts,
            epochs=[make_epoch(1)],
            status=Status.FINISHED,
        )

    def stop(self, run: str) -> None:
        self.store.ask_to_stop(run)

    def sweep(self, plan: Plan = PLAN) -> Sweep:
        return self.sweeps.start(self, ME, plan, dataset.sample())

    def configs(self, sweep: Sweep) -> list[RunConfig | None]:
        """What each place of a sweep has trained."""
        return [trial.run and trial.run.config for trial in self.sweeps.trials(sweep)]


@pytest.fixture
def here(tmp_path: Path) -> SweepingLab:
    return SweepingLab(tmp_path / "here")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """What is in a good zip with one sweep of four runs."""
    lab = SweepingLab(tmp_path_factory.mktemp("good"))
    lab.sweep()
    return members_of(lab.pack()[0])


@pytest.fixture
def there(tmp_path: Path) -> SweepingLab:
    return SweepingLab(tmp_path / "there")


def test_sweeps_are_grouped_again_where_they_are_loaded(
    here: SweepingLab, there: SweepingLab
) -> None:
    swept = [here.sweep(PLAN), here.sweep(SWEEP_LESSONS["600-images"].plan(1))]

    data, packed = here.pack()
    told = there.unpack(data)

    assert (packed.runs, packed.sweeps) == (6, 2)
    assert (len(told.runs), told.sweeps, told.refused) == (6, 2, [])
    loaded = there.sweeps.sweeps_of(YOU)
    for before, after in zip(reversed(swept), loaded, strict=True):
        assert after.plan == before.plan
        assert (after.digits, after.created) == (before.digits, before.created)
        assert there.configs(after) == here.configs(before)
        assert all(trial.done for trial in there.sweeps.trials(after))
        assert after.stopped  # nothing of it is trained before somebody asks for it


def test_what_is_missing_is_trained_there_when_it_is_asked_for(
    here: SweepingLab, there: SweepingLab
) -> None:
    first, *others = here.sweeps.trials(here.sweep())
    assert first.run is not None
    here.library.delete(ME, [first.run.id])
    there.unpack(here.pack()[0])
    (sweep,) = there.sweeps.sweeps_of(YOU)

    assert [trial.run is None for trial in there.sweeps.trials(sweep)] == [True] + [False] * 3
    assert there.sweeps.pick_up(there) == 0
    assert there.sweeps.resume(there, YOU, sweep.id) == 1
    assert there.configs(sweep) == [PLAN.config(p.cell, p.seed) for p in [first, *others]]


def test_a_sweep_comes_once_and_fills_its_gaps_later(here: SweepingLab, there: SweepingLab) -> None:
    first = here.sweeps.trials(here.sweep())[0]
    assert first.run is not None
    here.library.delete(ME, [first.run.id])
    early, _ = here.pack()
    here.library.restore(ME, [first.run.id])
    later, _ = here.pack()

    assert (there.unpack(early).sweeps, there.unpack(early).sweeps) == (1, 0)
    told = there.unpack(later)
    assert (len(told.runs), told.known, told.sweeps) == (1, 3, 0)
    (sweep,) = there.sweeps.sweeps_of(YOU)
    trials = there.sweeps.trials(sweep)
    assert all(trial.done for trial in trials)
    there.unpack(early)  # the older zip takes nothing away
    assert there.sweeps.trials(sweep) == trials
    assert here.unpack(later, ME).sweeps == 0  # where it was trained
    assert there.unpack(later, "z" * 22).sweeps == 1  # another person's is not mine


def test_a_sweep_without_runs_is_left(here: SweepingLab) -> None:
    trials = here.sweeps.trials(here.sweep())
    here.library.delete(ME, [trial.run.id for trial in trials if trial.run])
    assert here.pack()[1] == Packed()


def test_a_zip_of_the_first_version_is_loaded(good: Members, there: SweepingLab) -> None:
    members = with_field(good, "manifest.json", "version", 1)
    del members[sweep_in(good)]
    told = there.unpack(zip_of(members))
    assert (len(told.runs), told.sweeps, told.refused) == (4, 0, [])


@pytest.mark.parametrize("left_out", ["sweeps/", "drawings.json"])
def test_a_locked_database_is_no_fault_of_drawings_and_sweeps(
    good: Members, there: SweepingLab, monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    def without(start: str) -> bytes:
        return zip_of({name: good[name] for name in good if not name.startswith(start)})

    assert len(there.unpack(without("sweeps/")).runs) == 4  # from now on they are only looked up
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    with locked(there.store.database.path), pytest.raises(StorageBusyError, match="busy"):
        there.unpack(without(left_out))


# A sweep is refused by name, and all runs are loaded ------------------------------------------


def sweep_in(members: dict[str, bytes]) -> str:
    (name,) = (name for name in members if name.startswith("sweeps/"))
    return name


def refused(there: SweepingLab, members: Members) -> str:
    """Why the sweep is refused, when all its runs are loaded."""
    told = there.unpack(zip_of(members))
    assert len(told.runs) == 4
    assert (told.sweeps, there.sweeps.sweeps_of(YOU)) == (0, [])
    (sentence,) = map(str, told.refused)
    assert sentence.startswith("The sweep in sweeps/")
    return sentence


@pytest.mark.parametrize(
    ("said", "path", "value"),
    [
        ("field seeds is", "seeds", 6),
        ("field seeds is", "seeds", 10**30),
        ("field seeds is", "seeds", True),
        ("field lesson is", "lesson", "<script>"),
        ("field lesson is", "lesson", None),
        ("field base is", "base", []),
        ("field base is", "base", {"units1": 3}),
        ("field axes is", "axes", [{"field": "dropout", "values": [0.1]}] * 5),
        ("is varied twice", "axes", [{"field": "dropout", "values": [0.1]}] * 2),
        ("field axes[0].field is", "axes.0.field", "nonsense"),
        ("Seeds are not varied", "axes.0.field", "seed"),
        ("field axes[0].values is", "axes.0.values", [0.1] * 61),
        ("field axes[0].values is", "axes.0.values", [{"a": 1}]),
        ("needs at least one value", "axes.0.values", []),
        ("Dropout after dense layers must be a number", "axes.0.values", ["x" * 5000]),
        ("Dropout after dense layers must be a number", "axes.0.values", [1e308]),
        ("field lesson is", "axes", []),
        ("field digits is", "digits", "../../etc/passwd"),
        ("field digits is", "digits", "F" * 64),
        ("field created is", "created", -1),
        ("field runs[0] is", "runs", [0] * 5),
        ("field runs is", "runs", [0] * 61),
        ("field runs[0].seed is", "runs.0.seed", 2),
        ("field runs[0].cell is", "runs.0.cell", -1),
        ("field runs[0].run is", "runs.0.run", "../../../../x"),
        ("field runs[1].run is", "runs.1.cell", 0),
        ("none of its runs is here", "runs", []),
        ("none of its runs is here", "runs", [{"seed": 0, "cell": 0, "run": "a" * 16}]),
        ("was trained with other settings", "digits", "0" * 64),
        ("was trained with other settings", "base.units1", 64),
        ("was trained with other settings", "axes.0.values", [0.5, 0.0]),
        *(
            (f"the field {name} is missing", name, MISSING)
            for name in ("lesson", "seeds", "base", "axes", "digits", "created", "runs")
        ),
        ("there is no field called more", "more", 1),
    ],
)
def test_a_field_that_is_wrong_is_named(
    good: Members, there: SweepingLab, said: str, path: str, value: Any
) -> None:
    assert said in refused(there, with_field(good, sweep_in(good), path, value))


@pytest.mark.parametrize("text", NOT_JSON)
def test_what_is_no_json_object(good: Members, there: SweepingLab, text: bytes) -> None:
    assert ".json was not loaded: " in refused(there, good | {sweep_in(good): text})


def test_a_seed_past_the_largest_is_a_sentence(good: Members, there: SweepingLab) -> None:
    file = sweep_in(good)
    seeded = [trial for trial in json.loads(good[file])["runs"] if trial["seed"]]
    members = with_field(good, file, "base.seed", BY_NAME["seed"].high)
    assert "seed must be" in refused(there, with_field(members, file, "runs", seeded))
