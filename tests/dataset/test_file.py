import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_files import FULL, Arrays, made, needs_full, write

from digitlab import dataset
from digitlab.dataset import DataFileError


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_file_is_read_as_it_was_written(tmp_path: Path, save: Callable[..., None]) -> None:
    arrays = made()
    digits = dataset.load(write(tmp_path / "own.npz", arrays, save))
    for name, array in arrays.items():
        np.testing.assert_array_equal(getattr(digits, name), array)
        assert getattr(digits, name).dtype == np.uint8
    assert (digits.name, digits.path) == ("mnist", tmp_path / "own.npz")
    assert not digits.original
    assert digits.fingerprint == dataset.fingerprint(arrays)


@pytest.mark.parametrize("dtype", ["int64", ">i2", "uint32", "int8"])
def test_labels_may_be_any_whole_numbers(tmp_path: Path, dtype: str) -> None:
    arrays = made()
    plain = dataset.load(write(tmp_path / "plain.npz", arrays))
    other = arrays | {"y_train": arrays["y_train"].astype(dtype)}
    digits = dataset.load(write(tmp_path / "other.npz", other))
    assert digits.y_train.dtype == np.uint8
    assert digits.fingerprint == plain.fingerprint


def test_arrays_may_be_in_fortrans_order(tmp_path: Path) -> None:
    arrays = made()
    turned = arrays | {"x_test": np.asfortranarray(arrays["x_test"])}
    digits = dataset.load(write(tmp_path / "own.npz", turned))
    np.testing.assert_array_equal(digits.x_test, arrays["x_test"])
    assert digits.x_test.flags.c_contiguous


def test_one_image_is_enough_and_further_arrays_do_no_harm(tmp_path: Path) -> None:
    arrays = made(1, 1) | {"credits": np.array(["LeCun", "Cortes"])}
    assert len(dataset.load(write(tmp_path / "one.npz", arrays)).x_train) == 1


def test_the_fingerprint_tells_every_difference() -> None:
    arrays = made(20, 20)
    other = made(20, 20)
    other["x_test"][19, 27, 27] ^= 1
    order = ("x_test", "y_test", "x_train", "y_train")
    swapped = dict(zip(arrays, [arrays[name] for name in order], strict=True))
    assert len({dataset.fingerprint(a) for a in (arrays, other, swapped)}) == 3


WRONG_ARRAYS: dict[str, tuple[Arrays, str]] = {
    "wrong side": ({"x_train": np.zeros((30, 28, 29), np.uint8)}, r"x_train .* \(30, 28, 29\)"),
    "flat": ({"x_test": np.zeros((10, 784), np.uint8)}, "x_test .* 28x28"),
    "one number": ({"x_test": np.array(3, np.uint8)}, "x_test .* 28x28"),
    "floats": ({"x_train": np.zeros((30, 28, 28), np.float32)}, "x_train .* float32"),
    "no images": ({"x_test": np.zeros((0, 28, 28), np.uint8)}, "from 1 to .* holds 0"),
    "too many": ({"x_test": np.zeros((300_001, 28, 28), np.uint8)}, "holds 300001"),
    "label 10": ({"y_train": np.full(30, 10, np.uint8)}, "y_train .* a 10 in it"),
    "label -1": ({"y_test": np.full(10, -1)}, "y_test .* a -1 in it"),
    "label 259": ({"y_test": np.full(10, 259)}, "y_test .* a 259 in it"),
    "real labels": ({"y_train": np.zeros(30)}, "y_train .* whole numbers"),
    "one-hot labels": ({"y_train": np.zeros((30, 10), np.uint8)}, "y_train .* whole numbers"),
    "too few labels": ({"y_train": np.zeros(29, np.uint8)}, "y_train .* each of the 30 images"),
    "pickled labels": ({"y_train": np.array([None] * 30)}, "y_train .* object"),
    "pickled images": ({"x_train": np.array([None] * 30)}, "x_train .* object"),
}


