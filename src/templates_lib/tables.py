"""The canonical tables: columns, types, units and the rules that hold for every client.

Times are UTC, money is DECIMAL in the client's currency net of VAT, ids are pseudonyms.
"""

from __future__ import annotations

import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pandera.errors
import pandera.ibis as pa

from templates_lib.problems import InputProblems, Problem

MONEY = dt.Decimal(18, 4)
TIME = dt.Timestamp(scale=6)

ORDERS = {
    "order_id": dt.string,
    "customer_id": dt.string,  # null when unknown
    "ordered_at": TIME,
    "ordered_on": dt.date,  # the calendar day in the client's time zone
    "net_sales": MONEY,
    "discount": MONEY,
    "refund": MONEY,
    "refunded_at": TIME,
    "shipping_income": MONEY,
    "cost_of_goods": MONEY,  # null when neither a cost nor a fallback margin is known
    "fulfilment_cost": MONEY,
    "payment_cost": MONEY,
    "contribution_margin": MONEY,
    "channel": dt.string,
    "discount_code": dt.string,
    "country": dt.string,
    "is_b2b": dt.boolean,
    "status": dt.string,
}
ORDER_LINES = {
    "order_id": dt.string,
    "product_id": dt.string,
    "product_name": dt.string,
    "category": dt.string,
    "quantity": MONEY,
    "net_sales": MONEY,
    "cost_of_goods": MONEY,
}
PRODUCTS = {"product_id": dt.string, "category": dt.string, "unit_cost": MONEY}
CUSTOMERS = {
    "customer_id": dt.string,
    "first_seen_at": TIME,
    "closed_at": TIME,
    "opted_out_at": TIME,
}  # and the attributes that the parameter file names, as text
PURCHASES = {
    "customer_id": dt.string,
    "purchase_number": dt.int64,
    "purchased_on": dt.date,
    "next_on": dt.date,
    "orders": dt.int64,
    "net_sales": MONEY,
    "contribution_margin": MONEY,
}
"""One row a purchase occasion: orders of one customer on one local day are one, unless the
parameter ``purchases.same_day`` says otherwise. Number 1 is the acquisition."""

REQUIRED = {
    "orders": ("order_id", "ordered_at", "ordered_on", "net_sales", "discount", "refund"),
    "order_lines": ("order_id", "net_sales"),
    "products": ("product_id",),
    "customers": ("customer_id",),
    "purchases": ("customer_id", "purchase_number", "purchased_on", "orders", "net_sales"),
}
KEYS = {
    "orders": ["order_id"],
    "products": ["product_id"],
    "customers": ["customer_id"],
    "purchases": ["customer_id", "purchase_number"],
}
COLUMNS = {
    "orders": ORDERS,
    "order_lines": ORDER_LINES,
    "products": PRODUCTS,
    "customers": CUSTOMERS,
    "purchases": PURCHASES,
}


def check(table: ir.Table, name: str) -> None:
    """Holds a staged table against its rules, all failures at once.

    Raises
    ------
    InputProblems
        Names the table, the column and the rule; never a value.
    """
    columns = {
        column: pa.Column(kind, nullable=column not in REQUIRED[name])
        for column, kind in COLUMNS[name].items()
    }
    if not table.count().execute():
        return  # pandera takes an empty column for one full of nulls
    schema = pa.DataFrameSchema(columns, unique=KEYS.get(name), name=name)
    try:
        schema.validate(table, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        raise InputProblems(
            Problem(f"table {name}", f"{e.schema.name or name}: fails {e.check or e.reason_code}")
            for e in errors.schema_errors
        ) from None
