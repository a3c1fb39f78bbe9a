"""The accuracy of each digit after each epoch, as a heatmap with its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from digitlab import labels
from digitlab.charts import frame
from digitlab.config import DIGITS
from digitlab.messages import Translator

MOST_EPOCHS = 11  # whose numbers have room side by side on a phone

_COLOURS = [[0, "#DE8F05"], [1, "#E3EFF8"]]
_INK = "#1A1A1A"  # every number is read on every colour


def digits_by_epoch(
    epochs: Sequence[int], shares: frame.Floats, t: Translator, *, continued: bool = False
) -> frame.Chart:
    """The share of each digit that is read right after each epoch, 0 to 1 (epochs, 10).

    NaN where the set has no sample of a digit. Of more epochs than ``MOST_EPOCHS`` some are left
    out, evenly, the first and the last never. The colour scale begins at the lowest share after
    training, in whole tenths: what is lower has the same colour. With ``continued`` epoch 0 is what
    the run took over from another one.
    """
    shown = evenly(len(epochs))
    picked = shares[shown].T
    columns = [labels.epoch(epochs[place], t, continued=continued) for place in shown]
    trained = picked[:, [place for place, at in enumerate(shown) if epochs[at]] or [0]]
    lowest = float(np.nanmin(trained)) if np.isfinite(trained).any() else 0.0
    floor = min(0.9, math.floor(10 * lowest) / 10)
    ticks = np.linspace(floor, 1, 3).tolist()
    texts = [f"≤ {floor:.0%}" if floor else "0%", *(f"{tick:.0%}" for tick in ticks[1:])]
    where = {"digit": "%{y}", "epoch": "%{customdata}", "share": "%{z:.2%}"}
    cells = frame.heatmap(
        picked,
        (floor, 1),
        _COLOURS,
        t("digit {digit}, epoch {epoch}: {share} right", **where),
        x=list(range(len(shown))),
        y=list(range(DIGITS)),
        customdata=[columns] * DIGITS,
        **frame.numbers([[_percent(share) for share in row] for row in picked], gap=1, color=_INK),
        colorbar=frame.colour_bar(ticks, texts, length=240),
    )
    names = {"tickvals": list(range(len(shown))), "ticktext": columns, "tickangle": 0}
    return frame.figure(
        t("Right for each digit after each epoch (%)"),
        [cells],
        height=40 + 26 * DIGITS + 108,
        uirevision="journey",
        margin=frame.margin(bottom=108),
        xaxis=frame.axis(t("epoch"), showgrid=False, **names),
        yaxis=frame.axis(t("digit"), dtick=1, autorange="reversed", showgrid=False),
    )


def evenly(count: int) -> list[int]:
    """At most ``MOST_EPOCHS`` of ``count`` places, evenly spread, the first and last among them."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, MOST_EPOCHS))})


def _percent(share: float) -> str:
    if not np.isfinite(share):
        return ""
    return f"{100 * share:.0f}" if share in (0, 1) else f"{100 * share:.1f}"
