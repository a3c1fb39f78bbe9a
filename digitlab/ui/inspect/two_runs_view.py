"""What a second network mends and breaks, and whether the difference is more than luck."""

from __future__ import annotations

import numpy as np
import streamlit as st

from digitlab import dataset, models
from digitlab.charts.sheets import LabelledSample
from digitlab.inspection import comparison
from digitlab.inspection.comparison import Comparison
from digitlab.messages import LabError, Translator, message
from digitlab.network import Floats
from digitlab.ui import selected_model
from digitlab.ui.inspect import sample_list, sample_view, state
from digitlab.ui.inspect.test_predictions import Predictions, predictions_on
from digitlab.ui.selected_model import SelectedModel
from digitlab.ui.shell import Visit

_MOST = 32  # samples on a sheet
_BUNDLED = (models.BUNDLED_NAME, models.MNIST_ONLY_NAME)


def show(model: SelectedModel, visit: Visit) -> None:
    """The choice of a second network, and both side by side on the same samples."""
    t = visit.t
    second = _second(model, visit)
    st.caption(t("The first network is the one chosen above, the second the one chosen here."))
    one, other = _both_tested(model, second, t)
    found = comparison.compare(one.labels, one.predicted, other.predicted)
    st.markdown(t(comparison.verdict(found)))
    _table(found, t)
    st.caption(
        t(
            "Only the samples that one of the two reads right count: if neither were better, each "
            "of them would be a toss of a coin (McNemar's exact test, two-sided; clear: less than "
            "5%). It tells whether these two networks differ. Trained again from another start, "
            "either would come out a little different."
        )
    )
    opened = state.sample_of_two(one.key, other.key)
    sheets = {
        "mended": (t("Mended: truth→first/second"), found.mended),
        "broken": (t("Broken: truth→first/second"), found.broken),
    }
    columns = st.columns(2, gap="medium")
    for column, (name, (title, samples)) in zip(columns, sheets.items(), strict=True):
        with column:
            sample_list.labelled(
                one.images,
                samples,
                lambda index: _labelled(index, one, other, t),
                f"runs-{name}",
                opened.set,
                t,
                title=title,
                most=_MOST,
            )
    index = opened.get()
    if index is not None:
        st.markdown(
            t(
                "Test sample {index} is a {truth}. The first network: {first}. The second: "
                "{second}.",
                index=index,
                truth=int(one.labels[index]),
                first=_two_likeliest(one.probabilities[index], t),
                second=_two_likeliest(other.probabilities[index], t),
            )
        )
        sample_view.show(model, one, index, visit)


def _second(model: SelectedModel, visit: Visit) -> SelectedModel:
    labels = selected_model.choices(visit)
    # Runs first: their answers are stored, those of the others have to be computed once.
    others = [name for name in labels if name not in _BUNDLED] + list(_BUNDLED)
    if model.name in others:  # unless it was deleted in another tab
        others.remove(model.name)
    if state.SECOND_MODEL.get() not in others:  # it is the first now, or was deleted
        state.SECOND_MODEL.set(others[0])
    chosen = st.selectbox(
        visit.t("Compare it with"),
        others,
        key=state.SECOND_MODEL.key,
        format_func=labels.__getitem__,
    )
    return selected_model.load(chosen)


def _both_tested(
    first: SelectedModel, second: SelectedModel, t: Translator
) -> tuple[Predictions, Predictions]:
    """Both on one test set: a run's own, else the one in use.

    Raises:
        LabError: they are runs that were tested on different images.
    """
    sets = {each.run.digits.fingerprint: each.run.digits for each in (first, second) if each.run}
    if len(sets) > 1:
        one, other = sets.values()
        raise LabError(
            message(
                "These two networks were tested on different images ({one} of the set {first}, "
                "{other} of the set {second}): sample by sample they cannot be compared. Choose "
                "one that was tested on the same set.",
                one=f"{one.test:,}",
                first=one.name,
                other=f"{other.test:,}",
                second=other.name,
            )
        )
    digits = dataset.find(next(iter(sets))) if sets else dataset.current().digits
    return predictions_on(digits, first, t), predictions_on(digits, second, t)


def _table(found: Comparison, t: Translator) -> None:
    mended, broken = len(found.mended), len(found.broken)
    st.dataframe(
        {
            t("Of {count} samples", count=f"{found.count:,}"): [
                t("First network right"),
                t("First network wrong"),
            ],
            t("Second right"): [f"{found.both_right:,}", t("{count} mended", count=f"{mended:,}")],
            t("Second wrong"): [t("{count} broken", count=f"{broken:,}"), f"{found.both_wrong:,}"],
        },
        hide_index=True,
        width="content",
    )


def _two_likeliest(probabilities: Floats, t: Translator) -> str:
    digits = np.argsort(-probabilities)[:2]
    return t.listed(f"{digit} ({probabilities[digit]:.1%})" for digit in digits)


def _labelled(index: int, one: Predictions, other: Predictions, t: Translator) -> LabelledSample:
    truth, first, second = (
        int(each[index]) for each in (one.labels, one.predicted, other.predicted)
    )
    hover = t(
        "Test sample {index}<br>truth {truth}<br>first: {first} ({sure}), second: {second} "
        "({surer})",
        index=index,
        truth=truth,
        first=first,
        sure=f"{one.probabilities[index].max():.1%}",
        second=second,
        surer=f"{other.probabilities[index].max():.1%}",
    )
    return LabelledSample(index, f"{truth}→{first}/{second}", hover)
