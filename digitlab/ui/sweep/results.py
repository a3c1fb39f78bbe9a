"""What a sweep came to: a measure over its values, in numbers, and all its curves."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from digitlab import words
from digitlab.messages import Translator
from digitlab.progress import EpochMetrics
from digitlab.store import Status
from digitlab.sweeps import Place, Sweep, measures
from digitlab.sweeps.measures import MEASURES, Epochs, Measure, Spread, Spreads
from digitlab.sweeps.planning import LESSONS, Plan
from digitlab.ui import shell
from digitlab.ui.shell import Visit
from digitlab.ui.sweep import curves, names, pictures


def show(sweep: Sweep, places: Sequence[Place], epochs: Epochs, visit: Visit) -> None:
    """The result, once there is one, and the curves of all runs so far."""
    t, live = visit.t, any(place.live for place in places)
    if not epochs:
        st.caption(t("Results appear here as runs end."))
        return
    measure = _measure(sweep, t)
    spreads = _spreads(sweep.plan, places, epochs, measure)
    if any(spreads):
        pictures.show(sweep, measure, spreads, live, t)
        st.markdown(_told(sweep.plan, measure, spreads, t))
        _numbers(sweep.plan, measure, spreads, t)
    curves.show(sweep, places, epochs, live, t)
    if not sweep.plan.axes:
        _differences(sweep.plan, t)
    if not live:
        _runs(sweep, places, epochs, t)


def _measure(sweep: Sweep, t: Translator) -> Measure:
    """The measure that the visitor chooses, among those that these runs have."""
    validated = all(cell.config.validation != "none" for cell in sweep.plan.cells)
    known = [name for name in MEASURES if validated or "val_" not in name]
    lesson = LESSONS.get(sweep.plan.lesson)
    key = f"sweep-measure-{sweep.id}"
    st.session_state.setdefault(key, lesson.shows if lesson else "test_accuracy")
    chosen = st.selectbox(
        t("What to compare"), known, key=key, width=320,
        format_func=lambda name: t(MEASURES[name].label),
    )  # fmt: skip
    return MEASURES[chosen]


def _spreads(plan: Plan, places: Sequence[Place], epochs: Epochs, measure: Measure) -> Spreads:
    """How each cell did; None where no run has finished. Stopped runs do not count."""
    runs: list[list[Sequence[EpochMetrics]]] = [[] for _ in plan.cells]
    for place in places:
        if place.run is not None and place.run.status is Status.FINISHED:
            runs[place.cell].append(epochs.get(place.run.id, ()))
    return [measures.spread(measure, cell) for cell in runs]


def _told(plan: Plan, measure: Measure, spreads: Spreads, t: Translator) -> str:
    """The best and the worst cell in a sentence."""
    known = [(number, spread) for number, spread in enumerate(spreads) if spread]
    ranked = sorted(known, key=lambda pair: pair[1].mean, reverse=measure.kind == "accuracy")
    best, worst = ranked[0], ranked[-1]
    if len(known) < 2:
        return t("So far: {cell} {value}.", cell=names.cell_in_full(plan, best[0], t),
                 value=_in_words(best[1], measure, t))  # fmt: skip
    if best[1].mean == worst[1].mean:
        return t("All came to the same: {value}.", value=_in_words(best[1], measure, t))
    return t(
        "Best: {best}, {best_value}. Worst: {worst}, {worst_value}.",
        best=names.cell_in_full(plan, best[0], t), best_value=_in_words(best[1], measure, t),
        worst=names.cell_in_full(plan, worst[0], t), worst_value=_in_words(worst[1], measure, t),
    )  # fmt: skip


def _in_words(spread: Spread, measure: Measure, t: Translator) -> str:
    if len(spread.values) == 1:
        return names.figure(spread.mean, measure)
    return t(
        "{mean} (seeds: {low} to {high})",
        mean=names.figure(spread.mean, measure), low=names.figure(spread.low, measure),
        high=names.figure(spread.high, measure),
    )  # fmt: skip


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
        names.field(axis, t): [
            words.shown(getattr(cell.config, axis.field), t) for cell in plan.cells
        ]
        for axis in plan.axes
    }


def _differences(plan: Plan, t: Translator) -> None:
    """In which settings networks of a sweep without axes differ."""
    settings = [cell.config.relevant() for cell in plan.cells]
    rows = {
        t(spec.label): [
            words.shown(values[spec.name], t) if spec.name in values else "–" for values in settings
        ]
        for spec in plan.differing
    }
    with st.expander(t("What differs between them")):
        columns = {t("Setting"): list(rows)}
        for number, cell in enumerate(plan.cells):
            columns[t(cell.label)] = [values[number] for values in rows.values()]
        st.dataframe(columns, hide_index=True)


def _runs(sweep: Sweep, places: Sequence[Place], epochs: Epochs, t: Translator) -> None:
    """The runs themselves; ticking one opens it."""
    shown = [(place, place.run) for place in places if place.run is not None]
    with st.expander(t("The runs of this sweep")):
        picked = st.dataframe(
            {
                t("Settings"): [names.cell_in_full(sweep.plan, p.cell, t) for p, _ in shown],
                t("Random seed"): [run.config.seed for _, run in shown],
                t("Epochs"): [len(epochs.get(run.id, ())) for _, run in shown],
                t("Status"): [words.status(run.status, t) for _, run in shown],
            },
            hide_index=True, on_select="rerun", selection_mode="single-row",
            key=f"sweep-runs-{sweep.id}-{len(shown)}",
        )  # fmt: skip
        st.caption(t("Tick a row to open the run."))
    if picked["selection"]["rows"]:
        shell.go("train", run=shown[picked["selection"]["rows"][0]][1].id)
