"""What customers have bought so far, and the models of how often they buy and what that is worth.

BG/NBD (or its modified form) tells how often customers will buy; Gamma-Gamma, or for margins the
normal model that keeps loss-makers in, what a purchase is worth.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.sources.engine import one
from templates_lib.stats import bg_nbd, customer_bootstrap, gamma_gamma, purchase_models, shrinkage
from templates_lib.stats.bg_nbd import Histories
from templates_lib.stats.purchase_models import Models, ValueModel

MIN_CUSTOMERS, MIN_REPEATS, MIN_SEVERAL, MIN_DAYS = 200, 100, 30, 180
GROUPS = 5
HISTORY = ["x", "last", "observed"]
MOST_CELLS = 50_000
UNITS = (1, 7, 14, 28)  # days that are taken as one, where there would be more cells
SAMPLES = 1000  # of the bootstrap


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
        x=seen.again.sum(),
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


def cells(customers: ir.Table, *by: str, most: int = MOST_CELLS) -> pd.DataFrame:
    """Customers of equal histories together: all that the models are fitted on.

    Where so many customers differ that there would be more than ``most`` cells, days are taken
    together by the week, two or four, and stand for their middle: the time that a model takes has
    an end, whatever the number of customers.

    Parameters
    ----------
    by : further columns of the customers that are told apart

    Returns
    -------
    Columns: value_group, those of ``by``, x, last, observed, customers, total, squares,
    squared_totals (sum over the customers of the square of each one's total).
    """
    keys = ["value_group", *by, *HISTORY]
    for unit in UNITS:
        alike = _by_unit(customers, unit) if unit > 1 else customers
        counted = alike.group_by(keys).aggregate(
            customers=alike.count(),
            total=alike.total.sum(),
            squares=alike.squares.sum(),
            squared_totals=(alike.total * alike.total).sum(),
        )
        if unit == UNITS[-1] or one(counted, n=counted.count())["n"] <= most:
            break
    return counted.order_by(keys).to_pandas()


def _by_unit(customers: ir.Table, days: int) -> ir.Table:
    """The customers with the middle of so many days in place of each time since the first."""
    middle = {
        name: (customers[name] / days).floor() * days + (days - 1) / 2
        for name in ("last", "observed")
    }
    return customers.mutate(
        last=(customers.x > 0).ifelse(middle["last"], 0.0), observed=middle["observed"]
    )


def seen(counts: pd.DataFrame) -> tuple[Histories, np.ndarray]:
    """The cells as histories, and the mean value of their repeat purchases."""
    bought = (counts["x"] * counts["customers"]).to_numpy(float)
    mean = counts["total"].to_numpy(float) / np.where(bought > 0, bought, 1.0)
    return bg_nbd.histories(counts), mean


def purchases_only(counts: pd.DataFrame) -> Histories:
    """The cells as histories, whatever their values."""
    by_history = counts.groupby(HISTORY, as_index=False)["customers"].sum()
    return bg_nbd.histories(by_history)


class Fitted(NamedTuple):
    """The two models, and in samples of the customers the parameters of each, shape (samples,
    parameters): differences from the fit."""

    models: Models
    purchase_shifts: np.ndarray
    value_shifts: np.ndarray


def fit(customers: ir.Table, counts: pd.DataFrame, *, value: str) -> Fitted:
    """The two models, of ``histories`` and their ``cells``.

    Net sales have the Gamma-Gamma model, of customers whose mean is above 0; margins, and net
    sales of so long a tail that they have no mean in it, the normal one.
    """
    of_purchases = purchases_only(counts)
    purchases = purchase_models.likelier(of_purchases)
    values, means = _values(customers, counts, value)
    x, mean, weight = (means[name].to_numpy(float) for name in ("x", "mean", "customers"))
    return Fitted(
        Models(purchases, values),
        customer_bootstrap.one_step(
            bg_nbd.slopes(purchases, of_purchases), purchases.fit.information,
            of_purchases.weight, draws=SAMPLES, seed=1,
        ),
        customer_bootstrap.one_step(
            values.slopes(x, mean), values.information, weight, draws=SAMPLES, seed=2
        ),
    )  # fmt: skip


def _values(
    customers: ir.Table, counts: pd.DataFrame, value: str
) -> tuple[ValueModel, pd.DataFrame]:
    """The model of values, and the means that it is of: x, mean, customers."""
    again = customers.filter(customers.x > 0)
    means = again.group_by("x", mean=(again.total / again.x).round(2))
    found = means.aggregate(customers=ibis._.count()).order_by("x", "mean").to_pandas()
    if value == "net_sales":
        above = found[found["mean"] > 0]
        values = gamma_gamma.fit(above["x"], above["mean"], above["customers"])
        if values.has_mean:
            return values, above
    sums = counts[counts["x"] > 0].groupby("x", as_index=False)[
        ["customers", "total", "squares", "squared_totals"]
    ].sum()  # fmt: skip
    return shrinkage.fit(*(sums[name] for name in sums)), found


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
