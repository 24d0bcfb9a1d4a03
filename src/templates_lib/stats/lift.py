"""How much more frequent something is in a part than in the whole: lift, its interval and test.

All functions take counts and work on whole columns of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from templates_lib.stats.intervals import wilson


def share_ratio(
    successes_1: ArrayLike,
    trials_1: ArrayLike,
    successes_2: ArrayLike,
    trials_2: ArrayLike,
    *,
    confidence: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Interval of the ratio of two independent shares, p1 / p2, recovered from Wilson's (MOVER-R).

    Returns
    -------
    (low, high) : arrays; 0 below where there is no success in the first, infinity above where
        there is none in the second; nan where there is none in either, or nobody

    References
    ----------
    Donner and Zou (2012), Statistical Methods in Medical Research 21:347; recommended for shares
    by Fagerland, Lydersen and Laake (2015), the same journal 24:224.

    Examples
    --------
    >>> low, high = share_ratio(30, 100, 20, 100)
    >>> print(f"{low:.3f} {high:.3f}")
    0.923 2.445
    """
    x1, n1, x2, n2 = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (successes_1, trials_1, successes_2, trials_2))
    )
    l1, u1 = wilson(x1, n1, confidence=confidence)
    l2, u2 = wilson(x2, n2, confidence=confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        p1, p2 = x1 / n1, x2 / n2
        both = p1 * p2
        low_root = np.sqrt(np.clip(both**2 - l1 * u2 * (2 * p1 - l1) * (2 * p2 - u2), 0, None))
        high_root = np.sqrt(np.clip(both**2 - u1 * l2 * (2 * p1 - u1) * (2 * p2 - l2), 0, None))
        # the smaller root of u2 (2 p2 - u2) r² - 2 p1 p2 r + l1 (2 p1 - l1), without a 0 below
        low = l1 * (2 * p1 - l1) / (both + low_root)
        high = (both + high_root) / (l2 * (2 * p2 - l2))
    nothing = (x1 == 0) & (x2 == 0)
    low = np.where(nothing, np.nan, np.where(x1 == 0, 0.0, low))
    high = np.where(nothing, np.nan, np.where(x2 == 0, np.inf, high))
    return low, high


def lift(
    part_successes: ArrayLike,
    part: ArrayLike,
    whole_successes: ArrayLike,
    whole: ArrayLike,
    *,
    confidence: float = 0.95,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share in a part / share in the whole that it belongs to, with its interval.

    The two shares are not independent. With f = part / whole and r the ratio of the part's share
    to that of the rest, which are, lift = r / (f r + 1 − f): it rises with r, so that the ends of
    the interval of r are put in.

    Returns
    -------
    (lift, low, high) : arrays; nan where nobody of the whole has it

    Raises
    ------
    ValueError
        If the part has more than the whole.
    """
    x1, n1, x, n = np.broadcast_arrays(
        *(np.asarray(v, dtype=float) for v in (part_successes, part, whole_successes, whole))
    )
    if np.any(x1 > x) or np.any(n1 > n):
        raise ValueError("expected a part of the whole; found more in the part")
    ends = share_ratio(x1, n1, x - x1, n - n1, confidence=confidence)
    with np.errstate(invalid="ignore", divide="ignore"):
        f = n1 / n
        estimate = (x1 / n1) / (x / n)
        low, high = (1 / (f + (1 - f) / r) for r in ends)
    return estimate, low, high


def mid_p(
    successes_1: ArrayLike, trials_1: ArrayLike, successes_2: ArrayLike, trials_2: ArrayLike
) -> np.ndarray:
    """p-value of the equality of two shares: Fisher's test with Lancaster's mid-p, twice the
    smaller tail.

    Fisher's own p-value is too large in small groups, since counts are whole numbers; that of
    the middle counts half of what was observed.

    References
    ----------
    Lancaster (1961), JASA 56:223; Agresti (2013), Categorical Data Analysis, 3.5 and 16.6.

    Examples
    --------
    >>> print(f"{mid_p(3, 4, 1, 4):.4f}")
    0.2571
    """
    x1, n1, x2, n2 = np.broadcast_arrays(
        *(np.asarray(v, dtype=np.int64) for v in (successes_1, trials_1, successes_2, trials_2))
    )
    chance = stats.hypergeom(n1 + n2, x1 + x2, n1)
    half = chance.pmf(x1) / 2
    tail = np.minimum(chance.cdf(x1), chance.sf(x1 - 1)) - half
    return np.clip(2 * tail, 0.0, 1.0)
