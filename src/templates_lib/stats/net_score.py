"""Net scores: 100 × the mean of answers that count +1, 0 or −1, in points from −100 to 100.

The two shares behind a net score are not independent, so that its variance is that of the
answers themselves, p + d − (p − d)², and never the sum of two variances of shares.

Where people answer several times, counts divided by their design effect (``net_score_design``) are
as sure as independent answers, and every function of counts takes them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from templates_lib.stats.intervals import upper_tail

POINTS = 100.0
# Pseudo-observations for the answers that count +1, 0 and −1.
ADDED = (0.75, 1.5, 0.75)
COUNTS = ["positive", "neutral", "negative"]
SUM_TOLERANCE = 1e-6


class NetScore(NamedTuple):
    """Net score in points, with its interval."""

    score: np.ndarray
    low: np.ndarray
    high: np.ndarray


class NetScoreDifference(NamedTuple):
    """Difference of two net scores in points (−200 to 200), with its interval and test."""

    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray


class PairedDifference(NamedTuple):
    """Mean change of the same subjects in points; n = pairs with both answers."""

    difference: float
    low: float
    high: float
    p_value: float
    n: int


def net_score(
    positive: ArrayLike, neutral: ArrayLike, negative: ArrayLike, *, confidence: float = 0.95
) -> NetScore:
    """Net score with the adjusted Wald interval; the denominator is all three counts.

    Parameters
    ----------
    positive, neutral, negative : array-like of counts of the answers +1, 0 and −1, broadcast;
        divided by their design effect where they are not independent
    confidence : between 0 and 1

    Returns
    -------
    NetScore(score, low, high) of arrays in points. The score is the raw one; the limits are the
    Wald limits after adding ¾, 1½ and ¾ answers, cut at ±100. nan where there are no answers. A
    single answer can lie outside its own interval.

    Raises
    ------
    ValueError
        If a count is negative or missing.

    References
    ----------
    Rocks (2016), Interval estimation for the Net Promoter Score, The American Statistician
    70:365. R: `NPS::nps.se`, pseudo-observations (.75, 1.5, .75).

    Examples
    --------
    >>> score, low, high = net_score(15, 13, 8)
    >>> print(f"{score:.1f} ({low:.1f} to {high:.1f})")
    19.4 (-6.3 to 42.2)
    """
    z = stats.norm.isf(upper_tail(confidence))
    counts = _counts(positive, neutral, negative)
    centre, variance = _adjusted(counts)
    low, high = around(centre, z * np.sqrt(variance), limit=1)
    return NetScore(POINTS * _raw(counts), low, high)


def net_score_difference(
    first: Sequence[ArrayLike], second: Sequence[ArrayLike], *, confidence: float = 0.95
) -> NetScoreDifference:
    """Difference first − second of the net scores of two independent groups.

    Parameters
    ----------
    first, second : each (positive, neutral, negative), array-like of counts, broadcast together
    confidence : between 0 and 1

    Returns
    -------
    NetScoreDifference(difference, low, high, p_value) of arrays. The difference is that of the
    raw scores; limits and the two-sided p-value are those of the adjusted Wald z, for which each
    group is given ¾, 1½ and ¾ answers. nan where a group has no answers.

    Raises
    ------
    ValueError
        As `net_score`.

    References
    ----------
    Rocks (2016), as for `net_score`. R: `NPS::nps.test`.

    Examples
    --------
    >>> result = net_score_difference((15, 13, 8), (12, 7, 12))
    >>> print(f"{result.difference:.1f} ({result.low:.1f} to {result.high:.1f})")
    19.4 (-19.9 to 55.8)
    """
    z = stats.norm.isf(upper_tail(confidence))
    one, other = _counts(*first), _counts(*second)
    (centre, variance), (other_centre, other_variance) = _adjusted(one), _adjusted(other)
    difference, se = centre - other_centre, np.sqrt(variance + other_variance)
    low, high = around(difference, z * se, limit=2)
    p_value = 2 * stats.norm.sf(np.abs(difference) / se)
    return NetScoreDifference(POINTS * (_raw(one) - _raw(other)), low, high, p_value)


def paired_net_score_difference(
    before: ArrayLike, after: ArrayLike, *, confidence: float = 0.95
) -> PairedDifference:
    """Change after − before of the net score of the same subjects.

    Parameters
    ----------
    before, after : one-dimensional array-like of +1, 0, −1 or missing; position i is subject i
    confidence : between 0 and 1

    Returns
    -------
    PairedDifference(difference, low, high, p_value, n): the paired t test over the n subjects
    with both answers, the limits cut at ±200. Interval and p-value are nan with fewer than two
    pairs, and where all changed alike: no spread was seen, which does not mean that there is none.

    Raises
    ------
    ValueError
        If an answer is none of +1, 0 and −1, or the lengths differ.

    References
    ----------
    Student (1908). R: `t.test(after, before, paired = TRUE)`.
    """
    tail = upper_tail(confidence)
    before, after = answers_of(before, "before"), answers_of(after, "after")
    if before.shape != after.shape:
        raise ValueError(
            f"before holds {before.size} answers and after {after.size}; expected one of each "
            "for every subject, missing where there is none"
        )
    change = after - before
    change = change[~np.isnan(change)]
    n = len(change)
    if n == 0:
        return PairedDifference(np.nan, np.nan, np.nan, np.nan, 0)
    mean = change.mean()
    if n < 2 or np.ptp(change) == 0:
        return PairedDifference(float(POINTS * mean), np.nan, np.nan, np.nan, n)
    se = change.std(ddof=1) / np.sqrt(n)
    low, high = around(mean, stats.t.isf(tail, n - 1) * se, limit=2)
    p_value = 2 * stats.t.sf(abs(mean) / se, n - 1)
    return PairedDifference(float(POINTS * mean), float(low), float(high), float(p_value), n)


def mix_adjusted(
    counts: pd.DataFrame,
    *,
    wave: str,
    group: str,
    mix: Mapping[object, float] | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Net scores of waves, each standardised to one and the same mix of groups.

    Parameters
    ----------
    counts : one row per wave and group: the columns named by `wave` and `group`, and the counts
        positive, neutral, negative. Rows of the same wave and group are added.
    mix : share of each group, summing to 1; that of the answers of all waves together if None
    confidence : between 0 and 1

    Returns
    -------
    One row per wave, in sorted order: the wave's column, n (answers in groups of the mix),
    score (raw, of these answers), adjusted_score, low, high (of adjusted_score), and
    missing_groups: the groups of the mix without an answer in the wave, as a tuple. Such a wave
    cannot be standardised and has nan; a mix of fewer groups, or merged ones, can be.

    adjusted_score is Σ share × score of the group (direct standardisation). The mix is taken as
    known. In the variance of each group stand ¾, 1½ and ¾ added answers, so that a small group
    that answered alike does not count as certain; the score itself is not moved, because that
    would draw a wave of many small groups towards 0.

    Raises
    ------
    ValueError
        If a column is missing, a count is wrong, the shares of the mix are negative or do not
        sum to 1, or a group with answers is not in the mix.

    References
    ----------
    Direct standardisation: Fleiss, Levin & Paik (2003), Statistical Methods for Rates and
    Proportions, chapter 19.
    """
    z = stats.norm.isf(upper_tail(confidence))
    missing = [c for c in (wave, group, *COUNTS) if c not in counts.columns]
    if missing:
        raise ValueError(f"counts has no column {', '.join(missing)}")
    _counts(*(counts[c] for c in COUNTS))
    cells = counts.groupby([group, wave], observed=True)[COUNTS].sum().unstack(fill_value=0)
    answers = cells.T.groupby(level=1).sum().T
    shares = _mix(answers.sum(axis=1), mix)
    waves = answers.columns
    cells = cells.reindex(shares.index, fill_value=0)
    tallies = [cells[c][waves].to_numpy(float) for c in COUNTS]
    weight = shares.to_numpy()[:, None]
    n = np.sum(tallies, axis=0)
    is_missing = (n == 0) & (weight > 0)
    # The adjusted variance is that of a mean over n + 3 answers; n were given.
    spread = _adjusted(tallies)[1] * (n + sum(ADDED))
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.where(weight > 0, weight**2 * spread / n, 0).sum(axis=0)
    score = np.where(weight > 0, weight * _raw(tallies), 0).sum(axis=0)
    variance = np.where(is_missing.any(axis=0), np.nan, variance)
    low, high = around(score, z * np.sqrt(variance), limit=1)
    return pd.DataFrame(
        {
            wave: waves,
            "n": n.sum(axis=0).astype(int),
            "score": POINTS * _raw([t.sum(axis=0) for t in tallies]),
            "adjusted_score": POINTS * score,
            "low": low,
            "high": high,
            "missing_groups": [tuple(shares.index[column]) for column in is_missing.T],
        }
    )


