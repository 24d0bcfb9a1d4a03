"""The rows of one file as lists of texts: delimited text in any encoding, sheets and JSON.

Files are read as streams and refused where they grow beyond what an honest export holds.
"""

from __future__ import annotations

import codecs
import csv
import functools
import gzip
import io
import itertools
import json
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

from templates_lib.params.source_files import WRITTEN_FORMS, FileSource
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.sources.headers import is_header

MAX_BYTES = 50 * 2**30
MAX_XLSX_BYTES = 2**30
MAX_JSON_BYTES = 2**30
MAX_TITLE_ROWS = 50
TEXT_MEMBERS = (".csv", ".tsv", ".txt")
MAX_RATIO = 200
MAX_LINE = 10**7
DELIMITERS = (",", ";", "\t", "|")
NOT_IN_CP1252 = bytes(b for b in range(256) if not bytes([b]).decode("cp1252", "ignore"))
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class SourceFile:
    """A file of a source: how messages call it, where it lies, and the hash of its bytes."""

    name: str
    path: Path
    sha256: str

    @property
    def kind(self) -> str:
        return self.path.suffix.lower()


def _open(file: SourceFile) -> io.BufferedReader:
    if file.kind == ".gz":
        return io.BufferedReader(_Unpacked(file, gzip.GzipFile(file.path)))
    if file.kind == ".zip":
        return io.BufferedReader(_Unpacked(file, _only_member(file)))
    return file.path.open("rb")


def _only_member(file: SourceFile) -> Any:
    """The one table in a ZIP."""
    try:
        archive = zipfile.ZipFile(file.path)
        members = [m for m in archive.namelist() if m.lower().endswith(TEXT_MEMBERS)]
        if len(members) == 1 and not archive.getinfo(members[0]).flag_bits & 1:
            return archive.open(members[0])
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        raise InputProblems([Problem(file.name, "is not a whole ZIP; copy it again")]) from None
    raise InputProblems(
        [Problem(file.name, "expected one CSV in the ZIP, without a password; unpack it and name "
                 "the file in path")]
    )  # fmt: skip


class _Unpacked(io.RawIOBase):
    """A packed file that is refused where it grows beyond what an honest export holds."""

    def __init__(self, file: SourceFile, stream: Any) -> None:
        self._name, self._stream, self._read = file.name, stream, 0
        self._limit = max(2**28, min(MAX_BYTES, MAX_RATIO * file.path.stat().st_size))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile):
            raise InputProblems(
                [Problem(self._name, "is not a whole packed file; copy it again")]
            ) from None
        self._read += len(data)
        if self._read > self._limit:
            raise InputProblems([Problem(self._name, "grows without bound when unpacked: refused")])
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def encoding_of(file: SourceFile) -> tuple[str, int]:
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


