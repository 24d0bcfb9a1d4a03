"""How long the importance of drivers takes: `python -m benchmarks.lmg`.

Sharing out R² among 12 drivers, once, against pingouin and against an ordinary regression for
each subset of the drivers, which must give the same parts; then the whole of `importance` for 15
drivers, with every rating given and with a part of them missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from benchmarks.performance import Section
from benchmarks.turns import arguments
from templates_lib.stats.importance import importance
from templates_lib.stats.variance_shares import lmg

ANSWERS = 10_000
LARGEST_DIFFERENCE = 1e-9


def survey(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratings with a halo, and an outcome that follows some of them."""
    rng = np.random.default_rng(1)
    ratings = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    return ratings, ratings @ np.linspace(0, 0.3, p) + 3 * rng.normal(size=n)


def ours(drivers: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """LMG from the respondents: their covariance, and its decomposition."""
    return lmg(np.cov(np.column_stack([outcome, drivers]), rowvar=False))


def by_pingouin(drivers: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """LMG by pingouin."""
    import pingouin

    return pingouin.linear_regression(drivers, outcome, relimp=True)["relimp"].to_numpy()[1:]


def by_subsets(drivers: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """LMG by one least-squares fit on the respondents for every subset of the drivers."""
    p = drivers.shape[1]
    centred, y = drivers - drivers.mean(axis=0), outcome - outcome.mean()
    explained = {(): 0.0}
    for size in range(1, p + 1):
        for subset in combinations(range(p), size):
            fit = centred[:, subset] @ np.linalg.lstsq(centred[:, subset], y, rcond=None)[0]
            explained[subset] = fit @ fit / (y @ y)
    parts = np.zeros(p)
    for subset, value in explained.items():
        for k in set(range(p)) - set(subset):
            weight = factorial(len(subset)) * factorial(p - 1 - len(subset)) / factorial(p)
            parts[k] += weight * (explained[tuple(sorted((*subset, k)))] - value)
    return parts


def median_of(call: Callable[[], np.ndarray], *, times: int = 1) -> tuple[np.ndarray, float]:
    """What a call gives, and the median of the seconds that it took."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - began)
    return result, float(np.median(seconds))


def once(section: Section) -> None:
    """One decomposition, against the other ways."""
    drivers, outcome = survey(ANSWERS, 12)
    ours(drivers, outcome)  # what is computed once for a number of drivers
    parts, seconds = median_of(lambda: ours(drivers, outcome), times=21)
    section.say(f"12 drivers, {ANSWERS:,} answers: {1000 * seconds:.1f} ms.")
    others = {"pingouin": by_pingouin, "a regression a subset": by_subsets}
    for name, other in others.items():
        beside, taken = median_of(lambda other=other: other(drivers, outcome))
        apart = np.abs(parts - beside).max()
        if apart > LARGEST_DIFFERENCE:
            raise SystemExit(f"{name} gives other parts of R²: {apart:.1e} apart")
        section.items(f"{name}: {taken:.2f} s, {taken / seconds:,.0f} times as long")


def bootstrapped(section: Section, *, draws: int, missing: float) -> None:
    """The whole of `importance`, with intervals."""
    drivers, outcome = survey(ANSWERS, 15)
    frame = pd.DataFrame(drivers, columns=[f"item_{k}" for k in range(1, 16)])
    frame = frame.mask(np.random.default_rng(2).random(frame.shape) < missing)
    _, seconds = median_of(lambda: importance(frame, pd.Series(outcome), draws=draws, seed=1))
    section.say(
        f"With intervals, 15 drivers, {ANSWERS:,} answers, {missing:.0%} of the ratings missing, "
        f"{draws:,} draws: {seconds:.1f} s."
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--draws", type=int, default=2000, help="with every rating given")
    parser.add_argument("--missing", type=float, default=0.2, help="share of ratings left out")
    parser.add_argument("--missing-draws", type=int, default=1000, help="with ratings left out")
    chosen = parser.parse_args()
    section = Section("lmg", ["numpy", "scikit-learn", "pingouin"])
    once(section)
    bootstrapped(section, draws=chosen.draws, missing=0)
    bootstrapped(section, draws=chosen.missing_draws, missing=chosen.missing)
    section.write(chosen.date)


if __name__ == "__main__":
    main()
