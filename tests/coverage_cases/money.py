"""Means, sums and ratios of money, which is skewed and can be below zero."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
from scipy import stats

from coverage_cases.case import Case, Claim, Intervals, Simulation, each
from coverage_cases.populations import (
    HEAVY_LOSSES,
    LOSS_MAKERS,
    RARE_GIANTS,
    Money,
    log_normal,
    with_zeros,
)
from templates_lib.customer_value import customer_value, later_value, loss_makers, movement
from templates_lib.marketing import channel_value, holdouts, payback
from templates_lib.purchase_survey import non_response
from templates_lib.stats import shrinkage
from templates_lib.stats.intervals import mean_interval
from templates_lib.stats.totals import count_interval, ratio_interval, total_interval
from templates_lib.stats.trials import ratio_difference

Z = stats.norm.isf(0.025)
USUAL = (log_normal(1.0), LOSS_MAKERS, with_zeros(0.7, log_normal(1.0)))
TAILS = (log_normal(1.5), with_zeros(0.95, log_normal(1.0)), HEAVY_LOSSES, RARE_GIANTS)
TAIL = "A few customers hold much of the sum; see decision 2."


def _sums(x: np.ndarray) -> tuple[np.ndarray, ...]:
    return tuple((x**k).sum(axis=-1) for k in (1, 2, 3))


def _mean(money: Money, n: int) -> Simulation:
    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        return *mean_interval(n, *_sums(money.draw(rng, (shops, n)))), money.mean

    return simulation


def _bought(rng: np.random.Generator, money: Money, expected: float, shops: int) -> np.ndarray:
    """Values of a random number of customers, 0 beyond them, one row a shop."""
    counts = rng.poisson(expected, shops)
    values = money.draw(rng, (shops, counts.max()))
    return values * (np.arange(counts.max()) < counts[:, None])


def _total(money: Money, expected: float) -> Simulation:
    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        sums = _sums(_bought(rng, money, expected, shops))
        return *total_interval(*sums), expected * money.mean

    return simulation


def _count(expected: float) -> Simulation:
    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        mean = expected * rng.uniform(0.5, 1.5, shops)
        return *count_interval(rng.poisson(mean)), mean

    return simulation


def _losses(expected: float) -> Simulation:
    """Customers below zero: what they cost together, of a random number of customers."""
    below = 0.2
    lost = log_normal(1.0, 20.0)

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        x = -lost.draw(rng, (rng.poisson(expected * below),))
        found = pd.DataFrame({"is_loss": [True, False], "n": [len(x), int(expected) - len(x)],
                              "total": [x.sum(), 1.0], "squares": [(x**2).sum(), 1.0],
                              "cubes": [(x**3).sum(), 1.0]})  # fmt: skip
        made = customer_value.losses(found)
        return made.lost_low, made.lost_high, expected * below * lost.mean

    return each(one)


def _ltv_cac(expected: float) -> Simulation:
    """Margin per new customer over what one costs."""

    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        money, cost = log_normal(0.8), 20.0 * expected
        counts = np.maximum(rng.poisson(expected, shops), 2)
        values = money.draw(rng, (shops, counts.max()))
        sums = _sums(values * (np.arange(counts.max()) < counts[:, None]))
        fewest, most = count_interval(counts)
        made = ratio_interval(
            sums[0] / counts, *mean_interval(counts, *sums),
            cost / counts, cost / most, cost / fewest,
        )  # fmt: skip
        return *made, money.mean * expected / cost

    return simulation


def _payback(rng: np.random.Generator) -> tuple[float, float, float]:
    """The first month in which a customer's margin covers the cost, of 12."""
    expected, months, first, later = 150, 12, log_normal(0.7, 10.0), log_normal(0.7, 12.0)
    again = 0.15
    so_far = first.mean + again * later.mean * np.arange(months)
    cost = expected * so_far[6] * 0.97
    n = rng.poisson(expected)
    each_month = later.draw(rng, (n, months)) * (rng.random((n, months)) < again)
    each_month[:, 0] = first.draw(rng, (n,))
    margin = each_month.cumsum(axis=1).T
    low, high = mean_interval(n, *_sums(margin))
    own = pd.DataFrame({"months": np.arange(1, months + 1), "margin": margin.mean(axis=1),
                        "low": low, "high": high})  # fmt: skip
    own = own.assign(discounted=own["margin"], discounted_low=low, discounted_high=high)
    fewest, most = count_interval(n)
    made = payback.payback(own, months, cost / n, float(cost / most), float(cost / fewest))
    earliest, latest = made.payback_months_low, made.payback_months_high
    never = np.inf  # not within what was observed
    return (never if np.isnan(earliest) else earliest, never if np.isnan(latest) else latest,
            float(np.argmax(so_far >= cost / expected) + 1))  # fmt: skip


