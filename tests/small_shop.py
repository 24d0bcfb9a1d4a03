"""A small synthetic shop whose every text field tries something, and one report of it.

The report takes half a minute, so it is made once for all tests and workers; a test that changes
something works in a copy.
"""

from __future__ import annotations

import csv
import io
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock

from templates_lib.report import run

NAME = 'Acme <script>alert(1)</script> "><img src=x onerror=alert(1)> $\\href{a}{b}$ | =1+1'
CATEGORIES = (
    "<script>alert(2)</script>",
    '"><img src=x onerror=alert(3)>',
    "$\\href{javascript:alert(4)}{x}$",
    "a | b | **c**",
    "=1+1",
)
PRODUCTS = ("-1+1", '=HYPERLINK("http://evil.example","x")', "00100")
PERSON = ("Canary Bird-Byrne", "+358 40 123 4567", "canary.bird@private.example")
SECRETS = {
    "ACME_WAREHOUSE": "postgresql://u:canary-password-7f3a@db",
    "SOME_TOKEN": "canary-token-9c1e",
    "PSEUDONYM_KEY": "canary-key-for-tests-only",
}
FIRST_DAY, LAST_DAY = date(2024, 1, 1), date(2025, 12, 31)
PARAMS = f"""
client: {{name: '{NAME}', language: en, currency: EUR, timezone: Europe/Helsinki, country: FI}}
as_of: {LAST_DAY}
control_totals: {{2024: {{orders: 1}}}}
sources:
  orders:
    format: table
    path: exports/orders*.csv
    columns:
      order_id: "=1+1 <script>order</script>"
      ordered_at: when
      customer_email: mail
      product_id: sku
      product_name: product
      category: category
      channel: channel
      quantity: pieces
      line_amount: amount
      unit_cost: cost
    vat: excluded
purchases: {{history: complete}}
repeat_purchase: {{split_by: [first_category, first_product]}}
cohorts: {{period: quarter, split_by: [first_channel]}}
report: {{forms: [slides]}}
"""
MAKES = ("CLIENT", "AS_OF", "NOTEBOOKS", "NOTEBOOK", "LIST", "CONSENT", "JOBS", "LANGUAGE",
         "REPORT_LANGUAGE", "WORKSPACE", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES",
         "MFLAGS")  # fmt: skip
AS_OF = f"{LAST_DAY}"


def orders(customers: int = 300, seed: int = 7) -> list[list[str]]:
    """Rows of an export: about half of the customers return, soon ones most."""
    chance = random.Random(seed)
    rows = []
    for customer in range(customers):
        name, phone, mail = PERSON[0], PERSON[1], PERSON[2].replace("@", f".{customer}@")
        day = FIRST_DAY + timedelta(chance.randrange((LAST_DAY - FIRST_DAY).days))
        taste = chance.randrange(len(CATEGORIES))
        channel = chance.choice(("shop", "web"))
        while day <= LAST_DAY:
            time = datetime(day.year, day.month, day.day, chance.randrange(8, 20))
            number = str(len({row[0] for row in rows}) + 1)
            for _ in range(chance.choice((1, 1, 2))):
                product = chance.choice(PRODUCTS)
                pieces, price = chance.randrange(1, 4), chance.randrange(500, 6000)
                rows.append([
                    number, f"{time}", mail, name, phone, f"00{PRODUCTS.index(product)}", product,
                    CATEGORIES[taste], channel, str(pieces), f"{pieces * price / 100:.2f}",
                    f"{price * 0.55 / 100:.2f}",
                ])  # fmt: skip
            if chance.random() > 0.55 - 0.05 * taste:
                break
            day += timedelta(1 + int(chance.expovariate(1 / 60)))
    return rows


