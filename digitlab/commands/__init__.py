"""The commands of ``python -m digitlab``, each a module with the interface ``Command``."""

from __future__ import annotations

import argparse
from typing import Protocol

from digitlab.messages import Translator


class Command(Protocol):
    """The interface of a command's module; the module's name is the command's.

    ``ABOUT`` is its help in one sentence.
    """

    ABOUT: str
    __name__: str

    def add_arguments(self, parser: argparse.ArgumentParser, t: Translator) -> None:
        """Declare the command's options."""

    def run(self, options: argparse.Namespace, t: Translator) -> int:
        """Run the command; returns the exit status."""
