"""``info``: prints versions, the data set, the store, the workers and the bundled model."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from dask.system import CPU_COUNT

import digitlab
from digitlab import dataset, models
from digitlab.home import home
from digitlab.jobs import cluster
from digitlab.messages import Translator, mark
from digitlab.store import Store
from digitlab.training import speed

ABOUT = mark("Print versions, the data set in use, the store, the workers and the bundled model.")
_PACKAGES = ("streamlit", "tensorflow-cpu", "tensorflow", "keras", "numpy", "distributed", "plotly")


def add_arguments(parser: argparse.ArgumentParser, t: Translator) -> None:
    """The options of ``info``."""
    parser.add_argument("--json", action="store_true", help=t("print one JSON object"))


def run(options: argparse.Namespace, t: Translator) -> int:
    """Print the facts, a line each or as JSON.

    Raises:
        StorageError: afterwards, if the store cannot be read.
    """
    found = facts(t)
    if options.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for name, value in found.items():
            shown = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else value
            print(f"{name}: {shown}")
    Store(home())
    return 0


def facts(t: Translator) -> dict[str, Any]:
    """Everything that ``info`` prints, as JSON values."""
    choice = dataset.current()
    model = models.bundled()
    return {
        "digitlab": digitlab.__version__,
        "python": platform.python_version(),
        "versions": versions(),
        "dataset": {
            "name": choice.digits.name,
            "train": len(choice.digits.x_train),
            "test": len(choice.digits.x_test),
            "why": t(choice.reason),
            "refused": [t(note) for note in choice.notes],
        },
        "store": str(home()),
        "workers": {
            "scheduler": cluster.scheduler_address() or "embedded",
            "cores": CPU_COUNT,
            "memory_bytes": cluster.worker_memory(),
            "measured": [asdict(row) for row in speed.load()],
        },
        "model": {"parameters": model.parameters, **model.about},
    }


def versions() -> dict[str, str]:
    """The versions of the libraries that are installed."""
    found = {}
    for name in _PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found
