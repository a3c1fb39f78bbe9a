"""The commands of ``python -m digitlab``, each a module with what ``Command`` asks for."""

from __future__ import annotations

import argparse
from typing import Protocol

from digitlab.messages import Translator


class Command(Protocol):
    """A module that is a command, called by its own name.

    ``ABOUT`` is its help in one sentence; ``add_arguments`` declares its options, and ``run`` does
    what they ask for and returns the exit status.
    """

    ABOUT: str
    __name__: str

    def add_arguments(self, parser: argparse.ArgumentParser, t: Translator) -> None:
        """Declare the options."""

    def run(self, options: argparse.Namespace, t: Translator) -> int:
        """Do it; returns the exit status."""
