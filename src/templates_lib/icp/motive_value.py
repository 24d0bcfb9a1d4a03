"""What customers of each motive are worth: what they say beside what they buy."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats.intervals import mean_interval

MIN_PERSONS = 30
SEVERAL = "several"


def worth(picks: pd.DataFrame, orders: ir.Table | None, *, value: str, days: int) -> pd.DataFrame:
    """What each person bought in the days up to the answer, with the motive given.

    A person who names several motives has ``several``. Only purchases up to the day of the answer
    count, so that nobody is split by what was said before the money was made.

    Parameters
    ----------
    picks : of ``purchase_survey.taken``, of the question of the motive
    value : ``net_sales`` or ``contribution_margin``

    Returns
    -------
    One row a person with a purchase in that time: person, option, value. Nobody without orders.
    """
    known = picks.dropna(subset=["option", "customer_id"])
    own = known.groupby("person").agg(
        customer_id=("customer_id", "first"), until=("on", "max"), option=("option", "first"),
        options=("option", "nunique"),
    )  # fmt: skip
    own["option"] = own["option"].where(own["options"] == 1, SEVERAL)
    if own.empty or orders is None:
        return pd.DataFrame(columns=["person", "option", "value"])
    own["since"] = pd.to_datetime(own["until"]) - timedelta(days=days)
    asked = ibis.memtable(
        own.reset_index()[["person", "customer_id", "since", "until"]],
        schema={"person": "string", "customer_id": "string", "since": "date", "until": "date"},
    )
    joined = orders.join(asked, "customer_id")
    inside = joined.filter((joined.ordered_on > joined.since) & (joined.ordered_on <= joined.until))
    sums = inside.group_by("person").aggregate(value=inside[value].sum().cast("float64"))
    table = own[["option"]].join(sums.to_pandas().set_index("person"), how="inner")
    return table.dropna().rename_axis("person").reset_index().sort_values("person")


def by_motive(people: pd.DataFrame) -> pd.DataFrame:
    """Mean worth of a person by motive, the highest first.

    Returns
    -------
    Columns: option, n (people), mean_value, low, high (Hall's interval for skewed sums),
    median_value. A motive of fewer than 30 people has no row.
    """
    rows = []
    for option, own in people.groupby("option"):
        x = own["value"].to_numpy(float)
        if len(x) >= MIN_PERSONS:
            low, high = mean_interval(len(x), x.sum(), (x**2).sum(), (x**3).sum())
            rows.append([option, len(x), x.mean(), float(low), float(high), np.median(x)])
    columns = ["option", "n", "mean_value", "low", "high", "median_value"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["mean_value", "option"], ascending=[False, True], ignore_index=True)


class Gap(NamedTuple):
    """The motives worth most and least a person, and how far they are apart."""

    best: str
    worst: str
    best_mean: float
    worst_mean: float
    difference: float
    low: float
    high: float
    n: int


def widest_gap(people: pd.DataFrame, table: pd.DataFrame) -> Gap | None:
    """The interval is Welch's, widened by Bonferroni for the number of pairs; None where fewer
    than two motives of ``by_motive`` can be compared."""
    named = table[~table["option"].isin([SEVERAL, "other"])]
    if len(named) < 2:
        return None
    best, worst = named.iloc[0], named.iloc[-1]
    a, b = (people.loc[people["option"] == row["option"], "value"] for row in (best, worst))
    pairs = len(named) * (len(named) - 1) / 2
    interval = stats.ttest_ind(a, b, equal_var=False).confidence_interval(1 - 0.05 / pairs)
    difference = best["mean_value"] - worst["mean_value"]
    return Gap(best["option"], worst["option"], best["mean_value"], worst["mean_value"],
               difference, float(interval.low), float(interval.high), len(a) + len(b))  # fmt: skip
