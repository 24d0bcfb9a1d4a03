"""Reads back what people coded in the sheets of ``make coding``."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
from openpyxl.cell import Cell
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from templates_lib.coding.codebook import Codebook
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.workspace import ClientFolders, digest, inside, shown

FOLDER = "coding"
CODING, BOOK, ABOUT, DRAWN = "coding", "codebook", "about", "drawn"  # the sheets of a workbook
ID, TEXT, NONE, OWN = "response_id", "text", "none", "own_code"
SURVEY, QUESTION, CODER, PART = "survey", "question", "coder", "part"
COLUMNS = (SURVEY, ID, QUESTION, CODER, "code", "value", "drawn")
MAX_BYTES, MAX_UNPACKED = 20 * 2**20, 200 * 2**20


@dataclass(frozen=True)
class Sheet:
    """One coder's workbook: what it is about, the answers drawn, and the rows as they are."""

    file: Path
    about: dict[str, str]
    drawn: dict[str, str]  # response_id -> digest of its text
    headers: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def marks(self) -> tuple[str, ...]:
        """The headers of columns in which something can be marked."""
        return tuple(name for name in self.headers if name not in (ID, TEXT))

    def cells(self, row: Sequence[Cell]) -> dict[str, Cell]:
        return {name: cell for name, cell in zip(self.headers, row, strict=False) if name}

    @property
    def is_filled(self) -> bool:
        """Whether anybody has marked anything."""
        return any(
            _written(cell) for row in self.rows for name, cell in self.cells(row).items()
            if name in self.marks
        )  # fmt: skip


def text_digest(text: str) -> str:
    """The hash of a text's letters and digits: spreadsheets change blanks and line ends."""
    return digest("".join(re.findall(r"[^\W_]", text)).encode())[:12]


def _written(cell: Cell) -> bool:
    return cell.value is not None and str(cell.value).strip() != ""


def coding_folder(folders: ClientFolders) -> Path:
    """The folder of a client's coding sheets.

    Raises
    ------
    InputProblems
        When it is a link that leads out of the client's folder.
    """
    folder = folders.data / FOLDER
    if not inside(folders.data, folder):
        raise InputProblems([Problem(shown(folder), "leads out of the client's folder")])
    return folder


def open_sheets(folders: ClientFolders) -> list[Sheet]:
    """Every coding workbook of a client.

    Raises
    ------
    InputProblems
        For all files that are no such workbook, and sheets that are there twice.
    """
    problems: list[Problem] = []
    sheets: list[Sheet] = []
    first: dict[tuple[str, ...], Path] = {}
    for file in sorted(coding_folder(folders).glob("*.xlsx")):
        if file.name.startswith(("~$", ".")):
            continue
        try:
            sheet = open_sheet(file)
        except InputProblems as error:
            problems += error.problems
            continue
        key = tuple(sheet.about[name] for name in (SURVEY, QUESTION, CODER, PART))
        if key in first:
            said = f"is the same sheet as {first[key].name}; keep one of the two here"
            problems.append(Problem(shown(file), said))
        first.setdefault(key, file)
        sheets.append(sheet)
    if problems:
        raise InputProblems(problems)
    return sheets


def open_sheet(file: Path) -> Sheet:
    """A coding workbook, its parts checked for being there, not for what is in them."""
    where = shown(file)
    book = _load(file, where)
    missing = [name for name in (CODING, ABOUT, DRAWN) if name not in book.sheetnames]
    if missing:
        said = f"is no coding sheet (no {', '.join(missing)}); move it out of this folder"
        raise InputProblems([Problem(where, said)])
    about = {str(k.value): str(v.value) for k, v in book[ABOUT].iter_rows(max_col=2) if k.value}
    lacking = [name for name in (SURVEY, QUESTION, CODER, PART) if not about.get(name)]
    if not about.get(PART, "1").isdecimal():
        lacking.append(f"a number as {PART}")
    if lacking:
        said = f"{ABOUT}: lacks {', '.join(lacking)}; take the sheet that was written anew"
        raise InputProblems([Problem(where, said)])
    pairs = book[DRAWN].iter_rows(min_row=2, max_col=2, values_only=True)
    rows = list(book[CODING].iter_rows())
    headers = tuple(str(cell.value or "").strip() for cell in rows[0]) if rows else ()
    filled = (row for row in rows[1:] if any(_written(cell) for cell in row))
    return Sheet(file, about, {str(k): str(v) for k, v in pairs}, headers, tuple(filled))


def _load(file: Path, where: str) -> Workbook:
    try:
        with zipfile.ZipFile(file) as packed:
            unpacked = sum(member.file_size for member in packed.infolist())
        if file.stat().st_size > MAX_BYTES or unpacked > MAX_UNPACKED:
            raise InputProblems([Problem(where, "is too large for a coding sheet")])
        return openpyxl.load_workbook(file)
    except InputProblems:
        raise
    except Exception:  # openpyxl raises whatever the broken file leads to
        said = "is not a whole XLSX workbook; save it again as one"
        raise InputProblems([Problem(where, said)]) from None


