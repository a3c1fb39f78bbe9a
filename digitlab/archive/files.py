"""A run's files from a zip: only numbers of the expected shapes pass, and are written anew.

What is kept is never the file that came, but one that the lab writes of the numbers in it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from digitlab import npz
from digitlab.archive import form
from digitlab.archive.form import BATCH_COLUMNS, MOST_BATCHES, ArchiveError, path_of
from digitlab.archive.opening import check_end
from digitlab.config import DIGITS
from digitlab.layers import layers_of
from digitlab.messages import message
from digitlab.network import Network
from digitlab.progress import LARGEST_LOSS, ROUNDING, BatchMetrics
from digitlab.store import Run
from digitlab.store.run_files import npy
from digitlab.training.continuing import MOST_STATE_BYTES, pack_state

Shape = tuple[int, ...]
Array = npt.NDArray[Any]

_OTHER_ARRAYS = message("its arrays have other names, shapes or types than this run's.")
_NO_TRAINING = message("it holds numbers that no training gives.")
_NO_SUCH_FILE = message("this run cannot have such a file.")
_MOST_ARRAYS = 64  # in one file; our largest networks have 8 layers with weights


def clean(archive: zipfile.ZipFile, run: Run, name: str) -> bytes:
    """The file ``name`` of ``run``, its numbers checked, as the lab would have written it.

    Raises:
        LabError: it has another shape, type or size than this run's has, or values that no
            training gives.
        Exception: it is broken; zip and NumPy have errors of their own.
    """
    what, member_name, first = form.run_file(name), path_of(run.id, name), layers_of(run.config)[0]
    if what is None or (what.epoch or 0) > run.config.epochs:
        raise ArchiveError(_NO_SUCH_FILE)
    match what.kind:
        case "weights":
            network = _weights(archive, run, member_name)
        case "half":
            network = _half(archive, run, member_name)
        case "kernels":
            if first.kind != "conv":
                raise ArchiveError(_NO_SUCH_FILE)
            return npy(array(archive, member_name, first.kernel_shape, "<f4"))
        case "reading":
            return _reading(archive, run, member_name)
        case "optimizer":
            return _state(archive, run, member_name)
        case _:
            found = array(archive, member_name, (run.digits.test, DIGITS), "<f4")
            if not _are_shares(found):
                raise ArchiveError(_NO_TRAINING)
            return npy(found)
    about = {"config": run.config.to_json(), "dataset": run.digits.name, "epoch": what.epoch}
    return Network(network.layers, network.weights, about).to_bytes()


def batches(archive: zipfile.ZipFile, run: Run) -> list[BatchMetrics]:
    """The batch metrics of ``run``, in order.

    Raises:
        LabError, Exception: as ``clean``.
    """
    name = path_of(run.id, form.BATCHES)
    member(archive, name)
    shape = npz.header(archive, name.removesuffix(".npy")).shape
    if len(shape) != 2 or shape[0] > MOST_BATCHES:
        raise ArchiveError(_OTHER_ARRAYS)
    table = array(archive, name, (shape[0], len(BATCH_COLUMNS)), "<f8")
    epoch, step, steps, loss, accuracy, speed = table.T
    fits = (
        (np.floor(table[:, :3]) == table[:, :3]).all()
        and _within(epoch, 1, run.config.epochs)
        and _within(step, 1, steps)
        and (steps <= 1e6).all()
        and (np.diff(epoch * 1e9 + step) > 0).all()
        and _within(loss, -ROUNDING, LARGEST_LOSS)
        and _are_shares(accuracy)
        and _within(speed, 0, 1e9)
    )
    if not fits:
        raise ArchiveError(_NO_TRAINING)
    return [
        BatchMetrics(int(row[0]), int(row[1]), int(row[2]), *map(float, row[3:])) for row in table
    ]


def batch_table(
    reports: Sequence[BatchMetrics], most: int = MOST_BATCHES
) -> npt.NDArray[np.float64]:
    """Batch metrics as float64 (N, 6), thinned evenly to at most ``most`` rows."""
    every = -(-len(reports) // most) or 1
    rows = [[getattr(report, column) for column in BATCH_COLUMNS] for report in reports[::every]]
    return np.array(rows, np.float64).reshape(-1, len(BATCH_COLUMNS))


def half(network: Network) -> bytes | None:
    """A network's weights as float16, with 11 significant bits; None where one is too large."""
    arrays: dict[str, Array] = {}
    for layer, (kernel, bias) in network.weights.items():
        arrays |= {f"{layer}_kernel": kernel, f"{layer}_bias": bias}
    largest = np.finfo(np.float16).max
    if not all((np.abs(array) <= largest).all() for array in arrays.values()):  # nor of NaN
        return None
    return _savez({name: array.astype("<f2") for name, array in arrays.items()})


def kernels_of(weights: bytes, run: Run) -> bytes | None:
    """The first convolution's kernels in a file of weights, as their own file; None for an MLP."""
    first = layers_of(run.config)[0]
    return npy(Network.load(weights).weights[first.name][0]) if first.kind == "conv" else None


