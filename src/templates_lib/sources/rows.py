"""The rows of one file as lists of texts: delimited text in any encoding, and sheets.

Files are read as streams and refused where they grow beyond what an honest export holds.
"""

from __future__ import annotations

import codecs
import csv
import functools
import gzip
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

from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.source_params import FileSource

MAX_BYTES = 50 * 2**30
MAX_XLSX_BYTES = 2**30
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
    """The mark that cuts the first line into most fields; the decimal mark if no other does."""

    def fields(mark: str) -> tuple[bool, int]:
        number = len(next(csv.reader([line], delimiter=mark), []))
        return number > 1 and mark != decimal, number

    return max(DELIMITERS, key=fields)


def sheet_rows(file: SourceFile, source: FileSource) -> Iterator[list[str]]:
    """The rows of a sheet, blank ones too, as far as they are filled in."""
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
