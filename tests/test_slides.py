"""The slides: a finding each with a chart that can be edited, notes, and nothing over its edge."""

from __future__ import annotations

import ast
import io
import json
import re
import shutil
import subprocess
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import chart_shapes
import nbformat
import openpyxl
import pytest
import sample_report
from lxml import etree
from pptx import Presentation
from pptx.oxml.ns import qn
from sample_report import CURVE, FINDINGS, SHARES

from templates_lib.figures.chart_data import chart_of
from templates_lib.report.native_charts import add_chart, can_be_drawn
from templates_lib.report.notebooks import templates
from templates_lib.report.slide_master import new_deck
from templates_lib.report.slides import CHART, MOST, write_slides
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


CHAPTER = ("curve", "named", "long")  # firm, and not on the first page


def titles(deck) -> list[str]:
    return [slide.shapes.title.text_frame.text for slide in deck.slides]


def slide_of(deck, name: str):
    found = FINDINGS[f"own.{name}"]["headline"]
    return next(s for s in deck.slides if s.shapes.title.text_frame.text == found)


def sheet_of(chart) -> openpyxl.worksheet.worksheet.Worksheet:
    blob = chart.part.chart_workbook.xlsx_part.blob
    return openpyxl.load_workbook(io.BytesIO(blob))["Sheet1"]


