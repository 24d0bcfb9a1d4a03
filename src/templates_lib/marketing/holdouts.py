"""What a channel truly adds: tests that left people out, and the test that is still to be run.

Return on marketing investment (ROMI) is (incremental margin − cost) / cost, and only a recorded
test tells what is incremental.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.marketing import spend
from templates_lib.marketing.attribution import Clicks
from templates_lib.purchase_survey import discovery
from templates_lib.sources.engine import one
from templates_lib.stats.trials import mean_test_size, ratio_difference, visible_change

KEYS = ["channel", "date_from", "date_to"]
TESTS = [
    *KEYS, "regions", "regions_held_out", "units", "units_held_out", "sales_per_unit",
    "sales_per_unit_held_out", "added_per_unit", "added_per_unit_low", "added_per_unit_high",
    "incremental_sales", "incremental_sales_low", "incremental_sales_high", "margin_of_sales",
    "incremental_margin", "incremental_margin_low", "incremental_margin_high", "spend",
    "spread_share", "romi", "romi_low", "romi_high", "attributed_romi", "break_even_per_unit",
    "regions_needed",
]  # fmt: skip
PLANS = [
    "channel", "tested", "weekly_cost", "weekly_sales", "weekly_sales_sd", "margin_of_sales",
    "break_even_sales", "regions_needed", "weeks_needed", "weeks_needed_low",
    "weeks_needed_high", "orders_needed", "cost_for_short_test",
]  # fmt: skip
WEEK = 7
MIN_WEEKS, MOST_WEEKS = 26, 52  # of sales by week: the least, and so many of the last
COST_WEEKS = 13
NONE = pd.DataFrame(columns=TESTS)  # no test has been run
REGIONS = 10  # an arm, of a test to be run
SHORT, LONG = 8, 26  # weeks: of a short test, and the longest that is proposed
DAYS_A_YEAR = 365


class Margin(NamedTuple):
    """Contribution margin / net sales of the counted orders, and the declared one without it."""

    movements: ir.Table
    declared: float | None

    def share(self, start: date, end: date) -> float:
        """Of the days from ``start`` to ``end``, both in it; nan where no margin is known."""
        own = self.movements.filter(self.movements.moved_on.between(start, end))
        sums = one(own, margin=own.contribution_margin.sum(), sales=own.net_sales.sum())
        if sums["margin"] is not None and sums["sales"]:
            return float(sums["margin"]) / float(sums["sales"])
        return np.nan if self.declared is None else self.declared


def recorded(holdouts: ir.Table, *, channels: discovery.Names, as_of: date) -> pd.DataFrame:
    """The arms of tests that ended by ``as_of``, a row a region; a running test is not looked at.

    Parameters
    ----------
    channels : name: its names in the costs as ``spend``; a test may use the name itself

    Returns
    -------
    Columns: channel, date_from, date_to (dates), arm (``test``, ``holdout``), units, net_sales.
    Rows without days, people or sales are left out, and so are tests that lack an arm.
    """
    known = holdouts.filter(
        holdouts.start.notnull(), holdouts.end <= ibis.literal(as_of), holdouts.units > 0,
        holdouts.net_sales.notnull(),
    )  # fmt: skip
    found = known.select(
        "channel", "arm", date_from="start", date_to="end",
        units=known.units.cast("float64"), net_sales=known.net_sales.cast("float64"),
    ).to_pandas()  # fmt: skip
    raw = found["channel"].astype("object")
    by_cost = discovery.named(raw, "spend", channels)
    found["channel"] = by_cost.where(by_cost != discovery.OTHER, raw.str.casefold())
    for name in ("date_from", "date_to"):
        found[name] = pd.to_datetime(found[name]).dt.date
    both = found.groupby(KEYS)["arm"].transform("nunique") == 2
    order = [*KEYS, "arm", "units", "net_sales"]
    return found.loc[both, order].sort_values(order, ignore_index=True)


def measured(
    rows: pd.DataFrame,
    costs: pd.DataFrame,
    margin: Margin,
    *,
    clicks: Clicks | None = None,
    clicked: ir.Table | None = None,
) -> pd.DataFrame:
    """What each test says of its channel, and beside it what the last click credits it with.

    Sales per unit of the arms over their regions, the difference times the units that saw the
    advertising, times the margin of those days, against the channel's cost in those days. The
    interval is Welch's over regions (``stats.trials.ratio_difference``): one region an arm has
    none, and then there is no ROMI. Cost and margin are taken as known.

    Parameters
    ----------
    rows : of ``recorded``
    costs : of ``spend.costs``; longer stretches count for their days in the test
    clicks, clicked : last clicks, and ``money_movements`` with the ``channel`` of each order

    Returns
    -------
    One row a test. Columns: channel, date_from, date_to, regions and units of those who saw it and
    of those held out, sales_per_unit of both, added_per_unit, incremental_sales,
    incremental_margin, romi (each with low and high), margin_of_sales, spend, spread_share,
    attributed_romi (empty unless clicks are known all the time), break_even_per_unit (sales per
    unit at which the margin is the cost) and regions_needed (an arm, by which that difference
    shows in four of five tests; only of a test that leaves it open).
    """
    made = [
        _test(key, own, costs, margin, clicks, clicked)
        for key, own in rows.groupby(KEYS, sort=True)
    ]
    return pd.DataFrame(made, columns=TESTS).astype({"regions_needed": "Int64"})


def _test(
    key: tuple[str, date, date], own: pd.DataFrame, costs: pd.DataFrame, margin: Margin,
    clicks: Clicks | None, clicked: ir.Table | None,
) -> dict[str, Any]:  # fmt: skip
    channel, start, end = key
    arms = [own[own["arm"] == arm] for arm in ("test", "holdout")]
    shown, held = arms
    found = ratio_difference(shown.net_sales, shown.units, held.net_sales, held.units)
    units, cost = shown["units"].sum(), _cost(costs, channel, start, end)
    share = margin.share(start, end)
    row: dict[str, Any] = dict(zip(KEYS, key, strict=True)) | {
        "regions": len(shown), "regions_held_out": len(held), "units": units,
        "units_held_out": held["units"].sum(), "margin_of_sales": share, "spend": cost.total,
        "spread_share": cost.spread_share, "regions_needed": None,
        "sales_per_unit": shown["net_sales"].sum() / units,
        "sales_per_unit_held_out": held["net_sales"].sum() / held["units"].sum(),
    }  # fmt: skip
    has_interval = not np.isnan(found.low)
    for suffix, added in (("", found.estimate), ("_low", found.low), ("_high", found.high)):
        row[f"added_per_unit{suffix}"] = added
        row[f"incremental_sales{suffix}"] = added * units
        row[f"incremental_margin{suffix}"] = added * units * share
        has_romi = has_interval and cost.total > 0
        row[f"romi{suffix}"] = added * units * share / cost.total - 1 if has_romi else np.nan
    row["attributed_romi"] = _attributed(channel, start, end, cost.total, clicks, clicked)
    row["break_even_per_unit"] = cost.total / share / units if share > 0 else np.nan
    if row["romi_low"] <= 0 <= row["romi_high"]:
        row["regions_needed"] = mean_test_size(found.sd, row["break_even_per_unit"])
    return row


class _Cost(NamedTuple):
    total: float
    spread_share: float


def _cost(costs: pd.DataFrame, channel: str, start: date, end: date) -> _Cost:
    """A channel's cost on some days, and the share of it from stretches that reach beyond them."""
    own = costs[costs["channel"] == channel]
    parts = spend.between(own, start, end)
    if not parts.sum() > 0:
        return _Cost(np.nan, np.nan)
    beyond = (own["date"] < pd.Timestamp(start)) | (own["date_to"] > pd.Timestamp(end))
    return _Cost(float(parts.sum()), float(parts[beyond].sum() / parts.sum()))


