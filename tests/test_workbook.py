"""The workbook: every table on a sheet, its numbers those of the CSV files, and no formula."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import small_shop
from small_shop import CATEGORIES, NAME, PRODUCTS, report_of

from templates_lib.params.file import load_params
from templates_lib.report.tables import read_table
from templates_lib.report.workbook import workbook

HEADINGS = 4  # title, note, definitions, names


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    return report_of(small_shop.published(tmp_path_factory.getbasetemp())[0])


@pytest.fixture(scope="module")
def book(report) -> openpyxl.Workbook:
    return openpyxl.load_workbook(report / "send" / "tables.xlsx")


@pytest.fixture(scope="module")
def about(report) -> dict:
    return json.loads((report / "internal" / "tables.json").read_text(encoding="utf-8"))


def sent(about: dict) -> list[str]:
    return [name for name, one in about.items() if one["send"]]


def test_a_sheet_a_table_and_the_contents(book, about):
    names = [f"{number} {name.partition('__')[2]}" for number, name in enumerate(sent(about), 1)]
    assert book.sheetnames == ["Contents", *[name[:31] for name in names]]
    contents = book["Contents"]
    assert [cell.value for cell in contents[1]] == ["Sheet", "Chapter", "Table", "Rows"]
    rows = list(contents.iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in rows] == book.sheetnames[1:]
    assert [row[2] for row in rows] == [about[name]["title"] for name in sent(about)]
    assert all(cell.hyperlink.location for (cell,) in contents["A2:A5"])
    assert book.properties.title == NAME


def test_lists_of_single_customers_are_not_in_it(book, about):
    assert not about["repeat_purchase__overdue_customers"]["send"]
    assert not any("overdue_cust" in name for name in book.sheetnames)


def test_no_cell_is_a_formula(book):
    texts = set()
    for sheet in book:
        for cell in (cell for row in sheet.iter_rows() for cell in row):
            assert cell.data_type != "f", (sheet.title, cell.coordinate)
            if isinstance(cell.value, str):
                texts.add(cell.value)
    assert "=1+1" in texts, "the category that looks like a formula is there, as text"
    assert {PRODUCTS[0], PRODUCTS[1]} <= texts


def test_nothing_in_the_file_reaches_out(report):
    with zipfile.ZipFile(report / "send" / "tables.xlsx") as archive:
        names = archive.namelist()
        assert not [n for n in names if "vba" in n.lower() or "external" in n.lower()]
        for name in names:
            text = archive.read(name).decode("utf-8")
            assert "<f>" not in text and "<f " not in text, name
            assert 'TargetMode="External"' not in text, name


def test_the_header_stays_and_filters(book, about):
    for name, sheet in zip(sent(about), book.worksheets[1:], strict=True):
        assert sheet.freeze_panes == f"A{HEADINGS + 1}"
        assert sheet["A1"].value == about[name]["title"]
        if sheet.max_row > HEADINGS:
            assert sheet.auto_filter.ref.startswith(f"A{HEADINGS}:")
            assert sheet.auto_filter.ref.endswith(str(sheet.max_row))


def test_every_value_is_that_of_the_csv_file(book, about, report):
    for name, sheet in zip(sent(about), book.worksheets[1:], strict=True):
        file = report / "internal" / "tables" / f"{name}.csv"
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
        rows = list(sheet.iter_rows(min_row=HEADINGS, values_only=True))
        assert list(rows[0][: len(frame.columns)]) == list(frame.columns)
        assert len(rows) - 1 == len(frame), name
        for row, expected in zip(rows[1:], frame.itertuples(index=False), strict=True):
            for value, text in zip(row, expected, strict=True):
                if isinstance(value, bool):
                    assert str(value) == text
                elif isinstance(value, int | float):
                    assert math.isclose(value, float(text), rel_tol=1e-15), (name, value, text)
                else:
                    plain = text[1:] if text[:2] in ("'=", "'+", "'-", "'@") else text
                    assert (value or "") == plain, (name, value, text)


def test_units_are_formats(book, about):
    sheet = book.worksheets[1 + sent(about).index("cohorts__retention")]
    heads = [cell.value for cell in sheet[HEADINGS]]
    first = next(
        row for row in sheet.iter_rows(min_row=HEADINGS + 1)
        if row[heads.index("retention")].value is not None
    )  # fmt: skip
    for name in ("retention", "low", "high"):
        assert first[heads.index(name)].number_format == "0.0%"
    assert first[heads.index("cohort_size")].number_format == "#,##0"
    meaning = sheet[HEADINGS - 1][heads.index("retention")].value
    assert meaning == "Active customers / customers of the cohort."


TEXTS = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "http://x.example", "'quoted", "{=1}",
         "00100", "1e5", "TRUE", "NA", "", "x" * 40_000, *CATEGORIES]  # fmt: skip


def test_text_stays_text_whatever_it_looks_like(tmp_path, example):
    """Written by ``table`` as CSV, read back and put into the workbook."""
    from templates_lib.report import findings
    from templates_lib.words import Words

    findings.begin("own", Words("en", "EUR"), tmp_path)
    frame = pd.DataFrame({"group": TEXTS, "net_sales": [0.1 + 0.2] * len(TEXTS)})
    findings.table("odd", frame, title="=1+1", note="@x", shown=False)
    back = read_table(tmp_path / "tables" / "own__odd.csv")
    about = {"own__odd": {"title": "=1+1", "note": "@x", "units": {}}}
    params = load_params(example("cdnow"))
    workbook({"own__odd": back}, about, params, tmp_path / "book.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "book.xlsx").worksheets[1]
    cells = [row[0] for row in sheet.iter_rows(min_row=HEADINGS + 1)]
    assert [c.value for c in cells if c.data_type == "f"] == []
    assert sheet["A1"].value == "=1+1"
    assert sheet["A1"].data_type == "s"
    for cell, text in zip(cells, TEXTS, strict=True):
        expected = text[:32_767] or None
        if text != "\rx":  # becomes a line feed: a lone carriage return would break the row
            assert cell.value == expected, text[:20]
        assert cell.hyperlink is None
    assert cells[0].quotePrefix, "editing the cell makes no formula of it"
    assert sheet.cell(HEADINGS + 1, 2).value == pytest.approx(0.1 + 0.2, rel=1e-15)


def test_a_table_without_rows_and_long_names(tmp_path, example):
    frames = {"own__" + "a" * 60: pd.DataFrame({"n": []}), "own__" + "a" * 59: pd.DataFrame()}
    about = {name: {"title": "Empty", "note": "", "units": {}} for name in frames}
    workbook(frames, about, load_params(example("cdnow")), tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    assert len(book.sheetnames) == 3
    assert all(len(name) <= 31 for name in book.sheetnames)
