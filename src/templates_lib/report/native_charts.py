"""A finding's chart as a chart of the slide, which can be edited: its numbers in a sheet within.

The intervals are error bars that read their lengths from the same sheet. The sheet is written here
and not by python-pptx, which would take a name such as ``=1+1`` for a formula.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import xlsxwriter
from lxml import etree
from pptx.chart.chart import Chart
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml.ns import qn
from pptx.slide import Slide
from xlsxwriter.utility import xl_rowcol_to_cell

from templates_lib.figures.base import BLUE, GREEN, PALETTE, RED
from templates_lib.figures.chart_data import OVER_NUMBERS
from templates_lib.report.chart_styles import (
    LINES,
    MOST_INTERVALS,
    STACKS,
    along,
    names_of,
    style,
)
from templates_lib.report.slide_tables import add_cells

TYPES = {
    "bars": XL_CHART_TYPE.BAR_CLUSTERED,
    "stacked_bars": XL_CHART_TYPE.BAR_STACKED,
    "columns": XL_CHART_TYPE.COLUMN_CLUSTERED,
    "stacked_columns": XL_CHART_TYPE.COLUMN_STACKED,
    "bridge": XL_CHART_TYPE.COLUMN_STACKED,
    "lines": XL_CHART_TYPE.LINE_MARKERS,
    "curves": XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS,
    "steps": XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS,
    "map": XL_CHART_TYPE.XY_SCATTER,
}
DARK = "444444"
MOST_BARS = 48  # more cannot be read on a slide
MOST_STACKS, MOST_PARTS = 48, 12
MOST_COLUMNS, MOST_ROWS = 14, 20  # of cells
MOST_PANELS = 3
LONGEST_NAME = 60


def can_be_drawn(chart: Mapping[str, Any] | None) -> bool:
    """Whether a figure's numbers (``figures.chart_data``) make a chart that can be read."""
    if chart is None:
        return False
    kind = chart["kind"]
    if kind == "cells":
        return 0 < len(chart["columns"]) <= MOST_COLUMNS and len(chart["rows"]) <= MOST_ROWS
    if kind == "panels":
        return len(chart["charts"]) <= MOST_PANELS and all(map(can_be_drawn, chart["charts"]))
    series = chart["series"]
    if not any(one["y"] for one in series):
        return False
    if kind == "bridge":
        return min(accumulate(series[0]["y"][:-1])) >= 0
    if kind in STACKS:
        return len(names_of(series)) <= MOST_STACKS and len(series) <= MOST_PARTS
    return kind in OVER_NUMBERS or kind in LINES or sum(len(s["y"]) for s in series) <= MOST_BARS


def add_chart(slide: Slide, chart: Mapping[str, Any], box: Sequence[int], *, alt: str) -> None:
    """Puts a chart on a slide, into a box (left, top, width, height), with words for the blind."""
    if chart["kind"] == "cells":
        add_cells(slide, chart, box, alt=alt)
    elif chart["kind"] == "panels":
        left, top, width, height = box
        each = height // len(chart["charts"])
        for place, one in enumerate(chart["charts"]):
            titled = {**one, "title": one["y_name"], "y_name": ""}
            _add(slide, titled, (left, top + place * each, width, each), alt=alt)
    else:
        _add(slide, chart, box, alt=alt)


def _add(slide: Slide, chart: Mapping[str, Any], box: Sequence[int], *, alt: str) -> None:
    series = [dict(one) for one in chart["series"]]
    for number, one in enumerate(series):
        one["colour"] = one["colour"] or PALETTE[number % len(PALETTE)]
    if chart["kind"] == "steps":
        series = [one | _stepped(one) for one in series]
    if chart["kind"] == "bridge":
        series = _bridged(series[0])
    over_numbers = chart["kind"] in OVER_NUMBERS
    if over_numbers:  # LibreOffice draws none that stands before one of more points
        series.sort(key=lambda one: -len(one["x"]))
    data = _over_numbers(series) if over_numbers else _over_names(series)
    frame = slide.shapes.add_chart(TYPES[chart["kind"]], *box, data)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", alt)
    drawn = frame.chart
    _sheet(drawn, series, over_numbers)
    if chart.get("line"):
        _as_line(drawn)
    style(drawn, {**chart, "series": series})


