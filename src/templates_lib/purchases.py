"""From orders to purchase occasions and first orders: what counts, the same everywhere.

Written in Ibis, so that the same expressions run wherever a client's data live.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis
import ibis.expr.types as ir

from templates_lib.costs import with_margin
from templates_lib.params.params import Params, Purchases
from templates_lib.sources.engine import one
from templates_lib.sources.reader import utc_to_local
from templates_lib.staging.facts import Facts
from templates_lib.staging.orders import (
    ZERO,
    counted_orders,
    current_rows,
    described,
    lines_of,
    orders_of,
    sold_rows,
)
from templates_lib.tables import COLUMNS, MONEY, keyed, own_key

FIRST_ORDER_VALUES = ("lower_third", "middle_third", "upper_third")


def canonical(
    connection: ibis.BaseBackend, params: Params, read: Mapping[str, Any]
) -> tuple[dict[str, ir.Table], dict[str, Any]]:
    """The canonical tables, still under the shop's own keys, and the facts of the way there.

    Parameters
    ----------
    read : the typed rows by source (``orders``, ``products``, ``customers``), ``notes`` of the
        files and the number of ``equal_rows``

    Returns
    -------
    Tables by name, and the facts: ``files``, ``reconciliation`` (step, rows, orders, customers,
    net_sales), ``repairs`` (repair, count), ``margin`` (basis, share of sales with a known cost),
    ``costs`` (cost_of, from_files, from_assumptions: shares), ``weighed_share`` (of order lines),
    ``thirds`` (limits of the first order's value) and ``acquisition`` (rule, customers, repeated).
    """
    facts = Facts(read["notes"])
    made: dict[str, ir.Table] = {}
    products, customers = read.get("products"), read.get("customers")
    if "orders" in read:
        create = connection.create_table
        current = create("rows_current", current_rows(read["orders"], facts))
        connection.drop_table(read["orders"].op().name)
        sold = sold_rows(current, params.sources.orders, facts)
        rows = create("rows_sold", described(sold, products))
        facts.repair("equal_rows_kept", read.get("equal_rows"))
        every = create("orders_every", orders_of(rows, params))
        counted = counted_orders(every, facts)
        priced = create("orders_priced", with_margin(counted, params, facts))
        lines = create("lines_placed", lines_of(rows, priced))
        occasions = create("occasions", occasions_of(priced, params.purchases))
        _count_money(priced, occasions, facts)
        facts.noted["acquisition"] = _by_rule(priced, params.purchases)
        firsts = create("firsts", first_orders_of(occasions, priced, lines, facts))
        made["orders"] = priced.select(*keyed("orders"))
        made["order_lines"] = lines.select(*keyed("order_lines"))
        made["purchases"] = occasions.select(*keyed("purchases"))
        made["first_orders"] = _with_attributes(firsts, customers)
    if products is not None:
        made["products"] = products
    if customers is not None or "orders" in made:
        made["customers"] = _customers(made.get("orders"), customers)
    return made, facts.noted


def occasions_of(orders: ir.Table, settings: Purchases) -> ir.Table:
    """One row a purchase occasion of a known customer, numbered from the acquisition.

    ``paid`` is what was paid for goods on the day, before any refund.
    """
    known = orders.filter(orders.customer_key.notnull())
    if settings.refunded_first == "not_acquired":
        kept_from = known.ordered_at.min(where=~known.is_wholly_refunded).over(
            group_by=known.customer_key
        )
        marked = known.mutate(kept_from=kept_from)
        known = marked.filter(marked.ordered_at >= marked.kept_from)
    parts = ["order_key"] if settings.same_day == "separate" else []
    occasions = known.group_by("customer_key", "ordered_on", *parts).aggregate(
        began=known.ordered_at.min(),
        orders=known.count(),
        paid=known.net_goods.sum().cast(MONEY),
        net_sales=known.net_sales.sum().cast(MONEY),
        contribution_margin=known.contribution_margin.sum().cast(MONEY),
    )
    order = [occasions.began, *(_by_key(occasions) if parts else [])]
    by_customer = ibis.window(group_by=occasions.customer_key, order_by=order)
    return occasions.select(
        "customer_key",
        purchase_number=(ibis.row_number().over(by_customer) + 1).cast("int64"),
        purchased_on="ordered_on",
        next_on=occasions.ordered_on.lead().over(by_customer),
        orders="orders",
        net_sales="net_sales",
        contribution_margin="contribution_margin",
        paid="paid",
        began="began",
    )


def _by_key(orders: ir.Table) -> list[ir.Value]:
    """What decides between orders of one moment: the shorter number, as 9 is before 10."""
    return [orders.order_key.length(), orders.order_key]


def _by_rule(orders: ir.Table, settings: Purchases) -> list[dict[str, Any]]:
    """Customers and those with a second purchase, whether or not a wholly refunded first order
    acquires: both are told where there is such an order."""
    if not one(orders, n=orders.is_wholly_refunded.sum())["n"]:
        return []
    found = []
    for rule in ("not_acquired", "acquired"):
        occasions = occasions_of(orders, settings.model_copy(update={"refunded_first": rule}))
        is_second = occasions.purchase_number == 2
        counts = one(
            occasions, customers=occasions.customer_key.nunique(), repeated=is_second.sum()
        )
        found.append({"rule": rule, **counts})
    return found


def _count_money(orders: ir.Table, occasions: ir.Table, facts: Facts) -> None:
    """The steps from gross sales to net sales, and to the purchases that are analysed."""
    known = orders.filter(orders.customer_key.notnull())
    facts.orders("with_known_customer", known)
    facts.orders("gross_sales", known, "gross")
    facts.orders("less_vat", known, "gross_net")
    facts.orders("less_discounts", known, "net_goods")
    facts.orders("less_refunds", known, "net_sales")
    facts.purchases("purchase_occasions", occasions)
    counted = one(known, n=known.count())["n"]
    analysed = one(occasions, n=occasions.orders.sum())["n"] or 0
    facts.repair("orders_refunded_before_acquisition", counted - analysed)


def first_orders_of(
    occasions: ir.Table, orders: ir.Table, lines: ir.Table, facts: Facts
) -> ir.Table:
    """One row a customer: first, second and last purchase, and what is known on the first day."""
    first = occasions.filter(occasions.purchase_number == 1)
    paid = first.paid.cast("float64")
    limits = one(first, low=paid.quantile(1 / 3), high=paid.quantile(2 / 3))
    facts.noted["thirds"] = [limits["low"], limits["high"]]
    lower, middle, upper = FIRST_ORDER_VALUES
    firsts = first.select(
        "customer_key",
        first_on="purchased_on",
        second_on="next_on",
        first_order_value=ibis.cases(
            (paid <= ibis.literal(limits["low"], "float64"), lower),
            (paid <= ibis.literal(limits["high"], "float64"), middle),
            else_=upper,
        ),
    )
    totals = occasions.group_by("customer_key").aggregate(
        purchases=occasions.count(),
        last_on=occasions.purchased_on.max(),
        net_sales=occasions.net_sales.sum().cast(MONEY),
        contribution_margin=occasions.contribution_margin.sum().cast(MONEY),
    )
    bought = first.select("customer_key", "began").join(
        orders.select(
            "customer_key",
            "order_key",
            began="ordered_at",
            first_channel="channel",
            first_country="country",
            first_is_b2b=ibis.cases((orders.is_b2b, "yes"), (~orders.is_b2b, "no")),
            first_discounted=(orders.discount > 0).ifelse("yes", "no"),
        ),
        ["customer_key", "began"],
    )
    place = ibis.row_number().over(group_by=bought.customer_key, order_by=_by_key(bought))
    about = bought.mutate(place=place).filter(lambda t: t["place"] == 0).drop("place", "began")
    top = lines.filter(lines["place"] == 0).select(
        "order_key",
        first_category="category",
        first_product=ibis.coalesce(lines.product_name, lines.product_id),
    )
    return (
        firsts.join(totals, "customer_key")
        .join(about, "customer_key")
        .left_join(top, "order_key")
        .drop("order_key", "order_key_right")
    )


def _with_attributes(first_orders: ir.Table, customers: ir.Table | None) -> ir.Table:
    """The first orders with what the customer file says of each customer."""
    if customers is None:
        return first_orders
    attributes = customers.drop("closed_at", "opted_out_at", "first_seen_at", "company_key",
                                "consents")  # fmt: skip
    return first_orders.left_join(attributes, "customer_key").drop("customer_key_right")


def _customers(orders: ir.Table | None, customers: ir.Table | None) -> ir.Table:
    """One row a customer who ordered or stands in the customer file."""
    if orders is None:
        return customers
    known = orders.filter(orders.customer_key.notnull())
    seen = known.group_by("customer_key").aggregate(ordered_at=known.ordered_at.min())
    if customers is None:
        nothing = {own_key(c): ibis.null(kind) for c, kind in COLUMNS["customers"].items()}
        nothing |= {"customer_key": seen.customer_key, "first_seen_at": seen.ordered_at}
        return seen.select(**nothing)
    joined = seen.outer_join(customers, "customer_key")
    return joined.mutate(
        customer_key=ibis.coalesce(joined.customer_key, joined.customer_key_right),
        first_seen_at=ibis.least(joined.ordered_at, joined.first_seen_at),
    ).drop("customer_key_right", "ordered_at")


def with_groups(
    table: ir.Table, attribute: str, *, max_groups: int, min_customers: int = 30
) -> ir.Table:
    """The table with an attribute's small values as ``other``, a missing one as ``unknown``."""
    valued = table.mutate(**{attribute: table[attribute].cast("string").fill_null("unknown")})
    sizes = valued.group_by(attribute).aggregate(n=valued.count())
    found = sizes.order_by([ibis.desc("n"), ibis.asc(attribute)]).to_pandas()
    large = found[found["n"] >= min_customers].head(max_groups)[attribute].tolist()
    value = valued[attribute]
    return valued.mutate(**{attribute: value.isin(large).ifelse(value, "other")})


def money_movements(orders: ir.Table, *, refunds: str, timezone: str) -> ir.Table:
    """Each order's money on the day that it belongs to.

    Columns: order_id, customer_id, ordered_on, moved_on (local dates), net_sales,
    contribution_margin. With ``refunds="by_refund_date"`` a refund is a movement of its own on
    its own day.
    """
    columns = ("order_id", "customer_id", "ordered_on", "moved_on", "net_sales",
               "contribution_margin")  # fmt: skip
    by_order = orders.mutate(moved_on=orders.ordered_on)
    if refunds == "by_order_date":
        return by_order.select(*columns)
    before = by_order.mutate(
        net_sales=(orders.net_sales + orders.refund).cast(MONEY),
        contribution_margin=(orders.contribution_margin + orders.refund).cast(MONEY),
    ).select(*columns)
    back = orders.filter(orders.refund != 0)
    day = utc_to_local(back.refunded_at, timezone).date()
    after = back.mutate(
        moved_on=ibis.coalesce(day, back.ordered_on),
        net_sales=(ZERO - back.refund).cast(MONEY),
        contribution_margin=(ZERO - back.refund).cast(MONEY),
    ).select(*columns)
    return before.union(after)
