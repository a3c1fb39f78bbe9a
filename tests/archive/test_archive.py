"""Everything in one zip: it comes back equal, and nothing in a zip from elsewhere is believed."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_network import make_network
from make_run import add_run, make_epoch
from msgspec.structs import asdict
from packed_lab import ME, MISSING, NOT_JSON, YOU, Lab, Members, members_of, with_field, zip_of

from digitlab import archive
from digitlab.archive import (
    ArchiveError,
    Packed,
    Unpacked,
    estimate,
    files,
    form,
    packing,
    unpacking,
)
from digitlab.config import RunConfig
from digitlab.layers import layers_of, parameter_count
from digitlab.messages import message
from digitlab.network import Network, Prediction
from digitlab.presets import matching
from digitlab.progress import BatchMetrics, EpochMetrics, ExecutionSettings, Outcome, Untrained
from digitlab.records import SavedDrawing
from digitlab.store import DataSetInfo, Run, Status
from digitlab.store.library import Library
from digitlab.store.run_files import npy, packed_predictions
from digitlab.training.continuing import pack_state, unpack_state

TEST = 40  # test images
DIGITS = DataSetInfo("sample", "f" * 64, 3200, 800, TEST)
MLP = RunConfig(units1=8, epochs=2)
CNN = RunConfig(
    network="cnn", blocks=1, filters1=2, dense=4, conv_dropout=0.25, epochs=2, optimizer="sgd"
)


@pytest.fixture
def here(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "there")


def network(config: RunConfig, epoch: int = 0) -> Network:
    about = {"config": config.to_json(), "dataset": DIGITS.name, "epoch": epoch}
    return make_network(config, seed=epoch, about=about)


def probabilities(epoch: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(epoch).dirichlet(np.ones(10), TEST).astype(np.float32)


def npz_of(**found: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **found)  # type: ignore[arg-type]
    return buffer.getvalue()


HALF = {
    f"{layer}_{part}": array.astype("<f2")
    for layer, pair in network(CNN, 1).weights.items()
    for part, array in zip(("kernel", "bias"), pair, strict=True)
}
LAST = list(HALF)[-1]  # the bias of the outputs


def state_of(config: RunConfig) -> dict[str, np.ndarray[Any, Any]]:
    found: dict[str, np.ndarray[Any, Any]] = {"iteration": np.array(50, np.float32)}
    for name, (kernel, bias) in network(config, 9).weights.items():
        found |= {f"{name}_kernel_momentum": kernel, f"{name}_bias_momentum": bias}
    return found


def add(lab: Lab, config: RunConfig = MLP, owner: str = ME, **more: Any) -> Run:
    """A run as the engine leaves it, every kind of file included."""
    kept = {"probabilities.npy": npy(probabilities(2))}
    for epoch in range(3):
        after = network(config, epoch)
        kept[f"weights-{epoch:03d}.npz"] = after.to_bytes()
        kept[f"reading-{epoch:03d}.npz"] = packed_predictions(probabilities(epoch))
        if config.network == "cnn":
            kept[f"kernels-{epoch:03d}.npy"] = npy(after.weights["conv1"][0])
    packed = pack_state(state_of(config))
    assert packed is not None
    kept["optimizer.npz"] = packed
    run = add_run(
        lab.store,
        config,
        owner=owner,
        preset=matching(config),
        parameters=parameter_count(layers_of(config)),
        digits=DIGITS,
        execution=ExecutionSettings("mixed_bfloat16", 2, 20),
        untrained=Untrained(2.4, 0.1),
        epochs=[make_epoch(epoch, val_loss=None, val_accuracy=None) for epoch in (1, 2)],
        batches=[
            BatchMetrics(n, at, 25, 1 / at, at / 50, 9.0 * at) for n in (1, 2) for at in (10, 25)
        ],
        files=kept,
        **more,
    )
    reason = message("All {epochs} epochs were trained.", epochs=2)
    lab.store.end(run.id, Status.FINISHED, reason, Outcome("finished", 2, 2, False, 3.5, 1e4))
    return lab.store.run(run.id)


def facts(run: Run) -> dict[str, Any]:
    """What a run is, but for its id, its person and its place."""
    elsewhere = {"id", "owner", "engine", "origin"}
    return {name: value for name, value in asdict(run).items() if name not in elsewhere}


def arrays(path: Path) -> dict[str, Any]:
    loaded = np.load(path)
    if path.suffix == ".npy":
        return {"": loaded}
    return {name: loaded[name] for name in loaded.files if name != "header"}


def same_files(ours: Lab, mine: str, theirs: Lab, yours: str) -> None:
    assert ours.store.files(mine) == theirs.store.files(yours)
    for name in ours.store.files(mine):
        one, other = arrays(ours.store.file(mine, name)), arrays(theirs.store.file(yours, name))
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[key], other[key]) for key in one), name


# There and back --------------------------------------------------------------------------------


def test_everything_comes_back_equal_under_new_ids(here: Lab, there: Lab) -> None:
    first = add(here, CNN)
    second = add(here, MLP, origin=first.id, frozen=True)
    here.library.rename(ME, second.id, "今日の <b>best</b> 🖊")
    here.library.pin(ME, [first.id], True)
    add(here, owner=YOU)

    data, packed = here.pack()
    told = there.unpack(data)

    assert packed == Packed(runs=2)
    assert (len(told.runs), told.known, told.refused) == (2, 0, [])
    newer, older = there.library.summaries(YOU)
    assert (newer.name, newer.pinned, older.pinned) == ("今日の <b>best</b> 🖊", False, True)
    assert (newer.run.origin, newer.run.frozen, older.run.origin) == (older.run.id, True, None)
    for before, after in ((first, older.run), (second, newer.run)):
        assert facts(before) == facts(after)
        assert after.id != before.id
        assert after.owner == YOU
        assert here.store.epochs(before.id) == there.store.epochs(after.id)
        assert here.store.batches(before.id) == there.store.batches(after.id)
        same_files(here, before.id, there, after.id)
    assert list((there.store.folder).glob("loading-*")) == []


def test_a_loaded_network_says_of_itself_what_this_lab_says(here: Lab, there: Lab) -> None:
    run = add(here)
    there.unpack(here.pack()[0])
    (summary,) = there.library.summaries(YOU)

    loaded = Network.load(there.store.file(summary.run.id, "weights-002.npz"))

    assert loaded.about == {"config": run.config.to_json(), "dataset": "sample", "epoch": 2}
    images = np.random.default_rng(0).random((5, 28, 28), np.float32)
    assert np.array_equal(loaded.predict(images), network(MLP, 2).predict(images))
    state = unpack_state(there.store.file(summary.run.id, "optimizer.npz").read_bytes())
    assert state["iteration"] == 50


def test_the_same_zip_again_is_passed_over_here_there_and_by_way_of_another_lab(
    here: Lab, there: Lab, tmp_path: Path
) -> None:
    add(here)
    data, _ = here.pack()
    assert len(there.unpack(data).runs) == 1

    again = there.unpack(data)
    assert (again.runs, again.known) == ([], 1)
    assert here.unpack(data, ME).known == 1  # where it was trained
    assert here.unpack(there.pack(YOU)[0], ME).known == 1  # and came back to
    third = Lab(tmp_path / "third")
    third.unpack(there.pack(YOU)[0])
    assert third.unpack(data).known == 1
    # Another person's copy is not mine.
    assert len(there.unpack(data, "z" * 22).runs) == 1


def test_a_run_in_the_bin_is_loaded_again(here: Lab, there: Lab) -> None:
    add(here)
    data, _ = here.pack()
    (loaded,) = there.unpack(data).runs
    there.library.delete(YOU, [loaded])

    assert len(there.unpack(data).runs) == 1
    assert len(there.library.summaries(YOU)) == 1


def test_a_run_that_trains_arrives_interrupted_and_later_whole(here: Lab, there: Lab) -> None:
    run = here.store.add(ME, "engine", MLP, None, 1, DIGITS)
    here.store.start(run.id)
    here.store.report(run.id, EpochMetrics(1, True, 0.6, 0.8, None, None, 0.5, 0.9, 1.5, 3200))
    (cut,) = there.unpack(here.pack()[0]).runs

    loaded = there.store.run(cut)
    assert loaded.status is Status.INTERRUPTED
    assert "epochs kept: 1" in str(loaded.reason)
    assert loaded.ended is not None
    assert loaded.parameters == parameter_count(layers_of(MLP))

    here.store.report(run.id, EpochMetrics(2, True, 0.6, 0.8, None, None, 0.5, 0.9, 1.5, 3200))
    here.store.end(run.id, Status.FINISHED, message("All {epochs} epochs were trained.", epochs=2))
    (whole,) = there.unpack(here.pack()[0]).runs
    assert there.store.run(whole).status is Status.FINISHED
    assert there.store.run(cut).status is Status.INTERRUPTED  # nothing is changed
    assert there.unpack(here.pack()[0]).known == 1


def test_drawings_come_along_once(here: Lab, there: Lab) -> None:
    run = add(here)
    for digit in range(3):
        picture = np.full((28, 28), 80 * digit, np.uint8)
        seen = Prediction(np.eye(10, dtype=np.float32)[7])
        here.drawings.keep(ME, digit, picture, seen, run.id if digit else "reference")

    data, packed = here.pack()
    told, again = there.unpack(data), there.unpack(data)

    assert (packed.drawings, told.drawings, again.drawings) == (3, 3, 0)
    mine, yours = here.drawings.of(ME), there.drawings.of(YOU)
    assert [one.label for one in yours] == [2, 1, 0]
    assert [one.created for one in yours] == [one.created for one in mine]
    assert all(np.array_equal(a.digit, b.digit) for a, b in zip(mine, yours, strict=True))
    assert [one.model for one in yours] == [told.runs[0], told.runs[0], "reference"]


def test_no_more_drawings_are_loaded_than_one_person_may_keep(
    here: Lab, there: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_drawings(here, 4)
    data, _ = here.pack()
    monkeypatch.setattr("digitlab.store.saved_drawings.MOST", 3)
    assert there.unpack(data).drawings == 3
    assert len(there.drawings.of(YOU)) == 3


def test_nothing_at_all_is_packed_and_loaded_too(here: Lab, there: Lab) -> None:
    data, packed = here.pack()
    assert packed == Packed()
    assert there.unpack(data) == Unpacked()


# Sizes -----------------------------------------------------------------------------------------


def test_what_is_missed_most_goes_in_first_and_the_rest_is_told(
    here: Lab, there: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add(here)
    size = here.store.file(run.id, "weights-000.npz").stat().st_size
    small = sum(
        here.store.file(run.id, name).stat().st_size
        for name in here.store.files(run.id)
        if not name.startswith(("weights", "optimizer"))
    )
    monkeypatch.setattr(packing, "LARGEST", packing._RESERVE + 2 * size + small + 10_000)

    data, packed = here.pack()

    assert packed == Packed(runs=1, files_left_out=2)
    (loaded,) = there.unpack(data).runs
    assert there.store.epochs_kept(loaded, "weights") == [0, 2]
    assert there.store.epochs_kept(loaded, "reading") == [0, 1, 2]
    assert "optimizer.npz" not in there.store.files(loaded)


def test_a_long_run_takes_evenly_spaced_batches_along() -> None:
    reports = [BatchMetrics(1, step, 1000, 0.5, 0.5, 1.0) for step in range(1, 251)]
    steps = files.batch_table(reports, 100)[:, 1]
    assert len(steps) == 84
    assert set(np.diff(steps)) == {3}
    assert files.batch_table([]).shape == (0, 6)


def train_on(lab: Lab, run: Run, steps: int) -> None:
    """Give a run so many batch metrics in its first epoch, at once."""
    with lab.store.database.change() as database:
        database.execute("DELETE FROM batches WHERE run = ?", (run.id,))
        database.executemany(
            f"INSERT INTO batches VALUES (?{', ?' * 6})",
            ((run.id, 1, step, steps, 1 / step, 0.5, 1e4) for step in range(1, steps + 1)),
        )


def test_numbers_that_would_unpack_to_too_much_are_thinned_and_loaded(
    here: Lab, there: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    long, longer, short = add(here), add(here), add(here)
    train_on(here, long, 25_000)
    train_on(here, longer, 45_000)
    for module in ("packing", "opening"):
        monkeypatch.setattr(f"digitlab.archive.{module}.LARGEST_UNPACKED", 3_000_000)

    data, packed = here.pack()

    assert packed == Packed(runs=3, thinned=2)
    assert [str(sentence) for sentence in packed.left_out()] == [
        "The curves of 2 runs have more points between the epochs than fit: evenly spaced ones "
        "went in."
    ]
    told = there.unpack(data)
    assert not told.refused
    sources = {source: run for run, source in there.store.sources(YOU).items()}
    points = {run.id: len(there.store.batches(sources[run.id])) for run in (long, longer, short)}
    assert points == {long.id: 12_500, longer.id: 15_000, short.id: 4}
    assert there.store.epochs_kept(sources[short.id], "weights") == [0, 1, 2]


def test_weights_leave_room_for_the_numbers(
    here: Lab, there: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = add(here)
    train_on(here, run, 20_000)
    for module in ("packing", "opening"):
        monkeypatch.setattr(f"digitlab.archive.{module}.LARGEST_UNPACKED", 2_000_000)
    data, packed = here.pack()
    assert packed.thinned == 0
    assert packed.files_left_out > 0
    (sentence,) = packed.left_out()  # no word of the runs: none is left out
    assert f"{packed.files_left_out} files were left out" in str(sentence)
    (loaded,) = there.unpack(data).runs
    assert len(there.store.batches(loaded)) == 20_000


def test_drawings_that_are_all_the_same_are_no_bomb(here: Lab, there: Lab) -> None:
    picture = np.full((28, 28), 9, np.uint8)
    told = {"label": 7, "predicted": 7, "confidence": 0.9, "model": "reference", "digit": picture}
    same = [SavedDrawing(id=0, created=1e9 + number, **told) for number in range(1500)]
    here.drawings.restore(ME, same)
    data, packed = here.pack()
    assert (packed.drawings, there.unpack(data).drawings) == (1500, 1500)


def test_packing_takes_no_more_memory_than_a_chunk(here: Lab, tmp_path: Path) -> None:
    run = add(here)
    for epoch in range(3):
        here.store.keep(run.id, f"weights-{epoch:03d}.npz", bytes(20_000_000))
    with (tmp_path / "archive.zip").open("w+b") as target:
        tracemalloc.start()
        archive.pack(
            here.library, here.drawings, here.sweeps, ME, target, lambda part: None, exact=True
        )
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert target.seek(0, 2) > 60_000_000
    assert peak < 5_000_000


def test_what_matters_is_small_and_comes_back_the_same_where_it_is_looked_at(
    here: Lab, there: Lab
) -> None:
    config = dataclasses.replace(CNN, epochs=3)
    run = add(here, config)
    here.store.keep(run.id, "weights-003.npz", network(config, 3).to_bytes())
    here.store.keep(run.id, "kernels-003.npy", npy(network(config, 3).weights["conv1"][0]))
    data, packed = here.pack(exact=False)
    told = there.unpack(data)

    assert packed.files_left_out == 0
    assert told.refused == []
    assert len(data) < len(here.pack()[0])
    assert abs(estimate(here.library, ME, exact=False) - len(data)) < 0.5 * len(data)
    assert here.store.files(run.id) == there.store.files(told.runs[0])
    for name in here.store.files(run.id):
        one = arrays(here.store.file(run.id, name))
        other = arrays(there.store.file(told.runs[0], name))
        for key in one:
            if name in ("weights-001.npz", "weights-002.npz"):
                assert other[key].dtype == np.float32
                np.testing.assert_allclose(other[key], one[key], rtol=2**-11, atol=1e-7)
            else:
                assert np.array_equal(one[key], other[key]), name
    again, _ = there.pack(YOU, exact=False)  # rounded once, it is not rounded further
    assert here.unpack(again, ME).known == 1


def test_of_many_epochs_a_few_evenly_spaced_ones_are_packed_and_their_kernels_all(
    here: Lab, there: Lab
) -> None:
    config = dataclasses.replace(CNN, epochs=12)
    run = add(here, config)
    for epoch in range(3, 13):
        here.store.keep(run.id, f"weights-{epoch:03d}.npz", network(config, epoch).to_bytes())
        kernel = network(config, epoch).weights["conv1"][0]
        here.store.keep(run.id, f"kernels-{epoch:03d}.npy", npy(kernel))
    (loaded,) = there.unpack(here.pack(exact=False)[0]).runs
    assert there.store.epochs_kept(loaded, "weights") == [0, 2, 5, 7, 10, 12]
    assert there.store.epochs_kept(loaded, "kernels") == list(range(13))


def test_numbers_that_are_too_large_to_round_are_left_out(here: Lab, there: Lab) -> None:
    run, grown = add(here), network(MLP, 1)
    huge = {name: (kernel * 1e7, bias) for name, (kernel, bias) in grown.weights.items()}
    here.store.keep(run.id, "weights-001.npz", Network(grown.layers, huge, grown.about).to_bytes())
    data, packed = here.pack(exact=False)
    assert packed.files_left_out == 1
    assert there.unpack(data).refused == []


def test_the_disks_budget_holds_and_what_it_took_is_told(
    here: Lab, there: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(here)
    data, _ = here.pack()
    lost = lambda library: [summary.run.id for summary in library.summaries(YOU)]  # noqa: E731
    monkeypatch.setattr(Library, "keep_within", lost)
    assert there.unpack(data).without_weights == 1


def test_a_loaded_pin_is_no_way_round_the_budget(
    here: Lab, there: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.library.pin(ME, [add(here).id], True)
    keep_within = Library.keep_within
    monkeypatch.setattr(Library, "keep_within", lambda library: keep_within(library, 1_000))
    told = there.unpack(here.pack()[0])
    assert told.without_weights == 1
    assert there.store.epochs_kept(told.runs[0], "weights") == []


def test_one_person_cannot_load_without_end(
    here: Lab, there: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(here)
    add(here)
    monkeypatch.setattr(unpacking, "MOST_OF_ONE", 1)
    told = there.unpack(here.pack()[0])
    assert len(told.runs) == 1
    assert "you have 1 runs" in str(told.refused[0])


# The whole zip is refused ----------------------------------------------------------------------

NOT_WHOLE = "not a zip of Digit Lab, or it is not whole"
RUN = "runs/0123456789abcdef/"
ANY = "."
Edit = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A good zip with one CNN, one MLP and three drawings."""
    lab = Lab(tmp_path_factory.mktemp("good"))
    add(lab, CNN)
    add(lab, MLP)
    keep_drawings(lab, 3)
    return lab.pack()[0]