def _mix(answers: pd.Series, mix: Mapping[object, float] | None) -> pd.Series:
    """The share of each group: as given, or that of the answers."""
    if mix is None:
        return answers[answers > 0] / answers.sum()
    shares = pd.Series(dict(mix), dtype=float)
    if not (shares >= 0).all() or abs(shares.sum() - 1) > SUM_TOLERANCE:
        raise ValueError(
            f"the shares of mix sum to {shares.sum():g}; expected shares of at least 0 and a sum "
            "of 1"
        )
    unknown = [str(g) for g in answers.index[answers > 0] if g not in shares.index]
    if unknown:
        raise ValueError(f"mix has no share for {', '.join(unknown)}, which hold answers")
    return shares


def _counts(*counts: ArrayLike) -> list[np.ndarray]:
    """Positive, neutral and negative counts as floats of one shape."""
    arrays = list(np.broadcast_arrays(*(np.asarray(c, dtype=float) for c in counts)))
    wrong = ~(np.stack(arrays) >= 0)
    if wrong.any():
        raise ValueError(f"expected counts of at least 0; found {np.stack(arrays)[wrong][0]:g}")
    return arrays


def answers_of(values: ArrayLike, name: str) -> np.ndarray:
    """Answers as floats; only +1, 0, −1 and missing."""
    array = pd.to_numeric(pd.Series(values)).to_numpy(float, na_value=np.nan)
    wrong = ~(np.isnan(array) | np.isin(array, [-1, 0, 1]))
    if wrong.any():
        raise ValueError(f"{name} holds {array[wrong][0]:g}; expected +1, 0, −1 or missing")
    return array


def _raw(counts: Sequence[np.ndarray]) -> np.ndarray:
    """(positive − negative) / all, nan without answers."""
    positive, neutral, negative = counts
    with np.errstate(invalid="ignore", divide="ignore"):
        return (positive - negative) / (positive + neutral + negative)


def _adjusted(counts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Centre and variance of the mean after the added answers; nan without real ones."""
    positive, neutral, negative = (c + added for c, added in zip(counts, ADDED, strict=True))
    n = positive + neutral + negative
    centre = (positive - negative) / n
    variance = ((positive + negative) / n - centre**2) / n
    empty = n == sum(ADDED)
    return np.where(empty, np.nan, centre), np.where(empty, np.nan, variance)


def around(centre: ArrayLike, margin: ArrayLike, *, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Limits in points, within what the scale can reach."""
    ends = (np.clip(centre + side * margin, -limit, limit) for side in (-1, 1))
    low, high = (POINTS * end for end in ends)
    return low, high
