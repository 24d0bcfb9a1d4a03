"""From typed rows to the canonical tables beside orders, products and customers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir

from templates_lib.params.params import Params
from templates_lib.sources.engine import one
from templates_lib.sources.read import from_latest_export
from templates_lib.sources.reader import utc_to_local
from templates_lib.tables import COLUMNS, TIMES


def canonical(
    connection: ibis.BaseBackend,
    params: Params,
    read: Mapping[str, Any],
    orders: ir.Table | None,
) -> tuple[dict[str, ir.Table], dict[str, list[dict[str, Any]]]]:
    """The tables, still under the shop's own keys, up to the last day observed.

    Whose a row is, is known by the order that it names too.

    Returns
    -------
    Tables by name, and facts (source, count): rows ``repeated`` by a later export, and rows
    ``after_as_of``.
    """
    made = {}
    facts: dict[str, list[dict[str, Any]]] = {"repeated": [], "after_as_of": []}
    for name in COLUMNS:
        if name not in read or name in ("orders", "products", "customers"):
            continue
        rows, repeated = from_latest_export(name, read[name])
        rows, late = _until(rows, name, params)
        for fact, count in (("repeated", repeated), ("after_as_of", late)):
            facts[fact] += [{"source": name, "count": count}] if count else []
        if orders is not None and {"order_key", "customer_key"} <= set(rows.columns):
            rows = _with_buyer(rows, orders)
        made[name] = connection.create_table(f"canonical_{name}", rows)
    return made, facts


def _until(rows: ir.Table, name: str, params: Params) -> tuple[ir.Table, int]:
    """The rows up to the last day observed, and how many are later."""
    if name not in TIMES:
        return rows, 0
    time = rows[TIMES[name]]
    day = time if time.type().is_date() else utc_to_local(time, params.client.timezone).date()
    is_late = (day > ibis.literal(params.as_of)).fill_null(False)
    late = one(rows, n=is_late.sum())["n"] or 0
    return rows.filter(~is_late), int(late)


def _with_buyer(rows: ir.Table, orders: ir.Table) -> ir.Table:
    """The rows with the customer of the order that they name, where they name no customer."""
    buyers = orders.select(bought="order_key", buyer="customer_key")
    joined = rows.left_join(buyers, rows.order_key == buyers.bought)
    buyer = ibis.coalesce(joined.customer_key, joined.buyer)
    return joined.mutate(customer_key=buyer).select(*rows.columns)
