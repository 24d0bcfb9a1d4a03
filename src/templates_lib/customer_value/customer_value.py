"""What each customer brought in a window of time, and how it is spread over customers.

Money belongs to the day that the client's refund policy gives it; a service contact to the last
order before it. Customers are ranked in the engine, and bins of them leave it (at most some 2,000
of consecutive ranks), from which ``stats.concentration`` estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.sources.engine import one
from templates_lib.stats import concentration
from templates_lib.stats.concentration import Estimate
from templates_lib.stats.intervals import wilson
from templates_lib.stats.power_sums import POWERS, decimals, narrow, power
from templates_lib.stats.totals import total_interval
from templates_lib.summary import OPENING_DAYS
from templates_lib.tables import MONEY

ORDER_SUMS = ("discount", "shipping_income", "cost_of_goods", "fulfilment_cost", "payment_cost")
MIN_DECILES, MIN_QUINTILES = 200, 50  # customers
MOST_BINS = 2000
MOST_STEPS = 100  # of the whale curve
MOST_WINDOWS = 6
TOP = 0.1  # share of the customers whose share of the whole is followed over time
DECILES = ["decile", "customers", "net_sales", "contribution_margin", "margin_share",
           "orders_per_customer", "low", "high"]  # fmt: skip


class Window(NamedTuple):
    """Days from the first to the last, both in it."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


def windows(first_day: date, as_of: date, days: int) -> list[Window]:
    """The last window and those before it that the data hold whole, the newest first.

    An opening within three days is whole, as in ``summary``; six windows at most.
    """
    found = [
        Window(end - timedelta(days=days - 1), end)
        for end in (as_of - timedelta(days=days * age) for age in range(MOST_WINDOWS))
    ]
    return [w for w in found if first_day <= w.start + timedelta(days=OPENING_DAYS - 1)]


def by_customer(
    orders: ir.Table, movements: ir.Table, window: Window, service: ir.Table | None = None
) -> ir.Table:
    """What each known customer brought and cost in the window.

    Parameters
    ----------
    movements : ``purchases.money_movements`` of the orders
    service : customer_id, on, service_cost (``costs.service_costs``); a contact belongs to the
        last order up to its day, one before any order to nothing

    Returns
    -------
    One row a customer with an order, or a refund, in the window: customer_id, first_at, first_on
    (of the first order of all), lot (made of all that the customer ever bought, see ``ranked``),
    orders, gross_sales (goods ex VAT before discounts), discount,
    refund, net_sales, shipping_income, cost_of_goods, fulfilment_cost, payment_cost, service_cost,
    contribution_margin (less service cost; null where costs are not known).
    """
    known = orders.filter(orders.customer_id.notnull())
    is_inside = known.ordered_on.between(*window)
    ordered = known.group_by("customer_id").aggregate(
        first_at=known.ordered_at.min(),
        first_on=known.ordered_on.min(),
        last_at=known.ordered_at.max(),
        all_orders=known.count(),
        all_sales=known.net_sales.sum().cast(MONEY),
        orders=known.count(where=is_inside),
        goods=(known.net_sales + known.refund).sum(where=is_inside),
        **{name: known[name].sum(where=is_inside) for name in ORDER_SUMS},
    )
    moved = movements.filter(movements.customer_id.notnull())
    moved = moved.filter(moved.moved_on.between(*window))
    money = moved.group_by("customer_id").aggregate(
        net_sales=moved.net_sales.sum(), contribution_margin=moved.contribution_margin.sum()
    )
    joined = money.join(ordered, "customer_id")
    if service is None:
        joined = joined.mutate(service_cost=ibis.null(MONEY))
    else:
        costs = _service(known, service, window)
        joined = joined.left_join(costs, "customer_id").drop("customer_id_right")
    zero = ibis.literal(0).cast(MONEY)
    filled = {name: joined[name].fill_null(zero) for name in ("goods", "service_cost", *ORDER_SUMS)}
    whole = joined.mutate(**filled)
    told = [whole[name].cast("string") for name in ("last_at", "all_orders", "all_sales")]
    return whole.select(
        "customer_id", "first_at", "first_on", "orders", *ORDER_SUMS, "service_cost", "net_sales",
        lot=_md5(ibis.literal(" ").join(told)),
        gross_sales=(whole.goods + whole.discount).cast(MONEY),
        refund=(whole.goods - whole.net_sales).cast(MONEY),
        contribution_margin=(whole.contribution_margin - whole.service_cost).cast(MONEY),
    )  # fmt: skip


@ibis.udf.scalar.builtin(name="md5")
def _md5(text: str) -> str:  # type: ignore[empty-body]
    """The function that every engine has; Ibis's own ``hexdigest`` is not written for most."""


