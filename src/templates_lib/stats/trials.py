"""How large a test must be to settle a question, and what one says whose units are groups."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import proportion_effectsize


def test_size(base: float, change: float, *, power: float = 0.8, alpha: float = 0.05) -> int:
    """Persons an arm to see a share change by ``change`` from ``base``, two-sided.

    By Cohen's arcsine effect size (Cohen 1988, chapter 6).

    Raises
    ------
    ValueError
        When a share would leave 0 to 1, or there is no change.
    """
    if not 0 <= base <= 1 or not 0 <= base + change <= 1 or change == 0:
        raise ValueError("expected shares from 0 to 1 that differ")
    effect = abs(proportion_effectsize(base + change, base))
    return math.ceil(NormalIndPower().solve_power(effect, alpha=alpha, power=power))


def mean_test_size(sd: float, change: float, *, power: float = 0.8, alpha: float = 0.05) -> int:
    """Units an arm to see a mean change by ``change``, two-sided, by the t-test.

    Starts at 2 (z₁₋α/₂ + z_power)² sd² / change² and goes up to where the noncentral t has the
    power. R: ``power.t.test``.

    Raises
    ------
    ValueError
        When there is no spread or no change.

    Examples
    --------
    >>> mean_test_size(2, 1)
    64
    """
    if not (0 < sd < math.inf and 0 < abs(change) < math.inf):
        raise ValueError("expected a spread above 0 and a change")
    effect = abs(change) / sd
    z = stats.norm.isf(alpha / 2) + stats.norm.ppf(power)
    n = max(2, math.ceil(2 * (z / effect) ** 2))
    test = TTestIndPower()
    while test.power(effect, n, alpha) < power:
        n += 1
    return n


def visible_change(n: int, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """The least change of a mean, in standard deviations, that ``n`` units an arm show.

    Examples
    --------
    >>> print(f"{visible_change(64):.3f}")
    0.499
    """
    return float(TTestIndPower().solve_power(nobs1=n, power=power, alpha=alpha))


def visible_share_change(base: float, n: int, *, power: float = 0.8, alpha: float = 0.05) -> float:
    """The least rise of a share above ``base`` that ``n`` persons an arm show, up to 1 at most.

    The inverse of ``test_size``: sin²(arcsin √base + h / 2) - base, where h is Cohen's effect.

    Examples
    --------
    >>> print(f"{visible_share_change(0.1, test_size(0.1, 0.05)):.3f}")
    0.050
    """
    effect = NormalIndPower().solve_power(nobs1=n, power=power, alpha=alpha)
    angle = min(math.asin(math.sqrt(base)) + effect / 2, math.pi / 2)
    return math.sin(angle) ** 2 - base


class RatioDifference(NamedTuple):
    """Σy / Σx of one arm less that of the other; ``sd`` is that of a unit's ratio around it."""

    estimate: float
    low: float
    high: float
    sd: float


def ratio_difference(
    y: ArrayLike, x: ArrayLike, other_y: ArrayLike, other_x: ArrayLike, *, alpha: float = 0.05
) -> RatioDifference:
    """Difference of two ratios over units of several sizes, such as sales a person by region.

    The variance of a ratio is that of its residuals y − R x (Cochran 1977, section 6.3), the
    degrees of freedom are Welch's. With units of one size it is Welch's t-test of y / x.

    Returns
    -------
    low, high and sd are nan where an arm has a single unit, or none of them differ.
    """
    ratios, variances, sizes = [], [], []
    for top, bottom in ((y, x), (other_y, other_x)):
        t, b = np.asarray(top, dtype=float), np.asarray(bottom, dtype=float)
        ratio = t.sum() / b.sum()
        spread = ((t - ratio * b) ** 2).sum() / b.mean() ** 2
        ratios.append(ratio)
        variances.append(spread / (len(t) - 1) if len(t) > 1 else np.nan)
        sizes.append(len(t))
    variance, n = np.array(variances), np.array(sizes)
    estimate, error = ratios[0] - ratios[1], variance / n
    if not error.sum() > 0:
        return RatioDifference(float(estimate), np.nan, np.nan, np.nan)
    freedom = error.sum() ** 2 / (error**2 / (n - 1)).sum()
    half = stats.t.isf(alpha / 2, freedom) * np.sqrt(error.sum())
    sd = np.sqrt(((n - 1) * variance).sum() / (n - 1).sum())
    return RatioDifference(*(float(v) for v in (estimate, estimate - half, estimate + half, sd)))
