"""Which channel each order came by: that of the last click before it.

Everything that rests on it is called attributed. An order of the time in which clicks are known,
and without one, is of the channel ``unknown``; before that time nothing is known of any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.purchase_survey import discovery
from templates_lib.purchase_survey.discovery import OTHER
from templates_lib.sources.engine import one

UNKNOWN = "unknown"
MIN_ORDERS = 30
MIN_NEW = 30
MOST_NAMES = 6  # names of clicks that cost nothing, where the parameter file names no channels


class Clicks(NamedTuple):
    """The last click of each order, from the first to the last day on which clicks are known.

    ``source`` is ``events`` or ``orders``, ``orders`` has order_id and channel, ``paid`` are the
    channels with a cost that clicks can name.
    """

    source: str
    orders: ir.Table
    start: date
    end: date
    paid: tuple[str, ...]


def clicks(
    have: Mapping[str, ir.Table],
    *,
    costly: Sequence[str],
    channels: discovery.Names,
    zone: str,
    as_of: date,
) -> Clicks | None:
    """The last clicks as the events know them, else as the orders themselves do.

    None where neither names, of 30 orders or more, a channel that costs something: who came by
    it cannot be told then.

    Parameters
    ----------
    have : staged tables by name
    costly : channels with a cost, of ``spend.costs``
    channels : name: its names by the last click as ``clicked``; without any, channels that are
        called the same on both sides, ignoring case, are the same
    zone : the client's time zone, in which a day begins
    """
    if "events" in have:
        events = have["events"]
        orders = have["orders"].select("order_id")
        found = discovery.order_clicks(events).semi_join(orders, "order_id").cache()
        day = local_day(events, "occurred_at", zone)
        made = _named(found, day, costly=costly, channels=channels, as_of=as_of, source="events")
        if made is not None:
            return made
    orders = have["orders"]
    own = orders.filter(orders.channel.notnull()).select("order_id", "channel")
    return _named(
        own, orders.ordered_on, costly=costly, channels=channels, as_of=as_of, source="orders"
    )


def _named(
    found: ir.Table,
    day: ir.DateValue,
    *,
    costly: Sequence[str],
    channels: discovery.Names,
    as_of: date,
    source: str,
) -> Clicks | None:
    counts = found.group_by("channel").aggregate(n=found.count()).to_pandas()
    if counts["n"].sum() < MIN_ORDERS:
        return None
    counts = counts.sort_values(["n", "channel"], ascending=[False, True], ignore_index=True)
    counts["name"] = discovery.named(counts["channel"].astype("object"), "clicked", channels)
    if not channels:
        free = counts.loc[~counts["name"].isin(costly), "name"].drop_duplicates()
        counts["name"] = counts["name"].where(~counts["name"].isin(free[MOST_NAMES:]), OTHER)
    can_name = set(counts["name"]) | {name for name, own in channels.items() if own["clicked"]}
    paid = tuple(name for name in costly if name in can_name)
    if not set(paid) & set(counts["name"]):
        return None
    known = day.as_table()
    days = one(known, first=known[0].min(), last=known[0].max())
    start, end = (pd.Timestamp(days[name]).date() for name in ("first", "last"))
    return Clicks(source, _renamed(found, counts), start, min(end, as_of), paid)


def _renamed(found: ir.Table, counts: pd.DataFrame) -> ir.Table:
    kinds = [
        (found.channel.isin(list(own)), name)
        for name, own in counts.groupby("name", sort=True)["channel"]
        if name != OTHER
    ]
    return found.select("order_id", channel=ibis.cases(*kinds, else_=OTHER))


def of_orders(orders: ir.Table, known: Clicks) -> ir.Table:
    """Orders placed while clicks are known, with their channel: order_id, customer_id,
    ordered_on, ordered_at, channel."""
    inside = orders.filter(orders.ordered_on.between(known.start, known.end))
    joined = inside.left_join(known.orders.rename(clicked="channel"), "order_id")
    return joined.select(
        "order_id", "customer_id", "ordered_on", "ordered_at",
        channel=joined.clicked.fill_null(UNKNOWN),
    )  # fmt: skip


def of_customers(first_orders: ir.Table, orders: ir.Table, known: Clicks | None) -> ir.Table:
    """``first_orders`` with ``channel``, that of the first order of a customer who came while
    clicks are known; null for all others.

    Of several orders on the first day it is the channel of the first that has one.
    """
    if known is None:
        return first_orders.mutate(channel=ibis.null("string"))
    placed = of_orders(orders, known)
    firsts = first_orders.select("customer_id", "first_on")
    same_day = firsts.join(
        placed, [firsts.customer_id == placed.customer_id, firsts.first_on == placed.ordered_on]
    )
    channel = same_day.group_by("customer_id").aggregate(
        channel=ibis.coalesce(
            same_day.channel.argmin(same_day.ordered_at, where=same_day.channel != UNKNOWN),
            UNKNOWN,
        )
    )
    joined = first_orders.left_join(channel, "customer_id")
    return joined.drop("customer_id_right")


def without_small(known: Clicks, customers: ir.Table) -> tuple[Clicks, ir.Table]:
    """Channels that cost nothing and brought fewer than 30 new customers are ``other``."""
    counts = customers.group_by("channel").aggregate(n=customers.count()).to_pandas()
    counts = counts.dropna(subset=["channel"]).set_index("channel")["n"]
    small = [name for name in counts.index[counts < MIN_NEW] if name not in (*known.paid, UNKNOWN)]
    if not small:
        return known, customers
    orders, people = (
        table.mutate(channel=table.channel.isin(small).ifelse(OTHER, table.channel))
        for table in (known.orders, customers)
    )
    return known._replace(orders=orders), people
