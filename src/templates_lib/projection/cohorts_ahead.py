"""What each cohort of today's customers is expected to do in the periods to come."""

from __future__ import annotations

from datetime import date, timedelta
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.activity import UNITS, Period, cohort_name
from templates_lib.projection.histories import cells, fit, histories
from templates_lib.projection.holdout import Check, are_apart, second
from templates_lib.projection.sums import by_part, by_step

MIN_COHORT = 30
MONTHS = {"month": 1, "quarter": 3}


class Ahead(NamedTuple):
    """``periods``: ahead (1 the next), first_day, last_day, expected_active, active_low,
    active_high (customers with a purchase), expected_purchases, purchases_low, purchases_high,
    second (purchases by Pareto/NBD), expected_value, low, high, n (customers of today).

    ``cohorts``: cohort, cohort_size, living, and of all these periods together the columns from
    expected_active to high; cohorts of 30 customers or more. ``whole``: the same of all customers.

    ``agrees``: whether the two models' purchases, of all periods together, are within 20 %.
    """

    periods: pd.DataFrame
    cohorts: pd.DataFrame
    whole: pd.Series
    agrees: bool


def days_ahead(as_of: date, *, period: Period, window_days: int | None, periods: int) -> np.ndarray:
    """Days from the last day observed to the end of each period to come, 0 first.

    A month ends on the day of the month of ``as_of``, or the last one of a shorter month.
    """
    if window_days is not None or period == "week":
        return (window_days or 7) * np.arange(periods + 1)
    start = pd.Timestamp(as_of)
    step = MONTHS[period]
    ends = [start + pd.DateOffset(months=step * k) for k in range(periods + 1)]
    if start.is_month_end:
        ends = [end + pd.offsets.MonthEnd(0) for end in ends]
    return np.array([(end - start).days for end in ends])


def ahead(
    valued: ir.Table, *, value: str, as_of: date, periods: int, period: Period = "month",
    window_days: int | None = None,
) -> Ahead:  # fmt: skip
    """What the customers known by the last day are expected to do; new ones come on top.

    Parameters
    ----------
    valued : of ``purchase_value.purchase_values``
    value : ``net_sales`` or ``contribution_margin``
    period : of the cohorts, and of the time ahead unless ``window_days`` is given
    """
    customers = histories(valued, until=as_of).cache()
    starting = customers.mutate(start=customers.first_on.truncate(UNITS[period]))
    counts = cells(starting, "start")
    fitted = fit(customers, counts, value=value)
    edges = days_ahead(as_of, period=period, window_days=window_days, periods=periods)
    steps = by_step(fitted, counts, edges).assign(n=int(counts["customers"].sum()))
    steps.insert(0, "ahead", range(1, periods + 1))
    steps.insert(1, "first_day", [as_of + timedelta(days=int(edge) + 1) for edge in edges[:-1]])
    steps.insert(2, "last_day", [as_of + timedelta(days=int(edge)) for edge in edges[1:]])
    steps.insert(9, "second", second(counts, edges))
    starts = pd.to_datetime(counts["start"])
    named = {start: cohort_name(start.date(), period) for start in starts.unique()}
    found = by_part(fitted, counts.assign(part=starts.map(named)), edges)
    cohorts = found[:-1].query("customers >= @MIN_COHORT").reset_index(drop=True)
    cohorts = cohorts.rename(columns={"part": "cohort", "customers": "cohort_size"})
    whole = found.iloc[-1]
    agrees = not are_apart(whole["expected_purchases"], steps["second"].sum())
    return Ahead(steps, cohorts, whole, agrees)


def two_models(test: Check, found: Ahead | None) -> pd.DataFrame:
    """What the two models say of the time held out and, where there is one, of the time ahead.

    Returns
    -------
    Columns: stretch (held_out, ahead), predicted, low, high (purchases, BG/NBD), second
    (Pareto/NBD), second_off (share by which it says more), actual, n (customers).
    """
    whole = test.totals.iloc[0]
    rows = [["held_out", *whole[["predicted", "low", "high"]], test.second, whole.actual, whole.n]]
    if found is not None:
        names = ["expected_purchases", "purchases_low", "purchases_high", "customers"]
        *told, n = found.whole[names]
        rows.append(["ahead", *told, found.periods["second"].sum(), np.nan, n])
    columns = ["stretch", "predicted", "low", "high", "second", "actual", "n"]
    table = pd.DataFrame(rows, columns=columns)
    table.insert(5, "second_off", table["second"] / table["predicted"] - 1)
    return table.astype({"n": int})
