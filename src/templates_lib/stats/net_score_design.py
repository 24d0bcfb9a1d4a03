"""Net scores of answers that have weights, or of which several come from one person.

Answers of one person are alike: they say less than as many answers of different people. The
variance is that of persons drawn with replacement, linearised.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from templates_lib.stats.intervals import upper_tail
from templates_lib.stats.net_score import POINTS, answers_of, around


class WeightedNetScore(NamedTuple):
    """Net score of weighted answers in points; n = answers with a weight above 0, effective_n =
    answers of equal weight that would be as sure."""

    score: float
    low: float
    high: float
    se: float
    n: int
    effective_n: float


def design_effect(values: ArrayLike, clusters: ArrayLike) -> float:
    """How many times the variance of a net score is that of as many independent answers.

    Parameters
    ----------
    values : one-dimensional array-like of +1, 0, −1 or missing
    clusters : who gave each answer; a missing one is a person who answered once

    Returns
    -------
    The linearised variance of the mean with answers clustered by person, over that of independent
    answers, and at least 1: people who answer differently each time are no gain to count on. Where
    all answers are alike nothing is known of it, and it is what it would be if each person always
    gave the same answer: Σ answers² / Σ answers. 1 where nobody answered twice; nan without
    answers.

    Raises
    ------
    ValueError
        If an answer is none of +1, 0 and −1, or the lengths differ.

    References
    ----------
    Kish (1965), Survey Sampling, section 5.4; counts divided by it, in an interval for
    independent answers: Korn & Graubard (1998), Survey Methodology 24:193. R: `deff` of
    `survey::svymean(~v, svydesign(~cluster), deff = "replace")`.

    Examples
    --------
    >>> print(f"{design_effect([1, 1, -1, -1, 0, 0], ['a', 'a', 'b', 'b', 'c', 'd']):.2f}")
    2.22
    """
    values = answers_of(values, "values")
    place = _places(clusters, len(values))
    counted = ~np.isnan(values)
    values, place = values[counted], place[counted]
    if len(values) == 0:
        return np.nan
    sizes = np.bincount(place)
    if sizes.max() == 1:
        return 1.0
    residuals = values - values.mean()
    if np.ptp(values) == 0 or (sizes > 0).sum() < 2:
        return float(sizes @ sizes / sizes.sum())
    alone = _linearised_variance(residuals, np.arange(len(values)))
    return max(1.0, float(_linearised_variance(residuals, place) / alone))


def weighted_net_score(
    values: ArrayLike,
    weights: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    confidence: float = 0.95,
) -> WeightedNetScore:
    """Net score of answers with weights, with the design-based standard error.

    Parameters
    ----------
    values : one-dimensional array-like of +1, 0, −1 or missing
    weights : as many numbers >= 0; their scale does not matter. A missing answer leaves the
        denominator together with its weight.
    clusters : who gave each answer, as for `design_effect`; each a person of its own if None
    confidence : between 0 and 1

    Returns
    -------
    WeightedNetScore(score, low, high, se, n, effective_n). The score is the ratio Σwv / Σw; its
    error is linearised, with the weights taken as given and persons drawn with replacement;
    Student's t with persons − 1 degrees of freedom, cut at ±100. effective_n is Kish's
    (Σw)² / Σw², w being the weights summed by person. The error and the interval are nan with
    fewer than two persons, or where all answers are alike.

    Raises
    ------
    ValueError
        If an answer is none of +1, 0 and −1, a weight is negative or missing, or lengths differ.

    References
    ----------
    Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 5.7; Kish (1965),
    Survey Sampling, section 11.7. R: `survey::svymean(~v, svydesign(~cluster, weights = ~w))`.
    """
    tail = upper_tail(confidence)
    values, weights = answers_of(values, "values"), np.asarray(weights, dtype=float)
    if values.shape != weights.shape:
        raise ValueError(f"values holds {values.size} numbers and weights {weights.size}")
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError("weights holds a number that is missing, infinite or below 0")
    place = np.arange(len(values)) if clusters is None else _places(clusters, len(values))
    counted = ~np.isnan(values) & (weights > 0)
    values, weights, place = values[counted], weights[counted], place[counted]
    n, total = len(values), weights.sum()
    if n == 0:
        return WeightedNetScore(np.nan, np.nan, np.nan, np.nan, 0, 0.0)
    score = weights @ values / total
    held = np.bincount(place, weights)
    effective_n, persons = float(total**2 / (held @ held)), len(np.unique(place))
    if persons < 2 or np.ptp(values) == 0:
        return WeightedNetScore(float(POINTS * score), np.nan, np.nan, np.nan, n, effective_n)
    se = np.sqrt(_linearised_variance(weights * (values - score) / total, place))
    low, high = around(score, stats.t.isf(tail, persons - 1) * se, limit=1)
    return WeightedNetScore(
        float(POINTS * score), float(low), float(high), float(POINTS * se), n, effective_n
    )


def _places(clusters: ArrayLike, n: int) -> np.ndarray:
    """Whole numbers for the clusters; each missing one gets its own."""
    place, names = pd.factorize(pd.Series(clusters))
    if len(place) != n:
        raise ValueError(f"values holds {n} numbers and clusters {len(place)}")
    alone = np.flatnonzero(place < 0)
    place[alone] = len(names) + np.arange(len(alone))
    return place


def _linearised_variance(residuals: np.ndarray, place: np.ndarray) -> float:
    """Variance of a sum of residuals whose clusters are drawn with replacement."""
    clusters = len(np.unique(place))
    sums = np.bincount(place, residuals)
    return clusters / (clusters - 1) * (sums @ sums)
