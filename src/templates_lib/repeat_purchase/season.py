"""Whether customers come back more in some months of the year than in others.

Of those not back yet, the second purchases in a month against those expected at the usual rates by
the time since the first purchase: a month with many recent customers is not called a good one.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.stats.standardised_rates import expected_events, standardised_ratios

# Days since the first purchase at which a stratum begins; narrow where the rate changes fast.
EDGES = (1, 8, 15, 22, 29, 36, 43, 50, 57, 71, 92, 122, 152, 182, 227, 272, 318, 366, 412, 457,
         548, 731)  # fmt: skip
YEAR = 12
LEAST_EXPECTED = 10
MAX_P = 0.05
SEASON = ["month_of_year", "at_risk_days", "returns", "returns_per_1000_days", "expected_returns",
          "times_expected", "low", "high"]  # fmt: skip
ORIGIN = date(1970, 1, 1)


def exposures(first_orders: ir.Table, *, as_of: date) -> pd.DataFrame:
    """Second purchases and days at risk by calendar month and time since the first purchase.

    A customer is at risk from the day after the first purchase until the second or ``as_of``. A
    second purchase on the day of the first is left out.

    Returns
    -------
    Columns: month (``2026-10``), days_from (where the stratum begins), events, time (customer-days
    at risk). Every whole month from the first one with a day at risk to ``as_of`` has all strata.
    """
    end = ibis.coalesce(first_orders.second_on, ibis.literal(as_of))
    spans = first_orders.select(
        first=first_orders.first_on.delta(ibis.literal(ORIGIN), unit="day"),
        end=end.delta(ibis.literal(ORIGIN), unit="day"),
        event=first_orders.second_on.notnull(),
    )
    spans = spans.filter(spans.end > spans.first)
    spans = spans.group_by("first", "end", "event").aggregate(customers=spans.count())
    months = _whole_months(spans, as_of)
    if months.empty:
        return pd.DataFrame(columns=["month", "days_from", "events", "time"])
    in_month = ibis.memtable(months)
    overlap = [spans.first < in_month.month_end, spans.end >= in_month.month_begin]
    inside = spans.join(in_month, overlap)
    sums: dict[str, ir.Scalar] = {}
    for number, begin in enumerate(EDGES):
        last = inside.month_end
        if number + 1 < len(EDGES):
            last = ibis.least(last, inside.first + EDGES[number + 1] - 1)
        until = ibis.least(last, inside.end)
        since = ibis.greatest(inside.first + begin, inside.month_begin)
        days = ibis.greatest(until - since + 1, 0)
        is_here = inside.event & (inside.end >= since) & (inside.end <= last)
        sums[f"time_{begin}"] = (days * inside.customers).sum()
        sums[f"events_{begin}"] = inside.customers.sum(where=is_here).fill_null(0)
    counted = inside.group_by("month").aggregate(**sums).order_by("month").to_pandas()
    long = pd.wide_to_long(counted, ["events", "time"], i="month", j="days_from", sep="_")
    return long.reset_index().sort_values(["month", "days_from"], ignore_index=True)


def _whole_months(spans: ir.Table, as_of: date) -> pd.DataFrame:
    """The calendar months that ended by ``as_of``: month, month_begin, month_end (day numbers)."""
    first = spans.first.min().execute()
    if pd.isna(first):
        return pd.DataFrame(columns=["month", "month_begin", "month_end"])
    begin = pd.Timestamp(ORIGIN) + pd.Timedelta(days=int(first) + 1)
    months = pd.period_range(begin.to_period("M"), pd.Timestamp(as_of).to_period("M"))
    months = months[months.end_time.normalize() <= pd.Timestamp(as_of)]
    since = pd.Timestamp(ORIGIN)
    return pd.DataFrame(
        {
            "month": months.astype(str),
            "month_begin": (months.start_time - since).days.astype("int64"),
            "month_end": (months.end_time.normalize() - since).days.astype("int64"),
        }
    )


class Season(NamedTuple):
    """Months of the year compared; ``p_value`` is nan with a single year, ``years`` whole years
    up to the last whole month, n second purchases in them."""

    table: pd.DataFrame
    p_value: float
    dispersion: float
    years: int
    n: int


def season(exposed: pd.DataFrame) -> Season | None:
    """Returns by month of the year, standardised for the time since the first purchase.

    Only whole years count, twelve months each, back from the last whole month: each holds every
    month once, and its own level is taken out.

    Parameters
    ----------
    exposed : of ``exposures``

    Returns
    -------
    None without a whole year, or where a month expects under 10 returns. The table's columns:
    month_of_year (1 to 12), at_risk_days, returns, returns_per_1000_days (at risk),
    expected_returns, times_expected (returns / expected_returns), low, high (of the latter; widened
    by Bonferroni for twelve months, and by how much the same months vary between the years).
    """
    months = sorted(exposed["month"].unique())
    years = len(months) // YEAR
    kept = months[len(months) - years * YEAR :]
    place = pd.Series(np.arange(len(kept)) // YEAR, index=kept, dtype="int64")
    own = exposed[exposed["month"].isin(kept)]
    if not years:
        return None
    number = own["month"].str[-2:].astype("int64")
    own = own.assign(month_of_year=number, year=own["month"].map(place))
    units = expected_events(own, stratum="days_from", unit=["month_of_year", "year"])
    found = standardised_ratios(
        units, group="month_of_year", block="year", confidence=1 - MAX_P / YEAR
    )
    if len(found.ratios) < YEAR or found.ratios["expected"].min() < LEAST_EXPECTED:
        return None
    time = units.groupby("month_of_year")["time"].sum().to_numpy()
    names = {"observed": "returns", "expected": "expected_returns", "ratio": "times_expected"}
    table = found.ratios.rename(columns=names)
    table = table.assign(at_risk_days=time, returns_per_1000_days=1000 * table["returns"] / time)[
        SEASON
    ]
    return Season(table, found.p_value, found.dispersion, years, found.n)


def standing_out(found: Season) -> pd.DataFrame:
    """The months that differ from the others beyond chance, the furthest first; none where all
    together do not, or where a single year was observed."""
    if not found.p_value < MAX_P:
        return found.table.iloc[:0]
    table = found.table[(found.table["low"] > 1) | (found.table["high"] < 1)]
    return table.sort_values("times_expected", key=lambda times: -np.log(times.clip(1e-9)).abs())
