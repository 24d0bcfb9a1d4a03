"""The PDF: tags, language, title, outline, contents, fonts; and what happens without Pango."""

from __future__ import annotations

import builtins
import io
import re
import stat
from pathlib import Path

import pypdf
import pytest
import sample_report
from PIL import Image

from templates_lib.report import forms, pdf


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> str:
    return sample_report.page(sample_report.drawn(tmp_path_factory.mktemp("figures")))


@pytest.fixture(scope="module")
def made(page, tmp_path_factory) -> pypdf.PdfReader:
    pytest.importorskip("weasyprint", reason="no Pango", exc_type=OSError)
    file = tmp_path_factory.mktemp("pdf") / "report.pdf"
    pdf.write_pdf(page, file, client=sample_report.CLIENT, as_of="31 Oct 2026")
    return pypdf.PdfReader(io.BytesIO(file.read_bytes()))


def elements(made: pypdf.PdfReader) -> list[dict]:
    """The elements of the structure tree."""
    waiting, found = [made.trailer["/Root"]["/StructTreeRoot"]], []
    while waiting:
        one = waiting.pop().get_object()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            found.append(one)
            if "/K" in one:
                waiting.append(one["/K"])
    return [one for one in found if "/S" in one]


def test_tagged_as_the_standard_for_all_readers_asks(made):
    """ISO 14289-1 (PDF/UA-1): 7.1 tagged, language, title shown; 7.3 figures with words."""
    root = made.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert made.metadata.title == sample_report.CLIENT
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
    kinds = {one["/S"] for one in elements(made)}
    assert {"/H1", "/H2", "/H3", "/P", "/Table", "/TH", "/TD", "/Figure"} <= kinds
    figures = [one for one in elements(made) if one["/S"] == "/Figure"]
    assert [one["/Alt"] for one in figures] == ["Shares of three groups."]


def test_every_font_is_in_the_file(made):
    fonts = [font.get_object() for page in made.pages
             for font in page["/Resources"].get("/Font", {}).values()]  # fmt: skip
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor), font["/BaseFont"]


def test_contents_point_to_pages_and_pages_are_numbered(made):
    cover, *others = [page.extract_text() for page in made.pages]
    number = {title: re.search(rf"{title}\s*[. ]*\s*(\d+)", cover)[1]
              for title in ("In short", "Own chapter", "What more data would show")}  # fmt: skip
    for title, printed in number.items():
        text = made.pages[int(printed) - 1].extract_text()
        assert title in text and re.search(rf"\b{printed}\b", text), title
    assert all("31 Oct 2026" in text for text in others)
    titles = [item.title for item in made.outline if not isinstance(item, list)]
    assert titles or made.outline, "the outline holds the chapters"


def test_paper_has_what_is_folded_and_nothing_to_press(made):
    text = " ".join(page.extract_text() for page in made.pages)
    assert "Folded words." in text and "How this was computed" in text
    assert "Sort" not in text and "Skip" not in text
    assert 'Acme "Öljy" \\ </style><b>=1+1' in text, "the client's name is text above each page"
    assert {round(float(page.mediabox.width)) for page in made.pages} == {595}  # A4


def test_a_picture_that_lies_elsewhere_is_left_out(tmp_path):
    pytest.importorskip("weasyprint", reason="no Pango", exc_type=OSError)
    picture = tmp_path / "secret.png"
    Image.new("RGB", (9, 9)).save(picture)
    page = (
        '<html lang="en"><head><title>x</title></head><body><header><h1>x</h1></header>'
        f'<img alt="x" src="{picture.as_uri()}"></body></html>'
    )
    pdf.write_pdf(page, tmp_path / "x.pdf", client="x", as_of="x")
    assert not [
        image for made in pypdf.PdfReader(tmp_path / "x.pdf").pages for image in made.images
    ]


@pytest.fixture
def no_pango(monkeypatch):
    real = builtins.__import__

    def imported(name, *arguments, **options):
        if name.partition(".")[0] == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", imported)


def test_without_pango_a_browser_prints(page, no_pango, tmp_path):
    if pdf.browser() is None:
        pytest.skip("no Chrome, Chromium or Edge is installed")
    file = tmp_path / "report.pdf"
    pdf.write_pdf(page, file, client="Acme", as_of="31 Oct 2026")
    made = pypdf.PdfReader(file)
    assert made.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert "Folded words." in " ".join(page.extract_text() for page in made.pages)


def test_without_either_the_run_says_so(page, no_pango, monkeypatch, tmp_path):
    monkeypatch.setattr(pdf, "browser", lambda: None)
    said = forms._printed(page, tmp_path / "report.pdf", "Acme", "31 Oct 2026", "en")
    assert said.startswith("No PDF was written: it takes Pango")
    assert not list(tmp_path.iterdir())


def test_a_browser_that_fails_is_no_failure_of_the_run(page, no_pango, monkeypatch, tmp_path):
    broken = tmp_path / "chrome"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(pdf, "browser", lambda: broken)
    said = forms._printed(page, tmp_path / "report.pdf", "Acme", "31 Oct 2026", "en")
    assert said == "No PDF was written: chrome could not print the page."


def test_browsers_are_looked_for_where_systems_put_them(monkeypatch, tmp_path):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    place = tmp_path / "Microsoft" / "Edge" / "Application" / "msedge.exe"
    place.parent.mkdir(parents=True)
    place.touch()
    monkeypatch.setenv("PROGRAMFILES(X86)", str(tmp_path))
    assert pdf.browser() == Path(place)