@pytest.fixture
def good(data: bytes) -> Members:
    """What is in it."""
    return members_of(data)


def keep_drawings(lab: Lab, count: int) -> None:
    seen = Prediction(np.eye(10, dtype=np.float32)[7])
    for value in range(count):
        lab.drawings.keep(ME, 7, np.full((28, 28), value, np.uint8), seen, "reference")


def refused_whole(there: Lab, data: bytes, sentence: str) -> None:
    with pytest.raises(ArchiveError, match=sentence):
        there.unpack(data)
    assert there.library.summaries(YOU) == []
    assert not list(there.store.folder.glob("loading-*"))


def patch(name: str, at: int, value: bytes) -> Edit:
    """Replaces bytes of the entry ``name`` in a zip's directory."""

    def edit(data: bytes) -> bytes:
        start = data.rindex(name.encode()) - 46
        assert data[start : start + 4] == b"PK\x01\x02"
        return data[: start + at] + value + data[start + at + len(value) :]

    return edit


def lying_end(field: int) -> Edit:
    def edit(data: bytes) -> bytes:
        wrong = bytearray(data)
        wrong[data.rindex(b"PK\x05\x06") + field] ^= 0x01
        return bytes(wrong)

    return edit


def mode(kind: int) -> bytes:
    return struct.pack("<L", (kind | 0o777) << 16)