def _widest(n: int, groups: int, apart: float) -> Simulation:
    """The groups that bring most and least later, of several: the true gap of those picked."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        moneys = [with_zeros(0.6, log_normal(0.8, 50 + apart * k)) for k in range(groups)]
        values = [m.draw(rng, (n,)) for m in moneys]
        sums = pd.DataFrame({"group": [f"g{k}" for k in range(groups)], "n": n,
                             "customers": [(x > 0).sum() for x in values],
                             "total": [x.sum() for x in values],
                             "squares": [(x**2).sum() for x in values]})  # fmt: skip
        gap = later_value.widest_gap(sums, min_cell=5)
        best, worst = (int(name[1:]) for name in (gap.best, gap.worst))
        return gap.low, gap.high, moneys[best].mean - moneys[worst].mean

    return each(one)


def _channel_cells(rng: np.random.Generator, effects: np.ndarray) -> pd.DataFrame:
    months, channels = 4, len(effects)
    season = rng.uniform(0.7, 1.3, months)  # new customers of some months are worth more
    rows = []
    for month in range(months):
        for channel in range(channels):
            x = season[month] * 30 + effects[channel] + 40 * (rng.lognormal(0, 0.8, 30) - 1.377)
            rows.append([f"c{channel}", f"m{month}", 30, x.sum(), (x**2).sum()])
    return pd.DataFrame(rows, columns=["channel", "cohort", "n", "total", "squares"])


def _channel_gap(rng: np.random.Generator) -> tuple[float, float, float]:
    effects = np.array([6.0, 0.0, -3.0])
    row = channel_value._gaps(_channel_cells(rng, effects), 6).iloc[0]
    return row["low"], row["high"], effects[0] - effects[1:].mean()


def _surest(effects: tuple[float, ...]) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        each_effect = np.array(effects)
        found = channel_value.surest(channel_value._gaps(_channel_cells(rng, each_effect), 6))
        if found is None:
            return np.nan, np.nan, 0.0
        own = int(found.channel[1:])
        return found.low, found.high, effects[own] - np.delete(each_effect, own).mean()

    return each(one)


def _holdout(regions: int, spread: float) -> Simulation:
    """Sales a person of regions of several sizes with and without advertising."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        arms = []
        for added in (1.0, 0.0):
            people = rng.lognormal(8, spread, regions)
            arms += [people * (10 + added + rng.normal(0, 1.5, regions)), people]
        found = ratio_difference(*arms)
        return found.low, found.high, 1.0

    return each(one)


def _noise(trend: float) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        weeks = np.arange(52)
        found = holdouts.noise(pd.Series(1000 + trend * weeks + rng.normal(0, 100, 52)))
        return found.low, found.high, 100.0

    return each(one)


def _welch(rng: np.random.Generator) -> tuple[float, float, float]:
    """Those who answered a survey against those who did not: what they had spent."""
    sides = [log_normal(0.8, median) for median in (60, 50)]
    drawn = [money.draw(rng, (n,)) for money, n in zip(sides, (120, 900), strict=True)]
    parts = [non_response._Side(len(x), x.mean(), x.var(ddof=1)) for x in drawn]
    _, low, high = non_response._welch(*parts)
    return low, high, sides[0].mean - sides[1].mean


def _bridge(rng: np.random.Generator) -> tuple[float, float, float]:
    """What customers lost since the window before had brought."""
    money, expected = log_normal(1.0), 60
    x = money.draw(rng, (rng.poisson(expected),))
    part = pd.DataFrame({"customers": [len(x)], **{
        f"delta_{name}": [value] for name, value in zip(("total", "squares", "cubes"), _sums(x),
                                                        strict=True)}})  # fmt: skip
    _, _, _, low, high = movement._row("lost", part, "delta")
    return low, high, expected * money.mean


def _shrunk(values: str) -> Simulation:
    """The mean of all customers' means, of few purchases each."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        count = rng.geometric(0.4, 300)
        own = rng.normal(20, 8, 300) if values == "normal" else 20 * rng.lognormal(-0.125, 0.5, 300)
        rows = np.repeat(np.arange(300), count)
        x = rng.normal(own[rows], 15) if values == "normal" else own[rows] * rng.lognormal(
            -0.32, 0.8, len(rows)
        )  # fmt: skip
        totals = np.bincount(rows, x)
        fit = shrinkage.fit(count, np.ones(300), totals, np.bincount(rows, x**2), totals**2)
        return fit.mean - Z * fit.se, fit.mean + Z * fit.se, 20.0

    return each(one)


def _loss_rate(n: int) -> Simulation:
    """What a cost takes of the gross sales of all customers: a ratio of two sums."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        gross = 60 * rng.lognormal(0, 0.8, n)
        costs = dict.fromkeys(loss_makers.CAUSES, 0.0 * gross)
        costs["returns"] = gross * rng.beta(1, 4, n)
        side = pd.DataFrame({"gross_sales": gross, **costs}).round(2)
        kinds = dict.fromkeys(side.columns, "decimal(18, 4)")
        row = loss_makers._rates(ibis.memtable(side).cast(kinds)).loc["returns"]
        return row["low"], row["high"], 0.2

    return each(one)


