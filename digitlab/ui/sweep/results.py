"""What a sweep came to: a measure over its values, in numbers, and all its curves."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from digitlab import labels
from digitlab.messages import Translator, message
from digitlab.progress import EpochMetrics
from digitlab.store import Status
from digitlab.sweeps import Sweep, Trial, measures
from digitlab.sweeps.measures import (
    MEASURES,
    Epochs,
    Measure,
    Ranking,
    Spread,
    Spreads,
    one_loss,
)
from digitlab.sweeps.planning import Plan
from digitlab.ui import shell
from digitlab.ui.shell import Visit
from digitlab.ui.sweep import curves, names, pictures, state


def show(sweep: Sweep, trials: Sequence[Trial], epochs: Epochs, visit: Visit) -> None:
    """The result, once there is one, and the curves of all runs so far."""
    t, live = visit.t, any(trial.live for trial in trials)
    if not epochs:
        st.caption(t("Results appear here as runs end."))
        return
    measure = _measure(sweep, t)
    comparable = measure.kind == "accuracy" or one_loss(cell.config for cell in sweep.plan.cells)
    spreads = _spreads(sweep.plan, trials, epochs, measure)
    if any(spreads):
        if comparable:
            pictures.show(sweep, measure, spreads, live, t)
        st.markdown(_told(sweep.plan, measure, spreads, trials, comparable, t))
        _numbers(sweep.plan, measure, spreads, t)
    curves.show(sweep, trials, epochs, live, t)
    if not sweep.plan.axes:
        _differences(sweep.plan, t)
    if not live:
        _runs(sweep, trials, epochs, t)


def _measure(sweep: Sweep, t: Translator) -> Measure:
    """The measure that the visitor chooses, among those that these runs have."""
    modes = {cell.config.validation for cell in sweep.plan.cells}
    known = [
        name for name, one in MEASURES.items() if "none" not in modes or one.part != "validation"
    ]
    first = known[0] if modes == {"split"} else "test_accuracy"
    chosen = st.selectbox(
        t("What to compare"),
        known,
        key=state.measure(sweep.id, first).begin(),
        width=320,
        format_func=lambda name: t(MEASURES[name].label),
    )
    _about_images(MEASURES[chosen], modes, t)
    return MEASURES[chosen]


def _about_images(measure: Measure, modes: Collection[str], t: Translator) -> None:
    """That a comparison by the test set uses it up, and that training tells of no new image."""
    if measure.part == "training":
        st.caption(
            t(
                "Figures of training tell how well a network has learned its own images, not how "
                "it does on new ones: nothing is called best by them."
            )
        )
    elif measure.part == "test" or "test" in modes:
        if "none" in modes:
            st.caption(t("Some of these runs have no validation images, so the test set is shown."))
        st.warning(
            t(
                "This compares by the test set. Whoever chooses a value by these images has used "
                "them, and they no longer show how the network does on what it has never seen. "
                "Choose by validation images; look at the test set once, at the end."
            )
        )


def _spreads(plan: Plan, trials: Sequence[Trial], epochs: Epochs, measure: Measure) -> Spreads:
    """How each cell did; None where no run has finished. Stopped runs do not count."""
    runs: list[list[Sequence[EpochMetrics]]] = [[] for _ in plan.cells]
    for trial in trials:
        if trial.run is not None and trial.run.status is Status.FINISHED:
            runs[trial.cell].append(epochs.get(trial.run.id, ()))
    return [measures.spread(measure, cell) for cell in runs]


def _told(
    plan: Plan,
    measure: Measure,
    spreads: Spreads,
    trials: Sequence[Trial],
    comparable: bool,
    t: Translator,
) -> str:
    """What may be said of the cells: nothing is best before the end, nor by one seed."""
    if not comparable:
        return t(
            "Losses of different loss functions are on different scales: they are not ranked. "
            "Compare an accuracy."
        )
    found = measures.ranking(measure.kind, spreads)
    if found is None:
        number, only = next((cell, spread) for cell, spread in enumerate(spreads) if spread)
        return t(
            "So far: {cell} {value}.",
            cell=names.cell_in_full(plan, number, t),
            value=_in_words(only, measure, t),
        )
    missing = sum(not trial.done for trial in trials)
    if missing:
        return t(
            "Runs still missing: {missing}. Nothing is called best before all have ended.",
            missing=missing,
        )
    first, last = found.spreads[0], found.spreads[-1]
    if first.mean == last.mean:
        return t("All came to the same: {value}.", value=_in_words(first, measure, t))
    said = [_ends(plan, measure, found, t), _judged(plan, measure, found, t)]
    return t.paragraph(filter(None, said))


def _ends(plan: Plan, measure: Measure, found: Ranking, t: Translator) -> str:
    """The highest and the lowest cell, with their figures; the better one comes first."""
    told = (
        message("Highest: {first}, {first_value}. Lowest: {last}, {last_value}.")
        if measure.kind == "accuracy"
        else message("Lowest: {first}, {first_value}. Highest: {last}, {last_value}.")
    )
    first, last = (names.cell_in_full(plan, found.cells[at], t) for at in (0, -1))
    first_value, last_value = (
        _in_words(spread, measure, t) for spread in (found.spreads[0], found.spreads[-1])
    )
    return t(told.text, first=first, first_value=first_value, last=last, last_value=last_value)


def _judged(plan: Plan, measure: Measure, found: Ranking, t: Translator) -> str:
    """Whether the first is the best: only where its seeds lie apart from all others'."""
    if measure.part == "training":
        return ""
    if found.seeds < 2:
        return t(
            "One seed cannot tell whether a difference is more than luck: train each value with "
            "several seeds."
        )
    if len(found.rivals) == len(found.cells) - 1:
        return t("All values are within the spread of the seeds: none is clearly best.")
    best = names.cell_in_full(plan, found.cells[0], t)
    if found.rivals:
        rivals = "; ".join(names.cell_in_full(plan, number, t) for number in found.rivals)
        return t(
            "None is clearly best: within the spread of the seeds of {best} are {rivals}.",
            best=best,
            rivals=rivals,
        )
    return t(
        "**Best: {best}.** Its seeds all did better than those of every other value.", best=best
    )