def _attributed(
    channel: str, start: date, end: date, cost: float, clicks: Clicks | None,
    clicked: ir.Table | None,
) -> float:  # fmt: skip
    if clicks is None or clicked is None or channel not in clicks.paid:
        return np.nan
    if not clicks.start <= start <= end <= clicks.end:
        return np.nan
    own = clicked.filter((clicked.channel == channel) & clicked.moved_on.between(start, end))
    margin = one(own, margin=own.contribution_margin.sum())["margin"]
    return np.nan if margin is None else float(margin) / cost - 1


def answered(tests: pd.DataFrame) -> pd.DataFrame:
    """The tests with a ROMI that is above or below 0 beyond chance; of a channel the last one."""
    sure = tests[(tests["romi_low"] > 0) | (tests["romi_high"] < 0)]
    return sure.drop_duplicates("channel", keep="last").reset_index(drop=True)


def view(tests: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``measured`` that a page shows, without those that are nowhere known."""
    names = [*KEYS, "regions", "units", "added_per_unit", "added_per_unit_low",
             "added_per_unit_high", "spend", "romi", "romi_low", "romi_high", "attributed_romi",
             "break_even_per_unit", "regions_needed"]  # fmt: skip
    return tests[names].dropna(axis=1, how="all")


def lost_a_year(test: Mapping[str, Any]) -> dict[str, float]:
    """Cost less incremental margin of a test as that of a year: estimate, low, high."""
    days = (test["date_to"] - test["date_from"]).days + 1
    ends = {"estimate": "romi", "low": "romi_high", "high": "romi_low"}
    return {
        end: -float(test[name] * test["spend"]) * DAYS_A_YEAR / days for end, name in ends.items()
    }


def weekly_sales(orders: ir.Table, *, as_of: date) -> pd.DataFrame:
    """Net sales and orders of the last 52 whole weeks, Monday to Sunday; one without is 0.

    Returns
    -------
    Columns: week (its Monday), net_sales, orders. A week in which the file begins is left out.
    """
    counted = orders.filter(orders.ordered_on <= ibis.literal(as_of))
    weeks = counted.group_by(week=counted.ordered_on.truncate("W").cast("date")).aggregate(
        net_sales=counted.net_sales.sum().cast("float64"), orders=counted.count(),
        first=counted.ordered_on.min(),
    )  # fmt: skip
    found = weeks.order_by("week").to_pandas()
    found["week"] = pd.to_datetime(found["week"])
    end = pd.Timestamp(as_of) - pd.Timedelta(days=(as_of.weekday() + 1) % WEEK)
    if len(found) and pd.Timestamp(found["first"].iloc[0]) > found["week"].iloc[0]:
        found = found.iloc[1:]
    whole = found[found["week"] <= end].set_index("week")[["net_sales", "orders"]]
    if whole.empty:
        return whole.reset_index()
    last = end - pd.Timedelta(days=WEEK - 1)
    every = pd.date_range(whole.index.min(), last, freq="W-MON", name="week")
    return whole.reindex(every, fill_value=0).tail(MOST_WEEKS).reset_index()


class Noise(NamedTuple):
    """How net sales move from week to week, without trend and season; ``low`` and ``high`` are the
    ends of the interval of ``sd``, ``n`` the weeks."""

    sd: float
    low: float
    high: float
    n: int


def noise(sales: pd.Series) -> Noise:
    """Standard deviation by the mean square of successive differences / 2.

    Its degrees of freedom are 2 (n − 1)² / (3 n − 4), by its variance under normal values.

    References
    ----------
    von Neumann, Kent, Bellinson and Hart (1941), Annals of Mathematical Statistics 12:153.
    """
    values = sales.to_numpy(float)
    n = len(values)
    variance = np.mean(np.diff(values) ** 2) / 2
    freedom = 2 * (n - 1) ** 2 / (3 * n - 4)
    ends = freedom / stats.chi2.isf([0.025, 0.975], freedom)
    return Noise(float(np.sqrt(variance)), *(float(np.sqrt(variance * e)) for e in ends), n)


def planned(
    costs: pd.DataFrame,
    weeks: pd.DataFrame,
    margin: Margin,
    tests: pd.DataFrame,
) -> pd.DataFrame:
    """The test that would settle whether a channel pays, for each that no test has settled.

    Regions of like size are drawn into two arms of ten, and one arm sees no advertising of the
    channel for w weeks. If the channel only just pays, the other arm sells w c / (2 m) more (c
    its cost a week, m the margin of sales), and the difference of the arms has the standard
    deviation s √w, s that of net sales by week. The t-test over regions sees this in four of five
    such tests from w = 2 k (d s m / c)² weeks on, d the least visible change of k regions an arm.

    Parameters
    ----------
    weeks : of ``weekly_sales``; no rows under 26 of them
    tests : of ``measured``; what they have settled is not asked again

    Returns
    -------
    Columns: channel, tested (``no_test``, ``undecided``), weekly_cost (of the last 13 weeks),
    weekly_sales, weekly_sales_sd, margin_of_sales, break_even_sales (a week, of the whole
    channel), regions_needed (an arm), weeks_needed with low and high (by the interval of the
    standard deviation), orders_needed (an arm, in that time), cost_for_short_test (a week, at
    which eight weeks are enough). The shortest first.
    """
    if len(weeks) < MIN_WEEKS:
        return pd.DataFrame(columns=PLANS)
    first, last = (pd.Timestamp(weeks["week"].iloc[place]).date() for place in (0, -1))
    end = last + timedelta(days=WEEK - 1)
    share, sd = margin.share(first, end), noise(weeks["net_sales"])
    begin = end - timedelta(days=COST_WEEKS * WEEK - 1)
    settled, seen = set(answered(tests)["channel"]), set(tests["channel"])
    rows = []
    for channel in sorted(set(costs["channel"]) - settled):
        cost = _cost(costs, channel, begin, end).total / COST_WEEKS
        if not (cost > 0 and share > 0 and sd.sd > 0):
            continue
        lengths = [_weeks(each, share, cost) for each in sd[:3]]
        sales, orders = weeks["net_sales"].mean(), weeks["orders"].mean() * np.ceil(lengths[0]) / 2
        rows.append(
            [channel, "undecided" if channel in seen else "no_test", cost, sales, sd.sd, share,
             cost / share, REGIONS, *(int(np.ceil(w)) for w in lengths), int(np.ceil(orders)),
             cost * np.sqrt(lengths[0] / SHORT)]
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=PLANS)
    return table.sort_values(["weeks_needed", "channel"], ignore_index=True)


def _weeks(sd: float, margin: float, cost: float) -> float:
    return 2 * REGIONS * (visible_change(REGIONS) * sd * margin / cost) ** 2


def short(plans: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``planned`` that a page shows."""
    names = ["channel", "tested", "weekly_cost", "break_even_sales", "weekly_sales_sd",
             "weeks_needed", "weeks_needed_low", "weeks_needed_high", "orders_needed"]  # fmt: skip
    return plans[names]
