"""From typed rows to orders and their money net of VAT: what counts, the same everywhere.

Written in Ibis, so that the same expressions run wherever a client's data live.
"""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir

from templates_lib.params.orders import OrdersSource
from templates_lib.params.params import Params
from templates_lib.sources.engine import one
from templates_lib.sources.orders import ORDER_MONEY, ORDER_TEXTS
from templates_lib.sources.reader import utc_to_local
from templates_lib.staging.facts import Facts
from templates_lib.tables import MONEY

ZERO = ibis.literal(0).cast(MONEY)
DESCRIBED = ("category", "unit_cost", "weight_kg")
REASONS = (
    "without_time", "test", "cancelled", "status_not_counted", "zero_value", "after_as_of",
)  # fmt: skip


def current_rows(rows: ir.Table, facts: Facts) -> ir.Table:
    """Rows with an order number, each order from its latest export.

    The latest export is the one whose last order is latest (its name decides a tie).
    """
    read = facts.rows("rows_read", rows)
    ends = rows.group_by("file").aggregate(ends=rows.ordered_at.max())
    ranked = ends.mutate(rank=ibis.row_number().over(order_by=[ends.ends, ends.file])).drop("ends")
    numbered = rows.filter(rows.order_key.notnull()).join(ranked, "file")
    latest = numbered.group_by("order_key").aggregate(rank=numbered["rank"].max())
    unnumbered = one(rows, n=rows.order_key.isnull().sum())["n"] or 0
    facts.repair("rows_without_order_number", unnumbered)
    current = numbered.join(latest, ["order_key", "rank"]).select(*rows.columns)
    kept = facts.rows("with_order_number_from_latest_export", current)
    facts.repair("rows_superseded_by_a_later_export", read - unnumbered - kept)
    return current


def sold_rows(current: ir.Table, source: OrdersSource, facts: Facts) -> ir.Table:
    """The rows that are a sale of goods.

    What is left out of an order, such as a gift card beside goods, is taken off the amount of the
    whole order; what is written once an order stays.
    """
    rows = current
    if source.left_out:
        once = [*ORDER_TEXTS, *ORDER_MONEY, "customer_key", "ordered_at", "refunded_at"]
        whole = ibis.window(group_by=rows.order_key)
        rows = rows.mutate(**{name: rows[name].min().over(whole) for name in once})
        gone = rows.line_amount.sum(where=rows.is_left_out).over(whole)
        rows = rows.mutate(amount=(rows.amount - gone.fill_null(ZERO)).cast(MONEY))
    sold = rows.filter(~rows.is_left_out).drop("is_left_out")
    facts.rows("without_rows_left_out", sold)
    return sold


def described(rows: ir.Table, products: ir.Table | None) -> ir.Table:
    """The rows with the product's category and unit cost where the line has none of its own, and
    its weight.

    A line's product is known by its id, else by its name, with a variant behind a dash or without.
    """
    rows = rows.mutate(weight_kg=ibis.null(MONEY))
    if products is None:
        return rows
    rows = rows.mutate(is_described=ibis.literal(False))
    about = products.select(*DESCRIBED, key="product_id")
    named = products.filter(products.product_name.notnull()).group_by(key="product_name")
    names = named.aggregate(**{name: ibis._[name].min() for name in DESCRIBED})
    without_variant = rows.product_name.re_replace(" - [^-]*$", "")
    for key, known in ((rows.product_id, about), (rows.product_name, names),
                       (without_variant, names)):  # fmt: skip
        found = known.select(found="key", **{f"known_{name}": name for name in DESCRIBED})
        rows = rows.mutate(sought=rows.is_described.ifelse(ibis.null("string"), key))
        rows = rows.left_join(found, rows.sought == found.found)
        filled = {name: ibis.coalesce(rows[name], rows[f"known_{name}"]) for name in DESCRIBED}
        is_described = rows.is_described | rows.found.notnull()
        rows = rows.mutate(**filled, is_described=is_described).drop("sought", *found.columns)
    return rows.drop("is_described")


