import os
from pathlib import Path

import pytest
from data_files import made, write

from digitlab import dataset
from digitlab.dataset import DataFileError


def test_a_file_is_read_once_until_it_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", made(seed=1))
    first = dataset.load(path)
    assert dataset.load(str(path)) is first
    write(path, made(seed=2))
    os.utime(path, ns=(1, 1))
    assert dataset.load(path).fingerprint != first.fingerprint


def test_a_worker_opens_the_images_it_was_told_of(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", made())
    wanted = dataset.fingerprint(made())
    digits = dataset.open_fingerprint(path, wanted)
    assert digits.fingerprint == wanted
    path.unlink()
    assert dataset.open_fingerprint(path, wanted) is digits


def test_a_worker_refuses_other_images(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", made(seed=1))
    with pytest.raises(DataFileError, match=r"own\.npz holds other images"):
        dataset.open_fingerprint(path, dataset.fingerprint(made(seed=2)))
    with pytest.raises(DataFileError, match="There is no file"):
        dataset.open_fingerprint(tmp_path / "gone.npz", "0")


def test_a_page_finds_the_images_of_an_earlier_run(lab: Path, kept_sample: Path) -> None:
    write(lab / "data" / "mnist.npz", made())
    assert dataset.current().digits.name == "mnist"
    assert dataset.find(dataset.SAMPLE_FINGERPRINT).name == "sample"
    assert dataset.find(dataset.fingerprint(made())).path == lab / "data" / "mnist.npz"
    with pytest.raises(DataFileError, match="not here any more"):
        dataset.find("0" * 64)


def test_a_refusal_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", made())
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])
    sentences = []
    for _ in range(2):
        with pytest.raises(DataFileError) as refused:
            dataset.load(path)
        sentences.append(refused.value.message)
    assert sentences[0] is sentences[1]
    path.write_bytes(whole)
    assert len(dataset.load(path).x_train) == 30


def test_only_a_few_sets_are_held(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{seed}.npz", made(seed=seed)) for seed in range(5)]
    first, *_, last = [dataset.load(path) for path in paths]
    assert dataset.load(paths[-1]) is last
    assert dataset.load(paths[0]) is not first
