"""Writing raw files so that the same seed gives the same bytes, and marking them for tests."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import xlsxwriter

Canary = Mapping[str, str] | None
MADE_AT = datetime(2026, 11, 1)


def write_csv(path: Path, frame: pd.DataFrame, *, sep: str = ",", encoding: str = "utf-8") -> None:
    """A text table; its cells are texts already."""
    text = frame.to_csv(None, index=False, sep=sep, lineterminator="\n")
    path.write_bytes(text.encode(encoding))


def write_xlsx(path: Path, sheets: Mapping[str, pd.DataFrame]) -> None:
    """A workbook of texts and numbers, a sheet a table."""
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"created": MADE_AT})
        for name, frame in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, frame.columns)
            for number, row in enumerate(frame.itertuples(index=False), start=1):
                sheet.write_row(number, 0, row)


def write_zip(path: Path, name: str, frame: pd.DataFrame) -> None:
    """A ZIP that holds one CSV."""
    entry = zipfile.ZipInfo(name, MADE_AT.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, frame.to_csv(index=False, lineterminator="\n"))


def plant(
    frame: pd.DataFrame, canary: Canary, *, columns: Mapping[str, str], text: str | None = None
) -> pd.DataFrame:
    """The table with the canary on its first row: in columns, and all of it within a text.

    Parameters
    ----------
    columns : column -> which of the canary's values
    text : column whose text on the first row is followed by every value
    """
    if not canary or frame.empty:
        return frame
    marked = frame.copy()
    row = marked.index[0]
    for column, key in columns.items():
        marked.loc[row, column] = canary[key]
    if text:
        marked.loc[row, text] = f"{marked.loc[row, text]} {sentence(canary)}"
    return marked


def sentence(canary: Mapping[str, str]) -> str:
    """Every value of the canary as someone would write it."""
    return (
        f"Terveisin {canary['name']}, {canary['address']}, {canary['email']}, "
        f"puh. {canary['phone']}, hetu {canary['identity_code']}"
    )


def money(cents: np.ndarray | pd.Series) -> np.ndarray:
    """Cents as text with a point."""
    return np.char.mod("%.2f", np.asarray(cents, dtype=float) / 100)


def decimal_comma(values: np.ndarray | pd.Series, places: int = 2) -> np.ndarray:
    """Numbers as text with a decimal comma."""
    return np.char.replace(np.char.mod(f"%.{places}f", np.asarray(values, dtype=float)), ".", ",")


def finnish_day(times: pd.DatetimeIndex) -> np.ndarray:
    """Days as Finns write them: ``3.11.2025``."""
    return np.array([f"{t.day}.{t.month}.{t.year}" for t in times], dtype=object)


def finnish_time(times: pd.DatetimeIndex) -> np.ndarray:
    """Times as they stand in a Finnish service desk: ``3.11.2025 14:05``."""
    return np.array([f"{t.day}.{t.month}.{t.year} {t:%H:%M}" for t in times], dtype=object)
