"""Sheets for two coders: blind, the same again, never written over, and read back with care."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from templates_lib.coding.agreement import agreement
from templates_lib.coding.codebook import OWN_FILE, read_codebook
from templates_lib.coding.marks import coding_folder, own_codes, read_sheets
from templates_lib.coding.sheets import SIZE, draw, make_sheets, write_sheets
from templates_lib.problems import InputProblems
from templates_lib.workspace import ClientFolders

BOOK = """
codes:
  - {code: price, description: {en: What it costs, fi: Mitä se maksaa}, examples: ["=1+1"]}
  - {code: taste, description: How it tastes}
"""
HOSTILE = (
    "=HYPERLINK(\"http://x.example\",\"click\")",
    "+358 40 is masked elsewhere",
    "@SUM(A1)",
    "-1",
    "<script>alert(1)</script>",
    "http://x.example/",
    "two\r\nlines\tand\x00more\x0b",
    "_x0041_ as Excel writes it",
    "**bold** | $x$",
    "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
    "x" * 40_000,
    "  blanks  around  ",
)  # fmt: skip


@pytest.fixture
def folders(workspace):
    (workspace / "data" / "acme").mkdir(parents=True)
    return ClientFolders("acme")


@pytest.fixture
def book(folders):
    (folders.data / OWN_FILE).write_text(BOOK, encoding="utf-8")
    return read_codebook(folders.data / OWN_FILE)


def answers(n: int, *, start: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "survey": "nps",
            "response_id": [f"r{i:04}" for i in range(start, start + n)],
            "question": "reason",
            "text": [f"Answer {i}" for i in range(start, start + n)],
            "value": range(n),
            "answered_at": pd.date_range("2026-01-01", periods=n),
        }
    )


def sheet(folders, coder: str, part: str = "") -> Path:
    return coding_folder(folders) / f"nps_reason_{coder}{part}.xlsx"


def column(page, name: str) -> int:
    (found,) = [cell.column for cell in page[1] if cell.value == name]
    return found


def fill(file: Path, marks: Mapping[str, Mapping[str, object]]) -> None:
    """Writes marks into a sheet, by response and column."""
    made = openpyxl.load_workbook(file)
    page = made["coding"]
    for row in page.iter_rows(min_row=2):
        for name, value in marks.get(row[0].value, {}).items():
            page.cell(row[0].row, column(page, name)).value = value
    made.save(file)


def change(file: Path, **cells: object) -> None:
    """Changes cells of the coding page by address."""
    made = openpyxl.load_workbook(file)
    for address, value in cells.items():
        made["coding"][address] = value
    made.save(file)


def problems(folders, book) -> list[str]:
    with pytest.raises(InputProblems) as raised:
        read_sheets(folders, book)
    return [str(problem) for problem in raised.value.problems]


# Writing


def test_two_blind_workbooks(folders, book):
    given = answers(300)
    outcome = write_sheets(given, book, folders)
    assert [one.file.name for one in outcome] == ["nps_reason_A.xlsx", "nps_reason_B.xlsx"]
    orders = []
    for one in outcome:
        made = openpyxl.load_workbook(one.file)
        assert made.sheetnames == ["coding", "codebook", "about", "drawn"]
        assert made["drawn"].sheet_state == "veryHidden"
        page = made["coding"]
        header = [cell.value for cell in page[1]]
        assert header == ["response_id", "text", "price", "taste", "none", "own_code"]
        rows = list(page.iter_rows(min_row=2, values_only=True))
        assert len(rows) == SIZE >= 100
        assert all(value is None for row in rows for value in row[2:]), "nothing is suggested"
        assert {(row[0], row[1]) for row in rows} <= set(
            zip(given["response_id"], given["text"], strict=True)
        )
        (validation,) = page.data_validations.dataValidation
        assert (validation.type, validation.formula1) == ("list", '"1"')
        assert str(validation.sqref) == f"C2:E{SIZE + 1}"
        orders.append([row[0] for row in rows])
    first, second = orders
    assert set(first) == set(second)
    assert first != second, "each in an order of its own"
    assert first != sorted(first) and first != sorted(first, reverse=True)


def test_no_score_or_date_is_in_the_file(folders, book):
    given = answers(30).assign(value=987_654, option="detractor")
    for one in write_sheets(given, book, folders):
        with zipfile.ZipFile(one.file) as packed:
            whole = b"".join(packed.read(name) for name in packed.namelist()).decode()
        for word in ("987654", "detractor", "2026-01", "46023"):
            assert word not in whole


def test_all_answers_when_there_are_few(folders, book):
    (one, _) = write_sheets(answers(30), book, folders)
    assert one.answers == 30


def test_the_same_again_is_the_same_file_whatever_the_order_of_rows(folders, book):
    given = answers(200)
    write_sheets(given, book, folders)
    before = {f.name: f.read_bytes() for f in coding_folder(folders).iterdir()}
    write_sheets(given.iloc[::-1], book, folders)
    assert {f.name: f.read_bytes() for f in coding_folder(folders).iterdir()} == before


def test_texts_are_text_and_come_back_as_they_were(folders, book):
    given = answers(len(HOSTILE)).assign(text=HOSTILE)
    for one in write_sheets(given, book, folders):
        made = openpyxl.load_workbook(one.file)
        for page in made:
            for row in page.iter_rows():
                for cell in row:
                    assert cell.data_type != "f"
                    assert cell.hyperlink is None
        texts = {row[0]: row[1] for row in made["coding"].iter_rows(min_row=2, values_only=True)}
        for place in (0, 1, 2, 3, 4, 5, 8):
            assert texts[f"r{place:04}"] == HOSTILE[place]
    fill(sheet(folders, "A"), {f"r{i:04}": {"price": 1} for i in range(len(HOSTILE))})
    assert len(read_sheets(folders, book)) == 2 * len(HOSTILE)


def test_a_sheet_that_is_begun_is_never_written_over(folders, book):
    write_sheets(answers(300), book, folders)
    fill(sheet(folders, "A"), {"r0000": {"price": 1}, "r0001": {"own_code": "colour"}})
    drawn = openpyxl.load_workbook(sheet(folders, "A"))["coding"]["A"]
    fill(sheet(folders, "A"), {drawn[1].value: {"none": 1}})
    before = {f.name: f.read_bytes() for f in coding_folder(folders).iterdir()}
    outcome = write_sheets(answers(300), book, folders)
    assert [one.is_new for one in outcome] == [False, False]
    assert {f.name: f.read_bytes() for f in coding_folder(folders).iterdir()} == before


def test_new_answers_go_into_a_next_sheet_in_the_same_share(folders, book):
    write_sheets(answers(1000), book, folders)
    page = openpyxl.load_workbook(sheet(folders, "B"))["coding"]
    fill(sheet(folders, "B"), {page["A2"].value: {"price": 1}})
    outcome = write_sheets(answers(2000), book, folders)
    names = [one.file.name for one in outcome if one.is_new]
    assert names == ["nps_reason_A_2.xlsx", "nps_reason_B_2.xlsx"]
    first, second = (
        {row[0] for row in openpyxl.load_workbook(sheet(folders, "A", part))["coding"].iter_rows(
            min_row=2, values_only=True)}
        for part in ("", "_2")
    )  # fmt: skip
    assert not first & second
    assert all(one >= "r1000" for one in second), "only answers that came since"
    assert 80 <= len(second) <= SIZE
    again = write_sheets(answers(2000), book, folders)
    assert [one.file.name for one in again if one.is_new] == names, "as long as nobody began it"


def test_a_missing_second_sheet_is_written_with_the_same_answers(folders, book):
    write_sheets(answers(300), book, folders)
    page = openpyxl.load_workbook(sheet(folders, "A"))["coding"]
    fill(sheet(folders, "A"), {page["A2"].value: {"price": 1}})
    expected = sheet(folders, "B").read_bytes()
    sheet(folders, "B").unlink()
    write_sheets(answers(300), book, folders)
    assert sheet(folders, "B").read_bytes() == expected


def test_the_draw_takes_the_smallest_of_what_is_new():
    texts = {f"r{i}": "x" for i in range(500)}
    about = {"survey": "nps", "question": "reason"}
    first = draw(texts, about, [])
    assert len(first) == SIZE == len(set(first))
    assert draw(texts, about, [set(first)]) == [], "what was not drawn then is not drawn later"
    assert draw(dict.fromkeys(reversed(texts), "x"), about, []) == first
    assert draw(texts, {**about, "question": "why"}, []) != first
    few = {f"r{i}": "x" for i in range(40)}
    then = draw(texts, about, [set(few)])
    assert len(then) <= SIZE and not set(then) & set(few)


def test_names_of_files_are_safe(folders, book):
    given = answers(3).assign(question="../../Miksi? ☂")
    names = [one.file.name for one in write_sheets(given, book, folders)]
    assert all(
        one.file.parent == coding_folder(folders) for one in write_sheets(given, book, folders)
    )
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_.AB") for name in names)


def test_a_folder_that_leads_elsewhere_is_refused(folders, book, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    coding_folder(folders).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputProblems, match="leads out of the client's folder"):
        write_sheets(answers(3), book, folders)
    assert not list((tmp_path / "elsewhere").iterdir())


# Reading back


def test_a_half_filled_sheet_by_hand(folders, book):
    write_sheets(answers(5), book, folders)
    assert read_sheets(folders, book).empty
    fill(sheet(folders, "A"), {
        "r0000": {"price": 1, "taste": "1"},
        "r0001": {"none": 1},
        "r0002": {"own_code": " colour "},
        "r0003": {"price": " ", "none": ""},
    })  # fmt: skip
    made = read_sheets(folders, book)
    assert list(made.columns) == [
        "survey",
        "response_id",
        "question",
        "coder",
        "code",
        "value",
        "drawn",
    ]
    assert made[["response_id", "code", "value"]].to_numpy().tolist() == [
        ["r0000", "price", 1], ["r0000", "taste", 1],
        ["r0001", "price", 0], ["r0001", "taste", 0],
        ["r0002", "price", 0], ["r0002", "taste", 0],
    ]  # fmt: skip
    assert set(made["coder"]) == {"A"} and set(made["drawn"]) == {5}
    assert own_codes(folders)[["own_code", "times"]].to_numpy().tolist() == [["colour", 1]]
    assert read_sheets(folders, book, survey="purchase").empty


def test_a_code_that_came_later_was_not_asked(folders, book):
    write_sheets(answers(5), book, folders)
    fill(sheet(folders, "A"), {"r0000": {"price": 1}})
    (folders.data / OWN_FILE).write_text(BOOK + "  - {code: gift, description: x}\n", "utf-8")
    longer = read_codebook(folders.data / OWN_FILE)
    assert set(read_sheets(folders, longer)["code"]) == {"price", "taste"}


def test_everything_wrong_is_told_at_once_with_its_cell(folders, book):
    write_sheets(answers(9), book, folders)
    file = sheet(folders, "A")
    page = openpyxl.load_workbook(file)["coding"]
    change(file, A2="r9999", A4=page["A3"].value, B5="Secret other text", C6=2, D6="=1", C7=1, E7=1,
           C8=1)  # fmt: skip
    change(sheet(folders, "B"), C1="prise", G3="a remark", C2=1)
    found = problems(folders, book)
    assert [line.partition(": ")[0].partition(" ")[2] for line in found] == [
        "coding!2", "coding!4", "coding!5", "coding!C6", "coding!D6", "coding!7", "coding",
        "coding!C1", "coding!G1",
    ]  # fmt: skip
    told = "\n".join(found)
    assert "data/acme/coding/nps_reason_A.xlsx coding!2: the response_id is none of those" in told
    assert "the response_id stands twice" in told
    assert "was a part of the columns sorted or changed?" in told
    assert "expected 1, or an empty cell" in told
    assert "has a code and 'none'; keep one of the two" in told
    assert "2 of the answers drawn are gone" in told
    assert "'prise' is no code of the codebook; did you mean 'price'?" in told
    assert "a column without a heading holds something" in told
    assert "Secret" not in told and "remark" not in told


def test_a_text_column_sorted_by_itself_is_noticed(folders, book):
    write_sheets(answers(4), book, folders)
    file = sheet(folders, "A")
    page = openpyxl.load_workbook(file)["coding"]
    change(file, B2=page["B3"].value, B3=page["B2"].value, C2=1)
    assert len([line for line in problems(folders, book) if "sorted" in line]) == 2


def test_whole_rows_may_be_sorted(folders, book):
    write_sheets(answers(4), book, folders)
    file = sheet(folders, "A")
    page = openpyxl.load_workbook(file)["coding"]
    change(file, A2=page["A3"].value, B2=page["B3"].value, A3=page["A2"].value,
           B3=page["B2"].value, C2=1)  # fmt: skip
    (done,) = set(read_sheets(folders, book)["response_id"])
    assert done == page["A3"].value


def test_other_files_and_copies_are_told(folders, book):
    write_sheets(answers(4), book, folders)
    folder = coding_folder(folders)
    shutil.copy(sheet(folders, "A"), folder / "nps_reason_A (1).xlsx")
    (folder / "broken.xlsx").write_bytes(b"PK nothing")
    (folder / "~$nps_reason_A.xlsx").write_bytes(b"Excel's lock")
    openpyxl.Workbook().save(folder / "budget.xlsx")
    told = "\n".join(problems(folders, book))
    assert "broken.xlsx: is not a whole XLSX workbook" in told
    assert "budget.xlsx: is no coding sheet (no coding, about, drawn)" in told
    assert "nps_reason_A.xlsx: is the same sheet as nps_reason_A (1).xlsx" in told
    assert told.count("\n") == 2


def test_a_bomb_is_not_unpacked(folders, book):
    write_sheets(answers(4), book, folders)
    with zipfile.ZipFile(coding_folder(folders) / "z.xlsx", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    (told,) = problems(folders, book)
    assert "z.xlsx: is too large for a coding sheet" in told


# Agreement


def coding(values: Mapping[str, Mapping[str, list[int | None]]], *, drawn: int) -> pd.DataFrame:
    """Marks by coder and code, one an answer."""
    rows = [
        ("nps", f"r{i:04}", "reason", coder, code, value, drawn)
        for coder, codes in values.items()
        for code, marks in codes.items()
        for i, value in enumerate(marks)
        if value is not None
    ]
    names = ["survey", "response_id", "question", "coder", "code", "value", "drawn"]
    return pd.DataFrame(rows, columns=names)


def test_agreement_and_what_it_permits():
    n = 120
    first = [1] * 40 + [0] * 80
    few = [1] * 38 + [0] * 82
    some = [1] * 28 + [0] * 12 + [1] * 2 + [0] * 78
    none = [0, 1] * 60
    made = agreement(
        coding({
            "A": {"firm": first, "some": first, "bad": first, "never": [0] * n, "one": first},
            "B": {"firm": few, "some": some, "bad": none, "never": [0] * n},
        }, drawn=n),
        draws=200,
    ).set_index("code")  # fmt: skip
    # by hand: 2 of 120 answers differ, 78 of the 240 marks are 1: 1 − 4·239 / (2·78·162)
    assert made.loc["firm", "alpha"] == pytest.approx(1 - 956 / 25272, abs=1e-12)
    assert made["status"].to_dict() == {
        "firm": "firm", "some": "tentative", "bad": "suppressed", "never": "unvaried",
        "one": "provisional",
    }  # fmt: skip
    assert made.loc["firm", ["n", "n_used", "coders"]].tolist() == [120, 40, 2]
    assert made.loc["one", ["n", "coders"]].tolist() == [0, 1]
    assert made.loc["firm", "low"] <= made.loc["firm", "alpha"] <= made.loc["firm", "high"]


def test_a_half_coded_draw_is_provisional_and_a_small_whole_one_is_not():
    marks = {"A": {"x": [1, 0] * 20}, "B": {"x": [1, 0] * 20}}
    assert agreement(coding(marks, drawn=120), draws=50)["status"].tolist() == ["provisional"]
    assert agreement(coding(marks, drawn=40), draws=50)["status"].tolist() == ["firm"]


def test_an_answer_coded_once_says_nothing_of_agreement():
    marks = {"A": {"x": [1, 0] * 50 + [1] * 20}, "B": {"x": [1, 0] * 50 + [None] * 20}}
    (row,) = agreement(coding(marks, drawn=120), draws=50).itertuples()
    assert (row.n, row.n_used, row.alpha) == (100, 50, 1)


# The command


SURVEY = """
client: {name: Acme Oy, language: fi}
as_of: 2026-06-30
sources:
  responses:
    survey: nps
    path: exports/nps.csv
    columns: {response_id: id, answered_at: when}
    score: Score
    open: {reason: Why}
