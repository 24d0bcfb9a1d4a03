"""What each cohort did at each age: counts and power sums that the engine returns.

One row a cohort and age, with the power sums of each customer's value (Σx, Σx², Σx³): enough for
the interval of a mean, whatever the number of customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.purchases import with_groups
from templates_lib.stats.power_sums import POWERS, decimals, narrow, power

ALL = "all"
Period = Literal["week", "month", "quarter"]
UNITS = {"week": "W", "month": "M", "quarter": "Q"}
VALUES = ("orders", "net_sales", "contribution_margin")


def cells(
    first_orders: ir.Table,
    purchases: ir.Table,
    movements: ir.Table,
    *,
    as_of: date,
    period: Period = "month",
    window_days: int | None = None,
    horizon: int = 12,
    split_by: Sequence[str] = (),
    max_groups: int = 5,
) -> pd.DataFrame:
    """Counts and power sums by cohort and age, unobserved cells included and empty.

    With ``split_by`` the rows of everyone come first, with ``all`` in the split's columns.

    Parameters
    ----------
    first_orders, purchases : staged tables
    movements : ``purchases.money_movements``; money of an order before the acquisition (wholly
        refunded) is not the cohort's
    window_days : age in exact windows of so many days; in calendar periods without it

    Returns
    -------
    Columns: the split's, cohort (``2017-01``, ``2017-W05``, ``2017-Q1``), age, cohort_size,
    active, complete, observed, and for each of orders, net_sales, contribution_margin and their
    ``cumulative_`` forms ``<name>_total``, ``_squares``, ``_cubes`` over the cohort's customers
    (exact decimals).
    """
    if split_by:
        same = {"as_of": as_of, "period": period, "window_days": window_days, "horizon": horizon}
        whole = cells(first_orders, purchases, movements, **same)
        whole = whole.assign(**dict.fromkeys(split_by, ALL))
        for name in split_by:
            first_orders = with_groups(first_orders, name, max_groups=max_groups)
    unit = UNITS[period]
    starts = first_orders.select(
        "customer_id", "first_on", *split_by, start=first_orders.first_on.truncate(unit)
    )
    keys = [*split_by, "start"]
    sizes = starts.group_by(keys).aggregate(
        cohort_size=starts.count(), first=starts.first_on.min(), last=starts.first_on.max()
    )
    lots = movements.mutate(lot=movements.customer_id.right(3))  # no customer has more than a lot
    kept = decimals(lots, "net_sales", "contribution_margin", by="lot")
    values = _by_customer_and_age(
        starts, purchases, movements, keys, as_of, unit, window_days, horizon, kept
    )
    measures = {"active": values.count(where=values.active > 0)}
    for name in VALUES:
        measures |= _power_sums(name, values[name], None)
        measures |= _power_sums(f"cumulative_{name}", values[f"so_far_{name}"], values[name])
    counted = values.group_by([*keys, "age"]).aggregate(**measures).to_pandas()
    grid = _grid(counted, sizes.to_pandas(), keys, as_of, period, window_days, horizon)
    return pd.concat([whole[grid.columns], grid], ignore_index=True) if split_by else grid


def _by_customer_and_age(
    starts: ir.Table,
    purchases: ir.Table,
    movements: ir.Table,
    keys: Sequence[str],
    as_of: date,
    unit: str,
    window_days: int | None,
    horizon: int,
    kept: int,
) -> ir.Table:
    """One row a customer and age with activity or money: the keys, which are the customer's, the
    values and their sums so far."""
    bought = purchases.select(
        "customer_id",
        on="purchased_on",
        ordered_on="purchased_on",
        active=ibis.literal(1),
        orders=purchases.orders,
        net_sales=ibis.literal(0).cast("decimal(18, 4)"),
        contribution_margin=ibis.null("decimal(18, 4)"),  # unknown is not zero
    )
    paid = movements.filter(movements.customer_id.notnull()).select(
        "customer_id",
        on="moved_on",
        ordered_on="ordered_on",
        active=ibis.literal(0),
        orders=ibis.literal(0).cast("int64"),
        net_sales="net_sales",
        contribution_margin="contribution_margin",
    )
    both = bought.union(paid).join(starts, "customer_id")
    aged = both.mutate(age=_age(both.on, both.first_on, both.start, unit, window_days))
    seen = aged.filter(
        (aged.ordered_on >= aged.first_on)
        & (aged.age <= horizon)
        & (aged.on <= ibis.literal(as_of))
    )
    sums = seen.group_by("customer_id", "age").aggregate(
        active=seen.active.sum(),
        **{key: seen[key].min() for key in keys},
        **{name: narrow(seen[name].sum(), decimals=kept) for name in VALUES},
    )
    until_now = ibis.window(
        group_by=sums.customer_id, order_by=sums.age, preceding=None, following=0
    )
    return sums.mutate(
        **{
            f"so_far_{name}": narrow(sums[name].sum().over(until_now), decimals=kept)
            for name in VALUES
        }
    )


def _age(
    on: ir.DateValue, first_on: ir.DateValue, start: ir.DateValue, unit: str, window: int | None
) -> ir.IntegerValue:
    if window is not None:
        return (on.delta(first_on, unit="day") / window).floor().cast("int64")
    if unit == "W":
        return (on.truncate("W").delta(start, unit="day") / 7).floor().cast("int64")
    months = (on.year() - start.year()) * 12 + on.month() - start.month()
    return (months / (3 if unit == "Q" else 1)).floor().cast("int64")


def _power_sums(
    name: str, value: ir.DecimalValue, step: ir.DecimalValue | None
) -> dict[str, ir.Value]:
    """Σx, Σx², Σx³; for a running sum what the step adds to them, to be summed over ages."""
    before = None
    if step is not None:
        before = narrow(value - step, decimals=value.type().scale)
    sums = {}
    for exponent, suffix in enumerate(POWERS, start=1):
        now = power(value, exponent)
        added = now if before is None else now - power(before, exponent)
        sums[f"{name}_{suffix}"] = added.sum()
    return sums


def _grid(
    counted: pd.DataFrame,
    sizes: pd.DataFrame,
    keys: list[str],
    as_of: date,
    period: Period,
    window_days: int | None,
    horizon: int,
) -> pd.DataFrame:
    """Every cohort at every age: observed zero, incomplete and unobserved told apart."""
    grid = sizes.merge(pd.DataFrame({"age": range(horizon + 1)}), how="cross")
    grid = grid.merge(counted, on=[*keys, "age"], how="left")
    observed, complete = [], []
    for row in grid.itertuples():
        start, end = _day(row.start), _period_end(_day(row.start), period)
        if window_days is None:
            begins = _shift(start, period, row.age)
            ends = _period_end(begins, period)
        else:
            begins = _day(row.first) + timedelta(days=row.age * window_days)
            ends = max(end, _day(row.last) + timedelta(days=(row.age + 1) * window_days - 1))
        observed.append(begins <= as_of)
        complete.append(ends <= as_of)
    grid["observed"], grid["complete"] = observed, complete
    grid["cohort"] = [cohort_name(_day(start), period) for start in grid["start"]]
    sums = [f"{c}{name}_{p}" for c in ("", "cumulative_") for name in VALUES for p in POWERS]
    for name in ["active", *sums]:
        filled = grid[name].astype(object).where(grid[name].notna(), Decimal(0))
        grid[name] = filled.where(grid["observed"], None)
    grid = grid.sort_values([*keys, "age"], kind="stable").reset_index(drop=True)
    for name in [s for s in sums if s.startswith("cumulative_")]:
        grid[name] = grid.groupby(keys, sort=False)[name].transform(_running)
    no_margin = counted["contribution_margin_total"].isna().all()
    if no_margin:
        grid = grid.drop(columns=[s for s in sums if "contribution_margin" in s])
    grid["active"] = pd.array(
        [None if v is None else int(v) for v in grid["active"]], dtype="Int64"
    )
    return grid.drop(columns=["start", "first", "last"])


def _running(values: pd.Series) -> pd.Series:
    total, sums = Decimal(0), []
    for value in values:
        total = total if value is None else total + value
        sums.append(None if value is None else total)
    return pd.Series(sums, index=values.index, dtype=object)


def _day(value: object) -> date:
    return pd.Timestamp(value).date()


def _shift(start: date, period: Period, ages: int) -> date:
    if period == "week":
        return start + timedelta(weeks=ages)
    months = start.month - 1 + ages * (3 if period == "quarter" else 1)
    return date(start.year + months // 12, months % 12 + 1, 1)


def _period_end(start: date, period: Period) -> date:
    return _shift(start, period, 1) - timedelta(days=1)


def cohort_name(start: date, period: Period) -> str:
    """What the cohort of a period is called, by its first day: ``2017-01``, ``2017-W05``."""
    if period == "week":
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02d}"
    if period == "quarter":
        return f"{start.year}-Q{(start.month + 2) // 3}"
    return f"{start:%Y-%m}"
