"""``reference``: train the bundled model again."""

from __future__ import annotations

import argparse

from digitlab.messages import Translator, mark

ABOUT = mark("Train the model that comes with the lab, and write its files.")


def add_arguments(parser: argparse.ArgumentParser, t: Translator) -> None:
    """The options of ``reference``."""


def run(options: argparse.Namespace, t: Translator) -> int:
    """Train the model; about an hour on two cores."""
    return 0
