"""``python -m digitlab``: the command line."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from digitlab.commands import Command, fetch, info, predict, train
from digitlab.dataset import DownloadError
from digitlab.disk import StorageError
from digitlab.messages import LabError, Translator, mark, message, pick_language

USAGE_ERROR = 2
TROUBLE = 3  # the disk, the database or the network failed


@dataclass(frozen=True)
class Program:
    """A program that is started with ``python -m name``, and its commands."""

    name: str
    about: str
    commands: tuple[Command, ...]


LAB = Program("digitlab", mark("Digit Lab without a browser."), (train, predict, info, fetch))


class _Parser(argparse.ArgumentParser):
    """Raises what is wrong with the arguments as a LabError of one sentence."""

    def error(self, message_: str) -> NoReturn:
        raise LabError(
            message(
                "The arguments were not understood ({detail}); {command} --help shows how to use "
                "it.",
                detail=message_,
                command=self.prog,
            )
        )


def terminal_language() -> str:
    """The language of the terminal's own messages."""
    names = (os.environ.get(name) for name in ("DIGITLAB_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    return pick_language(next((name for name in names if name), None))


def parser(program: Program, t: Translator) -> argparse.ArgumentParser:
    """The parser of all commands of a program."""
    top = _Parser(prog=f"python -m {program.name}", description=t(program.about))
    commands = top.add_subparsers(dest="command", required=True, metavar=t("COMMAND"))
    for command in program.commands:
        name = command.__name__.rpartition(".")[2]
        about = t(command.ABOUT)
        sub = commands.add_parser(name, help=about, description=about)
        command.add_arguments(sub, t)
        sub.set_defaults(run=command.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the lab's commands; returns its exit status."""
    return run_command(LAB, arguments)


def run_command(program: Program, arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status, ``USAGE_ERROR`` or ``TROUBLE``."""
    t = Translator(terminal_language())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file name need not be valid text
            stream.reconfigure(errors="backslashreplace")
    try:
        options = parser(program, t).parse_args(arguments)
        status: int = options.run(options, t)
    except (StorageError, DownloadError) as error:
        print(t(error.message), file=sys.stderr)
        return TROUBLE
    except LabError as error:
        print(t(error.message), file=sys.stderr)
        return USAGE_ERROR
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of the pipe has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


if __name__ == "__main__":
    sys.exit(main())
