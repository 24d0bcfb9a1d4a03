"""Finds a source's files and writes each as columns of text that the engine reads alike.

Every form a shop exports (encodings, ``sep=`` lines, gzip, spreadsheets, columns set by
blanks) becomes the one form, so that no later step knows of the others.
"""

from __future__ import annotations

import codecs
import csv
import functools
import gzip
import hashlib
import importlib.util
import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from templates_lib.params import FileSource
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.workspace import inside, shown

MAX_BYTES = 50 * 2**30
MAX_XLSX_BYTES = 2**30
MAX_RATIO = 200
MAX_LINE = 10**7
BATCH = 20_000
SHEETS = (".xlsx", ".xlsm")
NOT_READ = (".xls", ".ods", ".zip", ".json", ".pdf", ".numbers")
TEMPORARY = (".", "~$")  # hidden files and the locks of open workbooks
DELIMITERS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NOT_IN_CP1252 = bytes(b for b in range(256) if not bytes([b]).decode("cp1252", "ignore"))


@dataclass(frozen=True)
class SourceFile:
    """A file of a source: how messages call it, where it lies, and the hash of its bytes."""

    name: str
    path: Path
    sha256: str

    @property
    def kind(self) -> str:
        return self.path.suffix.lower()


@dataclass(frozen=True)
class PlainFile:
    """A normalised file: its header, and the Parquet file of ``row_number_in_file`` and the
    columns ``c0``, ``c1`` … of text."""

    header: tuple[str, ...]
    path: Path
    encoding: str
    undefined_bytes: int


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
        rows = _sheet_rows(file, source)
    elif file.kind in NOT_READ:
        raise InputProblems(
            [Problem(file.name, "is not read in this form; save it as CSV or XLSX")]
        )
    else:
        encoding, undefined = _encoding(file)
        rows = _text_rows(file, source, encoding)
    numbered = ((n, row) for n, row in enumerate(rows, start=1) if "".join(row).strip())
    header = source.header or next(numbered, (0, []))[1]
    if not header:
        raise InputProblems([Problem(file.name, "has no header and no rows; export it again")])
    ragged: list[int] = []
    fitted = _fitted(numbered, len(header), ragged, may_be_short=file.kind in SHEETS)
    _write(fitted, len(header), to)
    if ragged:
        raise InputProblems([Problem(file.name, _ragged(ragged, len(header)))])
    return PlainFile(tuple(header), to, encoding, undefined)


def _fitted(
    rows: Iterator[tuple[int, list[str]]], width: int, ragged: list[int], *, may_be_short: bool
) -> Iterator[tuple[int | str, ...]]:
    """Rows as wide as the header; the numbers of those that cannot be are noted."""
    for number, row in rows:
        missing = width - len(row)
        if missing == 0:
            yield (number, *row)
        elif "".join(row[width:]).strip() or (missing > 0 and not may_be_short):
            ragged.append(number)
        else:
            yield (number, *row[:width], *[""] * missing)


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


def _open(file: SourceFile) -> io.BufferedReader:
    if file.kind != ".gz":
        return file.path.open("rb")
    return io.BufferedReader(_Unpacked(file))


