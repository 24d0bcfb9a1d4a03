"""What the way from rows to purchases did: the steps that were counted, and the repairs."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir

from templates_lib.sources.engine import one


class Facts:
    """Noted while staging, and kept beside the staged tables.

    ``noted`` holds ``files``, ``reconciliation`` (step, rows, orders, customers, net_sales; each
    is what remains), ``repairs`` (repair, count), and what ``purchases.canonical`` adds to it.
    """

    def __init__(self, files: list[dict[str, Any]]) -> None:
        self.noted: dict[str, Any] = {"files": files, "reconciliation": [], "repairs": []}

    def repair(self, repair: str, count: Any) -> None:
        """Something that the data had and that needed a decision, unless there was none of it."""
        if count:
            self.noted["repairs"].append({"repair": repair, "count": int(count)})

    def rows(self, step: str, rows: ir.Table) -> int:
        """A step at which there are rows and not yet orders; returns how many."""
        counts = one(
            rows,
            rows=rows.count(),
            orders=rows.order_key.nunique(),
            customers=rows.customer_key.nunique(),
        )
        self._step(step, **counts, net_sales=None)
        return counts["rows"]

    def orders(self, step: str, orders: ir.Table, amount: str = "net_sales") -> None:
        """A step at which there are orders, with the sum of one of their amounts."""
        counts = one(
            orders,
            rows=orders.rows.sum(),
            orders=orders.count(),
            customers=orders.customer_key.nunique(),
            net_sales=exact_sum(orders[amount]),
        )
        self._step(step, **counts)

    def purchases(self, step: str, purchases: ir.Table) -> None:
        """The last step: purchase occasions."""
        counts = one(
            purchases,
            orders=purchases.count(),
            customers=purchases.customer_key.nunique(),
            net_sales=exact_sum(purchases.net_sales),
        )
        self._step(step, rows=None, **counts)

    def _step(self, step: str, **counts: Any) -> None:
        self.noted["reconciliation"].append({"step": step, **counts})


def exact_sum(amount: ir.DecimalValue) -> ir.DecimalValue:
    """A sum that cannot overflow and is 0 where there is nothing to add."""
    return amount.sum().cast("decimal(38, 4)").fill_null(0)
