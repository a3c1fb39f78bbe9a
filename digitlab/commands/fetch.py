"""``fetch``: get the full MNIST set, with a progress bar."""

from __future__ import annotations

import argparse
import sys

from tqdm import tqdm

from digitlab import dataset
from digitlab.messages import Translator, mark

ABOUT = mark("Download the full MNIST set (11 MB) into the lab's folder.")


def add_arguments(parser: argparse.ArgumentParser, t: Translator) -> None:
    """``fetch`` has no options."""


def run(options: argparse.Namespace, t: Translator) -> int:
    """Fetch the set and say where it is."""
    with tqdm(unit="B", unit_scale=True, file=sys.stderr, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        digits = dataset.fetch(progress)
    print(t("MNIST is complete and checked: {path}", path=digits.path))
    return 0
