"""What the customers of today are expected to bring, checked on purchases the model did not see.

BG/NBD (or its modified form) tells how often customers will buy; Gamma-Gamma, or for margins the
normal model that keeps loss-makers in, what a purchase is worth.
"""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats import bg_nbd, gamma_gamma, purchase_models, shrinkage
from templates_lib.stats.bg_nbd import Histories
from templates_lib.stats.purchase_models import Models

MIN_CUSTOMERS, MIN_REPEATS, MIN_SEVERAL, MIN_DAYS = 200, 100, 30, 180
HOLDOUT_SHARE, HOLDOUT_DAYS = 1 / 3, 90
MOST_OFF = 0.2  # of what came; a forecast that was further off is not shown
GROUPS = 5
MOST_REPEATS = 7  # of the check; customers with more are one row
YEAR_DAYS = 365.0
STEPS = 12  # of the horizon, in whose middle purchases are discounted
DRAWS, LISTED_DRAWS = (10, 50), (100, 500)  # the fewest and the most
DRAWN = 1_000_000  # purchases drawn, where that many make the fewest
Z = stats.norm.isf(0.025)
CELL = ["value_group", "x", "last", "observed"]


def histories(valued: ir.Table, *, until: date) -> ir.Table:
    """The purchases of each customer up to a day.

    Parameters
    ----------
    valued : of ``purchase_value.purchase_values``

    Returns
    -------
    One row a customer: customer_id, first_on, last_on, x (repeat purchases), last, observed (days
    from the first purchase to the last one and to ``until``), total, squares (sums over the repeat
    purchases), value_group (a fifth of the customers by what they have brought so far, 1 the most;
    equal ones are together).
    """
    seen = valued.filter(valued.purchased_on <= ibis.literal(until))
    seen = seen.mutate(amount=seen["value"].cast("float64"), again=seen.purchase_number > 1)
    by_customer = seen.group_by("customer_id").aggregate(
        first_on=seen.purchased_on.min(),
        last_on=seen.purchased_on.max(),
        x=seen.again.cast("int64").sum(),
        total=seen.amount.sum(where=seen.again).fill_null(0.0),
        squares=(seen.amount * seen.amount).sum(where=seen.again).fill_null(0.0),
        so_far=seen["value"].sum(),
    )
    place = ibis.rank().over(order_by=by_customer.so_far.desc())
    return by_customer.select(
        "customer_id", "first_on", "last_on", "x", "total", "squares",
        last=by_customer.last_on.delta(by_customer.first_on, unit="day"),
        observed=ibis.literal(until).delta(by_customer.first_on, unit="day"),
        value_group=(place * GROUPS / by_customer.count().over()).floor().cast("int64") + 1,
    )  # fmt: skip


def cells(customers: ir.Table) -> pd.DataFrame:
    """Customers of equal histories together: all that the models are fitted on.

    Returns
    -------
    Columns: value_group, x, last, observed, customers, total, squares, squared_totals (sum over
    the customers of the square of each one's total).
    """
    counted = customers.group_by(CELL).aggregate(
        customers=customers.count(),
        total=customers.total.sum(),
        squares=customers.squares.sum(),
        squared_totals=(customers.total * customers.total).sum(),
    )
    return counted.order_by(CELL).to_pandas()


def fit(customers: ir.Table, counts: pd.DataFrame, *, value: str) -> Models:
    """The two models, of ``histories`` and their ``cells``.

    Net sales have the Gamma-Gamma model, of customers whose mean is above 0; margins, and net
    sales of so long a tail that they have no mean in it, the normal one.
    """
    purchases = purchase_models.likelier(bg_nbd.histories(counts))
    again = counts[counts["x"] > 0]
    if value == "net_sales":
        means = customers.filter((customers.x > 0) & (customers.total > 0))
        means = means.group_by("x", mean=(means.total / means.x).round(2))
        found = means.aggregate(customers=ibis._.count()).order_by("x", "mean").to_pandas()
        found = found[found["mean"] > 0]
        values = gamma_gamma.fit(found["x"], found["mean"], found["customers"])
        if values.has_mean:
            return Models(purchases, values)
    sums = again.groupby("x", as_index=False)[
        ["customers", "total", "squares", "squared_totals"]
    ].sum()
    return Models(purchases, shrinkage.fit(*(sums[name] for name in sums)))


def is_enough(customers: ir.Table, *, days: int) -> bool:
    """Whether there are 200 customers, 100 repeat purchases, 30 customers with two of them, and
    180 days."""
    counts = customers.aggregate(
        n=customers.count(), repeats=customers.x.sum(), several=(customers.x > 1).sum()
    ).to_pandas()
    n, repeats, several = counts.fillna(0).iloc[0]
    return bool(
        n >= MIN_CUSTOMERS and repeats >= MIN_REPEATS and several >= MIN_SEVERAL
        and days >= MIN_DAYS
    )  # fmt: skip


