"""What runs are called in their list, and what each goes on from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from digitlab import words
from digitlab.messages import Translator
from digitlab.presets import PRESETS, nearest
from digitlab.shelf import Line
from digitlab.store import Run
from digitlab.ui.run_panel import name_of

_MORE = ("epochs",)  # what a run that goes on for longer changes, and no more


def title(line: Line, t: Translator) -> str:
    """The name that a run was given, or its lesson's; going on for longer changes no lesson."""
    run = line.run
    if line.name or (run.went_on and not _changes(run, t)):
        return line.name or lesson(run)
    return name_of(run, t)


def told_apart(lines: Sequence[Line], t: Translator) -> dict[str, str]:
    """A name for each run that none of the others has, by the run."""
    counts, taken = Counter(line.name for line in lines), set[str]()
    names: dict[str, str] = {}
    for line in lines:
        own = line.name and counts[line.name] == 1
        name = line.name if own else f"{title(line, t)} ({line.run.id[:4]})"
        while name in taken:  # somebody has called a run just so
            name += "′"
        taken.add(name)
        names[line.run.id] = name
    return names


def settings(line: Line, origins: Mapping[str, str], t: Translator) -> str:
    """The run's lesson, what it goes on from, and what it has changed."""
    told = [*_beginning(line.run, origins, t), *filter(None, [_changes(line.run, t)])]
    return f"{lesson(line.run)}: {', '.join(told)}" if told else lesson(line.run)


def origin(run: Run, origins: Mapping[str, str], t: Translator) -> str:
    """What a run goes on from, called as in ``origins``; "" for nothing."""
    if run.origin is None:
        return ""
    return origins.get(run.origin) or t("a run that is not here any more")


def lesson(run: Run) -> str:
    """The lesson that the run is, or the one it was made from."""
    return run.preset or nearest(run.config)


def _beginning(run: Run, origins: Mapping[str, str], t: Translator) -> list[str]:
    if not run.went_on:
        return []
    frozen = [t("convolutions frozen")] if run.frozen else []
    return [t("goes on from {name}", name=origin(run, origins, t)), *frozen]


def _changes(run: Run, t: Translator) -> str:
    return words.changes(run.config, PRESETS[lesson(run)], t, but=_MORE if run.went_on else ())
