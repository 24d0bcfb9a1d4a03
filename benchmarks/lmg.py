"""How long importance takes: `python benchmarks/lmg.py` prints times, and checks nothing.

One decomposition of 12 drivers against the plain way, an ordinary regression for each subset;
then the whole of `importance` for 15 drivers, 10,000 respondents and 2,000 bootstrap samples.
"""

from __future__ import annotations

import argparse
import time
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd

from templates_lib.stats.importance import importance
from templates_lib.stats.variance_shares import lmg


def plain_lmg(drivers: np.ndarray, outcome: np.ndarray) -> np.ndarray:
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


def survey(n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Ratings with a halo, and an outcome that follows some of them."""
    rng = np.random.default_rng(1)
    ratings = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    return ratings, ratings @ np.linspace(0, 0.3, p) + 3 * rng.normal(size=n)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    parser.add_argument("--missing", type=float, default=0.0, help="share of ratings left out")
    chosen = parser.parse_args()

    drivers, outcome = survey(1000, 12)
    began = time.perf_counter()
    plain = plain_lmg(drivers, outcome)
    plain_seconds = time.perf_counter() - began
    covariance = np.cov(np.column_stack([outcome, drivers]), rowvar=False)
    lmg(covariance)
    began = time.perf_counter()
    for _ in range(20):
        parts = lmg(covariance)
    seconds = (time.perf_counter() - began) / 20
    print(
        f"12 drivers, 1,000 respondents: plain {plain_seconds:.2f} s, lmg {1000 * seconds:.2f} ms, "
        f"ratio {plain_seconds / seconds:,.0f}; largest difference {abs(parts - plain).max():.1e}"
    )

    drivers, outcome = survey(10_000, 15)
    frame = pd.DataFrame(drivers, columns=[f"item_{k}" for k in range(1, 16)])
    frame = frame.mask(np.random.default_rng(2).random(frame.shape) < chosen.missing)
    began = time.perf_counter()
    importance(frame, pd.Series(outcome), draws=chosen.draws, seed=1)
    print(
        f"15 drivers, 10,000 respondents, {chosen.missing:.0%} missing, {chosen.draws:,} draws: "
        f"{time.perf_counter() - began:.1f} s"
    )


if __name__ == "__main__":
    main()
