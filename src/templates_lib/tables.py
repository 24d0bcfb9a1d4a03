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
PRODUCTS = {
    "product_id": dt.string,
    "product_name": dt.string,
    "category": dt.string,
    "unit_cost": MONEY,
    "weight_kg": MONEY,
}
CUSTOMERS = {
    "customer_id": dt.string,
    "first_seen_at": TIME,
    "closed_at": TIME,
    "opted_out_at": TIME,
    "company_id": dt.string,
    "role": dt.string,
    "consents": dt.string,  # kinds of consent with a blank between them
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

COMPANIES = {
    "company_id": dt.string,
    "industry": dt.string,
    "size": dt.string,
    "earns_from": dt.string,
    "goal": dt.string,
    "value_chain_stage": dt.string,
}
LEADS = {
    "lead_id": dt.string,
    "company_id": dt.string,
    "created_at": TIME,
    "channel": dt.string,
    "won_at": TIME,
    "lost_at": TIME,
    "lost_reason": dt.string,
    "value": MONEY,
}
RESPONSES = {
    "response_id": dt.string,
    "survey": dt.string,
    "stage": dt.string,
    "wave": dt.string,
    "customer_id": dt.string,
    "order_id": dt.string,
    "session_id": dt.string,
    "answered_at": TIME,
    "question": dt.string,
    "kind": dt.string,  # score, rating, choice or open
    "value": MONEY,
    "option": dt.string,
    "text": dt.string,
    "was_asked": dt.boolean,
    "arm": dt.string,
    "profile_shown": dt.string,
}
"""One row an answer to a question, or its absence; a choice of several options has a row each."""

EVENTS = {
    "session_id": dt.string,
    "visitor_id": dt.string,  # null without consent
    "customer_id": dt.string,
    "occurred_at": TIME,
    "event": dt.string,
    "page": dt.string,
    "product_id": dt.string,
    "channel": dt.string,
    "device": dt.string,
    "order_id": dt.string,
    "traffic_type": dt.string,  # GA4's mark of internal traffic; null of everybody else
}
SESSIONS = {
    "session_id": dt.string,
    "visitor_id": dt.string,
    "customer_id": dt.string,
    "started_at": TIME,
    "scroll_depth_share": MONEY,
    "duration_seconds": MONEY,
    "rage_clicks": MONEY,
    "dead_clicks": MONEY,
    "exit_page": dt.string,
    "device": dt.string,
}
TRAFFIC = {
    "date": dt.date,
    "channel": dt.string,
    "device": dt.string,
    "page": dt.string,
    "sessions": MONEY,
    "visitors": MONEY,
    "orders": MONEY,
}
TOUCHPOINTS = {
    "touchpoint_id": dt.string,
    "customer_id": dt.string,
    "order_id": dt.string,
    "occurred_at": TIME,
    "kind": dt.string,
    "stage": dt.string,
    "topic": dt.string,
    "text": dt.string,
    "hours_to_resolve": MONEY,
}
SPEND = {
    "date": dt.date,
    "date_to": dt.date,  # equal to date, but for a total of a stretch of days
    "channel": dt.string,
    "campaign": dt.string,
    "cost": MONEY,
    "impressions": MONEY,
    "clicks": MONEY,
}
HOLDOUTS = {
    "channel": dt.string,
    "start": dt.date,
    "end": dt.date,
    "arm": dt.string,
    "units": MONEY,
    "net_sales": MONEY,
    "converted": MONEY,
}
INTERVIEWS = {
    "interview_id": dt.string,
    "customer_id": dt.string,
    "date": dt.date,
    "coder": dt.string,
    "question": dt.string,
    "excerpt": dt.string,
    "code": dt.string,
    "may_quote": dt.boolean,
}
MARKET = {"attribute": dt.string, "value": dt.string, "share": MONEY}

REQUIRED = {
    "orders": ("order_id", "ordered_at", "ordered_on", "net_sales", "discount", "refund"),
    "order_lines": ("order_id", "net_sales"),
    "products": ("product_id",),
    "customers": ("customer_id",),
    "purchases": ("customer_id", "purchase_number", "purchased_on", "orders", "net_sales"),
    "companies": ("company_id",),
    "leads": ("lead_id",),
    "responses": ("response_id", "survey", "stage", "wave", "answered_at", "question", "kind",
                  "was_asked"),
    "events": ("occurred_at", "event"),
    "sessions": (),
    "traffic": (),
    "touchpoints": ("occurred_at", "stage"),
    "spend": ("date", "date_to", "channel", "cost"),
    "holdouts": ("channel", "arm"),
    "interviews": ("excerpt",),
    "market": ("attribute", "value"),
}  # fmt: skip
KEYS = {
    "orders": ["order_id"],
    "products": ["product_id"],
    "customers": ["customer_id"],
    "purchases": ["customer_id", "purchase_number"],
    "companies": ["company_id"],
    "leads": ["lead_id"],
    "market": ["attribute", "value"],
}
COLUMNS = {
    "orders": ORDERS,
    "order_lines": ORDER_LINES,
    "products": PRODUCTS,
    "customers": CUSTOMERS,
    "purchases": PURCHASES,
    "companies": COMPANIES,
    "leads": LEADS,
    "responses": RESPONSES,
    "events": EVENTS,
    "sessions": SESSIONS,
    "traffic": TRAFFIC,
    "touchpoints": TOUCHPOINTS,
    "spend": SPEND,
    "holdouts": HOLDOUTS,
    "interviews": INTERVIEWS,
    "market": MARKET,
}


TIMES = {
    "orders": "ordered_at",
    "leads": "created_at",
    "responses": "answered_at",
    "events": "occurred_at",
    "sessions": "started_at",
    "traffic": "date",
    "touchpoints": "occurred_at",
    "spend": "date",
    "holdouts": "start",
    "interviews": "date",
}
"""The column of a table that tells when."""


def keyed(name: str) -> list[str]:
    """A table's columns while it is still under the shop's own keys: ``customer_key`` and such."""
    return [own_key(column) for column in COLUMNS[name]]


def own_key(column: str) -> str:
    """What a column of pseudonyms is called before they are made; any other is called the same."""
    is_pseudonym = column.endswith("_id") and column != "product_id"
    return column.removesuffix("_id") + "_key" if is_pseudonym else column


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
