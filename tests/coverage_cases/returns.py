"""Time to the next purchase: curves, medians, windows and tests, on counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from coverage_cases.case import Case, Claim, Intervals, Simulation, each, seeded
from coverage_cases.populations import (
    LOG_NORMAL,
    PLATEAU,
    RETURNS,
    SEASONAL,
    TWO_YEARS,
    WEIBULL,
    Returns,
    observed,
)
from templates_lib.repeat_purchase import repeat_purchase
from templates_lib.service import service_outcomes
from templates_lib.stats import survival, timing
from templates_lib.stats.comparison import logrank, rmst
from templates_lib.stats.competing_risks import aalen_johansen, cumulative_incidence_at


@cache
def _curves(returns: Returns, n: int, shops: int) -> list[pd.DataFrame]:
    """Curves of so many shops, which all that is read from a curve is tried on."""
    rng = seeded(f"{returns.name}, n = {n}")
    tables = (survival.life_table(observed(rng, returns, n)) for _ in range(shops))
    return [survival.kaplan_meier(table) for table in tables]


def _read(
    returns: Returns, n: int, one: Callable[[pd.DataFrame], tuple[float, float]], truth: float
) -> Simulation:
    def simulation(_: np.random.Generator, shops: int) -> Intervals:
        low, high = np.array([one(curve) for curve in _curves(returns, n, shops)], float).T
        return low, high, truth

    return simulation


def _share_back(returns: Returns, n: int, day: int) -> Simulation:
    def one(curve: pd.DataFrame) -> tuple[float, float]:
        read = survival.incidence_at(curve, [day])
        return read["low"].iloc[0], read["high"].iloc[0]

    return _read(returns, n, one, returns.share(day))


def _median(returns: Returns, n: int, q: float) -> Simulation:
    truth = next(day for day in range(1, TWO_YEARS) if returns.share(day) >= q)

    def one(curve: pd.DataFrame) -> tuple[float, float]:
        _, low, high = survival.quantile(curve, q=q)
        return (TWO_YEARS if np.isnan(low) else low), (np.inf if np.isnan(high) else high)

    return _read(returns, n, one, truth)


def _rmst(returns: Returns, n: int, tau: int) -> Simulation:
    truth = float(sum(1 - returns.share(day) for day in range(tau)))

    def one(curve: pd.DataFrame) -> tuple[float, float]:
        if curve["duration"].max() < tau:  # a shop of few, of whom none was observed for so long
            return np.nan, np.nan
        found = rmst(curve, tau=tau)
        return found.low, found.high

    return _read(returns, n, one, truth)


def _hazard(returns: Returns, n: int, start: int, end: int) -> Simulation:
    """Returns a day among those not back yet, where the hazard hardly moves."""
    left = np.array([1 - returns.share(day) for day in range(start - 1, end)])
    truth = float((left[0] - left[-1]) / left[:-1].sum())

    def one(curve: pd.DataFrame) -> tuple[float, float]:
        row = timing.hazard(curve, edges=[start, end])
        return row["low"].iloc[0], row["high"].iloc[0]

    return _read(returns, n, one, truth)


def _window(returns: Returns, n: int, side: str) -> Simulation:
    """Where the shortest window that holds half a year's half of all returns lies."""
    horizon = 180
    came = np.diff([0.0, *(returns.share(day) for day in range(1, horizon + 1))])
    count = np.rint(1e9 * np.append(came, 1 - came.sum())).astype(int)
    days = [*range(1, horizon + 1), horizon]
    expected = pd.DataFrame({"duration": days, "event": [True] * horizon + [False], "count": count})
    ends = timing.shortest_window(survival.life_table(expected), horizon=horizon, share=0.5)
    truth = ends[0 if side == "start" else 1]

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        found = repeat_purchase.contact_window(
            observed(rng, returns, n), horizon_days=horizon, share=0.5, draws=200
        )
        return getattr(found, f"{side}_low"), getattr(found, f"{side}_high"), truth

    return each(one)


def _groups(rng: np.random.Generator, returns: list[Returns], n: int) -> pd.DataFrame:
    parts = [observed(rng, own, n).assign(group=f"g{k}") for k, own in enumerate(returns)]
    return pd.concat(parts, ignore_index=True)


def _widest(returns: list[Returns], n: int, days: int) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        gap = repeat_purchase.widest_gap(_groups(rng, returns, n), days=days)
        best, worst = (returns[int(name[1:])].share(gap.days) for name in (gap.best, gap.worst))
        return gap.low, gap.high, best - worst

    return each(one)