def _in_words(spread: Spread, measure: Measure, t: Translator) -> str:
    if len(spread.values) == 1:
        return names.figure(spread.mean, measure)
    return t(
        "{mean} (seeds: {low} to {high})",
        mean=names.figure(spread.mean, measure),
        low=names.figure(spread.low, measure),
        high=names.figure(spread.high, measure),
    )


def _numbers(plan: Plan, measure: Measure, spreads: Spreads, t: Translator) -> None:
    """The picture as a table."""
    with st.expander(t("The same in numbers")):
        st.dataframe(
            {
                **_value_columns(plan, t),
                t("Mean over seeds"): [
                    names.figure(s.mean, measure) if s else "–" for s in spreads
                ],
                t("Lowest"): [names.figure(s.low, measure) if s else "–" for s in spreads],
                t("Highest"): [names.figure(s.high, measure) if s else "–" for s in spreads],
                t("Finished runs"): [len(s.values) if s else 0 for s in spreads],
            },
            hide_index=True,
        )


def _value_columns(plan: Plan, t: Translator) -> dict[str, list[str]]:
    if not plan.axes:
        return {t("Network"): [t(cell.label) for cell in plan.cells]}
    return {
        names.field(axis, t): [names.value(cell, axis, t) for cell in plan.cells]
        for axis in plan.axes
    }


def _differences(plan: Plan, t: Translator) -> None:
    """In which settings networks of a sweep without axes differ."""
    settings = [cell.config.relevant() for cell in plan.cells]
    rows = {
        t(spec.label): [
            labels.setting(spec.name, values[spec.name], t) if spec.name in values else "–"
            for values in settings
        ]
        for spec in plan.differing
    }
    with st.expander(t("What differs between them")):
        columns = {t("Setting"): list(rows)}
        for number, cell in enumerate(plan.cells):
            columns[t(cell.label)] = [values[number] for values in rows.values()]
        st.dataframe(columns, hide_index=True)


def _runs(sweep: Sweep, trials: Sequence[Trial], epochs: Epochs, t: Translator) -> None:
    """The runs themselves; ticking one opens it."""
    shown = [(trial, trial.run) for trial in trials if trial.run is not None]
    with st.expander(t("The runs of this sweep")):
        picked = st.dataframe(
            {
                t("Settings"): [names.cell_in_full(sweep.plan, p.cell, t) for p, _ in shown],
                t("Random seed"): [run.config.seed for _, run in shown],
                t("Epochs"): [len(epochs.get(run.id, ())) for _, run in shown],
                t("Status"): [labels.status(run.status, t) for _, run in shown],
            },
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
            key=f"sweep-runs-{sweep.id}-{len(shown)}",
        )
        st.caption(t("Tick a row to open the run."))
    if picked["selection"]["rows"]:
        shell.go("train", run=shown[picked["selection"]["rows"][0]][1].id)
