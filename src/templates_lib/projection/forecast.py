"""What the customers of today are expected to bring, by groups and one by one."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.projection import sums
from templates_lib.projection.histories import cells, fit, histories, seen
from templates_lib.projection.holdout import are_apart, second
from templates_lib.stats import bg_nbd, purchase_models
from templates_lib.stats.bg_nbd import Histories
from templates_lib.stats.purchase_models import Models

STEPS = 12  # of the horizon, in whose middle purchases are discounted
LISTED_DRAWS = (100, 500)


class Forecast(NamedTuple):
    """``groups``: value_group (1 the best fifth so far, ``all``), customers, living (customers,
    each counted by the chance of still being one), expected_purchases, purchases_low,
    purchases_high, expected_value, low, high.

    ``listed``: customer_id, last_on, purchases (so far), alive (chance of still being a customer),
    expected_purchases, purchases_low, purchases_high, expected_value, low, high (of what that
    customer may buy and bring).

    ``modified``: whether the modified form of BG/NBD was the likelier one; ``agrees``: whether
    Pareto/NBD says as many purchases, within 20 %.
    """

    groups: pd.DataFrame
    listed: pd.DataFrame
    modified: bool
    agrees: bool


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
    fitted = fit(customers, counts, value=value)
    edges = np.linspace(0, horizon_days, STEPS + 1)
    groups = sums.by_part(
        fitted, counts.assign(part=counts["value_group"]), edges, rate=discount_rate
    )
    listed = _listed(fitted.models, customers.to_pandas(), edges, discount_rate, most_listed)
    groups = groups.rename(columns={"part": "value_group"})
    groups = groups.drop(columns=["expected_active", "active_low", "active_high"])
    other = second(counts, edges).sum()
    agrees = not are_apart(groups["expected_purchases"].iloc[-1], other)
    return Forecast(groups, listed, fitted.models.purchases.modified, agrees)


def _listed(
    models: Models, people: pd.DataFrame, edges: np.ndarray, rate: float, most: int
) -> pd.DataFrame:
    """The customers of the highest expected value."""
    alone, mean = seen(people.assign(customers=1))
    by_step = purchase_models.purchases_between(models.purchases, alone, edges)
    worth = models.values.expected(alone.x, mean)
    discounts = purchase_models.discounts(edges, rate, sums.YEAR_DAYS)
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
    draws = sums.draws(found["expected_purchases"].sum(), LISTED_DRAWS)
    drawn = purchase_models.futures(
        models, chosen, mean[found.index], horizon=edges[-1], draws=draws, seed=1
    )
    paid = drawn.value * (1 + rate) ** (-drawn.time / sums.YEAR_DAYS)
    ends = []
    for amount in (None, paid):
        of_each = np.bincount(drawn.row, amount, minlength=len(found) * draws)
        ends += [*np.quantile(of_each.reshape(len(found), -1), sums.ENDS, axis=1)]
    names = ["purchases_low", "purchases_high", "low", "high"]
    found = found.assign(**dict(zip(names, ends, strict=True))).reset_index(drop=True)
    order = [*found.columns[:5], *names[:2], "expected_value", *names[2:]]
    return found[order]
