"""What runs are called in their list, and what each goes on from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from digitlab import words
from digitlab.messages import Translator
from digitlab.store import Run
from digitlab.store.shelf import Line


def title(line: Line, t: Translator) -> str:
    """The name that a run was given, or its lesson's."""
    return line.name or words.run_name(line.run, t)


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
    run = line.run
    told = [*_beginning(run, origins, t), *filter(None, [words.run_changes(run, t)])]
    return f"{words.lesson(run)}: {', '.join(told)}" if told else words.lesson(run)


def origin(run: Run, origins: Mapping[str, str], t: Translator) -> str:
    """What a run goes on from, called as in ``origins``; "" for nothing."""
    if run.origin is None:
        return ""
    return origins.get(run.origin) or t("a run that is not here any more")


def _beginning(run: Run, origins: Mapping[str, str], t: Translator) -> list[str]:
    if not run.went_on:
        return []
    frozen = [t("convolutions frozen")] if run.frozen else []
    return [t("goes on from {name}", name=origin(run, origins, t)), *frozen]
