"""How many customers under a contract are kept, by cohort, how many will be, and what they bring.

A contract is renewed by a purchase in each contract period. A customer counts as kept until the
period of the last purchase; who pauses and returns was kept.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.projection.histories import histories
from templates_lib.projection.holdout import MOST_OFF
from templates_lib.sources.engine import one
from templates_lib.stats import contracts, purchase_models
from templates_lib.stats.contracts import Contracts
from templates_lib.stats.power_sums import decimals, narrow, power

ContractPeriod = Literal["month", "quarter", "year"]
UNITS = {"month": "M", "quarter": "Q", "year": "Y"}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
MIN_COHORT = 30
HOLDOUT_SHARE = 1 / 3
Z = stats.norm.isf(0.025)


class Kept(NamedTuple):
    """``check``: ahead (1 the first period held out), predicted, low, high, actual (customers
    kept), n (customers at its start); of the last third of the periods. ``passes``: whether the
    last of them, and all together, are within 20 %. ``until``: the last day of the fit.

    ``ahead``: ahead (1 the next period), expected_kept, low, high, n (customers kept now),
    renewal_value, renewal_low, renewal_high (money from the next period up to this one); empty
    unless it passes. ``is_changing``: whether time changes a customer's chance (BdW, not sBG).
    """

    check: pd.DataFrame
    passes: bool
    until: date
    ahead: pd.DataFrame
    is_changing: bool


def survivors(valued: ir.Table, *, period: ContractPeriod, until: date) -> list[np.ndarray]:
    """Of each cohort of 30 customers or more, oldest first: its size, and how many are kept after
    each contract period that is over by a day."""
    customers = histories(valued, until=until)
    start, end = (customers[day].truncate(UNITS[period]) for day in ("first_on", "last_on"))
    months = (end.year() - start.year()) * 12 + end.month() - start.month()
    aged = customers.select(start=start, age=(months / MONTHS[period]).floor().cast("int64"))
    counts = aged.group_by("start", "age").aggregate(n=aged.count()).to_pandas()
    over = _months(_floor(pd.Timestamp(until) + pd.Timedelta(days=1), period))
    found = []
    for first, own in counts.sort_values("start").groupby("start"):
        last = (over - _months(pd.Timestamp(first))) // MONTHS[period] - 1
        if own["n"].sum() >= MIN_COHORT and last >= 0:
            ages = own.set_index("age")["n"].reindex(range(int(own["age"].max()) + 1)).fillna(0)
            kept = ages[::-1].cumsum()[::-1].reindex(range(last + 1)).fillna(0)
            found.append(kept.to_numpy(float))
    return found


def kept(valued: ir.Table, *, period: ContractPeriod, as_of: date, periods: int) -> Kept | None:
    """Projects the customers kept, after the last third of the periods was predicted.

    None with fewer than four periods before that third, or where nobody or everybody left.
    """
    now = survivors(valued, period=period, until=as_of)
    longest = max((len(one) for one in now), default=1) - 1
    held_out = int(np.ceil(HOLDOUT_SHARE * longest))
    end = _floor(pd.Timestamp(as_of) + pd.Timedelta(days=1), period)
    start = end - pd.DateOffset(months=held_out * MONTHS[period])
    until = start.date() - timedelta(days=1)
    before = survivors(valued, period=period, until=until)
    try:
        model = contracts.likelier(contracts.ends(before))
        latest = contracts.likelier(contracts.ends(now))
    except ValueError:
        return None
    check = _projected(model, before, held_out).rename(columns={"expected_kept": "predicted"})
    check["actual"] = [
        sum(one[len(own) - 1 + step] for own, one in zip(before, now, strict=False))
        for step in check["ahead"]
    ]
    off = [abs(of["predicted"] / of["actual"] - 1) for of in (check.sum(), check.iloc[-1])]
    passes = bool(max(off) <= MOST_OFF)
    last = end - pd.DateOffset(months=MONTHS[period])
    worth = _worth(valued, last.date(), (end - pd.Timedelta(days=1)).date())
    ahead = _with_value(_projected(latest, now, periods if passes else 0), latest, now, worth)
    return Kept(check, passes, until, ahead, len(latest.fit.names) > 2)


def _now(cohorts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Customers kept now, and the age of their contracts, by cohort."""
    ages = np.array([len(one) - 1 for one in cohorts], float)[:, None]
    return np.array([one[-1] for one in cohorts]), ages


def _share(model: Contracts, ages: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Of those kept now, who are kept after so many periods more: cohorts × steps."""
    return contracts.survival(model, ages + steps) / contracts.survival(model, ages)


def _projected(model: Contracts, cohorts: list[np.ndarray], periods: int) -> pd.DataFrame:
    """Customers kept of those of now; the interval holds the parameters' errors and chance."""
    here, ages = _now(cohorts)
    steps = np.arange(1, periods + 1)
    shares = _share(model, ages, steps)
    error = purchase_models.error_variance(model, lambda of: here @ _share(of, ages, steps))
    half = Z * np.sqrt(error + here @ (shares * (1 - shares)))
    estimate = here @ shares
    return pd.DataFrame(
        {
            "ahead": steps, "expected_kept": estimate, "low": np.maximum(estimate - half, 0.0),
            "high": np.minimum(estimate + half, here.sum()), "n": int(here.sum()),
        }
    )  # fmt: skip


def _with_value(
    ahead: pd.DataFrame, model: Contracts, cohorts: list[np.ndarray], worth: tuple[float, float]
) -> pd.DataFrame:
    """The periods ahead with what all renewals up to each bring, if a renewal brings what it did.

    Who renews in a period has renewed in those before it. The interval holds the parameters' errors
    and the chance of each renewal, of customers who bring different amounts.

    Parameters
    ----------
    worth : mean, and mean square, of what a renewal brings
    """
    here, ages = _now(cohorts)
    steps = ahead["ahead"].to_numpy()

    def renewals(of: Contracts) -> np.ndarray:
        return here @ _share(of, ages, steps).cumsum(axis=1)

    shares = _share(model, ages, steps)
    chance = here @ ((shares * (2 * steps - 1)).cumsum(axis=1) - shares.cumsum(axis=1) ** 2)
    error = purchase_models.error_variance(model, renewals) if len(steps) else 0.0
    mean, square = worth
    value, half = mean * renewals(model), Z * np.sqrt(mean**2 * error + square * chance)
    return ahead.assign(renewal_value=value, renewal_low=value - half, renewal_high=value + half)


def _worth(valued: ir.Table, first: date, last: date) -> tuple[float, float]:
    """What a customer who renewed between two days brought in them: the mean, and that of its
    square."""
    inside = valued.filter(valued.purchased_on.between(first, last))
    each = inside.group_by("customer_id").aggregate(value=inside["value"].sum())
    value = narrow(each["value"], decimals=decimals(each, "value"))
    found = one(each, n=each.count(), total=value.sum(), squares=power(value, 2).sum())
    if not found["n"]:
        return np.nan, np.nan
    return tuple(float(found[name]) / found["n"] for name in ("total", "squares"))


def _floor(day: pd.Timestamp, period: ContractPeriod) -> pd.Timestamp:
    return day.to_period(UNITS[period]).start_time


def _months(day: pd.Timestamp) -> int:
    return 12 * day.year + day.month
