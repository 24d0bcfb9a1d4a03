"""What new customers bring month by month, against what it cost to win them.

A month is 30 days since a customer's own first purchase. At each month only cohorts count whose
last joiner has had all of it: nothing is projected.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib import activity
from templates_lib.language import tr
from templates_lib.sources.engine import one
from templates_lib.stats import intervals
from templates_lib.stats.power_sums import POWERS, decimals, narrow, power
from templates_lib.stats.totals import margin_multiple, ratio_interval

MONTH_DAYS = 30
MIN_CUSTOMERS = 30
NOT_YET = "outside"  # customers of a time in which no clicks are known
MARGIN = "cumulative_contribution_margin"
CURVE = ["months", "n", "margin", "low", "high", "discounted", "discounted_low",
         "discounted_high"]  # fmt: skip


class Grids(NamedTuple):
    """Margins by month of the first purchase, channel and age: as they are, and discounted."""

    plain: pd.DataFrame
    discounted: pd.DataFrame


def grids(
    customers: ir.Table,
    purchases: ir.Table,
    movements: ir.Table,
    *,
    as_of: date,
    months: int,
    discount_rate: float,
    channels: int = 0,
) -> Grids | None:
    """The counts and power sums that ``curve`` is made of; None where no margin is known.

    Parameters
    ----------
    customers : of ``attribution.of_customers``
    movements : ``purchases.money_movements``
    months : how far to look, months of 30 days
    discount_rate : a year; margin of so many days after the first purchase is worth less by it
    channels : how many channels to tell apart
    """
    split = ["channel"] if channels else []
    asked = {
        "as_of": as_of, "period": "month", "window_days": MONTH_DAYS, "horizon": months - 1,
        "split_by": split, "max_groups": channels + 3,
    }  # fmt: skip
    known = customers.mutate(channel=customers.channel.fill_null(NOT_YET))
    plain = activity.cells(known, purchases, movements, **asked)
    if f"{MARGIN}_total" not in plain:
        return None
    later = _discounted(movements, customers, discount_rate)
    return Grids(plain, activity.cells(known, purchases, later, **asked))


def _discounted(movements: ir.Table, customers: ir.Table, rate: float) -> ir.Table:
    joined = movements.left_join(customers.select("customer_id", "first_on"), "customer_id")
    age = joined.moved_on.delta(joined.first_on, unit="day").fill_null(0).clip(lower=0)
    worth = (age.cast("float64") * (-np.log1p(rate) / 365)).exp()
    margin = joined.contribution_margin.cast("float64") * worth
    return joined.select(
        *[name for name in movements.columns if name != "contribution_margin"],
        contribution_margin=margin.cast(movements.contribution_margin.type()),
    )


def curve(
    grids: Grids, *, start: date, end: date, channels: Collection[str] | None = None
) -> pd.DataFrame:
    """Cumulative margin per new customer by month since the first purchase.

    Parameters
    ----------
    start, end : first purchases in the months from that of ``start`` to that of ``end``
    channels : of these channels; of all customers without it

    Returns
    -------
    Columns: months, n (customers observed so long), margin, low, high (Hall's interval), and the
    same discounted: discounted, discounted_low, discounted_high. It ends where fewer than 30
    customers are observed.
    """
    parts = [_averages(grid, start, end, channels) for grid in grids]
    plain, later = parts
    renamed = later.rename(
        columns={"margin": "discounted", "low": "discounted_low", "high": "discounted_high"}
    )
    return plain.merge(renamed.drop(columns="n"), on="months")[CURVE]


def _averages(
    grid: pd.DataFrame, start: date, end: date, channels: Collection[str] | None
) -> pd.DataFrame:
    if "channel" in grid:
        chosen = grid["channel"].isin([activity.ALL] if channels is None else list(channels))
        grid = grid[chosen]
    months = (f"{start:%Y-%m}", f"{end:%Y-%m}")
    own = grid[grid["cohort"].between(*months) & grid["complete"]]
    rows = []
    for age, part in own.groupby("age", sort=True):
        n = int(part["cohort_size"].sum())
        if n < MIN_CUSTOMERS or age != len(rows):
            break
        sums = [sum(part[f"{MARGIN}_{power}"]) for power in POWERS]
        low, high = intervals.mean_interval(n, *sums)
        rows.append([age + 1, n, float(sums[0]) / n, float(low), float(high)])
    return pd.DataFrame(rows, columns=["months", "n", "margin", "low", "high"])


class Payback(NamedTuple):
    """When a new customer's margin covers the cost: empty where it has not yet.

    ``low`` and ``high`` are the first months in which the ends of the interval of margin / cost
    reach 1. ``ltv_cac`` is the discounted margin / the cost.
    """

    is_paid_back: bool
    payback_months: float
    payback_months_low: float
    payback_months_high: float
    ltv_cac: float
    ltv_cac_low: float
    ltv_cac_high: float


def payback(own: pd.DataFrame, months: int, cac: float, low: float, high: float) -> Payback:
    """Payback, and LTV:CAC over so many months, from a ``curve`` and the cost of a new customer
    with its interval."""
    ratios = (own["margin"] / cac, *ratio_interval(
        own["margin"], own["low"], own["high"], cac, low, high
    ))  # fmt: skip
    found, last, first = (_first_month(own["months"], np.asarray(each)) for each in ratios)
    end = own.iloc[months - 1]
    worth = ratio_interval(
        end["discounted"], end["discounted_low"], end["discounted_high"], cac, low, high
    )
    return Payback(
        not np.isnan(found), found, first, last,
        float(end["discounted"] / cac), *(float(v) for v in worth),
    )  # fmt: skip


def headline(row: pd.Series, cost: str) -> str:
    """What a new customer costs, and when a row of ``marketing.measures`` is paid back."""
    if not row["is_paid_back"]:
        return tr(
            "A new customer costs {cost} and has not paid that back by month {month}",
            cost=cost, month=row["months"],
        )  # fmt: skip
    if row["payback_months"] == 1:
        return tr(
            "A new customer costs {cost} and pays that back with the first month's margin",
            cost=cost,
        )
    return tr(
        "A new customer costs {cost} and pays that back in month {month}",
        cost=cost, month=f"{row['payback_months']:.0f}",
    )  # fmt: skip


def sureness_in_words(row: pd.Series) -> str:
    """Between which months it very likely is paid back; nothing where that is one month."""
    first, last = row["payback_months_low"], row["payback_months_high"]
    if first == last:
        return ""
    if np.isnan(last):
        if row["is_paid_back"]:
            return tr("It may also take longer than that.")
        return "" if np.isnan(first) else tr("It may be as early as month {n}.", n=f"{first:.0f}")
    return tr(
        "Very likely it is paid back between month {first} and {last}.",
        first=f"{first:.0f}", last=f"{last:.0f}",
    )  # fmt: skip


def _first_month(months: pd.Series, ratio: np.ndarray) -> float:
    reached = np.flatnonzero(ratio >= 1)
    return float(months.iloc[reached[0]]) if len(reached) else np.nan


class Steady(NamedTuple):
    """Margin of the second year over that of the first, and what the first year holds of all the
    years that follow if each keeps the same share, discounted."""

    retention: float
    low: float
    high: float
    first_share: float
    first_low: float
    first_high: float
    n: int


def steady(
    customers: ir.Table, movements: ir.Table, *, discount_rate: float, as_of: date
) -> Steady | None:
    """Whether a horizon of a year cuts off much, by the margin multiple of steady retention.

    Of customers observed for two years of twelve months of 30 days. The interval of the ratio
    takes the two years as independent, which makes it too wide rather than too narrow. None with
    fewer than 30 customers, without a margin, or where the second year may hold as much as the
    first, by which the sum of later years has no end.
    """
    year = 12 * MONTH_DAYS
    followed = ibis.literal(as_of).delta(customers.first_on, unit="day") + 1
    firsts = customers.filter(followed >= 2 * year).select("customer_id", "first_on")
    n = int(firsts.count().execute())
    joined = movements.join(firsts, "customer_id")
    age = joined.moved_on.delta(joined.first_on, unit="day")
    margin = joined.contribution_margin
    own = joined.filter((joined.ordered_on >= joined.first_on) & (age < 2 * year))
    each = own.group_by("customer_id").aggregate(
        first=margin.sum(where=age < year), second=margin.sum(where=age >= year)
    )
    kept = decimals(each, "first", "second")
    sums = one(
        each,
        **{
            f"{name}_{suffix}": power(narrow(each[name], decimals=kept), exponent).sum()
            for name in ("first", "second")
            for exponent, suffix in enumerate(POWERS, start=1)
        },
    )
    if n < MIN_CUSTOMERS or sums["first_total"] is None or sums["second_total"] is None:
        return None
    ends = []
    for name in ("second", "first"):
        powers = [sums[f"{name}_{suffix}"] for suffix in POWERS]
        low, high = intervals.mean_interval(n, *powers)
        ends += [float(powers[0]) / n, float(low), float(high)]
    if ends[3] <= 0:
        return None
    found = [ends[0] / ends[3], *(float(end) for end in ratio_interval(*ends))]
    if not all(0 <= r < 1 for r in found):
        return None
    of_all = [float(1 / (1 + margin_multiple(r, discount_rate))) for r in found]
    return Steady(*found, of_all[0], of_all[2], of_all[1], n)