@pytest.mark.parametrize("wrong", WRONG_ARRAYS)
def test_wrong_arrays_are_refused_by_name(tmp_path: Path, wrong: str) -> None:
    arrays, sentence = WRONG_ARRAYS[wrong]
    path = write(tmp_path / "own.npz", made() | arrays)
    with pytest.raises(DataFileError, match=sentence) as refused:
        dataset.load(path)
    assert str(path) in str(refused.value)
    assert "python -m digitlab fetch" in str(refused.value)


def test_a_missing_array_is_named(tmp_path: Path) -> None:
    arrays = made()
    del arrays["y_test"]
    with pytest.raises(DataFileError, match=r"own\.npz holds no array y_test"):
        dataset.load(write(tmp_path / "own.npz", arrays))


def header_alone(shape: str, dtype: str = "|u1") -> bytes:
    """An ``.npy`` that has its header and no data."""
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


HEADERS = {
    "longer than its data": header_alone("(30, 28, 28)"),
    "beyond all memory": header_alone("(10**9, 28, 28)".replace("10**9", "1000000000")),
    "negative": header_alone("(-1, 28, 28)"),
    "no literal": header_alone("__import__('os')"),
    "no array": b"hello",
    "nothing": b"",
    "another version": b"\x93NUMPY\x09\x00" + bytes(100),
    "not closed": b"\x93NUMPY\x01\x00\x10\x00{'descr': ((((( ",
}


@pytest.mark.filterwarnings("ignore:Reading `.npy`")
@pytest.mark.parametrize("header", HEADERS)
def test_a_header_that_lies_is_refused(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "own.npz", made())
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["x_train.npy"] = HEADERS[header]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(DataFileError, match=r"own\.npz"):
        dataset.load(path)


def test_no_memory_is_taken_for_data_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "own.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for part in ("train", "test"):
            archive.writestr(f"x_{part}.npy", header_alone("(300000, 28, 28)"))
            archive.writestr(f"y_{part}.npy", header_alone("(300000,)"))
    tracemalloc.start()
    with pytest.raises(DataFileError, match="not a whole"):
        dataset.load(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.9999])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "own.npz", made())
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DataFileError, match=r"own\.npz is not a whole \.npz file"):
        dataset.load(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_one_altered_byte_in_any_images_is_noticed(
    tmp_path: Path, save: Callable[..., None]
) -> None:
    whole = write(tmp_path / "whole.npz", made(), save).read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        starts = [info.header_offset for info in archive.infolist()]
    for number, start in enumerate(starts):
        path = tmp_path / f"altered-{number}.npz"
        altered = bytearray(whole)
        altered[start + 190] ^= 0x10  # past the names and the header, or inside what is packed
        path.write_bytes(altered)
        with pytest.raises(DataFileError, match="altered"):
            dataset.load(path)


def test_what_is_no_file_of_arrays_is_refused(tmp_path: Path) -> None:
    text, alone = tmp_path / "text.npz", tmp_path / "alone.npy"
    text.write_text("x_train, y_train")
    np.save(alone, np.zeros((3, 28, 28), np.uint8))
    for path, sentence in (
        (text, "not a whole"),
        (alone, "not a whole"),
        (tmp_path, "is a folder"),
        (tmp_path / "gone.npz", "There is no file"),
        (tmp_path / ("long" * 100), "cannot be read"),
    ):
        with pytest.raises(DataFileError, match=sentence) as refused:
            dataset.load(path)
        assert str(path) in str(refused.value)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(DataFileError, match="is a folder or a device"):
        dataset.load(tmp_path / "pipe.npz")


@needs_full
def test_full_mnist_is_known_by_its_fingerprint() -> None:
    digits = dataset.load(FULL)
    assert digits.fingerprint == dataset.MNIST_FINGERPRINT
    assert digits.original
    assert (digits.x_train.shape, digits.x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
