"""Answers, options and names of questions that try something, from the export to the report.

What is hostile is shown as it was typed, and does nothing; what tells who wrote it is nowhere.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import ibis
import openpyxl
import pytest
import yaml
from bs4 import BeautifulSoup
from small_shop import command, made_once

from templates_lib.report import findings
from templates_lib.sources.masking import masked
from templates_lib.words import Words
from templates_lib.workspace import repository

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "--><script>alert(2)</script>",
    "**b** [x](javascript:alert(1)) # h",
    "`code` | a | b |",
    r"$\href{javascript:alert(1)}{y}$ \input{/etc/passwd} $x^2$",
    '=HYPERLINK("http://evil.example";"x")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1;=1+1)",
)
PHONES = (  # the ways in which Finns write a number
    "+358 40 123 4567", "+358401234567", "+358 (0)40 123 4567", "00358 40 123 4567",
    "358401234567", "040 123 4567", "0401234567", "040-1234567", "(040) 123 4567",
    "040 12 34 567", "040 123 45 67", "040.123.4567", "044/1234567", "09 123 4567",
    "040\u00a0123\u00a04567", "040\u2013123\u20134567",
)  # fmt: skip
OTHERS = (
    "canary.bird@private.example", "canary.bird (at) private.example", "häkki.lintu@yhtiö.fi",
    "131052-308T", "131052A308T", "131052\u2013308T",  # dvv.fi's own example of a code
)  # fmt: skip
PERSONAL = (*PHONES, *OTHERS)
HARMLESS = ("05.01.2026", "01.02.2026 10.30", "2026-01-05 12:30", "klo 09-17", "100 000 000 €",
            "0-3 vuotiaat", "tilaus 1001234", "hinta 100 200 300")  # fmt: skip
WHY, SEEN, STOPPED = "<b>why</b> =1+1", "=1+1 | [q](javascript:alert(1))", "$x^2$ <svg onload=a>"
RATINGS = ("<script>alert('r')</script>", "=2+2", "**taste** `x`")
PARAMS = {
    "client": {"name": "Acme"},
    "as_of": "2026-06-30",
    "sources": {"responses": [
        {"format": "table", "survey": "nps", "path": "exports/nps.csv", "score": "=score",
         "ratings": list(RATINGS), "open": {"<i>reason</i>": "@why <script>"},
         "columns": {"answered_at": "at", "response_id": "id", "wave": "wave"}},
        {"format": "table", "survey": "purchase", "path": "exports/purchase.csv",
         "choices": [WHY, SEEN, STOPPED], "open": ["own"],
         "columns": {"answered_at": "at", "response_id": "id"}},
        {"format": "table", "survey": "exit_intent", "path": "exports/exit.csv",
         "choices": [STOPPED], "columns": {"answered_at": "at", "response_id": "id"}},
    ]},
    "nps_drivers": {"survey": "nps", "reason": "<i>reason</i>", "drivers": list(RATINGS),
                    "groups": {"<script>alert('g')</script>": list(RATINGS[:2])}},
    "purchase_survey": {"why_today": WHY, "competitor": SEEN, "nearly_stopped": STOPPED,
                        "why_not": STOPPED, "nothing": ["<script>alert('n')</script>"],
                        "themes": {"<img src=y onerror=t>": [HOSTILE[0]]}},
}  # fmt: skip
ANSWERS = 180


def export(header: list[str], rows: list[list]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([header, *rows])
    return file.getvalue()


def nps_rows() -> list[list]:
    """Every answer says something of the price, something hostile, and who wrote it."""
    return [
        [f"2026-0{1 + i % 6}-10", f"n{i}", ("=1+1", "<svg onload=alert(3)>")[i % 2], i % 11,
         1 + i % 5, 1 + i * i % 5, 1 + i // 3 % 5,
         f"{HOSTILE[i % 9]} the price is too high and expensive; {PERSONAL[i % 22]} please call"]
        for i in range(ANSWERS)
    ]  # fmt: skip


def purchase_rows() -> list[list]:
    """Options that are hostile, and options that are a number typed into the field for others."""
    return [
        ["2026-05-10", f"p{i}", HOSTILE[i % 9], PERSONAL[i % 22] if i % 3 else HOSTILE[i // 3 % 9],
         HOSTILE[i % 5], f"{HOSTILE[i % 9]} a good price {PERSONAL[i % 22]}"]
        for i in range(ANSWERS)
    ]  # fmt: skip


def write(workspace: Path) -> Path:
    """The client's files; returns the folder of its data."""
    data = workspace / "data" / "acme"
    (data / "exports").mkdir(parents=True)
    (workspace / "params").mkdir()
    (workspace / "params" / "acme.yml").write_text(yaml.safe_dump(PARAMS), encoding="utf-8")
    left = [["2026-05-10", f"e{i}", HOSTILE[i % 4]] for i in range(ANSWERS)]
    files = {
        "nps.csv": export(["at", "id", "wave", "=score", *RATINGS, "@why <script>"], nps_rows()),
        "purchase.csv": export(["at", "id", WHY, SEEN, STOPPED, "own"], purchase_rows()),
        "exit.csv": export(["at", "id", STOPPED], left),
    }
    for name, text in files.items():
        (data / "exports" / name).write_text(text, encoding="utf-8")
    return data


