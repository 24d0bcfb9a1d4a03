"""The PDF: the page on paper, with a cover, contents, page numbers, tags and its fonts.

WeasyPrint writes it; where its library Pango is missing (it is not part of Windows), an installed
Chrome, Chromium or Edge does.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import lxml.html
from lxml.etree import tostring
from lxml.html import HtmlElement
from lxml.html.builder import CLASS, H2, H3, LI, NAV, OL, STYLE, A

from templates_lib.language import tr

HERE = Path(__file__).parent
SCREEN_ONLY = ("//script", "//nav", "//dialog", "//button", "//input", "//*[@hidden]",
               "//*[contains(@class, 'skip')]", "//*[@role='search']",
               "//meta[@http-equiv]")  # fmt: skip
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
            "microsoft-edge", "msedge")  # fmt: skip
INSTALLED = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
ON_A_MAC = ("Google Chrome", "Microsoft Edge", "Chromium")
LONGEST = 300  # seconds that a browser may take


class NoPrinter(RuntimeError):
    """Neither of what can write a PDF is installed."""


def write_pdf(page: str, file: Path, *, client: str, as_of: str) -> None:
    """Writes the report's page as a tagged PDF.

    Parameters
    ----------
    page : the HTML of the page
    client, as_of : what stands above each page but the first

    Raises
    ------
    NoPrinter
        Where neither WeasyPrint's libraries nor a browser are installed.
    """
    text = printable(page, client=client, as_of=as_of)
    try:
        import weasyprint
        from weasyprint.urls import URLFetcher
    except OSError:  # Pango, a library of the system, is not there
        _by_browser(text, file)
        return
    only_inline = URLFetcher(allowed_protocols=["data"])  # what lies elsewhere is left out
    weasyprint.HTML(string=text, url_fetcher=only_inline).write_pdf(
        file, pdf_variant="pdf/ua-1", pdf_identifier=b"report", pdf_tags=True
    )


def printable(page: str, *, client: str, as_of: str) -> str:
    """The page as paper wants it: contents with page numbers, nothing that asks for a pointer,
    and what is folded on the screen in small print after its chapter."""
    document = lxml.html.document_fromstring(page)
    for path in SCREEN_ONLY:
        for element in document.xpath(path):
            element.drop_tree()
    for folded in document.iter("details"):
        summary = folded.find("summary")
        if summary is not None:
            heading = H3((summary.text_content() or "").strip())
            folded.replace(summary, heading)
        folded.tag = "section"
        folded.attrib.clear()
        folded.set("class", "small-print")
    entries = [LI(A(title, href=f"#{name}")) for name, title in chapters(document)]
    contents = NAV(CLASS("contents"), H2(tr("Contents")), OL(*entries))
    document.find(".//header").addnext(contents)
    head = document.find("head")
    head.insert(0, lxml.html.fromstring(f'<meta http-equiv="Content-Security-Policy" '
                                        f'content="{POLICY}">'))  # fmt: skip
    rules = (HERE / "pdf.css").read_text(encoding="utf-8")
    for name, value in {"--client": client, "--as-of": as_of}.items():
        rules = rules.replace(f"var({name})", _css_string(value))
    head.append(STYLE(rules))
    return tostring(document, encoding="unicode", method="html", doctype="<!DOCTYPE html>")


def chapters(document: HtmlElement) -> Iterator[tuple[str, str]]:
    """The id and the title of each chapter of a page."""
    for article in document.iter("article"):
        heading = article.find(".//h2")
        if heading is not None:
            yield article.get("id", ""), heading.text_content().strip()


def _css_string(text: str) -> str:
    return '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):x} " for c in text) + '"'


def browser() -> Path | None:
    """An installed browser that can print without a window."""
    on_path = (shutil.which(name) for name in BROWSERS)
    found = [Path(place) for place in on_path if place]
    roots = [os.environ.get(name) for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
    found += [Path(root, name) for root in roots if root for name in INSTALLED]
    found += [Path(f"/Applications/{name}.app/Contents/MacOS/{name}") for name in ON_A_MAC]
    return next((place for place in found if place.is_file()), None)


def _by_browser(text: str, file: Path) -> None:
    program = browser()
    if program is None:
        raise NoPrinter(
            tr(
                "No PDF was written: it takes Pango (see docs/consultant.md) or an installed "
                "Chrome, Chromium or Edge. The page can be printed from a browser instead."
            )
        )
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        source = Path(folder, "report.html")
        source.write_text(text, encoding="utf-8")
        options = ["--headless", "--disable-gpu", "--no-first-run", f"--user-data-dir={folder}/p",
                   "--no-pdf-header-footer", "--export-tagged-pdf",
                   "--generate-pdf-document-outline", f"--print-to-pdf={file}"]  # fmt: skip
        if getattr(os, "geteuid", lambda: 1)() == 0:
            options.append("--no-sandbox")  # a browser refuses to run as root with it
        subprocess.run([program, *options, source.as_uri()], check=True, capture_output=True,
                       timeout=LONGEST)  # fmt: skip