class _Unpacked(io.RawIOBase):
    """A gzip file that is refused where it grows beyond what an honest export holds."""

    def __init__(self, file: SourceFile) -> None:
        self._name, self._stream, self._read = file.name, gzip.GzipFile(file.path), 0
        self._limit = max(2**28, min(MAX_BYTES, MAX_RATIO * file.path.stat().st_size))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, OSError, zlib.error):
            raise InputProblems(
                [Problem(self._name, "is not a whole gzip file; copy it again")]
            ) from None
        self._read += len(data)
        if self._read > self._limit:
            raise InputProblems([Problem(self._name, "grows without bound when unpacked: refused")])
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _encoding(file: SourceFile) -> tuple[str, int]:
    """Byte order mark, then strict UTF-8, then cp1252; and how many bytes cp1252 lacks."""
    decoder, undefined, is_utf8 = codecs.getincrementaldecoder("utf-8")(), 0, True
    with _open(file) as stream:
        start = stream.peek(4)
        for mark, name in BYTE_ORDER_MARKS:
            if start.startswith(mark):
                return name, 0
        while chunk := stream.read(2**20):
            if b"\0" in chunk:
                raise InputProblems([Problem(file.name, "is not a text file; export it as CSV")])
            undefined += len(chunk) - len(chunk.translate(None, NOT_IN_CP1252))
            is_utf8 = is_utf8 and _decodes(decoder, chunk)
    is_utf8 = is_utf8 and _decodes(decoder, b"", final=True)
    return ("utf-8", 0) if is_utf8 else ("cp1252", undefined)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _text_rows(file: SourceFile, source: FileSource, encoding: str) -> Iterator[list[str]]:
    errors = "replace" if encoding == "cp1252" else "strict"
    csv.field_size_limit(MAX_LINE - 1)
    with io.TextIOWrapper(_open(file), encoding=encoding, errors=errors, newline="") as text:
        begun = 1
        try:
            lines = iter(functools.partial(text.readline, MAX_LINE), "")
            head = _until_filled(lines)
            marked = re.fullmatch(r"sep=(.)", head[-1].rstrip("\r\n"), re.IGNORECASE)
            if marked:
                head = _until_filled(lines)
            whole = itertools.chain(head, lines)
            if source.delimiter == "whitespace":
                yield from (line.split() for line in whole)
                return
            given = {"auto": marked and marked[1], "tab": "\t"}
            delimiter = given.get(source.delimiter, source.delimiter)
            reader = csv.reader(
                whole, delimiter=delimiter or _delimiter(head[-1], source.decimal), strict=True
            )
            for row in reader:
                yield row
                begun = reader.line_num + 1
        except csv.Error:
            raise InputProblems(
                [Problem(f"{file.name} line {begun}", "a quotation mark is not closed, or stands "
                         "within a text without being doubled; export it again")]
            ) from None  # fmt: skip
        except UnicodeError:
            raise InputProblems(
                [Problem(file.name, f"is not whole {encoding} text; export it again as UTF-8")]
            ) from None


def _until_filled(lines: Iterator[str]) -> list[str]:
    """The blank lines at the beginning and the first that is not."""
    head: list[str] = []
    for line in lines:
        head.append(line)
        if line.strip():
            break
    return head or [""]


def _delimiter(line: str, decimal: str) -> str:
    """The mark that cuts the first line into most fields, rather not the decimal mark."""

    def fields(mark: str) -> tuple[int, bool]:
        return len(next(csv.reader([line], delimiter=mark), [])), mark != decimal

    return max(DELIMITERS, key=fields)


def _sheet_rows(file: SourceFile, source: FileSource) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(file.path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MAX_XLSX_BYTES or unpacked > 2**24 + MAX_RATIO * file.path.stat().st_size:
            raise InputProblems([Problem(file.name, "grows without bound when unpacked: refused")])
        book = openpyxl.load_workbook(file.path, read_only=True, data_only=True)
        if source.sheet and source.sheet not in book.sheetnames:
            hint = nearest(source.sheet, book.sheetnames)
            raise InputProblems([Problem(file.name, f"has no sheet {source.sheet!r}{hint}")])
        sheet = book[source.sheet] if source.sheet else book.worksheets[0]
        sheet.reset_dimensions()
        for values in sheet.iter_rows(values_only=True):
            row = [_cell(value, source) for value in values]
            while row and not row[-1].strip():
                row.pop()
            yield row
        book.close()
    except InputProblems:
        raise
    except Exception:  # a broken workbook fails anywhere within the parser, in any way
        raise InputProblems(
            [Problem(file.name, "is not a whole XLSX file, or has a password; save it again")]
        ) from None


def _cell(value: Any, source: FileSource) -> str:
    """A typed cell in the conventions that are declared for the file's text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        text = format(Decimal(repr(value)), "f")
        return text.removesuffix(".0").replace(".", source.decimal)
    if isinstance(value, datetime | date):
        return str(value) if source.date_format == "iso" else value.strftime(source.date_format)
    return value.isoformat() if isinstance(value, time) else str(value)