BAD_ZIPS: list[tuple[Edit, str]] = [
    *((lambda data, p=part: data[: int(len(data) * p)], NOT_WHOLE) for part in (0.001, 0.5, 0.99)),
    (lambda data: data[:-1], NOT_WHOLE),
    *((lambda data, wrong=wrong: wrong, NOT_WHOLE) for wrong in (b"", b"PK", bytes(1000))),
    (lambda data: b"GIF89a" + data, NOT_WHOLE),
    (lambda data: data + b"x", NOT_WHOLE),
    (lambda data: zip_of({"manifest.json": b"{}"}), NOT_WHOLE),
    (lambda data: zip_of({}), NOT_WHOLE),
    (lambda data: zip_of({"holiday.jpg": b"x"}), "because of the file holiday.jpg in it"),
    *((lying_end(field), NOT_WHOLE) for field in (4, 6, 8, 10, 12, 16, 20)),
    (patch("manifest.json", 8, b"\x01\x00"), "it is encrypted"),
    (patch("manifest.json", 8, b"\x40\x00"), "it is encrypted"),
    (patch("manifest.json", 10, b"\x0c\x00"), "compressed in a way"),  # bzip2
    (patch("manifest.json", 10, b"\x0e\x00"), "compressed in a way"),  # LZMA
    # "stored" in fewer bytes than it has
    (patch("manifest.json", 10, b"\x00\x00"), "its sizes cannot be true"),
    (patch("manifest.json", 20, b"\xff\xff\xff\x7f"), "its sizes cannot be true"),
    (patch("manifest.json", 24, b"\xfe\xff\xff\xff"), "far more than it takes"),
    # zip64, without its field
    (patch("manifest.json", 24, b"\xff\xff\xff\xff"), "far more than it takes|not whole"),
    (patch("manifest.json", 38, mode(stat.S_IFLNK)), "a link or a device"),
    (patch("manifest.json", 38, mode(stat.S_IFCHR)), "a link or a device"),
]