def orders_of(rows: ir.Table, params: Params) -> ir.Table:
    """One row an order, with its money net of VAT and the reason why it is left out, or null.

    Freight is charged apart from the goods, with the VAT of the goods. A refund is shared by
    goods and freight as they were charged. A refund after the last day observed is not known.
    """
    source = params.sources.orders
    gathered = _gathered(_with_line_sums(rows), params)
    home = params.client.country
    taxed = gathered.mutate(
        untaxed=_share_without_vat(gathered, source, home), charged=_charged(gathered, source, home)
    )
    kept = taxed.untaxed.fill_null(1.0)
    net = taxed.mutate(
        is_untaxed_unknown=taxed.untaxed.isnull(),
        gross=(taxed.amount + taxed.discount).cast(MONEY),
        gross_net=((taxed.amount + taxed.discount).cast("float64") * kept).cast(MONEY),
        net_goods=(taxed.amount.cast("float64") * kept).cast(MONEY),
        net_freight=(taxed.shipping.cast("float64") * kept).cast(MONEY),
        net_refund=(taxed.refund.cast("float64") * kept).cast(MONEY),
    )
    charged = (net.amount + net.shipping).cast("float64").nullif(0.0)
    share = net.refund.cast("float64") / charged
    shared = net.mutate(
        is_wholly_refunded=(net.refund > 0) & (net.refund >= net.amount + net.shipping),
        discount=(net.gross_net - net.net_goods).cast(MONEY),
        refund=(net.net_goods.cast("float64") * share).cast(MONEY).fill_null(net.net_refund),
        freight_back=(net.net_freight.cast("float64") * share).cast(MONEY).fill_null(ZERO),
    )
    return shared.mutate(
        net_sales=(shared.net_goods - shared.refund).cast(MONEY),
        shipping_income=(shared.net_freight - shared.freight_back).cast(MONEY),
        left_out=_reason(shared, source, params.as_of),
    )


def _with_line_sums(rows: ir.Table) -> ir.Table:
    quantity = rows.quantity.fill_null(ibis.literal(1).cast(MONEY))
    return rows.mutate(
        line_cost=(rows.unit_cost.cast("float64") * quantity).cast(MONEY),
        line_kg=(rows.weight_kg.cast("float64") * quantity).cast(MONEY),
    )


def _gathered(rows: ir.Table, params: Params) -> ir.Table:
    """The rows of each order gathered: what is written once, and the sums of the lines."""
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
        costed_rows=rows.line_cost.count(),
        costed_amount=rows.line_amount.sum(where=rows.line_cost.notnull()).cast(MONEY),
        weight_kg=rows.line_kg.sum().cast(MONEY),
        weighed_rows=rows.line_kg.count(),
        **{name: rows[name].min() for name in (*ORDER_TEXTS, *ORDER_MONEY)},
    )
    zone = params.client.timezone
    refunded_on = utc_to_local(grouped.refunded_at, zone).date()
    is_known = (refunded_on <= ibis.literal(params.as_of)).fill_null(True)
    return grouped.mutate(
        amount=ibis.coalesce(grouped.amount, grouped.lines_amount, ZERO),
        discount=ibis.coalesce(grouped.discount, grouped.lines_discount, ZERO).abs(),
        shipping=grouped.shipping.fill_null(ZERO),
        refund=is_known.ifelse(grouped.refund.fill_null(ZERO).abs(), ZERO),
        ordered_on=utc_to_local(grouped.ordered_at, zone).date(),
    )


def _share_without_vat(orders: ir.Table, source: OrdersSource, home: str) -> ir.FloatingValue:
    """What is left of an amount when its VAT is taken off: by the file's own tax, else a rate.

    Null where there is neither.
    """
    if source.vat == "excluded":
        return ibis.literal(1.0)
    goods = orders.amount.cast("float64")
    charged = goods + orders.shipping.cast("float64")
    return ibis.coalesce(
        1 - orders.tax.cast("float64") / charged.nullif(0.0),
        1 - orders.lines_tax.cast("float64") / goods.nullif(0.0),
        _share_by_rate(orders, source, home),
        ibis.ifelse(charged == 0, 1.0, ibis.null("float64")),
    )