def text_rows(file: SourceFile, source: FileSource, encoding: str) -> Iterator[list[str]]:
    """The rows of a text file, blank ones too, after a line that names the delimiter."""
    errors = "replace" if encoding == "cp1252" else "strict"
    csv.field_size_limit(MAX_LINE - 1)
    with io.TextIOWrapper(_open(file), encoding=encoding, errors=errors, newline="") as text:
        begun = 1
        try:
            lines = iter(functools.partial(text.readline, MAX_LINE), "")
            head = _until_filled(lines)
            marked = re.fullmatch(r'sep=([^"])', head[-1].rstrip("\r\n"), re.IGNORECASE)
            if marked:
                head = _until_filled(lines)
            whole = itertools.chain(head, lines)
            if source.delimiter == "whitespace":
                yield from (line.split() for line in whole)
                return
            begin = list(
                itertools.islice(whole, MAX_TITLE_ROWS if source.title_rows else len(head))
            )
            given = {"auto": marked and marked[1], "tab": "\t"}
            delimiter = given.get(source.delimiter, source.delimiter)
            reader = csv.reader(
                itertools.chain(begin, whole),
                delimiter=delimiter or _delimiter(begin, head[-1], source),
                strict=True,
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


def _delimiter(begin: list[str], line: str, source: FileSource) -> str:
    """The mark that makes a header of a line under the title, else cuts the first line into most
    fields; the decimal mark if no other does."""

    def fields(mark: str) -> tuple[bool, bool, int]:
        number = len(next(csv.reader([line], delimiter=mark), []))
        makes = source.title_rows and any(
            is_header(row, source) for row in csv.reader(begin, delimiter=mark)
        )
        return makes, number > 1 and mark != source.decimal, number

    return max(DELIMITERS, key=fields)


def sheet_rows(file: SourceFile, source: FileSource) -> Iterator[list[str]]:
    """The rows of a sheet, blank ones too, as far as they are filled in: of the declared sheet,
    else of the first that has the columns."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MAX_XLSX_BYTES or unpacked > 2**24 + MAX_RATIO * file.path.stat().st_size:
            raise InputProblems([Problem(file.name, "grows without bound when unpacked: refused")])
        book = openpyxl.load_workbook(file.path, read_only=True, data_only=True)
        if source.sheet and source.sheet not in book.sheetnames:
            hint = nearest(source.sheet, book.sheetnames)
            raise InputProblems([Problem(file.name, f"has no sheet {source.sheet!r}{hint}")])
        sheets = [book[source.sheet]] if source.sheet else book.worksheets
        fitting = (sheet for sheet in sheets if _has_columns(sheet, source))
        yield from _cells(next(fitting, sheets[0]), source)
        book.close()
    except InputProblems:
        raise
    except Exception:  # a broken workbook fails anywhere within the parser, in any way
        raise InputProblems(
            [Problem(file.name, "is not a whole XLSX file, or has a password; save it again")]
        ) from None


def _has_columns(sheet: Any, source: FileSource) -> bool:
    filled = (row for row in _cells(sheet, source) if "".join(row).strip())
    first = itertools.islice(filled, MAX_TITLE_ROWS if source.title_rows else 1)
    return any(is_header(row, source) for row in first)


def _cells(sheet: Any, source: FileSource) -> Iterator[list[str]]:
    sheet.reset_dimensions()
    for values in sheet.iter_rows(values_only=True):
        row = [_cell(value, source) for value in values]
        while row and not row[-1].strip():
            row.pop()
        yield row


def _cell(value: Any, source: FileSource) -> str:
    """A typed cell in the conventions that are declared for the file's text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float | Decimal):
        text = format(Decimal(str(value)), "f")
        return text.removesuffix(".0").replace(".", source.decimal)
    if isinstance(value, datetime | date):
        form = source.date_format[0]
        return str(value) if form in WRITTEN_FORMS else value.strftime(form)
    return value.isoformat() if isinstance(value, time) else str(value)


def json_rows(file: SourceFile, source: FileSource) -> Iterator[list[str]]:
    """A JSON list, or JSON lines, as a header and rows; what is nested is called ``a.b``, and of
    a list of objects the numbers are summed.

    With ``records`` every item of that list is a row, beside what stands around it.
    """
    if file.path.stat().st_size > MAX_JSON_BYTES:
        raise InputProblems([Problem(file.name, "is over 1 GB; export it as CSV")])
    encoding, _ = encoding_of(file)
    try:
        items = _items(file.path.read_text(encoding))
    except (ValueError, RecursionError):
        raise InputProblems([Problem(file.name, "is not whole JSON; export it again")]) from None
    flat = [dict(_flat(row)) for item in items for row in _records(item, source.records)]
    header = list(dict.fromkeys(name for row in flat for name in row))
    yield header
    for row in flat:
        yield [_cell(row.get(name), source) for name in header]


def _items(text: str) -> list[dict[str, Any]]:
    """The objects of a JSON document: of a list, of the one list in an object, or of its lines."""
    load = functools.partial(json.loads, parse_float=Decimal)
    try:
        found = load(text)
    except ValueError:
        found = [load(line) for line in text.splitlines() if line.strip()]
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 and len(found) <= 5 else [found]
    items = found if isinstance(found, list) else []
    return [item for item in items if isinstance(item, dict)]


def _records(item: dict[str, Any], records: str | None) -> list[dict[str, Any]]:
    inside = item.get(records) if records else None
    if not isinstance(inside, list):
        return [item]
    around = {name: value for name, value in item.items() if name != records}
    return [{**around, str(records): one} for one in inside] or [around]


def _sums(items: list[dict[str, Any]], prefix: str) -> Iterator[tuple[str, Any]]:
    """The numbers that all of several objects have, summed."""
    for name in items[0]:
        values = [item.get(name) for item in items]
        if all(isinstance(v, int | Decimal) and not isinstance(v, bool) for v in values):
            yield prefix + name, sum(values)


def _flat(item: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            if not any(isinstance(one, dict | list) for one in value):
                yield prefix + name, ", ".join(str(one) for one in value)
            elif all(isinstance(one, dict) for one in value):
                yield from _sums(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
