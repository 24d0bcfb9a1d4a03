"""The workbook: one sheet a table, described, with units and filters, and no formulas."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from templates_lib.definitions import column
from templates_lib.language import tr
from templates_lib.params.params import Params
from templates_lib.report.findings import as_typed
from templates_lib.report.tables import column_units
from templates_lib.worksheets import FORMULA

FORMATS = {
    "share": "0.0%",
    "count": "#,##0",
    "days": "#,##0",
    "number": "#,##0.00",
    "p_value": "0.000",
}
MONEY = {"EUR": "#,##0.00 €", "USD": "$#,##0.00", "GBP": "£#,##0.00"}
WIDEST = 48


def workbook(
    frames: Mapping[str, pd.DataFrame],
    about: Mapping[str, Mapping[str, Any]],
    params: Params,
    file: Path,
) -> None:
    """Writes the tables of a report as an XLSX file.

    Parameters
    ----------
    frames : the tables by ``<topic>__<table>``
    about : their title, note and own units
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
    with xlsxwriter.Workbook(file, options) as book:
        created = pd.Timestamp(params.as_of).to_pydatetime()
        book.set_properties({"title": params.client.name, "created": created})
        formats = {unit: book.add_format({"num_format": text}) for unit, text in FORMATS.items()}
        money = MONEY.get(params.client.currency, f'#,##0.00 "{params.client.currency}"')
        formats["money"] = book.add_format({"num_format": money})
        formats["guarded"] = book.add_format({"quote_prefix": True})
        contents = book.add_worksheet(tr("Contents"))
        rows = []
        for number, (name, frame) in enumerate(frames.items(), start=1):
            sheet = f"{number} {name.partition('__')[2]}"[:31]
            _sheet(book, sheet, frame, about[name], formats)
            rows.append((sheet, name.partition("__")[0], about[name]["title"], len(frame)))
        _contents(book, contents, rows)


def _contents(book: Workbook, sheet: Any, rows: list[tuple[str, str, str, int]]) -> None:
    bold = book.add_format({"bold": True, "bottom": 1})
    for place, heading in enumerate((tr("Sheet"), tr("Chapter"), tr("Table"), tr("Rows"))):
        sheet.write_string(0, place, heading, bold)
    for line, (name, chapter, title, length) in enumerate(rows, start=1):
        sheet.write_url(line, 0, f"internal:'{name}'!A1", string=name)
        sheet.write_string(line, 1, chapter.replace("_", " "))
        sheet.write_string(line, 2, title)
        sheet.write_number(line, 3, length)
    for place, width in enumerate((28, 20, 70, 8)):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 0)


def _sheet(
    book: Workbook,
    name: str,
    frame: pd.DataFrame,
    one: Mapping[str, Any],
    formats: dict[str, Format],
) -> None:
    """Title, note, then a row of definitions, a row of headings and the values."""
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    small = book.add_format({"italic": True, "font_color": "#5a6068", "text_wrap": True,
                             "valign": "top", "font_size": 9})  # fmt: skip
    sheet.write_string(0, 0, one["title"], book.add_format({"bold": True, "font_size": 13}))
    sheet.write_string(1, 0, one["note"], book.add_format({"font_color": "#5a6068"}))
    units = column_units(frame, one["units"])
    for place, header in enumerate(frame.columns):
        sheet.write_string(2, place, column(str(header)).meaning, small)
        sheet.write_string(3, place, str(header), bold)
        values = frame[header].tolist()
        for line, value in enumerate(values, start=4):
            _cell(sheet, line, place, value, formats.get(units[header]), formats["guarded"])
        longest = max([len(str(header)), *(len(str(v)) for v in values[:200])], default=8)
        sheet.set_column(place, place, min(WIDEST, max(11, longest + 2)))
    sheet.set_row(2, 62)
    sheet.freeze_panes(4, 0)
    if len(frame):
        sheet.autofilter(3, 0, 3 + len(frame), max(0, len(frame.columns) - 1))


def _cell(
    sheet: Any, line: int, place: int, value: Any, number: Format | None, guarded: Format
) -> None:
    if value is None or value != value:
        return
    if isinstance(value, bool):
        sheet.write_boolean(line, place, value)
    elif isinstance(value, int | float):
        sheet.write_number(line, place, value, number)
    else:
        text = as_typed(str(value))
        sheet.write_string(line, place, text, guarded if text.startswith(FORMULA) else None)