@pytest.mark.parametrize(("edit", "sentence"), BAD_ZIPS)
def test_a_zip_that_is_wrong_is_refused(there: Lab, data: bytes, edit: Edit, sentence: str) -> None:
    refused_whole(there, edit(data), sentence)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.npz",
        "runs/../../evil",
        "/etc/passwd",
        "C:\\evil.npz",
        "..\\evil",
        "runs/",
        RUN + "../weights-000.npz",
        RUN + "weights-0000.npz",
        RUN + "weights-٠٠٠.npz",
        "runs/0123456789ABCDEF/run.json",
        RUN + "run.json/",
        RUN + "run.json\n",
        "./manifest.json",
        RUN + ".run.json",
        "manifest.json\0.exe",
        "__MACOSX/manifest.json",
    ],
)
def test_names_that_are_not_ours(there: Lab, name: str) -> None:
    written = "a" * len(name) if "\0" in name else name  # zipfile writes no zero byte
    wrong = zip_of({written: b"x"}).replace(b"a" * len(name), name.encode())
    with zipfile.ZipFile(io.BytesIO(wrong)):
        pass
    refused_whole(there, wrong, "no file of the lab has such a name")
    assert not (there.store.folder.parent / "evil.npz").exists()


def test_a_name_that_is_there_twice(there: Lab, data: bytes) -> None:
    target = io.BytesIO(data)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(target, "a") as archive:
        archive.writestr(zipfile.ZipInfo("manifest.json"), b"{}")
    refused_whole(there, target.getvalue(), "manifest.json in it: it is there twice")


