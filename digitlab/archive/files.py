"""A run's files from a zip: only numbers of the expected shapes pass, and are written anew.

What is kept is never the file that came, but one that the lab writes of the numbers in it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab import npz
from digitlab.archive.form import (
    BATCH_COLUMNS,
    BATCHES,
    MOST_BATCHES,
    OVERHEAD,
    ArchiveError,
    path_of,
    run_file,
)
from digitlab.archive.opening import check_end
from digitlab.config import DIGITS
from digitlab.layers import layers_of
from digitlab.messages import message
from digitlab.network import Floats, Network
from digitlab.progress import BatchMetrics
from digitlab.store import Run
from digitlab.store.run_files import npy
from digitlab.training.continuing import MOST_STATE_BYTES, pack_state

_MOST_ARRAYS = 64  # in one file; our largest networks have 8 layers with weights
_LARGEST_LOSS = 1e30
_PARTS = ("kernel", "bias")
_ROUNDING = 1e-3  # a mean that was worked out from two others may be so far outside its bounds


def clean(archive: zipfile.ZipFile, run: Run, name: str) -> bytes:
    """The file ``name`` of ``run``, its numbers checked, as the lab would have written it.

    Raises:
        LabError: it has another shape, type or size than this run's has, or values that no
            training gives.
        Exception: it is broken; zip and NumPy have errors of their own.
    """
    what = run_file(name)
    if what is None or (what.epoch or 0) > run.config.epochs:
        raise ArchiveError(message("this run cannot have such a file."))
    match what.kind:
        case "weights":
            return _weights(archive, run, name, what.epoch or 0)
        case "half":
            return _half(archive, run, name, what.epoch or 0)
        case "kernels":
            return _kernels(archive, run, name)
        case "reading":
            return _reading(archive, run, name)
        case "optimizer":
            return _state(archive, run, name)
        case _:
            return _probabilities(archive, run, name)


def batches(archive: zipfile.ZipFile, run: Run) -> list[BatchMetrics]:
    """The batch metrics of ``run``, in order.

    Raises:
        LabError, Exception: as ``clean``.
    """
    name = path_of(run.id, BATCHES)
    member(archive, name)
    found = npz.header(archive, _stem(name))
    rows = found.shape[0] if len(found.shape) == 2 else -1
    if rows > MOST_BATCHES:
        raise _wrong()
    table = array(archive, name, (rows, len(BATCH_COLUMNS)), "<f8")
    epoch, step, steps, loss, accuracy, speed = table.T
    order = epoch * 1e9 + step
    fits = (
        (np.floor(table[:, :3]) == table[:, :3]).all()
        and (epoch >= 1).all()
        and (epoch <= run.config.epochs).all()
        and (step >= 1).all()
        and (step <= steps).all()
        and (steps <= 1e6).all()
        and (np.diff(order) > 0).all()
        and (loss >= -_ROUNDING).all()
        and (loss <= _LARGEST_LOSS).all()
        and _within(accuracy)
        and (speed >= 0).all()
        and (speed <= 1e9).all()
    )
    if not fits:
        raise _impossible()
    return [
        BatchMetrics(int(row[0]), int(row[1]), int(row[2]), *map(float, row[3:])) for row in table
    ]


def member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """What a zip says of its file ``name``.

    Raises:
        ArchiveError: it has none.
    """
    try:
        return archive.getinfo(name)
    except KeyError as error:
        raise ArchiveError(message("it is missing.")) from error


def batch_table(
    reports: Sequence[BatchMetrics], most: int = MOST_BATCHES
) -> npt.NDArray[np.float64]:
    """Batch metrics as float64 (N, 6), thinned evenly to at most ``most`` rows."""
    every = -(-len(reports) // most) or 1
    rows = [[getattr(report, column) for column in BATCH_COLUMNS] for report in reports[::every]]
    return np.array(rows, np.float64).reshape(-1, len(BATCH_COLUMNS))


def _weights(archive: zipfile.ZipFile, run: Run, name: str, epoch: int) -> bytes:
    data = _bytes(archive, run, name, 4 * run.parameters)
    check_end(io.BytesIO(data), _MOST_ARRAYS)
    network = Network.load(data)
    if network.layers != layers_of(run.config):
        raise ArchiveError(message("its layers are not those of the run's settings."))
    return Network(network.layers, network.weights, _about(run, epoch)).to_bytes()


def half(network: Network) -> bytes | None:
    """A network's weights as float16, with 11 significant bits; None where one is too large."""
    if any(not _fits_half(array) for pair in network.weights.values() for array in pair):
        return None
    buffer = io.BytesIO()
    arrays = {
        f"{layer}_{part}": array.astype("<f2")
        for layer, pair in network.weights.items()
        for part, array in zip(_PARTS, pair, strict=True)
    }
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _fits_half(array: Floats) -> bool:
    return bool((np.abs(array) <= np.finfo(np.float16).max).all())  # false for NaN