def _bridged(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A bridge as stacked columns: what they stand on, not drawn, then totals, rises and falls.

    The interval of a fall is that of the lower end of its column, where what it stands on ends.
    """
    amounts, last = one["y"], len(one["y"]) - 1
    levels = list(accumulate(amounts[:-1]))
    is_total = [place in (0, last) for place in range(last + 1)]
    falls = [amount < 0 and not total for amount, total in zip(amounts, is_total, strict=True)]
    rises = [not (fall or total) for fall, total in zip(falls, is_total, strict=True)]
    stands = [None if is_total[i] else min(levels[i - 1], levels[i]) for i in range(last)] + [None]

    def part(name: str, colour: str, kept: Sequence[bool], y: Sequence[float | None],
             ends: Sequence[bool]) -> dict[str, Any]:  # fmt: skip
        own = {"name": name, "colour": colour, "x": one["x"]}
        own["y"] = [value if keep else None for value, keep in zip(y, kept, strict=True)]
        for end in ("low", "high"):
            own[end] = [value if keep else None
                        for value, keep in zip(one[end], ends, strict=True)]  # fmt: skip
        own["lengths"] = tuple(
            [None if end is None else abs(end - amount)
             for end, amount in zip(own[side], amounts, strict=True)] for side in ("low", "high")
        )  # fmt: skip
        return own

    sizes = [abs(amount) for amount in amounts]
    steps = [not total for total in is_total]
    return [
        part("…", "#ffffff", steps, stands, falls),
        part("=", BLUE, is_total, sizes, is_total),
        part("+", GREEN, rises, sizes, rises),
        part("\u2212", RED, falls, sizes, [False] * len(sizes)),
    ]


def _as_line(drawn: Chart) -> None:
    """Makes the last series of columns a line over them."""
    columns = drawn._chartSpace.find(f".//{qn('c:barChart')}")
    moved = columns.findall(qn("c:ser"))[-1]
    line = etree.Element(qn("c:lineChart"))
    etree.SubElement(line, qn("c:grouping"), val="standard")
    etree.SubElement(line, qn("c:varyColors"), val="0")
    for own in moved.findall(qn("c:invertIfNegative")):  # no line has it
        moved.remove(own)
    line.append(moved)
    etree.SubElement(line, qn("c:marker"), val="1")
    for axis in columns.findall(qn("c:axId")):
        etree.SubElement(line, qn("c:axId"), val=axis.get("val"))
    columns.addnext(line)


def _stepped(one: Mapping[str, Any]) -> dict[str, Any]:
    """A curve that keeps its height until the next point: two points at each step."""
    own = {key: one[key][:1] for key in ("x", "y", "low", "high")}
    for place in range(1, len(one["x"])):
        own["x"] = own["x"] + [one["x"][place]] * 2
        own["y"] = own["y"] + [one["y"][place - 1], one["y"][place]]
        for end in ("low", "high"):
            own[end] = own[end] + [None, one[end][place]]
    return own


def _over_names(series: Sequence[Mapping[str, Any]]) -> CategoryChartData:
    names = names_of(series)
    data = CategoryChartData()
    data.categories = [textwrap.shorten(name, LONGEST_NAME, placeholder=" …") for name in names]
    for one in series:
        data.add_series(one["name"], along(one, "y", names))
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
    names = [] if over_numbers else names_of(series)
    if not over_numbers:
        columns.append(("", names))
        columns += [(one["name"], along(one, "y", names)) for one in series]
    for number, (one, element) in enumerate(
        zip(series, drawn._chartSpace.iter(qn("c:ser")), strict=True)
    ):
        if over_numbers:
            places = (len(columns), len(columns) + 1)
            columns += [("x", one["x"]), (one["name"], one["y"])]
        else:
            places = (0, 1 + number)
        keys = [key for key in ("y", "low", "high", "x_low", "x_high") if key in one]
        own = {key: one[key] if over_numbers else along(one, key, names) for key in keys}
        for path, place in zip((("cat", "xVal"), ("val", "yVal")), places, strict=True):
            for tag in path:
                for formula in element.iterfind(f"{qn('c:' + tag)}//{qn('c:f')}"):
                    formula.text = _place(place, len(own["y"]))
        for formula in element.iterfind(f"{qn('c:tx')}//{qn('c:f')}"):
            formula.text = f"Sheet1!{xl_rowcol_to_cell(0, places[1], True, True)}"
        if any(value is not None for value in own.get("x_low", ())):
            across = {"y": one["x"], "low": own["x_low"], "high": own["x_high"]}
            lengths, first = _lengths(across), len(columns)
            columns += [("x low", own["x_low"]), ("x high", own["x_high"]),
                        ("left to low", lengths[0]), ("right to high", lengths[1])]  # fmt: skip
            _error_bars(element, lengths, first + 2, "x")
        if any(value is not None for value in own["low"]):
            lengths = one.get("lengths") or _lengths(own)
            first = len(columns)
            columns += [("low", own["low"]), ("high", own["high"]),
                        ("down to low", lengths[0]), ("up to high", lengths[1])]  # fmt: skip
            _error_bars(element, lengths, first + 2, "y" if over_numbers else "")
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


def _error_bars(element: Any, lengths: tuple[list, list], first: int, direction: str) -> None:
    bars = etree.SubElement(element, qn("c:errBars"))
    if direction:
        etree.SubElement(bars, qn("c:errDir"), val=direction)
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
    values = element.find(qn("c:xVal") if direction else qn("c:cat"))
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
