"""A notebook's first line: ``shop = open_client("acme", "cohorts")``."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
from IPython.display import HTML, display

from templates_lib import costs, coverage, language, margin_basis, published, purchases
from templates_lib.editorial import Editorial, read
from templates_lib.params.file import change_section, load_params
from templates_lib.params.params import Params
from templates_lib.params.sections import Section
from templates_lib.problems import InputProblems, Problem, nearest
from templates_lib.report import findings
from templates_lib.report.parameters import parameters_table
from templates_lib.report.tables import read_table
from templates_lib.sources.engine import has_table
from templates_lib.staging import staging
from templates_lib.words import Words
from templates_lib.workspace import ClientFolders

RUN_FOLDER = "TEMPLATES_LIB_RUN"
RUN_FILE = "run.json"
LAB_CLIENT = "TEMPLATES_LIB_CLIENT"
DEFAULT_CLIENT = "demo"


@dataclass(frozen=True)
class Shop:
    """One client's staged tables (Ibis, read-only), parameters and words."""

    client: str
    topic: str
    params: Params
    settings: Section
    words: Words
    facts: Mapping[str, Any]
    _connection: ibis.BaseBackend

    @property
    def as_of(self) -> date:
        """The last day observed."""
        return self.params.as_of

    @property
    def min_cell(self) -> int:
        """The smallest count of people shown."""
        return self.params.privacy.min_cell

    @property
    def value(self) -> str:
        """The best money measure there is: ``contribution_margin``, else ``net_sales``."""
        has_margin = self.facts.get("margin", {}).get("basis", "none") != "none"
        return "contribution_margin" if has_margin else "net_sales"

    @property
    def value_basis(self) -> str:
        """What ``value`` rests on, for every title: ``contribution margin at an assumed 42 %``."""
        return margin_basis.in_words(self.facts, self.words)

    @cached_property
    def service(self) -> ir.Table | None:
        """What contacts with the service cost, by customer and day (``costs.service_costs``); None
        where nobody knows, or where ``value`` is no margin."""
        if self.value != "contribution_margin":
            return None
        have = {name: self.table(name) for name in coverage.table_names(self.facts)}
        zone = self.params.client.timezone
        return costs.service_costs(have, self.params.assumptions, zone=zone, as_of=self.as_of)

    @property
    def worth_basis(self) -> str:
        """``value_basis`` of what is left after ``service`` too."""
        is_charged = self.service is not None
        return margin_basis.in_words(self.facts, self.words, after_service=is_charged)

    def table(self, name: str) -> ir.Table:
        """A staged table: orders, order_lines, purchases, first_orders, customers, products."""
        return self._connection.table(name)

    @property
    def orders(self) -> ir.Table:
        return self.table("orders")

    @property
    def purchases(self) -> ir.Table:
        return self.table("purchases")

    @property
    def first_orders(self) -> ir.Table:
        return self.table("first_orders")

    @property
    def has_whole_history(self) -> bool:
        """Whether the file holds every order: only then is a first order an acquisition."""
        return self.params.purchases.history == "complete"

    @property
    def newcomers(self) -> str:
        """What customers with a first order in the file may be called."""
        if self.has_whole_history:
            return language.tr("new customers")
        return language.tr("customers first seen")

    @cached_property
    def first_day(self) -> date:
        """The day of the first counted order."""
        return self.orders.ordered_on.min().execute().date()

    @cached_property
    def editorial(self) -> Editorial:
        """What people say of the report in ``editorial.yml``."""
        return read(ClientFolders(self.client))[0]

    def say(self, text: str) -> None:
        """A computed sentence of the notebook."""
        display(HTML(f'<p class="computed">{escape(text)}</p>'))

    def findings(self) -> list[dict[str, Any]]:
        """The findings of the other notebooks: of this run, else of the last report.

        Beside what ``findings.json`` holds each has ``null``, ``base`` and ``about``.
        """
        run = os.environ.get(RUN_FOLDER)
        if run:
            files = sorted(Path(run).glob("*/findings.json"))
        else:
            files = sorted(self._last_report.glob("findings.json"))
        found = [f for file in files for f in json.loads(file.read_text(encoding="utf-8"))]
        beside: dict[str, dict[str, Any]] = {}
        for file in (file.with_name(findings.BESIDE) for file in files):
            beside |= json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return [f | beside.get(f["id"], {}) for f in found if f["notebook"] != self.topic]

    def handed_on(self, name: str, *, report: Path | None = None) -> pd.DataFrame | None:
        """A table of another notebook, such as ``icp__segments``, in full precision: of this run,
        else of the last report, or of the ``report`` asked for; None where there is none."""
        run = os.environ.get(RUN_FOLDER)
        if report is not None:
            folder = report / "internal"
        elif run:
            folder = Path(run, name.partition("__")[0])
        else:
            folder = self._last_report
        file = folder / "tables" / f"{name}.csv"
        return findings.typed(read_table(file)) if file.is_file() else None

    def lists(self) -> dict[str, str]:
        """The titles of the tables of single customers, which are never sent, by their names."""
        run = os.environ.get(RUN_FOLDER)
        about: dict[str, dict[str, Any]] = {}
        if run:
            for file in sorted(Path(run).glob("*/tables/*.json")):
                about[file.stem] = json.loads(file.read_text(encoding="utf-8"))
        else:
            for file in self._last_report.glob("tables.json"):
                about = json.loads(file.read_text(encoding="utf-8"))
        return {name: one["title"] for name, one in about.items() if not one["send"]}

    def picture(self, figure: str) -> Path | None:
        """A figure of another notebook, such as ``icp__segments``, where it was drawn."""
        topic, _, name = figure.partition("__")
        run = os.environ.get(RUN_FOLDER)
        if run:
            file = Path(run, topic, "figures", f"{name}.png")
        else:
            file = self._last_report / "figures" / f"{figure}.png"
        return file if file.is_file() else None

    @property
    def _last_report(self) -> Path:
        """What the published report of this day holds for the house itself."""
        folders, language = ClientFolders(self.client), self.params.client.language
        return published.report(folders, self.as_of, language) / "internal"

    @cached_property
    def movements(self) -> ir.Table:
        """Money on the day that it belongs to, by the client's refund policy."""
        source = self.params.sources.orders
        zone = self.params.client.timezone
        return purchases.money_movements(self.orders, refunds=source.refunds, timezone=zone)