def test_a_bomb_is_refused_before_it_is_unpacked(there: Lab) -> None:
    bomb = zip_of({"manifest.json": bytes(100_000_000)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 110_000
    tracemalloc.start()
    refused_whole(there, bomb, "far more than it takes")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_many_small_bombs_are_refused_by_their_sum(
    there: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("digitlab.archive.opening.LARGEST_UNPACKED", 1_000_000)
    noise = np.random.default_rng(0).bytes(6_000) * 50
    runs = {f"runs/{number:016x}/batches.npy": noise for number in range(8)}
    refused_whole(there, zip_of(runs, zipfile.ZIP_DEFLATED), "would unpack to more than")


def test_a_hundred_thousand_members_are_refused_before_they_are_listed(there: Lab) -> None:
    large = zip_of({f"runs/{number:016x}/run.json": b"" for number in range(100_000)})
    tracemalloc.start()
    refused_whole(there, large, NOT_WHOLE)  # more than 65,535 make it a zip64
    end = large.rindex(b"PK\x05\x06")
    # The same, as a plain zip that says so, and as one that says it has a few.
    size = end - large.index(b"PK\x01\x02")
    for count, sentence in ((60_000, "too many files: 60,000"), (3, "too many files|not whole")):
        plain = bytearray(large)
        plain[end - 20 : end - 16] = bytes(4)  # no locator of a zip64 end
        plain[end + 8 : end + 12] = struct.pack("<2H", count, count)
        plain[end + 12 : end + 20] = struct.pack("<2L", size, end - size)
        refused_whole(there, bytes(plain), sentence)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * len(large)  # copies made here; a list of the members takes ten times that


def test_a_zip64_end_that_says_something_else_is_refused(there: Lab, data: bytes) -> None:
    end = data.rindex(b"PK\x05\x06")
    start = struct.unpack("<L", data[end + 16 : end + 20])[0]
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 9, 9, end - start, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
    lying = data[:end] + record + locator + data[end:]
    refused_whole(there, lying, NOT_WHOLE)
    with zipfile.ZipFile(io.BytesIO(lying)) as archive:  # which Python would have believed
        assert len(archive.namelist()) > 9


def test_a_file_that_is_too_large(there: Lab, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("digitlab.archive.opening.LARGEST", len(data) - 1)
    refused_whole(there, data, "a zip of the lab has at most")


def manifest(**changes: Any) -> bytes:
    return json.dumps({"format": "digitlab-luggage", "version": 1} | changes).encode()


def listing(*ids: str) -> bytes:
    return manifest(packed=1, runs=[{"id": one, "left_out": 0} for one in ids])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        *((manifest(version=which), f"is of version {which}; this lab loads") for which in (0, 4)),
        *(
            (manifest(version=which), r"is of version \?; this lab loads version 3")
            for which in ("1", 1.0, 1.5, None, True, 10**30, [1])
        ),
        *((text, ANY) for text in (b"", b"{", b"[]", b"null", b"\xff\xfe", b"9" * 10_000)),
        (b'{"format": "digitlab-luggage"', ANY),
        (b'{"format": NaN}', ANY),
        (b"[" * 100_000, ANY),
        (b'{"a":' * 50_000, ANY),
        (manifest() + b" " * form.LARGEST_JSON, "more than 1,000,000 bytes"),
        (manifest(), ANY),
        (manifest(packed=1, runs=3), ANY),
        (listing("../../../../x"), ANY),
        (listing(*["a" * 16] * 2), ANY),
        (listing(*["a" * 16] * 5000), ANY),
    ],
)
def test_a_broken_manifest(there: Lab, good: Members, content: bytes, sentence: str) -> None:
    refused_whole(there, zip_of(good | {"manifest.json": content}), sentence)


# One run is refused, and the others are loaded -------------------------------------------------


def loaded_but(there: Lab, members: Members) -> str:
    """Load a zip in which the CNN is wrong; returns why it was refused."""
    told = there.unpack(zip_of(members))
    (summary,) = there.library.summaries(YOU)
    assert summary.run.config == MLP
    assert told.runs == [summary.run.id]
    assert len(there.store.files(summary.run.id)) == 8
    assert not list(there.store.folder.glob("loading-*"))
    assert [path.name for path in (there.store.folder / "runs").iterdir()] == told.runs
    (refused,) = told.refused
    return str(refused)


def cnn_in(members: Members) -> str:
    """Where the CNN's members are."""
    (name,) = (name for name in members if name.endswith("kernels-000.npy"))
    return name.rpartition("/")[0]


def change(good: Members, path: str, value: Any) -> Members:
    """The good zip's members with a field of the CNN's record set, or left out for ``...``."""
    return with_field(good, f"{cnn_in(good)}/run.json", path, value)


HUGE = 10**400

# What is said of a field has the field's own path, but for those of a configuration.
BAD_FIELDS: dict[str, list[Any]] = {
    "source": [None, "../../../etc/pw", 5, MISSING],
    "name": ["x" * 5000, 7, "a\nb", "\ud800"],
    "pinned": [1],
    "status": ["great", ["finished"], MISSING],
    "reason": ["text"],
    "config": [3, {}, MISSING],
    "config.epochs": [-3, 10**9],
    "config.network": ["rnn"],
    "config.learning_rate": [HUGE],
    "config.evil": [1],
    "evil": [1],
    "preset": [5],
    "digits": [[]],
    "digits.train": [-1],
    "digits.test": [10**12, True],
    "digits.name": ["<b>"],
    "digits.fingerprint": [""],
    "pace.format": ["float64"],
    "pace.threads": [0],
    "pace.steps": [1.5],
    "untrained.loss": ["2.3"],
    "untrained.accuracy": [1.5],
    "untrained.images": [-1, TEST + 1],
    "outcome.ending": ["failed", "stopped"],
    "outcome.kept_epoch": [99],
    "outcome.seconds": [-1],
    "created": [1e300, None, MISSING],
    "started": ["noon"],
    "ended": [HUGE],
    "origin": ["me"],
    "frozen": [None, MISSING],
    "epochs": [{}, [1] * 5000, MISSING],
    "epochs.0.epoch": [-1, 0, 1.0],
    "epochs.1.epoch": [1, 3],
    "epochs.0.complete": [1],
    "epochs.0.loss": [None, -5],
    "epochs.0.accuracy": [98.5],
    "epochs.1.val_loss": ["low"],
    "epochs.0.seconds": [-1],
    "epochs.0.images": [-1],
    "epochs.0.test_images": [-1, TEST + 1],
    "epochs.1": [{"epoch": 2}],
}
SAID = {
    "config.epochs": "Epochs",
    "config.network": "Network",
    "config.learning_rate": "Learning rate",
    "config.evil": "called evil",
    "evil": "called evil",
}


@pytest.mark.parametrize(
    ("path", "value"), [(path, value) for path, values in BAD_FIELDS.items() for value in values]
)
def test_a_field_that_is_wrong_is_named(there: Lab, good: Members, path: str, value: Any) -> None:
    members = change(good, path, value)
    run = cnn_in(members).removeprefix("runs/")
    sentence = loaded_but(there, members)
    assert sentence.startswith(f"Run {run[:6]} was not loaded, because of run.json: ")
    said = SAID.get(path) or "field " + re.sub(r"\.(\d)", r"[\1]", path)
    # That a run ended otherwise than its status says is said of both fields together.
    assert (said if value != "stopped" else "field outcome is") in sentence
    assert value is not MISSING or f"{said} is missing" in sentence
    assert len(sentence) < 300


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_are_refused(there: Lab, good: Members, number: str) -> None:
    members = change(good, "epochs.0.loss", 12345)
    path = f"{cnn_in(members)}/run.json"
    members[path] = members[path].replace(b"12345", number.encode())
    sentence = loaded_but(there, members)
    assert ("epochs[0].loss" if "e" in number else "not readable as JSON") in sentence


def test_a_run_that_the_manifest_does_not_name(there: Lab, good: Members) -> None:
    listed = json.loads(good["manifest.json"])["runs"]
    others = [one for one in listed if one["id"] not in cnn_in(good)]
    members = with_field(good, "manifest.json", "runs", others)
    assert "because of manifest.json: it does not name this run" in loaded_but(there, members)


def nan_weights() -> bytes:
    bad = network(CNN)
    bad.weights["conv1"][0][0, 0, 0, 0] = np.nan
    return bad.to_bytes()


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"evil": print}], object), allow_pickle=True)
    return buffer.getvalue()


