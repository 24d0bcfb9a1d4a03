"""Why a share has changed: another mix of groups, or other shares of the groups themselves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from templates_lib.stats.intervals import upper_tail


class Part(NamedTuple):
    """A part of the change and its interval."""

    estimate: float
    low: float
    high: float


class Decomposition(NamedTuple):
    """The change of a share, and its two parts, which add up to it."""

    change: Part
    mix: Part
    rate: Part


def kitagawa(
    successes: ArrayLike,
    trials: ArrayLike,
    successes_before: ArrayLike,
    trials_before: ArrayLike,
    *,
    confidence: float = 0.95,
) -> Decomposition:
    """Kitagawa's decomposition of the change of a share over groups.

    With p the groups' shares of all trials and r their own shares: ``mix`` is the sum of the
    changes of p at the mean r, ``rate`` the sum of the changes of r at the mean p. Intervals by the
    delta method: each period's trials are multinomial, its successes binomial.

    Parameters
    ----------
    successes, trials, successes_before, trials_before : one-dimensional, one value a group, in the
        same order; whole numbers
    confidence : between 0 and 1

    Raises
    ------
    ValueError
        Where a group has no trials in a period, or more successes than trials.

    References
    ----------
    Kitagawa (1955), Journal of the American Statistical Association 50:1168.

    Examples
    --------
    >>> made = kitagawa([30, 20], [100, 400], [60, 15], [200, 300])
    >>> print(f"{made.change.estimate:.3f} {made.mix.estimate:.3f} {made.rate.estimate:.3f}")
    -0.050 -0.050 0.000
    """
    k1, n1, k0, n0 = (
        np.asarray(v, dtype=float) for v in (successes, trials, successes_before, trials_before)
    )
    if not ((n1 > 0).all() and (n0 > 0).all() and (k1 <= n1).all() and (k0 <= n0).all()):
        raise ValueError("expected trials in each group and period, and no more successes")
    p1, p0, r1, r0 = n1 / n1.sum(), n0 / n0.sum(), k1 / n1, k0 / n0
    mean_r, mean_p = (r1 + r0) / 2, (p1 + p0) / 2
    slopes = {  # of each part by p (now, before) and by r (now, before)
        "mix": (mean_r, -mean_r, (p1 - p0) / 2, (p1 - p0) / 2),
        "rate": ((r1 - r0) / 2, (r1 - r0) / 2, mean_p, -mean_p),
        "change": (r1, -r0, p1, -p0),
    }
    estimates = {
        "mix": float((p1 - p0) @ mean_r),
        "rate": float((r1 - r0) @ mean_p),
        "change": float(p1 @ r1 - p0 @ r0),
    }
    z = stats.norm.isf(upper_tail(confidence))
    parts = {}
    for name, (by_p1, by_p0, by_r1, by_r0) in slopes.items():
        variance = _of_multinomial(by_p1, p1, n1.sum()) + _of_multinomial(by_p0, p0, n0.sum())
        variance += (by_r1**2 * r1 * (1 - r1) / n1 + by_r0**2 * r0 * (1 - r0) / n0).sum()
        half = z * float(variance) ** 0.5
        parts[name] = Part(estimates[name], estimates[name] - half, estimates[name] + half)
    return Decomposition(parts["change"], parts["mix"], parts["rate"])


def _of_multinomial(slope: np.ndarray, p: np.ndarray, n: float) -> float:
    """Variance of the sum of slope × share over groups whose counts are multinomial."""
    return float(max(0.0, (p @ slope**2) - (p @ slope) ** 2) / n)
