"""Who is overdue: where each customer stands by the usual time to the next purchase."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.stats import intervals, survival

MIN_PURCHASES = 30
MIN_RETURNS = 10


def gap_counts(purchases: ir.Table, *, as_of: date, last_number: int = 5) -> pd.DataFrame:
    """Days from each purchase to the next, by the number of the purchase.

    Returns
    -------
    Columns: purchase_number (``last_number`` stands for itself and beyond), duration, event,
    count (purchases).
    """
    end = ibis.coalesce(purchases.next_on, ibis.literal(as_of))
    timed = purchases.select(
        purchase_number=ibis.least(purchases.purchase_number, last_number),
        duration=end.delta(purchases.purchased_on, unit="day"),
        event=purchases.next_on.notnull(),
    )
    keys = ("purchase_number", "duration", "event")
    return timed.group_by(*keys).aggregate(count=timed.count()).order_by(*keys).to_pandas()


def usual_days(gaps: pd.DataFrame, *, horizon_days: int, share: float) -> pd.DataFrame:
    """The day by which ``share`` of a horizon's returns have come, by the purchase's number.

    Returns
    -------
    Columns: purchase_number, days, n (purchases). A number with under 30 purchases or 10 returns
    takes the day of the number before; without one before it, it is left out.
    """
    rows, usual = [], None
    for number, own in gaps.groupby("purchase_number"):
        returns = own[own["event"] & (own["duration"] <= horizon_days)]["count"].sum()
        if own["count"].sum() >= MIN_PURCHASES and returns >= MIN_RETURNS:
            curve = survival.kaplan_meier(survival.life_table(own))
            seen = curve[curve["duration"] <= min(horizon_days, survival.reach(curve))]
            back = 1 - seen["survival"]
            if back.max() > 0:
                is_back = back >= share * back.iloc[-1] - survival.ROUNDING
                usual = int(seen.loc[is_back, "duration"].iloc[0])
        if usual is not None:
            rows.append({"purchase_number": number, "days": usual, "n": int(own["count"].sum())})
    return pd.DataFrame(rows, columns=["purchase_number", "days", "n"])


def standing(
    purchases: ir.Table, usual: pd.DataFrame, *, as_of: date, horizon_days: int
) -> ir.Table:
    """Where each customer stands by the usual time to return after as many purchases.

    ``in_time`` until the usual day, ``overdue`` after it, ``lapsed`` after the horizon.

    Returns
    -------
    Columns: customer_id, purchases, last_on, days_since, days (the usual day), state, net_sales.
    Customers of a number of purchases that has no usual day are left out.
    """
    totals = purchases.group_by("customer_id").aggregate(spent=purchases.net_sales.sum())
    last = purchases.filter(purchases.next_on.isnull()).join(totals, "customer_id")
    known = [int(number) for number in usual["purchase_number"]]
    number = ibis.least(last.purchase_number, max(known, default=0))
    days = ibis.null("int64")
    for row in usual.itertuples():
        days = (number == int(row.purchase_number)).ifelse(int(row.days), days)
    placed = last.mutate(
        days_since=ibis.literal(as_of).delta(last.purchased_on, unit="day"), days=days
    ).filter(number.isin(known))
    state = ibis.cases(
        (placed.days_since <= placed.days, "in_time"),
        (placed.days_since <= horizon_days, "overdue"),
        else_="lapsed",
    )
    return placed.select(
        "customer_id",
        purchases="purchase_number",
        last_on="purchased_on",
        days_since="days_since",
        days="days",
        state=state,
        net_sales="spent",
    )


def states(standing: ir.Table, *, last_number: int = 5) -> pd.DataFrame:
    """How many customers are in time, overdue and long gone, by their purchases so far.

    Returns
    -------
    Columns: purchase_number (``5+`` for five and more), state, customers, n (customers with as
    many purchases), share, low, high, net_sales (their sum so far).
    """
    numbered = standing.mutate(purchase_number=ibis.least(standing.purchases, last_number))
    counted = (
        numbered.group_by("purchase_number", "state")
        .aggregate(customers=numbered.count(), net_sales=numbered.net_sales.sum())
        .order_by("purchase_number", "state")
        .to_pandas()
    )
    n = counted.groupby("purchase_number")["customers"].transform("sum")
    low, high = intervals.wilson(counted["customers"], n)
    names = [f"{k}+" if k == last_number else str(k) for k in counted["purchase_number"]]
    shares = {"n": n, "share": counted["customers"] / n, "low": low, "high": high}
    counted = counted.assign(purchase_number=names, **shares)
    counted["net_sales"] = counted["net_sales"].astype("float64")
    order = ["purchase_number", "state", "customers", "n", "share", "low", "high", "net_sales"]
    return counted[order]


class Late(NamedTuple):
    """Customers of two or more purchases who are overdue: how many, of how many, and worth."""

    customers: int
    n: int
    share: tuple[float, float, float]
    net_sales: float


def overdue_total(states: pd.DataFrame) -> Late:
    """The overdue among those who have bought at least twice, from the table of ``states``."""
    again = states[states["purchase_number"] != "1"]
    late = again[again["state"] == "overdue"]
    customers, n = int(late["customers"].sum()), int(again["customers"].sum())
    low, high = intervals.wilson(customers, n)
    share = customers / n if n else float("nan")
    return Late(customers, n, (share, float(low), float(high)), float(late["net_sales"].sum()))