READ = {"digit": np.zeros(TEST, np.uint8), "certainty": np.ones(TEST, np.float16)}
KERNELS = npy(np.zeros((3, 3, 1, 2), np.float32))
GOOD_BATCH = [1.0, 10.0, 25.0, 0.5, 0.5, 100.0]


def batch_rows(*rows: list[float], dtype: Any = np.float64) -> bytes:
    return npy(np.array(rows, dtype))


# Of each file of the CNN: other bytes, or None where it is left out, and what is said of it.
BAD_FILES: list[tuple[str, bytes | None, str]] = [
    *(("run.json", text, "") for text in NOT_JSON),
    ("run.json", None, "it is missing"),
    ("half-001.npz", b"", "broken|not whole"),
    ("half-001.npz", npz_of(hidden1_kernel=np.zeros((784, 8), "<f2")), "other names"),
    ("half-001.npz", npz_of(**HALF | {LAST: np.full(10, np.nan, "<f2")}), "not finite"),
    ("half-001.npz", npz_of(**HALF | {LAST: np.zeros(10, "<f4")}), "shapes or types"),
    ("half-001.npz", npz_of(**HALF | {LAST: np.zeros(11, "<f2")}), "shapes or types"),
    ("half-001.npz", npz_of(**HALF | {"more": np.zeros(1, "<f2")}), "other names"),
    ("weights-000.npz", network(MLP).to_bytes(), "not those of the run's settings"),
    ("weights-000.npz", network(RunConfig(units1=512)).to_bytes(), "more than the"),
    ("weights-000.npz", nan_weights(), "not finite"),
    ("weights-000.npz", b"", "not whole"),
    ("weights-000.npz", network(CNN).to_bytes()[:-100], "not whole"),
    ("weights-000.npz", npz_of(header=np.array([{}], object)), "wrong shape or type"),
    ("weights-003.npz", network(CNN).to_bytes(), "cannot have such a file"),
    ("weights-000.npz", zip_of({f"{n}.npy": b"" for n in range(100)}), "too many files: 100"),
    ("kernels-000.npy", npy(np.zeros((3, 3, 1, 3), np.float32)), "shapes or types"),
    ("kernels-000.npy", npy(np.zeros((3, 3, 1, 2), np.float64)), "shapes or types"),
    ("kernels-000.npy", npy(np.asfortranarray(np.ones((3, 3, 1, 2), np.float32))), "shapes or"),
    ("kernels-000.npy", npy(np.full((3, 3, 1, 2), np.inf, np.float32)), "not finite"),
    ("kernels-000.npy", pickled(), "shapes or types"),
    ("kernels-000.npy", KERNELS[:-8], "it is broken"),
    ("kernels-000.npy", KERNELS + b"more", "it is broken"),
    ("kernels-000.npy", b"not numpy", "it is broken"),
    ("kernels-101.npy", KERNELS, "cannot have such a file"),
    ("probabilities.npy", npy(np.zeros((TEST - 1, 10), np.float32)), "shapes or types"),
    ("probabilities.npy", npy(np.full((TEST, 10), 7, np.float32)), "no training gives"),
    ("probabilities.npy", npy(np.full((TEST, 10), np.nan, np.float32)), "not finite"),
    ("reading-001.npz", npz_of(**READ | {"digit": np.full(TEST, 10, np.uint8)}), "no training"),
    ("reading-001.npz", npz_of(**READ | {"certainty": np.full(TEST, 9, "<f2")}), "no training"),
    ("reading-001.npz", npz_of(**{name: row[:-1] for name, row in READ.items()}), "shapes or"),
    ("reading-001.npz", npz_of(**READ, more=np.zeros(1)), "other names"),
    ("reading-001.npz", npz_of(digit=READ["digit"]), "other names"),
    ("reading-001.npz", zip_of(members_of(npz_of(**READ)), zipfile.ZIP_DEFLATED), "other names"),
    ("reading-001.npz", npz_of(**READ | {"digit": np.zeros(TEST, object)}), "shapes or types"),
    ("reading-001.npz", bytes(10), "not whole"),
    ("optimizer.npz", npz_of(iteration=np.zeros((), np.float32), evil=np.zeros(3, "f4")), "other"),
    ("optimizer.npz", npz_of(conv1_kernel_momentum=np.zeros((3, 3), np.float32)), "shapes"),
    ("optimizer.npz", npz_of(conv9_kernel_momentum=np.zeros((3, 3), np.float32)), "shapes"),
    ("optimizer.npz", npz_of(iteration=np.array(np.nan, np.float32)), "not finite"),
    ("optimizer.npz", npz_of(iteration=np.array([{}], object)), "shapes or types"),
    ("batches.npy", npy(np.zeros((3, 5))), "shapes or types"),
    ("batches.npy", npy(np.zeros(6)), "shapes or types"),
    ("batches.npy", pickled(), "shapes or types"),
    ("batches.npy", npy(np.zeros((form.MOST_BATCHES + 1, 6))), "shapes or types"),
    ("batches.npy", batch_rows(GOOD_BATCH, dtype=np.float32), "shapes or types"),
    ("batches.npy", batch_rows(GOOD_BATCH, GOOD_BATCH), "no training gives"),
    ("batches.npy", batch_rows([-1.0, *GOOD_BATCH[1:]]), "no training gives"),
    ("batches.npy", batch_rows([3.0, *GOOD_BATCH[1:]]), "no training gives"),
    ("batches.npy", batch_rows([1.0, 1.5, *GOOD_BATCH[2:]]), "no training gives"),
    ("batches.npy", batch_rows([1.0, 26.0, *GOOD_BATCH[2:]]), "no training gives"),
    ("batches.npy", batch_rows([*GOOD_BATCH[:3], np.nan, 0.5, 1.0]), "not finite"),
    ("batches.npy", batch_rows([*GOOD_BATCH[:4], 50.0, 1.0]), "no training gives"),
    ("batches.npy", batch_rows([*GOOD_BATCH[:5], -1.0]), "no training gives"),
]


