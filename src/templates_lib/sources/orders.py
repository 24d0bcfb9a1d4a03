"""Orders, products and customers of a source, read column by column into typed rows.

What comes out still holds the shop's own ids; ``staging.py`` replaces them by pseudonyms.
"""

from __future__ import annotations

import functools

import ibis
import ibis.expr.types as ir

from templates_lib.params.orders import (
    CustomersSource,
    OrderColumns,
    OrdersSource,
    ProductColumns,
    ProductsSource,
)
from templates_lib.sources.people import email, identity
from templates_lib.sources.reader import Table
from templates_lib.sources.records import converted
from templates_lib.tables import MONEY

PIECES = r"^\s*(-?[0-9]+)\s*×\s*"
ORDER_TEXTS = ("status", "channel", "discount_code", "country")
ORDER_MONEY = (
    "amount",
    "discount",
    "tax",
    "shipping",
    "refund",
    "cost_of_goods",
    "fulfilment_cost",
    "payment_cost",
)


def order_rows(table: Table, source: OrdersSource, *, zone: str) -> ir.Table:
    """One row a row of the files: marks, keys, order columns and line columns, typed.

    A row of a file without order numbers is known by its content: equal rows are counted
    apart, so that the order of rows does not matter.
    """
    columns: OrderColumns = source.columns
    money = functools.partial(_money, table, source)
    values: dict[str, ir.Value] = {
        "file": table.rows.file,
        "row_number": table.rows.row_number_in_file,
        "customer_key": identity(table, columns),
        "ordered_at": table.time(columns.ordered_at, zone=zone),
        "refunded_at": table.time(columns.refunded_at, zone=zone),
        "is_b2b": table.text(columns.is_b2b).notnull() if columns.is_b2b else ibis.null("boolean"),
        "is_test": table.matches(source.test),
        "is_cancelled": table.matches(source.cancelled),
        "is_left_out": table.matches(source.left_out),
        **table.texts({name: getattr(columns, name) for name in ORDER_TEXTS}),
        **{name: money(table.number(getattr(columns, name))) for name in ORDER_MONEY},
        **table.texts(
            {name: getattr(columns, name) for name in ("product_id", "product_name", "category")}
        ),
        "quantity": table.number(columns.quantity),
        "line_discount": money(table.number(columns.line_discount)),
        "line_tax": money(table.number(columns.line_tax)),
        "unit_cost": money(table.number(columns.unit_cost)),
        "line_amount": money(_line_amount(table, columns)),
        "order_key": table.order_number(columns.order_id) if columns.order_id else table.row_key(),
    }
    if columns.amount_less:
        less = money(table.number(columns.amount_less)).fill_null(ibis.literal(0).cast(MONEY))
        values["amount"] = (values["amount"] - less).cast(MONEY)
    products = table.text(columns.products)
    table.check()
    rows = table.rows.select(**values)
    if columns.products:
        rows = _one_a_product(table.rows.select(**values, products=products))
    return rows


def _one_a_product(rows: ir.Table) -> ir.Table:
    """A row for each of the ``products`` of a row, as in ``2× Name, 1× Name``, with its pieces
    and its part of ``line_amount`` by pieces. A comma within a name is no border."""
    marked = rows.products.fill_null("").re_replace(r",\s*(-?[0-9]+\s*×)", "\x1f\\1")
    each = rows.mutate(product=marked.split("\x1f")).unnest("product")
    named = each.mutate(
        quantity=each["product"].re_extract(PIECES, 1).nullif("").try_cast(MONEY),
        product_name=each["product"].re_replace(PIECES, "").strip().nullif(""),
    )
    of_a_row = ibis.window(group_by=[named.file, named.row_number])
    pieces = named.quantity.cast("float64")
    share = ibis.coalesce(
        pieces / pieces.sum().over(of_a_row).nullif(0.0), 1 / named.count().over(of_a_row)
    )
    parts = named.mutate(line_amount=(named.line_amount.cast("float64") * share).cast(MONEY))
    return parts.drop("product", "products")


