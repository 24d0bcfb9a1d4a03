"""The slides: a finding each with a chart that can be edited, notes, and nothing over its edge."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest
import sample_report
from lxml import etree
from pptx import Presentation
from pptx.oxml.ns import qn
from sample_report import CURVE, FINDINGS, SHARES

from templates_lib.report.slides import write_slides
from templates_lib.words import Words


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("slides")
    figures = sample_report.drawn(folder)
    made = folder / "slides.pptx"
    write_slides(
        sample_report.page(figures), FINDINGS, figures, Words("en", "EUR"), made,
        client=sample_report.CLIENT, as_of="31 Oct 2026", colour="#00507a", consultant="Neuvo Oy",
    )  # fmt: skip
    return made


@pytest.fixture(scope="module")
def deck(file):
    return Presentation(file)


def titles(deck) -> list[str]:
    return [slide.shapes.title.text_frame.text for slide in deck.slides]


def slide_of(deck, name: str):
    found = FINDINGS[f"own.{name}"]["headline"]
    return next(s for s in deck.slides if s.shapes.title.text_frame.text == found)


def sheet_of(chart) -> openpyxl.worksheet.worksheet.Worksheet:
    blob = chart.part.chart_workbook.xlsx_part.blob
    return openpyxl.load_workbook(io.BytesIO(blob))["Sheet1"]


def test_the_order_of_the_slides(deck):
    heads = {name: FINDINGS[f"own.{name}"]["headline"] for name in ("shares", "curve", "bare")}
    assert titles(deck) == [
        f"{sample_report.CLIENT}: your customers", "In short", heads["shares"],
        "Before acting on it", "All other findings", heads["curve"], heads["bare"],
        "What more data would show", "How to read this",
    ]  # fmt: skip
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, abs=1e-4)


def test_a_chart_holds_the_numbers_of_its_table(deck):
    (frame,) = [s for s in slide_of(deck, "shares").shapes if s.has_chart]
    assert frame._element.nvGraphicFramePr.cNvPr.get("descr") == "Shares of three groups."
    (series,) = frame.chart.plots[0].series
    assert list(series.values) == pytest.approx((100 * SHARES["share"]).tolist())
    sheet = sheet_of(frame.chart)
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][1:] == ["everyone", "low", "high", "down to low", "up to high"]
    assert [row[0] for row in rows[1:]] == SHARES["group"].tolist()
    for row, own in zip(rows[1:], SHARES.itertuples(), strict=True):
        low, high = 100 * own.low, 100 * own.high
        expected = [100 * own.share, low, high, 100 * own.share - low, high - 100 * own.share]
        assert row[1:] == pytest.approx(expected)


def test_a_curve_keeps_its_steps_and_the_longest_comes_first(deck):
    """LibreOffice 7.4 draws no series that stands before one of more points."""
    (frame,) = [s for s in slide_of(deck, "curve").shapes if s.has_chart]
    series = list(frame.chart.plots[0].series)
    assert [s.name for s in series] == ["b", "a"]
    b = CURVE[CURVE["by"] == "b"]
    corners = [v for value in b["returned"] for v in (0.0, value)]
    assert list(series[0].iter_values())[-1] == pytest.approx(100 * corners[-1])
    assert len(list(series[0].iter_values())) == 2 * len(b) + 1, "two points a step, and the origin"
    colours = [s.format.line.color.rgb for s in series]
    assert [str(c) for c in colours] == ["E69F00", "0072B2"], "colours as in the figure"


@pytest.mark.parametrize("name", ["shares", "curve"])
def test_a_chart_reads_what_its_sheet_holds(deck, name):
    """Each reference of the chart, and the values that are kept beside it, against the sheet."""
    (frame,) = [s for s in slide_of(deck, name).shapes if s.has_chart]
    sheet = sheet_of(frame.chart)
    references = list(frame.chart._chartSpace.iter(qn("c:numRef"), qn("c:strRef")))
    assert references
    for reference in references:
        place = reference.find(qn("c:f")).text.partition("!")[2].replace("$", "")
        cells = sheet[place] if ":" in place else ((sheet[place],),)
        for point in reference.iter(qn("c:pt")):
            (cell,) = cells[int(point.get("idx"))]
            kept = point.find(qn("c:v")).text
            if isinstance(cell.value, str):
                assert cell.value.startswith(kept.removesuffix(" …"))
            else:
                assert cell.value == pytest.approx(float(kept))


def test_no_formula_and_nothing_outside(file):
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if name.endswith(".xlsx"):
                for sheet in openpyxl.load_workbook(io.BytesIO(content)):
                    cells = [cell for row in sheet.iter_rows() for cell in row]
                    assert not [c.coordinate for c in cells if c.data_type == "f"]
            elif name.endswith((".xml", ".rels")):
                assert b'TargetMode="External"' not in content, name
                etree.fromstring(content)
        assert not [n for n in archive.namelist() if "vba" in n.lower()]


def test_notes_hold_the_evidence(deck):
    notes = slide_of(deck, "shares").notes_slide.notes_text_frame.text
    assert "The number: 19.3%, very likely 17.1% to 21.6%." in notes
    assert "It rests on 842 cases." in notes
    assert "Worth a year: €22,264 (€17,355 to €27,172), if it lasts a year." in notes
    assert "The chart: Shares of three groups." in notes
    assert "In the report: own.shares" in notes
    assert "too uncertain" in slide_of(deck, "bare").notes_slide.notes_text_frame.text


def test_what_no_slide_can_hold_is_cut_at_a_word(deck):
    text = [s.text_frame.text for s in slide_of(deck, "bare").shapes if s.has_text_frame]
    (long,) = [t for t in text if t.startswith("A long text.")]
    assert re.search(r"(A long text\. )+(A )?(long )?(text\. )?…", long)
    assert len(long) < len(FINDINGS["own.bare"]["text"])


@pytest.fixture(scope="module")
def words_of_slides(file, tmp_path_factory) -> list[tuple[float, float, list]]:
    """Width, height and words with their boxes of each slide, as LibreOffice draws them."""
    if shutil.which("soffice") is None or shutil.which("pdftotext") is None:
        pytest.skip("LibreOffice (soffice) or pdftotext is not installed")
    folder = tmp_path_factory.mktemp("drawn")
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless",
         "--convert-to", "pdf", "--outdir", folder, file],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    boxes = folder / "words.html"
    subprocess.run(["pdftotext", "-bbox", folder / "slides.pdf", boxes], check=True)
    pages = etree.parse(boxes, etree.HTMLParser(encoding="utf-8")).iter("page")
    return [
        (float(page.get("width")), float(page.get("height")),
         [(word.text, *(float(word.get(k)) for k in ("xmin", "ymin", "xmax", "ymax")))
          for word in page.iter("word")])
        for page in pages
    ]  # fmt: skip


def test_libreoffice_draws_them_without_overflow(words_of_slides, deck):
    assert len(words_of_slides) == len(deck.slides)
    for number, (slide, (width, height, words)) in enumerate(
        zip(deck.slides, words_of_slides, strict=True)
    ):
        said = " ".join(word for word, *_ in words)
        assert "".join(slide.shapes.title.text_frame.text.split()) in said.replace(" ", "")
        scale = height / deck.slide_height
        foot = 6.6 * 914_400 * scale  # the body ends above it: there stand how sure, and the foot
        below = [w for w, _, top, _, bottom in words if top < foot < bottom - 1]
        assert not below, (number, below)
        edge = 0.5 * 914_400 * scale
        out = [w for w, left, _, right, _ in words if left < edge or right > width - edge]
        assert not out, (number, out)
