"""``predict``: prints a prediction, as a line of JSON, for each picture of a digit."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digitlab import drawing, models
from digitlab.home import home
from digitlab.messages import LabError, Translator, mark, message
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
    bundled = options.model == models.BUNDLED_NAME
    network = models.bundled() if bundled else models.named(options.model, Store(home()))
    status = 0
    for path in _pictures(options.paths):
        answer = _answer(path, network, t)
        status = 1 if "error" in answer else status
        print(json.dumps(answer, ensure_ascii=False), flush=True)
    return status


def _pictures(paths: list[Path]) -> Iterator[Path]:
    """The files named, and the pictures below each folder named, sorted.

    A folder without pictures is itself among them, and is answered with an error.
    """
    for path in paths:
        if path.is_dir():
            found = (each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES)
            yield from sorted(each for each in found if each.is_file()) or [path]
        else:
            yield path


def _answer(path: Path, network: Network, t: Translator) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            picture = stream.read(drawing.MAX_IMAGE_BYTES + 1)  # one more is refused as too large
        prediction = network.read(drawing.from_image(picture).digit)
    except LabError as error:
        problem = error.message
    except IsADirectoryError:
        problem = message("There is no PNG or JPEG picture in this folder.")
    except FileNotFoundError:
        problem = message("There is no such file.")
    except OSError as error:
        problem = message("The file cannot be read ({detail}).", detail=error.strerror or "")
    else:
        probabilities = [round(float(value), 6) for value in prediction.probabilities]
        return {"file": str(path), "digit": prediction.digit, "probabilities": probabilities}
    return {"file": str(path), "error": t(problem)}
