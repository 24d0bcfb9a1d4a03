"""What customers of simulated shops spend, and when they come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


class Money(NamedTuple):
    """Values of customers, with their true mean."""

    name: str
    draw: Draw
    mean: float


def log_normal(sigma: float, median: float = 50.0) -> Money:
    return Money(
        f"log-normal, σ = {sigma:g}",
        lambda rng, shape: median * rng.lognormal(0, sigma, shape),
        median * np.exp(sigma**2 / 2),
    )


def with_zeros(share: float, other: Money) -> Money:
    return Money(
        f"{100 * share:.0f} % zeros, else {other.name}",
        lambda rng, shape: other.draw(rng, shape) * (rng.random(shape) >= share),
        other.mean * (1 - share),
    )


LOSS_MAKERS = Money(
    "gamma less cost, 20 % below zero",
    lambda rng, shape: rng.gamma(1.2, 25.0, shape) - stats.gamma.ppf(0.2, 1.2, scale=25.0),
    30.0 - float(stats.gamma.ppf(0.2, 1.2, scale=25.0)),
)
HEAVY_LOSSES = Money(
    "margin with 3 % of heavy losses",
    lambda rng, shape: np.where(
        rng.random(shape) < 0.03, -150 * rng.lognormal(0, 0.7, shape), rng.gamma(2.0, 10.0, shape)
    ),
    0.97 * 20.0 - 0.03 * 150 * float(np.exp(0.7**2 / 2)),
)
RARE_GIANTS = Money(
    "one in 200 fifty times as large",
    lambda rng, shape: rng.lognormal(0, 0.5, shape) * np.where(rng.random(shape) < 1 / 200, 50, 1),
    float(np.exp(0.125) * (1 + 49 / 200)),
)


class Returns(NamedTuple):
    """Days to the next purchase: ``draw`` of customers whose clocks start on given days, and the
    true share that has come back by a day, of customers starting on any day of the two years."""

    name: str
    draw: Callable[[np.random.Generator, np.ndarray], np.ndarray]
    share: Callable[[float], float]


TWO_YEARS = 730


def _of_distribution(name: str, distribution, ever: float = 1.0) -> Returns:
    def draw(rng: np.random.Generator, start: np.ndarray) -> np.ndarray:
        days = np.ceil(distribution.rvs(size=start.shape, random_state=rng))
        return np.where(rng.random(start.shape) < ever, np.maximum(days, 1), np.inf)

    return Returns(name, draw, lambda day: ever * float(distribution.cdf(day)))


WEIBULL = _of_distribution("Weibull", stats.weibull_min(0.8, scale=400))
LOG_NORMAL = _of_distribution("log-normal", stats.lognorm(1.2, scale=200))
PLATEAU = _of_distribution("half never return", stats.weibull_min(1.1, scale=90), ever=0.5)

_DAILY = 0.002 * (1 + 0.4 * np.sin(2 * np.pi * np.arange(2 * TWO_YEARS) / 365))
_SO_FAR = np.append(0.0, np.cumsum(_DAILY))


def _seasonal(rng: np.random.Generator, start: np.ndarray) -> np.ndarray:
    reached = _SO_FAR[start.astype(int)] + rng.exponential(size=start.shape)
    found = np.searchsorted(_SO_FAR, reached)
    return np.where(found < len(_SO_FAR), np.maximum(found - start, 1), np.inf)


def _seasonal_share(day: float) -> float:
    starts = np.arange(TWO_YEARS)
    return float(1 - np.exp(-(_SO_FAR[starts + int(day)] - _SO_FAR[starts])).mean())


SEASONAL = Returns("seasonal hazard", _seasonal, _seasonal_share)
RETURNS = (WEIBULL, LOG_NORMAL, PLATEAU, SEASONAL)


def observed(rng: np.random.Generator, returns: Returns, n: int) -> pd.DataFrame:
    """Counts of ``n`` customers whose first purchases fall on the days of two years."""
    start = rng.integers(TWO_YEARS, size=n)
    left = TWO_YEARS - start
    days = returns.draw(rng, start)
    event = days <= left
    cells, size = np.unique(np.where(event, days, left) * 2 + event, return_counts=True)
    cells = cells.astype(int)
    return pd.DataFrame({"duration": cells // 2, "event": cells % 2 == 1, "count": size})
