import io
import zipfile
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from digitlab import npz

VALUES = np.random.default_rng(0).normal(size=(5, 3, 2)).astype(np.float32)


def archive(array: npt.NDArray[Any], *, behind: bytes = b"", cut: int = 0) -> zipfile.ZipFile:
    """An open archive with one array "values", with more or fewer bytes than it should have."""
    plain, packed = io.BytesIO(), io.BytesIO()
    np.save(plain, array)
    data = plain.getvalue()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("values.npy", data[: len(data) - cut] + behind)
    return zipfile.ZipFile(packed)


@pytest.mark.parametrize(
    "array",
    [VALUES, np.asfortranarray(VALUES), VALUES.astype(">f2"), np.array(7), np.zeros((0, 3), bool)],
)
def test_an_array_is_read_as_numpy_reads_it(array: npt.NDArray[Any]) -> None:
    packed = archive(array)
    header = npz.header(packed, "values")
    assert (header.shape, header.dtype, header.nbytes) == (array.shape, array.dtype, array.nbytes)
    found = npz.read(packed, "values")
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype
    assert not found.flags.writeable


@pytest.mark.parametrize("wrong", [{"behind": b"x"}, {"cut": 1}, {"cut": 100}])
def test_data_of_another_length_than_promised_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not as long as its header"):
        npz.read(archive(VALUES, **wrong), "values")


def test_a_pickle_is_never_opened() -> None:
    array = np.array([print, len] * 50, object)  # its pickle is shorter than its pointers
    header = npz.header(archive(array), "values")
    assert header.dtype == object
    plain = io.BytesIO()
    np.save(plain, array)
    missing = header.nbytes - (len(plain.getvalue()) - 128)
    with pytest.raises(ValueError, match="OBJECT"):
        npz.read(archive(array, behind=bytes(missing)), "values")


def test_another_version_of_the_format_is_refused() -> None:
    named = np.zeros(3, [("naïve数", "f4")])  # makes NumPy write version 3
    with (
        pytest.warns(UserWarning, match="format 3.0"),
        pytest.raises(ValueError, match=r"version \(3, 0\)"),
    ):
        npz.header(archive(named), "values")


def test_a_missing_array_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        npz.header(archive(VALUES), "kernel")
