"""Numbers become pictures for people here: arrays in, one Plotly figure out.

No chart knows where its numbers come from. Each kind of picture has its own file; what they share
(colours, axes, the figure itself) is in ``frame``.
"""

from digitlab.charts.architecture import network_picture
from digitlab.charts.bars import counts, probabilities
from digitlab.charts.explanation import neighbours, occlusion_map, way
from digitlab.charts.lines import NO_POINTS, Metric, Points, curves
from digitlab.charts.pixels import colour_limit, digit, filter_mosaic, weight_mosaic
from digitlab.charts.sheets import Misread, mistake_sheet, sample_sheet
from digitlab.charts.targets import targets

__all__ = [
    "NO_POINTS",
    "Metric",
    "Misread",
    "Points",
    "colour_limit",
    "counts",
    "curves",
    "digit",
    "filter_mosaic",
    "mistake_sheet",
    "neighbours",
    "network_picture",
    "occlusion_map",
    "probabilities",
    "sample_sheet",
    "targets",
    "way",
    "weight_mosaic",
]