def staged_texts(workspace: Path) -> list[tuple[str, str]]:
    """The pseudonyms and texts of the open answers of the score's survey."""
    (file,) = (workspace / "build" / "acme").glob("*.duckdb")
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(
            "select response_id, text from responses "
            "where survey = 'nps' and kind = 'open' order by response_id"
        ).fetchall()


@pytest.fixture(scope="module")
def reported(tmp_path_factory) -> tuple[Path, str]:
    """A report in which one answer of each kind is approved as a quote, and what was said."""

    def make(workspace: Path) -> str:
        data = write(workspace)
        said = command(workspace, "check", "acme")
        texts = staged_texts(workspace)
        ids = [next(i for i, text in texts if text.startswith(one)) for one in HOSTILE]
        approved = {"quotes": [{"response_id": one} for one in ids]}
        (data / "editorial.yml").write_text(yaml.safe_dump(approved), encoding="utf-8")
        said += command(workspace, "report", "acme", "JOBS=2")
        approved["quotes"].append({"response_id": ids[0][:-1]})  # one that there is not
        (data / "editorial.yml").write_text(yaml.safe_dump(approved), encoding="utf-8")
        return said + command(workspace, "report", "acme", code=2)

    workspace, said = made_once(tmp_path_factory.getbasetemp(), "hostile", make)
    return workspace / "reports" / "acme" / "2026-06-30" / "en", said


@pytest.fixture(scope="module")
def report(reported) -> Path:
    return reported[0]


@pytest.fixture(scope="module")
def page(report) -> BeautifulSoup:
    return BeautifulSoup((report / "send" / "report.html").read_text("utf-8"), "html.parser")


def test_what_is_hostile_is_shown_as_it_was_typed(page):
    """Else the tests below could not fail."""
    text = page.get_text()
    quotes = next(t for t in page.find_all("table") if "as approved" in t.caption.get_text())
    cells = [cell.get_text() for cell in quotes.find_all("td")]
    for one in HOSTILE:
        assert any(cell.startswith(f"{one} the price") for cell in cells), one
    assert f"give “{HOSTILE[5]}” as the reason to buy today" in text
    for one in (*RATINGS[1:], "<script>alert('g')</script>", "<script>alert('n')</script>"):
        assert one in text


def test_what_is_said_names_an_approved_answer_that_there_is_not(reported):
    (line,) = [line for line in reported[1].splitlines() if "editorial.yml" in line]
    assert "data/acme/editorial.yml:11 quotes.10.response_id: no open answer has this id" in line
    assert not [one for one in PERSONAL if one in reported[1]]


def test_nothing_of_it_runs_or_loads(page):
    own = (repository() / "src" / "templates_lib" / "report" / "page.js").read_text("utf-8")
    assert [script.string.strip() for script in page.find_all("script")] == [own.strip()]
    assert not page.find_all(["svg", "iframe", "object", "embed", "form", "base", "link"])
    for tag in page.find_all(True):
        assert not [name for name in tag.attrs if name.lower().startswith("on")], tag.name
        for name in ("src", "href", "action", "data", "srcset"):
            assert str(tag.get(name, "#")).startswith(("#", "data:image/png;base64,")), tag.name


def test_markdown_of_an_answer_makes_no_element(page):
    for tag in page.find_all(["a", "b", "strong", "em", "i", "code", "h1", "h2", "h3", "h4"]):
        assert tag.get_text().strip() not in ("b", "x", "y", "h", "h |", "code", "why", "taste")
    for row in page.find_all("tr"):
        heads = row.find_parent("table").find_all("th", scope=lambda scope: scope != "row")
        assert not heads or len(row.find_all(["td", "th"])) == len(heads), "a | makes no cell"


