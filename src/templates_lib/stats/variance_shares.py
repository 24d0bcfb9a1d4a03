"""How a regression's R² is shared out among drivers that are correlated, from covariances alone.

The outcome stands in row and column 0; every function takes one matrix or a stack of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

MOST_EXACT = 15
# Of its variance: what is left of a driver that others repeat is rounding.
SINGULAR = 1e-9
# Subsets of drivers times draws that are held at a time.
CHUNK = 2**18


def r_squared(covariance: ArrayLike) -> np.ndarray:
    """R² of the outcome on all drivers; one for each leading index of (…, 1 + p, 1 + p)."""
    return relative_weights(covariance).sum(axis=-1)


def lmg(covariance: ArrayLike, *, groups: Sequence[Sequence[int]] | None = None) -> np.ndarray:
    """Exact decomposition of R² by the mean increase over all orders of the drivers.

    Parameters
    ----------
    covariance : (…, 1 + p, 1 + p), the outcome in row and column 0; or correlations
    groups : positions of drivers (from 0) that enter together and are credited together, each
        driver in exactly one group; every driver on its own if None

    Returns
    -------
    Array (…, p), or (…, groups): parts of R², not negative, that sum to it. A driver that others
    repeat exactly adds nothing after them, so that twins get equal parts.

    Raises
    ------
    ValueError
        If the matrix is not square, groups are not a partition, or there are more than 16 groups.

    References
    ----------
    Lindeman, Merenda & Gold (1980); Grömping (2006), Journal of Statistical Software 17(1);
    the Shapley value of R². R: `relaimpo::calc.relimp(type = "lmg")`.

    Examples
    --------
    >>> print(lmg([[1, 0.5, 0.3], [0.5, 1, 0], [0.3, 0, 1]]))
    [0.25 0.09]
    """
    covariance, members = _checked(covariance, groups)
    # One more than MOST_EXACT: the probe.
    if len(members) > MOST_EXACT + 1:
        raise ValueError(
            f"{len(members)} drivers are more than {MOST_EXACT} and take too long; use "
            "relative_weights, or groups"
        )
    shape = covariance.shape[:-2]
    draws = covariance.reshape(-1, *covariance.shape[-2:])
    weights = _shapley_weights(len(members))
    size = max(1, CHUNK // len(weights))
    parts = [
        _explained(draws[first : first + size], members) @ weights
        for first in range(0, len(draws), size)
    ]
    return np.concatenate(parts).reshape(*shape, len(members))


def relative_weights(
    covariance: ArrayLike, *, groups: Sequence[Sequence[int]] | None = None
) -> np.ndarray:
    """Johnson's relative weights: R² divided through the nearest uncorrelated drivers.

    Parameters, result and errors are as for `lmg`, for any number of drivers; a group gets the
    sum of its drivers' weights.

    References
    ----------
    Johnson (2000), Multivariate Behavioral Research 35:1; the same as Genizi (1993).
    R: `relaimpo::calc.relimp(type = "genizi")`.

    Examples
    --------
    >>> print(relative_weights([[1, 0.5, 0.3], [0.5, 1, 0], [0.3, 0, 1]]))
    [0.25 0.09]
    """
    covariance, members = _checked(covariance, groups)
    correlation = correlation_of(covariance)
    values, vectors = np.linalg.eigh(correlation[..., 1:, 1:])
    is_real = values > SINGULAR
    root = np.sqrt(np.where(is_real, values, 0))
    inverse = np.divide(1, root, out=np.zeros_like(root), where=is_real)
    turned = np.swapaxes(vectors, -1, -2)
    beta = (vectors * inverse[..., None, :]) @ (turned @ correlation[..., 1:, :1])
    loading = (vectors * root[..., None, :]) @ turned
    weights = (loading**2 @ beta**2)[..., 0]
    return np.stack([weights[..., list(m)].sum(axis=-1) for m in members], axis=-1)


def _checked(
    covariance: ArrayLike, groups: Sequence[Sequence[int]] | None
) -> tuple[np.ndarray, list[list[int]]]:
    """The matrices as floats, and the drivers in each group."""
    covariance = np.asarray(covariance, dtype=float)
    if covariance.ndim < 2 or covariance.shape[-1] != covariance.shape[-2]:
        raise ValueError(f"covariance has shape {covariance.shape}; expected (…, 1 + p, 1 + p)")
    p = covariance.shape[-1] - 1
    members = [[i] for i in range(p)] if groups is None else [list(g) for g in groups]
    if sorted(i for m in members for i in m) != list(range(p)) or not all(members):
        raise ValueError(f"groups must hold each of the drivers 0 to {p - 1} exactly once")
    return covariance, members


def correlation_of(covariance: np.ndarray) -> np.ndarray:
    """Correlations; a variable without spread correlates with nothing."""
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    scale = np.divide(1, np.sqrt(variance), out=np.zeros_like(variance), where=variance > 0)
    correlation = covariance * scale[..., :, None] * scale[..., None, :]
    diagonal = np.arange(covariance.shape[-1])
    correlation[..., diagonal, diagonal] = 1
    return correlation


@cache
def _shapley_weights(players: int) -> np.ndarray:
    """(subsets, players): what the value of each subset adds to the credit of each player.

    Player k is in subset s where bit k of s is set.
    """
    subset = np.arange(2**players)[:, None]
    is_in = (subset >> np.arange(players)) & 1 == 1
    size = is_in.sum(axis=1, keepdims=True)
    # The share of orders in which exactly a given set of k players comes before another.
    before = np.array(
        [factorial(k) * factorial(players - 1 - k) / factorial(players) for k in range(players)]
    )
    return np.where(is_in, before[np.maximum(size - 1, 0)], -before[np.minimum(size, players - 1)])


def _explained(covariance: np.ndarray, members: Sequence[Sequence[int]]) -> np.ndarray:
    """R² of every subset of the groups: (draws, 2 ** groups), as `_shapley_weights` counts them.

    The state is the covariance of the drivers not yet met and the outcome, given the drivers let
    in: row i holds variables i and on, the subsets × draws along the last axis. Each group doubles
    the subsets: left out it is dropped, let in its drivers are swept out (a Schur complement).
    """
    order = [1 + i for m in members for i in m] + [0]
    correlation = correlation_of(covariance)[:, order][:, :, order]
    state = [np.ascontiguousarray(correlation[:, i, i:].T) for i in range(len(order))]
    for group in members:
        given = state
        for _ in group:
            given = _swept(given)
        without = state[len(group) :]
        state = [np.concatenate(rows, axis=-1) for rows in zip(without, given, strict=True)]
    return 1 - state[0][0].reshape(-1, len(covariance)).T


def lmg_beside_probe(
    covariance: np.ndarray, members: Sequence[Sequence[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """LMG of the drivers without the last variable, and with it, from one set of subsets."""
    k = len(members)
    weights, with_probe = _shapley_weights(k), _shapley_weights(k + 1)
    size = max(1, CHUNK // len(with_probe))
    parts, all_parts = [], []
    for first in range(0, len(covariance), size):
        values = _explained(
            covariance[first : first + size], [*members, [covariance.shape[-1] - 2]]
        )
        parts.append(values[:, : len(weights)] @ weights)
        all_parts.append(values @ with_probe)
    return np.concatenate(parts), np.concatenate(all_parts)


def weights_beside_probe(
    covariance: np.ndarray, members: Sequence[Sequence[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Relative weights without the last variable, and with it."""
    probe = [covariance.shape[-1] - 2]
    return (
        relative_weights(covariance[:, :-1, :-1], groups=members),
        relative_weights(covariance, groups=[*members, probe]),
    )


