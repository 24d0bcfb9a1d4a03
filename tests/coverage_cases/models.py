"""Models with a form of their own: in their own family, and outside it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import ModuleType

import ibis
import numpy as np
import pandas as pd

from coverage_cases.case import Case, Claim, Intervals, Simulation, each, seeded
from templates_lib.icp import motive_segments
from templates_lib.projection import forecast, histories, sums
from templates_lib.stats import bg_nbd, gamma_gamma, latent_classes, pareto_nbd
from templates_lib.stats.likelihood import FittedModel

CUSTOMERS, SEEN, AHEAD, MOST = 200, 365, 180, 120
SHAPE, SCALE, STOP = 0.8, 60.0, (0.8, 2.5)


def _rates(rng: np.random.Generator) -> np.ndarray:
    return rng.gamma(SHAPE, 1 / SCALE, CUSTOMERS)


def _times(
    rng: np.random.Generator, rate: np.ndarray, shape: int = 1, season: float = 0.0
) -> np.ndarray:
    """Days of purchases after the first one, of customers who stop after one of them with a
    chance of their own; infinite beyond. Gaps are gamma of a whole shape (1: Poisson)."""
    gaps = rng.gamma(shape, 1 / (shape * rate[:, None]), (CUSTOMERS, MOST))
    times = gaps.cumsum(axis=1)
    if season:  # purchases of one more, thinned to the time of the year
        times = (rng.gamma(shape, 1 / (shape * rate[:, None] * (1 + season)),
                           (CUSTOMERS, MOST))).cumsum(axis=1)  # fmt: skip
        kept = rng.random(times.shape) < (1 + season * np.sin(2 * np.pi * times / 365)) / (
            1 + season
        )
        times = np.sort(np.where(kept, times, np.inf), axis=1)
    stop = rng.geometric(rng.beta(*STOP, CUSTOMERS))
    return np.where(np.arange(MOST) < stop[:, None], times, np.inf)


Values = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def _gamma_gamma(rng: np.random.Generator, rate: np.ndarray) -> np.ndarray:
    return rng.gamma(6.0, 1 / rng.gamma(4.0, 1 / 25.0, CUSTOMERS)[:, None], (CUSTOMERS, MOST))


def _by_frequency(rng: np.random.Generator, rate: np.ndarray) -> np.ndarray:
    """Whoever buys more often spends less each time."""
    return _gamma_gamma(rng, rate) * np.sqrt(0.01 / (rate[:, None] + 0.002))


def _skewed(rng: np.random.Generator, rate: np.ndarray) -> np.ndarray:
    own = 15 * rng.lognormal(0, 0.7, CUSTOMERS)[:, None]
    return own * rng.lognormal(0, 0.9, (CUSTOMERS, MOST)) - 8


FAMILIES = {
    "its own family": ({}, _gamma_gamma),
    "who buys often spends less": ({}, _by_frequency),
    "regular buyers": ({"shape": 3}, _gamma_gamma),
    "seasonal shop": ({"season": 0.25}, _gamma_gamma),
    "margins, skewed": ({}, _skewed),
}


@cache
def _forecasts(family: str, shops: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """What was forecast (purchases and value of all, and of the best: low and high) and what came,
    shop by shop."""
    more, values = FAMILIES[family]
    is_money = values in (_gamma_gamma, _by_frequency)
    rng = seeded(f"forecasts, {family}")
    made = []
    for _ in range(shops):
        rate = _rates(rng)
        times, worth = _times(rng, rate, **more), values(rng, rate)
        seen, after = times <= SEEN, (times > SEEN) & (times <= SEEN + AHEAD)
        x, total = seen.sum(axis=1), (worth * seen).sum(axis=1)
        frame = pd.DataFrame({
            "x": x, "last": np.where(seen, np.ceil(times), 0).max(axis=1), "observed": SEEN,
            "total": total, "squares": (worth**2 * seen).sum(axis=1),
            "squared_totals": total**2, "customers": 1, "part": 0,
        })  # fmt: skip
        table = ibis.memtable(frame[frame["x"] > 0][["x", "total"]])
        fitted = histories.fit(table, frame, value="net_sales" if is_money else "margin")
        row = sums.by_part(fitted, frame, np.array([0.0, AHEAD])).iloc[-1]
        people = frame.assign(customer_id=np.arange(CUSTOMERS), last_on=0)
        best = forecast._listed(fitted.models, people, np.array([0.0, AHEAD]), 0.0, 1).iloc[0]
        names = ["purchases_low", "purchases_high", "low", "high"]
        ends = np.concatenate([row[names], best[names]]).astype(float)
        who = int(best["customer_id"])
        came = [after.sum(), (worth * after).sum(), after[who].sum(), worth[who] @ after[who]]
        made.append((ends, np.array(came)))
    return made


def _forecast(family: str, what: int) -> Simulation:
    def simulation(_: np.random.Generator, shops: int) -> Intervals:
        made = _forecasts(family, shops)
        ends, came = (np.array([pair[k] for pair in made]) for k in (0, 1))
        return ends[:, 2 * what], ends[:, 2 * what + 1], came[:, what]

    return simulation


BUYERS = {"r": SHAPE, "alpha": SCALE, "a": STOP[0], "b": STOP[1], "s": 1.5, "beta": 300.0}


@cache
def _buyers(model: ModuleType, shops: int) -> list[FittedModel]:
    """BG/NBD or Pareto/NBD, each fitted on shops of its own family."""
    rng, people = seeded(f"buyers of {model.__name__}"), 2000
    made = []
    for _ in range(shops):
        rate = rng.gamma(SHAPE, 1 / SCALE, people)
        times = rng.exponential(1 / rate[:, None], (people, MOST)).cumsum(axis=1)
        if model is pareto_nbd:
            end = rng.exponential(1 / rng.gamma(BUYERS["s"], 1 / BUYERS["beta"], people))
            seen = times <= np.minimum(end, SEEN)[:, None]
        else:
            stop = rng.geometric(rng.beta(*STOP, people))
            seen = (times <= SEEN) & (np.arange(MOST) < stop[:, None])
        last, observed = np.where(seen, times, 0).max(axis=1), np.full(people, float(SEEN))
        counts = seen.sum(axis=1).astype(float)
        made.append(model.fit(bg_nbd.Histories(counts, last, observed, np.ones(people))))
    return made


def _buyer_parameter(name: str, model: ModuleType) -> Simulation:
    """The interval of the logarithm of a parameter."""

    def simulation(_: np.random.Generator, shops: int) -> Intervals:
        made = _buyers(model, shops)
        place = made[0].fit.names.index(name)
        middle = np.array([one.vector[place] for one in made])
        half = sums.Z * np.sqrt([one.covariance[place, place] for one in made])
        return middle - half, middle + half, np.log(BUYERS[name])

    return simulation


def _parameter(which: int) -> Simulation:
    """The interval of a logarithm of a parameter of Gamma-Gamma, by the fit's covariance."""
    truth = np.log([6.0, 4.0, 25.0])[which]

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        count = rng.geometric(0.4, 500)
        mean = rng.gamma(6.0 * count, 1 / rng.gamma(4.0, 1 / 25.0, 500)) / count
        fit = gamma_gamma.fit(count, mean)
        half = sums.Z * np.sqrt(fit.covariance[which, which])
        return fit.vector[which] - half, fit.vector[which] + half, truth

    return each(one)


