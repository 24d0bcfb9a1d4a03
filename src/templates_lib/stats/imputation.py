"""Missing numbers under missing-at-random: normal mean and covariance by EM, and draws from them.

With the inverse P of the covariance, the missing part m of a row is normal given the observed part
o, with mean −P_mm⁻¹ P_mo x_o and covariance P_mm⁻¹ (deviations from the mean): a pattern of missing
columns costs one system of the size of what it misses, and all patterns are solved at once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

# Of a column's variance: keeps columns that repeat each other solvable.
RIDGE = 1e-9
BITS = 62


class Normal(NamedTuple):
    """Multivariate normal: mean (m), covariance (m × m, divisor n), and how EM ended."""

    mean: np.ndarray
    covariance: np.ndarray
    iterations: int
    is_converged: bool


class Patterns(NamedTuple):
    """Rows by the columns they miss: observed (patterns × m), and the pattern of each row."""

    observed: np.ndarray
    of_row: np.ndarray


class Holes(NamedTuple):
    """The rows that miss equally many columns: columns (patterns × k, those missed), rows (their
    positions), and the pattern of each of these rows."""

    columns: np.ndarray
    rows: np.ndarray
    of_row: np.ndarray


def patterns(values: np.ndarray) -> Patterns:
    """Which columns are observed together, and in which rows."""
    is_known = ~np.isnan(values)
    # One integer a row for every 62 columns sorts many times faster than the rows themselves.
    of_row = np.zeros(len(values), dtype=np.int64)
    for start in range(0, values.shape[1], BITS):
        part = is_known[:, start : start + BITS]
        keys = part @ (1 << np.arange(part.shape[1]))
        of_row = pd.factorize(pd.MultiIndex.from_arrays([of_row, keys]))[0] if start else keys
    _, example, of_row = np.unique(of_row, return_index=True, return_inverse=True)
    return Patterns(is_known[example], np.ravel(of_row))


def em(
    values: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    start: Normal | None = None,
    tolerance: float = 1e-6,
    max_iterations: int = 500,
) -> Normal:
    """Maximum-likelihood mean and covariance of normal data with missing values.

    Parameters
    ----------
    values : n rows × m columns, nan where missing
    weights : how often each row counts (0 for not at all); once each if None
    start : where to begin; means and variances of what was observed, uncorrelated, if None
    tolerance : EM ends when no mean or covariance changes by more, in standard deviations
    max_iterations : EM ends unconverged after so many

    Returns
    -------
    Normal(mean, covariance, iterations, is_converged). Without missing values these are the mean
    and the covariance with divisor n. Rows without any value say nothing and do not count.

    Raises
    ------
    ValueError
        If values is not a table, or a column holds no value in a row that counts and there is no
        start.

    References
    ----------
    Dempster, Laird & Rubin (1977), JRSS B 39:1; Little & Rubin (2020), Statistical Analysis with
    Missing Data, section 11.2. R: `norm::em.norm`.
    """
    values = np.array(values, dtype=float, ndmin=2)
    weights = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    counted = (weights > 0) & ~np.isnan(values).all(axis=1)
    values, weights = values[counted], weights[counted]
    is_known = ~np.isnan(values)
    seen = weights @ is_known
    if start is None and (len(values) == 0 or (seen == 0).any()):
        raise ValueError(f"column(s) {np.flatnonzero(seen == 0).tolist()} hold no value at all")
    centre, scale = _scale(values, weights, is_known, seen, start)
    standard = (values - centre) / scale
    found = holes(patterns(standard))
    standard = np.nan_to_num(standard)
    if start is None:
        mean, covariance = np.zeros(len(scale)), np.eye(len(scale))
    else:
        mean = (start.mean - centre) / scale
        covariance = start.covariance / np.outer(scale, scale)
    change, iteration = np.inf, 0
    while change > tolerance and iteration < max_iterations:
        iteration += 1
        new_mean, new_covariance = _step(mean, covariance, standard, is_known, weights, found)
        change = max(np.abs(new_mean - mean).max(), np.abs(new_covariance - covariance).max())
        mean, covariance = new_mean, new_covariance
        if not found:
            change = 0.0
    return Normal(
        centre + scale * mean,
        covariance * np.outer(scale, scale),
        iteration,
        bool(change <= tolerance),
    )


def fill(
    values: np.ndarray, found: Patterns, model: Normal, rng: np.random.Generator
) -> np.ndarray:
    """The values with every missing one drawn at random, given those observed in its row.

    Observed values are untouched. Drawn values are neither rounded nor kept within a scale: either
    would distort the covariances. For proper multiple imputation the rows that the model comes from
    are to be resampled for each draw.

    Parameters
    ----------
    values : n rows × m columns, nan where missing
    found : of `patterns` of the values

    References
    ----------
    Honaker & King (2010), What to do about missing values in time-series cross-section data,
    American Journal of Political Science 54:561 (the EMB algorithm). R: `Amelia::amelia`.
    """
    spread = np.sqrt(np.diag(model.covariance))
    spread = np.where(spread > 0, spread, 1)
    precision = _precision(model.covariance / np.outer(spread, spread))
    is_known = ~np.isnan(values)
    deviation = np.where(is_known, (values - model.mean) / spread, 0)
    # Noise of covariance P, which P_mm⁻¹ turns into noise of covariance P_mm⁻¹.
    noise = rng.standard_normal(values.shape) @ np.linalg.cholesky(precision).T
    pull = deviation @ precision + noise
    for hole in holes(found):
        _put(deviation, hole, _inverses(precision, hole.columns), pull)
    return np.where(is_known, values, model.mean + spread * deviation)


def _scale(
    values: np.ndarray,
    weights: np.ndarray,
    is_known: np.ndarray,
    seen: np.ndarray,
    start: Normal | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation to measure in: those observed, or those of the start."""
    if start is not None:
        centre, variance = start.mean, np.diag(start.covariance)
    else:
        centre = weights @ np.nan_to_num(values) / seen
        variance = weights @ np.where(is_known, values - centre, 0) ** 2 / seen
    return centre, np.where(variance > 0, np.sqrt(np.clip(variance, 0, None)), 1)


