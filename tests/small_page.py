"""A page made of a few cells, without a run: what its parts are is seen at a glance."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from PIL import Image

from templates_lib.params.file import load_params
from templates_lib.report.notebooks import Notebook
from templates_lib.report.page import page
from templates_lib.report.ready import Ready
from templates_lib.report.tables import to_html
from templates_lib.words import Words
from templates_lib.workspace import ClientFolders

HOSTILE = (
    "<script>document.title = 'run'</script>"
    "<img src='x' alt='a picture that is not there' onerror=\"document.title = 'run'\">"
    "<img src='https://example.com/seen.png' alt='a picture of somebody else'>"
    "<p style='color: red'>An own notebook may show anything.</p>"
)
FREIGHT = pd.DataFrame({
    "group": ["home", "office 10", "office 9", "other"],
    "customers": [1204, 88, 88, 7],
    "net_sales": [1234.5, -20.0, None, 99.0],
})  # fmt: skip


def picture(width: int = 1520, height: int = 720) -> str:
    """A figure as a notebook holds it."""
    file = io.BytesIO()
    Image.new("P", (width, height), 3).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode("ascii")


def text(source: str, *tags: str) -> Any:
    return nbformat.v4.new_markdown_cell(source, metadata={"tags": list(tags)})


def shown(data: Mapping[str, str], alt: str = "", tags: tuple[str, ...] = ()) -> Any:
    about = {"image/png": {"alt": alt}} if alt else {}
    output = nbformat.v4.new_output("display_data", dict(data), metadata=about)
    return nbformat.v4.new_code_cell("x", outputs=[output], metadata={"tags": list(tags)})


def cells() -> dict[str, list[Any]]:
    """By topic, what its notebook shows."""
    table = to_html(FREIGHT, Words("en", "EUR"), caption="Freight by group")
    links = (
        '<p>More <a href="#freight.paid">in its chapter</a>, '
        '<a href="#freight.hidden">and of one that is hidden</a>.</p>'
    )
    finding = (
        '<section class="finding strong" id="freight.paid"><h3>Of 100, 19 paid the freight</h3>'
        '<p>It is € 1\u00a0234 a year.</p><p class="sure">firm evidence</p></section>'
    )
    return {
        "summary": [text("# In short"), shown({"text/html": links})],
        "freight": [
            text("# Who pays the freight\n\nThe question."),
            text("## By group"), shown({"text/html": table}),
            shown({"image/png": picture()}, alt="The freight by group, a bar each."),
            shown({"text/html": finding}),
            shown({"text/html": "<p>Counted by hand.</p>"}, tags=("method",)),
            text("It says nothing about returns.", "limits"),
        ],
        "own": [text("# An own view"), shown({"text/html": HOSTILE})],
        "silent": [text("# Would they recommend us"),
                   nbformat.v4.new_code_cell("x"),
                   shown({"text/html": '<p class="computed">Nobody was asked.</p>'},
                         tags=("method",))],
    }  # fmt: skip


def write(folder: Path, client: str) -> str:
    """The page of a client whose notebooks are ``cells``."""
    work = folder / "work"
    work.mkdir(parents=True)
    notebooks = []
    for place, (topic, own) in enumerate(cells().items()):
        file = work / f"{20 + place}_{topic}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=own), file)
        notebooks.append(Notebook(file.stem, file, (), is_own=True))
    folders, params = ClientFolders(client), load_params(client)
    skipped = {"08_marketing": ("orders", "events or traffic")}
    return page(Ready(folders, params, folder, tuple(notebooks), skipped), work)
