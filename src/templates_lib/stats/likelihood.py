"""Maximum likelihood of models whose parameters are positive, with the errors of the fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from scipy import optimize

STEP = 1e-4
# Eigenvalues of the information, as a share of the largest, below which a direction is flat.
FLAT = 1e-9

LogLikelihood = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class Fit(NamedTuple):
    """What a fit gives; arrays are in the order of `names`.

    `covariance` is of the logarithms of the parameters, robust against a model that is not quite
    true (the sandwich of White); `information` is its plain inverse, minus the Hessian.
    """

    names: tuple[str, ...]
    log_parameters: np.ndarray
    log_likelihood: float
    covariance: np.ndarray
    information: np.ndarray
    n: int

    @property
    def parameters(self) -> np.ndarray:
        return np.exp(self.log_parameters)


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A model of positive parameters as fitted; a subclass says which they are."""

    fit: Fit

    @property
    def vector(self) -> np.ndarray:
        """Logarithms of the parameters."""
        return self.fit.log_parameters

    @property
    def covariance(self) -> np.ndarray:
        """Of `vector`."""
        return self.fit.covariance

    def at(self, vector: np.ndarray) -> Self:
        """The same model at other parameters, given as `vector`."""
        return replace(self, fit=self.fit._replace(log_parameters=vector))


def maximise(
    log_likelihood: LogLikelihood,
    starts: Sequence[np.ndarray],
    weight: np.ndarray,
    limits: Mapping[str, float],
) -> Fit:
    """The best of the maxima found from `starts` (logarithms of parameters).

    Parameters
    ----------
    log_likelihood : gives for logarithms of the parameters the value of each row, shape (rows,),
        and its derivatives, shape (parameters, rows)
    weight : subjects that each row stands for
    limits : by parameter, how far from 0 its logarithm may be; a fit that ends there is one of a
        simpler model, of which the parameter is no part
    """
    bounds = [(-limit, limit) for limit in limits.values()]
    n = weight.sum()

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        values, slopes = log_likelihood(logs)
        return -(values @ weight) / n, -(slopes @ weight) / n

    tried = [
        optimize.minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=bounds,
            options={"maxiter": 1000, "ftol": 1e-15, "gtol": 1e-8},
        )
        for start in starts
    ]  # fmt: skip
    best = min((one for one in tried if np.isfinite(one.fun)), key=lambda one: one.fun)
    information = _information(log_likelihood, best.x, weight)
    _, slopes = log_likelihood(best.x)
    inverse = _inverse(information)
    sandwich = inverse @ ((slopes * weight) @ slopes.T) @ inverse
    return Fit(tuple(limits), best.x, -best.fun * n, sandwich, information, int(n))


def _information(log_likelihood: LogLikelihood, logs: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Minus the second derivatives, from central differences of the first."""
    rows = []
    for shift in STEP * np.eye(len(logs)):
        slopes = [log_likelihood(logs + sign * shift)[1] @ weight for sign in (1, -1)]
        rows.append(-(slopes[0] - slopes[1]) / (2 * STEP))
    return (np.array(rows) + np.array(rows).T) / 2


def _inverse(information: np.ndarray) -> np.ndarray:
    """The inverse over the directions that the data speak of."""
    return np.linalg.pinv(information, rcond=FLAT, hermitian=True)
