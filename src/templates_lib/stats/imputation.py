"""Missing numbers under missing-at-random: normal mean and covariance by EM, and draws from them.

All rows that miss the same columns are treated at once, so that a step of EM costs one small
system of equations for each pattern of missing columns and not for each row.
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
    found = patterns(standard)
    count, sums, products = _sufficient(np.nan_to_num(standard), weights, found)
    if start is None:
        mean, covariance = np.zeros(len(scale)), np.eye(len(scale))
    else:
        mean = (start.mean - centre) / scale
        covariance = start.covariance / np.outer(scale, scale)
    is_complete = bool(found.observed.all())
    change, iteration = np.inf, 0
    while change > tolerance and iteration < max_iterations:
        iteration += 1
        new_mean, new_covariance = _step(mean, covariance, found.observed, count, sums, products)
        change = max(np.abs(new_mean - mean).max(), np.abs(new_covariance - covariance).max())
        mean, covariance = new_mean, new_covariance
        if is_complete:
            change = 0.0
    return Normal(
        centre + scale * mean,
        covariance * np.outer(scale, scale),
        iteration,
        bool(change <= tolerance),
    )


def draw_complete(
    values: ArrayLike, rng: np.random.Generator, *, model: Normal | None = None
) -> np.ndarray:
    """The values with every missing one drawn at random, given those observed in its row.

    Parameters
    ----------
    values : n rows × m columns, nan where missing
    rng : generator; the same state gives the same draw
    model : mean and covariance to draw from. If None they come by EM from rows drawn with
        replacement, so that several draws also differ by how little is known of the covariance,
        as multiple imputation requires; with a model it is for the caller to resample.

    Returns
    -------
    Array of the same shape without missing values; observed values are untouched. Drawn values
    are neither rounded nor kept within a scale: either would distort the covariances.

    Raises
    ------
    ValueError
        As `em`.

    References
    ----------
    Honaker & King (2010), What to do about missing values in time-series cross-section data,
    American Journal of Political Science 54:561 (the EMB algorithm). R: `Amelia::amelia`.
    """
    values = np.array(values, dtype=float, ndmin=2)
    if model is None:
        n = len(values)
        weights = np.bincount(rng.integers(n, size=n), minlength=n)
        model = em(values, weights, start=em(values))
    return fill(values, patterns(values), model, rng)


def fill(
    values: np.ndarray, found: Patterns, model: Normal, rng: np.random.Generator
) -> np.ndarray:
    """`draw_complete` from a model, where the patterns of the rows are known already."""
    spread = np.sqrt(np.diag(model.covariance))
    spread = np.where(spread > 0, spread, 1)
    slopes, rest = _conditional(model.covariance / np.outer(spread, spread), found.observed)
    roots, directions = np.linalg.eigh(rest)
    noise = directions * np.sqrt(np.clip(roots, 0, None))[:, None, :]
    is_missing = np.isnan(values)
    rows = np.flatnonzero(is_missing.any(axis=1))
    which = found.of_row[rows]
    deviation = np.nan_to_num((values[rows] - model.mean) / spread)
    deviation = np.einsum("nij,nj->ni", slopes[which], deviation) + np.einsum(
        "nij,nj->ni", noise[which], rng.standard_normal(deviation.shape)
    )
    complete = values.copy()
    drawn = model.mean + spread * deviation
    complete[rows] = np.where(is_missing[rows], drawn, values[rows])
    return complete


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


def _sufficient(
    values: np.ndarray, weights: np.ndarray, found: Patterns
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, sums and sums of products of each pattern; missing values stand as 0."""
    order = np.argsort(found.of_row, kind="stable")
    bounds = np.searchsorted(found.of_row[order], np.arange(len(found.observed)))
    values, weights = values[order], weights[order]
    weighted = values * weights[:, None]
    count = np.add.reduceat(weights, bounds)
    sums = np.add.reduceat(weighted, bounds, axis=0)
    ends = np.append(bounds[1:], len(values))
    products = np.stack([weighted[a:b].T @ values[a:b] for a, b in zip(bounds, ends, strict=True)])
    return count, sums, products


def _conditional(covariance: np.ndarray, observed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each pattern: the map from observed deviations to all, and the covariance left.

    The map is the identity for observed columns and the regression for missing ones.
    """
    identity = np.eye(len(covariance))
    is_seen = observed.astype(float)
    both = is_seen[:, :, None] * is_seen[:, None, :]
    # Missing columns stand as the identity, so that all patterns are systems of one size.
    system = both * covariance + identity * (1 - is_seen)[:, None, :] + RIDGE * identity
    known = is_seen[:, :, None] * covariance
    slopes = np.swapaxes(np.linalg.solve(system, known), 1, 2)
    is_missing = (1 - is_seen)[:, :, None]
    slopes = is_missing * slopes + identity * is_seen[:, None, :]
    left = covariance - slopes @ known
    left = left * is_missing * np.swapaxes(is_missing, 1, 2)
    return slopes, (left + np.swapaxes(left, 1, 2)) / 2


def _step(
    mean: np.ndarray,
    covariance: np.ndarray,
    observed: np.ndarray,
    count: np.ndarray,
    sums: np.ndarray,
    products: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """One E and one M step."""
    slopes, left = _conditional(covariance, observed)
    at = observed * mean
    # Sums over the rows of observed deviations from the mean, and of their products.
    first = sums - count[:, None] * at
    cross = sums[:, :, None] * at[:, None, :]
    second = products - cross - np.swapaxes(cross, 1, 2)
    second += count[:, None, None] * at[:, :, None] * at[:, None, :]
    n = count.sum()
    shift = np.einsum("kij,kj->i", slopes, first) / n
    spread = slopes @ second @ np.swapaxes(slopes, 1, 2) + count[:, None, None] * left
    new = spread.sum(axis=0) / n - np.outer(shift, shift)
    return mean + shift, new
