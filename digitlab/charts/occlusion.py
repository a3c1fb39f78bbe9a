"""Which parts of a digit count: how a class's probability or logit falls where ink is erased."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from digitlab.charts import frame
from digitlab.charts.pixels import picture, signed_heatmap
from digitlab.messages import Translator

LEAST_FALL = {"probability": 0.01, "logit": 0.1}  # a scale any shorter would colour noise


def occlusion_map(
    digit: npt.NDArray[np.uint8],
    falls: frame.Floats,
    t: Translator,
    *,
    title: str,
    measure: Literal["probability", "logit"],
    height: int = 440,
) -> frame.Chart:
    """How much a class's probability or logit falls where ink is erased, over the digit's outline.

    Args:
        digit: the picture (28, 28) as the network sees it.
        falls: (rows, columns) for equal fields of the picture; red where it falls, blue where it
            rises, white where nothing changes.
        t: the reader's language.
        title: what the map shows, in the reader's language.
        measure: what fell; sets the unit, and the least length of the scale.
        height: of the figure, in pixels.
    """
    limit = max(float(np.abs(falls).max()), LEAST_FALL[measure])
    size = len(digit) / len(falls)
    places = (np.arange(len(falls)) + 0.5) * size - 0.5
    if measure == "probability":
        unit = t("fall of the probability (percentage points)")
        said, most = "%{z:.1%}", f"{100 * limit:.1f}"
    else:
        unit, said, most = t("fall of the logit"), "%{z:.2f}", f"{limit:.2f}"
    fields = signed_heatmap(
        falls,
        limit,
        most,
        x=places,
        y=places,
        hovertemplate=t("falls by") + f" {said}<extra></extra>",
    )
    outline = frame.trace(
        "contour",
        z=digit,
        contours={"start": 127, "end": 127, "size": 1, "coloring": "lines"},
        colorscale=[[0, "#000000"], [1, "#000000"]],
        line={"width": 2, "smoothing": 0.6},
        showscale=False,
        hoverinfo="skip",
    )
    return picture(
        title,
        [fields, outline],
        (digit.shape[1], digit.shape[0]),
        caption=unit,
        plot=height - frame.TITLE_ROOM - frame.BAR_ROOM,
        uirevision="occlusion",
    )
