"""A forecast put to the test: fitted on the time before, it has to say what came after.

Two models say it, of which the second (Pareto/NBD) lets customers stop at any time and not only
after a purchase. Nobody can see when a customer stops: where the two are far apart, the forecast
hangs on a belief, and is not shown.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.projection.histories import (
    Fitted,
    cells,
    fit,
    histories,
    is_enough,
    purchases_only,
)
from templates_lib.projection.sums import by_part, by_step
from templates_lib.stats import pareto_nbd

HOLDOUT_SHARE, HOLDOUT_DAYS = 1 / 3, 90
MOST_OFF = 0.2  # of what came; a forecast that was further off is not shown
MOST_APART = 0.2  # of what the first model says; where the second is further off, neither is shown
MOST_REPEATS = 7  # of the check; customers with more are one row


class Check(NamedTuple):
    """What the model, fitted on the time before, says of the last ``days``, and what came.

    ``weeks``: week (the first day), predicted, low, high, second (what Pareto/NBD says), actual
    (purchases), n (customers); whole steps of a week or more.
    ``by_purchases``: purchases (so far), n, predicted, low, high, actual (purchases a customer).
    ``totals``: measure (purchases, value), predicted, low, high, actual, off (share), n.
    ``passes``: whether both totals are within 20 % of what came; ``second``: the second
    model's purchases; ``agrees``: whether they are within 20 % of the first one's.
    """

    weeks: pd.DataFrame
    by_purchases: pd.DataFrame
    totals: pd.DataFrame
    until: date
    days: int
    passes: bool
    second: float
    agrees: bool


def holdout_days(first_day: date, as_of: date) -> int:
    """A third of the time observed, at least 90 days, in whole weeks."""
    observed = (as_of - first_day).days + 1
    return 7 * math.ceil(max(HOLDOUT_DAYS, HOLDOUT_SHARE * observed) / 7)


def check(
    valued: ir.Table, *, value: str, first_day: date, as_of: date, days: int | None = None,
    weeks: int = 1,
) -> Check | None:  # fmt: skip
    """Fits on all but the last ``days`` (by themselves those of ``holdout_days``), predicts them,
    in steps of so many ``weeks``.

    None under the least data: 200 customers, 100 repeat purchases and 30 customers with two
    of them before the last third, and 180 days in all.
    """
    days = days or holdout_days(first_day, as_of)
    until = as_of - timedelta(days=days)
    customers = histories(valued, until=until).cache()
    if not is_enough(customers, days=(as_of - first_day).days + 1):
        return None
    counts = cells(customers)
    fitted = fit(customers, counts, value=value)
    came = _actual(valued, customers, until)
    edges, ends = np.arange(0, days + 1, 7 * weeks), np.array([0, days])
    also = second(counts, np.append(edges, days))
    names = {"expected_purchases": "predicted", "purchases_low": "low", "purchases_high": "high"}
    steps = by_step(fitted, counts, edges)[list(names)].rename(columns=names)
    actual = came.groupby(came["week"] // weeks)["purchases"].sum()
    steps["actual"] = actual.reindex(range(len(steps))).fillna(0)
    steps["week"] = [until + timedelta(days=int(edge) + 1) for edge in edges[:-1]]
    steps = steps.assign(n=int(counts["customers"].sum()), second=also[:-1])
    order = ["week", "predicted", "low", "high", "second", "actual", "n"]
    totals = _totals(fitted, counts, ends, came)
    passes = bool((totals["off"].abs() <= MOST_OFF).all())
    agrees = not are_apart(totals["predicted"].iloc[0], also.sum())
    told = _by_purchases(fitted, counts, ends, came)
    return Check(steps[order], told, totals, until, days, passes, also.sum(), agrees)


def second(counts: pd.DataFrame, edges: np.ndarray) -> np.ndarray:
    """Purchases between each two ``edges`` (days from the end of the histories) by Pareto/NBD."""
    histories = purchases_only(counts)
    model = pareto_nbd.fit(histories)
    return histories.weight @ np.diff(pareto_nbd.expected(model, histories, edges), axis=1)


def are_apart(first: float, second: float) -> bool:
    """Whether the second model says over 20 % more or fewer purchases than the first."""
    return bool(abs(second - first) > MOST_APART * first)


def _actual(valued: ir.Table, customers: ir.Table, until: date) -> pd.DataFrame:
    """Purchases after a day of the customers known by then: week, x, purchases, value."""
    later = valued.filter(valued.purchased_on > ibis.literal(until))
    joined = later.join(customers.select("customer_id", "x"), "customer_id")
    since = joined.purchased_on.delta(ibis.literal(until), unit="day")
    placed = joined.mutate(week=((since - 1) / 7).floor().cast("int64"))
    return (
        placed.group_by("week", "x")
        .aggregate(purchases=placed.count(), value=placed["value"].cast("float64").sum())
        .order_by("week", "x")
        .to_pandas()
    )


def _by_purchases(
    fitted: Fitted, counts: pd.DataFrame, ends: np.ndarray, came: pd.DataFrame
) -> pd.DataFrame:
    groups = counts.assign(part=counts["x"].clip(upper=MOST_REPEATS))
    found = by_part(fitted, groups, ends).query("part != 'all'")
    so_far = came.assign(part=came["x"].clip(upper=MOST_REPEATS))
    actual = so_far.groupby("part")["purchases"].sum().reindex(found["part"]).fillna(0)
    size = found["customers"]
    names = [f"{x + 1}{'+' if x == MOST_REPEATS else ''}" for x in found["part"]]
    told = {
        "purchases": names, "n": size, "predicted": found["expected_purchases"] / size,
        "low": found["purchases_low"] / size, "high": found["purchases_high"] / size,
        "actual": actual.to_numpy() / size,
    }  # fmt: skip
    return pd.DataFrame(told)


def _totals(
    fitted: Fitted, counts: pd.DataFrame, ends: np.ndarray, came: pd.DataFrame
) -> pd.DataFrame:
    whole = by_part(fitted, counts.assign(part=0), ends).iloc[-1]
    rows = []
    for measure, names in (
        ("purchases", ["expected_purchases", "purchases_low", "purchases_high"]),
        ("value", ["expected_value", "low", "high"]),
    ):
        actual = float(came[measure].sum())
        off = whole[names[0]] / actual - 1 if actual > 0 else math.nan
        rows.append([measure, *whole[names], actual, off, int(whole["customers"])])
    columns = ["measure", "predicted", "low", "high", "actual", "off", "n"]
    return pd.DataFrame(rows, columns=columns)
