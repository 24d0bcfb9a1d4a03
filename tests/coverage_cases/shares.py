"""Shares, their differences and ratios."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from coverage_cases.case import Case, Claim, Intervals, Simulation, each
from templates_lib.customer_value import next_purchase
from templates_lib.journey import bottleneck
from templates_lib.params.params import Journey
from templates_lib.stats.calibration import calibration
from templates_lib.stats.decomposition import kitagawa
from templates_lib.stats.intervals import benjamini_hochberg, holm, newcombe, wilson
from templates_lib.stats.lift import lift, share_ratio

DISCRETE = "Counts are whole numbers: few successes make it cover more."
# Where a share lies is drawn for each shop: at one share a count of few covers more or less than
# 95 % by where its steps fall.
SHARES = {"small shares, 1–5 %": (0.01, 0.05), "shares of 5–30 %": (0.05, 0.3),
          "shares of 30–70 %": (0.3, 0.7), "large shares, 90–99 %": (0.9, 0.99)}  # fmt: skip


def _wilson(n: int, between: tuple[float, float]) -> Simulation:
    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        p = rng.uniform(*between, shops)
        return *wilson(rng.binomial(n, p), n), p

    return simulation


def _two(rng: np.random.Generator, shops: int, between: tuple[float, float]) -> tuple:
    return rng.uniform(*between, (2, shops))


def _newcombe(n: int, m: int, between: tuple[float, float]) -> Simulation:
    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        p, q = _two(rng, shops, between)
        return *newcombe(rng.binomial(n, p), n, rng.binomial(m, q), m), p - q

    return simulation


def _ratio(n: int, m: int, between: tuple[float, float]) -> Simulation:
    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        p, q = _two(rng, shops, between)
        return *share_ratio(rng.binomial(n, p), n, rng.binomial(m, q), m), p / q

    return simulation


def _lift(n: int, m: int, between: tuple[float, float]) -> Simulation:
    def simulation(rng: np.random.Generator, shops: int) -> Intervals:
        p, q = _two(rng, shops, between)
        x, y = rng.binomial(n, p), rng.binomial(m, q)
        _, low, high = lift(x, n, x + y, n + m)
        return low, high, p / ((n * p + m * q) / (n + m))

    return simulation


def _next_purchase(rng: np.random.Generator) -> tuple[float, float, float]:
    """What is bought second after one of two first categories; Katz's interval of the ratio."""
    counts = np.array([rng.multinomial(n, [p, 1 - p]) for n, p in ((200, 0.5), (300, 0.3))])
    names = list("ab")
    table = pd.DataFrame(counts, names, names).stack().rename("customers").reset_index()
    table.columns = ["first", "next", "customers"]
    found = next_purchase.rules(table, item="category", min_followers=30)
    row = found[(found["first"] == "a") & (found["next"] == "a")].iloc[0]
    return row["ratio_low"], row["ratio_high"], 0.5 / 0.3


def _calibrated(rng: np.random.Generator) -> tuple[float, float, float]:
    """The highest group of chances that are right: it holds what was predicted for it."""
    chance = rng.beta(1, 9, 500)
    row = calibration(chance, rng.random(500) < chance).iloc[0]
    return row["low"], row["high"], row["predicted_share"]


def _part(part: str, n: int) -> Simulation:
    """A part of the change of a share over three groups whose mix and shares both change."""
    mix = np.array([[0.5, 0.3, 0.2], [0.3, 0.3, 0.4]])
    rate = np.array([[0.1, 0.2, 0.3], [0.15, 0.2, 0.25]])
    truth = {
        "change": mix[1] @ rate[1] - mix[0] @ rate[0],
        "mix": (mix[1] - mix[0]) @ rate.mean(axis=0),
        "rate": (rate[1] - rate[0]) @ mix.mean(axis=0),
    }[part]

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        trials = [rng.multinomial(n, p) for p in mix]
        hits = [rng.binomial(t, r) for t, r in zip(trials, rate, strict=True)]
        found = getattr(kitagawa(hits[1], trials[1], hits[0], trials[0]), part)
        return found.low, found.high, truth

    return each(one)


