"""From typed rows to orders, money and purchase occasions: what counts, the same everywhere.

Written in Ibis, so that the same expressions run wherever a client's data live.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir

from templates_lib.params import OrdersSource, Params
from templates_lib.sources.orders import ORDER_MONEY, ORDER_TEXTS
from templates_lib.sources.reader import utc_to_local
from templates_lib.tables import MONEY

ZERO = ibis.literal(0).cast(MONEY)
ORDER_COLUMNS = (
    "order_key", "customer_key", "ordered_at", "ordered_on", "net_sales", "discount", "refund",
    "refunded_at", "shipping_income", "cost_of_goods", "fulfilment_cost", "payment_cost",
    "contribution_margin", "channel", "discount_code", "country", "is_b2b", "status",
)  # fmt: skip
FIRST_ORDER_VALUES = ("lower_third", "middle_third", "upper_third")


class Facts:
    """What the way from rows to purchases did: the steps that were counted and the repairs."""

    def __init__(self, files: list[dict[str, Any]]) -> None:
        self.noted: dict[str, Any] = {"files": files, "reconciliation": [], "repairs": []}

    def step(self, step: str, *, rows: Any, orders: Any, customers: Any, net_sales: Any) -> None:
        counts = {"rows": rows, "orders": orders, "customers": customers, "net_sales": net_sales}
        self.noted["reconciliation"].append({"step": step, **counts})

    def repair(self, repair: str, count: Any) -> None:
        if count:
            self.noted["repairs"].append({"repair": repair, "count": int(count)})


def canonical(
    connection: ibis.BaseBackend, params: Params, read: Mapping[str, Any]
) -> tuple[dict[str, ir.Table], dict[str, Any]]:
    """The canonical tables, still under the shop's own keys, and the facts of the way there.

    Parameters
    ----------
    read : the typed rows by source (``orders``, ``products``, ``customers``) and ``notes``

    Returns
    -------
    Tables by name, and the facts: ``files``, ``reconciliation`` (step, rows, orders, customers,
    net_sales), ``repairs`` (repair, count), ``margin`` (basis, share of sales with a known cost)
    and ``thirds`` (limits of the first order's value).
    """
    facts = Facts(read["notes"])
    made: dict[str, ir.Table] = {}
    if "orders" in read:
        source = params.sources.orders
        rows = connection.create_table("sold", _sold_rows(read["orders"], facts))
        every = connection.create_table(
            "every_order", _orders(_with_costs(rows, read.get("products")), source, params)
        )
        _count_orders(every, facts)
        counted = every.filter(every.left_out.isnull())
        priced = connection.create_table("priced", _with_margin(counted, params, facts))
        lines = connection.create_table("lines", _lines(rows, priced, read.get("products")))
        purchases = connection.create_table("occasions", _purchases(priced, params))
        _count_money(priced, purchases, params, facts)
        made["orders"] = priced.select(*ORDER_COLUMNS)
        made["order_lines"] = lines
        made["purchases"] = purchases.drop("first_order_key")
        made["first_orders"] = connection.create_table(
            "firsts",
            _with_attributes(_first_orders(purchases, priced, lines, facts), read.get("customers")),
        )
    if "products" in read:
        made["products"] = read["products"]
    if "customers" in read or "orders" in made:
        made["customers"] = _customers(made.get("orders"), read.get("customers"))
    return made, facts.noted


def _one(table: ir.Table, **measures: ir.Value) -> dict[str, Any]:
    return table.aggregate(**measures).to_pyarrow().to_pylist()[0]


def _row_counts(rows: ir.Table) -> dict[str, Any]:
    counts = _one(
        rows,
        rows=rows.count(),
        orders=rows.order_key.nunique(),
        customers=rows.customer_key.nunique(),
    )
    return {**counts, "net_sales": None}


def _sold_rows(rows: ir.Table, facts: Facts) -> ir.Table:
    """Rows with an order number, each order from its latest export, without rows left out.

    The latest export is the one whose last order is latest (its name decides a tie).
    """
    facts.step("rows_read", **_row_counts(rows))
    ends = rows.group_by("file").aggregate(ends=rows.ordered_at.max())
    ranked = ends.mutate(rank=ibis.row_number().over(order_by=[ends.ends, ends.file])).drop("ends")
    known = rows.filter(rows.order_key.notnull())
    with_rank = known.join(ranked, "file")
    latest = with_rank.mutate(latest=with_rank["rank"].max().over(group_by=with_rank.order_key))
    current = latest.filter(latest["rank"] == latest.latest).drop("rank", "latest")
    counts = _row_counts(current)
    facts.step("with_order_number_from_latest_export", **counts)
    unnumbered = _one(rows, n=rows.order_key.isnull().sum())["n"] or 0
    facts.repair("rows_without_order_number", unnumbered)
    read = facts.noted["reconciliation"][0]["rows"]
    facts.repair("rows_superseded_by_a_later_export", read - unnumbered - counts["rows"])
    facts.repair("equal_rows_kept", _equal_rows(current))
    sold = current.filter(~current.is_left_out)
    facts.step("without_rows_left_out", **_row_counts(sold))
    return sold


def _equal_rows(rows: ir.Table) -> int:
    columns = [c for c in rows.columns if c not in ("file", "row_number")]
    distinct = rows.select(*columns).distinct().count().execute()
    return int(rows.count().execute()) - int(distinct)


def _with_costs(rows: ir.Table, products: ir.Table | None) -> ir.Table:
    """The rows with the cost of each line, by the line's own unit cost or the product's."""
    if products is None:
        unit_cost = rows.unit_cost
    else:
        costs = products.select(costed_id="product_id", product_cost="unit_cost")
        rows = rows.left_join(costs, rows.product_id == costs.costed_id)
        unit_cost = ibis.coalesce(rows.unit_cost, rows.product_cost)
    quantity = rows.quantity.fill_null(ibis.literal(1).cast(MONEY))
    return rows.mutate(line_cost=(unit_cost.cast("float64") * quantity).cast(MONEY))


def _orders(rows: ir.Table, source: OrdersSource, params: Params) -> ir.Table:
    """One row an order, with its money net of VAT and the reason why it is left out, or null."""
    grouped = rows.group_by("order_key").aggregate(
        customer_key=rows.customer_key.min(),
        ordered_at=rows.ordered_at.min(),
        refunded_at=rows.refunded_at.max(),
        is_b2b=rows.is_b2b.max(),
        is_test=rows.is_test.max(),
        is_cancelled=rows.is_cancelled.max(),
        rows=rows.count(),
        lines_amount=rows.line_amount.sum().cast(MONEY),
        lines_discount=rows.line_discount.sum().cast(MONEY),
        lines_tax=rows.line_tax.sum().cast(MONEY),
        lines_cost=rows.line_cost.sum().cast(MONEY),
        costed_amount=rows.line_amount.sum(where=rows.line_cost.notnull()).cast(MONEY),
        **{name: rows[name].min() for name in (*ORDER_TEXTS, *ORDER_MONEY)},
    )
    known = grouped.mutate(
        amount=ibis.coalesce(grouped.amount, grouped.lines_amount, ZERO),
        discount=ibis.coalesce(grouped.discount, grouped.lines_discount, ZERO).abs(),
        shipping=grouped.shipping.fill_null(ZERO),
        refund=grouped.refund.fill_null(ZERO).abs(),
        ordered_on=utc_to_local(grouped.ordered_at, params.client.timezone).date(),
    )
    taxed = known.mutate(kept=_share_without_vat(known, source))
    charged = (taxed.amount + taxed.shipping).cast("float64")
    goods = ibis.ifelse(charged == 0, 1.0, taxed.amount.cast("float64") / charged)
    refunded = (taxed.refund.cast("float64") * goods * taxed.kept).cast(MONEY)
    refunded_freight = (taxed.refund.cast("float64") * (1 - goods) * taxed.kept).cast(MONEY)
    net_goods = (taxed.amount.cast("float64") * taxed.kept).cast(MONEY)
    net = taxed.mutate(
        gross=(taxed.amount + taxed.discount).cast(MONEY),
        discount=(taxed.discount.cast("float64") * taxed.kept).cast(MONEY),
        net_goods=net_goods,
        refund=refunded,
        net_sales=(net_goods - refunded).cast(MONEY),
        shipping_income=(
            (taxed.shipping.cast("float64") * taxed.kept).cast(MONEY) - refunded_freight
        ).cast(MONEY),
        is_wholly_refunded=(taxed.refund > 0) & (refunded >= net_goods),
    )
    reason = ibis.cases(
        (net.ordered_at.isnull(), "without_time"),
        (net.is_test, "test"),
        (net.is_cancelled, "cancelled"),
        (_uncounted(net, source), "status_not_counted"),
        ((net.amount == 0) & (source.zero_value == "leave_out"), "zero_value"),
        (net.ordered_on > ibis.literal(params.as_of), "after_as_of"),
    )
    return net.mutate(left_out=reason)


def _uncounted(orders: ir.Table, source: OrdersSource) -> ir.BooleanValue:
    if source.columns.status is None:
        return ibis.literal(False)
    counted = [status.casefold() for status in source.counted_statuses]
    return ~orders.status.lower().isin(counted).fill_null(False)


def _share_without_vat(orders: ir.Table, source: OrdersSource) -> ir.FloatingValue:
    """What is left of an amount when its VAT is taken off: the file's own tax, else a rate."""
    one = ibis.literal(1.0)
    if source.vat == "excluded":
        return one
    base = (orders.amount + orders.shipping).cast("float64")
    by_order = 1 - orders.tax.cast("float64") / base.nullif(0.0)
    by_lines = 1 - orders.lines_tax.cast("float64") / orders.amount.cast("float64").nullif(0.0)
    return ibis.coalesce(by_order, by_lines, _share_by_rate(orders, source), one)


def _share_by_rate(orders: ir.Table, source: OrdersSource) -> ir.FloatingValue:
    if not source.vat_rates:
        return ibis.null("float64")
    best_first = sorted(
        source.vat_rates,
        key=lambda rate: (rate.country is not None, rate.valid_from or date.min),
        reverse=True,
    )
    branches = [
        (
            ibis.and_(
                ibis.literal(rate.country is None) | (orders.country == (rate.country or "")),
                ibis.literal(rate.valid_from is None)
                | (orders.ordered_on >= ibis.literal(rate.valid_from or date.min)),
            ),
            ibis.literal(1 / (1 + float(rate.rate))),
        )
        for rate in best_first
    ]
    return ibis.cases(*branches)


def _count_orders(every: ir.Table, facts: Facts) -> None:
    """The steps from orders read to orders counted, one reason after the other."""
    left = every
    for reason in ("without_time", "test", "cancelled", "status_not_counted", "zero_value",
                   "after_as_of"):  # fmt: skip
        before = left
        left = before.filter(before.left_out.isnull() | (before.left_out != reason))
        facts.step(f"without_{reason.removeprefix('without_')}", **_order_counts(left))
    negative = _one(left, n=(left.left_out.isnull() & (left.amount < 0)).sum())["n"]
    facts.repair("orders_of_negative_value_counted", negative)


def _order_counts(orders: ir.Table, value: str = "net_sales") -> dict[str, Any]:
    return _one(
        orders,
        rows=orders.rows.sum(),
        orders=orders.count(),
        customers=orders.customer_key.nunique(),
        net_sales=orders[value].sum().cast("decimal(38, 4)"),
    )


def _with_margin(orders: ir.Table, params: Params, facts: Facts) -> ir.Table:
    """Cost of goods and contribution margin; without a cost the declared fallback margin."""
    fallback = params.assumptions.gross_margin_share
    amount = orders.lines_amount.cast("float64")
    covered = ibis.cases(
        (orders.cost_of_goods.notnull(), 1.0),
        (orders.lines_cost.isnull(), 0.0),
        (amount == 0, 1.0),
        else_=orders.costed_amount.cast("float64") / amount,
    )
    known = ibis.coalesce(orders.cost_of_goods, orders.lines_cost, ZERO)
    sold = orders.mutate(covered=covered)
    shares = _one(
        sold,
        known=(sold.covered * sold.net_goods.cast("float64")).cast(MONEY).sum(),
        total=sold.net_goods.sum(),
    )
    share = float((shares["known"] or 0) / shares["total"]) if shares["total"] else 0.0
    complete = share > 1 - 1e-9
    basis = (
        "costs" if complete
        else "none" if fallback is None
        else "fallback" if share == 0
        else "costs_and_fallback"
    )  # fmt: skip
    facts.noted["margin"] = {"basis": basis, "known_share": share, "fallback": fallback}
    if basis == "none":
        cost = ibis.null(MONEY)
    else:
        missing = (1 - sold.covered) * sold.net_goods.cast("float64") * (1 - (fallback or 0.0))
        cost = (known.cast("float64") + missing).cast(MONEY)
        if params.sources.orders.refunded_goods == "restocked":
            goods = sold.net_goods.cast("float64").nullif(0.0)
            kept = (1 - sold.refund.cast("float64") / goods).fill_null(1.0)
            cost = (cost.cast("float64") * kept).cast(MONEY)
    fees = sold.fulfilment_cost.fill_null(ZERO) + sold.payment_cost.fill_null(ZERO)
    margin = (sold.net_sales + sold.shipping_income - cost - fees).cast(MONEY)
    return sold.mutate(cost_of_goods=cost, contribution_margin=margin)


def _lines(rows: ir.Table, orders: ir.Table, products: ir.Table | None) -> ir.Table:
    """The lines of counted orders; an order's net sales are shared out by the lines' amounts."""
    if products is not None:
        named = products.select(named_id="product_id", product_category="category")
        rows = rows.left_join(named, rows.product_id == named.named_id)
        rows = rows.mutate(category=ibis.coalesce(rows.category, rows.product_category))
    totals = orders.select("order_key", "lines_amount", order_net="net_sales", cost="cost_of_goods")
    lines = rows.filter(rows.product_id.notnull() | rows.product_name.notnull())
    joined = lines.join(totals, "order_key")
    share = joined.line_amount.cast("float64") / joined.lines_amount.cast("float64").nullif(0.0)
    share = share.fill_null(0.0)
    return joined.select(
        "order_key",
        "product_id",
        "product_name",
        "category",
        "quantity",
        net_sales=(joined.order_net.cast("float64") * share).cast(MONEY),
        cost_of_goods=(joined.cost.cast("float64") * share).cast(MONEY),
    )


def _purchases(orders: ir.Table, params: Params) -> ir.Table:
    """One row a purchase occasion of a known customer, numbered from the acquisition."""
    known = orders.filter(orders.customer_key.notnull())
    if params.purchases.refunded_first == "not_acquired":
        kept_from = known.ordered_at.min(where=~known.is_wholly_refunded).over(
            group_by=known.customer_key
        )
        marked = known.mutate(kept_from=kept_from)
        known = marked.filter(marked.ordered_at >= marked.kept_from)
    place = ibis.row_number().over(
        group_by=known.customer_key,
        order_by=[known.ordered_at, known.order_key.length(), known.order_key],
    )
    ordered = known.mutate(place=place)
    separate = params.purchases.same_day == "separate"
    occasion = ordered.mutate(part=ordered["place"] if separate else ibis.literal(0))
    occasions = occasion.group_by("customer_key", "ordered_on", "part").aggregate(
        place=occasion["place"].min(),
        first_order_key=occasion.order_key.argmin(occasion["place"]),
        orders=occasion.count(),
        net_sales=occasion.net_sales.sum().cast(MONEY),
        contribution_margin=occasion.contribution_margin.sum().cast(MONEY),
    )
    by_customer = ibis.window(group_by=occasions.customer_key, order_by=occasions["place"])
    return occasions.select(
        "customer_key",
        purchase_number=(ibis.row_number().over(by_customer) + 1).cast("int64"),
        purchased_on="ordered_on",
        next_on=occasions.ordered_on.lead().over(by_customer),
        orders="orders",
        net_sales="net_sales",
        contribution_margin="contribution_margin",
        first_order_key="first_order_key",
    )


def _count_money(orders: ir.Table, purchases: ir.Table, params: Params, facts: Facts) -> None:
    """The steps from gross sales to net sales, and to the purchases that are analysed."""
    known = orders.filter(orders.customer_key.notnull())
    facts.step("with_known_customer", **_order_counts(known))
    vat = known.gross.cast("float64") * (1 - known.kept)
    money = known.mutate(
        after_vat=(known.net_goods + known.discount).cast(MONEY), vat=vat.cast(MONEY)
    )
    facts.step("gross_sales", **_order_counts(money, "gross"))
    facts.step("less_vat", **_order_counts(money, "after_vat"))
    facts.step("less_discounts", **_order_counts(money, "net_goods"))
    facts.step("less_refunds", **_order_counts(money, "net_sales"))
    analysed = _one(
        purchases,
        orders=purchases.count(),
        customers=purchases.customer_key.nunique(),
        net_sales=purchases.net_sales.sum().cast("decimal(38, 4)"),
    )
    kept = _one(purchases, n=purchases.orders.sum())["n"] or 0
    facts.repair("orders_refunded_before_acquisition", known.count().execute() - kept)
    facts.step("purchase_occasions", rows=None, **analysed)


def _first_orders(
    purchases: ir.Table, orders: ir.Table, lines: ir.Table, facts: Facts
) -> ir.Table:
    """One row a customer: first, second and last purchase, and what is known on the first day."""
    first = purchases.filter(purchases.purchase_number == 1)
    limits = _one(
        first,
        low=first.net_sales.cast("float64").quantile(1 / 3),
        high=first.net_sales.cast("float64").quantile(2 / 3),
    )
    facts.noted["thirds"] = [limits["low"], limits["high"]]
    totals = purchases.group_by("customer_key").aggregate(
        purchases=purchases.count(),
        last_on=purchases.purchased_on.max(),
        net_sales=purchases.net_sales.sum().cast(MONEY),
        contribution_margin=purchases.contribution_margin.sum().cast(MONEY),
    )
    by_value = lines.mutate(
        place=ibis.row_number().over(
            group_by=lines.order_key,
            order_by=[lines.net_sales.desc(), lines.category, lines.product_name, lines.product_id],
        )
    )
    top = by_value.filter(by_value["place"] == 0).select(
        first_order_key="order_key",
        first_category="category",
        first_product=ibis.coalesce(by_value.product_name, by_value.product_id),
    )
    about = orders.select(
        first_order_key="order_key",
        first_channel="channel",
        first_country="country",
        first_is_b2b=ibis.cases((orders.is_b2b, "yes"), (~orders.is_b2b, "no")),
        first_discounted=(orders.discount > 0).ifelse("yes", "no"),
    )
    value = first.net_sales.cast("float64")
    third = ibis.cases(
        (value <= limits["low"] if limits["low"] is not None else ibis.literal(False),
         FIRST_ORDER_VALUES[0]),
        (value <= limits["high"] if limits["high"] is not None else ibis.literal(False),
         FIRST_ORDER_VALUES[1]),
        else_=FIRST_ORDER_VALUES[2],
    )  # fmt: skip
    firsts = first.select(
        "customer_key",
        "first_order_key",
        first_on="purchased_on",
        second_on="next_on",
        first_order_value=third,
    )
    return (
        firsts.join(totals, "customer_key")
        .left_join(about, "first_order_key")
        .drop("first_order_key_right")
        .left_join(top, "first_order_key")
        .drop("first_order_key_right", "first_order_key")
    )


def _with_attributes(first_orders: ir.Table, customers: ir.Table | None) -> ir.Table:
    """The first orders with what the customer file says of each customer."""
    if customers is None:
        return first_orders
    attributes = customers.drop("closed_at", "opted_out_at")
    return first_orders.left_join(attributes, "customer_key").drop("customer_key_right")


def _customers(orders: ir.Table | None, customers: ir.Table | None) -> ir.Table:
    """One row a customer who ordered or stands in the customer file."""
    if orders is None:
        return customers.mutate(first_seen_at=ibis.null("timestamp"))
    known = orders.filter(orders.customer_key.notnull())
    seen = known.group_by("customer_key").aggregate(first_seen_at=known.ordered_at.min())
    if customers is None:
        none = ibis.null("timestamp")
        return seen.mutate(closed_at=none, opted_out_at=none)
    joined = seen.outer_join(customers, "customer_key")
    return joined.mutate(
        customer_key=ibis.coalesce(joined.customer_key, joined.customer_key_right)
    ).drop("customer_key_right")


def money_movements(orders: ir.Table, *, refunds: str, timezone: str) -> ir.Table:
    """Each order's money on the day that it belongs to.

    Columns: order_id, customer_id, moved_on (local date), net_sales, contribution_margin. With
    ``refunds="by_refund_date"`` a refund is a movement of its own on its own day.
    """
    columns = ("order_id", "customer_id", "moved_on", "net_sales", "contribution_margin")
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
