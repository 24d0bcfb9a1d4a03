"""How far coders agree beyond chance: Krippendorff's alpha and Cohen's kappa."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa

from templates_lib.stats.intervals import upper_tail

METRICS = ("nominal", "ordinal", "interval", "ratio")


class Alpha(NamedTuple):
    """Krippendorff's alpha with its interval.

    n_units = units with at least two values; undefined_share = share of the bootstrap samples in
    which nothing varied, so that alpha is not defined there.
    """

    alpha: float
    low: float
    high: float
    n_units: int
    undefined_share: float


class Kappa(NamedTuple):
    """Cohen's kappa with its interval; n = units with both values."""

    kappa: float
    low: float
    high: float
    n: int


def krippendorff_alpha(
    values: ArrayLike,
    *,
    metric: str = "nominal",
    draws: int = 1000,
    seed: int,
    confidence: float = 0.95,
) -> Alpha:
    """Krippendorff's alpha: 1 − observed / expected disagreement of any number of coders.

    Parameters
    ----------
    values : coders × units, missing where a coder did not code a unit. Numbers, or for the
        nominal metric anything that can be told apart.
    metric : nominal, ordinal (numbers in their order), interval, or ratio (numbers >= 0)
    draws : bootstrap samples of units
    seed : of the generator
    confidence : between 0 and 1

    Returns
    -------
    Alpha(alpha, low, high, n_units, undefined_share). Units with one value or none say nothing
    of agreement and are left out. alpha is nan where nothing varies. The interval is the
    percentile interval over samples of units; where no disagreement was seen it is the point 1,
    and then says nothing about how sure that is.

    Raises
    ------
    ValueError
        For an unknown metric, values that are not a table, text with a metric that needs
        numbers, or negative numbers with the ratio metric.

    References
    ----------
    Krippendorff (2011), Computing Krippendorff's alpha-reliability; R: `irr::kripp.alpha`.
    Bootstrap of units: Zapf et al. (2016), BMC Medical Research Methodology 16:93, who find that
    it keeps its level, and that asymptotic intervals do not for few units.

    Examples
    --------
    >>> result = krippendorff_alpha([[1, 1, 2, 2], [1, 2, 2, 2]], draws=100, seed=1)
    >>> print(f"{result.alpha:.3f}")
    0.533
    """
    tail = upper_tail(confidence)
    tallies, levels = _tallies(values, metric)
    return _alpha(tallies, levels, metric, draws=draws, seed=seed, tail=tail)


def cohen_kappa(
    first: ArrayLike, second: ArrayLike, *, weights: str | None = None, confidence: float = 0.95
) -> Kappa:
    """Cohen's kappa of two coders, with the interval of the delta method on Fisher's scale.

    Parameters
    ----------
    first, second : one-dimensional array-like; position i is unit i, missing where not coded
    weights : None for categories without an order, or "linear" or "quadratic" for categories
        that are sorted, each one step from the next
    confidence : between 0 and 1

    Returns
    -------
    Kappa(kappa, low, high, n); nan where both used one and the same category only. The interval is
    that of large samples, on Fisher's z = artanh(kappa), on which kappa is less skewed; where all
    agree it is a point.

    Raises
    ------
    ValueError
        If the lengths differ, or the weights are unknown.

    References
    ----------
    Fleiss, Cohen & Everitt (1969), Psychological Bulletin 72:323. R: `vcd::Kappa`.
    """
    tail = upper_tail(confidence)
    if weights not in (None, "linear", "quadratic"):
        raise ValueError(f"weights is {weights!r}; expected None, 'linear' or 'quadratic'")
    if np.size(first) != np.size(second):
        raise ValueError(f"first holds {np.size(first)} values and second {np.size(second)}")
    pairs = pd.DataFrame({"first": np.asarray(first), "second": np.asarray(second)}).dropna()
    levels = sorted(set(pairs["first"]) | set(pairs["second"]))
    n = len(pairs)
    if len(levels) < 2:
        return Kappa(np.nan, np.nan, np.nan, n)
    table = pd.crosstab(pairs["first"], pairs["second"])
    table = table.reindex(index=levels, columns=levels, fill_value=0).to_numpy()
    result = cohens_kappa(table, wt=weights)
    kappa = float(result.kappa)
    if abs(kappa) == 1:
        return Kappa(kappa, kappa, kappa, n)
    margin = stats.norm.isf(tail) * result.std_kappa / (1 - kappa**2)
    low, high = np.tanh(np.arctanh(kappa) + np.array([-margin, margin]))
    return Kappa(kappa, float(low), float(high), n)


