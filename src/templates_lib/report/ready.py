"""What a run starts from: everything that can be wrong before a notebook runs is checked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from templates_lib import editorial
from templates_lib.client import check_splits, split_columns
from templates_lib.labels import label
from templates_lib.params.file import load_params
from templates_lib.params.params import Params
from templates_lib.problems import InputProblems, Problem
from templates_lib.quotes import unknown_quotes
from templates_lib.report import brand, editing
from templates_lib.report.notebooks import Notebook, of_client
from templates_lib.report.progress import Progress
from templates_lib.sources.engine import has_table
from templates_lib.staging import staging
from templates_lib.workspace import ClientFolders


@dataclass(frozen=True)
class Ready:
    """What a run starts from: valid parameters, staged tables, and the notebooks that can run."""

    folders: ClientFolders
    params: Params
    staged: Path
    notebooks: tuple[Notebook, ...]
    skipped: Mapping[str, tuple[str, ...]]


def prepare(
    client: str, *, as_of: str | None = None, language: str | None = None, progress: Progress
) -> Ready:
    """Checks everything that can be wrong before a notebook runs, and stages the sources.

    Raises
    ------
    InputProblems
        All that is wrong with the parameters, the sources, the splits or ``editorial.yml``.
    """
    folders = ClientFolders(client)
    changes = {("as_of",): as_of, ("client", "language"): language}
    params = load_params(client, changes={k: v for k, v in changes.items() if v})
    with progress.task("reading the sources"):
        staged = staging.stage(params, folders)
    have = params.sources.given()
    notebooks, skipped = [], {}
    every = of_client(folders)
    for notebook in every:
        lacking = notebook.lacks(have)
        if lacking:
            skipped[notebook.name] = lacking
        else:
            notebooks.append(notebook)
    _check_settings(folders, params, staged, notebooks, editing.known(every))
    return Ready(folders, params, staged, tuple(notebooks), skipped)


def _check_settings(
    folders: ClientFolders,
    params: Params,
    staged: Path,
    notebooks: Sequence[Notebook],
    findings: editorial.Known,
) -> None:
    connection, facts = staging.open_staged(staged)
    problems = [*_no_orders(facts["reconciliation"]), *brand.problems(folders, params.brand)]
    columns = split_columns(connection)
    for notebook in notebooks:
        try:
            check_splits(params.topic(notebook.topic), columns, notebook.topic)
        except InputProblems as error:
            problems += error.problems
    said = [
        connection.table(name) if has_table(connection, name) else None
        for name in ("responses", "interviews")
    ]
    try:
        editorial.read(folders, findings)
        problems += unknown_quotes(folders, *said)
    except InputProblems as error:
        problems += error.problems
    connection.disconnect()
    if problems:
        raise InputProblems(problems)


def _no_orders(steps: Sequence[Mapping[str, object]]) -> list[Problem]:
    """A problem where no order is left to analyse, and the step at which the last one went."""
    empty = next((step for step in steps if not step["orders"]), None)
    if empty is None or not steps[0]["orders"]:
        return []
    where = f"{label(empty['step'])}: 0 of {steps[0]['orders']} orders are left"
    return [Problem("sources.orders", f"no order can be analysed ({where}); look at its settings")]