def export(rows: list[list[str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["=1+1 <script>order</script>", "when", "mail", "name", "phone", "sku",
                     "product", "category", "channel", "pieces", "amount", "cost"])  # fmt: skip
    writer.writerows(rows)
    return file.getvalue()


def write(workspace: Path, *, client: str = "acme", text: str | None = None) -> Path:
    """The client's parameter file and export; returns the folder of its data."""
    data = workspace / "data" / client
    (data / "exports").mkdir(parents=True)
    (workspace / "params").mkdir(exist_ok=True)
    (workspace / "params" / f"{client}.yml").write_text(PARAMS, encoding="utf-8")
    (data / "exports" / "orders.csv").write_text(text or export(orders()), encoding="utf-8")
    return data


def environment(workspace: Path | None = None, **more: str) -> dict[str, str]:
    """A clean environment of a command, with canary secrets in it."""
    mine = {k: v for k, v in os.environ.items() if k not in MAKES}
    place = {} if workspace is None else {"WORKSPACE": str(workspace)}
    return {**mine, **SECRETS, **place, **more}


def start(workspace: Path, *words: str, **more: str) -> subprocess.Popen[str]:
    """Starts a command; its two outputs are one text."""
    return subprocess.Popen(
        [sys.executable, "-m", "templates_lib", *words], env=environment(workspace, **more),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=workspace,
        start_new_session=True,
    )  # fmt: skip


def command(workspace: Path, *words: str, code: int = 0, **more: str) -> str:
    """Runs a command that ends with this code; returns what it said."""
    process = start(workspace, *words, **more)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == code, said
    return said


def made_once(base: Path, name: str, make: Callable[[Path], str]) -> tuple[Path, str]:
    """A workspace that one worker makes for all, and what was said then. Not to be changed.

    Parameters
    ----------
    base : the worker's own temporary folder; without workers, that of the session
    """
    together = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    workspace, said = together / name, together / f"{name}.txt"
    with FileLock(together / f"{name}.lock"):
        if not said.is_file():
            shutil.rmtree(workspace, ignore_errors=True)
            workspace.mkdir()
            said.write_text(make(workspace), encoding="utf-8")
    return workspace, said.read_text(encoding="utf-8")


def published(base: Path) -> tuple[Path, str]:
    """The workspace in which client ``acme`` has its report, and what the run said."""

    def make(workspace: Path) -> str:
        write(workspace)
        return command(workspace, "report", "acme", "JOBS=2")

    return made_once(base, "small_shop", make)


def copied(workspace: Path, target: Path) -> Path:
    return Path(shutil.copytree(workspace, target, symlinks=True, dirs_exist_ok=True))


def used(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lets the commands and functions of a test work in this workspace."""
    for name in MAKES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {**SECRETS, "WORKSPACE": str(workspace)}.items():
        monkeypatch.setenv(name, value)
    return workspace


class NotRun(Exception):
    """In the place of the notebooks' execution, where only the plan is asked for."""


def only_plan(
    monkeypatch: pytest.MonkeyPatch, *, results_are_there: bool = False
) -> list[list[str]]:
    """Collects which notebooks would run; they count as done where results are there."""
    planned: list[list[str]] = []

    def plan(ready, notebooks, work, jobs, progress):
        planned.append([n.name for n in notebooks])
        if not results_are_there:
            raise NotRun
        last = run.publish.last_of(ready)
        for notebook in notebooks:
            shutil.rmtree(work / notebook.topic, ignore_errors=True)
            assert run.publish.recall(last, notebook, work)
            progress.done(notebook.name, 0.0, failed=False)
        return [(n, 0.0, None) for n in notebooks]

    monkeypatch.setattr(run, "_execute", plan)
    return planned


def report_of(workspace: Path, client: str = "acme") -> Path:
    return workspace / "reports" / client / AS_OF / "en"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, links followed, by its name."""
    files = {f.relative_to(folder).as_posix(): f for f in folder.rglob("*") if f.is_file()}
    return {name: files[name].read_bytes() for name in sorted(files)}


def results(report: Path) -> Mapping[str, bytes]:
    """What must be the same whenever inputs and parameters are: findings and tables."""
    internal = report / "internal"
    return {"findings.json": (internal / "findings.json").read_bytes(),
            **contents(internal / "tables")}  # fmt: skip


def own_notebook(workspace: Path, name: str, *cells: str, client: str = "acme") -> Path:
    """A client's own notebook: the first lines of every notebook, then these cells."""
    topic = name.lstrip("0123456789_")
    first = nbformat.v4.new_code_cell('client = "demo"', metadata={"tags": ["parameters"]})
    begin = (
        "from templates_lib import figure, finding, open_client, table\n"
        f'shop = open_client(client, "{topic}")'
    )
    code = [nbformat.v4.new_code_cell(text) for text in (begin, *cells)]
    title = nbformat.v4.new_markdown_cell(f"# An own view: {topic}")
    file = workspace / "data" / client / "notebooks" / f"{name}.ipynb"
    file.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[title, first, *code]), file)
    return file


def said_so_far(process: subprocess.Popen[str], until: str) -> Iterator[str]:
    """The lines that a command says, up to the one that holds this text."""
    for line in process.stdout or ():
        yield line
        if until in line:
            return
