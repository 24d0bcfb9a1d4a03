"""The same figures in the page, the PDF, the slides, the workbook and ``findings.json``."""

from __future__ import annotations

import io
import json
import math
import re
from pathlib import Path

import lxml.html
import openpyxl
import pandas as pd
import pypdf
import pytest
import small_shop
from pptx import Presentation

from templates_lib.report.findings import chart_name
from templates_lib.report.pdf import NoPrinter, write_pdf
from templates_lib.words import Words


def squeezed(text: str) -> str:
    """Without what breaks lines, which every form breaks elsewhere."""
    return re.sub(r"[\s\u00ad\u200b-]+", "", text)


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    return small_shop.report_of(small_shop.published(tmp_path_factory.getbasetemp())[0])


@pytest.fixture(scope="module")
def findings(report) -> list[dict]:
    found = json.loads((report / "internal" / "findings.json").read_text(encoding="utf-8"))
    assert found
    return found


@pytest.fixture(scope="module")
def page(report) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring((report / "send" / "report.html").read_text("utf-8"))


@pytest.fixture(scope="module")
def printed(report, tmp_path_factory) -> str:
    """The PDF of the page: the small shop's report is made without one, which takes longest."""
    file = tmp_path_factory.mktemp("printed") / "report.pdf"
    page = (report / "send" / "report.html").read_text(encoding="utf-8")
    try:
        write_pdf(page, file, client="Acme", as_of="31 Oct 2026")
    except NoPrinter:
        pytest.skip("no PDF: neither Pango nor a browser is installed")
    return squeezed(" ".join(p.extract_text() for p in pypdf.PdfReader(file).pages))


@pytest.fixture(scope="module")
def deck(report):
    return Presentation(report / "send" / "slides.pptx")


def appendix(deck) -> dict[str, object]:
    """The slide in whose table a finding stands, by its headline."""
    return {
        row.cells[0].text_frame.text: slide
        for slide in deck.slides for shape in slide.shapes if shape.has_table
        for row in list(shape.table.rows)[1:]
    }  # fmt: skip


def test_every_finding_is_in_every_form(findings, page, printed, deck):
    titles = {slide.shapes.title.text_frame.text: slide for slide in deck.slides}
    rows = appendix(deck)
    for found in findings:
        card = page.get_element_by_id(found["id"])
        assert card.find(".//h3").text_content() == found["headline"]
        assert squeezed(found["headline"]) in printed
        assert squeezed(found["text"]) in printed
        headline = " ".join(found["headline"].split())
        begin = squeezed(found["text"])[:60]
        if headline in rows:
            assert begin in squeezed(rows[headline].notes_slide.notes_text_frame.text)
            continue
        said = [s.text_frame.text for s in titles[headline].shapes if s.has_text_frame]
        assert any(begin in squeezed(text) for text in said), found["id"]


def test_the_numbers_of_a_finding_are_in_its_notes(findings, deck):
    words = Words("en", "EUR")
    notes = {slide.shapes.title.text_frame.text: slide.notes_slide.notes_text_frame.text
             for slide in deck.slides if slide.has_notes_slide}  # fmt: skip
    rows = appendix(deck)
    for found in findings:
        headline = " ".join(found["headline"].split())
        said = (rows[headline].notes_slide.notes_text_frame.text if headline in rows
                else notes[headline])  # fmt: skip
        shown = (words.cell(found[name], found["unit"]) for name in ("estimate", "low", "high"))
        for number in (*shown, words.number(found["n"])):
            assert number in said, found["id"]


def numbers_of(report: Path, name: str) -> list[float]:
    """Every number of the tables of a chapter."""
    files = (report / "internal" / "tables").glob(f"{name}__*.csv")
    frames = [pd.read_csv(file) for file in files]
    return [value for frame in frames for column in frame.select_dtypes("number")
            for value in frame[column].dropna()]  # fmt: skip


def test_the_charts_of_the_slides_are_the_tables_of_the_report(report, findings, deck):
    """Each number of a chart's sheet is one of its notebook's tables, which the workbook shows."""
    titles = {slide.shapes.title.text_frame.text: slide for slide in deck.slides}
    charts = 0
    beside = json.loads((report / "internal" / "evidence.json").read_text(encoding="utf-8"))
    for found in findings:
        slide = titles.get(" ".join(found["headline"].split()))
        tables = numbers_of(report, found["notebook"])
        for frame in (shape for shape in slide.shapes if shape.has_chart) if slide else ():
            name = chart_name(found | beside[found["id"]])
            noted = json.loads((report / "internal" / "figures" / f"{name}.json").read_text())
            scale = noted["chart"]["scale"]
            blob = frame.chart.part.chart_workbook.xlsx_part.blob
            sheet = openpyxl.load_workbook(io.BytesIO(blob))["Sheet1"]
            for column in sheet.iter_cols():
                if column[0].value in ("low", "high"):
                    for cell in column[1:]:
                        value = cell.value if cell.value is None else cell.value / scale
                        if value:  # 0 is where a curve begins
                            near = min(abs(value - own) for own in tables)
                            assert math.isclose(near, 0, abs_tol=1e-9), (found["id"], value)
            charts += 1
    assert charts >= 3
