"""How a slide's chart looks: axes, colours, and the numbers on its bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.colors import to_rgb
from matplotlib.ticker import MaxNLocator
from pptx.chart.chart import Chart
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.oxml.ns import qn
from pptx.util import Pt

LINES = ("lines", "curves", "steps")
STACKS = ("stacked_bars", "stacked_columns", "bridge")
TINT = 0.45  # of white, in a bar that carries its number
MOST_INTERVALS = 30  # along a curve
MOST_LABELS = 15  # side by side
FEW = 2  # bars
LEAST_LABELLED = 0.04  # of the axis: a smaller part of a stack carries no number
GREY = RGBColor(0xD9, 0xDC, 0xE0)
GREY_LINE = RGBColor(0x9A, 0xA1, 0xA9)


def names_of(series: Sequence[Mapping[str, Any]]) -> list[str]:
    """The named places of a chart, in their order."""
    return list(dict.fromkeys(str(name) for one in series for name in one["x"]))


def along(one: Mapping[str, Any], column: str, names: Sequence[str]) -> list[float | None]:
    """A column of a series at each of these places."""
    values = dict(zip(map(str, one["x"]), one[column], strict=True))
    return [values.get(name) for name in names]


def style(drawn: Chart, chart: Mapping[str, Any]) -> None:
    """Gives a chart the looks of its kind; each series has its ``colour``."""
    kind, rows = chart["kind"], len(names_of(chart["series"]))
    is_lying = kind.endswith("bars")
    drawn.font.size = Pt(9 if is_lying and rows > 12 else 11)
    drawn.has_title = bool(chart.get("title"))
    if drawn.has_title:
        drawn.chart_title.text_frame.text = chart["title"]
        run = drawn.chart_title.text_frame.paragraphs[0].runs[0]
        run.font.size, run.font.bold = Pt(11), True
    drawn.has_legend = len(chart["series"]) > 1 and kind not in ("bridge", "map")
    if drawn.has_legend:
        drawn.legend.position = XL_LEGEND_POSITION.BOTTOM
        drawn.legend.include_in_layout = False
    across, up = drawn.category_axis, drawn.value_axis
    for axis, name in ((across, chart["x_name"]), (up, chart["y_name"])):
        axis.format.line.color.rgb = GREY
        axis.has_title = bool(name)
        if name:
            axis.axis_title.text_frame.text = name
            run = axis.axis_title.text_frame.paragraphs[0].runs[0]
            run.font.size, run.font.bold = Pt(11), False
    across.has_major_gridlines = False
    across.tick_label_position = XL_TICK_LABEL_POSITION.LOW  # beside what is below zero
    up.has_major_gridlines = not is_lying and kind != "map"
    if up.has_major_gridlines:
        up.major_gridlines.format.line.color.rgb = GREY
    up.tick_labels.number_format = chart["number_format"]
    up.tick_labels.number_format_is_linked = False
    if is_lying:
        across.reverse_order = True  # the first on top, the axis of numbers below all the same
        up._element.find(qn("c:crosses")).set("val", "max")
        up.tick_labels.font.size = Pt(9)
    ends = _scaled(up, _ticks(chart))
    if kind == "map":
        _quadrants(drawn, chart)
    else:
        _series_styled(drawn, chart, rows, ends)


def _series_styled(
    drawn: Chart, chart: Mapping[str, Any], rows: int, ends: tuple[float, float]
) -> None:
    kind, plot = chart["kind"], drawn.plots[0]
    plot.vary_by_categories = False
    if kind not in LINES:
        plot.gap_width = 45 if rows > FEW else 150  # a single bar as high as a slide says nothing
        plot.overlap = 100 if kind in STACKS else -10
        if kind == "bridge":
            _labelled_steps(plot, chart["number_format"])
        elif kind.endswith("bars") or rows <= MOST_LABELS:
            _labelled(plot, chart, rows, ends)
    every = [series for each in drawn.plots for series in each.series]
    for series, one in zip(every, chart["series"], strict=True):
        if kind in LINES or one["name"] == chart.get("line"):
            series.smooth = False
            series.format.line.color.rgb = _rgb(one["colour"])
            series.format.line.width = Pt(2.25)
            series.marker.style = XL_MARKER_STYLE.NONE
            if kind == "lines" or kind == "curves" and rows <= MOST_INTERVALS:
                series.marker.style = XL_MARKER_STYLE.CIRCLE
                series.marker.format.fill.solid()
                series.marker.format.fill.fore_color.rgb = series.format.line.color.rgb
        elif kind == "bridge" and series is every[0]:
            series.format.fill.background()
        else:
            series.invert_if_negative = False
            series.format.fill.solid()
            series.format.fill.fore_color.rgb = _rgb(one["colour"], white=TINT)


def _quadrants(drawn: Chart, chart: Mapping[str, Any]) -> None:
    """Points with their names; the axes cross where the map says, and carry numbers at its edge."""
    across, up = drawn.category_axis, drawn.value_axis
    values = [v for one in chart["series"] for key in ("x", "x_low", "x_high") for v in one[key]]
    known = [value for value in values if value is not None]
    _scaled(across, _round(min(known), max(known)))
    across.tick_labels.number_format = chart["x_format"]
    across.tick_labels.number_format_is_linked = False
    up.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    for axis, at in zip((across, up), chart["crosses"], strict=True):
        axis.crosses_at = at
        axis.format.line.color.rgb = GREY_LINE
    for series, one in zip(drawn.plots[0].series, chart["series"], strict=True):
        series.format.line.fill.background()
        series.marker.style, series.marker.size = XL_MARKER_STYLE.CIRCLE, 9
        series.marker.format.fill.solid()
        series.marker.format.fill.fore_color.rgb = _rgb(one["colour"])
        series.marker.format.line.fill.background()
        labels = series.points[0].data_label
        labels.position = XL_LABEL_POSITION.RIGHT
        labels.has_text_frame = True
        labels.text_frame.text = one["name"]
        labels.text_frame.paragraphs[0].runs[0].font.size = Pt(11)


def _rgb(colour: str, *, white: float = 0.0) -> RGBColor:
    return RGBColor(*(round(255 * (c + (1 - c) * white)) for c in to_rgb(colour)))


def _scaled(axis: Any, ticks: Sequence[float]) -> tuple[float, float]:
    axis.minimum_scale, axis.maximum_scale = ends = ticks[0], ticks[-1]
    axis.major_unit = round(ticks[1] - ticks[0], 9)
    return ends


def _round(low: float, high: float) -> list[float]:
    locator = MaxNLocator(nbins=6, steps=[1, 2, 5, 10])
    return [round(float(tick), 9) for tick in locator.tick_values(low, high)]


def _ticks(chart: Mapping[str, Any]) -> list[float]:
    """Round places of an axis that holds zero, every interval and every stack."""
    series, line = chart["series"], chart.get("line")
    alone = [one for one in series if chart["kind"] not in STACKS or one["name"] == line]
    values = [v for one in alone for name in ("y", "low", "high") for v in one[name]
              if v is not None]  # fmt: skip
    if chart["kind"] in STACKS:
        names = names_of(series)
        stacks = [along(one, "y", names) for one in series if one["name"] != line]
        values += [sum(v for v in stack if v and v * sign > 0)
                   for stack in zip(*stacks, strict=True) for sign in (1, -1)]  # fmt: skip
        ups = [one["lengths"][1] for one in series if "lengths" in one]
        values = [v + max((up[i // 2] or 0.0 for up in ups), default=0.0) if i % 2 == 0 else v
                  for i, v in enumerate(values)] if ups else values  # fmt: skip
        if chart["number_format"].endswith("%") and abs(max(values) - 1) < 1e-6:
            return _round(0.0, 1.0)
    return _round(min(0.0, *values), max(0.0, *values))


def _labelled(plot: Any, chart: Mapping[str, Any], rows: int, ends: tuple[float, float]) -> None:
    """The numbers on the bars; at their foot, where no interval covers them."""
    plot.has_data_labels = True
    labels = plot.data_labels
    form = chart["number_format"]
    is_stacked = chart["kind"] in STACKS
    least = LEAST_LABELLED * (ends[1] - ends[0])  # none on a part too small for it
    only = f'[>{least:.6g}]{form};[<-{least:.6g}]-{form};""'
    labels.number_format = only if is_stacked else form
    labels.number_format_is_linked = False
    labels.show_value = True
    labels.font.size = Pt(9 if rows > 12 else 11)
    inside = XL_LABEL_POSITION.CENTER if is_stacked else XL_LABEL_POSITION.INSIDE_BASE
    labels.position = inside


def _labelled_steps(plot: Any, form: str) -> None:
    """The numbers of a bridge, at the end of a column where its interval is not."""
    foot, head = XL_LABEL_POSITION.INSIDE_BASE, XL_LABEL_POSITION.INSIDE_END
    signs = (("", foot), ("+", foot), ("\u2212", head))
    for series, (sign, place) in zip(list(plot.series)[1:], signs, strict=True):
        labels = series.data_labels
        labels.number_format = f'"{sign}"{form};;' if sign else f"{form};;"
        labels.number_format_is_linked = False
        labels.show_value = True
        labels.font.size = Pt(11)
        labels.position = place