def _charged(orders: ir.Table, source: OrdersSource, home: str) -> ir.FloatingValue:
    """What is charged for goods and freight, with VAT; an unknown VAT is none."""
    goods = orders.amount.cast("float64")
    written = goods + orders.shipping.cast("float64")
    if source.vat == "included":
        return written
    vat = ibis.coalesce(
        orders.tax.cast("float64"),
        written * orders.lines_tax.cast("float64") / goods.nullif(0.0),
        written * (1 / _share_by_rate(orders, source, home) - 1),
        0.0,
    )
    return written + vat


def _share_by_rate(orders: ir.Table, source: OrdersSource, home: str) -> ir.FloatingValue:
    """By the rate of the order's country (without one, the home market's) and day."""
    if not source.vat_rates:
        return ibis.null("float64")
    best_first = sorted(
        source.vat_rates,
        key=lambda rate: (rate.country is not None, rate.valid_from or date.min),
        reverse=True,
    )
    country = orders.country.fill_null(home).upper()
    branches = []
    for rate in best_first:
        fits = ibis.literal(True)
        if rate.country is not None:
            fits &= country == rate.country.upper()
        if rate.valid_from is not None:
            fits &= orders.ordered_on >= ibis.literal(rate.valid_from)
        branches.append((fits, ibis.literal(1 / (1 + float(rate.rate)))))
    return ibis.cases(*branches)


def _reason(orders: ir.Table, source: OrdersSource, as_of: date) -> ir.StringValue:
    """The first of ``REASONS`` for which an order does not count; null where it does."""
    conditions = (
        orders.ordered_at.isnull(),
        orders.is_test,
        orders.is_cancelled,
        _is_uncounted(orders, source),
        (orders.amount == 0) & (source.zero_value == "leave_out"),
        orders.ordered_on > ibis.literal(as_of),
    )
    return ibis.cases(*zip(conditions, REASONS, strict=True))


def _is_uncounted(orders: ir.Table, source: OrdersSource) -> ir.BooleanValue:
    if source.columns.status is None:
        return ibis.literal(False)
    counted = [status.lower() for status in source.counted_statuses]
    return ~orders.status.lower().isin(counted).fill_null(False)


def counted_orders(every: ir.Table, facts: Facts) -> ir.Table:
    """The orders that count; the steps are noted, one reason after the other."""
    left = every
    for reason in REASONS:
        left = left.filter(left.left_out.isnull() | (left.left_out != reason))
        facts.orders(f"without_{reason.removeprefix('without_')}", left)
    noted = one(
        left,
        negative=(left.amount < 0).sum(),
        untaxed=left.is_untaxed_unknown.sum(),
    )
    facts.repair("orders_of_negative_value_counted", noted["negative"])
    facts.repair("orders_without_a_vat_rate_taken_as_free", noted["untaxed"])
    return left


def lines_of(rows: ir.Table, orders: ir.Table) -> ir.Table:
    """The lines of counted orders; an order's net sales are shared out by the lines' amounts.

    ``place`` is the line's own in its order, from the most valuable one down; a tie goes by name,
    so that the order of rows does not matter.
    """
    totals = orders.select("order_key", "lines_amount", order_net="net_sales", cost="cost_of_goods")
    lines = rows.filter(rows.product_id.notnull() | rows.product_name.notnull())
    joined = lines.join(totals, "order_key")
    share = joined.line_amount.cast("float64") / joined.lines_amount.nullif(ZERO)
    share = share.fill_null(0.0)
    place = ibis.row_number().over(
        group_by=joined.order_key,
        order_by=[
            joined.line_amount.fill_null(ZERO).desc(),
            joined.category,
            joined.product_name,
            joined.product_id,
        ],
    )
    return joined.select(
        "order_key",
        "product_id",
        "product_name",
        "category",
        "quantity",
        net_sales=(joined.order_net.cast("float64") * share).cast(MONEY),
        cost_of_goods=(joined.cost.cast("float64") * share).cast(MONEY),
        place=place,
    )
