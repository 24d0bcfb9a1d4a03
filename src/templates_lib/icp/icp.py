"""Who the best customers are: the units that are compared, and those of them who are the target.

A unit is a customer, or a company with all of its people. Value and purchases are counted over the
same number of days from each unit's first purchase, so that nobody is best for having been a
customer for longer; who bought once stands in the base like anybody else.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

import ibis.expr.types as ir
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.language import tr
from templates_lib.params.icp import Icp, Target
from templates_lib.purchase_value import purchase_values
from templates_lib.stats.intervals import mean_interval
from templates_lib.words import Words

UNITS = ["unit_id", "first_on", "value", "purchases", "observed", "in_base", "target"]
GROUPS = ["group", "units", "mean_value", "low", "high", "mean_purchases"]
LEAST_UNITS, LEAST_TARGET = 200, 30  # under which nothing is estimated
PROMOTER = 9  # of 0–10


def units(
    have: Mapping[str, ir.Table],
    *,
    settings: Icp,
    value: str,
    zone: str,
    as_of: date,
    service: ir.Table | None = None,
    listed: Collection[str] = (),
) -> pd.DataFrame:
    """The customers, or companies, with what they bought in their first days, and the target.

    Parameters
    ----------
    value : column of the purchases that is summed, ``net_sales`` or ``contribution_margin``
    service : what contacts with the service cost, taken from margins (``Shop.service``)
    listed : customers of the own list, as ``own_list.listed`` gives them

    Returns
    -------
    One row a unit, ordered by first purchase: unit_id, first_on, value (sum over the first
    ``value_days`` from the first purchase, or so far where not observed so long), purchases
    (occasions in that time), observed (for all of ``value_days``), in_base (whether it is known
    if it belongs to the target), target. No rows for companies of a client without any.
    """
    people = members(have, settings.unit)
    if people is None:
        return pd.DataFrame(columns=UNITS).astype(dict.fromkeys(UNITS[4:], bool))
    valued = purchase_values(have["purchases"], value=value, service=service)
    bought = valued.inner_join(people, "customer_id")
    first_on = bought.purchased_on.min().over(group_by=bought.unit_id)
    bought = bought.mutate(first_on=first_on)
    is_inside = bought.purchased_on.delta(bought.first_on, unit="day") < settings.value_days
    sums = bought.group_by("unit_id", "first_on").aggregate(
        value=bought["value"].sum(where=is_inside).cast("float64"),
        purchases=is_inside.sum().cast("int64"),
    )
    table = sums.to_pandas().sort_values(["first_on", "value", "purchases", "unit_id"])
    table = table.reset_index(drop=True)
    days = (pd.Timestamp(as_of) - pd.to_datetime(table["first_on"])).dt.days + 1
    table["observed"] = days >= settings.value_days
    target = settings.target
    if target.by == "promoters":
        known = _promoters(have, people, target, zone, as_of)
        table["in_base"] = table["unit_id"].isin(known.index)
        table["target"] = table["unit_id"].isin(known.index[known])
    elif target.by == "list":
        wanted = people.filter(people.customer_id.isin(sorted(listed)))
        table["in_base"] = True
        table["target"] = table["unit_id"].isin(set(wanted.unit_id.to_pandas()))
    else:
        table["in_base"] = table["observed"] & table["value"].notna()
        is_top = top(table.loc[table["in_base"], "value"], target.share)
        often = table["purchases"] >= target.purchases
        wanted = is_top.reindex(table.index, fill_value=False) if target.by == "value" else often
        table["target"] = wanted & table["in_base"]
    return table[UNITS]


def members(have: Mapping[str, ir.Table], unit: str) -> ir.Table | None:
    """Columns customer_id and unit_id: the customers who belong to a unit."""
    if unit == "customer":
        people = have["first_orders"]
        return people.select("customer_id", unit_id="customer_id")
    if "customers" not in have:
        return None
    people = have["customers"].filter(lambda t: t.company_id.notnull())
    return people.select("customer_id", unit_id="company_id")


def top(values: pd.Series, share: float) -> pd.Series:
    """Whether each value is of the top ``share``, at most so many; equal ones stand on one side.

    Of 2,357 values and a tenth, the 235 highest; where the 236th is as high as the 235th, only
    those above it.
    """
    most = math.floor(round(share * len(values), 9))
    if most >= len(values):
        return pd.Series(True, values.index)
    return values > values.sort_values(ascending=False).iloc[most]


def _promoters(
    have: Mapping[str, ir.Table], members: ir.Table, target: Target, zone: str, as_of: date
) -> pd.Series:
    """Units with a score that is old enough to have been followed: whether the last such score is
    9 or 10 and they bought again within ``return_days`` of it. Any person of a company counts."""
    if "responses" not in have:
        return pd.Series(dtype=bool)
    rows = have["responses"].filter(lambda t: (t.survey == "nps") & (t.kind == "score"))
    rows = rows.filter(rows.value.notnull()).mutate(on=local_day(rows, "answered_at", zone))
    rows = rows.select("customer_id", "on", "answered_at", score=rows.value.cast("float64"))
    asked = rows.inner_join(members, "customer_id").to_pandas()
    old = (pd.Timestamp(as_of) - pd.to_datetime(asked["on"])).dt.days >= target.return_days
    asked = asked[old].sort_values(["answered_at", "score"]).drop_duplicates("unit_id", keep="last")
    bought = have["purchases"].inner_join(members, "customer_id")
    days = bought.select("unit_id", "purchased_on").distinct().to_pandas()
    both = asked.merge(days, on="unit_id", how="left")
    since = (pd.to_datetime(both["purchased_on"]) - pd.to_datetime(both["on"])).dt.days
    both["came_back"] = since.between(1, target.return_days)
    came_back = both.groupby("unit_id")["came_back"].any()
    score = asked.set_index("unit_id")["score"]
    return (score >= PROMOTER) & came_back.reindex(score.index)


def groups(table: pd.DataFrame) -> pd.DataFrame:
    """The target beside the rest of the base.

    Returns
    -------
    Columns: group (``target``, ``others``), units, mean_value, low, high (Hall's interval for
    skewed sums), mean_purchases. The means are of those observed for all of the first days.
    """
    rows = []
    base = table[table["in_base"]]
    for name, own in (("target", base[base["target"]]), ("others", base[~base["target"]])):
        whole = own[own["observed"]]
        x = whole["value"].dropna().to_numpy(float)
        low, high = mean_interval(len(x), x.sum(), (x**2).sum(), (x**3).sum())
        mean = x.mean() if len(x) else float("nan")
        rows.append([name, len(own), mean, float(low), float(high), whole["purchases"].mean()])
    return pd.DataFrame(rows, columns=GROUPS)


class Enough(NamedTuple):
    """Whether the units suffice for a profile, and in a sentence what is lacking."""

    is_enough: bool
    lacks: str


def enough(table: pd.DataFrame, words: Words) -> Enough:
    """A profile takes 200 units of whom it is known, and 30 in the target as well as outside."""
    n, chosen = int(table["in_base"].sum()), int(table["target"].sum())
    if n >= LEAST_UNITS and min(chosen, n - chosen) >= LEAST_TARGET:
        return Enough(True, "")
    said = tr(
        "A profile takes {units} of whom it is known whether they belong to the target group, "
        "{target} of them in it and as many outside: there are {n}, {chosen} of them in it. "
        "Nothing is estimated.",
        units=LEAST_UNITS, target=LEAST_TARGET, n=words.number(n), chosen=words.number(chosen),
    )  # fmt: skip
    return Enough(False, said)
