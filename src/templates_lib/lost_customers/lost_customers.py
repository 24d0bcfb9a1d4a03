"""Who left, by the client's own rhythm, and when.

A customer has left once past the usual day to the next purchase (``overdue``), or with a closed
account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.privacy import hide_small
from templates_lib.repeat_purchase import overdue
from templates_lib.sources.engine import one
from templates_lib.stats import survival
from templates_lib.stats.intervals import wilson

LEAST = 30
LAST_MONTHS = 24
MONTH_DAYS = 30
DAY = pd.Timedelta(days=1)
STATES = ("in_time", "overdue", "lapsed", "closed")
ONCE, SEVERAL = "one_purchase", "several_purchases"
LEFT = ["group", "state", "customers", "n", "share", "low", "high", "opted_out"]


def standing(
    have: Mapping[str, ir.Table], usual: pd.DataFrame, *, zone: str, as_of: date,
    horizon_days: int, value: str,
) -> ir.Table:  # fmt: skip
    """Where each customer stands: customer_id, purchases, group (one or several purchases),
    last_on, days_since, days (the usual day), state (in_time, overdue, lapsed, closed), opted_out
    (missing where the client does not say), value (so far).

    Parameters
    ----------
    usual : of ``overdue.usual_days``
    value : column of the first orders, ``net_sales`` or ``contribution_margin``
    """
    placed = overdue.standing(
        have["purchases"], usual, as_of=as_of, horizon_days=horizon_days
    ).drop("net_sales")
    totals = have["first_orders"].select("customer_id", value=have["first_orders"][value])
    placed = placed.join(totals, "customer_id")
    if "customers" in have:
        people = have["customers"]
        ended = {
            name: (local_day(people, column, zone) <= as_of).fill_null(False)
            for name, column in (("closed", "closed_at"), ("opted_out", "opted_out_at"))
        }
        if not one(people, n=people.opted_out_at.count())["n"]:
            ended["opted_out"] = ibis.null("boolean")
        people = people.select("customer_id", **ended)
        placed = placed.left_join(people, "customer_id").drop("customer_id_right")
    else:
        placed = placed.mutate(closed=False, opted_out=ibis.null("boolean"))
    closed = placed.closed.fill_null(False)
    return placed.select(
        "customer_id", "purchases", "last_on", "days_since", "days",
        group=(placed.purchases > 1).ifelse(SEVERAL, ONCE),
        state=closed.ifelse("closed", placed.state),
        opted_out=placed.opted_out,
        value=placed.value.cast("float64"),
    )  # fmt: skip


def how_many(placed: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """How many stand where, of those with one purchase and of those with several.

    Parameters
    ----------
    placed : of ``standing``

    Returns
    -------
    Columns: group, state, customers, n (of the group), share, low, high (Wilson), opted_out (of
    them, those who want no messages; empty where too few, or not known).
    """
    counted = placed.group_by("group", "state").aggregate(
        customers=placed.count(), opted_out=placed.opted_out.sum()
    )
    table = counted.to_pandas()
    table = table.assign(place=table["state"].map(STATES.index)).sort_values(["group", "place"])
    n = table.groupby("group")["customers"].transform("sum")
    low, high = wilson(table["customers"], n)
    table = table.assign(n=n, share=table["customers"] / n, low=low, high=high)[LEFT]
    few = table["opted_out"].between(1, min_cell - 1)
    table["opted_out"] = table["opted_out"].astype("Int64").mask(few)
    values = ["share", "low", "high", "opted_out"]
    return hide_small(
        table.reset_index(drop=True), count="customers", values=values, by=["group"],
        min_cell=min_cell,
    )  # fmt: skip


def left_of(placed: ir.Table, *, group: str = SEVERAL) -> pd.Series | None:
    """How many of a group have left: customers, n, share, low, high; None under 30 customers."""
    own = placed.filter(placed.group == group)
    found = one(own, n=own.count(), customers=(own.state != "in_time").sum())
    n, customers = found["n"], found["customers"] or 0
    if n < LEAST:
        return None
    low, high = wilson(customers, n)
    shares = {"share": customers / n, "low": float(low), "high": float(high)}
    return pd.Series({"customers": customers, "n": n, **shares})


def still_returning(
    gaps: pd.DataFrame, usual: pd.DataFrame, *, horizon_days: int
) -> pd.Series | None:
    """Of those past the usual day and not back, how many still came back within the horizon.

    Several purchases only. Each number of purchases is followed from its own usual day on
    (Kaplan–Meier), for as long as the shortest of them leaves until the horizon. A purchase counts,
    not a customer: who was late several times makes the interval narrower than it should be.

    Parameters
    ----------
    gaps : of ``overdue.gap_counts``; usual : of ``overdue.usual_days``

    Returns
    -------
    days (followed), n, share, low, high; None under 30 purchases, or where nothing is left.
    """
    day = gaps["purchase_number"].map(usual.set_index("purchase_number")["days"])
    past = gaps.assign(duration=gaps["duration"] - day, day=day)
    past = past[(past["duration"] > 0) & (past["purchase_number"] > 1)]
    if past["count"].sum() < LEAST:
        return None
    curve = survival.kaplan_meier(survival.life_table(past.astype({"duration": "int64"})))
    days = min(survival.reach(curve), int(horizon_days - past["day"].max()))
    if days < 1:
        return None
    read = survival.incidence_at(curve, [days]).iloc[0]
    shares = {"share": read.share, "low": read.low, "high": read.high}
    return pd.Series({"days": days, "n": int(past["count"].sum()), **shares})


def months_away(placed: ir.Table, *, min_cell: int) -> pd.DataFrame:
    """How long those who left have been away, by months of 30 days since the last purchase.

    Returns
    -------
    Columns: months (24 stands for more too), overdue, lapsed, closed (customers; empty under
    ``min_cell``).
    """
    states = list(STATES[1:])
    gone = placed.filter(placed.state != STATES[0])
    gone = gone.mutate(months=ibis.least(gone.days_since // MONTH_DAYS, LAST_MONTHS))
    counted = gone.group_by("months", "state").aggregate(customers=gone.count()).to_pandas()
    wide = counted.pivot_table(index="months", columns="state", values="customers", fill_value=0)
    wide = wide.reindex(columns=states, fill_value=0)
    wide = wide.reindex(range(int(wide.index.max()) + 1) if len(wide) else [], fill_value=0)
    wide = wide.astype("Int64").mask(wide.ge(1) & wide.lt(min_cell))
    return wide.rename_axis("months").rename_axis(None, axis=1).reset_index()


def not_back(purchases: ir.Table, usual: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """When they left: of those who bought in a month, how many were not back by the usual day.

    A month counts once its last day has had the whole time. A customer counts once a month, with
    the last purchase of it; later purchases than the first, and first ones, are apart.

    Returns
    -------
    Columns: group, month (``2026-01``), days (of the longest usual day of the group), n, customers
    (not back), share, low, high (Wilson); months of fewer than 30 have no row.
    """
    rows = with_days(purchases, usual)
    month = rows.purchased_on.truncate("M")
    rows = rows.mutate(month=month)
    last = ibis.window(
        group_by=["customer_id", "group", "month"], order_by=ibis.desc("purchased_on")
    )
    rows = rows.mutate(place=ibis.row_number().over(last))
    rows = rows.filter(rows["place"] == 0)
    table = (
        rows.group_by("group", "month").aggregate(n=rows.count(), customers=rows.left.sum())
    ).to_pandas()
    table["month"] = pd.PeriodIndex(pd.to_datetime(table["month"]), freq="M")
    table["days"] = table["group"].map(_longest(usual))
    wait = pd.to_timedelta(table["days"], unit="D")
    is_whole = table["month"].dt.to_timestamp(how="end") + wait < pd.Timestamp(as_of) + DAY
    table = table[is_whole & (table["n"] >= LEAST)]
    low, high = wilson(table["customers"], table["n"])
    table = table.assign(share=table["customers"] / table["n"], low=low, high=high)
    table["month"] = table["month"].astype(str)
    columns = ["group", "month", "days", "n", "customers", "share", "low", "high"]
    return table.sort_values(["group", "month"], ignore_index=True)[columns]


def _longest(usual: pd.DataFrame) -> dict[str, int]:
    """The longest usual day after one purchase, and after several."""
    group = np.where(usual["purchase_number"] > 1, SEVERAL, ONCE)
    return usual.groupby(group)["days"].max().to_dict()


def with_days(purchases: ir.Table, usual: pd.DataFrame) -> ir.Table:
    """The purchases with a usual day: group, days, and left (no next one by that day)."""
    known = {int(row.purchase_number): int(row.days) for row in usual.itertuples()}
    number = ibis.least(purchases.purchase_number, max(known, default=0))
    days = ibis.null("int64")
    for each, day in known.items():
        days = (number == each).ifelse(day, days)
    rows = purchases.mutate(days=days).filter(number.isin(list(known)))
    gap = rows.next_on.delta(rows.purchased_on, unit="day")
    return rows.mutate(
        group=(rows.purchase_number > 1).ifelse(SEVERAL, ONCE),
        gap=gap,
        left=(gap > rows.days).fill_null(True),
    )
