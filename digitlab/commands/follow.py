"""Follows a run with a progress bar on the terminal until it ends."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import suppress
from typing import Any

from tqdm import tqdm

from digitlab.jobs.engine import Engine
from digitlab.messages import Translator
from digitlab.progress import BatchMetrics
from digitlab.store import Run, StorageBusyError

INTERRUPTED = 130  # the exit status
_POLL_SECONDS = 0.2


class Interrupt:
    """Handles Ctrl-C and SIGTERM: the first sets ``once``, the second ends the program.

    The first raises nothing, because an exception at any place could lose the run's summary.
    """

    def __init__(self) -> None:
        self.once = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._asked)

    def _asked(self, number: int, frame: object) -> None:
        if self.once:
            raise KeyboardInterrupt  # without waiting for the worker
        self.once = True


def follow(
    engine: Engine,
    run: Run,
    asked: Interrupt,
    t: Translator,
    *,
    quiet: bool = False,
    title: str = "",
) -> None:
    """Wait until the run has ended, by itself or by Ctrl-C, and draw a bar on a terminal.

    With a ``title``, which stands before the bar, the bar is removed at the end.
    """
    shown = None
    with tqdm(
        total=run.config.epochs,
        unit=t("epochs"),
        disable=quiet or None,
        leave=not title,
        bar_format="{desc} {bar} {n:.2f}/{total} {unit} [{elapsed}<{remaining}]",
        desc=title,
    ) as bar:
        while True:
            with suppress(StorageBusyError):  # asked again in the next iteration
                live = engine.store.run(run.id).status.live
                _draw(bar, engine.store.last_batch(run.id), title, t)
                if not live:
                    return
                if asked.once:
                    engine.stop(run.id)
            trouble = engine.trouble
            if trouble is not None and trouble != shown:
                bar.write(t(trouble), file=sys.stderr)
                shown = trouble
            time.sleep(_POLL_SECONDS)


def _draw(bar: Any, last: BatchMetrics | None, title: str, t: Translator) -> None:
    if last is not None:
        bar.n = last.position
        shown = t(
            "loss {loss}, accuracy {accuracy}, {speed} images/s",
            loss=f"{last.loss:.3f}",
            accuracy=f"{last.accuracy:.3f}",
            speed=f"{last.images_per_second:,.0f}",
        )
        bar.set_description_str(f"{title} {shown}".strip(), refresh=True)