def _service(orders: ir.Table, service: ir.Table, window: Window) -> ir.Table:
    """Service cost by customer, of contacts whose order is in the window."""
    daily = service.group_by("customer_id", "on").aggregate(cost=service.service_cost.sum())
    days = orders.select("customer_id", "ordered_on").distinct()
    pairs = daily.join(days, "customer_id")
    pairs = pairs.filter(pairs.ordered_on <= pairs.on)
    dated = pairs.group_by("customer_id", "on").aggregate(
        ordered_on=pairs.ordered_on.max(), cost=pairs.cost.max()
    )
    own = dated.filter(dated.ordered_on.between(*window))
    return own.group_by("customer_id").aggregate(service_cost=own.cost.sum())


class Unknown(NamedTuple):
    """Orders of a window without a known customer, and their share of its orders and sales."""

    orders: int
    order_share: float
    sales_share: float


def unknown(orders: ir.Table, window: Window) -> Unknown:
    """What is left out because nobody knows whose it is."""
    inside = orders.filter(orders.ordered_on.between(*window))
    is_unknown = inside.customer_id.isnull()
    found = one(
        inside,
        orders=inside.count(),
        unknown=is_unknown.sum(),
        sales=inside.net_sales.sum(),
        unknown_sales=inside.net_sales.sum(where=is_unknown),
    )
    sales = float(found["sales"] or 0)
    return Unknown(
        int(found["unknown"] or 0),
        (found["unknown"] or 0) / found["orders"] if found["orders"] else np.nan,
        float(found["unknown_sales"] or 0) / sales if sales > 0 else np.nan,
    )


def groups_of(n: int, *, min_cell: int) -> int:
    """Into how many groups n customers are ranked: 10 from 200 on, 5 from 50 on, else 0."""
    for least, groups in ((MIN_DECILES, 10), (MIN_QUINTILES, 5)):
        if n >= least and n // groups >= min_cell:
            return groups
    return 0


def ranked(customers: ir.Table, *, value: str, groups: int) -> ir.Table:
    """The customers with value (a decimal), rank and group, 1 the best.

    Of equal values the earlier first order is the better, then more orders, greater net sales,
    gross sales and discounts, at last the lot: it is drawn from what the customer ever bought, so
    that it is the same at each run, whatever the pseudonyms are, and favours nobody. The first k
    groups hold no more than k / groups of the customers.
    """
    valued = customers.mutate(value=narrow(customers[value], decimals=decimals(customers, value)))
    order = [
        valued.value.desc(),
        valued.first_at,
        *(valued[c].desc() for c in ("orders", "net_sales", "gross_sales", "discount")),
        valued.lot,
    ]
    placed = valued.mutate(
        rank=(ibis.row_number().over(order_by=order) + 1).cast("int64"),
        of=valued.count().over(ibis.window()).cast("int64"),
    )
    return placed.mutate(group=_stretch(placed, groups))


def _stretch(placed: ir.Table, parts: int) -> ir.IntegerValue:
    """⌈parts · rank / n⌉."""
    return ((placed["rank"] * parts + placed.of - 1) / placed.of).floor().cast("int64")


