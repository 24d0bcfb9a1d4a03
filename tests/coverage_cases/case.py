"""One way to measure coverage: intervals of many simulated shops against the true number."""

from __future__ import annotations

import gc
import zlib
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

import numpy as np
from scipy import stats

SHOPS = 1000
LEVEL = 0.95
BAND = 0.999

Intervals = tuple[np.ndarray, np.ndarray, np.ndarray | float]
"""Low, high and the true number, one a shop; nan where a shop is shown none."""
Simulation = Callable[[np.random.Generator, int], Intervals]


class Claim(Enum):
    """What an interval says of itself."""

    EXACT = "95 %"
    AT_LEAST = "at least 95 %"
    SHORT = "95 %, and falls short"  # known to be too narrow: told, not asserted
    NONE = "none"  # outside what the estimate assumes: measured, not asserted


class Case(NamedTuple):
    """An estimator, a family of shops to try it on, and what it claims there.

    ``note`` says why the claim is no more than it is.
    """

    estimator: str
    family: str
    simulation: Simulation
    claim: Claim = Claim.EXACT
    note: str = ""
    shops: int = SHOPS

    @property
    def name(self) -> str:
        return f"{self.estimator}: {self.family}"


class Coverage(NamedTuple):
    """How often the true number lay within, below and above the interval, of ``n`` shown ones."""

    covered: int
    below: int
    above: int
    n: int

    @property
    def share(self) -> float:
        return self.covered / self.n


def seeded(name: str) -> np.random.Generator:
    """The same numbers at every run for a name."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def measure(case: Case, *, shops: int | None = None) -> Coverage:
    """Tries a case on its shops, or on fewer of them."""
    gc.freeze()  # statsmodels collects garbage at each adjustment of p-values
    made = case.simulation(seeded(case.name), shops or case.shops)
    low, high, truth = (np.asarray(v, float) for v in made)
    low, high, truth = np.broadcast_arrays(low, high, truth)
    shown = ~(np.isnan(low) | np.isnan(high))
    # a limit that is computed as the number itself may differ from it in the last digit
    slack = 1e-9 * np.maximum(np.abs(truth), 1e-6)
    below, above = shown & (truth < low - slack), shown & (truth > high + slack)
    n = int(shown.sum())
    return Coverage(n - int(below.sum() + above.sum()), int(below.sum()), int(above.sum()), n)


def band(n: int) -> tuple[float, float]:
    """The shares of ``n`` between which a coverage of 95 % falls 999 times of 1,000."""
    tail = (1 - BAND) / 2
    return tuple(stats.binom.ppf([tail, 1 - tail], n, LEVEL) / n)


def keeps(case: Case, found: Coverage) -> bool:
    """Whether the coverage is what the case claims."""
    if case.claim in (Claim.SHORT, Claim.NONE):
        return True
    low, high = band(found.n)
    return found.share >= low and (case.claim is Claim.AT_LEAST or found.share <= high)


def each(one: Callable[[np.random.Generator], tuple[float, float, float]]) -> Simulation:
    """A simulation of one shop as that of many."""

    def many(rng: np.random.Generator, shops: int) -> Intervals:
        low, high, truth = np.array([one(rng) for _ in range(shops)], float).T
        return low, high, truth

    return many
