"""What customers will buy and what that is worth: a model of purchases times one of their value.

The two are taken to be independent of each other. Customers of equal histories are one cell, so
that time and memory do not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol, Self

import numpy as np
from scipy import sparse

from templates_lib.stats import bg_nbd
from templates_lib.stats.bg_nbd import BgNbd, Histories

STEP = 1e-4


class Model(Protocol):
    """A fitted model: its parameters as a vector with their covariance."""

    @property
    def vector(self) -> np.ndarray: ...

    @property
    def covariance(self) -> np.ndarray: ...

    def at(self, vector: np.ndarray) -> Self: ...


class ValueModel(Model, Protocol):
    """A model of the value of a purchase, such as `GammaGamma` and `Shrinkage`."""

    @property
    def information(self) -> np.ndarray: ...

    def slopes(self, count: np.ndarray, mean: np.ndarray) -> np.ndarray: ...

    def expected(self, count: np.ndarray, mean: np.ndarray) -> np.ndarray: ...

    def draw(
        self, count: np.ndarray, mean: np.ndarray, row: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray: ...


class Models(NamedTuple):
    """How often customers buy, and what a purchase is worth."""

    purchases: BgNbd
    values: ValueModel


def likelier(seen: Histories) -> BgNbd:
    """BG/NBD, or its modified form where that makes the histories more probable.

    Raises
    ------
    ValueError
        As `bg_nbd.fit`.
    """
    both = [bg_nbd.fit(seen, modified=modified) for modified in (False, True)]
    return max(both, key=lambda model: model.fit.log_likelihood)


def purchases_between(model: BgNbd, seen: Histories, edges: np.ndarray) -> np.ndarray:
    """Purchases expected of a customer of each cell between times from the end of its history.

    Returns
    -------
    Array (cells, len(edges) − 1); `edges` begin at 0.
    """
    one = Histories(*(field[:, None] for field in seen))
    return np.diff(bg_nbd.expected(model, one, np.asarray(edges, float)[None, :]), axis=1)


def discounts(edges: np.ndarray, rate: float, period: float) -> np.ndarray:
    """What 1 in the middle between two edges is worth at 0, at a rate by `period`."""
    edges = np.asarray(edges, float)
    return (1 + rate) ** (-(edges[1:] + edges[:-1]) / 2 / period)


def slopes(model: Model, estimate: Callable[[Model], np.ndarray]) -> np.ndarray:
    """Derivatives of estimates by the model's parameters, shape (parameters, estimates)."""
    found = []
    for shift in np.diag(STEP * np.maximum(np.abs(model.vector), 1.0)):
        up, down = (estimate(model.at(model.vector + sign * shift)) for sign in (1, -1))
        found.append((up - down) / (2 * shift.sum()))
    return np.array(found)


def error_variance(model: Model, estimate: Callable[[Model], np.ndarray]) -> np.ndarray:
    """Variances of estimates that come of the parameters' errors, by the delta method."""
    by_parameter = slopes(model, estimate)
    return np.einsum("ik,ij,jk->k", by_parameter, model.covariance, by_parameter)


class Futures(NamedTuple):
    """Possible purchases of cells, `draws` times each: by purchase its cell, the draw's row
    (cell × draws + draw), time and value."""

    cell: np.ndarray
    row: np.ndarray
    time: np.ndarray
    value: np.ndarray
    draws: int


def futures(
    models: Models, seen: Histories, mean: np.ndarray, *, horizon: float, draws: int, seed: int
) -> Futures:
    """Draws what a customer of each cell may buy within `horizon`, by the fitted models.

    Parameters
    ----------
    mean : mean value of the repeat purchases of each cell; not used where there are none
    """
    rng = np.random.default_rng(seed)
    repeated = Histories(*(np.repeat(field, draws) for field in seen))
    row, time = bg_nbd.draw_times(models.purchases, repeated, horizon, rng)
    value = models.values.draw(repeated.x, np.repeat(mean, draws), row, rng)
    return Futures(row // draws, row, time, value, draws)


def chance_variance(
    drawn: Futures, weight: np.ndarray, amount: np.ndarray, part: np.ndarray, parts: int
) -> np.ndarray:
    """Variances of sums over all customers that come of chance, by part of time or of customers.

    Parameters
    ----------
    weight : customers of each cell
    amount, part : by drawn purchase, what it counts and in which of the `parts`
    """
    shape = (len(weight) * drawn.draws, parts)
    sums = sparse.coo_matrix((amount, (drawn.row, part)), shape).tocsr()
    means = sparse.coo_matrix(
        (amount / drawn.draws, (drawn.cell, part)), (len(weight), parts)
    ).tocsr()
    squares = sums.power(2).T @ np.repeat(weight, drawn.draws) / drawn.draws
    spread = squares - means.power(2).T @ weight
    return np.asarray(spread) * drawn.draws / (drawn.draws - 1)