def _swept(state: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The state of the variables after the first, given the first."""
    pivot, row = state[0][0], state[0][1:]
    is_real = pivot > SINGULAR
    inverse = np.divide(1, pivot, out=np.zeros_like(pivot), where=is_real)
    return [rest - row[i] * inverse * row[i:] for i, rest in enumerate(state[1:])]


def shares_of(parts: np.ndarray) -> np.ndarray:
    """Parts of R² as shares of it; nan where it is 0."""
    total = parts.sum(axis=-1, keepdims=True)
    return np.divide(parts, total, out=np.full_like(parts, np.nan), where=total > 0)


def standardised_coefficients(correlation: np.ndarray) -> np.ndarray:
    """Standardised coefficients; the smallest ones where drivers repeat each other."""
    inverse = np.linalg.pinv(correlation[..., 1:, 1:], rcond=SINGULAR, hermitian=True)
    return (inverse @ correlation[..., 1:, :1])[..., 0]


def inflation(drivers: np.ndarray, positions: Sequence[int]) -> float:
    """(Generalised) variance inflation of some drivers by the others; infinite for repeats."""
    others = [i for i in range(len(drivers)) if i not in positions]
    if np.linalg.eigvalsh(drivers)[0] < SINGULAR:
        return np.inf
    own, rest = drivers[np.ix_(positions, positions)], drivers[np.ix_(others, others)]
    return float(np.linalg.det(own) * np.linalg.det(rest) / np.linalg.det(drivers))


def condition_number(correlation: np.ndarray) -> float:
    """Square root of the ratio of the extreme eigenvalues of the drivers' correlations."""
    values = np.linalg.eigvalsh(correlation[1:, 1:])
    return float(np.sqrt(values[-1] / values[0])) if values[0] > SINGULAR else np.inf
