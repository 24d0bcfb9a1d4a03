"""How large a test must be to settle a question."""

from __future__ import annotations

import math

from statsmodels.stats.power import NormalIndPower
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