def _against(n: int) -> Simulation:
    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        counts = _groups(rng, [WEIBULL, LOG_NORMAL], n)
        row = service_outcomes.against(counts, base="g0", days=120).iloc[0]
        truth = LOG_NORMAL.share(row["days"]) - WEIBULL.share(row["days"])
        return row["gap_share_low"], row["gap_share_high"], truth

    return each(one)


def _level(returns: Returns, n: int, groups: int) -> Simulation:
    """Groups that do not differ: p-values are uniform, so that 0 to 0.95 of 1 − p holds 95 %."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        return 0.05, 1.0, logrank(_groups(rng, [returns] * groups, n), group="group").p_value

    return each(one)


def _competing(n: int, cause: str) -> Simulation:
    """Two ends with Weibull times of one shape, of which the first ends what the other could."""
    shape, rates, day = 0.9, {"bought": 0.010, "closed": 0.003}, 200
    whole = sum(rates.values())
    truth = rates[cause] / whole * (1 - np.exp(-whole * day**shape))

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        days = np.ceil((rng.exponential(size=n) / whole) ** (1 / shape)).astype(int)
        names = rng.choice(list(rates), n, p=[rate / whole for rate in rates.values()])
        left = TWO_YEARS - rng.integers(TWO_YEARS, size=n)
        frame = pd.DataFrame({"duration": np.minimum(days, left),
                              "cause": np.where(days <= left, names, ""), "count": 1})  # fmt: skip
        found = cumulative_incidence_at(aalen_johansen(frame), [day])
        own = found[found["cause"] == cause]
        if own.empty:
            return np.nan, np.nan, truth
        return float(own["low"].iloc[0]), float(own["high"].iloc[0]), truth

    return each(one)


LEAST = 30
STEADY = (WEIBULL, LOG_NORMAL, PLATEAU)
MET = "Those who are observed for less time have met other seasons."
PICKED = "Widened for the pairs it is picked from."
WINDOW = "Where the densest stretch lies moves with a few returns."
CASES = [
    *(Case("survival.incidence_at", f"{r.name}, day 90, n = {n}", _share_back(r, n, 90))
      for r in RETURNS for n in (LEAST, 300)),
    *(Case("survival.incidence_at", f"{r.name}, day 365, n = 300", _share_back(r, 300, 365))
      for r in RETURNS),
    Case("survival.incidence_at", f"{WEIBULL.name}, day 3, n = {LEAST}",
         _share_back(WEIBULL, LEAST, 3), Claim.AT_LEAST, "Hardly anybody is back."),
    *(Case("survival.quantile", f"{r.name}, {told}, n = {n}", _median(r, n, q))
      for r, q, told in ((WEIBULL, 0.5, "median"), (LOG_NORMAL, 0.5, "median"),
                         (PLATEAU, 0.25, "first quarter"), (SEASONAL, 0.5, "median"))
      for n in (LEAST, 300)),
    *(Case("comparison.rmst", f"{r.name}, a year, n = {n}", _rmst(r, n, 365))
      for r in STEADY for n in (LEAST, 300)),
    *(Case("comparison.rmst", f"{SEASONAL.name}, a year, n = {n}", _rmst(SEASONAL, n, 365),
           Claim.NONE, MET) for n in (LEAST, 300)),
    *(Case("timing.hazard", f"{r.name}, days {start}–{end}, n = 300", _hazard(r, 300, start, end))
      for r, start, end in ((WEIBULL, 30, 60), (LOG_NORMAL, 60, 90), (PLATEAU, 30, 60))),
    *(Case("repeat_purchase.contact_window", f"{r.name}, {side}, n = 500", _window(r, 500, side),
           Claim.NONE, WINDOW)
      for r in (LOG_NORMAL,) for side in ("start", "end")),
    *(Case("repeat_purchase.widest_gap", f"{told}, n = {n}", _widest(four, n, 120),
           Claim.AT_LEAST, PICKED)
      for told, four, n in (("four alike", [WEIBULL] * 4, 60),
                            ("four families", list(RETURNS), 300))),
    *(Case("service_outcomes.against", f"two groups of {n}", _against(n)) for n in (60, 300)),
    *(Case("comparison.logrank, level", f"{r.name}, {k} groups of 100", _level(r, 100, k))
      for r, k in ((WEIBULL, 2), (PLATEAU, 4))),
    *(Case("competing_risks.cumulative_incidence_at", f"{cause}, n = {n}", _competing(n, cause))
      for cause in ("bought", "closed") for n in (100, 300)),
]  # fmt: skip
