"""``predict``: pictures of digits in, one JSON line a picture out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digitlab import drawing, models
from digitlab.home import home
from digitlab.messages import LabError, Message, Translator, mark, message
from digitlab.network import Network
from digitlab.store import Store

ABOUT = mark("Read the digits in pictures.")
SUFFIXES = {".png", ".jpg", ".jpeg"}


def add_arguments(parser: argparse.ArgumentParser, t: Translator) -> None:
    """The options of ``predict``."""
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help=t("PNG or JPEG pictures, or folders of them"),
    )
    parser.add_argument(
        "--model",
        default=models.BUNDLED_NAME,
        metavar="RUN_OR_FILE",
        help=t("the bundled model unless a run's id or a model file is given"),
    )


def run(options: argparse.Namespace, t: Translator) -> int:
    """Print a line for each picture; 1 when one of them could not be read."""
    network = _network(options.model)
    status = 0
    for path in _pictures(options.paths):
        answer = _answer(path, network, t)
        status = 1 if "error" in answer else status
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    return status


def _network(name: str) -> Network:
    return models.bundled() if name == models.BUNDLED_NAME else models.named(name, Store(home()))


def _pictures(paths: list[Path]) -> Iterator[Path]:
    """The files named, and the pictures in the folders named, in the order of their names."""
    for path in paths:
        if path.is_dir():
            yield from _pictures_in(path)
        else:
            yield path


def _pictures_in(folder: Path) -> list[Path]:
    """The pictures below a folder; the folder itself, to be answered for, where there is none."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    return sorted(path for path in found if path.is_file()) or [folder]


def _answer(path: Path, network: Network, t: Translator) -> dict[str, Any]:
    try:
        prediction = network.read(drawing.from_image(_read(path)).digit)
    except LabError as error:
        return {"file": str(path), "error": t(error.message)}
    return {
        "file": str(path),
        "digit": prediction.digit,
        "probabilities": [round(float(value), 6) for value in prediction.probabilities],
    }


def _read(path: Path) -> bytes:
    """A file's bytes, one more than a picture may have at most.

    Raises:
        LabError: there is no such file, or it may not be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(drawing.MAX_IMAGE_BYTES + 1)
    except IsADirectoryError as error:
        raise LabError(message("There is no PNG or JPEG picture in this folder.")) from error
    except FileNotFoundError as error:
        raise LabError(message("There is no such file.")) from error
    except OSError as error:
        raise LabError(_unreadable(error)) from error


def _unreadable(error: OSError) -> Message:
    return message("The file cannot be read ({detail}).", detail=error.strerror or "")