def _half(archive: zipfile.ZipFile, run: Run, name: str, epoch: int) -> bytes:
    """The weights that ``half`` packed, as the lab keeps a network: float32."""
    layers = layers_of(run.config)
    shapes = {name: shape for name, shape in _shapes(run).items() if name}
    with _inner(_bytes(archive, run, name, 2 * run.parameters), tuple(shapes)) as inner:
        found = {
            one: array(inner, f"{one}.npy", shape, "<f2").astype(np.float32)
            for one, shape in shapes.items()
        }
    weights = {
        layer.name: (found[f"{layer.name}_kernel"], found[f"{layer.name}_bias"])
        for layer in layers
        if layer.kernel_shape
    }
    return Network(layers, weights, _about(run, epoch)).to_bytes()


def kernels_of(weights: bytes, run: Run) -> bytes | None:
    """The first convolution's kernels in a file of weights, as their own file; None for an MLP."""
    first = layers_of(run.config)[0]
    return npy(Network.load(weights).weights[first.name][0]) if first.kind == "conv" else None


def _about(run: Run, epoch: int) -> dict[str, Any]:
    return {"config": run.config.to_json(), "dataset": run.digits.name, "epoch": epoch}


def _kernels(archive: zipfile.ZipFile, run: Run, name: str) -> bytes:
    first = layers_of(run.config)[0]
    if first.kind != "conv":
        raise ArchiveError(message("this run cannot have such a file."))
    return npy(array(archive, path_of(run.id, name), first.kernel_shape, "<f4"))


def _probabilities(archive: zipfile.ZipFile, run: Run, name: str) -> bytes:
    found = array(archive, path_of(run.id, name), (run.digits.test, DIGITS), "<f4")
    if not _within(found):
        raise _impossible()
    return npy(found)


def _reading(archive: zipfile.ZipFile, run: Run, name: str) -> bytes:
    count = run.digits.test
    with _inner(_bytes(archive, run, name, 3 * count), ("digit", "certainty")) as inner:
        digit = array(inner, "digit.npy", (count,), "|u1")
        confidence = array(inner, "certainty.npy", (count,), "<f2")
    if (digit >= DIGITS).any() or not _within(confidence):
        raise _impossible()
    buffer = io.BytesIO()
    np.savez(buffer, digit=digit, certainty=confidence)
    return buffer.getvalue()


def _state(archive: zipfile.ZipFile, run: Run, name: str) -> bytes:
    data = _bytes(archive, run, name, MOST_STATE_BYTES)
    shapes = _shapes(run)
    state: dict[str, Floats] = {}
    with _inner(data, None) as inner:
        for member in inner.namelist():
            found = re.fullmatch(r"(iteration|(\w+?_(?:kernel|bias))_[a-z_]{1,40})\.npy", member)
            shape = shapes.get(found[2] or "") if found else None
            if found is None or shape is None or found[1] in state:
                raise _wrong()
            state[found[1]] = array(inner, member, shape, "<f4")
    packed = pack_state(state)
    if packed is None:
        raise _wrong()
    return packed


def _shapes(run: Run) -> Mapping[str, tuple[int, ...]]:
    """The shapes of what an optimizer remembers; "" is its count of steps."""
    shapes: dict[str, tuple[int, ...]] = {"": ()}
    for layer in layers_of(run.config):
        if layer.kernel_shape:
            shapes[f"{layer.name}_kernel"] = layer.kernel_shape
            shapes[f"{layer.name}_bias"] = layer.kernel_shape[-1:]
    return shapes


def _bytes(archive: zipfile.ZipFile, run: Run, name: str, most: int) -> bytes:
    """A member whole, if it is not larger than ``most`` bytes of numbers and their headers."""
    info = member(archive, path_of(run.id, name))
    if info.file_size > most + OVERHEAD:
        raise ArchiveError(
            message(
                "it has {size} bytes, more than the {most} that this run's can have.",
                size=f"{info.file_size:,}",
                most=f"{most + OVERHEAD:,}",
            )
        )
    return archive.read(info)


def _inner(data: bytes, names: tuple[str, ...] | None) -> zipfile.ZipFile:
    """The zip that an ``.npz`` file is; nothing in it is compressed or there twice."""
    check_end(io.BytesIO(data), _MOST_ARRAYS)
    inner = zipfile.ZipFile(io.BytesIO(data))
    infos = inner.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise _wrong()
    found = sorted(info.filename for info in infos)
    if sum(info.file_size for info in infos) > len(data) or len(set(found)) != len(found):
        raise _wrong()
    if names is not None and found != sorted(f"{name}.npy" for name in names):
        raise _wrong()
    return inner


def array(
    archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], dtype: str
) -> npt.NDArray[Any]:
    """The ``.npy`` member ``name``, read once its header promises this shape and dtype.

    Raises:
        LabError, Exception: as ``clean``.
    """
    member(archive, name)
    header = npz.header(archive, _stem(name))
    if header.shape != shape or header.dtype.str != dtype or header.fortran:
        raise _wrong()
    found = npz.read(archive, _stem(name))
    if not np.isfinite(found).all():
        raise ArchiveError(message("it holds values that are not finite."))
    return found


def _stem(name: str) -> str:
    return name.removesuffix(".npy")


def _within(values: npt.NDArray[Any]) -> bool:
    """Whether all are probabilities, but for rounding."""
    return bool((values >= -_ROUNDING).all() and (values <= 1 + _ROUNDING).all())


def _wrong() -> ArchiveError:
    return ArchiveError(message("its arrays have other names, shapes or types than this run's."))


def _impossible() -> ArchiveError:
    return ArchiveError(message("it holds numbers that no training gives."))
