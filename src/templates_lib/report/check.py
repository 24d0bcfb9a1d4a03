"""What ``make check`` prints: the sources as they were read, whether they agree with the shop's own
figures, what can run and what it would take for the rest, and what looks suspicious.

Only counts, days and the names of files, columns and settings are in it: no value of a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from templates_lib import coverage, purchases
from templates_lib.data_health import data_health, joins, sufficiency
from templates_lib.labels import label
from templates_lib.params.params import Params
from templates_lib.report.notebooks import of_client
from templates_lib.report.ready import Ready
from templates_lib.staging.staging import open_staged
from templates_lib.words import Words

# A source that ends so long before the last day observed may have been exported too early.
LATE_DAYS = {"orders": 7, "events": 7, "sessions": 7, "traffic": 7, "responses": 31,
             "touchpoints": 31, "leads": 31}  # fmt: skip
MANY = 0.2  # a share of rows or orders that is worth a look
MOST = 0.5
MISSING = {
    "orders": "who comes back, when and what they are worth",
    "products": "a category and a cost of what was bought: margin instead of sales",
    "responses": "why people buy, and what nearly stopped them",
    "events": "where the path to a purchase breaks",
    "spend": "what a new customer costs, and when that has paid itself back",
}


@dataclass(frozen=True)
class _Checked:
    """What the sections of the summary are made from."""

    ready: Ready
    facts: Mapping[str, Any]
    have: Mapping[str, ir.Table]
    sources: pd.DataFrame
    control: pd.DataFrame | None
    words: Words

    @property
    def params(self) -> Params:
        return self.ready.params


def said(ready: Ready) -> Iterator[str]:
    """The lines that are printed."""
    connection, facts = open_staged(ready.staged)
    have = {name: connection.table(name) for name in coverage.table_names(facts)}
    client = ready.params.client
    checked = _Checked(
        ready, facts, have,
        coverage.sources(facts, zone=client.timezone),
        _control(ready.params, have.get("orders")),
        Words(client.language, client.currency),
    )  # fmt: skip
    yield f"{client.name}, up to {checked.words.day(ready.params.as_of)}"
    for title, lines in SECTIONS.items():
        found = list(lines(checked))
        if found:
            yield ""
            yield title
            yield from (f"  {line}" for line in found)
    connection.disconnect()


def _control(params: Params, orders: ir.Table | None) -> pd.DataFrame | None:
    if orders is None or params.sources.orders is None:
        return None
    movements = purchases.money_movements(
        orders, refunds=params.sources.orders.refunds, timezone=params.client.timezone
    )
    return data_health.control_totals(
        orders, movements, totals=params.control_totals,
        tolerance_share=params.data_health.tolerance_share,
    )  # fmt: skip


def _sources(checked: _Checked) -> Iterator[str]:
    words = checked.words
    for row in checked.sources.itertuples():
        files = words.count(row.files, "file", "files")
        rows = words.count(row.rows, "row", "rows")
        left_out = f", {words.number(row.left_out)} left out" if row.left_out else ""
        days = ""
        if not pd.isna(row.date_from):
            days = f", {words.day(row.date_from)} to {words.day(row.date_to)}"
        yield f"{row.source} ({row.format}): {files}, {rows}{left_out}{days}"
    for file in checked.facts["files"]:
        rows = words.count(file["rows"], "row", "rows")
        yield f"  {file['file']}: {rows}, {file['encoding']}"


def _agreement(checked: _Checked) -> Iterator[str]:
    control, words = checked.control, checked.words
    if control is None:
        yield "no orders, so that there is no figure to compare"
    elif control.empty:
        yield "none given: ask for one month's net sales, and put it into control_totals"
    else:
        for row in control.itertuples():
            show = words.money if row.measure == "net_sales" else words.number
            share = "" if pd.isna(row.difference_share) else (
                f" ({words.share(row.difference_share, 1)})")  # fmt: skip
            verdict = "agrees" if row.agrees else "differs: find out why before anything else"
            yield (
                f"{row.period} {label(row.measure)}: report {show(row.ours)}, shop "
                f"{show(row.shop)}, difference {show(row.difference)}{share}: {verdict}"
            )


def _steps(checked: _Checked) -> Iterator[str]:
    words = checked.words
    steps = data_health.changed_steps(data_health.reconciliation(checked.facts))
    for step in steps.itertuples():
        amount = "" if pd.isna(step.net_sales) else f", {words.money(step.net_sales)}"
        yield (
            f"{label(step.step)}: {words.count(int(step.orders), 'order', 'orders')}, "
            f"{words.count(int(step.customers), 'customer', 'customers')}{amount}"
        )


def _repairs(checked: _Checked) -> Iterator[str]:
    found = data_health.repairs(checked.facts, checked.have.get("orders"))
    for row in found.itertuples():
        yield f"{row.source}: {label(row.repair)}: {checked.words.number(row[3])}"


def _enabled(checked: _Checked) -> Iterator[str]:
    ready = checked.ready
    notebooks = of_client(ready.folders)
    for source in ready.params.sources.given():
        names = [n.name for n in notebooks if n.lacks([source]) != n.needs]
        yield f"{source}: needed by {', '.join(names)}" if names else f"{source}: adds to others"
    yield f"can run: {', '.join(n.name for n in ready.notebooks) or 'nothing'}"
    for name, needs in ready.skipped.items():
        yield f"left out: {name} needs {', '.join(needs)}"


def _missing(checked: _Checked) -> Iterator[str]:
    given = checked.params.sources.given()
    for name, gives in MISSING.items():
        if name not in given:
            yield f"{name}: {gives}"
    margin = checked.facts.get("margin", {})
    basis = margin.get("basis")
    if "products" in given and basis == "none":
        known = checked.words.share(margin.get("known_share") or 0)
        yield (
            f"a cost of every product (known for {known} of the sales), or "
            "assumptions.gross_margin_share: margin instead of sales"
        )
    amounts = sufficiency.amounts(
        checked.have, as_of=checked.params.as_of, costs=basis or "none", control=checked.control,
        period=checked.params.cohorts.period, split_by=checked.params.repeat_purchase.split_by,
    )  # fmt: skip
    can_run = {notebook.topic for notebook in checked.ready.notebooks}
    for row in sufficiency.sufficiency(amounts, words=checked.words).itertuples():
        if not row.enough and row.topic in can_run:
            yield f"{row.question} It lacks: {row.lacks}"


def _suspicious(checked: _Checked) -> Iterator[str]:
    yield from _ends(checked)
    yield from _reading(checked)
    if "orders" in checked.have:
        yield from _of_orders(checked)
    rates = joins.join_rates(
        checked.have, checked.facts, zone=checked.params.client.timezone,
        min_cell=checked.params.privacy.min_cell,
    )  # fmt: skip
    yield from (f"under half is found: {name}" for name in joins.weak(rates))


def _ends(checked: _Checked) -> Iterator[str]:
    """Sources that end long before the last day observed, or go on after it."""
    as_of, words = checked.params.as_of, checked.words
    for row in checked.sources.dropna(subset=["date_to"]).itertuples():
        late = (as_of - row.date_to).days
        if late > LATE_DAYS.get(row.source.partition(".")[0], late):
            days = words.count(late, "day", "days")
            yield f"{row.source} ends {days} before as_of: was it exported too early?"
        elif late < 0:
            yield f"{row.source} goes on until {words.day(row.date_to)}, after as_of"


def _reading(checked: _Checked) -> Iterator[str]:
    words = checked.words
    for file in checked.facts["files"]:
        if file["undefined_bytes"]:
            count = words.number(file["undefined_bytes"])
            yield f"{file['file']}: {count} characters that {file['encoding']} does not know"
    for row in checked.sources.itertuples():
        if row.left_out > MOST * row.rows:
            yield f"{row.source}: {words.share(row.left_out / row.rows)} of the rows are left out"


def _of_orders(checked: _Checked) -> Iterator[str]:
    words, orders = checked.words, checked.have["orders"]
    steps = {step["step"]: step for step in checked.facts["reconciliation"]}
    repairs = {each["repair"]: each["count"] for each in checked.facts["repairs"]}
    read, kept = steps["rows_read"]["orders"], int(orders.count().execute())
    if read and kept < (1 - MANY) * read:
        yield f"only {words.share(kept / read)} of the orders in the files count: see the steps"
    unknown = int(orders.filter(orders.customer_id.isnull()).count().execute())
    if kept and unknown > MANY * kept:
        yield f"{words.share(unknown / kept)} of the orders have no customer: is an id mapped?"
    if twice := repairs.get("equal_rows_kept"):
        yield f"{words.number(twice)} rows of orders equal another: sold twice, or exported twice?"
    if negative := repairs.get("orders_of_negative_value_counted"):
        yield f"{words.number(negative)} counted orders are below zero: returns, or cancelled?"
    for gap in data_health.gaps(orders, as_of=checked.params.as_of).itertuples():
        if gap.date_to < checked.params.as_of - timedelta(days=1):
            yield (
                f"no orders from {words.day(gap.date_from)} to {words.day(gap.date_to)} "
                f"({words.count(gap.days, 'day', 'days')})"
            )


SECTIONS = {
    "Sources": _sources,
    "Agreement with the shop's own figures": _agreement,
    "From rows to purchases": _steps,
    "What needed a decision": _repairs,
    "What the sources make possible": _enabled,
    "What is missing": _missing,
    "What looks suspicious": _suspicious,
}
