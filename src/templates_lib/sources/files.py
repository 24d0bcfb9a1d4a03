"""Finds a source's files and writes each as columns of text that the engine reads alike.

Every form a shop exports (encodings, ``sep=`` lines, gzip, spreadsheets, columns set by
blanks) becomes the one form, so that no later step knows of the others.
"""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from templates_lib.params.source_files import FileSource
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.sources.headers import TOTALS, completed, fold, is_header, needed
from templates_lib.sources.rows import (
    MAX_BYTES,
    MAX_TITLE_ROWS,
    SourceFile,
    encoding_of,
    json_rows,
    sheet_rows,
    text_rows,
)
from templates_lib.workspace import inside, shown

BATCH = 20_000
SHEETS = (".xlsx", ".xlsm")
JSON = (".json", ".jsonl", ".ndjson")
NOT_READ = (".xls", ".ods", ".pdf", ".numbers")
TEMPORARY = (".", "~$")  # hidden files and the locks of open workbooks


@dataclass(frozen=True)
class PlainFile:
    """A normalised file: its header, and the Parquet file of ``row_number_in_file`` and the
    columns ``c0``, ``c1`` … of text."""

    header: tuple[str, ...]
    path: Path
    encoding: str
    undefined_bytes: int
    left_out: int


def find_files(source: FileSource, *, data: Path, key: str) -> list[SourceFile]:
    """The files that a source's patterns match, each content once, in the order of names.

    Raises
    ------
    InputProblems
        For a pattern without a file, a link out of the folder, an empty file, and one that
        cannot be opened.
    """
    problems: list[Problem] = []
    found: dict[str, SourceFile] = {}
    for pattern in source.path or []:
        where = f"{key}.path {pattern!r}"
        base, relative = _base(pattern, data)
        matches = sorted(base.glob(relative)) if base and base.is_dir() else []
        paths = [path for path in matches if not path.name.startswith(TEMPORARY)]
        if not paths:
            problems.append(Problem(where, _nothing_there(base, relative)))
        for path in paths:
            name = path.relative_to(data).as_posix() if base == data else path.name
            wrong = _wrong(path, base)
            if wrong:
                problems.append(Problem(name, wrong))
            else:
                with path.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                found.setdefault(digest, SourceFile(name, path, digest))
    if problems:
        raise InputProblems(problems)
    return sorted(found.values(), key=lambda file: file.name)


def _base(pattern: str, data: Path) -> tuple[Path | None, str]:
    if not pattern.startswith("package:"):
        return data, pattern
    package, _, relative = pattern.removeprefix("package:").partition("/")
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return (Path(folders[0]) if folders else None), relative


def _nothing_there(base: Path | None, relative: str) -> str:
    if base is None:
        return "the example data are not installed; run `make env`"
    if not base.is_dir():
        return f"matches no file: there is no folder {shown(base)}"
    folder, *parts = base, *Path(relative).parts
    while len(parts) > 1 and (folder / parts[0]).is_dir():
        folder /= parts.pop(0)
    there = sorted(f.name for f in folder.iterdir() if not f.name.startswith(TEMPORARY))
    hint = nearest(parts[0], there) or "; the folder is empty"
    return f"matches no file: no {parts[0]!r} in {shown(folder)}{hint}"


def _wrong(path: Path, base: Path) -> str | None:
    """Why a file cannot be read at all, before its form is looked at."""
    if not inside(base, path):
        return "is a link that leads out of the folder; put the file itself there"
    if not path.is_file():
        return "is not a file"
    if path.stat().st_size == 0:
        return "is empty (0 bytes); export it again"
    if path.stat().st_size > MAX_BYTES:
        return "is over 50 GB; use connection to read a warehouse"
    try:
        path.open("rb").close()
    except OSError as error:
        return f"cannot be opened ({error.strerror})"
    return None


