"""Figures by shape, not by topic. Each draws a table that another function returned."""

from templates_lib.figures.base import (
    curves,
    intervals_over_time,
    points,
    shares,
    stacked,
)
from templates_lib.figures.cells import heat, matrix, triangle
from templates_lib.figures.dot_plot import dots
from templates_lib.figures.flows import bridge, flow
from templates_lib.figures.funnel import steps
from templates_lib.figures.levels import curve_and_level, one_above_other
from templates_lib.figures.maps import cross_map, panels, scale_bars, twin_bars
from templates_lib.figures.path_plot import paths
from templates_lib.figures.signed import rise_and_fall, signed_bars

__all__ = [
    "bridge",
    "cross_map",
    "curve_and_level",
    "curves",
    "dots",
    "flow",
    "heat",
    "intervals_over_time",
    "matrix",
    "one_above_other",
    "panels",
    "paths",
    "points",
    "rise_and_fall",
    "scale_bars",
    "shares",
    "signed_bars",
    "stacked",
    "steps",
    "triangle",
    "twin_bars",
]
