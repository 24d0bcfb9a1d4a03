"""The one self-contained page: executed notebooks, client-ready, nothing from a network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from templates_lib.report.ready import Ready
from templates_lib.words import Words

HERE = Path(__file__).parent
FIRST = "summary"
FOLDED = {"method": "How this was computed", "limits": "What this cannot say"}
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'"
HIDDEN = ("parameters", "injected-parameters")


def page(ready: Ready, work: Path, findings: Mapping[str, Mapping[str, Any]]) -> str:
    """The report as one HTML document.

    Parameters
    ----------
    work : the run's folder with the executed notebooks
    findings : all findings by id; links to others than these are taken out
    """
    ordered = sorted(ready.notebooks, key=lambda n: (n.topic != FIRST, n.name))
    words = Words(ready.params.client.language, ready.params.client.currency)
    chapters, links = [], []
    for notebook in ordered:
        content = nbformat.read(work / f"{notebook.name}.ipynb", as_version=4)
        title, body = _chapter(content, notebook.topic)
        chapters.append(f'<article id="{escape(notebook.topic)}">{body}</article>')
        links.append(f'<li><a href="#{escape(notebook.topic)}">{escape(title)}</a></li>')
    if ready.skipped:
        chapters.append(_skipped(ready.skipped))
    name = escape(ready.params.client.name)
    as_of = escape(words.day(ready.params.as_of))
    css = (HERE / "page.css").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="{words.language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}: customers, {as_of}</title>\n<style>\n{css}</style>\n</head>\n<body>\n"
        f"<header><h1>{name}: your customers</h1>"
        f"<p>What the data up to {as_of} tell</p></header>\n"
        f'<nav aria-label="Chapters"><ul>{"".join(links)}</ul></nav>\n'
        f"<main>\n{''.join(chapters)}\n</main>\n"
        "<footer><p>“Very likely” is the 95 % interval: of a hundred such ranges about ninety-five "
        "hold the true figure. All tables are in tables.xlsx.</p></footer>\n</body>\n</html>\n"
    )


def _skipped(skipped: Mapping[str, tuple[str, ...]]) -> str:
    rows = "".join(
        f"<li>{escape(re.sub(r'^[0-9]+_', '', name).replace('_', ' '))}: "
        f"needs {escape(', '.join(needs))}</li>"
        for name, needs in skipped.items()
    )
    return f'<article id="more"><h2>What more data would show</h2><ul>{rows}</ul></article>'


def _chapter(notebook: NotebookNode, topic: str) -> tuple[str, str]:
    """The title and the HTML of a notebook: its results, then what is folded."""
    parts: dict[str, list[NotebookNode]] = {"": [], **{tag: [] for tag in FOLDED}}
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if not any(tag in tags for tag in HIDDEN):
            parts[next((tag for tag in FOLDED if tag in tags), "")].append(cell)
    title = next(
        (re.sub(r"^#\s+", "", c.source.splitlines()[0]) for c in parts[""]
         if c.cell_type == "markdown" and c.source.startswith("# ")), topic,
    )  # fmt: skip
    body = _rendered(parts[""], topic)
    for tag, name in FOLDED.items():
        inner = _rendered(parts[tag], topic)
        if inner.strip():
            body += f"<details><summary>{escape(name)}</summary>{inner}</details>"
    return title, body


@cache
def _exporter() -> HTMLExporter:
    """One for all chapters: its templates are compiled once."""
    exporter = HTMLExporter(template_name="basic", exclude_anchor_links=True)
    exporter.exclude_input = True
    exporter.exclude_input_prompt = True
    exporter.exclude_output_prompt = True
    return exporter


def _rendered(cells: list[NotebookNode], topic: str) -> str:
    """Markdown and outputs of cells as HTML, without code, warnings and prompts."""
    shown = []
    for cell in cells:
        if cell.cell_type == "code":
            kept = [o for o in cell.outputs if o.output_type in ("display_data", "execute_result")]
            if not kept:
                continue
            cell = nbformat.v4.new_code_cell(cell.source, outputs=kept)
        shown.append(cell)
    html, _ = _exporter().from_notebook_node(nbformat.v4.new_notebook(cells=shown))
    html = re.sub(r' id="cell-id=[^"]*"', "", html)  # drawn at random
    for level in (2, 1):
        html = re.sub(rf"(</?h){level}\b", rf"\g<1>{level + 1}", html)
    return re.sub(r'(<h[23] id=")', rf"\g<1>{topic}--", html)