def holes(found: Patterns) -> list[Holes]:
    """The rows with something missing, by how many columns they miss."""
    missed = (~found.observed).sum(axis=1)
    missed_of_row = missed[found.of_row]
    place = np.zeros(len(missed), dtype=np.int64)
    parts = []
    for k in np.unique(missed[missed > 0]):
        own = np.flatnonzero(missed == k)
        place[own] = np.arange(len(own))
        columns = np.nonzero(~found.observed[own])[1].reshape(-1, k)
        rows = np.flatnonzero(missed_of_row == k)
        parts.append(Holes(columns, rows, place[found.of_row[rows]]))
    return parts


def _precision(covariance: np.ndarray) -> np.ndarray:
    """The inverse of a covariance."""
    inverse = np.linalg.inv(covariance + RIDGE * np.eye(len(covariance)))
    return (inverse + inverse.T) / 2


def _inverses(precision: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """P_mm⁻¹ of every pattern, as (k, k, patterns): what is left unknown of what it misses.

    Gauss–Jordan without a search for pivots, which a positive definite matrix does not need; all
    patterns at once, many times faster than one call of LAPACK for each.
    """
    left = precision[columns.T[:, None, :], columns.T[None, :, :]]
    for pivot in range(len(left)):
        scale = 1 / left[pivot, pivot]
        column = left[:, pivot].copy()
        row = left[pivot] * scale
        left -= column[:, None] * row[None]
        left[:, pivot] = -column * scale
        left[pivot] = row
        left[pivot, pivot] = scale
    return left


def _put(deviation: np.ndarray, hole: Holes, inverses: np.ndarray, pull: np.ndarray) -> None:
    """Writes −P_mm⁻¹ (pull)_m where the deviations of these rows are missing."""
    at = hole.rows, hole.columns.T[:, hole.of_row]
    deviation[at] = -np.einsum("ijr,jr->ir", inverses[:, :, hole.of_row], pull[at])


def _step(
    mean: np.ndarray,
    covariance: np.ndarray,
    values: np.ndarray,
    is_known: np.ndarray,
    weights: np.ndarray,
    found: list[Holes],
) -> tuple[np.ndarray, np.ndarray]:
    """One E and one M step; missing values stand as 0."""
    deviation = values - is_known * mean
    width = len(covariance)
    left = np.zeros(width * width)
    if found:
        precision = _precision(covariance)
        pull = deviation @ precision
    for hole in found:
        inverses = _inverses(precision, hole.columns)
        _put(deviation, hole, inverses, pull)
        counts = np.bincount(hole.of_row, weights[hole.rows], len(hole.columns))
        columns = hole.columns.T
        cells = width * columns[:, None, :] + columns[None, :, :]
        left += np.bincount(cells.ravel(), (inverses * counts).ravel(), width * width)
    n = weights.sum()
    shift = weights @ deviation / n
    spread = (deviation.T * weights) @ deviation + left.reshape(width, width)
    return mean + shift, spread / n - np.outer(shift, shift)
