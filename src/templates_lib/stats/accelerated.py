"""Accelerated failure time on counts: how much longer it takes, where a ratio of hazards fails.

With counts for weights the likelihood is that of the expanded rows, so that estimates and errors
are exact and the time taken does not grow with the number of subjects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats.intervals import upper_tail
from templates_lib.stats.survival import checked

INTERCEPT = "intercept"
MAX_ITERATIONS = 100
TOLERANCE = 1e-11
# A shape beyond this, or an error of its logarithm, is of a likelihood without a maximum.
ENDLESS = 1e4


class Accelerated(NamedTuple):
    """A fitted model: log T = x β + scale × error.

    coefficients : one row per covariate, the intercept first: covariate, coefficient, se, low,
        high, time_ratio (how many times as long for one unit more), ratio_low, ratio_high, p_value
    scale, log_likelihood (of the durations), aic
    n, events : subjects with a duration above 0
    """

    coefficients: pd.DataFrame
    scale: float
    log_likelihood: float
    aic: float
    n: int
    events: int


def fit(
    counts: pd.DataFrame,
    *,
    covariates: Sequence[str],
    distribution: Literal["weibull", "log_normal"],
    confidence: float = 0.95,
) -> Accelerated:
    """Largest likelihood of log-durations with errors of the smallest extreme value, or normal.

    In 1/scale and β/scale the likelihood has one maximum only, which Newton's method finds.

    Parameters
    ----------
    counts : one row per cell, in any order, cells may repeat
        duration, event, count (as for `survival.life_table`) and the covariates, which are
        numeric; rows of duration 0 have no logarithm and are left out
    covariates : columns
    distribution : of the durations
    confidence : between 0 and 1

    Returns
    -------
    Accelerated, with Wald intervals.

    Raises
    ------
    ValueError
        As `survival.life_table`; without an event, if a covariate does not vary or repeats
        others, or if the likelihood has no maximum.

    References
    ----------
    Kalbfleisch & Prentice (2002), chapter 3; Burridge (1981), JRSS B 43:41 (one maximum).
    R: `survival::survreg`. lifelines agrees to about five digits.
    """
    z = stats.norm.isf(upper_tail(confidence))
    names = list(covariates)
    frame = checked(counts, *names)
    frame = frame[frame["duration"] > 0]
    if not frame["event"].any():
        raise ValueError("counts holds no event after the first day")
    weight = frame["count"].to_numpy(float)
    x = frame[names].to_numpy(float)
    centre = np.average(x, axis=0, weights=weight)
    spread = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=weight))
    spread[spread == 0] = 1.0
    design = np.column_stack([np.ones(len(x)), (x - centre) / spread])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("a covariate does not vary, or repeats the others")
    log_time, is_event = np.log(frame["duration"].to_numpy(float)), frame["event"].to_numpy()
    parameters, information, value = _newton(design, log_time, is_event, weight, distribution)
    gamma, theta = parameters[:-1], parameters[-1]
    # from (γ, θ) of standardised covariates to β = γ / θ of the covariates themselves
    own = np.eye(len(gamma))
    own[1:, 1:] /= spread[:, None]
    own[0, 1:] = -centre / spread
    turn = np.column_stack([own / theta, -own @ gamma / theta**2])
    beta = own @ gamma / theta
    se = np.sqrt(np.diag(turn @ np.linalg.inv(information) @ turn.T))
    low, high = beta - z * se, beta + z * se
    table = pd.DataFrame(
        {
            "covariate": [INTERCEPT, *names], "coefficient": beta, "se": se, "low": low,
            "high": high, "time_ratio": np.exp(beta), "ratio_low": np.exp(low),
            "ratio_high": np.exp(high), "p_value": 2 * stats.norm.sf(np.abs(beta) / se),
        }
    )  # fmt: skip
    log_likelihood = value - float(weight[is_event] @ log_time[is_event])
    return Accelerated(
        table, float(1 / theta), log_likelihood, 2 * (len(parameters) - log_likelihood),
        int(weight.sum()), int(weight[is_event].sum()),
    )  # fmt: skip


def _newton(
    design: np.ndarray,
    log_time: np.ndarray,
    is_event: np.ndarray,
    weight: np.ndarray,
    distribution: str,
) -> tuple[np.ndarray, np.ndarray, float]:
    """The parameters (γ, θ) of z = θ log t - x γ, minus their second derivatives, the value."""
    rows = np.column_stack([-design, log_time])
    parameters = np.zeros(rows.shape[1])
    parameters[-1] = 1.0
    parameters[0] = np.average(log_time, weights=weight)
    events = weight[is_event].sum()

    def at(point: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        if point[-1] <= 0:
            return -np.inf, point, np.eye(len(point))
        value, slope, curve = _error_terms(rows @ point, is_event, distribution)
        gradient = rows.T @ (weight * slope)
        information = -rows.T @ ((weight * curve)[:, None] * rows)
        gradient[-1] += events / point[-1]
        information[-1, -1] += events / point[-1] ** 2
        return float(weight @ value + events * np.log(point[-1])), gradient, information

    value, gradient, information = at(parameters)
    for _ in range(MAX_ITERATIONS):
        move = np.linalg.lstsq(information, gradient, rcond=None)[0]
        if gradient @ move < TOLERANCE:
            break
        trial = at(parameters + move)
        while not trial[0] >= value - 1e-12 * abs(value) and np.abs(move).max() > TOLERANCE:
            move = move / 2
            trial = at(parameters + move)
        parameters = parameters + move
        value, gradient, information = trial
    if np.abs(parameters).max() > ENDLESS or gradient @ move > 1e-6:
        raise ValueError("the likelihood has no maximum: the covariates separate the events")
    return parameters, information, value


def _error_terms(
    z: np.ndarray, is_event: np.ndarray, distribution: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log-density of the error (log-survival where censored), and its two derivatives by z."""
    if distribution == "weibull":
        hazard = np.exp(np.minimum(z, 700.0))
        return np.where(is_event, z, 0.0) - hazard, is_event - hazard, -hazard
    log_survival = stats.norm.logsf(z)
    mills = np.exp(stats.norm.logpdf(z) - log_survival)
    return (
        np.where(is_event, stats.norm.logpdf(z), log_survival),
        np.where(is_event, -z, -mills),
        np.where(is_event, -1.0, -mills * (mills - z)),
    )
