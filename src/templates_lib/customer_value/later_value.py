"""What customers bring after their first purchase, by what that first purchase was."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.privacy import hide_small
from templates_lib.purchases import with_groups
from templates_lib.stats.intervals import mean_interval, wilson
from templates_lib.stats.power_sums import POWERS, decimals, narrow, power

MIN_CUSTOMERS = 30
NO_GROUP = ("other", "unknown")
COLUMNS = ["split", "group", "n", "first_value", "later_value", "low", "high", "customers",
           "share_returned", "returned_low", "returned_high"]  # fmt: skip


def later_sums(
    first_orders: ir.Table, valued: ir.Table, *, split: str, as_of: date, window_days: int,
    max_groups: int = 8,
) -> pd.DataFrame:  # fmt: skip
    """What customers bring from the day after the first purchase to ``window_days`` after it.

    Only customers observed for so long are counted, and all of them: who never returns brings 0.

    Parameters
    ----------
    valued : of ``purchase_value.purchase_values``
    split : column of ``first_orders`` that is known on the first day

    Returns
    -------
    Columns: split, group, n (customers), first_total (of the first purchases), customers (who
    returned), total, squares, cubes (power sums of each one's later value, exact decimals). The
    largest groups keep their names, those under 30 customers are ``other``.
    """
    last = as_of - timedelta(days=window_days)
    observed = first_orders.filter(first_orders.first_on <= ibis.literal(last))
    grouped = with_groups(observed, split, max_groups=max_groups, min_customers=MIN_CUSTOMERS)
    people = grouped.select("customer_id", "first_on", group=split)
    joined = people.join(valued, "customer_id")
    is_first = joined.purchase_number == 1
    days = joined.purchased_on.delta(joined.first_on, unit="day")
    is_later = ~is_first & (days >= 1) & (days <= window_days)
    zero = ibis.literal(0).cast("decimal(18, 4)")
    values = joined["value"]
    each = joined.group_by("customer_id", "group").aggregate(
        first=values.sum(where=is_first), returned=is_later.any(),
        later=ibis.coalesce(values.sum(where=is_later), zero),
    )  # fmt: skip
    kept = decimals(each, "later")
    each = each.mutate(later=narrow(each.later, decimals=kept))
    sums = {name: power(each.later, k).sum() for k, name in enumerate(POWERS, start=1)}
    found = each.group_by("group").aggregate(
        n=each.count(), first_total=each["first"].sum(), customers=each.returned.sum(), **sums
    )
    table = found.order_by(ibis.desc("n"), "group").to_pandas()
    table.insert(0, "split", split)
    return table


def later_value(sums: pd.DataFrame) -> pd.DataFrame:
    """Mean later value of a customer by group, the highest first.

    Parameters
    ----------
    sums : of ``later_sums``; a group under 30 customers has no row

    Returns
    -------
    Columns: split, group, n (customers), first_value (mean of the first purchase), later_value,
    low, high (Hall's interval), customers (with a later purchase in the time), share_returned,
    returned_low, returned_high (Wilson).
    """
    shown = sums[sums["n"] >= MIN_CUSTOMERS]
    n, total = shown["n"], shown["total"].astype(float)
    low, high = mean_interval(*(shown[name].to_numpy() for name in ("n", *POWERS)))
    returned_low, returned_high = wilson(shown["customers"], n)
    table = shown[["split", "group", "n"]].assign(
        first_value=shown["first_total"].astype(float) / n, later_value=total / n, low=low,
        high=high, customers=shown["customers"], share_returned=shown["customers"] / n,
        returned_low=returned_low, returned_high=returned_high,
    )  # fmt: skip
    by = ["later_value", "group"]
    return table.sort_values(by, ascending=[False, True], ignore_index=True)[COLUMNS]


def hidden(table: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """``later_value`` where too few returned to be shown: the share is empty, and the value."""
    values = ["later_value", "low", "high", "share_returned", "returned_low", "returned_high"]
    return hide_small(table, count="customers", values=values, by=["split"], min_cell=min_cell)


class Gap(NamedTuple):
    """The groups that bring most and least later, and how far they are apart."""

    best: str
    worst: str
    best_value: float
    worst_value: float
    best_returned: float
    worst_returned: float
    difference: float
    low: float
    high: float
    n: int


def widest_gap(sums: pd.DataFrame, *, min_cell: int) -> Gap | None:
    """The interval is Welch's, widened by Bonferroni for the number of pairs it was picked from.

    None where fewer than two groups of 30 customers, ``min_cell`` of whom returned, have a name.
    """
    is_shown = (sums["n"] >= MIN_CUSTOMERS) & (sums["customers"] >= min_cell)
    named = sums[is_shown & ~sums["group"].isin(NO_GROUP)]
    if len(named) < 2:
        return None
    n = named["n"].to_numpy(float)
    total, squares = (named[name].astype(float).to_numpy() for name in ("total", "squares"))
    mean = total / n
    error = np.maximum(squares - total * mean, 0.0) / (n - 1) / n
    best, worst = int(np.argmax(mean)), int(np.argmin(mean))
    pair = [best, worst]
    freedom = error[pair].sum() ** 2 / (error[pair] ** 2 / (n[pair] - 1)).sum()
    pairs = len(named) * (len(named) - 1) / 2
    difference = mean[best] - mean[worst]
    half = stats.t.isf(0.025 / pairs, freedom) * np.sqrt(error[pair].sum())
    groups, shares = named["group"].to_numpy(), (named["customers"] / named["n"]).to_numpy()
    return Gap(groups[best], groups[worst], mean[best], mean[worst], shares[best], shares[worst],
               difference, difference - half, difference + half, int(n[pair].sum()))  # fmt: skip
