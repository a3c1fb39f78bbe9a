"""Numbers become pictures for people here: arrays in, one Plotly figure out.

No chart knows where its numbers come from. Each kind of picture has its own file; what they share
(colours, axes, the figure itself) is in ``frame``.
"""

from digitlab.charts.architecture import network_picture
from digitlab.charts.bars import counts, probabilities
from digitlab.charts.click_overlay import targets
from digitlab.charts.confusion import confusion_matrix
from digitlab.charts.dots import digit_scores, scores_begin
from digitlab.charts.explanation import neighbours, occlusion_map, seen, way
from digitlab.charts.filters import (
    Exciting,
    class_templates,
    digit_responses,
    edge_chart,
    exciting_digits,
    kernel_numbers,
    weight_tiles,
)
from digitlab.charts.frame import Chart
from digitlab.charts.grids import DECIMALS, Grid, number, number_grids, signed
from digitlab.charts.journey import MOST_EPOCHS, digits_by_epoch
from digitlab.charts.lines import METRICS, NO_POINTS, Metric, Points, curves
from digitlab.charts.maps import MOST_MAPS, Scale, feature_map, layer_maps, scale
from digitlab.charts.overlay import MOST_RUNS, RunCurves, overlay
from digitlab.charts.parallel import Coordinate, parallel_coordinates
from digitlab.charts.pixels import colour_limit, digit
from digitlab.charts.reliability import Calibrated, reliability_diagram
from digitlab.charts.sheets import (
    Labelled,
    Misread,
    labelled_sheet,
    mistake_sheet,
    reading_sheet,
    sample_sheet,
)
from digitlab.charts.sweep import (
    SweepCurve,
    SweepPoint,
    sweep_curves,
    sweep_heatmap,
    sweep_points,
)

__all__ = [
    "DECIMALS",
    "METRICS",
    "MOST_EPOCHS",
    "MOST_MAPS",
    "MOST_RUNS",
    "NO_POINTS",
    "Calibrated",
    "Chart",
    "Coordinate",
    "Exciting",
    "Grid",
    "Labelled",
    "Metric",
    "Misread",
    "Points",
    "RunCurves",
    "Scale",
    "SweepCurve",
    "SweepPoint",
    "class_templates",
    "colour_limit",
    "confusion_matrix",
    "counts",
    "curves",
    "digit",
    "digit_responses",
    "digit_scores",
    "digits_by_epoch",
    "edge_chart",
    "exciting_digits",
    "feature_map",
    "kernel_numbers",
    "labelled_sheet",
    "layer_maps",
    "mistake_sheet",
    "neighbours",
    "network_picture",
    "number",
    "number_grids",
    "occlusion_map",
    "overlay",
    "parallel_coordinates",
    "probabilities",
    "reading_sheet",
    "reliability_diagram",
    "sample_sheet",
    "scale",
    "scores_begin",
    "seen",
    "signed",
    "sweep_curves",
    "sweep_heatmap",
    "sweep_points",
    "targets",
    "way",
    "weight_tiles",
]