def open_client(client: str, topic: str, overrides: Mapping[str, Any] | None = None) -> Shop:
    """Opens a client for one analysis, validates and shows the parameters in force.

    Inside ``make report`` the run's own frozen parameters and staged tables are used; in
    JupyterLab or under plain papermill the file is read and staged as needed.

    Parameters
    ----------
    client : name of a file in ``params/``, without ``.yml``
    topic : the notebook's name without its number; its section holds the settings
    overrides : settings of this analysis changed for this run only

    Raises
    ------
    InputProblems
        For everything that is wrong with the parameters or the sources.
    """
    if client == DEFAULT_CLIENT:  # `make lab CLIENT=x` opens the stored notebooks for x
        client = os.environ.get(LAB_CLIENT, client)
    folders = ClientFolders(client)
    run = os.environ.get(RUN_FOLDER)
    if run:
        given = json.loads(Path(run, RUN_FILE).read_text(encoding="utf-8"))
        params, staged = Params.model_validate(given["params"]), Path(given["staged"])
    else:
        params = load_params(client)
        staged = staging.stage(params, folders)
    responses = params.sources.responses
    settings = change_section(params.topic(topic), overrides or {}, responses)
    connection, facts = staging.open_staged(staged)
    language.use(params.client.language)
    words = Words(params.client.language, params.client.currency)
    shop = Shop(client, topic, params, settings, words, facts, connection)
    check_splits(settings, split_columns(connection), topic)
    findings.begin(topic, words, Path(run, topic) if run else None)
    display(HTML(parameters_table(params, settings, topic)))
    return shop


def split_columns(connection: ibis.BaseBackend) -> tuple[str, ...]:
    """What the staged tables know of a customer; nothing of a client without orders."""
    has_orders = has_table(connection, "first_orders")
    return tuple(connection.table("first_orders").columns) if has_orders else ()


def check_splits(settings: Section, columns: tuple[str, ...], topic: str) -> None:
    """Refuses a split by something that the staged tables do not have."""
    splits = getattr(settings, "split_by", None) or []
    if splits and not columns:
        raise InputProblems([Problem(topic, "needs orders, and sources: has none")])
    dates = ("first_on", "second_on", "last_on", "customer_id", "purchases", "net_sales",
             "contribution_margin")  # fmt: skip
    known = [name for name in columns if name not in dates]
    unknown = [name for name in splits if name not in known]
    if unknown:
        raise InputProblems(
            Problem(f"{topic}.split_by", f"no attribute {name!r}" + nearest(name, known))
            for name in unknown
        )