def bins(ranks: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """Consecutive customers of ``ranked``, the best first; none holds two groups, steps or signs.

    Returns
    -------
    Columns: group, step (of the whale curve, with at least ``min_cell`` customers), is_loss,
    n, total, squares, cubes (of the value), net_sales, contribution_margin, orders.
    """
    n = one(ranks, n=ranks.count())["n"]
    parts = ranks.mutate(
        bin=_stretch(ranks, max(1, min(n, MOST_BINS))),
        step=_stretch(ranks, max(1, min(MOST_STEPS, n // min_cell))),
        is_loss=ranks.value < 0,
    )
    found = (
        parts.group_by("group", "step", "is_loss", "bin")
        .aggregate(
            first=parts["rank"].min(),
            n=parts.count(),
            total=parts.value.sum(),
            squares=power(parts.value, 2).sum(),
            cubes=power(parts.value, 3).sum(),
            net_sales=parts.net_sales.sum(),
            contribution_margin=parts.contribution_margin.sum(),
            orders=parts.orders.sum(),
        )
        .to_pandas()
        .sort_values("first", ignore_index=True)
    )
    money = dict.fromkeys([*POWERS, "net_sales", "contribution_margin"], "float64")
    return found.drop(columns=["bin", "first"]).astype({**money, "orders": "int64"})


def deciles(found: pd.DataFrame, sample: concentration.Sample) -> pd.DataFrame:
    """The groups of customers by value and the share of the whole that each brings.

    Parameters
    ----------
    found : ``bins``
    sample : ``concentration.draw`` of them

    Returns
    -------
    Columns of ``DECILES``: decile (1 the best; fifths where there are five), margin_share with its
    bootstrap interval; without margins the share of net sales, and contribution_margin empty.
    """
    if not len(found) or not found["group"].max():
        return pd.DataFrame(columns=DECILES)
    sums = ["net_sales", "contribution_margin", "orders"]
    table = found.groupby("group")[["n", *sums]].sum(min_count=1)
    shares = concentration.parts(sample, table["n"].cumsum() / table["n"].sum())
    shares = shares.set_axis(table.index)
    return pd.DataFrame(
        {
            "decile": table.index,
            "customers": table["n"],
            "net_sales": table["net_sales"],
            "contribution_margin": table["contribution_margin"],
            "margin_share": shares["total_share"],
            "orders_per_customer": table["orders"] / table["n"],
            "low": shares["low"],
            "high": shares["high"],
        }
    ).reset_index(drop=True)


def gains_and_losses(found: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """What the customers above and below zero of each group bring, as shares of the whole.

    Returns
    -------
    Columns: decile, gained, lost (0 or less). Where fewer than ``min_cell`` customers are on one
    of the two sides the group stands as a whole on one of them.
    """
    whole = found["total"].sum()
    rows = []
    for group, own in found.groupby("group"):
        sides = [own[~own["is_loss"]], own[own["is_loss"]]]
        amounts = [side["total"].sum() / whole for side in sides]
        if any(0 < side["n"].sum() < min_cell for side in sides):
            amounts = [max(sum(amounts), 0.0), min(sum(amounts), 0.0)]
        rows.append([group, *amounts])
    return pd.DataFrame(rows, columns=["decile", "gained", "lost"])


def whale_curve(found: pd.DataFrame, sample: concentration.Sample) -> pd.DataFrame:
    """What the best customers bring together, step by step of customers.

    Returns
    -------
    Columns: percentile (best customers so far / all), customers (of the step), cumulative_value,
    cumulative_share, low, high (of the share), n (customers so far).
    """
    steps = found.groupby("step")[["n", "total"]].sum()
    n = steps["n"].cumsum()
    curve = concentration.whale_curve(sample, n / n.iloc[-1])
    return pd.DataFrame(
        {
            "percentile": curve["unit_share"].to_numpy(),
            "customers": steps["n"].to_numpy(),
            "cumulative_value": steps["total"].cumsum().to_numpy(),
            "cumulative_share": curve["total_share"].to_numpy(),
            "low": curve["low"].to_numpy(),
            "high": curve["high"].to_numpy(),
            "n": n.to_numpy(),
        }
    )


class Losses(NamedTuple):
    """Customers with a value below zero: how many of all, and what they cost together."""

    customers: int
    share: float
    low: float
    high: float
    lost: float
    lost_low: float
    lost_high: float
    n: int


def losses(found: pd.DataFrame) -> Losses:
    """The interval of the share is Wilson's; that of the sum is of a sum over a random number of
    independent customers."""
    own, n = found[found["is_loss"]], int(found["n"].sum())
    count = int(own["n"].sum())
    low, high = wilson(count, n)
    sums = [own[name].sum() for name in POWERS]
    lost_high, lost_low = (-float(end) for end in total_interval(*sums))
    share = count / n if n else np.nan
    lost = (-float(sums[0]), lost_low, lost_high)
    return Losses(count, share, float(low), float(high), *lost, n)


def over_time(parts: Sequence[tuple[Window, pd.DataFrame]], *, min_cell: int) -> pd.DataFrame:
    """How the value is spread, window by window, for windows of at least 50 customers.

    Parameters
    ----------
    parts : windows, each with its ``bins``

    Returns
    -------
    Columns: date_from, date_to, measure (top_share, gini, peak, loss_share), estimate, low, high,
    n (customers). The shares of a whole that is not above zero are left out, the top share (of a
    tenth of the customers) under 200 of them, and the share of customers that lose money where it
    would show fewer than ``min_cell``.
    """
    rows = []
    for window, found in sorted(parts, key=lambda part: part[0]):
        n = found["n"].sum()
        if n < MIN_QUINTILES:
            continue
        sample, lost = concentration.draw(found), losses(found)
        measures = {"gini": concentration.gini(sample), "peak": concentration.peak(sample)}
        if n >= MIN_DECILES:
            measures = {"top_share": concentration.top_share(sample, TOP), **measures}
        if not 0 < lost.customers < min_cell:
            measures["loss_share"] = Estimate(lost.share, lost.low, lost.high, lost.n)
        rows += [[*window, name, *each] for name, each in measures.items()]
    columns = ["date_from", "date_to", "measure", "estimate", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns).dropna(subset=["estimate", "low", "high"])


def change(table: pd.DataFrame, measure: str) -> Estimate | None:
    """A measure of ``over_time`` in the last window less that in the one before it.

    Customers of both windows make the interval too wide rather than too narrow.
    """
    own = table[table["measure"] == measure].tail(2)
    if len(own) < 2:
        return None
    columns = ["estimate", "low", "high", "n"]
    older, newer = (Estimate(*row) for row in own[columns].itertuples(index=False))
    return concentration.difference(newer, older)