def read_sheets(
    folders: ClientFolders, book: Codebook, *, survey: str | None = None,
    question: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """What people coded, of all sheets or those of one survey and question.

    A row of a sheet counts as coded where a code, ``none`` or an ``own_code`` is given; a blank
    row says nothing, and neither does a code that the sheet has no column for.

    Returns
    -------
    One row an answer, coder and code of the book: survey, response_id, question, coder, code,
    value (1 given, 0 not), drawn (answers drawn for this question, in all its sheets).

    Raises
    ------
    InputProblems
        Everything that is wrong in any sheet: file, cell, what was expected; never a text.
    """
    problems: list[Problem] = []
    marked: list[tuple[Any, ...]] = []
    drawn: dict[tuple[str, str], set[str]] = {}
    for sheet in _of(folders, survey, question):
        about = sheet.about
        drawn.setdefault((about[SURVEY], about[QUESTION]), set()).update(sheet.drawn)
        if sheet.is_filled and not (wrong := list(_wrong_headers(sheet, book))):
            marked += _marks(sheet, problems)
        elif sheet.is_filled:
            problems += wrong
    if problems:
        raise InputProblems(problems)
    made = pd.DataFrame(marked, columns=COLUMNS[:-1])
    made["drawn"] = [len(drawn[key]) for key in zip(made[SURVEY], made[QUESTION], strict=True)]
    made = made.astype({"value": "int64", "drawn": "int64"})
    return made.sort_values(list(COLUMNS[:5]), kind="stable").reset_index(drop=True)


def own_codes(folders: ClientFolders) -> pd.DataFrame:
    """What coders wrote under ``own_code``, for a person to extend the codebook with.

    Returns
    -------
    survey, question, own_code, times; the most frequent first.
    """
    rows = [
        (sheet.about[SURVEY], sheet.about[QUESTION], str(cells[OWN].value).strip())
        for sheet in open_sheets(folders)
        for cells in map(sheet.cells, sheet.rows)
        if OWN in cells and _written(cells[OWN]) and cells[OWN].data_type != "f"
    ]
    table = pd.DataFrame(rows, columns=[SURVEY, QUESTION, OWN])
    table = table.groupby([SURVEY, QUESTION, OWN]).size().rename("times").reset_index()
    order = [SURVEY, QUESTION, "times", OWN]
    return table.sort_values(order, ascending=[True, True, False, True]).reset_index(drop=True)


def _of(folders: ClientFolders, survey: str | None, question: str | None) -> list[Sheet]:
    return [
        sheet for sheet in open_sheets(folders)
        if survey in (None, sheet.about[SURVEY]) and question in (None, sheet.about[QUESTION])
    ]  # fmt: skip


def _wrong_headers(sheet: Sheet, book: Codebook) -> Iterator[Problem]:
    where = f"{shown(sheet.file)} {CODING}"
    known = (ID, TEXT, *book.names, NONE, OWN)
    for place, name in enumerate(sheet.headers, start=1):
        at = f"{where}!{get_column_letter(place)}1"
        if name and name not in known:
            yield Problem(at, f"{name!r} is no code of the codebook" + nearest(name, book.names))
        elif name and name in sheet.headers[: place - 1]:
            yield Problem(at, f"the column {name!r} stands twice; keep one")
        elif not name and any(len(r) >= place and _written(r[place - 1]) for r in sheet.rows):
            yield Problem(at, "a column without a heading holds something; empty it")
    for name in (ID, TEXT, NONE, OWN):
        if name not in sheet.headers:
            yield Problem(where, f"the column {name!r} is gone; write its heading again")


def _marks(sheet: Sheet, problems: list[Problem]) -> Iterator[tuple[Any, ...]]:
    """The marks of a sheet's rows; what is wrong with a row is added to ``problems``."""
    where = f"{shown(sheet.file)} {CODING}"
    about, seen = sheet.about, set()
    codes = [name for name in sheet.marks if name not in (NONE, OWN)]
    for row in sheet.rows:
        cells = sheet.cells(row)
        identity, line = str(cells[ID].value), f"{where}!{row[0].row}"
        if wrong := _wrong_row(sheet, cells, identity, seen):
            problems.append(Problem(line, wrong))
            continue
        seen.add(identity)
        bad = [c for name, c in cells.items() if name in (*codes, NONE) and _mark(c) is None]
        problems += [
            Problem(f"{where}!{c.coordinate}", "expected 1, or an empty cell") for c in bad
        ]
        if bad:
            continue
        given = {name: _mark(cells[name]) for name in codes if name in cells}
        is_none = _mark(cells[NONE]) if NONE in cells else 0
        is_own = OWN in cells and _written(cells[OWN])
        if is_none and (any(given.values()) or is_own):
            problems.append(Problem(line, f"has a code and {NONE!r}; keep one of the two"))
        elif is_none or is_own or any(given.values()):
            for code, value in given.items():
                yield about[SURVEY], identity, about[QUESTION], about[CODER], code, value
    if gone := len(set(sheet.drawn) - {str(sheet.cells(row)[ID].value) for row in sheet.rows}):
        problems.append(
            Problem(where, f"{gone} of the answers drawn are gone; put their rows back")
        )


def _wrong_row(sheet: Sheet, cells: dict[str, Cell], identity: str, seen: set[str]) -> str | None:
    if identity not in sheet.drawn:
        return f"the {ID} is none of those drawn; put back what was in the cell"
    if identity in seen:
        return f"the {ID} stands twice; keep one row of each"
    if text_digest(str(cells[TEXT].value or "")) != sheet.drawn[identity]:
        return "the text is not that of this answer: was a part of the columns sorted or changed?"
    return None


def _mark(cell: Cell) -> int | None:
    """1 or 0 of a cell; None for anything else that is in it."""
    if not _written(cell):
        return 0
    return 1 if cell.data_type != "f" and str(cell.value).strip() in ("1", "1.0", "True") else None
