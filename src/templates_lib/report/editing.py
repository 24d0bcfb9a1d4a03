"""``editorial.yml`` carried out on a finished run, before page, workbook and slides are made of it.

A finding in other words, with a remark or an owner has its card written anew. One that is hidden
goes with its card, its chart and its table; ``internal/`` keeps everything as it was computed.
"""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from templates_lib.editorial import Editorial, Known, touched
from templates_lib.language import tr
from templates_lib.report.findings import BASES, Finding, finding_html
from templates_lib.report.notebooks import Notebook
from templates_lib.words import Words

CARD = re.compile(r'<section class="finding [a-z]+" id="([^"]+)">.*?</section>', re.DOTALL)
TABLE = re.compile(
    r'<div class="table"><table><caption>(.*?)</caption>.*?</table>.*?</div>', re.DOTALL
)
ANY = "[a-z0-9_]+"


def known(notebooks: Iterable[Notebook]) -> Known:
    """The ids that findings of these notebooks can have, whether or not they run or find anything.

    A name that is put together in the notebook stands for all that it can become.
    """
    ids: set[str] = set()
    patterns: set[str] = set()
    for notebook in notebooks:
        content = nbformat.read(notebook.path, as_version=4)
        for cell in (c for c in content.cells if c.cell_type == "code"):
            for name in _names(cell.source):
                if ANY in name:
                    patterns.add(rf"{notebook.topic}\.{name}")
                else:
                    ids.add(f"{notebook.topic}.{name}")
    return Known(sorted(ids), sorted(patterns))


def _names(source: str) -> list[str]:
    """The first argument of each call of ``finding`` in a cell, with ``ANY`` for what varies."""
    try:
        calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    except SyntaxError:  # IPython's own commands
        return [ANY] if "finding(" in source else []
    named = [call for call in calls if getattr(
        call.func, "id", getattr(call.func, "attr", "")) == "finding"]  # fmt: skip
    return [_name(call.args[0]) if call.args else ANY for call in named]


def _name(argument: ast.expr) -> str:
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    if isinstance(argument, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else ANY for part in argument.values
        )
    return ANY


def carry_out(
    editorial: Editorial,
    notebooks: Sequence[Notebook],
    work: Path,
    *,
    findings: Mapping[str, Mapping[str, Any]],
    about: Mapping[str, Mapping[str, Any]],
    words: Words,
) -> None:
    """Edits the executed notebooks of a run, in place.

    Parameters
    ----------
    findings : of ``editorial.edited``, by id, with ``base`` where it is known
    about : title, note and units of each table, by ``<topic>__<table>``
    """
    changed = touched(editorial)
    for notebook in notebooks:
        own = {identity for identity in changed if identity.partition(".")[0] == notebook.topic}
        if own:
            file = work / f"{notebook.name}.ipynb"
            content = nbformat.read(file, as_version=4)
            cards = {i: _card(findings[i], words) if i in findings else "" for i in own}
            hidden = {i.partition(".")[2] for i in own if i in editorial.hide}
            charts = [_picture(work / notebook.topic / "figures" / f"{n}.png") for n in hidden]
            names = (f"{notebook.topic}__{name}" for name in hidden)
            titles = [escape(about[name]["title"]) for name in names if name in about]
            for cell in (c for c in content.cells if c.cell_type == "code"):
                cell.outputs = [
                    output for output in cell.outputs if _kept(output, cards, charts, titles)
                ]
            nbformat.write(content, file)


def hidden_tables(editorial: Editorial) -> set[str]:
    """The tables that go with hidden findings."""
    return {identity.replace(".", "__", 1) for identity in editorial.hide}


def _card(finding: Mapping[str, Any], words: Words) -> str:
    made = Finding(**{field.name: finding[field.name] for field in fields(Finding)})
    base = finding.get("base") or tr(BASES[made.evidence])
    return finding_html(made, words, base, comment=finding["comment"], owner=finding["owner"])


def _picture(file: Path) -> str | None:
    return base64.b64encode(file.read_bytes()).decode("ascii") if file.is_file() else None


def _kept(
    output: NotebookNode, cards: Mapping[str, str], charts: Sequence[str | None],
    titles: Sequence[str],
) -> bool:  # fmt: skip
    """Whether an output still shows something; its cards are edited."""
    data = output.get("data", {})
    picture = data.get("image/png")
    if picture is not None and picture.replace("\n", "") in charts:
        return False
    if "text/html" not in data:
        return True
    html = CARD.sub(lambda found: cards.get(found[1], found[0]), data["text/html"])
    html = TABLE.sub(lambda found: "" if found[1] in titles else found[0], html)
    is_emptied = html != data["text/html"] and not html.strip()
    data["text/html"] = html
    return not is_emptied
