"""A workbook to work in, such as a form to fill or a list to call: text stays text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import datetime

import xlsxwriter

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # where a spreadsheet takes a text for a formula
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
WIDTH = 25


def workbook(sheets: Mapping[str, tuple[Iterable[str], Iterable[Iterable[object]]]]) -> bytes:
    """The sheets as XLSX, made in memory: headers in bold, which stay in view. Nothing is a
    formula: a telephone number keeps its +. The same sheets give the same bytes.

    Parameters
    ----------
    sheets : by name, the headers and the rows: of the values the texts and the floats are written
    """
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, OPTIONS) as made:
        made.set_properties({"created": datetime(2020, 1, 1)})
        guarded, bold = made.add_format({"quote_prefix": True}), made.add_format({"bold": True})
        for name, (headers, rows) in sheets.items():
            sheet = made.add_worksheet(name)
            columns = [str(header) for header in headers]
            for place, header in enumerate(columns):
                sheet.write_string(0, place, header, bold)
            for line, values in enumerate(rows, start=1):
                for place, value in enumerate(values):
                    if isinstance(value, float) and value == value:
                        sheet.write_number(line, place, value)
                    elif isinstance(value, str) and value:
                        form = guarded if value.startswith(FORMULA) else None
                        sheet.write_string(line, place, value, form)
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, max(0, len(columns) - 1), WIDTH)
    return content.getvalue()
