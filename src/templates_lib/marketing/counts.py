"""New customers and money of every channel and stretch of days, counted in the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal, NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.marketing import attribution, payback, spend
from templates_lib.marketing.attribution import UNKNOWN, Clicks
from templates_lib.params.marketing import EVERY, PAID
from templates_lib.purchase_survey.discovery import OTHER
from templates_lib.stats.power_sums import POWERS, decimals, narrow, power

BRAND = "brand"
MOST_OTHERS = 20  # channels without a cost whose margin is told apart
UNITS = {"month": "M", "quarter": "Q", "year": "Y"}
MONEY = ["net_sales", "contribution_margin"]

Period = Literal["month", "quarter", "year"]


class Stretch(NamedTuple):
    """Days that are looked at together, and the rows that they are of: ``all``, or channels."""

    kind: Literal["all", "channels"]
    start: date
    end: date
    is_whole: bool  # the whole stretch, not a period of the calendar

    @property
    def label(self) -> str:
        return f"{self.start}/{self.end}"


class Inputs(NamedTuple):
    """What the measures are made of: costs, last clicks, customers with a channel, margins."""

    costs: pd.DataFrame
    clicks: Clicks | None
    stretches: list[Stretch]
    customers: ir.Table
    movements: ir.Table
    grids: payback.Grids | None


def inputs(
    have: Mapping[str, ir.Table],
    movements: ir.Table,
    *,
    channels: Mapping[str, Mapping[str, Sequence[str]]],
    brand: Sequence[str],
    months: int,
    discount_rate: float,
    has_whole_history: bool,
    zone: str,
    as_of: date,
) -> Inputs | None:
    """What ``measures`` needs; None without a cost, or without an order in the days of the costs.

    Costs before the first order count where the file holds every order: they won the first
    customers.

    Parameters
    ----------
    have : staged tables by name, with spend, orders, purchases and first_orders
    movements : ``purchases.money_movements``
    channels, brand : the parameters of the same names
    months, discount_rate : how far margins are counted and how they are discounted
    """
    rows = spend.costs(have.get("spend"), channels=channels, brand=brand, as_of=as_of)
    days = spend.span(rows, as_of=as_of)
    if days is None:
        return None
    first = pd.Timestamp(have["orders"].ordered_on.min().execute()).date()
    start, end = (days[0] if has_whole_history else max(days[0], first)), days[1]
    if max(first, start) > end:
        return None
    costly = list(rows["channel"].unique())
    known = attribution.clicks(have, costly=costly, channels=channels, zone=zone, as_of=as_of)
    stretches = [Stretch("all", start, end, True), Stretch("all", start, end, False)]
    if known is not None:
        ends = max(start, known.start), min(end, known.end)
        if ends[0] <= ends[1]:
            stretches += [Stretch("channels", *ends, whole) for whole in (True, False)]
            if ends != (start, end):
                stretches.insert(1, Stretch("all", *ends, True))
        else:
            known = None
    customers = attribution.of_customers(have["first_orders"], have["orders"], known)
    if known is not None:
        known, customers = attribution.without_small(known, customers)
    customers = customers.cache()
    moved = _with_channel(movements, have["orders"], known).cache()
    made = payback.grids(
        customers, have["purchases"], movements, as_of=as_of, months=months,
        discount_rate=discount_rate, channels=len(known.paid) + MOST_OTHERS if known else 0,
    )  # fmt: skip
    return Inputs(rows, known, stretches, customers, moved, made)


def _with_channel(movements: ir.Table, orders: ir.Table, known: Clicks | None) -> ir.Table:
    """The movements with the channel of their order, and who bought: an unknown buyer is one."""
    moved = movements.mutate(who=ibis.coalesce(movements.customer_id, movements.order_id))
    if known is None:
        return moved.mutate(channel=ibis.null("string"))
    placed = attribution.of_orders(orders, known).select("order_id", "channel")
    joined = moved.left_join(placed, "order_id").drop("order_id_right")
    return joined.mutate(channel=joined.channel.fill_null(UNKNOWN))


def counts(made: Inputs, period: Period) -> pd.DataFrame:
    """One row a channel and stretch or calendar period: new customers, and power sums of money."""
    firsts = _scoped(made.customers.mutate(on=made.customers.first_on), made, period)
    keys = ["channel_of", "place", "starts"]
    new = firsts.group_by(keys).aggregate(new_customers=firsts.count()).to_pandas()
    moves = _scoped(made.movements.mutate(on=made.movements.moved_on), made, period)
    each = moves.group_by([*keys, "who"]).aggregate(**{m: moves[m].sum() for m in MONEY})
    kept = decimals(each, *MONEY)
    sums = {
        f"{name}_{suffix}": power(narrow(each[name], decimals=kept), exponent).sum()
        for name in MONEY
        for exponent, suffix in enumerate(POWERS, start=1)
    }
    money = each.group_by(keys).aggregate(**sums).to_pandas()
    frame = _frame(made, period)
    for found in (new, money):
        found["starts"] = pd.to_datetime(found["starts"])
        frame = frame.merge(found, on=keys, how="left")
    frame["new_customers"] = frame["new_customers"].fillna(0).astype(int)
    return frame


def _scoped(table: ir.Table, made: Inputs, period: Period) -> ir.Table:
    """The rows of each stretch under the channels that they count for, one below the other."""
    parts = []
    for place, each in enumerate(made.stretches):
        inside = table.filter(table.on.between(each.start, each.end))
        starts = inside.on.truncate(UNITS[period])
        own = inside.mutate(
            place=ibis.literal(place),
            starts=ibis.literal(each.start) if each.is_whole else starts.cast("date"),
        )
        if each.kind == "all":
            parts.append(own.mutate(channel_of=ibis.literal(EVERY)))
        else:
            parts.append(own.mutate(channel_of=own.channel))
            is_paid = own.channel.isin(list(made.clicks.paid))
            parts.append(own.filter(is_paid).mutate(channel_of=ibis.literal(PAID)))
    return ibis.union(*parts)


def _frame(made: Inputs, period: Period) -> pd.DataFrame:
    """Every channel in every stretch: one without customers, or without cost, is there too."""
    costly = sorted(made.costs["channel"].unique())
    others: list[str] = []
    if made.clicks is not None:
        seen = set(made.clicks.orders.select("channel").distinct().to_pandas()["channel"])
        others = [*sorted(seen - {*costly, OTHER}), *(seen & {OTHER}), UNKNOWN]
    rows = []
    for place, each in enumerate(made.stretches):
        names = [EVERY]
        if each.kind == "channels":
            brand = [BRAND] if made.costs["is_brand"].any() else []
            names = [PAID, *costly, *brand, *others]
        elif made.clicks is None:
            names += costly if len(costly) > 1 else []
            names += [BRAND] if made.costs["is_brand"].any() else []
        if each.is_whole:
            spans = [(each.label, each.start, each.end, pd.Timestamp(each.start))]
        else:
            spans = [
                (_label(p, period), max(p.start_time.date(), each.start),
                 min(p.end_time.date(), each.end), p.start_time)
                for p in pd.period_range(each.start, each.end, freq=UNITS[period])
            ]  # fmt: skip
        rows += [
            [place, name, label, first, last, starts, each.is_whole]
            for label, first, last, starts in spans
            for name in names
        ]
    columns = ["place", "channel_of", "period", "date_from", "date_to", "starts", "is_whole"]
    return pd.DataFrame(rows, columns=columns)


def _label(period: pd.Period, unit: Period) -> str:
    return f"{period.year}-Q{period.quarter}" if unit == "quarter" else str(period)
