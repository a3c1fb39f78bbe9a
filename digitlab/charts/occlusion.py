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
) -> frame.Chart:
    """How much a class's probability or logit falls where ink is erased, over the digit's outline.

    Args:
        digit: the picture (28, 28) as the network sees it.
        falls: (rows, columns) for equal fields of the picture; red where it falls, blue where it
            rises, white where nothing changes.
        measure: what fell; sets the unit, and the least length of the scale.
    """
    limit = max(float(np.abs(falls).max()), LEAST_FALL[measure])
    if measure == "probability":
        unit = t("fall of the probability (percentage points)")
        said, most = "%{z:.1%}", f"{100 * limit:.1f}"
    else:
        unit, said, most = t("fall of the logit"), "%{z:.2f}", f"{limit:.2f}"
    size = len(digit) / len(falls)
    places = (np.arange(len(falls)) + 0.5) * size - 0.5
    said = t("falls by") + f" {said}"
    fields = signed_heatmap(falls, limit, said, label=most, x=places, y=places)
    outline = frame.trace(
        "contour",
        z=digit,
        contours={"start": 127, "end": 127, "size": 1, "coloring": "lines"},
        colorscale=[[0, "#000000"], [1, "#000000"]],
        line={"width": 2, "smoothing": 0.6},
        showscale=False,
        hoverinfo="skip",
    )
    shape = (digit.shape[1], digit.shape[0])
    return picture(title, [fields, outline], shape, caption=unit, plot=322, uirevision="occlusion")
