"""A table of results as HTML: escaped text, numbers in the reader's language, no styling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from templates_lib.definitions import COLUMNS, column
from templates_lib.labels import label
from templates_lib.language import trn
from templates_lib.words import Words, is_missing

MAX_ROWS = 40
TEXTS = ("text", "code", "period")


def read_table(file: Path) -> pd.DataFrame:
    """A table as it was handed on; text that looks like a number stays text."""
    texts = {name: str for name, one in COLUMNS.items() if one.unit in TEXTS}
    return pd.read_csv(
        file, dtype=texts, keep_default_na=False, na_values=[""], float_precision="round_trip"
    )


def column_units(frame: pd.DataFrame, own: Mapping[str, str]) -> dict[str, str]:
    """The unit of each column, its ``own`` in this table, else by definition; ``low`` and ``high``
    take that of the column before them."""
    units: dict[str, str] = {}
    before = "number"
    for name in frame.columns:
        unit = own.get(name) or column(str(name)).unit
        units[name] = before if unit == "as the column before" else unit
        before = units[name]
    return units


def to_html(
    frame: pd.DataFrame,
    words: Words,
    *,
    caption: str,
    note: str = "",
    units: Mapping[str, str] | None = None,
) -> str:
    """The table as HTML, at most 40 rows; all of them are in the workbook."""
    units = column_units(frame, units or {})
    heads = "".join(
        f'<th scope="col" class="{_side(units[name])}" title="{escape(column(str(name)).meaning)}">'
        f"{escape(column(str(name)).heading)}</th>"
        for name in frame.columns
    )
    rows = []
    for values in frame.head(MAX_ROWS).itertuples(index=False):
        cells = "".join(
            f'<td class="{_side(units[name])}"{_sorted_by(value, units[name])}>'
            f"{_text(value, units[name], words)}</td>"
            for name, value in zip(frame.columns, values, strict=True)
        )
        rows.append(f"<tr>{cells}</tr>")
    if len(frame) > MAX_ROWS:
        left = len(frame) - MAX_ROWS
        more = trn(
            "{n} more row in tables.xlsx.", "{n} more rows in tables.xlsx.", left,
            n=words.number(left),
        )  # fmt: skip
        note = f"{note} {more}".strip()
    foot = f'<p class="note">{escape(note)}</p>' if note else ""
    return (
        f'<div class="table"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>{foot}</div>"
    )


def _side(unit: str) -> str:
    return "text" if unit in TEXTS else "number"


def _sorted_by(value: object, unit: str) -> str:
    """What a cell is sorted by where that is not its text; nothing of one that is missing."""
    if is_missing(value):
        return ' data-value=""'
    if unit == "period":
        return f' data-value="{escape(str(value))}"'
    if isinstance(value, date):
        return f' data-value="{value.toordinal()}"'
    if isinstance(value, (bool, int, float, Decimal, np.number, np.bool_)):
        return f' data-value="{float(value)!r}"' if np.isfinite(float(value)) else ""
    return ""


def _text(value: object, unit: str, words: Words) -> str:
    shown = words.cell(value, unit)
    return escape(label(shown) if unit == "code" else shown)
