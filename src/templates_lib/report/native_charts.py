"""A finding's chart as a chart of the slide, which can be edited: its numbers in a sheet within.

The intervals are error bars that read their lengths from the same sheet. The sheet is written here
and not by python-pptx, which would take a name such as ``=1+1`` for a formula.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter
from lxml import etree
from matplotlib.colors import to_rgb
from matplotlib.ticker import MaxNLocator
from pptx.chart.chart import Chart
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import (
    XL_CHART_TYPE,
    XL_LABEL_POSITION,
    XL_LEGEND_POSITION,
    XL_MARKER_STYLE,
    XL_TICK_LABEL_POSITION,
)
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.util import Pt
from xlsxwriter.utility import xl_rowcol_to_cell

from templates_lib.figures.base import PALETTE

TYPES = {
    "bars": XL_CHART_TYPE.BAR_CLUSTERED,
    "stacked_bars": XL_CHART_TYPE.BAR_STACKED,
    "columns": XL_CHART_TYPE.COLUMN_CLUSTERED,
    "stacked_columns": XL_CHART_TYPE.COLUMN_STACKED,
    "lines": XL_CHART_TYPE.LINE_MARKERS,
    "curves": XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS,
    "steps": XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS,
}
LINES = ("lines", "curves", "steps")
DARK = "444444"
TINT = 0.45  # of white, in a bar that carries its number
MOST_BARS = 48  # more cannot be read on a slide
LONGEST_NAME = 60
MOST_INTERVALS = 30  # along a curve
MOST_LABELS = 15  # side by side
GREY = RGBColor(0xD9, 0xDC, 0xE0)


def can_be_drawn(chart: Mapping[str, Any] | None) -> bool:
    """Whether a figure's numbers (``figures.chart_data``) make a chart that can be read."""
    if chart is None or not any(one["y"] for one in chart["series"]):
        return False
    return chart["kind"] in LINES or sum(len(one["y"]) for one in chart["series"]) <= MOST_BARS


def add_chart(slide: Slide, chart: Mapping[str, Any], box: Sequence[int], *, alt: str) -> Chart:
    """Puts a chart on a slide, into a box (left, top, width, height), with words for the blind."""
    series = [dict(one) for one in chart["series"]]
    for number, one in enumerate(series):
        one["colour"] = one["colour"] or PALETTE[number % len(PALETTE)]
    if chart["kind"] == "steps":
        series = [one | _stepped(one) for one in series]
    over_numbers = chart["kind"] in ("curves", "steps")
    if over_numbers:  # LibreOffice draws none that stands before one of more points
        series.sort(key=lambda one: -len(one["x"]))
    data = _over_numbers(series) if over_numbers else _over_names(series)
    frame = slide.shapes.add_chart(TYPES[chart["kind"]], *box, data)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", alt)
    drawn = frame.chart
    _sheet(drawn, series, over_numbers)
    _styled(drawn, {**chart, "series": series})
    return drawn


def _stepped(one: Mapping[str, Any]) -> dict[str, Any]:
    """A curve that keeps its height until the next point: two points at each step."""
    own = {key: one[key][:1] for key in ("x", "y", "low", "high")}
    for place in range(1, len(one["x"])):
        own["x"] = own["x"] + [one["x"][place]] * 2
        own["y"] = own["y"] + [one["y"][place - 1], one["y"][place]]
        for end in ("low", "high"):
            own[end] = own[end] + [None, one[end][place]]
    return own


def _names(series: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(str(name) for one in series for name in one["x"]))


def _along(one: Mapping[str, Any], column: str, names: Sequence[str]) -> list[float | None]:
    values = dict(zip(map(str, one["x"]), one[column], strict=True))
    return [values.get(name) for name in names]


def _over_names(series: Sequence[Mapping[str, Any]]) -> CategoryChartData:
    names = _names(series)
    data = CategoryChartData()
    data.categories = [textwrap.shorten(name, LONGEST_NAME, placeholder=" …") for name in names]
    for one in series:
        data.add_series(one["name"], _along(one, "y", names))
    return data