@pytest.mark.parametrize(("name", "content", "why"), BAD_FILES)
def test_a_file_that_is_wrong_is_named(
    there: Lab, good: Members, name: str, content: bytes | None, why: str
) -> None:
    cnn = cnn_in(good)
    good.pop(f"{cnn}/{name.replace('half-', 'weights-')}", None)
    sentence = loaded_but(there, good if content is None else good | {f"{cnn}/{name}": content})
    assert re.search(f"was not loaded, because of {name}: .*({why})", sentence)


def test_weights_that_are_there_exact_and_rounded_are_refused(there: Lab, good: Members) -> None:
    members = good | {f"{cnn_in(good)}/half-001.npz": npz_of(**HALF)}
    assert "it is there twice" in loaded_but(there, members)


def test_kernels_of_a_network_without_convolutions(there: Lab, good: Members) -> None:
    (mlp,) = {name.rpartition("/")[0] for name in good if "/" in name} - {cnn_in(good)}
    good[f"{mlp}/kernels-000.npy"] = KERNELS
    told = there.unpack(zip_of(good))
    assert "because of kernels-000.npy: this run cannot have such a file" in str(told.refused[0])
    assert [summary.run.config for summary in there.library.summaries(YOU)] == [CNN]


def test_a_member_whose_bytes_were_changed_is_found_by_its_sum(there: Lab, data: bytes) -> None:
    where = cnn_in(members_of(data)).encode() + b"/probabilities.npy"
    at = data.index(where) + len(where) + 200
    wrong = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    told = there.unpack(wrong)
    assert len(told.runs) == 1
    assert "because of probabilities.npy: it is broken" in str(told.refused[0])


