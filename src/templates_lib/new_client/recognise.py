"""Which format a file has: by its header, as the reader would find it."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from glob import escape
from pathlib import Path, PurePosixPath
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from templates_lib.new_client.synonyms import best_fit
from templates_lib.params.source_files import FileSource
from templates_lib.problems import InputProblems, Problem
from templates_lib.sources.files import JSON, NOT_READ, SHEETS, TEMPORARY, find_files
from templates_lib.sources.formats import TABLE, Preset, presets
from templates_lib.sources.headers import fold
from templates_lib.sources.rows import (
    MAX_TITLE_ROWS,
    SourceFile,
    encoding_of,
    json_rows,
    sheet_rows,
    text_rows,
)

EXPORTS = "exports"
OTHER_DELIMITERS = ("tab", ";", ",", "|")


@dataclass(frozen=True)
class Found:
    """A file of the exports: what it is, and what its reader must be told.

    Attributes
    ----------
    pattern : the file as ``path`` names it
    source : key under ``sources:``; None where nothing recognises it
    columns : of a plain table, the columns that its headers are called
    titles : lines that stand above the header
    settings : what a reader does not find by itself, such as the sheet
    """

    file: SourceFile
    pattern: str
    headers: tuple[str, ...]
    source: str | None = None
    format: str = TABLE
    columns: dict[str, str] = field(default_factory=dict)
    titles: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> tuple[Any, ...]:
        """What the files of one source have in common."""
        headers = frozenset(map(fold, self.headers))
        one_table = self.source in ("orders", "products", "customers") and self.format != TABLE
        folder = PurePosixPath(self.file.name).parent
        told = tuple(sorted(self.settings.items()))
        return (self.source, self.format, told) if one_table else (
            self.source, self.format, told, headers, folder)  # fmt: skip


def look_into(data: Path) -> tuple[list[Found], list[Problem]]:
    """Every file below ``exports/``, and those that cannot be read."""
    found: list[Found] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for path in sorted((data / EXPORTS).rglob("*")):
        inside = path.relative_to(data)
        hidden = any(part.startswith(TEMPORARY) for part in inside.parts)
        if hidden or (path.is_dir() and not path.is_symlink()):
            continue
        pattern = as_pattern(inside.as_posix())
        try:
            file = find_files(FileSource(path=[pattern]), data=data, key=EXPORTS)[0]
            if file.sha256 not in seen:  # the same content twice is read once
                found.append(recognised(file, pattern))
            seen.add(file.sha256)
        except InputProblems as error:
            problems += error.problems
    return found, problems


def as_pattern(name: str) -> str:
    """A file's name as a pattern that matches it; what a path may not hold is any character."""
    return escape(name).replace("\\", "?").replace(":", "?")


def recognised(file: SourceFile, pattern: str) -> Found:
    """What a file is.

    Raises
    ------
    InputProblems
        When it cannot be read at all.
    """
    first: Found | None = None
    for settings, rows in _heads(file):
        found = _by_preset(file, pattern, settings, rows)
        table = _by_headers(file, pattern, settings, rows)
        if found is not None and not _is_better(table, found):
            return found
        if first is None or (first.source is None and table.source is not None):
            first = table
    if first is None:
        raise InputProblems([Problem(file.name, "has no header and no rows; export it again")])
    return first


def _is_better(table: Found, found: Found) -> bool:
    """Whether the columns of a table say more than the one header by which a format is known."""
    known_by = len(presets()[found.format].recognise)
    return known_by == 1 and table.source not in (None, found.source) and len(table.columns) > 3