def _segment_share(people: int) -> Simulation:
    """The share of the larger of two segments that answer five questions otherwise."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        chance = np.where(rng.random((people, 1)) < 0.6, 0.85, 0.2)
        codes = (rng.random((people, 5)) < chance).astype(float)
        fit = latent_classes.fits(codes, [2] * 5, max_classes=2, starts=3)[-1]
        if fit.classes < 2:
            return np.nan, np.nan, 0.6
        drawn = latent_classes.stability(codes, [2] * 5, fit, draws=25, restarts=0).shares
        low, high = motive_segments._share_interval(fit.shares, drawn)
        says_yes = [np.mean([table[k, 1] for table in fit.probabilities]) for k in range(2)]
        place = int(np.argmax(says_yes))
        return low[place], high[place], 0.6

    return each(one)


OUTSIDE = {
    "who buys often spends less": "The value of a purchase is taken to be independent of how "
    "often one buys.",
    "regular buyers": "Gaps between purchases are taken to be exponential.",
    "seasonal shop": "The time ahead is taken to be like the time before.",
    "margins, skewed": "Values are drawn as normal around each customer's mean.",
}
CASES = [
    *(Case(f"projection.forecast, {name}", family, _forecast(family, what),
           Claim.NONE if family in OUTSIDE else Claim.EXACT, OUTSIDE.get(family, ""))
      for family in FAMILIES for what, name in enumerate(("purchases", "value"))
      if what or family not in ("who buys often spends less", "margins, skewed")),
    *(Case(f"projection.forecast, {name} of the best customer", "its own family",
           _forecast("its own family", what), Claim.AT_LEAST, "Purchases are whole numbers.")
      for name, what in (("purchases", 2), ("value", 3))),
    *(Case(f"{told}.fit, log {name}", "its own family, n = 2,000", _buyer_parameter(name, model))
      for told, model, names in (("bg_nbd", bg_nbd, ("r", "alpha", "a", "b")),
                                 ("pareto_nbd", pareto_nbd, ("r", "alpha", "s", "beta")))
      for name in names),
    *(Case(f"gamma_gamma.fit, log {name}", "its own family, n = 500", _parameter(k))
      for k, name in enumerate(("p", "q", "γ"))),
    Case("motive_segments.find, share", "two segments, n = 200", _segment_share(200)),
]  # fmt: skip
