"""A chart as the figure that Plotly has checked, value for value."""

from __future__ import annotations

import plotly.graph_objects as go

from digitlab.charts.frame import Chart


def checked(chart: Chart) -> go.Figure:
    """The checked figure.

    Raises:
        ValueError: Plotly knows no such property, or it may not have this value.
    """
    return go.Figure(data=list(chart.traces), layout=dict(chart.layout))