def _over_numbers(series: Sequence[Mapping[str, Any]]) -> XyChartData:
    data = XyChartData()
    for one in series:
        own = data.add_series(one["name"])
        for x, y in zip(one["x"], one["y"], strict=True):
            own.add_data_point(x, y)
    return data


def _sheet(drawn: Chart, series: Sequence[Mapping[str, Any]], over_numbers: bool) -> None:
    """Writes the chart's sheet anew and points the chart at its columns."""
    columns: list[tuple[str, Sequence[Any]]] = []
    names = [] if over_numbers else _names(series)
    if not over_numbers:
        columns.append(("", names))
        columns += [(one["name"], _along(one, "y", names)) for one in series]
    for number, (one, element) in enumerate(
        zip(series, drawn._chartSpace.iter(qn("c:ser")), strict=True)
    ):
        if over_numbers:
            places = (len(columns), len(columns) + 1)
            columns += [("x", one["x"]), (one["name"], one["y"])]
        else:
            places = (0, 1 + number)
        own = {key: one[key] if over_numbers else _along(one, key, names)
               for key in ("y", "low", "high")}  # fmt: skip
        for path, place in zip((("cat", "xVal"), ("val", "yVal")), places, strict=True):
            for tag in path:
                for formula in element.iterfind(f"{qn('c:' + tag)}//{qn('c:f')}"):
                    formula.text = _place(place, len(own["y"]))
        for formula in element.iterfind(f"{qn('c:tx')}//{qn('c:f')}"):
            formula.text = f"Sheet1!{xl_rowcol_to_cell(0, places[1], True, True)}"
        if any(value is not None for value in own["low"]):
            lengths = _lengths(own)
            first = len(columns)
            columns += [("low", own["low"]), ("high", own["high"]),
                        ("down to low", lengths[0]), ("up to high", lengths[1])]  # fmt: skip
            _error_bars(element, lengths, first + 2, over_numbers)
    drawn.part.chart_workbook.update_from_xlsx_blob(_file(columns))


def _place(column: int, length: int) -> str:
    ends = (xl_rowcol_to_cell(row, column, True, True) for row in (1, length))
    return "Sheet1!" + ":".join(ends)