def _money(table: Table, source: OrdersSource, amount: ir.DecimalValue) -> ir.DecimalValue:
    return converted(table, amount, source.columns.currency, source.rates)


def _line_amount(table: Table, columns: OrderColumns) -> ir.DecimalValue:
    if columns.line_amount:
        return table.number(columns.line_amount)
    if columns.quantity and columns.unit_price:
        return table.product(columns.quantity, columns.unit_price)
    return ibis.null(MONEY)


def product_rows(table: Table, source: ProductsSource) -> ir.Table:
    """One row a product; of several rows of a product the smallest filled values.

    A product without an id is known by its name. What stands on the first row of a group only
    holds for the whole group.
    """
    columns = source.columns
    values = {
        "product_id": ibis.coalesce(
            table.text(columns.product_id), table.text(columns.product_name)
        ),
        "product_name": table.text(columns.product_name),
        "category": table.text(columns.category),
        "unit_cost": table.number(columns.unit_cost),
        "weight_kg": _weight_kg(table, columns),
        "group_key": table.text(columns.group_id),
    }
    table.check()
    rows = table.rows.filter(~table.matches(source.left_out)).select(**values)
    group = ibis.coalesce(rows.group_key, rows.product_id)
    by_group = ibis.window(group_by=group)
    filled = rows.mutate(
        category=ibis.coalesce(rows.category, rows.category.min().over(by_group)),
        product_name=ibis.coalesce(rows.product_name, rows.product_name.min().over(by_group)),
    )
    known = filled.filter(filled.product_id.notnull())
    return known.group_by("product_id").aggregate(
        product_name=known.product_name.min(),
        category=known.category.min(),
        unit_cost=known.unit_cost.min(),
        weight_kg=known.weight_kg.min(),
    )


def _weight_kg(table: Table, columns: ProductColumns) -> ir.DecimalValue:
    """Shops write 0 where nobody has entered a weight: it is unknown."""
    grams = table.number(columns.weight_grams).cast("float64")
    weight = ibis.coalesce(table.number(columns.weight_kg), (grams / 1000).cast(MONEY))
    return (weight > 0).ifelse(weight, ibis.null(MONEY))


def customer_rows(table: Table, source: CustomersSource, *, zone: str) -> ir.Table:
    """One row a customer, with the attributes that the parameter file names; of several rows of
    a customer the smallest filled values."""
    columns = source.columns
    agreed = [
        table.flag(header).ifelse(ibis.literal(kind), ibis.null("string"))
        for kind, header in sorted(source.consents.items())
    ]
    values = {
        "customer_key": identity(table, columns),
        "email_key": email(table, columns),
        "company_key": table.text(columns.company_id),
        "role": table.text(columns.role),
        "consents": _joined(agreed),
        "first_seen_at": table.time(columns.first_seen_at, zone=zone),
        "closed_at": table.time(columns.closed_at, zone=zone),
        "opted_out_at": table.time(columns.opted_out_at, zone=zone),
        **table.texts(source.attributes),
    }
    table.check()
    return table.rows.filter(~table.matches(source.left_out)).select(**values)


def _joined(texts: list[ir.StringValue]) -> ir.StringValue:
    """The texts that are there, with a blank between them."""
    parts = [text.concat(" ").fill_null("") for text in texts]
    whole = functools.reduce(lambda a, b: a.concat(b), parts, ibis.literal(""))
    return whole.strip().nullif("")


def one_row_each(customers: ir.Table) -> ir.Table:
    """The customers once each; of several rows of one the smallest filled values."""
    known = customers.filter(customers.customer_key.notnull())
    rest = [name for name in customers.columns if name not in ("customer_key", "email_key")]
    return known.group_by("customer_key").aggregate(**{name: known[name].min() for name in rest})
