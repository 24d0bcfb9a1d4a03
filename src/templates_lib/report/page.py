"""The one self-contained page: executed notebooks, client-ready, nothing from a network."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from collections.abc import Sequence
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from templates_lib import language
from templates_lib.labels import label
from templates_lib.language import N_, tr
from templates_lib.report.brand import colours, logo
from templates_lib.report.notebooks import of_client
from templates_lib.report.ready import Ready
from templates_lib.words import Words

HERE = Path(__file__).parent
FIRST = "summary"
FOLDED = {"method": N_("How this was computed"), "limits": N_("What this cannot say")}
HIDDEN = ("parameters", "injected-parameters")
TABLE = re.compile(r'<div class="(table\b[^"]*)">')
LINK = re.compile(r'<a href="#([^"]*)">(.*?)</a>', re.DOTALL)
PICTURE = re.compile(r'<img\b[^>]*\bsrc="data:image/png;base64,([^"]{44,})"[^>]*>')
SHARP = 2  # pixels of a figure in one of the page, so that it stays sharp on a phone and enlarged


def page(ready: Ready, work: Path) -> str:
    """The report as one HTML document.

    Parameters
    ----------
    work : the run's folder with the executed notebooks
    """
    chapters = _chapters(ready, work)
    articles = _without_dead_links("".join(
        f'<article id="{escape(chapter.topic)}">{chapter.body}</article>\n' for chapter in chapters
    ))  # fmt: skip
    script = (HERE / "page.js").read_text(encoding="utf-8")
    return (
        f'<!DOCTYPE html>\n<html lang="{ready.params.client.language}">\n'
        f"{_head(ready, script)}<body>\n"
        f'<a class="skip" href="#main">{escape(tr("To the report"))}</a>\n'
        f"{_header(ready)}"
        f'<div class="frame">\n{_contents(chapters)}'
        f'<main id="main" tabindex="-1">\n{articles}</main>\n</div>\n'
        f"{_footer(ready)}"
        f'<dialog id="enlarged" aria-label="{escape(tr("Figure"))}" '
        f'data-open="{escape(tr("Enlarge"))}">'
        f'<button type="button">{escape(tr("Close"))}</button><div tabindex="0"></div></dialog>\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _without_dead_links(html: str) -> str:
    """Links to findings that are not shown are plain text."""
    ids = set(re.findall(r'\bid="([^"]*)"', html))
    return LINK.sub(lambda link: link[0] if link[1] in ids else link[2], html)


def _head(ready: Ready, script: str) -> str:
    """The policy stands before all that it is for: it lets in what stands here, by hash."""
    light, dark = colours(ready.params.brand)
    css = f"{light}\n{(HERE / 'page.css').read_text(encoding='utf-8')}"
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(css)} {_hash(dark)}; "
        f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    title = tr("{name}: customers, {as_of}", name=ready.params.client.name, as_of=_as_of(ready))
    return (
        f'<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{css}</style>\n"
        f'<style id="dark" media="screen and (prefers-color-scheme: dark)">{dark}</style>\n'
        "</head>\n"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _words(ready: Ready) -> Words:
    return Words(ready.params.client.language, ready.params.client.currency)


def _as_of(ready: Ready) -> str:
    return _words(ready).day(ready.params.as_of)


def _header(ready: Ready) -> str:
    client, consultant = ready.params.client.name, ready.params.brand.consultant
    by = [_logo(ready, consultant.logo, consultant.name or "")]
    if consultant.name:
        by.append(f"<p>{escape(tr('By {consultant}', consultant=consultant.name))}</p>")
    return (
        f'<header>{_logo(ready, ready.params.brand.client.logo, client)}<div class="title">'
        f"<h1>{escape(tr('{name}: your customers', name=client))}</h1>"
        f"<p>{escape(tr('What the data up to {as_of} tell', as_of=_as_of(ready)))}</p></div>"
        f'<div class="by">{"".join(by)}</div></header>\n'
    )


def _logo(ready: Ready, path: str | None, owner: str) -> str:
    if path is None:
        return ""
    data = base64.b64encode(logo(ready.folders, path)).decode("ascii")
    alt = escape(tr("Logo of {name}", name=owner) if owner else tr("Logo"))
    return f'<img class="logo" alt="{alt}" src="data:image/png;base64,{data}">'


def _contents(chapters: Sequence[Chapter]) -> str:
    """The chapters; with them what only the script makes work, hidden until it runs."""
    links = "".join(
        f'<li><a href="#{escape(chapter.topic)}">{escape(chapter.title)}</a></li>'
        for chapter in chapters
    )
    said = {"one": tr("1 place"), "many": tr("{n} places"), "none": tr("Not found")}
    words = " ".join(f'data-{name}="{escape(text)}"' for name, text in said.items())
    return (
        f'<nav id="contents" aria-label="{escape(tr("Contents"))}">'
        f'<div class="tools" hidden><div role="search">'
        f'<label for="query">{escape(tr("Search the report"))}</label>'
        '<input id="query" type="search" autocomplete="off" spellcheck="false" '
        'aria-describedby="found">'
        f'<button type="button" id="next">{escape(tr("Next match"))}</button>'
        f'<p id="found" role="status" {words}></p></div>'
        '<button type="button" id="theme" aria-pressed="false">'
        f"{escape(tr('Dark colours'))}</button></div><ul>{links}</ul></nav>\n"
        f'<a class="to-contents" href="#contents">{escape(tr("Contents"))}</a>\n'
    )


def _footer(ready: Ready) -> str:
    sure = tr(
        "“Very likely” is the 95 % interval: of a hundred such ranges about ninety-five hold the "
        "true figure. All tables are in tables.xlsx."
    )
    return f"<footer><p>{escape(sure)}</p></footer>\n"


class Chapter(NamedTuple):
    """A part of the report: where links go, its title and its HTML."""

    topic: str
    title: str
    body: str


def _chapters(ready: Ready, work: Path) -> list[Chapter]:
    """The notebooks that show something, the first page first; then what the others would take."""
    made, more = [], []
    for notebook in sorted(ready.notebooks, key=lambda n: (n.topic != FIRST, n.name)):
        content = _read(work / f"{notebook.name}.ipynb")
        if notebook.topic == FIRST or _shows(content):
            made.append(Chapter(notebook.topic, *_chapter(content, notebook.topic)))
        else:
            more.append((_title(content, notebook.topic), _said(content)))
    for notebook in of_client(ready.folders):
        if notebook.name in ready.skipped:
            needs = _words(ready).listed([_source(need) for need in ready.skipped[notebook.name]])
            title = _title(_read(notebook.path), notebook.topic)
            more.append((title, tr("It takes: {sources}.", sources=needs)))
    if more:
        title = tr("What more data would show")
        rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in more)
        made.append(Chapter("more", title, f"<h2>{escape(title)}</h2><dl>{rows}</dl>"))
    return made


def _read(file: Path) -> NotebookNode:
    return language.of_notebook(nbformat.read(file, as_version=4))


def _source(need: str) -> str:
    """Sources as the reader knows them; of ``events or traffic`` one is enough."""
    names = [label(name) for name in need.split(" or ")]
    return names[0] if len(names) == 1 else tr("{one} or {other}", one=names[0], other=names[1])


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
            body += f"<details><summary>{escape(tr(name))}</summary>{inner}</details>"
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
    html = re.sub(r'(<h[23] id=")', rf"\g<1>{topic}--", html)
    html = TABLE.sub(r'<div class="\1" tabindex="0">', html)  # a wide one is moved by the keys
    return PICTURE.sub(_chart, html)


def _chart(found: re.Match[str]) -> str:
    """A figure with its size, so that the page does not move while it loads."""
    width, height = struct.unpack(">II", base64.b64decode(found[1][:44])[16:24])
    size = f'width="{round(width / SHARP)}" height="{round(height / SHARP)}"'
    return f'<span class="chart">{found[0].replace("<img", f"<img {size}", 1)}</span>'