def test_the_order_of_the_slides(deck):
    heads = {name: FINDINGS[f"own.{name}"]["headline"] for name in ("shares", *CHAPTER)}
    assert titles(deck) == [
        f"{sample_report.CLIENT}: your customers", "In short", heads["shares"],
        "What to do next", "Before acting on it", "Own chapter", *(heads[n] for n in CHAPTER),
        "Appendix: all other findings", "Own chapter", "What more data would show",
        "How to read this",
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


@pytest.fixture(scope="module")
def shapes() -> dict[str, object]:
    """A slide with the chart of each shape of figure."""
    deck, layouts = new_deck(colour="#00507a", foot="Acme", language="fi")
    made = {}
    for name, figure in chart_shapes.drawn().items():
        chart = json.loads(json.dumps(chart_of(figure)))
        assert can_be_drawn(chart), name
        made[name] = deck.slides.add_slide(layouts["finding"])
        add_chart(made[name], chart, CHART, alt=name)
    return made


def charts_of(slide) -> list:
    return [shape.chart for shape in slide.shapes if shape.has_chart]


def values_of(plot) -> list[list[float | None]]:
    return [list(series.values) for series in plot.series]


def test_a_bridge_stands_on_what_was_before(shapes):
    (chart,) = charts_of(shapes["bridge"])
    stands, totals, rises, falls = values_of(chart.plots[0])
    assert stands == [None, 1000, 1100, None]
    assert totals == [1000, None, None, 1100]
    assert rises == [None, 400, None, None] and falls == [None, None, 300, None]
    heads, *rows = [[cell.value for cell in row] for row in sheet_of(chart).iter_rows()]
    begins = [place for place, head in enumerate(heads) if head == "low"]
    table = [dict(zip(heads[n : n + 4], row[n : n + 4], strict=True))
             for n in begins for row in rows]  # fmt: skip
    ends = chart_shapes.STEPS[["low", "high"]].to_numpy().tolist()
    shown = [[row["low"], row["high"]] for row in table if row["low"] is not None]
    assert sorted(shown) == sorted(ends), "of each step once"
    fall = next(row for row in table if row["low"] == -380)
    assert (fall["down to low"], fall["up to high"]) == (80, 80)


def test_a_line_lies_over_stacked_columns(shapes):
    (chart,) = charts_of(shapes["stacked"])
    columns, line = chart.plots
    months = chart_shapes.MONTHS
    assert values_of(columns) == [months["new"].tolist(), months["old"].tolist()]
    assert values_of(line) == [months["year_before"].tolist()]
    assert chart.value_axis.maximum_scale == 500


def test_a_map_has_a_point_a_driver_with_both_intervals(shapes):
    (chart,) = charts_of(shapes["cross_map"])
    drivers = chart_shapes.DRIVERS
    assert [s.name for s in chart.plots[0].series] == drivers["driver"].tolist()
    assert chart.category_axis.crosses_at == pytest.approx(drivers["rating"].mean())
    assert chart.value_axis.crosses_at == pytest.approx(drivers["share"].mean())
    assert chart.category_axis.minimum_scale > 0, "ratings lie far from zero"
    directions = [e.get("val") for e in chart._chartSpace.iter(qn("c:errDir"))]
    assert directions == ["x", "y"] * len(drivers)


def test_panels_are_a_chart_each_in_the_words_of_the_reader(shapes):
    charts = charts_of(shapes["panels"])
    assert [chart.chart_title.text_frame.text for chart in charts] == ["A", "B"]
    for chart in charts:
        assert list(chart.plots[0].categories) == ["Q3/2025", "Q4/2025", "Q1/2026"]
    spent, price = charts_of(shapes["one_above_other"])
    assert values_of(spent.plots[0]) == [[10, 20, 30]] and values_of(price.plots[0]) == [
        chart_shapes.WAVES["nps"].tolist()
    ]


def test_flows_and_paths_are_stacks(shapes):
    (chart,) = charts_of(shapes["flow"])
    assert values_of(chart.plots[0]) == [[60, 20], [40, 80]]
    (chart,) = charts_of(shapes["paths"])
    shares = {s.name: [v or 0 for v in s.values] for s in chart.plots[0].series}
    assert [sum(column) for column in zip(*shares.values(), strict=True)] == [1, 1, 0.4]
    assert list(shares)[0] == "buys" and list(shares)[-1] == "leaves"


def test_coloured_cells_are_a_table(shapes):
    rows = table_of(shapes["triangle"])
    assert rows == [["Kohortti", "1", "2"], ["Q1   (100)", "20", "10"], ["Q2   (120)", "30", "7"]]
    (frame,) = [shape for shape in shapes["triangle"].shapes if shape.has_table]
    kinds = [frame.table.cell(2, column).fill.type for column in (1, 2)]
    assert [kind.name for kind in kinds] == ["SOLID", "PATTERNED"], "still filling: hatched"
    assert table_of(shapes["matrix"])[1:] == [["a", "60", "40"], ["b", "20", "80"]]


def names_in(argument: ast.expr) -> list[str]:
    """What a name in a notebook can be; ``*`` stands for what varies."""
    if isinstance(argument, ast.IfExp):
        return names_in(argument.body) + names_in(argument.orelse)
    if isinstance(argument, ast.JoinedStr):
        parts = (str(p.value) if isinstance(p, ast.Constant) else "*" for p in argument.values)
        return ["".join(parts)]
    return [argument.value] if isinstance(argument, ast.Constant) else ["*"]


@pytest.mark.parametrize("notebook", templates(), ids=lambda notebook: notebook.name)
def test_a_figure_that_a_finding_names_is_one_of_its_notebook(notebook):
    cells = nbformat.read(notebook.path, as_version=4).cells
    trees = [ast.parse(cell.source) for cell in cells if cell.cell_type == "code"]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    drawn = {name for call in calls if getattr(call.func, "id", "") == "figure"
             for name in names_in(call.args[0])}  # fmt: skip
    words = [word for call in calls if getattr(call.func, "id", "") == "finding"
             for word in call.keywords if word.arg == "figure"]  # fmt: skip
    for name in (name for word in words for name in names_in(word.value) if name != "*"):
        assert name in drawn or any(fnmatch(name, one) for one in drawn if "*" in one), name


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


def table_of(slide) -> list[list[str]]:
    (frame,) = [shape for shape in slide.shapes if shape.has_table]
    return [[cell.text_frame.text for cell in row.cells] for row in frame.table.rows]


def test_what_has_no_slide_of_its_own_is_a_row_of_the_appendix(deck):
    slide = [s for s in deck.slides if s.shapes.title.text_frame.text == "Own chapter"][-1]
    assert table_of(slide) == [
        ["Finding", "Number", "Very likely", "Rests on", "How sure"],
        ["Of 100 buyers, 19 name bare", "19%", "17% to 22%", "842 offers", "may be chance"],
    ]
    notes = slide.notes_slide.notes_text_frame.text
    assert FINDINGS["own.bare"]["text"].strip() in notes
    assert "too uncertain" in notes and "In the report: own.bare" in notes


def test_no_more_than_twenty_findings_have_a_slide(tmp_path):
    many = [sample_report.a_finding(f"f{number:02}") for number in range(45)]
    many[30] |= {"action": None, "place": 0}  # of order: in editorial.yml
    found = {f["id"]: f for f in many}
    made = tmp_path / "slides.pptx"
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "own__shares.png").write_bytes(b"")
    write_slides(
        sample_report.page(figures, found, first=many[30]), found, figures, Words("fi", "EUR"),
        made, client="Acme", as_of="31.10.2026", colour="#00507a",
    )  # fmt: skip
    deck = Presentation(made)
    own = [t for t in titles(deck) if t in {f["headline"] for f in many}]
    assert len(own) == MOST and own[0] == many[30]["headline"]
    rows = [row[0] for s in deck.slides for shape in s.shapes if shape.has_table
            for row in table_of(s)]  # fmt: skip
    assert {f["headline"] for f in many} == {*own, *rows} & {f["headline"] for f in many}


def test_what_to_do_next_stands_on_a_slide(deck):
    (slide,) = [s for s in deck.slides if s.shapes.title.text_frame.text == "What to do next"]
    head, row = table_of(slide)
    assert row == ["1. Change it.", "All", "Look again. Looked at again on 29 Jan 2027."]


def test_a_finding_is_shown_by_the_figure_that_it_names(deck):
    for name in ("curve", "named"):
        (frame,) = [s for s in slide_of(deck, name).shapes if s.has_chart]
        assert frame._element.nvGraphicFramePr.cNvPr.get("descr") == "Returned by day."


def test_what_no_slide_can_hold_is_cut_at_a_word(deck):
    text = [s.text_frame.text for s in slide_of(deck, "long").shapes if s.has_text_frame]
    (long,) = [t for t in text if t.startswith("A long text.")]
    assert re.search(r"(A long text\. )+(A )?(long )?(text\. )?…", long)
    assert len(long) < len(FINDINGS["own.long"]["text"])


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
