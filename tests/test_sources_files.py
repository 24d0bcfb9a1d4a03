"""Files of a source: which are found, and how each form a shop exports becomes plain rows."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from templates_lib.params.source_files import FileSource
from templates_lib.problems import InputProblems
from templates_lib.sources import rows as source_rows
from templates_lib.sources.files import find_files, normalise

PLAIN = "order,amount\n1,10.00\n2,20.00\n"
ROWS = [(2, "1", "10.00"), (3, "2", "20.00")]


@pytest.fixture
def data(workspace: Path) -> Path:
    folder = workspace / "data" / "acme"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def plain(data: Path, tmp_path: Path):
    """Writes one file and reads it as plain rows: what was noted, the header and the rows."""

    def read(content: str | bytes, name: str = "x.csv", **declared: object):
        (data / name).write_bytes(content.encode() if isinstance(content, str) else content)
        source = FileSource(path=name, **declared)
        (file,) = find_files(source, data=data, key="sources.orders")
        noted = normalise(file, source, to=tmp_path / "plain.parquet")
        columns = pq.read_table(noted.path)
        assert columns.column_names == [
            "row_number_in_file",
            *(f"c{i}" for i in range(len(noted.header))),
        ]
        return noted, list(zip(*columns.to_pydict().values(), strict=True))

    return read


@pytest.fixture
def refused(plain):
    def refuse(*given: object, **declared: object) -> str:
        with pytest.raises(InputProblems) as raised:
            plain(*given, **declared)
        (problem,) = raised.value.problems
        return str(problem)

    return refuse


def workbook(*rows: list[object], sheet: str = "Sheet1", **more: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for name, content in {sheet: rows, **more}.items():
        page = book[name] if name in book.sheetnames else book.create_sheet(name)
        for row in content:
            page.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def found(data: Path, *patterns: str) -> list[str]:
    source = FileSource(path=list(patterns))
    return [file.name for file in find_files(source, data=data, key="sources.orders")]


def not_found(data: Path, *patterns: str) -> list[str]:
    with pytest.raises(InputProblems) as raised:
        found(data, *patterns)
    return [str(problem) for problem in raised.value.problems]


# Which files


def test_files_come_in_the_order_of_names_each_content_once(data):
    (data / "exports" / "older").mkdir(parents=True)
    (data / "exports" / "b.csv").write_text(PLAIN)
    (data / "exports" / "a.csv").write_text(PLAIN.replace("1", "7"))
    (data / "exports" / "older" / "copy of b.csv").write_text(PLAIN)
    assert found(data, "exports/*.csv") == ["exports/a.csv", "exports/b.csv"]
    assert found(data, "exports/**/*.csv", "exports/b.csv") == ["exports/a.csv", "exports/b.csv"]


def test_hidden_files_and_locks_of_open_workbooks_are_no_exports(data):
    for name in (".orders.xlsx", "._orders.xlsx", "~$orders.xlsx", "orders.xlsx"):
        (data / name).write_text(name)
    assert found(data, "*.xlsx") == ["orders.xlsx"]


def test_a_pattern_without_a_file_says_what_is_there(data):
    (data / "exports").mkdir()
    assert not_found(data, "exports/orders*.csv") == [
        "sources.orders.path 'exports/orders*.csv': matches no file: no 'orders*.csv' in "
        "data/acme/exports; the folder is empty"
    ]
    (data / "exports" / "orders.csv").write_text(PLAIN)
    lines = not_found(data, "exports/order.csv", "export/orders.csv", "x.csv")
    assert [line.partition("matches no file: ")[2] for line in lines] == [
        "no 'order.csv' in data/acme/exports; did you mean 'orders.csv'?",
        "no 'export' in data/acme; did you mean 'exports'?",
        "no 'x.csv' in data/acme; known: exports",
    ]


def test_a_client_without_a_folder(workspace):
    (line,) = not_found(workspace / "data" / "acme", "exports/orders.csv")
    assert line.endswith("matches no file: there is no folder data/acme")


def test_example_data_that_are_not_installed(data, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (line,) = not_found(data, "package:lifetimes/datasets/x.txt")
    assert line.endswith("the example data are not installed; run `make env`")


def test_links_out_of_the_clients_folder_are_refused(data):
    secret = data.parent / "other" / "orders.csv"
    secret.parent.mkdir()
    secret.write_text(PLAIN)
    (data / "orders.csv").symlink_to(secret)
    (data / "exports").symlink_to(secret.parent)
    expected = "is a link that leads out of the folder; put the file itself there"
    assert not_found(data, "orders.csv", "exports/*.csv") == [
        f"orders.csv: {expected}",
        f"exports/orders.csv: {expected}",
    ]


def test_all_that_cannot_be_opened_is_told_at_once(data):
    (data / "a.csv").write_bytes(b"")
    (data / "b.csv").mkdir()
    (data / "c.csv").symlink_to("c.csv")
    os.mkfifo(data / "d.csv")
    assert not_found(data, "*.csv", "e.csv") == [
        "a.csv: is empty (0 bytes); export it again",
        "b.csv: is not a file",
        "c.csv: is not a file",
        "d.csv: is not a file",
        "sources.orders.path 'e.csv': matches no file: no 'e.csv' in data/acme; "
        "did you mean 'd.csv'?",
    ]


def test_a_file_over_the_cap_is_refused(data, monkeypatch):
    (data / "a.csv").write_text(PLAIN)
    monkeypatch.setattr("templates_lib.sources.files.MAX_BYTES", 10)
    assert not_found(data, "a.csv") == ["a.csv: is over 50 GB; use connection to read a warehouse"]


# Text


@pytest.mark.parametrize(
    ("encoding", "noted"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("cp1252", "cp1252"),
     ("utf-16-be", "utf-16"), ("utf-32", "utf-32")],
)  # fmt: skip
def test_encodings(plain, encoding, noted):
    text = "tilaus\thinta €\n1\tÄäkkönen\n"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    read, rows = plain((mark + text).encode(encoding))
    assert read.header == ("tilaus", "hinta €")
    assert rows == [(2, "1", "Ääkkönen")]
    assert (read.encoding, read.undefined_bytes) == (noted, 0)


def test_bytes_that_cp1252_lacks_are_counted(plain):
    read, rows = plain(b"a,b\n\x80,\x81\xe4\x9d\n")
    assert rows == [(2, "€", "\ufffdä\ufffd")]
    assert (read.encoding, read.undefined_bytes) == ("cp1252", 2)


def test_utf_8_cut_between_two_bytes_of_a_letter_is_not_utf_8(plain):
    read, rows = plain("a\nx\nä".encode()[:-1])
    assert (read.encoding, rows[-1]) == ("cp1252", (3, "Ã"))


def test_a_letter_over_the_border_of_two_reads(plain):
    text = "a\n" + "x" * (2**20 - 3) + "ä\n"
    assert plain(text)[0].encoding == "utf-8"


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_of_the_header(plain, mark):
    text = f'order{mark}name{mark}amount\n1{mark}"a, b; c | d"{mark}1\n'
    assert plain(text)[1] == [(2, "1", "a, b; c | d", "1")]


@pytest.mark.parametrize("line", ["sep=;", "SEP=;\r", "\ufeffsep=;"])
def test_a_line_that_names_the_delimiter_is_read_over(plain, line):
    read, rows = plain(f"{line}\na,b;c\n1,5;2\n")
    assert (read.header, rows) == (("a,b", "c"), [(2, "1,5", "2")])


def test_a_tab_can_be_named_so(plain):
    assert plain("sep=\t\na,b\tc\n1,5\t2\n")[1] == [(2, "1,5", "2")]


def test_a_declared_delimiter_is_taken(plain):
    assert plain("a,b;c\n1,5;2\n", delimiter=";")[1] == [(2, "1,5", "2")]
    assert plain("a,b\tc\n1,5\t2\n", delimiter="tab")[1] == [(2, "1,5", "2")]


def test_the_decimal_mark_is_not_the_delimiter_of_a_file_without_a_header(plain):
    declared = {"header": ["a", "b", "c"], "decimal": ","}
    assert plain("1,5;2,5;3,0\n4;5,0;6\n", **declared)[1] == [
        (1, "1,5", "2,5", "3,0"),
        (2, "4", "5,0", "6"),
    ]


def test_columns_set_by_blanks(plain):
    text = "\n 00004  1 19970101  2   29.33\n 00004  1 19970118  2   29.73\n"
    header = ["id", "part", "date", "cds", "dollars"]
    assert plain(text, "x.txt", delimiter="whitespace", header=header)[1] == [
        (2, "00004", "1", "19970101", "2", "29.33"),
        (3, "00004", "1", "19970118", "2", "29.73"),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quotes_and_line_ends_within_a_text(plain, end):
    text = f'a,b{end}"x ""y"" z","one{end}two"{end}NA,{end}'
    assert plain(text)[1] == [(2, 'x "y" z', f"one{end}two"), (3, "NA", "")]


def test_many_texts_with_line_ends_stay_whole(plain):
    # DuckDB 2.0 splits such a file between its threads and stops within a quoted text.
    cells = ['"a ""q"" \n' + "x\r\n" * (n % 3) + 'y,"' for n in range(60_000)]
    read, rows = plain("n,t\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
    assert len(rows) == 60_000
    assert rows[-1] == (60_001, "59999", 'a "q" \n' + "x\r\n" * (59_999 % 3) + "y,")
    assert sum(len(row[2]) for row in rows) == sum(len(cell) - 4 for cell in cells)


def test_blank_rows_are_left_out_and_counted(plain):
    assert plain("\n\na,b\n1,x\n\n,\n2,y\n\n")[1] == [(4, "1", "x"), (7, "2", "y")]


def test_empty_fields_beyond_the_header_are_left_out(plain):
    assert plain("a;b\n1;x;\n2;y; ;\n")[1] == [(2, "1", "x"), (3, "2", "y")]


def test_ragged_rows_are_refused_by_their_numbers(refused):
    text = "a,b\n1,x\n2\n3,y,z\n\n4,w\n" + "5,v,u\n" * 4
    assert refused(text) == (
        "x.csv: row 3, 4, 7, 8, 9 …: not 2 fields as in the header (6 rows); the file is cut off, "
        "or a text holds the delimiter without quotes: export it again"
    )


@pytest.mark.parametrize(
    ("text", "line"), [('a,b\n1,x\n2,"y\n3,z\n', 3), ('a,b\n1,"x" y\n2,z\n', 2), ('"a,b\n1,x\n', 1)]
)
def test_a_quotation_mark_that_swallows_rows_is_refused(refused, text, line):
    assert refused(text).startswith(f"x.csv line {line}: a quotation mark is not closed")


def test_a_line_without_an_end_is_refused(refused, monkeypatch):
    monkeypatch.setattr(source_rows, "MAX_LINE", 1000)
    assert "x.csv line 2: a quotation mark" in refused('a,b\n1,"' + "x\n" * 1000)
    assert "x.csv line 3: a quotation mark" in refused("a,b\n1," + "x" * 2000)


@pytest.mark.parametrize(
    ("content", "name", "expected"),
    [
        ("\n \n", "x.csv", "has no header and no rows; export it again"),
        (b"\xef\xbb\xbf", "x.csv", "has no header and no rows; export it again"),
        (b"a,b\n1,\x00\n", "x.csv", "is not a text file; export it as CSV"),
        ("a,b\n1,ä\n".encode("utf-16-le"), "x.csv", "is not a text file; export it as CSV"),
        (b"\xff\xfea\x00,\x00\n\x00\x00\xd8", "x.csv", "is not whole utf-16 text"),
        (
            b"\xef\xbb\xbfa\n\xff\n",
            "x.csv",
            "is not whole utf-8-sig text; export it again as UTF-8",
        ),
        (b"PK\x03\x04\x00", "x.csv", "is not a text file; export it as CSV"),
        (b"PAR1\x00", "x.csv", "is not a text file; export it as CSV"),
        (PLAIN, "x.csv.gz", "is not a whole packed file; copy it again"),
        (gzip.compress(PLAIN.encode() * 99)[:-20], "x.csv.gz", "is not a whole packed file"),
        (
            gzip.compress(PLAIN.encode())[:12] + b"\xff" * 9,
            "x.csv.gz",
            "is not a whole packed file",
        ),
        (gzip.compress(b""), "x.csv.gz", "has no header and no rows"),
        ("{}", "x.json", "has no header and no rows; export it again"),
        ("{", "x.json", "is not whole JSON; export it again"),
        ("x", "x.pdf", "is not read in this form; save it as CSV or XLSX"),
        (b"\xd0\xcf\x11\xe0", "x.XLS", "is not read in this form; save it as CSV or XLSX"),
        (PLAIN, "x.xlsx", "is not a whole XLSX file, or has a password; save it again"),
        (b"PK\x03\x04", "x.xlsx", "is not a whole XLSX file, or has a password"),
        (workbook(["a"], [1])[:-99], "x.xlsx", "is not a whole XLSX file, or has a password"),
        (workbook(), "x.xlsx", "has no header and no rows; export it again"),
    ],
    ids=lambda value: "bytes" if isinstance(value, bytes) else None,
)
def test_what_is_no_whole_file_is_refused(refused, content, name, expected):
    assert f"{name}: {expected}" in refused(content, name)


def test_a_gzip_file_is_read(plain):
    assert plain(gzip.compress(PLAIN.encode()), "x.csv.GZ")[1] == ROWS
    two = gzip.compress(PLAIN[:20].encode()) + gzip.compress(PLAIN[20:].encode())
    assert plain(two, "x.csv.gz")[1] == ROWS


def test_a_gzip_bomb_is_refused(refused):
    with io.BytesIO() as packed:
        with gzip.open(packed, "wb") as stream:
            for _ in range(2**28 // 2**22 + 1):
                stream.write(b"a,b\n" * 2**20)
        content = packed.getvalue()
    assert len(content) < 2**21
    assert refused(content, "x.csv.gz") == "x.csv.gz: grows without bound when unpacked: refused"


# Sheets


def test_a_sheet_is_read_in_the_declared_marks(plain):
    content = workbook(
        ["order", "when", "amount", "note"],
        [1, datetime(2026, 5, 1, 10, 30), 1234.5, None],
        [2.0, date(2026, 5, 2), 10, "NA"],
        [],
        ["00100", "3.5.2026 9.05", "1 234,50", True],
    )
    declared = {"decimal": ",", "date_format": "%d.%m.%Y %H.%M"}
    assert plain(content, "x.xlsx", **declared)[1] == [
        (2, "1", "01.05.2026 10.30", "1234,5", ""),
        (3, "2", "02.05.2026 00.00", "10", "NA"),
        (5, "00100", "3.5.2026 9.05", "1 234,50", "True"),
    ]
    assert plain(content, "x.xlsx")[1][:2] == [
        (2, "1", "2026-05-01 10:30:00", "1234.5", ""),
        (3, "2", "2026-05-02 00:00:00", "10", "NA"),
    ]


def test_numbers_of_a_sheet_are_written_out(plain):
    content = workbook(["a", "b", "c"], [1e-7, 123456789012, time(9, 5)])
    assert plain(content, "x.xlsx")[1] == [(2, "0.0000001", "123456789012", "09:05:00")]


def test_a_named_sheet(plain, refused):
    content = workbook(["about"], ["x"], sheet="Info", Orders=[["order"], [7]])
    assert plain(content, "x.xlsx", sheet="Orders")[1] == [(2, "7")]
    assert plain(content, "x.xlsx")[0].header == ("about",)
    assert refused(content, "x.xlsx", sheet="orders ") == (
        "x.xlsx: has no sheet 'orders '; did you mean 'Orders'?"
    )


def test_rows_of_a_sheet_that_end_early_are_filled(plain, refused):
    content = workbook([None, None], ["a", "b", "c"], [1], [None, None, 3], [4, 5, 6, " "])
    assert plain(content, "x.xlsx")[1] == [
        (3, "1", "", ""),
        (4, "", "", "3"),
        (5, "4", "5", "6"),
    ]
    assert plain(content, "x.xlsx", header=["a", "b", "c"])[1][0] == (2, "a", "b", "c")
    assert "row 2: not 1 fields as in the header (1 rows)" in refused(
        workbook(["a"], [1, 2]), "x.xlsx"
    )


def test_a_formula_is_read_as_its_last_value_only(plain):
    assert plain(workbook(["a", "b"], ["=1+1", "x"]), "x.xlsx")[1] == [(2, "", "x")]


def repacked(content: bytes, **changed: bytes) -> bytes:
    """A workbook with some of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for member in old.namelist():
            key = Path(member).stem
            new.writestr(member, changed.get(key, old.read(member)))
    return out.getvalue()


def test_a_zip_bomb_is_refused(refused):
    bomb = repacked(workbook(["a"], [1]), styles=b" " * 2**26)
    assert len(bomb) < 2**17
    assert refused(bomb, "x.xlsx") == "x.xlsx: grows without bound when unpacked: refused"


def test_entities_in_a_workbook_are_refused(refused):
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]><worksheet>&a;</worksheet>'
    bomb = repacked(workbook(["a"], [1]), sheet1=laughs)
    assert "is not a whole XLSX file" in refused(bomb, "x.xlsx")


def test_a_workbook_that_breaks_off_within_its_rows_is_refused(refused):
    with zipfile.ZipFile(io.BytesIO(workbook(["a"], *([n] for n in range(99))))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    broken = repacked(workbook(["a"], [1]), sheet1=sheet[: len(sheet) // 2])
    assert "is not a whole XLSX file" in refused(broken, "x.xlsx")
