"""The one self-contained page: executed notebooks, client-ready, nothing from a network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape, unescape
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
MORE = "What more data would show"
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
    chapters, links, more = [], [], []
    for notebook in ordered:
        content = nbformat.read(work / f"{notebook.name}.ipynb", as_version=4)
        if notebook.topic != FIRST and not _shows(content):
            more.append(f"{_title(content, notebook.topic)}: {_said(content)}")
            continue
        title, body = _chapter(content, notebook.topic)
        chapters.append(f'<article id="{escape(notebook.topic)}">{body}</article>')
        links.append(f'<li><a href="#{escape(notebook.topic)}">{escape(title)}</a></li>')
    more += [f"{_topic(name)}: needs {', '.join(needs)}" for name, needs in ready.skipped.items()]
    if more:
        rows = "".join(f"<li>{escape(line)}</li>" for line in more)
        chapters.append(f'<article id="more"><h2>{MORE}</h2><ul>{rows}</ul></article>')
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


def _topic(name: str) -> str:
    return re.sub(r"^[0-9]+_", "", name).replace("_", " ")


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def _title(notebook: NotebookNode, topic: str) -> str:
    """The first heading, else the topic."""
    first = (c.source.splitlines()[0] for c in notebook.cells
             if c.cell_type == "markdown" and c.source.startswith("# "))  # fmt: skip
    return re.sub(r"^#\s+", "", next(first, topic))


def _shows(notebook: NotebookNode) -> bool:
    """Whether a chapter has results: headings over nothing are none."""
    cells = [c for c in notebook.cells if not {*HIDDEN, *FOLDED} & set(_tags(c))]
    return any(_outputs(cell) for cell in cells) or all(c.cell_type == "markdown" for c in cells)


def _said(notebook: NotebookNode) -> str:
    """The computed sentences of a notebook, as text."""
    shown = [o.data.get("text/html", "") for c in notebook.cells for o in _outputs(c)]
    found = re.findall(r'<p class="computed">(.*?)</p>', "".join(map(str, shown)), re.DOTALL)
    return unescape(" ".join(found))


def _outputs(cell: NotebookNode) -> list[NotebookNode]:
    """What a cell shows, without warnings."""
    shown = ("display_data", "execute_result")
    return [o for o in cell.get("outputs", []) if o.output_type in shown]


def _chapter(notebook: NotebookNode, topic: str) -> tuple[str, str]:
    """The title and the HTML of a notebook: its results, then what is folded."""
    parts: dict[str, list[NotebookNode]] = {"": [], **{tag: [] for tag in FOLDED}}
    for cell in _without_empty_sections(notebook.cells):
        if not any(tag in _tags(cell) for tag in HIDDEN):
            parts[_fold(cell)].append(cell)
    body = _rendered(parts[""], topic)
    for tag, name in FOLDED.items():
        inner = _rendered(parts[tag], topic)
        if inner.strip():
            body += f"<details><summary>{escape(name)}</summary>{inner}</details>"
    return _title(notebook, topic), body


def _fold(cell: NotebookNode) -> str:
    """Under which of ``FOLDED`` a cell stands; nothing for one that is open."""
    return next((tag for tag in FOLDED if tag in _tags(cell)), "")


def _without_empty_sections(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    """The cells without the text of sections whose steps show nothing where the text stands.

    A section goes from its heading to the next one of its level or above; without steps it is
    text, and stays.
    """
    levels = [_level(cell) for cell in cells]
    kept = []
    for place, cell in enumerate(cells):
        begin = max((i for i in range(place + 1) if levels[i] is not None), default=0)
        is_text = cell.cell_type == "markdown" and _fold(cell) == _fold(cells[begin])
        if is_text and (levels[begin] or 1) > 1:
            ends = (i for i in range(begin + 1, len(cells))
                    if levels[i] is not None and levels[i] <= levels[begin])  # fmt: skip
            inside = cells[begin : next(ends, len(cells))]
            steps = [c for c in inside if c.cell_type == "code"]
            if steps and not any(_outputs(c) for c in steps if _fold(c) == _fold(cell)):
                continue
        kept.append(cell)
    return kept


def _level(cell: NotebookNode) -> int | None:
    """The level of the heading that a cell begins with; None without one."""
    found = re.match(r"(#+) ", cell.source) if cell.cell_type == "markdown" else None
    return len(found[1]) if found else None


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
            kept = _outputs(cell)
            if not kept:
                continue
            cell = nbformat.v4.new_code_cell(cell.source, outputs=kept)
        shown.append(cell)
    html, _ = _exporter().from_notebook_node(nbformat.v4.new_notebook(cells=shown))
    html = re.sub(r' id="cell-id=[^"]*"', "", html)  # drawn at random
    for level in (2, 1):
        html = re.sub(rf"(</?h){level}\b", rf"\g<1>{level + 1}", html)
    return re.sub(r'(<h[23] id=")', rf"\g<1>{topic}--", html)
