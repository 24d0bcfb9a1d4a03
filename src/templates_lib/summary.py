"""The first page: how it goes against a year before, and which findings stand on it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.stats import intervals, survival
from templates_lib.stats.concentration import Estimate, difference
from templates_lib.stats.power_sums import POWERS, decimals, narrow, power
from templates_lib.stats.totals import count_interval, total_interval

MIN_N = 30
MIN_AT_RISK = 20
OPENING_DAYS = 3  # a month that begins with a holiday or two is whole


class Stretch(NamedTuple):
    """Whole months that are looked at, and the same months a year before where they are known."""

    start: date
    end: date
    before_start: date | None
    before_end: date | None


def compared_months(first_on: date, as_of: date) -> Stretch:
    """The last whole months, at most twelve, that the data also hold a year before.

    The first month is whole if its first order falls on its first days. Where no month has a year
    before, the last twelve whole months stand alone.
    """
    last = pd.Period(as_of, "M")
    if last.end_time.date() > as_of:
        last -= 1
    opening = pd.Period(first_on, "M")
    if first_on.day > OPENING_DAYS:
        opening += 1
    known = (last - opening).n + 1
    if known < 1:
        return Stretch(first_on, as_of, None, None)
    paired = min(12, known - 12)
    if paired < 1:
        start = max(opening, last - 11)
        return Stretch(start.start_time.date(), last.end_time.date(), None, None)
    start = last - (paired - 1)
    return Stretch(
        start.start_time.date(),
        last.end_time.date(),
        (start - 12).start_time.date(),
        (last - 12).end_time.date(),
    )


def monthly_sales(movements: ir.Table, first_orders: ir.Table) -> pd.DataFrame:
    """Net sales by month, from first purchases and from later ones, with the year before.

    Returns
    -------
    Columns: month, new_net_sales, returning_net_sales, unknown_net_sales (no known customer),
    net_sales, year_before (empty where it is not in the data). A refund counts where its order
    does.
    """
    firsts = first_orders.select("customer_id", "first_on")
    joined = movements.left_join(firsts, "customer_id")
    zero = ibis.literal(0).cast("decimal(18, 4)")
    is_known = joined.first_on.notnull()
    is_new = is_known & (joined.ordered_on <= joined.first_on)
    split = joined.select(
        start=joined.moved_on.truncate("M"),
        net_sales=joined.net_sales,
        new=is_new.ifelse(joined.net_sales, zero),
        returning=(is_known & ~is_new).ifelse(joined.net_sales, zero),
    )
    found = (
        split.group_by("start")
        .aggregate(
            net_sales=split.net_sales.sum(), new=split.new.sum(), returning=split.returning.sum()
        )
        .to_pandas()
        .set_index("start")
        .astype("float64")
    )
    months = pd.PeriodIndex(pd.to_datetime(found.index), freq="M")
    every = pd.period_range(months.min(), months.max()) if len(months) else months
    full = found.set_axis(months).reindex(every).fillna(0.0)  # seen, and nothing was sold
    return pd.DataFrame(
        {
            "month": full.index.astype(str),
            "new_net_sales": full["new"].to_numpy(),
            "returning_net_sales": full["returning"].to_numpy(),
            "unknown_net_sales": (full["net_sales"] - full["new"] - full["returning"]).to_numpy(),
            "net_sales": full["net_sales"].to_numpy(),
            "year_before": full["net_sales"].shift(12).to_numpy(),
        }
    )


def whole_months(sales: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """The months of ``monthly_sales`` that have ended by the last day observed."""
    ended = [pd.Period(month, "M").end_time.date() <= as_of for month in sales["month"]]
    return sales[ended]


def tiles(
    movements: ir.Table,
    first_orders: ir.Table,
    *,
    stretch: Stretch,
    as_of: date,
    value: str,
    return_days: int,
    has_whole_history: bool = True,
) -> pd.DataFrame:
    """Four figures with their intervals, and the same months a year before.

    Sales vary as a sum over independent customers, new customers as a Poisson count; the share
    returned is Kaplan–Meier's; the value per new customer is over ``return_days`` from the first
    purchase, of customers observed for so long. The interval of a change is made of those of both
    (Zou & Donner 2008). Without the whole history a customer who is new
    in the first year of the file need not be, so that only sales are compared with it.

    Returns
    -------
    Columns: measure, estimate, low, high, n, before, change, change_low, change_high, beyond_chance
    (whether the change's 95 % interval excludes none; empty without a year before).
    """
    now = _measures(movements, first_orders, stretch.start, stretch.end, as_of, value, return_days)
    then = None
    if stretch.before_start is not None and stretch.before_end is not None:
        then = _measures(
            movements, first_orders, stretch.before_start, stretch.before_end, as_of, value,
            return_days,
        )  # fmt: skip
    rows = []
    for measure, one in now.items():
        row: dict[str, Any] = {"measure": measure, **one._asdict()}
        row |= dict.fromkeys(("before", "change", "change_low", "change_high"), np.nan)
        row["beyond_chance"] = None
        is_fair = has_whole_history or measure == "net_sales"
        if then is not None and is_fair and one.n >= MIN_N and then[measure].n >= MIN_N:
            other = then[measure]
            change = difference(one, other)
            row |= {
                "before": other.estimate,
                "change": change.estimate,
                "change_low": change.low,
                "change_high": change.high,
                "beyond_chance": not change.low <= 0 <= change.high,
            }
        rows.append(row)
    return pd.DataFrame(rows)


_NOTHING = Estimate(np.nan, np.nan, np.nan, 0)


def _measures(
    movements: ir.Table,
    first_orders: ir.Table,
    start: date,
    end: date,
    as_of: date,
    value: str,
    return_days: int,
) -> dict[str, Estimate]:
    joined = first_orders.filter(first_orders.first_on.between(start, end))
    return {
        "net_sales": _sales(movements.filter(movements.moved_on.between(start, end))),
        "new_customers": _count(int(joined.count().execute())),
        "returned": _returned(joined, as_of, return_days),
        f"{value}_per_customer": _value(joined, movements, as_of, value, return_days),
    }


def _sales(movements: ir.Table) -> Estimate:
    buyer = ibis.coalesce(movements.customer_id, movements.order_id)
    each = movements.group_by(buyer=buyer).aggregate(net_sales=movements.net_sales.sum())
    found = _power_sums(each, "net_sales")
    if not found["n"]:
        return _NOTHING
    low, high = total_interval(*(found[name] for name in POWERS))
    return Estimate(float(found["total"]), float(low), float(high), found["n"])


def _power_sums(each: ir.Table, name: str) -> dict[str, Any]:
    x = narrow(each[name], decimals=decimals(each, name))
    sums = {suffix: power(x, k).sum() for k, suffix in enumerate(POWERS, start=1)}
    return each.aggregate(n=each.count(), **sums).to_pyarrow().to_pylist()[0]


def _count(n: int) -> Estimate:
    return Estimate(float(n), *(float(end) for end in count_interval(n)), n)


def _returned(joined: ir.Table, as_of: date, days: int) -> Estimate:
    end = ibis.coalesce(joined.second_on, ibis.literal(as_of))
    timed = joined.select(
        duration=end.delta(joined.first_on, unit="day"), event=joined.second_on.notnull()
    )
    counts = timed.group_by("duration", "event").aggregate(count=timed.count()).to_pandas()
    if not len(counts):
        return _NOTHING
    curve = survival.kaplan_meier(survival.life_table(counts))
    read = survival.incidence_at(curve, [days]).iloc[0]
    if read["at_risk"] < MIN_AT_RISK:
        return _NOTHING
    return Estimate(read["share"], read["low"], read["high"], int(counts["count"].sum()))


def _value(joined: ir.Table, movements: ir.Table, as_of: date, value: str, days: int) -> Estimate:
    followed = joined.filter(ibis.literal(as_of).delta(joined.first_on, unit="day") >= days)
    early = movements.join(followed.select("customer_id", "first_on"), "customer_id")
    age = early.moved_on.delta(early.first_on, unit="day")
    inside = early.filter((early.ordered_on >= early.first_on) & (age <= days))
    each = inside.group_by("customer_id").aggregate(**{value: inside[value].sum()})
    found = _power_sums(each, value)
    n = int(followed.count().execute())
    if n < 2 or found["total"] is None:
        return _NOTHING
    low, high = intervals.mean_interval(n, *(found[name] for name in POWERS))
    mean = float(found["total"]) / n
    return Estimate(mean, float(low), float(high), n)


ORDER = {"strong": 0, "moderate": 1, "weak": 2, "chance": 3}


def chosen(findings: Sequence[Mapping[str, Any]], *, most: int = 3) -> list[Mapping[str, Any]]:
    """The findings of the first page, as ``ranked``; but for those of ``order:`` one a notebook
    until each has had its turn."""
    best = ranked(findings)
    first = [
        f for i, f in enumerate(best)
        if f.get("place") is not None or f["notebook"] not in {g["notebook"] for g in best[:i]}
    ]  # fmt: skip
    rest = [f for f in best if f not in first]
    return (first + rest)[:most]


def answer(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The findings that answer in a sentence: how it stands, then what can be done about it."""
    best = ranked(findings)
    stands = [f for f in best if f["action"] is None]
    to_do = [f for f in best if f["action"] is not None]
    return stands[:1] + to_do[:1]


def not_yet(findings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one thing not to act on yet: a difference that may be chance, or thin evidence."""
    unsure = [f for f in findings if f["strength"] in ("chance", "weak")]
    return min(unsure, key=lambda f: (-ORDER[f["strength"]], f["id"]), default=None)


def ranked(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The findings beyond chance: those of ``order:`` in ``editorial.yml``, those with an action,
    the firmest, those worth most, the most precise."""
    return sorted((f for f in findings if f["strength"] in ("strong", "moderate")), key=_rank)


def _rank(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    worth = (finding["effect_eur"] or {}).get("estimate", 0.0)
    spread = (finding["high"] - finding["low"]) / (abs(finding["estimate"]) or 1.0)
    has_no_action = finding["action"] is None
    place = finding.get("place")
    return (
        math.inf if place is None else place,
        has_no_action,
        ORDER[finding["strength"]],
        -worth,
        spread,
        finding["id"],
    )