def test_a_named_run_is_called_by_its_name(here: Lab, there: Lab) -> None:
    run = add(here)
    here.library.rename(ME, run.id, "Versuch 1")
    members = members_of(here.pack()[0])
    members[f"runs/{run.id}/weights-000.npz"] = b"x"
    told = there.unpack(zip_of(members))
    assert str(told.refused[0]).startswith("Run Versuch 1 was not loaded, because of weights-000")


def test_a_full_disk_refuses_the_run_and_leaves_nothing(
    there: Lab, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    told = there.unpack(data)
    assert (told.runs, len(told.refused)) == ([], 2)
    assert "could not write it to its disk" in str(told.refused[0])
    assert there.library.summaries(YOU) == []
    assert there.store.database.one("SELECT COUNT(*) AS n FROM epochs")["n"] == 0  # type: ignore[index]


# What a zip says is not shown as ours -----------------------------------------------------------


@pytest.mark.parametrize(
    "reason",
    [
        {"text": "![x](http://example.org/x.png)", "values": {}},
        {"text": "{epochs.__class__}", "values": {"epochs": 1}},
        {"text": "All {epochs} epochs were trained.", "values": {}},
        {"text": "All {epochs} epochs were trained.", "values": {"epochs": HUGE}},
        {"text": "All {epochs} epochs were trained.", "values": {"epochs": [1]}},
        {"text": "All {epochs} epochs were trained.", "values": {"epochs": 1, "more": 2}},
        {"text": 5, "values": {}},
        {},
        {"text": "", "values": {}},
    ],
)
def test_a_reason_that_is_no_sentence_of_ours_is_replaced(
    there: Lab, good: Members, reason: dict[str, Any]
) -> None:
    (_, run) = there.unpack(zip_of(change(good, "reason", reason))).runs[::-1]
    told = str(there.store.run(run).reason)
    assert told == "This run was trained elsewhere, and loaded from a file."


def test_what_a_reason_quotes_has_no_markdown_left(there: Lab, good: Members) -> None:
    values = {"detail": "Error: [a](http://b.c) <b> `x` ![p](q)" + "x" * 500}
    reason = {"text": "Training failed in the worker ({detail}).", "values": values}
    run = there.unpack(zip_of(change(good, "reason", reason))).runs[0]
    told = str(there.store.run(run).reason)
    assert told.startswith("Training failed in the worker (Error:  a (http:  b c)")
    assert not set(told) & set("[]<>`!/*")
    assert len(told) < 400


@pytest.mark.parametrize(("field", "value"), [("preset", "mlp-128"), ("origin", "a" * 16)])
def test_a_foreign_lesson_and_a_run_of_somebody_else_are_not_kept(
    there: Lab, good: Members, field: str, value: str
) -> None:
    run = there.store.run(there.unpack(zip_of(change(good, field, value))).runs[0])
    assert getattr(run, field) is None


def test_a_time_in_the_future_becomes_now(there: Lab, good: Members) -> None:
    run = there.store.run(there.unpack(zip_of(change(good, "created", 3.9e9))).runs[0])
    assert run.created < 3e9


# Drawings --------------------------------------------------------------------------------------

BAD_DRAWINGS: dict[str, list[Any]] = {
    "label": [10, -1, "7", True],
    "read_as": [1.5],
    "certainty": [2, None],
    "model": ["=cmd|'/C calc'!A1", 5, "x" * 100],
    "created": [-1, 1e20],
    "evil": [1],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_DRAWINGS.items() for value in values]
)
def test_a_drawing_that_is_wrong_is_named_and_runs_are_loaded(
    there: Lab, good: Members, name: str, value: object
) -> None:
    drawings_refused(there, with_field(good, "drawings.json", f"1.{name}", value), name)


def drawings_refused(there: Lab, members: Members, why: str) -> None:
    found = there.unpack(zip_of(members))
    assert (len(found.runs), found.drawings) == (2, 0)
    assert re.match(f"The drawings were not loaded: .*{why}", str(found.refused[0]))


@pytest.mark.parametrize(
    "pictures",
    [
        npy(np.zeros((2, 28, 28), np.uint8)),
        npy(np.zeros((3, 28, 29), np.uint8)),
        npy(np.zeros((3, 28, 28), np.float32)),
        pickled(),
        b"",
        b"x" * 3000,
    ],
)
def test_pictures_that_are_wrong(there: Lab, good: Members, pictures: bytes) -> None:
    drawings_refused(there, good | {"drawings.npy": pictures}, "")


def test_the_table_of_bad_fields_starts_from_a_good_one(there: Lab, good: Members) -> None:
    assert len(there.unpack(zip_of(change(good, "pinned", True))).runs) == 2