"""


def test_make_coding_writes_masked_texts_and_tells_what_is_coded(make_client, capsys):
    from templates_lib.cli import main

    rows = [f"{i},2026-04-05 10:00,9,Hyvä hinta ja nopea toimitus {i}" for i in range(20)]
    rows.append("20,2026-04-05 10:00,1,Hinta! Soita 040 123 4567 tai liisa@shop.example")
    make_client(SURVEY, {"nps.csv": "\n".join(["id,when,Score,Why", *rows])})
    assert main(["coding", "acme"]) == 0
    said = capsys.readouterr().out
    assert "Codebook: the starter for web shops, 20 codes" in said
    assert "nps reason: 21 answers with a text, 21 coded by terms" in said
    assert "data/acme/coding/nps_reason_B.xlsx: 21 answers, to be coded" in said
    folders = ClientFolders("acme")
    page = openpyxl.load_workbook(sheet(folders, "A"))["coding"]
    texts = [row[1] for row in page.iter_rows(min_row=2, values_only=True)]
    (masked,) = [text for text in texts if "Soita" in text]
    assert "123" not in masked and "liisa" not in masked
    done = {row[0]: {"price": 1} for row in page.iter_rows(min_row=2, values_only=True)}
    for coder in "AB":
        fill(sheet(folders, coder), done)
    assert main(["coding", "acme"]) == 0
    said = capsys.readouterr().out
    assert "nps_reason_A.xlsx: 21 answers, begun, kept as it is" in said
    assert "nps reason: coded of 21: A 21, B 21" in said
    assert "unvaried: " in said


def test_make_coding_without_open_answers_says_so(make_client, capsys):
    from templates_lib.cli import main

    make_client(exports={"orders.csv": "order,customer,when,amount\n1,a,2026-01-01,10\n"})
    assert main(["coding", "acme"]) == 2
    assert "sources.responses: has no open question with an answer" in capsys.readouterr().err


OPEN = """
client: {name: Acme}
as_of: 2026-01-31
sources:
  responses:
    {format: table, survey: nps, path: exports/s.csv, columns: {answered_at: at}, score: score,
     open: {reason: why}}
"""


def test_the_command_tells_the_codes_that_coders_made_up(make_client, book, folders):
    rows = "".join(f"2026-01-{day:02},9,Answer {day}\n" for day in range(1, 31))
    client = make_client(OPEN, {"s.csv": "at,score,why\n" + rows})
    first = make_sheets(client)
    assert sum("30 answers, to be coded" in line for line in first) == 2
    page = openpyxl.load_workbook(sheet(folders, "A"))["coding"]
    ids = [page.cell(row, column(page, "response_id")).value for row in (2, 3, 4)]
    fill(sheet(folders, "A"), {i: {"own_code": "colour"} for i in ids[:2]})
    fill(sheet(folders, "A"), {ids[2]: {"price": 1}})
    again = make_sheets(client)
    assert sum("30 answers, begun, kept as it is" in line for line in again) == 2
    assert "nps reason: coded of 30: A 3" in again
    assert again[-1] == "nps reason: codes of the coders' own, not in the codebook: colour (2)"
