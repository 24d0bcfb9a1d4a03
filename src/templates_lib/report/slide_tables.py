"""Tables of the slides, which can be edited: rows of text, and the coloured cells of a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from lxml import etree
from pptx.dml.color import RGBColor
from pptx.enum.dml import MSO_PATTERN
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.slide import Slide
from pptx.table import Table, _Cell
from pptx.util import Emu, Inches, Pt

from templates_lib.report.slide_master import INK, SOFT
from templates_lib.report.slide_text import LEADING, lines_of

NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # PowerPoint's own, without lines and colours
SIZES = (14, 13, 12, 11)  # of rows of text, in points
SIDE, ABOVE = Inches(0.06), Inches(0.045)  # inside a cell
LINE = "D8DCE1"
HATCH = RGBColor(0xB5, 0xB5, 0xB5)
FIRST_COLUMN = 0.26  # of the width: the names of the rows of coloured cells
NAMES = Inches(0.3)  # height of the names above and of the keys below
Box = Sequence[int]


def add_rows(
    slide: Slide, header: Sequence[str], rows: Sequence[Sequence[str]], box: Box, *,
    shares: Sequence[float], alt: str,
) -> int:  # fmt: skip
    """Puts as many rows on a slide as its box holds, one at least; how many.

    Parameters
    ----------
    box : left, top, width, height
    shares : of the width, of each column
    """
    left, top, width, height = box
    widths = [int(width * share / sum(shares)) for share in shares]
    lines = [header, *rows]
    for size in SIZES:
        heights = [_height(texts, widths, size) for texts in lines]
        if sum(heights) <= height:
            break
    taken = max(2, sum(total <= height for total in accumulate(heights)))
    table = _table(slide, taken, widths, (left, top, width, sum(heights[:taken])), alt)
    table.first_row = True
    for number, texts in enumerate(lines[:taken]):
        table.rows[number].height = Emu(heights[number])
        for cell, text in zip(table.rows[number].cells, texts, strict=True):
            is_head = number == 0
            _write(cell, text, size, SOFT if is_head else INK, is_bold=is_head)
            cell.vertical_anchor = MSO_ANCHOR.BOTTOM if is_head else MSO_ANCHOR.TOP
            _line_below(cell)
    return taken - 1


def _height(texts: Sequence[str], widths: Sequence[int], size: float) -> int:
    lines = max(lines_of(text, size, width - 2 * SIDE)
                for text, width in zip(texts, widths, strict=True))  # fmt: skip
    return int(Pt(lines * size * LEADING)) + 2 * ABOVE


def add_cells(slide: Slide, chart: Mapping[str, Any], box: Box, *, alt: str) -> None:
    """Puts the coloured cells of a figure (``figures.chart_data.note_cells``) on a slide."""
    left, top, width, height = box
    names, columns = chart["rows"], chart["columns"]
    first = int(width * FIRST_COLUMN)
    above = slide.shapes.add_textbox(left + first, top, width - first, NAMES)
    _plain(above, [(chart["x_name"], None)])
    widths = [first] + [(width - first) // len(columns)] * len(columns)
    inside = height - 2 * NAMES
    each = min(inside // (len(names) + 1), Inches(0.42))
    table = _table(slide, len(names) + 1, widths, (left, top + NAMES, width, inside), alt)
    table.first_row = table.first_col = True
    size = max(7, min(11, int(Emu(each).pt / LEADING) - 1))
    for row in table.rows:
        row.height = Emu(each)
    for place, text in enumerate((chart["y_name"], *columns)):
        _write(table.cell(0, place), " ".join(text.split()), size, SOFT, is_centred=place > 0)
    for place, text in enumerate(names, start=1):
        _write(table.cell(place, 0), text, size, INK)
    for own in chart["cells"]:
        cell = table.cell(own["row"] + 1, own["column"] + 1)
        _colour(cell, own)
        ink = RGBColor.from_string(own.get("ink", "#000000")[1:].upper())
        _write(cell, own.get("text", ""), size, ink, is_centred=True)
    below = slide.shapes.add_textbox(
        left, top + NAMES + each * (len(names) + 1) + Inches(0.08), width, NAMES
    )
    _plain(below, [(key["text"], key) for key in chart["keys"]])


def _table(slide: Slide, rows: int, widths: Sequence[int], box: Box, alt: str) -> Table:
    frame = slide.shapes.add_table(rows, len(widths), *(Emu(int(value)) for value in box))
    frame._element.nvGraphicFramePr.cNvPr.set("descr", alt)
    table = frame.table
    table.horz_banding = table.first_row = False
    table._tbl.tblPr.find(qn("a:tableStyleId")).text = NO_STYLE
    for column, own in zip(table.columns, widths, strict=True):
        column.width = Emu(own)
    return table


def _write(
    cell: _Cell, text: str, size: float, ink: RGBColor, *, is_bold: bool = False,
    is_centred: bool = False,
) -> None:  # fmt: skip
    cell.margin_left = cell.margin_right = SIDE if not is_centred else 0
    cell.margin_top = cell.margin_bottom = ABOVE if not is_centred else 0
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.CENTER if is_centred else PP_ALIGN.LEFT
    run = paragraph.add_run()
    run.text = text
    run.font.size, run.font.bold, run.font.color.rgb = Pt(size), is_bold, ink


def _colour(cell: _Cell, own: Mapping[str, Any]) -> None:
    colour = RGBColor.from_string(own["fill"][1:].upper())
    if own["is_hatched"]:
        cell.fill.patterned()
        cell.fill.pattern = MSO_PATTERN.WIDE_UPWARD_DIAGONAL
        cell.fill.fore_color.rgb, cell.fill.back_color.rgb = HATCH, colour
    else:
        cell.fill.solid()
        cell.fill.fore_color.rgb = colour


def _line_below(cell: _Cell) -> None:
    own = cell._tc.get_or_add_tcPr()
    line = etree.Element(qn("a:lnB"), w="9525")
    fill = etree.SubElement(line, qn("a:solidFill"))
    etree.SubElement(fill, qn("a:srgbClr"), val=LINE)
    own.insert(0, line)


def _plain(box: Any, parts: Sequence[tuple[str, Mapping[str, Any] | None]]) -> None:
    """One line of soft text; before a part its colour, where it has one."""
    frame = box.text_frame
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for text, key in parts:
        if key is not None:
            mark = frame.paragraphs[0].add_run()
            mark.text = "▨ " if key["is_hatched"] else "■ "
            mark.font.size = Pt(11)
            shown = HATCH if key["is_hatched"] else RGBColor.from_string(key["fill"][1:].upper())
            mark.font.color.rgb = shown
        run = frame.paragraphs[0].add_run()
        run.text = f"{text}    "
        run.font.size, run.font.color.rgb = Pt(11), SOFT
