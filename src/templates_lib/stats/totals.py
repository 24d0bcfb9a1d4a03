"""Intervals for counts and totals of whoever came, and for the ratio of two estimates.

A total over customers varies in two ways: in how many come, and in what each of them brings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.rates import confint_poisson

from templates_lib.stats.intervals import mean_interval, upper_tail

# So many could have come that who did come is a Poisson count.
POPULATION = 10**12


def count_interval(count: ArrayLike, *, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Exact interval for the mean of a Poisson count.

    References
    ----------
    Garwood (1936), Biometrika 28:437.

    Examples
    --------
    >>> low, high = count_interval(30)
    >>> print(f"{low:.4f} {high:.4f}")
    20.2409 42.8269
    """
    count = np.asarray(count, dtype=float)
    if np.any(count < 0):
        raise ValueError("a count is below 0")
    low, high = confint_poisson(count, 1, method="exact-c", alpha=2 * upper_tail(confidence))
    return np.where(count == 0, 0.0, low), high


def total_interval(
    total: ArrayLike, squares: ArrayLike, cubes: ArrayLike, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Interval for a total over subjects whose number is itself by chance (compound Poisson).

    It is that of a mean by ``intervals.mean_interval``, of so large a population that those who
    brought something are few in it: the variance of the total is then Σx².

    Parameters
    ----------
    total, squares, cubes : array-like, broadcast together
        Σx, Σx² and Σx³ over the subjects.

    Returns
    -------
    (low, high) : arrays of the broadcast shape, in the unit of x.
    """
    low, high = mean_interval(POPULATION, total, squares, cubes, confidence=confidence)
    return low * POPULATION, high * POPULATION


def ratio_interval(
    top: ArrayLike, top_low: ArrayLike, top_high: ArrayLike,
    bottom: ArrayLike, bottom_low: ArrayLike, bottom_high: ArrayLike,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Interval of the ratio of two independent estimates from the intervals of both (MOVER-R).

    With intervals that are estimate ± z standard errors it is Fieller's.

    Returns
    -------
    (low, high) : nan where the lower part is not above 0 throughout, or where its interval
        reaches twice its estimate, at which the ratio has no bounds.

    References
    ----------
    Donner and Zou (2012), Statistical Methods in Medical Research 21:347.
    """
    t, l1, u1, b, l2, u2 = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (top, top_low, top_high,
                                               bottom, bottom_low, bottom_high))
    )  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        low = _end(t, b, l1, u2, -1)
        high = _end(t, b, u1, l2, 1)
        has_bounds = (l2 > 0) & (u2 < 2 * b)
    return np.where(has_bounds, low, np.nan), np.where(has_bounds, high, np.nan)


def _end(
    top: np.ndarray, bottom: np.ndarray, own: np.ndarray, other: np.ndarray, side: int
) -> np.ndarray:
    product = top * bottom
    inside = product**2 - own * other * (2 * top - own) * (2 * bottom - other)
    return (product + side * np.sqrt(np.maximum(inside, 0))) / (other * (2 * bottom - other))


def margin_multiple(retention: ArrayLike, discount_rate: float) -> np.ndarray:
    """What all later years are worth in margins of the first, where each keeps the same share.

    r / (1 + i − r): the margin of the years after the first, discounted, over that of the first.

    Parameters
    ----------
    retention : r, share of a year's margin that is left in the next, 0 to 1
    discount_rate : i, a year

    Raises
    ------
    ValueError
        Unless 0 <= r <= 1 and i > 0 or r < 1, without which the sum has no end.

    References
    ----------
    Gupta and Lehmann (2003), Journal of Interactive Marketing 17:9.

    Examples
    --------
    >>> print(f"{margin_multiple(0.9, 0.1):.2f}")
    4.50
    """
    r = np.asarray(retention, dtype=float)
    if np.any((r < 0) | (r > 1)) or discount_rate < 0 or np.any(r >= 1 + discount_rate):
        raise ValueError("expected a retention from 0 to 1, below 1 + the discount rate")
    return r / (1 + discount_rate - r)