def _tallies(values: ArrayLike, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """How often each value was given to each unit (of at least two values), and the values."""
    if metric not in METRICS:
        raise ValueError(f"metric is {metric!r}; expected one of {', '.join(METRICS)}")
    frame = pd.DataFrame(values if isinstance(values, pd.DataFrame) else list(values))
    long = frame.melt(var_name="unit").dropna(subset="value")
    if metric == "nominal":
        place, levels = pd.factorize(long["value"])
        levels = np.arange(float(len(levels)))
    else:
        place, levels = pd.factorize(_numbers(long["value"]), sort=True)
    if metric == "ratio" and (levels < 0).any():
        raise ValueError("the ratio metric needs numbers of at least 0")
    units, _ = pd.factorize(long["unit"])
    tallies = np.zeros((len(set(units)), len(levels)))
    np.add.at(tallies, (units, place), 1)
    return tallies[tallies.sum(axis=1) >= 2], np.asarray(levels, dtype=float)


def _numbers(values: pd.Series) -> np.ndarray:
    try:
        return pd.to_numeric(values).to_numpy(float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"only the nominal metric takes other than numbers: {error}") from None


def _alpha(
    tallies: np.ndarray,
    levels: np.ndarray,
    metric: str,
    *,
    draws: int,
    seed: int,
    tail: float,
) -> Alpha:
    """Alpha of the units and its percentile interval over samples of them."""
    n_units = len(tallies)
    if n_units == 0:
        return Alpha(np.nan, np.nan, np.nan, 0, np.nan)
    size, width = tallies.sum(axis=1), tallies.shape[1]
    pairs = tallies[:, :, None] * tallies[:, None, :]
    pairs[:, range(width), range(width)] -= tallies
    coincidences = (pairs / (size - 1)[:, None, None]).reshape(n_units, -1)
    estimate = _from_coincidences(coincidences.sum(axis=0)[None], levels, metric)[0]
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=draws)
    sampled = _from_coincidences(weights @ coincidences, levels, metric)
    is_defined = ~np.isnan(sampled)
    low, high = (
        np.quantile(sampled[is_defined], [tail, 1 - tail])
        if is_defined.any() and not np.isnan(estimate)
        else (np.nan, np.nan)
    )
    undefined = float(1 - is_defined.mean()) if draws else np.nan
    return Alpha(float(estimate), float(low), float(high), n_units, undefined)


def _from_coincidences(sums: np.ndarray, levels: np.ndarray, metric: str) -> np.ndarray:
    """Alpha of each row of summed coincidences, flattened values × values."""
    width = len(levels)
    table = sums.reshape(-1, width, width)
    totals = table.sum(axis=1)
    distance = _squared_distance(totals, levels, metric)
    observed = (table * distance).sum(axis=(1, 2))
    chance = totals[:, :, None] * totals[:, None, :] / (totals.sum(axis=1) - 1)[:, None, None]
    expected = (chance * distance).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def _squared_distance(totals: np.ndarray, levels: np.ndarray, metric: str) -> np.ndarray:
    """Squared difference between values; that of the ordinal metric depends on their totals."""
    if metric == "ordinal":
        # Krippendorff's sum of the totals between two values, less half of either end, is the
        # difference of their mid-ranks.
        ranks = totals.cumsum(axis=1) - totals / 2
        return (ranks[:, :, None] - ranks[:, None, :]) ** 2
    gap = levels[:, None] - levels[None, :]
    if metric == "nominal":
        return (gap != 0).astype(float)[None]
    if metric == "interval":
        return gap[None] ** 2
    total = levels[:, None] + levels[None, :]
    return (np.divide(gap, total, out=np.zeros_like(gap), where=total != 0) ** 2)[None]
