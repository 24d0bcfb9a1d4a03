"""The measures by the project's own expressions."""

from __future__ import annotations

from typing import Any

import ibis

from benchmarks.generated import AS_OF, purchases_of
from templates_lib import activity
from templates_lib import purchases as staged
from templates_lib.customer_value import customer_value, next_purchase
from templates_lib.repeat_purchase import repeat_purchase


def purchases(connection: ibis.BaseBackend) -> dict[str, Any]:
    occasions, firsts = purchases_of(connection, temp=True)
    return {"purchases": occasions, "first_orders": firsts}


def returns(connection: ibis.BaseBackend) -> dict[str, Any]:
    firsts = connection.table("first_orders")
    counts = repeat_purchase.return_counts(firsts, as_of=AS_OF, split="first_category")
    return {"counts": counts}


def cohorts(connection: ibis.BaseBackend) -> dict[str, Any]:
    firsts, bought = connection.table("first_orders"), connection.table("purchases")
    return {"cells": activity.cells(firsts, bought, _movements(connection), as_of=AS_OF)}


def value(connection: ibis.BaseBackend) -> dict[str, Any]:
    orders, movements = connection.table("orders"), _movements(connection)
    window = customer_value.windows(AS_OF.replace(year=2023), AS_OF, 365)[0]
    customers = customer_value.by_customer(orders, movements, window).cache()
    ranks = customer_value.ranked(customers, value="contribution_margin", groups=10).cache()
    bins = customer_value.bins(ranks, min_cell=5)
    sums = bins.groupby("group", as_index=False)[["n", "contribution_margin"]].sum()
    sums = sums.set_axis(["decile", "customers", "contribution_margin"], axis=1)
    return {"customers": customers, "deciles": sums}


def next_bought(connection: ibis.BaseBackend) -> dict[str, Any]:
    tables = (connection.table(name) for name in ("purchases", "orders", "order_lines"))
    return {"pairs": next_purchase.pairs(*tables, item="category")}


def _movements(connection: ibis.BaseBackend) -> ibis.Table:
    orders = connection.table("orders")
    return staged.money_movements(orders, refunds="by_order_date", timezone="Europe/Helsinki")
