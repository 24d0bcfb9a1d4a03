"""What comes first after the first purchase: the second one, a closed account or an opt-out.

Who has closed the account cannot return, so that one minus Kaplan-Meier with closures taken as
censored would say how many returned if nobody could close. Here each end has its own share
(Aalen-Johansen), and they add up to those who have met any.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.repeat_purchase.repeat_purchase import MIN_AT_RISK, MIN_CUSTOMERS, MIN_EVENTS
from templates_lib.stats import survival
from templates_lib.stats.competing_risks import STILL, aalen_johansen, cumulative_incidence_at

CAUSES = ("returned", "closed", "opted_out")
CURVE = ["first_event", "days", "at_risk", "incidence", "low", "high"]
BY_DAY = ["first_event", "days", "n", "at_risk", "incidence", "low", "high"]


def exit_counts(have: Mapping[str, ir.Table], *, zone: str, as_of: date) -> pd.DataFrame:
    """Days from the first purchase to what came first.

    On one day a second purchase comes before a closure, and a closure before an opt-out. A
    closure or an opt-out dated before the first purchase is none after it: the former is taken
    for an older account's and not counted; who had opted out before can not do so again, and is
    followed for the other two.

    Parameters
    ----------
    have : staged tables by name

    Returns
    -------
    Columns: cause (``returned``, ``closed``, ``opted_out``; empty where none came up to
    ``as_of``), duration (days), count (customers). No rows where nobody is known to have closed
    or opted out, or without customers.
    """
    columns = ["cause", "duration", "count"]
    if "customers" not in have or "first_orders" not in have:
        return pd.DataFrame(columns=columns)
    people = have["customers"]
    ends = people.select(
        "customer_id",
        closed_on=local_day(people, "closed_at", zone),
        opted_out_on=local_day(people, "opted_out_at", zone),
    )
    firsts = have["first_orders"].select("customer_id", "first_on", "second_on")
    rows = firsts.left_join(ends, "customer_id").drop("customer_id_right")

    def place(day: ir.DateValue, order: int) -> ir.IntegerValue:
        """The day and, on equal days, which goes first: days since the first purchase × 4."""
        days = day.delta(rows.first_on, unit="day")
        known = (day >= rows.first_on) & (day <= as_of)
        return known.ifelse(4 * days + order, ibis.null("int64"))

    last = ibis.literal(as_of).delta(rows.first_on, unit="day")
    columns_of = ("second_on", "closed_on", "opted_out_on")
    places = [place(rows[name], order) for order, name in enumerate(columns_of)]
    timed = rows.select(first_place=ibis.least(*places, 4 * last + len(CAUSES)))
    counted = timed.group_by("first_place").aggregate(count=timed.count()).order_by("first_place")
    found = counted.to_pandas()
    causes = np.array([*CAUSES, STILL])[found["first_place"] % 4]
    made = found.assign(cause=causes, duration=found["first_place"] // 4)[columns]
    is_exit = made["cause"].isin(CAUSES[1:])
    return made if is_exit.any() else made.iloc[:0]


def _shown(counts: pd.DataFrame) -> list[str]:
    """The ends with enough cases to be estimated; none where only returns have."""
    if counts["count"].sum() < MIN_CUSTOMERS:
        return []
    sizes = counts.groupby("cause")["count"].sum().reindex(CAUSES, fill_value=0)
    enough = [cause for cause in CAUSES if sizes[cause] >= MIN_EVENTS]
    return enough if set(enough) - {CAUSES[0]} else []


def exit_curves(counts: pd.DataFrame, *, min_cell: int = 5) -> pd.DataFrame:
    """The share of all customers for whom each end came first, by day.

    Days are merged until each row holds ``min_cell`` cases; curves stop where fewer than 20
    customers are at risk; an end with under 10 cases is not shown, but competes.

    Returns
    -------
    Columns: first_event, days, at_risk, incidence, low, high (log-log). No rows with fewer than
    30 customers, or where neither closures nor opt-outs are 10.
    """
    shown = _shown(counts)
    if not shown:
        return pd.DataFrame(columns=CURVE)
    curve = aalen_johansen(counts)
    curve = curve[curve["duration"] <= survival.reach(curve, min_at_risk=MIN_AT_RISK)]
    parts = [
        survival.merge_steps(
            curve[curve["cause"] == cause].rename(columns={"incidence": "survival"}),
            min_events=min_cell,
        ).assign(first_event=cause)
        for cause in shown
    ]
    names = {"duration": "days", "survival": "incidence"}
    return pd.concat(parts, ignore_index=True).rename(columns=names)[CURVE]


def exits_by(counts: pd.DataFrame, *, days: list[int]) -> pd.DataFrame:
    """The curves of ``exit_curves`` at given days.

    A day that fewer than 20 customers have been observed for is left out.

    Returns
    -------
    Columns: first_event, days, n (customers), at_risk, incidence, low, high.
    """
    shown = _shown(counts)
    if not shown:
        return pd.DataFrame(columns=BY_DAY)
    read = cumulative_incidence_at(aalen_johansen(counts), days)
    read = read[read["cause"].isin(shown) & (read["at_risk"] >= MIN_AT_RISK)]
    names = {"cause": "first_event", "time": "days", "share": "incidence"}
    read = read.rename(columns=names).assign(n=int(counts["count"].sum()))
    order = read["first_event"].map(CAUSES.index)
    return read.assign(place=order).sort_values(["place", "days"], ignore_index=True)[BY_DAY]
