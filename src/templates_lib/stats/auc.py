"""How well a score tells two groups apart: the area under the ROC curve, with its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from templates_lib.stats.intervals import upper_tail


class Area(NamedTuple):
    """The chance that one of the first group has the higher score; ``n`` are both groups."""

    auc: float
    low: float
    high: float
    n: int


def auc(is_first: ArrayLike, score: ArrayLike, *, confidence: float = 0.95) -> Area:
    """Area under the ROC curve with DeLong's standard error; a tie counts half.

    Raises
    ------
    ValueError
        Unless there are two of each group.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44:837.

    Examples
    --------
    >>> print(f"{auc([0, 0, 0, 1, 1, 1], [1, 2, 3, 2, 4, 5]).auc:.4f}")
    0.8333
    """
    is_first = np.asarray(is_first, dtype=bool)
    score = np.asarray(score, dtype=float)
    first, second = score[is_first], score[~is_first]
    m, n = len(first), len(second)
    if min(m, n) < 2:
        raise ValueError(f"expected two of each group; found {m} and {n}")
    ranks = stats.rankdata(score)
    above = (ranks[is_first] - stats.rankdata(first)) / n
    below = 1 - (ranks[~is_first] - stats.rankdata(second)) / m
    area = float(above.mean())
    se = np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)
    half = stats.norm.isf(upper_tail(confidence)) * se
    return Area(area, float(max(0.0, area - half)), float(min(1.0, area + half)), m + n)