def _lengths(own: Mapping[str, Sequence[float | None]]) -> tuple[list, list]:
    """From each estimate down to its low end and up to its high end; of a long curve only a few."""
    known = [i for i, low in enumerate(own["low"]) if low is not None and own["y"][i] is not None]
    drawn = set(known[:: max(1, -(-len(known) // MOST_INTERVALS))])
    down = [own["y"][i] - own["low"][i] if i in drawn else None for i in range(len(own["y"]))]
    up = [own["high"][i] - own["y"][i] if i in drawn else None for i in range(len(own["y"]))]
    return down, up


def _error_bars(element: Any, lengths: tuple[list, list], first: int, over_numbers: bool) -> None:
    bars = etree.SubElement(element, qn("c:errBars"))
    if over_numbers:
        etree.SubElement(bars, qn("c:errDir"), val="y")
    for tag, value in (("errBarType", "both"), ("errValType", "cust"), ("noEndCap", "1")):
        etree.SubElement(bars, qn(f"c:{tag}"), val=value)
    for tag, place in (("plus", 1), ("minus", 0)):
        reference = etree.SubElement(etree.SubElement(bars, qn(f"c:{tag}")), qn("c:numRef"))
        etree.SubElement(reference, qn("c:f")).text = _place(first + place, len(lengths[place]))
        cache = etree.SubElement(reference, qn("c:numCache"))
        etree.SubElement(cache, qn("c:formatCode")).text = "General"
        etree.SubElement(cache, qn("c:ptCount"), val=str(len(lengths[place])))
        for index, length in enumerate(lengths[place]):
            if length is not None:
                point = etree.SubElement(cache, qn("c:pt"), idx=str(index))
                etree.SubElement(point, qn("c:v")).text = repr(float(length))
    line = etree.SubElement(etree.SubElement(bars, qn("c:spPr")), qn("a:ln"), w="15875")
    fill = etree.SubElement(etree.SubElement(line, qn("a:solidFill")), qn("a:srgbClr"), val=DARK)
    etree.SubElement(fill, qn("a:alpha"), val="60000")
    values = element.find(qn("c:xVal") if over_numbers else qn("c:cat"))
    values.addprevious(bars)


def _file(columns: Sequence[tuple[str, Sequence[Any]]]) -> bytes:
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet("Sheet1")
        for place, (header, values) in enumerate(columns):
            sheet.write_string(0, place, header)
            for row, value in enumerate(values, start=1):
                if isinstance(value, str):
                    sheet.write_string(row, place, value)
                elif value is not None:
                    sheet.write_number(row, place, value)
    return content.getvalue()


def _styled(drawn: Chart, chart: Mapping[str, Any]) -> None:
    kind, rows = chart["kind"], len(_names(chart["series"]))
    is_lying = kind.endswith("bars")
    drawn.font.size = Pt(9 if is_lying and rows > 12 else 11)
    drawn.has_title = False
    drawn.has_legend = len(chart["series"]) > 1
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
    up.has_major_gridlines = not is_lying
    if not is_lying:
        up.major_gridlines.format.line.color.rgb = GREY
    up.tick_labels.number_format = chart["number_format"]
    up.tick_labels.number_format_is_linked = False
    if is_lying:
        across.reverse_order = True  # the first on top, the axis of numbers below all the same
        up._element.find(qn("c:crosses")).set("val", "max")
        up.tick_labels.font.size = Pt(9)
    up.minimum_scale, up.maximum_scale = _ends(chart)
    plot = drawn.plots[0]
    plot.vary_by_categories = False
    if kind not in LINES:
        plot.gap_width, plot.overlap = 45, 100 if kind.startswith("stacked") else -10
        if is_lying or rows <= MOST_LABELS:
            _labelled(plot, chart, rows)
    for number, series in enumerate(plot.series):
        colour = chart["series"][number]["colour"]
        if kind in LINES:
            series.smooth = False
            series.format.line.color.rgb = _rgb(colour)
            series.format.line.width = Pt(2.25)
            if kind == "lines" or kind == "curves" and rows <= MOST_INTERVALS:
                series.marker.style = XL_MARKER_STYLE.CIRCLE
                series.marker.format.fill.solid()
                series.marker.format.fill.fore_color.rgb = series.format.line.color.rgb
        else:
            series.invert_if_negative = False
            series.format.fill.solid()
            series.format.fill.fore_color.rgb = _rgb(colour, white=TINT)


def _rgb(colour: str, *, white: float = 0.0) -> RGBColor:
    return RGBColor(*(round(255 * (c + (1 - c) * white)) for c in to_rgb(colour)))


def _ends(chart: Mapping[str, Any]) -> tuple[float, float]:
    """Round ends of an axis that holds zero, every interval and every stack."""
    series = chart["series"]
    if chart["kind"].startswith("stacked"):
        names = _names(series)
        stacks = zip(*(_along(one, "y", names) for one in series), strict=True)
        values = [sum(v for v in stack if v and v * sign > 0)
                  for stack in stacks for sign in (1, -1)]  # fmt: skip
        if chart["number_format"].endswith("%") and abs(max(values) - 1) < 1e-6:
            return 0.0, 1.0
    else:
        values = [v for one in series for name in ("y", "low", "high") for v in one[name]
                  if v is not None]  # fmt: skip
    ticks = MaxNLocator(nbins=6).tick_values(min(0.0, *values), max(0.0, *values))
    return float(ticks[0]), float(ticks[-1])


def _labelled(plot: Any, chart: Mapping[str, Any], rows: int) -> None:
    """The numbers on the bars; at their foot, where no interval covers them."""
    plot.has_data_labels = True
    labels = plot.data_labels
    form = chart["number_format"]
    is_stacked = chart["kind"].startswith("stacked")
    labels.number_format = f"{form};-{form};" if is_stacked else form  # no label on no bar
    labels.number_format_is_linked = False
    labels.show_value = True
    labels.font.size = Pt(9 if rows > 12 else 11)
    inside = XL_LABEL_POSITION.CENTER if is_stacked else XL_LABEL_POSITION.INSIDE_BASE
    labels.position = inside