def _steady(n: int) -> Simulation:
    """The second year's margin of customers of two years as a share of the first one's."""
    as_of = date(2026, 10, 31)
    start = as_of - timedelta(days=740)

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        firsts = pd.DataFrame({"customer_id": [f"c{k}" for k in range(n)], "first_on": start})
        own = 20 * rng.lognormal(0, 0.6, n)
        years = [own * rng.lognormal(-0.125, 0.5, n), 0.4 * own * rng.poisson(1.0, n)]
        parts = [
            firsts.assign(moved_on=day, ordered_on=day, contribution_margin=margin.round(2))
            for day, margin in zip((start, start + timedelta(days=400)), years, strict=True)
        ]
        moved = ibis.memtable(pd.concat(parts).drop(columns="first_on"))
        days = {"moved_on": "date", "ordered_on": "date", "contribution_margin": "decimal(18, 4)"}
        found = payback.steady(
            ibis.memtable(firsts).cast({"first_on": "date"}), moved.cast(days),
            discount_rate=0.1, as_of=as_of,
        )  # fmt: skip
        return (np.nan, np.nan, 0.4) if found is None else (found.low, found.high, 0.4)

    return each(one)


PICKED = "Widened for the pairs or channels it is picked from."
CASES = [
    *(Case("intervals.mean_interval", f"{m.name}, n = {n}", _mean(m, n))
      for m in USUAL for n in (30, 100, 300)),
    *(Case("intervals.mean_interval", f"{m.name}, n = {n}", _mean(m, n), Claim.NONE, TAIL)
      for m in TAILS for n in (100, 1000)),
    *(Case("totals.total_interval", f"{m.name}, about {n}", _total(m, n))
      for m in (log_normal(1.0), LOSS_MAKERS) for n in (30, 100, 300)),
    *(Case("totals.total_interval", f"{m.name}, about {n}", _total(m, n), Claim.NONE, TAIL)
      for m in (log_normal(1.5), RARE_GIANTS) for n in (100, 1000)),
    Case("totals.count_interval", "counts about 30", _count(30), Claim.AT_LEAST, "Exact."),
    Case("totals.count_interval", "counts about 1,000", _count(1000)),
    *(Case("customer_value.losses, lost", f"about {n} customers", _losses(n)) for n in (150, 1500)),
    Case("movement.bridge", "about 60 customers lost", each(_bridge)),
    *(Case("totals.ratio_interval", f"LTV:CAC of {n} new customers", _ltv_cac(n))
      for n in (30, 300)),
    Case("payback.payback, months", "150 new customers", each(_payback), Claim.AT_LEAST,
         "Whole months."),
    Case("payback.steady", "150 customers of two years", _steady(150), Claim.AT_LEAST,
         "The two years are taken as independent."),
    Case("loss_makers.compared", "50 customers", _loss_rate(50), Claim.SHORT,
         "A ratio of two sums of few customers."),
    Case("loss_makers.compared", "300 customers", _loss_rate(300)),
    *(Case("later_value.widest_gap", f"4 groups of {n}, {told}", _widest(n, 4, apart),
           Claim.AT_LEAST, PICKED)
      for n in (50, 300) for told, apart in (("alike", 0), ("apart", 8))),
    Case("channel_value, gap", "three channels", each(_channel_gap)),
    Case("channel_value.surest", "three channels, one 15 above", _surest((15, 0, 0)),
         Claim.AT_LEAST, PICKED),
    Case("channel_value.surest", "three channels, one 5 above", _surest((5, 0, 0)), Claim.NONE,
         "Told only where it is beyond chance: what is told of small gaps is too large."),
    *(Case("trials.ratio_difference", f"{n} regions an arm, sizes {told}", _holdout(n, spread))
      for n in (4, 12) for told, spread in (("alike", 0.2),)),
    Case("trials.ratio_difference", "12 regions an arm, sizes apart", _holdout(12, 0.8)),
    Case("trials.ratio_difference", "4 regions an arm, sizes apart", _holdout(4, 0.8), Claim.NONE,
         "Few regions of which one is most of an arm."),
    Case("holdouts.noise", "steady sales", _noise(0)),
    Case("holdouts.noise", "sales that rise by 5 a week", _noise(5)),
    Case("non_response.against_buyers", "120 of 1,020 answered", each(_welch)),
    Case("shrinkage.fit, mean", "normal margins", _shrunk("normal")),
    Case("shrinkage.fit, mean", "log-normal margins", _shrunk("log-normal"), Claim.NONE,
         "Made for normal values."),
]  # fmt: skip