def test_the_workbook_holds_it_as_text(report):
    file = report / "send" / "tables.xlsx"
    shown = set()
    for sheet in openpyxl.load_workbook(file).worksheets:
        for cell in (cell for row in sheet.iter_rows() for cell in row if cell.value is not None):
            assert cell.data_type != "f", cell.value
            if cell.hyperlink is not None:
                assert sheet.title == "Contents" and not cell.hyperlink.target
            shown.add(str(cell.value))
    assert set(HOSTILE) <= shown
    assert any(text.startswith(f"{HOSTILE[6]} the price") for text in shown), "quotes are there"
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if "external" in name.lower()]


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_no_cell_of_a_csv_is_a_formula(report, delimiter):
    """Also in a spreadsheet that takes ; for the separator, as it does in Finland."""
    files = sorted((report / "internal" / "tables").glob("*.csv"))
    assert {"nps_drivers__quotes.csv", "purchase_survey__choices.csv"} <= {f.name for f in files}
    seen = set()
    for file in files:
        text = file.read_text("utf-8")
        rows = csv.reader(io.StringIO(text)) if delimiter == "," else (
            re.split(";", line) for line in re.split(r"[\r\n]", text))  # fmt: skip
        for cell in (cell for row in rows for cell in row):
            seen.add(cell)
            is_safe = not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or is_number(cell)
            assert is_safe or is_number(cell.partition(",")[0]), (file.name, cell)
    assert any("HYPERLINK" in cell for cell in seen)


def test_a_formula_behind_a_separator_or_line_is_text_and_comes_back(tmp_path):
    import pandas as pd

    findings.begin("own", Words("en", "EUR"), tmp_path)
    typed = ["a;=cmd|' /C calc'!A0;b", "plus:\n- good\n=1+1", "'quoted", "a-b=c", "-1"]
    findings.table("odd", pd.DataFrame({"text": typed}), title="odd", shown=False)
    written = (tmp_path / "tables" / "own__odd.csv").read_text("utf-8")
    assert not re.search(r"(^|[;\n])[=+@-]", written)
    cells = [row[0] for row in csv.reader(io.StringIO(written))][1:]
    assert [findings.as_typed(cell) for cell in cells] == typed


def test_pictures_hold_no_element_of_an_answer(report):
    names = set()
    for file in (report / "internal" / "figures").glob("*.svg"):
        names |= {tag.tag.rpartition("}")[2] for tag in ElementTree.parse(file).iter()}
    assert "path" in names
    assert not names & {"script", "img", "a", "foreignObject"}


def test_who_wrote_it_is_nowhere(report):
    """In nothing that is sent or kept, nor in the staged tables."""
    exports = report.parents[3] / "data" / "acme" / "exports"
    raw = "".join(file.read_text("utf-8") for file in exports.glob("*.csv"))
    assert all(one in raw for one in PERSONAL), "else this test could not fail"
    files = [file for file in report.resolve().rglob("*") if file.is_file()]
    assert {"report.html", "tables.xlsx", "findings.json", "02_nps_drivers.ipynb"} <= {
        file.name for file in files
    }
    for file in files:
        parts = [file.read_bytes()]
        if file.suffix == ".xlsx":
            with zipfile.ZipFile(file) as archive:
                parts = [archive.read(name) for name in archive.namelist()]
        for part in parts:
            text = part.decode("utf-8", "replace")
            assert not [one for one in PERSONAL if one in text], file.name
    texts = " ".join(text for _, text in staged_texts(report.parents[3]))
    assert not [one for one in PERSONAL if one in texts]
    assert texts.count("[telephone]") + texts.count("[e-mail]") + texts.count(
        "[identity code]") == ANSWERS  # fmt: skip


def test_the_mask_knows_the_ways_of_writing_and_leaves_other_figures():
    table = ibis.memtable({"text": [f"Soita {one} heti" for one in (*PERSONAL, *HARMLESS)]})
    left = table.mutate(left=masked(table.text)).left.execute().tolist()
    for one, text in zip(PERSONAL, left, strict=False):
        assert re.fullmatch(r"Soita \[[a-z -]+\] heti", text), (one, text)
    assert left[len(PERSONAL) :] == [f"Soita {one} heti" for one in HARMLESS]