class Check(NamedTuple):
    """What the model, fitted on the time before, says of the last ``days``, and what came.

    ``weeks``: week (its first day), predicted, low, high, actual (purchases), n (customers).
    ``by_purchases``: purchases (so far), n, predicted, low, high, actual (purchases a customer).
    ``totals``: measure (purchases, value), predicted, low, high, actual, off (share), n.
    """

    weeks: pd.DataFrame
    by_purchases: pd.DataFrame
    totals: pd.DataFrame
    until: date
    days: int
    passes: bool


def holdout_days(first_day: date, as_of: date) -> int:
    """A third of the time observed, at least 90 days, in whole weeks."""
    observed = (as_of - first_day).days + 1
    return 7 * math.ceil(max(HOLDOUT_DAYS, HOLDOUT_SHARE * observed) / 7)


def check(
    valued: ir.Table, *, value: str, first_day: date, as_of: date, days: int | None = None
) -> Check | None:
    """Fits on all but the last ``days`` (by themselves those of ``holdout_days``), predicts them.

    It passes where the predicted purchases and their predicted value are both within 20 % of what
    came. None under the least data: 200 customers, 100 repeat purchases and 30 customers with two
    of them before the last third, and 180 days in all.
    """
    days = days or holdout_days(first_day, as_of)
    until = as_of - timedelta(days=days)
    customers = histories(valued, until=until).cache()
    if not is_enough(customers, days=(as_of - first_day).days + 1):
        return None
    counts = cells(customers)
    models = fit(customers, counts, value=value)
    came = _actual(valued, customers, until)
    edges = np.arange(0, days + 1, 7)
    n = int(counts["customers"].sum())
    weeks = _weeks(models, counts, edges).assign(n=n)
    weeks["actual"] = came.groupby("week")["purchases"].sum().reindex(range(len(weeks))).fillna(0)
    weeks["week"] = [until + timedelta(days=int(edge) + 1) for edge in edges[:-1]]
    groups = counts.assign(part=counts["x"].clip(upper=MOST_REPEATS))
    by_purchases = _sums(models, groups, edges[[0, -1]], rate=0.0).query("part != 'all'")
    so_far = came.assign(part=came["x"].clip(upper=MOST_REPEATS))
    actual = so_far.groupby("part")["purchases"].sum().reindex(by_purchases["part"]).fillna(0)
    size = by_purchases["customers"]
    names = [f"{x + 1}{'+' if x == MOST_REPEATS else ''}" for x in by_purchases["part"]]
    told = {
        "purchases": names, "n": size, "predicted": by_purchases["expected_purchases"] / size,
        "low": by_purchases["purchases_low"] / size, "high": by_purchases["purchases_high"] / size,
        "actual": actual.to_numpy() / size,
    }  # fmt: skip
    totals = _totals(models, counts, edges[[0, -1]], came)
    passes = bool((totals["off"].abs() <= MOST_OFF).all())
    order = ["week", "predicted", "low", "high", "actual", "n"]
    return Check(weeks[order], pd.DataFrame(told), totals, until, days, passes)


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


def _totals(
    models: Models, counts: pd.DataFrame, edges: np.ndarray, came: pd.DataFrame
) -> pd.DataFrame:
    whole = _sums(models, counts.assign(part=0), edges, rate=0.0).iloc[-1]
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


def _weeks(models: Models, counts: pd.DataFrame, edges: np.ndarray) -> pd.DataFrame:
    """Purchases of all customers in each week: predicted, low, high."""
    seen, mean = _seen(counts)
    purchases = models.purchases

    def by_week(model: bg_nbd.BgNbd) -> np.ndarray:
        return seen.weight @ purchase_models.purchases_between(model, seen, edges)

    each = purchase_models.purchases_between(purchases, seen, edges)
    draws = _draws(each.sum(), DRAWS)
    drawn = purchase_models.futures(models, seen, mean, horizon=edges[-1], draws=draws, seed=1)
    week = np.searchsorted(edges, drawn.time, side="right") - 1
    variance = purchase_models.error_variance(purchases, by_week)
    variance = variance + purchase_models.chance_variance(
        drawn, seen.weight, np.ones(len(week)), week, len(edges) - 1
    )
    predicted, half = seen.weight @ each, Z * np.sqrt(variance)
    low = np.maximum(predicted - half, 0.0)
    return pd.DataFrame({"predicted": predicted, "low": low, "high": predicted + half})


def _seen(counts: pd.DataFrame) -> tuple[Histories, np.ndarray]:
    """The cells as histories, and the mean value of their repeat purchases."""
    bought = (counts["x"] * counts["customers"]).to_numpy(float)
    mean = counts["total"].to_numpy(float) / np.where(bought > 0, bought, 1.0)
    return bg_nbd.histories(counts), mean