def _by_preset(
    file: SourceFile, pattern: str, settings: dict[str, Any], rows: Sequence[Sequence[str]]
) -> Found | None:
    """The file in the format of which most headers are there."""
    fits = []
    for name, preset in presets().items():
        place = _header_row(preset, rows)
        is_json = file.kind in JSON
        if place is None or (is_json and settings.get("records") != preset.settings.get("records")):
            continue
        there = _names(rows[place])
        known = [h for h in preset.optional if _is_there(preset, h, there)]
        fits.append((len(preset.recognise), len(known), name, place))
    if not fits:
        return None
    *_, name, place = max(fits)
    told = {key: value for key, value in settings.items() if key == "delimiter"}
    titles = tuple(cell for row in rows[:place] for cell in row if cell.strip())
    return Found(file, pattern, tuple(rows[place]), presets()[name].source, name, {}, titles, told)


def _header_row(preset: Preset, rows: Sequence[Sequence[str]]) -> int | None:
    if not preset.recognise:
        return None
    last = MAX_TITLE_ROWS if preset.settings.get("title_rows") else 1
    for number, row in enumerate(rows[:last]):
        there = _names(row)
        if all(_is_there(preset, header, there) for header in preset.recognise):
            return number
    return None


def _names(row: Sequence[str]) -> set[str]:
    """The headers as they are matched; ``a.b`` of JSON is also known as ``a``."""
    folded = {fold(cell) for cell in row}
    return folded | {name.partition(".")[0] for name in folded if "." in name}


def _is_there(preset: Preset, header: str, there: set[str]) -> bool:
    return any(fold(name) in there for name in [header, *preset.also_called.get(header, [])])


def _by_headers(
    file: SourceFile, pattern: str, settings: dict[str, Any], rows: Sequence[Sequence[str]]
) -> Found:
    headers = tuple(rows[0]) if rows else ()
    fit = best_fit(headers)
    if fit is None:
        return Found(file, pattern, headers, settings=settings)
    return Found(file, pattern, headers, fit[0], TABLE, fit[1], (), settings)


def _heads(file: SourceFile) -> Iterator[tuple[dict[str, Any], list[list[str]]]]:
    """The first rows of a file, for each way in which it may be read."""
    if file.kind in NOT_READ:
        raise InputProblems(
            [Problem(file.name, "is not read in this form; save it as CSV or XLSX")]
        )
    if file.kind == ".parquet":
        yield {}, [_parquet_names(file)]
    elif file.kind in JSON:
        for records in dict.fromkeys([None, *(p.settings.get("records") for p in _all())]):
            told = {"records": records} if records else {}
            yield told, _first(json_rows(file, _plain(**told)))
    elif file.kind in SHEETS:
        for number, sheet in enumerate(_sheets(file)):
            told = {"sheet": sheet}
            yield (told if number else {}), _first(sheet_rows(file, _plain(**told)))
    else:
        encoding, _ = encoding_of(file)
        yield {}, _first(text_rows(file, _plain(), encoding))
        for delimiter in OTHER_DELIMITERS:  # a title line may say nothing of what follows it
            told = {"delimiter": delimiter}
            try:
                rows = _first(text_rows(file, _plain(**told), encoding))
            except InputProblems:
                continue
            if any(len(row) > 2 for row in rows):
                yield told, rows


def _all() -> list[Preset]:
    return list(presets().values())


def _plain(**settings: Any) -> FileSource:
    return FileSource(path=["-"], **settings)


def _first(rows: Iterator[list[str]]) -> list[list[str]]:
    filled = (row for row in rows if "".join(row).strip())
    return list(itertools.islice(filled, MAX_TITLE_ROWS))


def _sheets(file: SourceFile) -> list[str]:
    next(sheet_rows(file, _plain()), None)  # refuses what grows without bound
    try:
        book = openpyxl.load_workbook(file.path, read_only=True)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise InputProblems([Problem(file.name, "is not a whole XLSX file")]) from None
    names = [sheet.title for sheet in book.worksheets]
    book.close()
    return names


def _parquet_names(file: SourceFile) -> list[str]:
    try:
        return list(pq.read_schema(file.path).names)
    except (pa.ArrowException, OSError):
        raise InputProblems(
            [Problem(file.name, "is not a whole Parquet file; copy it again")]
        ) from None
