"""What a sweep came to: a measure over its values, in numbers, and all its curves."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from digitlab import labels
from digitlab.messages import Translator
from digitlab.progress import EpochMetrics
from digitlab.store import Status
from digitlab.sweeps import Sweep, Trial, measures
from digitlab.sweeps.measures import MEASURES, Epochs, Measure, Spread, Spreads, one_loss
from digitlab.sweeps.planning import Plan
from digitlab.ui import shell
from digitlab.ui.session import SessionValue
from digitlab.ui.sweep import curves, names, pictures


def show(sweep: Sweep, trials: Sequence[Trial], epochs: Epochs, t: Translator) -> None:
    """The result, once there is one, and the curves of all runs so far."""
    if not epochs:
        st.caption(t("Results appear here as runs end."))
        return
    plan, live = sweep.plan, any(trial.live for trial in trials)
    measure = _measure(sweep, t)
    finished: list[list[Sequence[EpochMetrics]]] = [[] for _ in plan.cells]
    for trial in trials:
        if trial.run is not None and trial.run.status is Status.FINISHED:
            finished[trial.cell].append(epochs.get(trial.run.id, ()))
    spreads = [measures.spread(measure, runs) for runs in finished]
    if any(spreads):
        if measure.kind == "accuracy" or one_loss(cell.config for cell in plan.cells):
            pictures.show(sweep, measure, spreads, live, t)
            st.markdown(_told(plan, measure, spreads, trials, t))
        else:
            st.markdown(
                t(
                    "Losses of different loss functions are on different scales: they are not "
                    "ranked. Compare an accuracy."
                )
            )
        _numbers(plan, measure, spreads, t)
    curves.show(sweep, trials, epochs, live, t)
    if not plan.axes:
        _differences(plan, t)
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
        key=SessionValue(f"sweep-measure-{sweep.id}", first).begin(),
        width=320,
        format_func=lambda name: t(MEASURES[name].label),
    )
    measure = MEASURES[chosen]
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
    return measure


def _told(
    plan: Plan, measure: Measure, spreads: Spreads, trials: Sequence[Trial], t: Translator
) -> str:
    """What may be said of the cells: nothing is best before the end, nor by one seed."""
    cells, found = names.cells(plan, t), measures.ranking(measure.kind, spreads)
    if found is None:
        cell, only = next((cell, s) for cell, s in zip(cells, spreads, strict=True) if s)
        return t("So far: {cell} {value}.", cell=cell, value=_in_words(only, measure, t))
    missing = sum(not trial.done for trial in trials)
    if missing:
        return t(
            "Runs still missing: {missing}. Nothing is called best before all have ended.",
            missing=missing,
        )
    best, first_value = cells[found.cells[0]], _in_words(found.spreads[0], measure, t)
    if found.spreads[0].mean == found.spreads[-1].mean:
        return t("All came to the same: {value}.", value=first_value)
    ends = {
        "first": best,
        "first_value": first_value,
        "last": cells[found.cells[-1]],
        "last_value": _in_words(found.spreads[-1], measure, t),
    }
    if measure.kind == "accuracy":
        said = t("Highest: {first}, {first_value}. Lowest: {last}, {last_value}.", **ends)
    else:
        said = t("Lowest: {first}, {first_value}. Highest: {last}, {last_value}.", **ends)
    if measure.part == "training":
        return said
    if found.seeds < 2:
        judged = t(
            "One seed cannot tell whether a difference is more than luck: train each value with "
            "several seeds."
        )
    elif len(found.rivals) == len(found.cells) - 1:
        judged = t("All values are within the spread of the seeds: none is clearly best.")
    elif found.rivals:
        judged = t(
            "None is clearly best: within the spread of the seeds of {best} are {rivals}.",
            best=best,
            rivals="; ".join(cells[number] for number in found.rivals),
        )
    else:
        judged = t(
            "**Best: {best}.** Its seeds all did better than those of every other value.", best=best
        )
    return t.paragraph([said, judged])


def _in_words(spread: Spread, measure: Measure, t: Translator) -> str:
    mean, low, high = (names.figure(v, measure) for v in (spread.mean, spread.low, spread.high))
    if len(spread.values) == 1:
        return mean
    return t("{mean} (seeds: {low} to {high})", mean=mean, low=low, high=high)


def _numbers(plan: Plan, measure: Measure, spreads: Spreads, t: Translator) -> None:
    """The picture as a table."""
    columns: dict[str, list[str]] = {
        names.field(axis, t): [names.value(cell, axis, t) for cell in plan.cells]
        for axis in plan.axes
    }
    figures = {t("Mean over seeds"): "mean", t("Lowest"): "low", t("Highest"): "high"}
    with st.expander(t("The same in numbers")):
        st.dataframe(
            {
                **(columns or {t("Network"): names.cells(plan, t)}),
                **{
                    title: [names.figure(getattr(s, of), measure) if s else "–" for s in spreads]
                    for title, of in figures.items()
                },
                t("Finished runs"): [len(s.values) if s else 0 for s in spreads],
            },
            hide_index=True,
        )


def _differences(plan: Plan, t: Translator) -> None:
    """In which settings networks of a sweep without axes differ."""
    columns = {t("Setting"): [t(spec.label) for spec in plan.differing]}
    for cell in plan.cells:
        values = cell.config.relevant()
        columns[t(cell.label)] = [
            labels.setting(spec.name, values[spec.name], t) if spec.name in values else "–"
            for spec in plan.differing
        ]
    with st.expander(t("What differs between them")):
        st.dataframe(columns, hide_index=True)


def _runs(sweep: Sweep, trials: Sequence[Trial], epochs: Epochs, t: Translator) -> None:
    """The runs themselves; ticking one opens it."""
    cells = names.cells(sweep.plan, t)
    shown = [(cells[trial.cell], trial.run) for trial in trials if trial.run is not None]
    with st.expander(t("The runs of this sweep")):
        picked = st.dataframe(
            {
                t("Settings"): [cell for cell, _ in shown],
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