def _sums(models: Models, counts: pd.DataFrame, edges: np.ndarray, *, rate: float) -> pd.DataFrame:
    """Expected purchases and their value by the column ``part``, and of all.

    Returns
    -------
    Columns: part, customers, living, expected_purchases, purchases_low, purchases_high,
    expected_value, low, high.
    """
    seen, mean = _seen(counts)
    parts, place = np.unique(counts["part"], return_inverse=True)
    member = np.vstack([*(place == i for i in range(len(parts))), np.ones(len(place), bool)])
    discounts = purchase_models.discounts(edges, rate, YEAR_DAYS)
    worth = models.values.expected(seen.x, mean)
    bought = purchase_models.purchases_between(models.purchases, seen, edges)

    def purchases_of(model: bg_nbd.BgNbd) -> np.ndarray:
        by_step = purchase_models.purchases_between(model, seen, edges)
        count, value = by_step.sum(axis=1), by_step @ discounts * worth
        return np.concatenate([member @ (seen.weight * one) for one in (count, value)])

    def value_of(model: purchase_models.ValueModel) -> np.ndarray:
        return member @ (seen.weight * (bought @ discounts) * model.expected(seen.x, mean))

    estimates = np.split(purchases_of(models.purchases), 2)
    errors = np.split(purchase_models.error_variance(models.purchases, purchases_of), 2)
    errors[1] = errors[1] + purchase_models.error_variance(models.values, value_of)
    draws = _draws(bought.sum(), DRAWS)
    drawn = purchase_models.futures(models, seen, mean, horizon=edges[-1], draws=draws, seed=1)
    paid = drawn.value * (1 + rate) ** (-drawn.time / YEAR_DAYS)
    halves = []
    for error, amount in zip(errors, (np.ones(len(paid)), paid), strict=True):
        chance = purchase_models.chance_variance(
            drawn, seen.weight, amount, place[drawn.cell], len(parts)
        )
        halves.append(Z * np.sqrt(error + np.append(chance, chance.sum())))
    (count, value), (count_half, value_half) = estimates, halves
    return pd.DataFrame(
        {
            "part": [*parts, "all"],
            "customers": (member @ seen.weight).astype(int),
            "living": member @ (seen.weight * bg_nbd.alive(models.purchases, seen)),
            "expected_purchases": count,
            "purchases_low": np.maximum(count - count_half, 0.0),
            "purchases_high": count + count_half,
            "expected_value": value,
            "low": value - value_half,
            "high": value + value_half,
        }
    )


class Forecast(NamedTuple):
    """``groups``: value_group (1 the best fifth so far, ``all``), customers, living (customers,
    each counted by the chance of still being one), expected_purchases, purchases_low,
    purchases_high, expected_value, low, high.

    ``listed``: customer_id, last_on, purchases (so far), alive (chance of still being a customer),
    expected_purchases, expected_value, low, high (of what that customer may bring).
    """

    groups: pd.DataFrame
    listed: pd.DataFrame
    modified: bool


def forecast(
    valued: ir.Table, *, value: str, as_of: date, horizon_days: int, discount_rate: float,
    most_listed: int = 1000,
) -> Forecast:  # fmt: skip
    """What the customers known by the last day are expected to buy within the horizon.

    The value is discounted at the yearly rate. The interval of a sum holds the errors of the
    models' parameters and the chance of each purchase; that of one customer only the latter.
    """
    customers = histories(valued, until=as_of).cache()
    counts = cells(customers)
    models = fit(customers, counts, value=value)
    edges = np.linspace(0, horizon_days, STEPS + 1)
    groups = _sums(models, counts.assign(part=counts["value_group"]), edges, rate=discount_rate)
    listed = _listed(models, customers.to_pandas(), edges, discount_rate, most_listed)
    groups = groups.rename(columns={"part": "value_group"})
    return Forecast(groups, listed, models.purchases.modified)


def _draws(expected: float, limits: tuple[int, int]) -> int:
    """How often futures are drawn that hold so many purchases."""
    return int(np.clip(DRAWN / max(expected, 1.0), *limits))


def _listed(
    models: Models, people: pd.DataFrame, edges: np.ndarray, rate: float, most: int
) -> pd.DataFrame:
    """The customers of the highest expected value."""
    alone, mean = _seen(people.assign(customers=1))
    by_step = purchase_models.purchases_between(models.purchases, alone, edges)
    worth = models.values.expected(alone.x, mean)
    discounts = purchase_models.discounts(edges, rate, YEAR_DAYS)
    found = people[["customer_id", "last_on"]].assign(
        purchases=people["x"] + 1,
        alive=bg_nbd.alive(models.purchases, alone),
        expected_purchases=by_step.sum(axis=1),
        expected_value=by_step @ discounts * worth,
    )
    found = found.sort_values(
        ["expected_value", "last_on", "customer_id"], ascending=[False, True, True]
    ).head(most)
    chosen = Histories(*(field[found.index] for field in alone))
    draws = _draws(found["expected_purchases"].sum(), LISTED_DRAWS)
    drawn = purchase_models.futures(
        models, chosen, mean[found.index], horizon=edges[-1], draws=draws, seed=1
    )
    paid = drawn.value * (1 + rate) ** (-drawn.time / YEAR_DAYS)
    sums = np.bincount(drawn.row, paid, minlength=len(found) * draws)
    low, high = np.quantile(sums.reshape(len(found), -1), [0.025, 0.975], axis=1)
    return found.assign(low=low, high=high).reset_index(drop=True)
