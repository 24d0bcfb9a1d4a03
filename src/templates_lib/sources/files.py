"""Finds a source's files and writes each as plain UTF-8 CSV in the declared conventions.

Every text form a shop exports (encodings, ``sep=`` lines, gzip, spreadsheets, columns set by
blanks) becomes the one form that the engine reads, so that no later step knows of the others.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import importlib.util
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from templates_lib.params import FileSource
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.workspace import inside

MAX_BYTES = 50 * 2**30
MAX_XLSX_BYTES = 2**30
MAX_RATIO = 200
DELIMITERS = (",", ";", "\t", "|")
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
    def is_parquet(self) -> bool:
        return self.path.suffix == ".parquet"


@dataclass(frozen=True)
class PlainFile:
    """A normalised text file: its header, and where the UTF-8 CSV without the header lies."""

    name: str
    header: tuple[str, ...]
    path: Path
    encoding: str
    undefined_bytes: int


def find_files(source: FileSource, *, data: Path, key: str) -> list[SourceFile]:
    """The files that a source's patterns match, each content once, in the order of names.

    Raises
    ------
    InputProblems
        For a pattern without a file, a link out of the folder, an empty file, and one of a
        kind that is not read.
    """
    problems: list[Problem] = []
    found: dict[str, SourceFile] = {}
    for pattern in source.path or []:
        where = f"{key}.path {pattern!r}"
        base, relative = _base(pattern, data)
        paths = sorted(base.glob(relative)) if base and base.is_dir() else []
        if not paths:
            problems.append(Problem(where, _nothing_there(pattern, base, relative)))
        for path in paths:
            name = path.name if pattern.startswith("package:") else path.relative_to(data).as_posix()
            if not inside(base, path):
                problems.append(Problem(where, f"{name} is a link that leads out of the folder"))
            elif not path.is_file():
                problems.append(Problem(where, f"{name} is a folder, not a file"))
            elif path.stat().st_size == 0:
                problems.append(Problem(name, "is empty (0 bytes); export it again"))
            elif path.stat().st_size > MAX_BYTES:
                problems.append(Problem(name, "is over 50 GB; use connection to read a warehouse"))
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


def _nothing_there(pattern: str, base: Path | None, relative: str) -> str:
    if pattern.startswith("package:"):
        return "the example data are not installed; run `make env`"
    folder = (base / relative).parent
    there = [f.name for f in folder.iterdir()] if folder.is_dir() else []
    return "matches no file" + nearest(Path(relative).name, there)


def normalise(file: SourceFile, source: FileSource, *, to: Path) -> PlainFile:
    """Writes a text or XLSX file as UTF-8 CSV in the declared decimal mark and date format."""
    if file.path.suffix.lower() in (".xlsx", ".xlsm"):
        rows = _spreadsheet_rows(file, source)
        encoding, undefined = "xlsx", 0
    elif file.path.suffix.lower() in (".xls", ".ods", ".zip", ".json", ".pdf", ".numbers"):
        raise InputProblems(
            [Problem(file.name, "is not read in this form; save it as CSV or XLSX")]
        )
    else:
        encoding, undefined = _encoding(file)
        rows = _text_rows(file, source, encoding)
    header = tuple(source.header) if source.header else _header(file, rows)
    with to.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL)
        number = 0 if source.header else 1
        wrong: list[int] = []
        for number, row in enumerate(rows, start=number + 1):
            if len(row) == len(header):
                writer.writerow(row)
            elif any(field.strip() for field in row):
                wrong.append(number)
    if wrong:
        raise InputProblems([Problem(file.name, _wrong_width(wrong, len(header)))])
    if number == (0 if source.header else 1):
        raise InputProblems([Problem(file.name, "has a header but no rows; export it again")])
    return PlainFile(file.name, header, to, encoding, undefined)


def _wrong_width(rows: list[int], width: int) -> str:
    shown = ", ".join(str(row) for row in rows[:5]) + (" …" if len(rows) > 5 else "")
    return (
        f"row {shown}: not {width} fields as in the header ({len(rows)} rows); the file is cut off, "
        "or a text holds the delimiter without quotes: export it again"
    )


def _header(file: SourceFile, rows: Iterator[list[str]]) -> tuple[str, ...]:
    header = tuple(next(rows, []))
    if not any(name.strip() for name in header):
        raise InputProblems([Problem(file.name, "has no header in its first row")])
    return header


def _open(file: SourceFile) -> IO[bytes]:
    if file.path.suffix.lower() != ".gz":
        return file.path.open("rb")
    return _Capped(file, gzip.open(file.path, "rb"))


class _Capped(io.RawIOBase):
    """A decompressing stream that refuses to grow beyond what an honest export holds."""

    def __init__(self, file: SourceFile, stream: IO[bytes]) -> None:
        self._file, self._stream, self._read = file, stream, 0
        self._limit = max(2**28, min(MAX_BYTES, MAX_RATIO * file.path.stat().st_size))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, OSError):
            raise InputProblems(
                [Problem(self._file.name, "is not a whole gzip file; copy it again")]
            ) from None
        self._read += len(data)
        if self._read > self._limit:
            raise InputProblems(
                [Problem(self._file.name, "grows without bound when unpacked: refused")]
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _encoding(file: SourceFile) -> tuple[str, int]:
    """Byte order mark, then strict UTF-8, then cp1252; and how many bytes cp1252 lacks."""
    with _open(file) as stream:
        start = stream.read(4) or b""
    for mark, name in BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return name, 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    with io.BufferedReader(_open(file)) as stream:  # type: ignore[type-var]
        try:
            while chunk := stream.read(2**20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
            return "utf-8", 0
        except UnicodeDecodeError:
            pass
    undefined = bytes(b for b in range(256) if not _defined_in_cp1252(b))
    with io.BufferedReader(_open(file)) as stream:  # type: ignore[type-var]
        count = 0
        while chunk := stream.read(2**20):
            if b"\x00" in chunk:
                raise InputProblems([Problem(file.name, "is not a text file; export it as CSV")])
            count += sum(chunk.count(b) for b in undefined)
    return "cp1252", count


def _defined_in_cp1252(byte: int) -> bool:
    try:
        bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _text_rows(file: SourceFile, source: FileSource, encoding: str) -> Iterator[list[str]]:
    text = io.TextIOWrapper(
        io.BufferedReader(_open(file)),  # type: ignore[type-var]
        encoding=encoding,
        errors="replace" if encoding == "cp1252" else "strict",
        newline="",
    )
    with text:
        first = text.readline()
        declared = None
        if first.strip().lower().startswith("sep="):
            declared = first.strip()[4:5] or None
            first = text.readline()
        if source.delimiter == "whitespace":
            lines = (line for line in _prepend(first, text) if line.strip())
            yield from (line.split() for line in lines)
            return
        named = {"auto": declared, "tab": "\t"}.get(source.delimiter, source.delimiter)
        csv.field_size_limit(10**7)
        reader = csv.reader(_prepend(first, text), delimiter=named or _delimiter(first))
        try:
            yield from reader
        except (csv.Error, UnicodeError):
            raise InputProblems(
                [Problem(f"{file.name} line {reader.line_num}", "cannot be read as CSV text")]
            ) from None


def _prepend(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _delimiter(line: str) -> str:
    """The mark that cuts the header into most fields; a comma where none does."""
    return max(DELIMITERS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))


def _spreadsheet_rows(file: SourceFile, source: FileSource) -> Iterator[list[str]]:
    import openpyxl

    try:
        with zipfile.ZipFile(file.path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MAX_XLSX_BYTES or unpacked > 2**24 + MAX_RATIO * file.path.stat().st_size:
            raise InputProblems([Problem(file.name, "grows without bound when unpacked: refused")])
        book = openpyxl.load_workbook(file.path, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError):
        raise InputProblems([Problem(file.name, "is not a whole XLSX file; save it again")]) from None
    if source.sheet and source.sheet not in book.sheetnames:
        hint = nearest(source.sheet, book.sheetnames)
        raise InputProblems([Problem(file.name, f"has no sheet {source.sheet!r}{hint}")])
    sheet = book[source.sheet] if source.sheet else book.worksheets[0]
    sheet.reset_dimensions()
    width = 0
    for values in sheet.iter_rows(values_only=True):
        row = [_cell(value, source) for value in values]
        while row and not row[-1]:
            row.pop()
        width = width or len(row)
        if row:
            yield row + [""] * (width - len(row))


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
