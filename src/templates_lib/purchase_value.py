"""What a purchase is worth, with the cost of the service that it caused."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from templates_lib.tables import MONEY


def purchase_values(purchases: ir.Table, *, value: str, service: ir.Table | None) -> ir.Table:
    """Purchase occasions with their value.

    A contact with the service costs the customer's last purchase before it, or on its day.

    Parameters
    ----------
    value : ``net_sales`` or ``contribution_margin``
    service : of ``costs.service_costs``; it is taken from margins only

    Returns
    -------
    Columns: customer_id, purchase_number, purchased_on, next_on, value.
    """
    base = ("customer_id", "purchase_number", "purchased_on", "next_on")
    if service is None or value != "contribution_margin":
        return purchases.select(*base, value=purchases[value].cast(MONEY))
    until = purchases.next_on
    caused = purchases.join(
        service,
        [
            purchases.customer_id == service.customer_id,
            service.on >= purchases.purchased_on,
            until.isnull() | (service.on < until),
        ],
    )
    cost = caused.group_by("customer_id", "purchase_number").aggregate(
        service_cost=caused.service_cost.sum()
    )
    joined = purchases.left_join(cost, ["customer_id", "purchase_number"])
    spent = joined.service_cost.fill_null(ibis.literal(0).cast(MONEY))
    return joined.select(*base, value=(joined[value] - spent).cast(MONEY))