def member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """What a zip says of its file ``name``.

    Raises:
        ArchiveError: it has none.
    """
    try:
        return archive.getinfo(name)
    except KeyError as error:
        raise ArchiveError(message("it is missing.")) from error


def array(archive: zipfile.ZipFile, name: str, shape: Shape, dtype: str) -> Array:
    """The ``.npy`` member ``name``, read once its header promises this shape and dtype.

    Raises:
        LabError, Exception: as ``clean``.
    """
    member(archive, name)
    stem = name.removesuffix(".npy")
    header = npz.header(archive, stem)
    if header.shape != shape or header.dtype.str != dtype or header.fortran:
        raise ArchiveError(_OTHER_ARRAYS)
    found = npz.read(archive, stem)
    if not np.isfinite(found).all():
        raise ArchiveError(message("it holds values that are not finite."))
    return found


def _weights(archive: zipfile.ZipFile, run: Run, name: str) -> Network:
    data = _bytes(archive, name, 4 * run.parameters)
    check_end(io.BytesIO(data), _MOST_ARRAYS)
    network = Network.load(data)
    if network.layers != layers_of(run.config):
        raise ArchiveError(message("its layers are not those of the run's settings."))
    return network


def _half(archive: zipfile.ZipFile, run: Run, name: str) -> Network:
    """The weights that ``half`` packed, as the lab keeps a network: float32."""
    shapes = _shapes(run)
    with _inner(_bytes(archive, name, 2 * run.parameters), shapes) as inner:
        found = {
            one: array(inner, f"{one}.npy", shape, "<f2").astype(np.float32)
            for one, shape in shapes.items()
        }
    layers = layers_of(run.config)
    named = [layer.name for layer in layers if layer.kernel_shape]
    return Network(layers, {one: (found[f"{one}_kernel"], found[f"{one}_bias"]) for one in named})


def _reading(archive: zipfile.ZipFile, run: Run, name: str) -> bytes:
    count = run.tested_count
    with _inner(_bytes(archive, name, 3 * count), ("digit", "certainty")) as inner:
        digit = array(inner, "digit.npy", (count,), "|u1")
        confidence = array(inner, "certainty.npy", (count,), "<f2")
    if (digit >= DIGITS).any() or not _are_shares(confidence):
        raise ArchiveError(_NO_TRAINING)
    return _savez({"digit": digit, "certainty": confidence})


def _state(archive: zipfile.ZipFile, run: Run, name: str) -> bytes:
    shapes = _shapes(run)
    state: dict[str, Array] = {}
    with _inner(_bytes(archive, name, MOST_STATE_BYTES)) as inner:
        for slot in inner.namelist():
            found = re.fullmatch(r"(iteration|(\w+?_(?:kernel|bias))_[a-z_]{1,40})\.npy", slot)
            shape = shapes.get(found[2]) if found and found[2] else ()
            if found is None or shape is None or found[1] in state:
                raise ArchiveError(_OTHER_ARRAYS)
            state[found[1]] = array(inner, slot, shape, "<f4")
    packed = pack_state(state)
    if packed is None:
        raise ArchiveError(_OTHER_ARRAYS)
    return packed


def _shapes(run: Run) -> dict[str, Shape]:
    """The shapes of the network's kernels and biases."""
    shapes: dict[str, Shape] = {}
    for layer in layers_of(run.config):
        if layer.kernel_shape:
            shapes[f"{layer.name}_kernel"] = layer.kernel_shape
            shapes[f"{layer.name}_bias"] = layer.kernel_shape[-1:]
    return shapes


def _bytes(archive: zipfile.ZipFile, name: str, numbers: int) -> bytes:
    """A member whole, if it is not larger than ``numbers`` bytes of numbers and their headers."""
    info, most = member(archive, name), numbers + form.OVERHEAD
    if info.file_size > most:
        raise ArchiveError(
            message(
                "it has {size} bytes, more than the {most} that this run's can have.",
                size=f"{info.file_size:,}",
                most=f"{most:,}",
            )
        )
    return archive.read(info)


def _inner(data: bytes, names: Collection[str] | None = None) -> zipfile.ZipFile:
    """The zip that an ``.npz`` file is; nothing in it is compressed or there twice."""
    check_end(io.BytesIO(data), _MOST_ARRAYS)
    inner = zipfile.ZipFile(io.BytesIO(data))
    infos = inner.infolist()
    found = sorted(info.filename for info in infos)
    if (
        any(info.compress_type != zipfile.ZIP_STORED for info in infos)
        or sum(info.file_size for info in infos) > len(data)
        or len(set(found)) != len(found)
        or (names is not None and found != sorted(f"{name}.npy" for name in names))
    ):
        raise ArchiveError(_OTHER_ARRAYS)
    return inner


def _savez(arrays: dict[str, Array]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def _within(values: Array, low: float, high: float | Array) -> bool:
    return bool(((values >= low) & (values <= high)).all())


def _are_shares(values: Array) -> bool:
    return _within(values, -ROUNDING, 1 + ROUNDING)
