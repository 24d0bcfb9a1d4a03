"""Who comes back, and when: the first purchase to the second as survival.

Counts leave the engine as (group, duration, event, count); every estimate is made on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.purchases import with_groups
from templates_lib.stats import comparison, intervals, survival, timing

MIN_CUSTOMERS = 30
MIN_EVENTS = 10
MIN_AT_RISK = 20
ALL = "all"


def return_counts(
    first_orders: ir.Table, *, as_of: date, split: str | None = None, max_groups: int = 5
) -> pd.DataFrame:
    """Days from the first purchase to the second, or to the last day observed.

    Returns
    -------
    Columns: group, duration (days), event (whether a second purchase came), count (customers).
    Without ``split`` the group is ``all``. The largest groups keep their names, the rest is
    ``other``; a missing value is ``unknown``.
    """
    group = ibis.literal(ALL)
    if split is not None:
        first_orders = with_groups(first_orders, split, max_groups=max_groups)
        group = first_orders[split]
    end = ibis.coalesce(first_orders.second_on, ibis.literal(as_of))
    timed = first_orders.select(
        group=group,
        duration=end.delta(first_orders.first_on, unit="day"),
        event=first_orders.second_on.notnull(),
    )
    counted = timed.group_by("group", "duration", "event").aggregate(count=timed.count())
    return counted.order_by("group", "duration", "event").to_pandas()


def acquisition_rules(facts: Mapping[str, Any]) -> pd.DataFrame:
    """What it changes whether a wholly refunded first order acquires a customer.

    Returns
    -------
    Columns: rule, customers, repeated (with a second purchase so far), share, low, high; no rows
    where no order was wholly refunded.
    """
    table = pd.DataFrame(facts.get("acquisition", []), columns=["rule", "customers", "repeated"])
    counts = table[["customers", "repeated"]].fillna(0).astype("int64")
    low, high = intervals.wilson(counts["repeated"], counts["customers"])
    share = counts["repeated"] / counts["customers"]
    return pd.DataFrame({"rule": table["rule"], **counts, "share": share, "low": low, "high": high})


def groups_of(counts: pd.DataFrame) -> list[str]:
    """Groups with enough customers and returns to be estimated, in the order of their names."""
    sizes = counts.groupby("group")["count"].sum()
    events = counts[counts["event"]].groupby("group")["count"].sum().reindex(sizes.index).fillna(0)
    return sorted(sizes.index[(sizes >= MIN_CUSTOMERS) & (events >= MIN_EVENTS)])


def return_curve(counts: pd.DataFrame, *, split: str = ALL, min_cell: int = 5) -> pd.DataFrame:
    """The share who returned by each day: 1 − Kaplan–Meier with its log-log interval.

    Days are merged until each row holds ``min_cell`` returns; a curve stops where fewer than
    20 customers are at risk; groups under 30 customers or 10 returns are left out.

    Returns
    -------
    Columns: split, group, days, at_risk, returned, low, high (shares of the group's customers).
    """
    parts = []
    for group in groups_of(counts):
        curve = survival.kaplan_meier(survival.life_table(counts[counts["group"] == group]))
        drawn = curve[curve["at_risk"] >= MIN_AT_RISK]
        steps = survival.merge_steps(drawn, min_events=min_cell)
        shares = {
            "returned": 1 - steps["survival"],
            "low": 1 - steps["high"],
            "high": 1 - steps["low"],
        }
        places = {"days": steps["duration"], "at_risk": steps["at_risk"]}
        parts.append(pd.DataFrame({"split": split, "group": group, **places, **shares}))
    filled = [part for part in parts if len(part)]
    if not filled:
        return pd.DataFrame(columns=CURVE_COLUMNS)
    return pd.concat(filled, ignore_index=True)


CURVE_COLUMNS = ["split", "group", "days", "at_risk", "returned", "low", "high"]


def returned_by(counts: pd.DataFrame, *, days: Sequence[int], split: str = ALL) -> pd.DataFrame:
    """The share who returned within so many days, with the naive share beside it.

    A day that fewer than 20 customers have been observed for is left empty.

    Returns
    -------
    Columns: split, group, days, n (customers), at_risk, returned, low, high, naive.
    """
    rows = []
    for group in groups_of(counts):
        own = counts[counts["group"] == group]
        curve = survival.kaplan_meier(survival.life_table(own))
        read = survival.incidence_at(curve, list(days))
        read.loc[read["at_risk"] < MIN_AT_RISK, ["share", "low", "high"]] = np.nan
        total = int(own["count"].sum())
        back = own[own["event"]]
        rows += [
            {
                "split": split,
                "group": group,
                "days": row.time,
                "n": total,
                "at_risk": row.at_risk,
                "returned": row.share,
                "low": row.low,
                "high": row.high,
                "naive": back[back["duration"] <= row.time]["count"].sum() / total,
            }
            for row in read.itertuples()
        ]
    columns = [*CURVE_COLUMNS[:3], "n", *CURVE_COLUMNS[3:], "naive"]
    return pd.DataFrame(rows, columns=columns)


class Comparison(NamedTuple):
    """Groups compared: the log-rank test over all, pair by pair, and the mean days away."""

    test: comparison.LogRank
    pairs: pd.DataFrame
    days_away: pd.DataFrame


def compare(counts: pd.DataFrame, *, split: str, horizon_days: int) -> Comparison | None:
    """Whether the groups return differently; None where fewer than two can be estimated, or are
    observed for less than a day.

    ``days_away`` is the mean number of days without a return within the longest time that every
    group is observed for, up to ``horizon_days``: the restricted mean of Kaplan–Meier.
    """
    groups = groups_of(counts)
    if len(groups) < 2:
        return None
    known = counts[counts["group"].isin(groups)]
    tables = {g: survival.life_table(known[known["group"] == g]) for g in groups}
    tau = min([horizon_days, *(survival.reach(table) for table in tables.values())])
    if tau < 1:
        return None
    rows = []
    for group, table in tables.items():
        mean = comparison.rmst(table, tau=tau)
        rows.append(
            {
                "split": split,
                "group": group,
                "days": tau,
                "n": mean.n,
                "mean_days_away": mean.estimate,
                "low": mean.low,
                "high": mean.high,
            }
        )
    pairs = comparison.pairwise_logrank(known, group="group")
    pairs.insert(0, "split", split)
    return Comparison(comparison.logrank(known, group="group"), pairs, pd.DataFrame(rows))


RENEWAL_COLUMNS = [
    "days_from", "days_to", "at_risk_days", "returns", "renewal_rate", "low", "high",
]  # fmt: skip


def renewal(
    counts: pd.DataFrame, *, horizon_days: int, min_events: int = MIN_EVENTS
) -> pd.DataFrame:
    """When the need renews: the chance per day of a return for those not back yet.

    Weeks are merged until each interval holds ``min_events`` returns; the last one ends where
    fewer than 20 customers are at risk.

    Returns
    -------
    Columns: days_from, days_to (end excluded), at_risk_days, returns, renewal_rate, low, high.
    """
    table = survival.life_table(counts)
    last = min(horizon_days, survival.reach(table))
    starts = list(range(1, last + 7, 7))
    edges, held = [1], 0
    for week in timing.hazard(table, edges=starts).itertuples() if len(starts) > 1 else ():
        held += week.events
        if held >= min_events:
            edges.append(int(week.end))
            held = 0
    if len(edges) < 2:
        return pd.DataFrame(columns=RENEWAL_COLUMNS)
    return timing.hazard(table, edges=edges).set_axis(RENEWAL_COLUMNS, axis=1)


class Window(NamedTuple):
    """The shortest stretch of days that holds a share of the returns, with its intervals."""

    start: int
    end: int
    start_low: int
    start_high: int
    end_low: int
    end_high: int
    n: int


def contact_window(
    counts: pd.DataFrame, *, horizon_days: int, share: float, draws: int = 500, seed: int = 1
) -> Window | None:
    """The window in which to contact: where ``share`` of a horizon's returns fall most densely.

    The interval resamples customers: counts are drawn anew from a multinomial, so its time does
    not depend on how many there are. None with fewer than 10 returns in the horizon.
    """
    inside = counts[counts["event"] & counts["duration"].between(1, horizon_days)]
    if inside["count"].sum() < MIN_EVENTS:
        return None
    table = survival.life_table(counts)
    start, end = timing.shortest_window(table, horizon=horizon_days, share=share)
    drawn = timing.resampled_windows(
        counts, horizon=horizon_days, share=share, draws=draws, seed=seed
    )
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0, method="inverted_cdf")
    limits = [int(low[0]), int(high[0]), int(low[1]), int(high[1])]
    return Window(start, end, *limits, int(counts["count"].sum()))


class Gap(NamedTuple):
    """The widest difference between two groups: shares returned within the same days."""

    best: str
    worst: str
    best_share: float
    worst_share: float
    difference: float
    low: float
    high: float
    n: int
    days: int


def widest_gap(counts: pd.DataFrame, *, days: int) -> Gap | None:
    """The groups that return most and least within so many days, and their difference.

    The interval is widened by Bonferroni for the number of pairs it was picked from. Groups
    called ``other`` or ``unknown`` are no answer and are left out. The days shrink to what every
    group is observed for. None where fewer than two groups can be estimated.
    """
    groups = [g for g in groups_of(counts) if g not in ("other", "unknown")]
    if len(groups) < 2:
        return None
    curves = {
        g: survival.kaplan_meier(survival.life_table(counts[counts["group"] == g])) for g in groups
    }
    days = min([days, *(survival.reach(curve) for curve in curves.values())])
    seen = {g: curve[curve["duration"] <= days] for g, curve in curves.items()}
    back = {g: 1 - curve["survival"].iloc[-1] for g, curve in seen.items() if len(curve)}
    if len(back) < len(groups):
        return None
    best = min(groups, key=lambda g: (-back[g], g))
    worst = max(groups, key=lambda g: (-back[g], g))
    pairs = len(groups) * (len(groups) - 1) / 2
    difference = back[best] - back[worst]
    errors = [seen[g]["se"].iloc[-1] for g in (best, worst)]
    half = stats.norm.ppf(1 - 0.025 / pairs) * np.hypot(*errors)
    n = int(counts[counts["group"].isin([best, worst])]["count"].sum())
    shares = (back[best], back[worst])
    return Gap(best, worst, *shares, difference, difference - half, difference + half, n, days)
