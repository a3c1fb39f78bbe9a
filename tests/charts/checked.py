"""What the tests of charts share: figures that Plotly has checked, pictures, and contrasts."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from digitlab.charts.frame import Chart
from digitlab.messages import Translator

T = Translator("en")
PAGES = ("#ffffff", "#0e1117")  # Streamlit's light and dark page


def checked(chart: Chart) -> go.Figure:
    """A chart as the figure that Plotly has checked, value for value.

    Raises:
        ValueError: Plotly knows no such property, or it may not have this value.
    """
    return go.Figure(data=list(chart.traces), layout=dict(chart.layout))


def opened(source: str) -> Image.Image:
    """The picture behind a data address."""
    return Image.open(io.BytesIO(base64.b64decode(source.split(",")[1])))


def values(sequence: Any) -> np.ndarray:
    return np.asarray(sequence, float)


def contrast(*colours: str) -> float:
    """WCAG 2's contrast ratio of two colours; graphics need 3 (1.4.11)."""
    parts = np.array([list(bytes.fromhex(colour[1:])) for colour in colours]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    dark, light = sorted(linear @ [0.2126, 0.7152, 0.0722])
    return (light + 0.05) / (dark + 0.05)
