"""``python -m tools``: the commands that make and measure the lab."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from digitlab.__main__ import Program, run_command
from digitlab.messages import mark
from tools.commands import bench, reference, reproduce

TOOLS = Program("tools", mark("What makes and measures Digit Lab."), (bench, reproduce, reference))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one of the tools; returns its exit status."""
    return run_command(TOOLS, arguments)


if __name__ == "__main__":
    sys.exit(main())
