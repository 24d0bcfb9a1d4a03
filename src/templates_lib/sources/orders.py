"""Orders, products and customers of a source, read column by column into typed rows.

What comes out still holds the shop's own ids; ``staging.py`` replaces them by pseudonyms.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from templates_lib.source_params import CustomersSource, OrderColumns, OrdersSource, ProductsSource
from templates_lib.sources.reader import Table
from templates_lib.tables import MONEY

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


def identity(table: Table, columns: object) -> ir.StringValue:
    """The customer's key: the shop's id, else the trimmed, case-folded e-mail; blank is null."""
    own_id = table.text(getattr(columns, "customer_id", None))
    email = table.text(getattr(columns, "customer_email", None)).lower()
    return ibis.coalesce(own_id, email)


def order_rows(table: Table, source: OrdersSource, *, zone: str) -> ir.Table:
    """One row a row of the files: marks, keys, order columns and line columns, typed.

    A row of a file without order numbers is known by its content: equal rows are counted
    apart, so that the order of rows does not matter.
    """
    columns: OrderColumns = source.columns
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
        **{name: table.number(getattr(columns, name)) for name in ORDER_MONEY},
        **table.texts(
            {name: getattr(columns, name) for name in ("product_id", "product_name", "category")}
        ),
        "quantity": table.number(columns.quantity),
        "line_discount": table.number(columns.line_discount),
        "line_tax": table.number(columns.line_tax),
        "unit_cost": table.number(columns.unit_cost),
        "line_amount": _line_amount(table, columns),
        "order_key": table.text(columns.order_id) if columns.order_id else _content(table),
    }
    table.check()
    rows = table.rows.select(**values)
    if columns.order_id:
        return rows
    copies = ibis.row_number().over(group_by=[rows.file, rows.order_key], order_by=rows.row_number)
    return rows.mutate(order_key=rows.order_key.concat("#", copies.cast("string")))


def _line_amount(table: Table, columns: OrderColumns) -> ir.DecimalValue:
    if columns.line_amount:
        return table.number(columns.line_amount)
    if columns.quantity and columns.unit_price:
        return table.product(columns.quantity, columns.unit_price)
    return ibis.null(MONEY)


def _content(table: Table) -> ir.StringValue:
    texts = [table.rows[name].cast("string").fill_null("") for name in table.columns.values()]
    return ibis.literal("\x1f").join(texts)


def product_rows(table: Table, source: ProductsSource) -> ir.Table:
    """One row a product; of several rows of a product the smallest filled values."""
    columns = source.columns
    values = {
        "product_id": table.text(columns.product_id),
        "category": table.text(columns.category),
        "unit_cost": table.number(columns.unit_cost),
    }
    table.check()
    rows = table.rows.select(**values)
    known = rows.filter(rows.product_id.notnull())
    return known.group_by("product_id").aggregate(
        category=known.category.min(), unit_cost=known.unit_cost.min()
    )


def customer_rows(table: Table, source: CustomersSource, *, zone: str) -> ir.Table:
    """One row a customer, with the attributes that the parameter file names; of several rows of
    a customer the smallest filled values."""
    columns = source.columns
    values = {
        "customer_key": identity(table, columns),
        "closed_at": table.time(columns.closed_at, zone=zone),
        "opted_out_at": table.time(columns.opted_out_at, zone=zone),
        **table.texts(source.attributes),
    }
    table.check()
    rows = table.rows.select(**values)
    known = rows.filter(rows.customer_key.notnull())
    return known.group_by("customer_key").aggregate(
        **{name: known[name].min() for name in values if name != "customer_key"}
    )
