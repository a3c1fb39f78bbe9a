"""What a visitor's runs are called, wherever one is named: here and nowhere else on the pages.

A run is called by the name its owner gave it, else by what it changed of its lesson. A run of a
sweep is called by the values that the sweep varies. Others see no given names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from digitlab import labels
from digitlab.messages import Translator
from digitlab.store import Run
from digitlab.store.library import RunSummary
from digitlab.ui import lab
from digitlab.ui.shell import Visit


def called(run: Run, visit: Visit) -> str:
    """What one run is called."""
    given = lab.library().name(run.id) if run.owner == visit.me else ""
    return given or labels.run_name(run, visit.t, varied(run))


def varied(run: Run) -> tuple[str, ...]:
    """The fields that a run's sweep varies; () for a run of no sweep."""
    return lab.sweeps().varied(run.owner).get(run.id, ())


def names(summaries: Iterable[RunSummary], visit: Visit) -> dict[str, str]:
    """What the runs of a list are called, by run; runs that look alike have one name."""
    summaries = list(summaries)
    owners = {summary.run.owner for summary in summaries}
    swept = {run: told for owner in owners for run, told in lab.sweeps().varied(owner).items()}
    return {
        summary.run.id: summary.name
        or labels.run_name(summary.run, visit.t, swept.get(summary.run.id, ()))
        for summary in summaries
    }


def told_apart(names: Mapping[str, str]) -> dict[str, str]:
    """A name for each run that none of the others has: the beginning of its id where needed."""
    counts, taken = Counter(names.values()), set[str]()
    apart: dict[str, str] = {}
    for run, name in names.items():
        own = name if counts[name] == 1 else f"{name} ({run[:4]})"
        while own in taken:  # somebody has called a run just so
            own += "′"
        taken.add(own)
        apart[run] = own
    return apart


def settings(run: Run, origins: Mapping[str, str], t: Translator) -> str:
    """The run's lesson, what it goes on from, and all that it has changed."""
    told = []
    if run.continued:
        told.append(t("goes on from {name}", name=origin(run, origins, t)))
        if run.frozen:
            told.append(t("convolutions frozen"))
    if changes := labels.run_changes(run, t):
        told.append(changes)
    return f"{labels.lesson(run)}: {', '.join(told)}" if told else labels.lesson(run)


def origin(run: Run, origins: Mapping[str, str], t: Translator) -> str:
    """What a run goes on from, called as in ``origins``; "" for nothing."""
    if run.origin is None:
        return ""
    return origins.get(run.origin) or t("a run that is not here any more")
