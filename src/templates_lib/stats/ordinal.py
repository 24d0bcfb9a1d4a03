"""Proportional-odds regression of an ordered outcome, and the check of its assumption."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit

from templates_lib.stats.intervals import upper_tail

SMALLEST = 1e-300
MAX_ITERATIONS = 100
TOLERANCE = 1e-10
# Beyond this log odds ratio per standard deviation a predictor separates the outcome.
SEPARATED = 15.0


class ProportionalOdds(NamedTuple):
    """A fitted model.

    coefficients : one row per predictor: predictor, coefficient (log odds of a higher outcome
        for one unit more), se, low, high, odds_ratio, p_value
    thresholds : one row per step between neighbouring outcomes: lower, upper, threshold, se
    log_likelihood, n (the sum of the weights)
    """

    coefficients: pd.DataFrame
    thresholds: pd.DataFrame
    log_likelihood: float
    n: float


class _Fit(NamedTuple):
    parameters: np.ndarray
    covariance: np.ndarray
    log_likelihood: float


def proportional_odds(
    predictors: pd.DataFrame,
    outcome: pd.Series,
    *,
    weights: pd.Series | None = None,
    confidence: float = 0.95,
) -> ProportionalOdds:
    """Cumulative logit model: logit P(outcome <= k) = threshold_k − Σ coefficient × predictor.

    Parameters
    ----------
    predictors : one row per respondent (or per cell of counts), numeric columns
    outcome : on the same index; ordered by value, or by the order of an ordered categorical
    weights : how many respondents each row stands for; one each if None. They are counts: the
        errors of survey weights are others.
    confidence : between 0 and 1

    Returns
    -------
    ProportionalOdds with Wald intervals. Rows with a missing value are left out.

    Raises
    ------
    ValueError
        If the indexes differ, the outcome has one value, predictors repeat each other or are
        constant, or the outcome is separated by them, so that no finite coefficient exists.

    References
    ----------
    McCullagh (1980), JRSS B 42:109. R: `MASS::polr`. Newton's method with the exact derivatives,
    because statsmodels' `OrderedModel` takes no weights and derives numerically.
    """
    z = stats.norm.isf(upper_tail(confidence))
    x, y, w, levels = _prepared(predictors, outcome, weights)
    fit = _fit(x, y, w, len(levels), varying=[])
    steps = len(levels) - 1
    scale = x.std(axis=0)
    beta = fit.parameters[steps:]
    if (np.abs(beta * scale) > SEPARATED).any():
        raise ValueError("the predictors separate the outcome: a coefficient grows without end")
    se = np.sqrt(np.diag(fit.covariance))
    error = se[steps:]
    coefficients = pd.DataFrame(
        {
            "predictor": list(predictors.columns),
            "coefficient": beta,
            "se": error,
            "low": beta - z * error,
            "high": beta + z * error,
            "odds_ratio": np.exp(beta),
            "p_value": 2 * stats.norm.sf(np.abs(beta) / error),
        }
    )
    thresholds = pd.DataFrame(
        {
            "lower": levels[:-1],
            "upper": levels[1:],
            "threshold": fit.parameters[:steps],
            "se": se[:steps],
        }
    )
    return ProportionalOdds(coefficients, thresholds, fit.log_likelihood, float(w.sum()))


def proportional_odds_check(
    predictors: pd.DataFrame,
    outcome: pd.Series,
    *,
    weights: pd.Series | None = None,
    terms: dict[str, list[str]] | None = None,
) -> pd.DataFrame:
    """Likelihood-ratio test, for each term, that its effect is the same at every threshold.

    Parameters
    ----------
    predictors, outcome, weights : as for `proportional_odds`
    terms : name -> columns that are tested together, such as the indicators of one category;
        every column on its own if None

    Returns
    -------
    One row per term: term, chi2, df, p_value. A small p-value says that one coefficient does not
    describe the term. nan where the freer model cannot be fitted, because fitted probabilities
    leave 0 to 1.

    Raises
    ------
    ValueError
        As `proportional_odds`, or if a term names an unknown column.

    References
    ----------
    Peterson & Harrell (1990), Applied Statistics 39:205. R: `ordinal::nominal_test`.
    """
    x, y, w, levels = _prepared(predictors, outcome, weights)
    names = list(predictors.columns)
    terms = {name: [name] for name in names} if terms is None else terms
    unknown = sorted({c for columns in terms.values() for c in columns} - set(names))
    if unknown:
        raise ValueError(f"terms names {', '.join(unknown)}, which is no column of predictors")
    base = _fit(x, y, w, len(levels), varying=[])
    rows = []
    for term, columns in terms.items():
        df = len(columns) * (len(levels) - 2)
        chi2 = np.nan
        if df:
            positions = [names.index(c) for c in columns]
            try:
                freer = _fit(x, y, w, len(levels), varying=positions, start=base.parameters)
                chi2 = max(0.0, 2 * (freer.log_likelihood - base.log_likelihood))
            except ValueError:
                chi2 = np.nan
        rows.append((term, chi2, df, stats.chi2.sf(chi2, df) if df else np.nan))
    return pd.DataFrame(rows, columns=["term", "chi2", "df", "p_value"])


def _prepared(
    predictors: pd.DataFrame, outcome: pd.Series, weights: pd.Series | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list]:
    """Predictors, position of the outcome among its values, weights, and these values."""
    if not predictors.index.equals(outcome.index) or (
        weights is not None and not weights.index.equals(outcome.index)
    ):
        raise ValueError("predictors, outcome and weights must have the same index")
    count = pd.Series(1.0, outcome.index) if weights is None else weights.astype(float)
    if not (np.isfinite(count) & (count >= 0)).all():
        raise ValueError("weights holds a number that is missing, infinite or below 0")
    used = predictors.notna().all(axis=1) & outcome.notna() & (count > 0)
    x = predictors[used].astype(float).to_numpy()
    kept = outcome[used]
    if isinstance(kept.dtype, pd.CategoricalDtype):
        kept = kept.cat.remove_unused_categories()
        y, levels = kept.cat.codes.to_numpy(), list(kept.cat.categories)
    else:
        y, levels = pd.factorize(kept, sort=True)
    if len(levels) < 2:
        raise ValueError("the outcome holds fewer than two different values")
    centred = np.column_stack([np.ones(len(x)), (x - x.mean(axis=0)) / (x.std(axis=0) + SMALLEST)])
    if np.linalg.matrix_rank(centred) < centred.shape[1]:
        raise ValueError("a predictor is constant, or repeats the others")
    return x, y, count[used].to_numpy(), list(levels)


def _fit(
    x: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    n_levels: int,
    *,
    varying: list[int],
    start: np.ndarray | None = None,
) -> _Fit:
    """Newton's method; `varying` columns get a further effect at every threshold but the first."""
    steps = n_levels - 1
    scale = x.std(axis=0)
    centre = x.mean(axis=0)
    standard = (x - centre) / scale
    upper, lower = (_design(standard, y + shift, steps, varying) for shift in (0, -1))
    size = upper.shape[1]
    parameters = np.zeros(size)
    below = np.cumsum(np.bincount(y, w, n_levels))[:-1] / w.sum()
    parameters[:steps] = np.log(below / (1 - below))
    if start is not None:
        beta = start[steps:] * scale
        parameters[steps : steps + len(beta)] = beta
        parameters[:steps] = start[:steps] - start[steps:] @ centre
    ends = (y < steps, y > 0)
    value, gradient, hessian = _derivatives(parameters, upper, lower, ends, w)
    for _ in range(MAX_ITERATIONS):
        try:
            move = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:
            raise ValueError("the outcome cannot be told apart by these predictors") from None
        if gradient @ move < TOLERANCE:
            break
        length = 1.0
        while length > TOLERANCE:
            trial = _derivatives(parameters + length * move, upper, lower, ends, w)
            if trial[0] > value:
                break
            length /= 2
        else:
            break
        parameters = parameters + length * move
        value, gradient, hessian = trial
    if not np.isfinite(value) or np.abs(gradient).max() > 1e-3 * np.sqrt(w.sum()):
        raise ValueError("no largest likelihood was found")
    turn = _unscale(steps, scale, centre, varying, size)
    return _Fit(turn @ parameters, turn @ np.linalg.inv(hessian) @ turn.T, float(value))