def normalise(file: SourceFile, source: FileSource, *, to: Path) -> PlainFile:
    """Writes the rows of a text or XLSX file, which are text in the declared decimal mark and
    date format, with their number in the file; rows of blanks are left out.

    Raises
    ------
    InputProblems
        When the file is not what its name says, has no header, or rows of another width.
    """
    encoding, undefined = "xlsx", 0
    if file.kind in SHEETS:
        rows = sheet_rows(file, source)
    elif file.kind in JSON:
        encoding, rows = "json", json_rows(file, source)
    elif file.kind in NOT_READ:
        raise InputProblems(
            [Problem(file.name, "is not read in this form; save it as CSV or XLSX")]
        )
    else:
        encoding, undefined = encoding_of(file)
        rows = text_rows(file, source, encoding)
    numbered = ((n, row) for n, row in enumerate(rows, start=1) if "".join(row).strip())
    header = source.header or _header(numbered, source, file)
    table = _until_comment(numbered, source.comment)
    ragged: list[int] = []
    fitted = _fitted(table, len(header), ragged, may_be_short=file.kind in SHEETS)
    _write(fitted, len(header), to)
    if ragged:
        raise InputProblems([Problem(file.name, _ragged(ragged, len(header)))])
    beyond = sum(not _is_comment(row, source.comment) for _, row in numbered)
    return PlainFile(tuple(header), to, encoding, undefined, beyond)


def _is_comment(row: list[str], mark: str | None) -> bool:
    return mark is not None and row[0].lstrip().startswith(mark)


def _until_comment(
    numbered: Iterator[tuple[int, list[str]]], mark: str | None
) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first table of a file: a line of comment ends it."""
    return itertools.takewhile(lambda row: not _is_comment(row[1], mark), numbered)


def _header(
    numbered: Iterator[tuple[int, list[str]]], source: FileSource, file: SourceFile
) -> list[str]:
    """The row that names the columns; with ``title_rows`` the first that names all needed ones."""
    number, header = next(numbered, (0, []))
    if not header:
        raise InputProblems([Problem(file.name, "has no header and no rows; export it again")])
    while source.title_rows and not is_header(header, source):
        number, header = next(numbered, (MAX_TITLE_ROWS + 1, []))
        if number > MAX_TITLE_ROWS:
            names = ", ".join(repr(name) for name in needed(source))
            message = f"no row among the first {MAX_TITLE_ROWS} names the columns {names}"
            raise InputProblems([Problem(file.name, message + "; export it again with them")])
    if source.header_rows == "two":
        return completed(header, next(numbered, (0, []))[1])
    return header


def _fitted(
    rows: Iterator[tuple[int, list[str]]], width: int, ragged: list[int], *, may_be_short: bool
) -> Iterator[tuple[int | str, ...]]:
    """Rows as wide as the header; the numbers of those that cannot be are noted."""
    for number, row in rows:
        if fold("".join(row[width:])).rstrip(":") in TOTALS and "" in row[:width]:
            row[row.index("")] = row.pop()  # a word for totals that stands behind the last column
        missing = width - len(row)
        if missing == 0:
            yield (number, *row)
        elif "".join(row[width:]).strip() or not (missing < 0 or may_be_short or _is_footer(row)):
            ragged.append(number)
        else:
            yield (number, *row[:width], *[""] * missing)


def _is_footer(row: list[str]) -> bool:
    """Whether a row of few fields is one of totals, as in ``Total: account``, and not cut off."""
    first = next((cell for cell in row if cell.strip()), "")
    return ":" in first or fold(first) in TOTALS


def _ragged(rows: list[int], width: int) -> str:
    first = ", ".join(str(row) for row in rows[:5]) + (" …" if len(rows) > 5 else "")
    return (
        f"row {first}: not {width} fields as in the header ({len(rows)} rows); the file is cut "
        "off, or a text holds the delimiter without quotes: export it again"
    )


def _write(rows: Iterator[tuple[int | str, ...]], width: int, to: Path) -> None:
    texts = [(f"c{i}", pa.large_string()) for i in range(width)]
    schema = pa.schema([("row_number_in_file", pa.int64()), *texts])
    with pq.ParquetWriter(to, schema, compression="zstd") as writer:
        while batch := list(itertools.islice(rows, BATCH)):
            columns = zip(zip(*batch, strict=True), schema.types, strict=True)
            writer.write_table(pa.table([pa.array(c, t) for c, t in columns], schema=schema))
