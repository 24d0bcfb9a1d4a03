"""Confidence intervals for shares and means, and p-values adjusted for many tests.

Every function takes counts or sums, never rows, so that its time and memory do not depend on
how many subjects stand behind a number, and none of them needs a random seed.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

# Sums that arrive as floats were rounded once per addition; below this share of the mean square a
# variance is that rounding and not spread.
FLOAT_NOISE = 1e-12


def upper_tail(confidence: float) -> float:
    """Probability left above a two-sided interval: 0.025 for a confidence of 0.95.

    Raises
    ------
    ValueError
        Unless 0 < confidence < 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; expected a share such as 0.95")
    return (1 - confidence) / 2


def wilson(
    successes: ArrayLike, trials: ArrayLike, *, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson score interval of a share; the denominator is `trials`.

    Parameters
    ----------
    successes, trials : array-like of counts, broadcast against each other
    confidence : share of intervals that hold the true value, between 0 and 1

    Returns
    -------
    (low, high) : arrays of the broadcast shape, within [0, 1]; nan where `trials` is 0.

    Raises
    ------
    ValueError
        Unless 0 <= successes <= trials everywhere.

    References
    ----------
    Wilson (1927), JASA 22; Newcombe (1998), Statistics in Medicine 17:857.

    Examples
    --------
    >>> low, high = wilson(81, 263)
    >>> print(f"{low:.4f} {high:.4f}")
    0.2553 0.3662
    """
    successes, trials = _counts(successes, trials)
    low, high = proportion_confint(
        successes, trials, alpha=2 * upper_tail(confidence), method="wilson"
    )
    return low, high


def newcombe(
    successes_1: ArrayLike,
    trials_1: ArrayLike,
    successes_2: ArrayLike,
    trials_2: ArrayLike,
    *,
    confidence: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Newcombe's score interval of a difference of two independent shares, p1 - p2.

    Parameters
    ----------
    successes_1, trials_1, successes_2, trials_2 : array-like of counts, broadcast together
    confidence : between 0 and 1

    Returns
    -------
    (low, high) : arrays of the broadcast shape, within [-1, 1]; nan where either `trials` is 0.

    Raises
    ------
    ValueError
        Unless 0 <= successes <= trials everywhere.

    References
    ----------
    Newcombe (1998), Statistics in Medicine 17:873, method 10.

    Examples
    --------
    >>> low, high = newcombe(56, 70, 48, 80)
    >>> print(f"{low:.4f} {high:.4f}")
    0.0524 0.3339
    """
    low, high = confint_proportions_2indep(
        *_counts(successes_1, trials_1),
        *_counts(successes_2, trials_2),
        compare="diff",
        method="newcomb",
        alpha=2 * upper_tail(confidence),
    )
    return low, high


def holm(p_values: ArrayLike) -> np.ndarray:
    """Holm's step-down adjustment: compare the result with the level of the whole family.

    Parameters
    ----------
    p_values : one-dimensional array-like; nan marks a test that could not be made, which stays
        nan and does not count as one of the family

    Returns
    -------
    Array of the same length, in the same order.

    Raises
    ------
    ValueError
        If a p-value lies outside [0, 1].

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6:65.

    Examples
    --------
    >>> print(holm([0.01, 0.04, 0.03, 0.005]))
    [0.03 0.06 0.06 0.02]
    """
    return _adjusted(p_values, "holm")


def benjamini_hochberg(p_values: ArrayLike) -> np.ndarray:
    """q-values: the smallest share of false ones at which a test would still be called.

    Of all tests with a q-value up to q, false ones are expected to be at most the share q.

    Parameters
    ----------
    p_values : as for `holm`

    Raises
    ------
    ValueError
        If a p-value lies outside [0, 1].

    References
    ----------
    Benjamini and Hochberg (1995), JRSS B 57:289.

    Examples
    --------
    >>> print(benjamini_hochberg([0.01, 0.04, 0.03, 0.005]))
    [0.02 0.04 0.04 0.02]
    """
    return _adjusted(p_values, "fdr_bh")


def _adjusted(p_values: ArrayLike, method: str) -> np.ndarray:
    p = np.asarray(p_values, dtype=float)
    if np.any((p < 0) | (p > 1)):
        raise ValueError("p_values holds a number outside [0, 1]")
    made = ~np.isnan(p)
    adjusted = np.full(p.shape, np.nan)
    if made.any():
        adjusted[made] = multipletests(p[made], method=method)[1]
    return adjusted


def mean_interval(
    n: ArrayLike,
    total: ArrayLike,
    squares: ArrayLike,
    cubes: ArrayLike,
    *,
    confidence: float = 0.95,
) -> tuple[np.ndarray, np.ndarray]:
    """Interval for the mean of a skewed population from its power sums.

    Hall's cubic transformation takes the skewness out of the t statistic and is inverted in
    closed form. The critical value is Student's, not the normal one: the two agree to the order
    of Hall's theorem, and without skewness the result is then exactly the t interval.

    Parameters
    ----------
    n, total, squares, cubes : array-like, broadcast together
        The number of values x, and the sums of x, x² and x³. Central moments are computed in
        exact arithmetic, so integers and Decimals lose nothing; floats carry the rounding of
        whoever summed them, and where the spread is small beside the mean that can be all there
        is. The sums may be missing where `n` < 2.
    confidence : between 0 and 1

    Returns
    -------
    (low, high) : float arrays of the broadcast shape, in the unit of x. nan where n < 2; both
        equal to the mean where all values are equal.

    Raises
    ------
    ValueError
        If n is negative, if a sum is missing where n >= 2, or if squares < total² / n, which no
        set of values can give.

    References
    ----------
    Hall (1992), On the removal of skewness by transformation, JRSS B 54:221.

    Examples
    --------
    >>> x = [1, 1, 2, 2, 3, 4, 5, 30]
    >>> low, high = mean_interval(len(x), sum(x), sum(v**2 for v in x), sum(v**3 for v in x))
    >>> print(f"{low:.2f} {high:.2f}")
    0.65 32.63
    """
    tail = upper_tail(confidence)
    sums = np.broadcast_arrays(*(np.asarray(v, dtype=object) for v in (n, total, squares, cubes)))
    rows = [_moments(*row) for row in zip(*map(np.ravel, sums), strict=True)]
    mean, variance, skewness = np.reshape(rows, (-1, 3)).T.reshape(3, *sums[0].shape)
    n = sums[0].astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        root, se = np.sqrt(n), np.sqrt(variance / (n - 1))
        critical = stats.t.isf(tail, n - 1)
        low, high = (
            mean - se * _hall_inverse(side * critical, skewness / root) for side in (1, -1)
        )
    return low, high


def _hall_inverse(y: np.ndarray, asymmetry: np.ndarray) -> np.ndarray:
    """Solve T + g T²/3 + g² T³/27 + g/6 = y for T, with g = `asymmetry` = skewness / sqrt(n).

    The left side is ((1 + g T / 3)³ - 1) / g + g / 6. Writing root - 1 as
    (root³ - 1) / (root² + root + 1) avoids the division by g, which may be 0.
    """
    shifted = y - asymmetry / 6
    root = np.cbrt(1 + asymmetry * shifted)
    return 3 * shifted / (root**2 + root + 1)


def _moments(n: object, total: object, squares: object, cubes: object) -> tuple[float, ...]:
    """Mean, variance (divisor n) and skewness of one set of values; nan where n < 2."""
    if n < 0:
        raise ValueError(f"n is {n}; expected a count of at least 0")
    if n < 2:
        return np.nan, np.nan, np.nan
    size, s1, s2, s3 = map(_exact, (n, total, squares, cubes))
    mean = s1 / size
    variance = s2 / size - mean**2
    third = s3 / size - 3 * mean * s2 / size + 2 * mean**3
    is_rounded = any(isinstance(v, float) for v in (total, squares))
    noise = FLOAT_NOISE * float(s2 / size) if is_rounded else 0.0
    if variance < -noise:
        raise ValueError(
            f"squares is less than total² / n (n = {n}): these are not sums over the same values"
        )
    if variance <= noise:
        return float(mean), 0.0, 0.0
    return float(mean), float(variance), float(third) / float(variance) ** 1.5


def _exact(value: object) -> Fraction:
    """A number without loss; numpy integers become Python's, which cannot overflow."""
    try:
        return Fraction(int(value) if isinstance(value, np.integer) else value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"a sum is {value!r} where n >= 2; expected a finite number") from None


def _counts(successes: ArrayLike, trials: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Both as floats, with trials of 0 as nan, for which a share is not defined."""
    successes, trials = np.broadcast_arrays(
        np.asarray(successes, dtype=float), np.asarray(trials, dtype=float)
    )
    wrong = ~((successes >= 0) & (successes <= trials))
    if wrong.any():
        raise ValueError(
            f"expected 0 <= successes <= trials; found successes {successes[wrong][0]:g} "
            f"of trials {trials[wrong][0]:g}, and {wrong.sum()} such in all"
        )
    return successes.copy(), np.where(trials > 0, trials, np.nan)
