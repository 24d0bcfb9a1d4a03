"""A small shop for engines to count, and every order-level measure of it.

Sums and ties, refunds before the acquisition, orders without a customer, days that are another
one in the shop's zone, missing categories: what engines could take differently.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from event_tables import events, walk

from templates_lib import activity, purchase_value, purchases, summary, tables
from templates_lib.customer_value import (
    customer_value,
    later_value,
    loss_makers,
    movement,
    next_purchase,
)
from templates_lib.journey import funnel
from templates_lib.marketing import payback
from templates_lib.params.journey import Journey
from templates_lib.params.params import Purchases
from templates_lib.projection import contracts_ahead, histories
from templates_lib.repeat_purchase import (
    attribute_design,
    exits,
    first_seen,
    later_orders,
    overdue,
    repeat_purchase,
    season,
)
from templates_lib.staging.facts import Facts

NOTHING = Decimal(0)
AS_OF = date(2026, 6, 30)
ZONE = "Europe/Helsinki"
CATEGORIES = ("boots", "hats", "Äyräs", None)
CHANNELS = ("web", "shop", None)
STEPS = ["session_start", "view_item", "add_to_cart", "purchase"]
WINDOW = customer_value.Window(date(2025, 7, 1), AS_OF)
BEFORE = customer_value.Window(date(2024, 7, 1), date(2025, 6, 30))
USUAL = pd.DataFrame({"purchase_number": [1, 2, 3], "days": [90, 60, 30], "n": [100, 50, 30]})
ORDERS = ibis.schema(
    {"order_key": dt.string, "customer_key": dt.string, "is_wholly_refunded": dt.boolean,
     "net_goods": tables.MONEY, **tables.ORDERS}
)  # fmt: skip
ENDS = ibis.schema({name: tables.CUSTOMERS[name] for name in
                    ("customer_id", "closed_at", "opted_out_at")})  # fmt: skip
LINES = ibis.schema({"order_key": dt.string, "place": dt.int64, **tables.ORDER_LINES})


def _money(chance: random.Random, most: int) -> Decimal:
    return Decimal(chance.randrange(100, most)) / 100


def _order(chance: random.Random, number: int, customer: str | None, at: datetime) -> dict:
    goods = _money(chance, 20_000)
    kind = chance.random()
    refund = goods if kind < 0.05 else goods / 4 if kind < 0.15 else NOTHING
    cost, freight, payment = goods / 2, _money(chance, 900), goods / 50
    local = at.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(ZONE))
    return {
        "order_key": str(number), "order_id": str(number),
        "customer_key": customer, "customer_id": customer,
        "ordered_at": at, "ordered_on": local.date(), "net_goods": goods,
        "net_sales": goods - refund, "discount": goods / 10 if chance.random() < 0.3 else NOTHING,
        "refund": refund, "is_wholly_refunded": refund == goods,
        "refunded_at": at + timedelta(days=9, hours=12) if refund and kind > 0.02 else None,
        "shipping_income": NOTHING, "cost_of_goods": cost, "fulfilment_cost": freight,
        "payment_cost": payment, "contribution_margin": goods - refund - cost - freight - payment,
        "channel": chance.choice(CHANNELS), "country": chance.choice(("FI", "SE")),
        "is_b2b": chance.choice((True, False, None)),
    }  # fmt: skip


def _lines(chance: random.Random, order: Mapping[str, Any]) -> list[dict]:
    count = chance.choice((1, 1, 2))
    products = chance.sample(range(8), count)
    return [
        {"order_key": order["order_key"], "order_id": order["order_id"], "place": place,
         "product_id": f"p{product}", "product_name": f"P {product}" if product else None,
         "category": CATEGORIES[product % 4], "quantity": Decimal(1),
         "net_sales": order["net_sales"] - place}
        for place, product in enumerate(products)
    ]  # fmt: skip


def _events(chance: random.Random, visitors: int) -> list[dict]:
    steps = []
    for number in range(visitors):
        taken = STEPS[: chance.choice((1, 2, 3, 4, 4))]
        steps += walk(
            f"v{number}", *taken, minute=number * 60.5, device=chance.choice(("phone", "desktop")),
            channel=chance.choice(CHANNELS), product_id=f"p{chance.randrange(4)}",
        )  # fmt: skip
    return steps


def rows() -> dict[str, pa.Table]:
    """Priced orders and their lines, products and events, the same at every call."""
    chance = random.Random(9)
    orders, lines = [], []
    for customer in range(300):
        at = datetime(2024, 7, 1) + timedelta(minutes=chance.randrange(700 * 1440))
        while at.date() <= AS_OF:
            known = f"c{customer:03}" if chance.random() < 0.95 else None
            orders.append(_order(chance, len(orders) + 1, known, at))
            lines += _lines(chance, orders[-1])
            if chance.random() < 0.35:
                break
            same_day = chance.random() < 0.1
            at += timedelta(minutes=90) if same_day else timedelta(days=chance.expovariate(1 / 70))
            at = at.replace(microsecond=0)
    orders += [order | {"order_key": f"{order['order_key']}b", "order_id": f"{order['order_id']}b",
                        "customer_key": "twin", "customer_id": "twin"}
               for order in orders if order["customer_key"] == "c001"]  # fmt: skip
    products = [
        {"product_id": f"p{i}", "product_name": f"P {i}", "category": CATEGORIES[i % 4]}
        for i in range(8)
    ]
    ends = [
        {"customer_id": customer, "closed_at": at, "opted_out_at": at + timedelta(days=30)}
        for customer in sorted({order["customer_id"] or "nobody" for order in orders})
        if (at := datetime(2026, 3, 1, 22, 30) - timedelta(days=chance.randrange(500))) and
        chance.random() < 0.4
    ]  # fmt: skip
    return {
        "customers": pa.Table.from_pylist(ends, ENDS.to_pyarrow()),
        "priced": pa.Table.from_pylist(orders, ORDERS.to_pyarrow()),
        "placed": pa.Table.from_pylist(lines, LINES.to_pyarrow()),
        "products": pa.Table.from_pylist(products, ibis.schema(tables.PRODUCTS).to_pyarrow()),
        "events": events(_events(chance, 150)).to_pyarrow(),
    }


def canonical(connection: ibis.BaseBackend) -> dict[str, ir.Table]:
    """What staging makes of the rows in an engine that holds them, under the names of the staged
    tables."""
    priced, placed = connection.table("priced"), connection.table("placed")
    occasions = purchases.occasions_of(priced, Purchases())
    occasions = connection.create_table("occasions", occasions)
    firsts = purchases.first_orders_of(occasions, priced, placed, Facts([]))
    firsts = connection.create_table("firsts", firsts)
    return {
        "orders": priced.select(*tables.ORDERS),
        "order_lines": placed.select(*tables.ORDER_LINES),
        "products": connection.table("products"),
        "events": connection.table("events"),
        "customers": connection.table("customers"),
        "purchases": occasions.rename(customer_id="customer_key").select(*tables.PURCHASES),
        "first_orders": firsts.rename(customer_id="customer_key"),
    }


def nothing() -> dict[str, ir.Table]:
    """Tables without rows, by which the measures can be named and compiled."""
    staged = {name: tables.COLUMNS[name] for name in ("orders", "order_lines", "products",
                                                      "events", "purchases")}  # fmt: skip
    return {name: ibis.table(columns, name=name) for name, columns in staged.items()} | {
        "customers": ibis.table(ENDS, name="customers"),
        "first_orders": ibis.table({"customer_id": dt.string}, name="first_orders"),
    }


def measures(have: Mapping[str, ir.Table]) -> dict[str, Callable[[], pd.DataFrame]]:
    """Every order-level measure by its name, each run when it is called."""
    orders, firsts, bought = have["orders"], have["first_orders"], have["purchases"]
    by_order, by_refund = (
        purchases.money_movements(orders, refunds=rule, timezone=ZONE)
        for rule in ("by_order_date", "by_refund_date")
    )

    def ranked(
        window: customer_value.Window, value: str = "net_sales", money: ir.Table = by_order
    ) -> ir.Table:
        customers = customer_value.by_customer(orders, money, window)
        return customer_value.ranked(customers, value=value, groups=5)

    def paired() -> ir.Table:
        return movement.pairs(ranked(BEFORE), ranked(WINDOW), BEFORE)

    def priced() -> ir.Table:
        costs = {"service_cost": ibis.literal(0).cast(tables.MONEY)}
        sums = customer_value.by_customer(orders, by_order, WINDOW)
        freight = sums.fulfilment_cost * 8  # half of them lose money
        margin = sums.net_sales - sums.cost_of_goods - freight - sums.payment_cost
        return loss_makers.costs(
            sums.mutate(**costs, fulfilment_cost=freight, contribution_margin=margin)
        )

    def people() -> ir.Table:
        return histories.histories(valued, until=AS_OF)

    def reached() -> funnel.Reached | None:
        return funnel.reached(have, settings)

    valued = purchase_value.purchase_values(bought, value="net_sales", service=None)
    split = ["first_category", "first_channel"]
    settings = Journey.model_validate(
        {"steps": STEPS, "compare_by": ["device", "channel", "first_category"], "window_days": 1}
    )
    days = {"as_of": AS_OF, "horizon": 4}
    return {
        "purchases": lambda: bought.to_pandas(),
        "first_orders": lambda: firsts.to_pandas(),
        "movements_by_order_date": lambda: by_order.to_pandas(),
        "movements_by_refund_date": lambda: by_refund.to_pandas(),
        "return_counts": lambda: repeat_purchase.return_counts(firsts, as_of=AS_OF),
        "return_counts_by_category": lambda: repeat_purchase.return_counts(
            firsts, as_of=AS_OF, split="first_category"
        ),
        "return_counts_by_attributes": lambda: attribute_design.attribute_counts(
            firsts, as_of=AS_OF, attributes=split, max_groups=3, horizon_days=200
        ),
        "later_gaps": lambda: (
            later_orders.gaps(
                bought, firsts, as_of=AS_OF, attributes=split, max_groups=3, horizon_days=200
            ).alike
        ),
        "exits": lambda: exits.exit_counts(have, zone=ZONE, as_of=AS_OF),
        "exposures": lambda: season.exposures(firsts, as_of=AS_OF),
        "first_seen": lambda: first_seen._complete(firsts, as_of=AS_OF, days=90),
        "histories": lambda: people().to_pandas(),
        "cells_of_histories": lambda: histories.cells(people()),
        "contracts_kept": lambda: pd.DataFrame(
            contracts_ahead.survivors(valued, period="quarter", until=AS_OF)
        ),
        "later_value": lambda: later_value.later_sums(
            firsts, valued, split="first_category", as_of=AS_OF, window_days=180
        ),
        "payback": lambda: (
            payback.grids(
                firsts.select("customer_id", "first_on", channel="first_channel"),
                bought,
                by_order,
                as_of=AS_OF,
                months=4,
                discount_rate=0.1,
                channels=2,
            ).discounted
        ),
        "loss_rates": lambda: loss_makers.compared(priced()),
        "loss_causes": lambda: loss_makers.by_cause(
            loss_makers.with_cause(priced(), loss_makers.ordinary(priced())), min_cell=1
        ),
        "gap_counts": lambda: overdue.gap_counts(bought, as_of=AS_OF),
        "overdue": lambda: overdue.states(
            overdue.standing(bought, USUAL, as_of=AS_OF, horizon_days=365)
        ),
        "cells_by_week": lambda: activity.cells(firsts, bought, by_order, period="week", **days),
        "cells_by_month": lambda: activity.cells(firsts, bought, by_order, **days),
        "cells_by_quarter_and_channel": lambda: activity.cells(
            firsts, bought, by_order, period="quarter", split_by=["first_channel"], **days
        ),
        "cells_of_windows": lambda: activity.cells(
            firsts, bought, by_order, window_days=30, **days
        ),
        "customer_sums": lambda: customer_value.by_customer(orders, by_order, WINDOW).to_pandas(),
        "customer_ranks": lambda: ranked(WINDOW).drop("customer_id").to_pandas(),  # twins tie
        "bins_by_refund_date": lambda: customer_value.bins(
            ranked(WINDOW, "contribution_margin", by_refund), min_cell=5
        ),
        "bins": lambda: customer_value.bins(ranked(WINDOW), min_cell=5),
        "unknown": lambda: pd.DataFrame([customer_value.unknown(orders, WINDOW)]),
        "migration": lambda: movement.migration(paired(), min_cell=1),
        "migration_in_fifths": lambda: movement.migration(
            movement.in_fifths(paired(), groups=5), min_cell=1
        ),
        "bridge": lambda: movement.bridge(paired(), min_cell=1),
        "outcome": lambda: movement.outcome(paired(), groups=5),
        "next_category": lambda: _next(have, "category"),
        "next_product": lambda: _next(have, "product"),
        "monthly_sales": lambda: summary.monthly_sales(by_order, firsts),
        "funnel": lambda: funnel.funnel(reached(), settings, min_cell=1),
        "time_to_purchase": lambda: funnel.time_to_purchase(reached()),
    }


def _next(have: Mapping[str, ir.Table], item: str) -> pd.DataFrame:
    return next_purchase.pairs(have["purchases"], have["orders"], have["order_lines"], item=item)