def _of_many(adjust: Callable[[np.ndarray], np.ndarray], alike: float) -> Simulation:
    """The smallest of ten adjusted p-values where nothing differs: below .05 in 5 of 100."""

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        z = np.sqrt(alike) * rng.normal() + np.sqrt(1 - alike) * rng.normal(size=10)
        return 0.05, 1.0, adjust(2 * stats.norm.sf(np.abs(z))).min()

    return each(one)


def _bottleneck() -> Simulation:
    """Two devices over three steps; the purchases that the worse one costs."""
    visits, days = {"desktop": 1500, "mobile": 2500}, 90
    steps = {"desktop": (0.40, 0.55), "mobile": (0.30, 0.55)}
    truth = 2500 * 0.10 * 0.55 * 365 / days

    def one(rng: np.random.Generator) -> tuple[float, float, float]:
        rows = []
        for device, expected in visits.items():
            entered = rng.poisson(expected)
            for stage, share in zip(("cart", "order"), steps[device], strict=True):
                converted = rng.binomial(entered, share)
                low, high = wilson(converted, entered)
                rows.append(["device", device, stage, entered, converted, converted / entered,
                             float(low), float(high)])  # fmt: skip
                entered = converted
        columns = ["split", "segment", "stage", "entered", "converted", "conversion", "low", "high"]
        made = bottleneck.bottlenecks(
            pd.DataFrame(rows, columns=columns), Journey(), days=days, worth=None
        )
        made = made[(made["segment"] == "mobile") & (made["stage"] == "cart")]
        if made.empty:
            return np.nan, np.nan, truth
        return float(made["gained_low"].iloc[0]), float(made["gained_high"].iloc[0]), truth

    return each(one)


def _of(estimator: str, make, sizes: tuple[int, ...], kinds: list[str], **more) -> list[Case]:
    told = "n = " + " and ".join(map(str, sizes))
    return [
        Case(estimator, f"{kind}, {told}", make(*sizes, SHARES[kind]), **more) for kind in kinds
    ]


ALL_SHARES = list(SHARES)
SAFE = {"claim": Claim.AT_LEAST, "note": DISCRETE}
CASES = [
    *_of("intervals.wilson", _wilson, (30,), ALL_SHARES, **SAFE),
    *_of("intervals.wilson", _wilson, (300,), ALL_SHARES),
    *_of("intervals.newcombe", _newcombe, (30, 30), ALL_SHARES, **SAFE),
    *_of("intervals.newcombe", _newcombe, (300, 150), ALL_SHARES),
    *_of("lift.share_ratio", _ratio, (50, 200), ALL_SHARES, **SAFE),
    *_of("lift.share_ratio", _ratio, (300, 1000), ALL_SHARES),
    *_of("lift.lift", _lift, (50, 200), ALL_SHARES, **SAFE),
    *_of("lift.lift", _lift, (300, 1000), ALL_SHARES),
    Case("next_purchase.rules, ratio", "two categories, n = 200 and 300", each(_next_purchase)),
    Case("calibration.calibration", "right chances, 500 units", each(_calibrated), **SAFE),
    *(
        Case(f"decomposition.kitagawa, {part}", f"three groups, n = {n}", _part(part, n))
        for part in ("change", "mix", "rate")
        for n in (150, 1500)
    ),
    *(
        Case(f"intervals.{adjust.__name__}, level", "ten tests", _of_many(adjust, 0.0))
        for adjust in (holm, benjamini_hochberg)
    ),
    Case(
        "intervals.holm, level",
        "ten tests that go together",
        _of_many(holm, 0.5),
        Claim.AT_LEAST,
        "Holds for tests of any kind.",
    ),
    Case("bottleneck.bottlenecks, gained", "two devices", _bottleneck()),
]
