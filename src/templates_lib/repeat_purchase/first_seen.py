"""Whether customers first seen early are old ones: what a history that begins mid-life does.

In a shop that sold before the first day of its data, those first seen in the first months are
partly old customers, who come back more. Customers first seen later look new: an old one would
have to have stayed away for all of the time before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.repeat_purchase.repeat_purchase import MIN_CUSTOMERS, MIN_EVENTS
from templates_lib.stats.intervals import newcombe, wilson

EARLY_DAYS = 90
WAITS = (365, 182, 90)
EARLY, BETWEEN, LATER = "first_seen_early", "first_seen_between", "first_seen_later"
BY_MONTH = ["month", "n", "returned_within", "low", "high"]


class EarlyOnes(NamedTuple):
    """Those first seen before ``early_until`` (in the first 90 days of the data) against those
    first seen from ``later_from`` on: the shares back within so many ``days``, and their
    difference (Newcombe)."""

    early: float
    later: float
    difference: float
    low: float
    high: float
    n: int
    early_until: date
    later_from: date
    days: int


def early_until(first_day: date) -> date:
    """The day from which on customers are not first seen early any more."""
    return first_day + timedelta(days=EARLY_DAYS)


def marked(first_orders: ir.Table, ones: EarlyOnes) -> ir.Table:
    """The first orders with ``first_seen``: early, later, or between the two."""
    first_on = first_orders.first_on
    is_early, is_later = first_on < ones.early_until, first_on >= ones.later_from
    return first_orders.mutate(
        first_seen=ibis.cases((is_later, LATER), (is_early, EARLY), else_=BETWEEN)
    )


def _complete(first_orders: ir.Table, *, as_of: date, days: int) -> pd.DataFrame:
    """Customers by the day they were first seen, where all have been observed for ``days`` days:
    first_on, n, back (within them)."""
    own = first_orders.filter(first_orders.first_on <= as_of - timedelta(days=days))
    is_back = (own.second_on.delta(own.first_on, unit="day") <= days).fill_null(False)
    counted = own.group_by("first_on").aggregate(n=own.count(), back=is_back.sum())
    table = counted.order_by("first_on").to_pandas()
    return table.assign(first_on=pd.to_datetime(table["first_on"]).dt.date)


def by_month(first_orders: ir.Table, *, as_of: date, days: int) -> pd.DataFrame:
    """The share back within ``days`` days, by the month in which customers were first seen.

    Only customers observed for all of those days, in months whose last day was observed for them.

    Returns
    -------
    Columns: month, n, returned_within, low, high (Wilson). A month with under 30 customers is left
    out.
    """
    table = _complete(first_orders, as_of=as_of, days=days)
    months = pd.PeriodIndex(table["first_on"], freq="M")
    is_whole = months.end_time.normalize() <= pd.Timestamp(as_of) - pd.Timedelta(days=days)
    sums = table[is_whole].groupby(months[is_whole].astype(str))[["n", "back"]].sum()
    sums = sums[sums["n"] >= MIN_CUSTOMERS]
    low, high = wilson(sums["back"], sums["n"])
    values = {"n": sums["n"], "returned_within": sums["back"] / sums["n"], "low": low, "high": high}
    return pd.DataFrame(values).rename_axis("month").reset_index()[BY_MONTH]


def early_ones(
    first_orders: ir.Table, *, as_of: date, milestones_days: Sequence[int]
) -> EarlyOnes | None:
    """Whether those first seen early return more, within the longest milestone that is no longer
    than a quarter of the history, of those observed for so long.

    Those first seen later are those from a year after the first day of the data on; where they
    are too few, from half a year or 90 days on.

    Returns
    -------
    None with under 30 customers or 10 returns on either side.
    """
    first = first_orders.first_on.min().execute()
    if pd.isna(first):
        return None
    observed = (as_of - pd.Timestamp(first).date()).days
    days = max([d for d in milestones_days if d <= observed / 4], default=min(milestones_days))
    table = _complete(first_orders, as_of=as_of, days=days)
    if table.empty:
        return None
    begin = table["first_on"].min()
    until = early_until(begin)
    early = _sums(table[table["first_on"] < until])
    for wait in WAITS:
        later_from = begin + timedelta(days=wait)
        later = _sums(table[table["first_on"] >= later_from])
        if later is not None:
            break
    if early is None or later is None:
        return None
    low, high = newcombe(early["back"], early["n"], later["back"], later["n"])
    shares = [float(side["back"] / side["n"]) for side in (early, later)]
    limits = (float(low), float(high))
    n = int(early["n"] + later["n"])
    return EarlyOnes(*shares, shares[0] - shares[1], *limits, n, until, later_from, days)


def _sums(table: pd.DataFrame) -> pd.Series | None:
    """Customers and those back, where they are enough."""
    sums = table[["n", "back"]].sum()
    return sums if sums["n"] >= MIN_CUSTOMERS and sums["back"] >= MIN_EVENTS else None