def _design(
    standard: np.ndarray, threshold: np.ndarray, steps: int, varying: list[int]
) -> np.ndarray:
    """What each parameter adds to the logit at each row's threshold: thresholds, slopes, extras."""
    at = (threshold[:, None] == np.arange(steps)).astype(float)
    extra = [-standard[:, [k]] * at[:, 1:] for k in varying]
    return np.column_stack([at, -standard, *extra])


def _unscale(
    steps: int, scale: np.ndarray, centre: np.ndarray, varying: list[int], size: int
) -> np.ndarray:
    """From parameters of standardised predictors to those of the predictors themselves."""
    turn = np.eye(size)
    slopes = np.arange(steps, steps + len(scale))
    turn[slopes, slopes] = 1 / scale
    turn[:steps, slopes] = centre / scale
    column = steps + len(scale)
    for k in varying:
        for step in range(1, steps):
            turn[column, column] = 1 / scale[k]
            turn[step, column] = centre[k] / scale[k]
            column += 1
    return turn


def _derivatives(
    parameters: np.ndarray,
    upper: np.ndarray,
    lower: np.ndarray,
    ends: tuple[np.ndarray, np.ndarray],
    w: np.ndarray,
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log-likelihood, its gradient, and minus its matrix of second derivatives."""
    has_upper, has_lower = ends
    above = np.where(has_upper, expit(upper @ parameters), 1.0)
    below = np.where(has_lower, expit(lower @ parameters), 0.0)
    probability = above - below
    if (probability <= SMALLEST).any():
        return -np.inf, np.zeros(len(parameters)), np.eye(len(parameters))
    slope_above, slope_below = above * (1 - above), below * (1 - below)
    a, b = slope_above / probability, slope_below / probability
    score = a[:, None] * upper - b[:, None] * lower
    curve = (
        upper.T @ ((w * a * (1 - 2 * above))[:, None] * upper)
        - lower.T @ ((w * b * (1 - 2 * below))[:, None] * lower)
        - score.T @ (w[:, None] * score)
    )
    return float(w @ np.log(probability)), w @ score, -curve
