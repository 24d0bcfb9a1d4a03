"""How unevenly a total is spread over units: whale curve, Gini, top shares.

Everything is computed from bins of consecutive units, those of the greatest values first: ``n``,
``total`` and ``squares`` (Σx²) of each. Where every unit is a bin of its own the results are exact;
in a bin of several they count as equal, which with 2,000 bins changes a Gini by less than 0.0001.
Values may be negative: the curve of the greatest first then rises over the whole before it falls
back to it, and a Gini can exceed 1.

Intervals are those of the bootstrap over units, corrected for bias (Efron 1987, JASA 82:171). It is
drawn bin by bin: how many units of each are drawn is multinomial, what they sum up to is normal
with the bin's mean and spread. Shares of a total that is zero or less, in a sample too, are nan.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

DRAWS = 1000


class Estimate(NamedTuple):
    """A number with its 95 % interval and the number of units it rests on."""

    estimate: float
    low: float
    high: float
    n: int


class Sample(NamedTuple):
    """Bins by row: as they are in the first, as the bootstrap drew them in the others."""

    counts: np.ndarray
    totals: np.ndarray

    @property
    def n(self) -> int:
        """Units in all."""
        return int(self.counts[0].sum())


def bins_of(values: ArrayLike) -> pd.DataFrame:
    """Each value as a bin of its own, the greatest first: n, total, squares."""
    x = -np.sort(-np.asarray(values, dtype=float))
    return pd.DataFrame({"n": 1, "total": x, "squares": x**2})


def draw(bins: pd.DataFrame, *, draws: int = DRAWS, seed: int = 1) -> Sample:
    """The bins and bootstrap samples of them, for all functions below.

    Parameters
    ----------
    bins : n, total, squares; consecutive units, the greatest values first

    Raises
    ------
    ValueError
        Without any unit, or where the bins are not in order.
    """
    n = bins["n"].to_numpy("int64")
    total, squares = (bins[c].astype("float64").to_numpy() for c in ("total", "squares"))
    if n.sum() < 1 or (n < 1).any():
        raise ValueError("expected bins of at least one unit each")
    mean = total / n
    if (np.diff(mean) > 1e-9 * np.abs(mean).max()).any():
        raise ValueError("expected the bins of the greatest values first")
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n.sum(), n / n.sum(), size=draws).astype(float)
    totals = counts * mean
    is_several = n > 1
    if is_several.any():
        spread = np.sqrt(np.clip(squares / n - mean**2, 0, None))[is_several]
        noise = rng.standard_normal((draws, int(is_several.sum())))
        totals[:, is_several] += noise * spread * np.sqrt(counts[:, is_several])
    return Sample(np.vstack([n, counts]), np.vstack([total, totals]))


def gini(sample: Sample, *, corrected: bool = False) -> Estimate:
    """Gini's coefficient: 0 if all are equal, near 1 if one has all, above 1 with negatives.

    Parameters
    ----------
    corrected : times n / (n − 1), which makes 1 the greatest value of a small population
    """
    n = sample.counts.sum(axis=1)
    whole = _positive(sample.totals.sum(axis=1))
    below = n[:, None] - np.cumsum(sample.counts, axis=1)
    weighted = (sample.totals * (below + (sample.counts + 1) / 2)).sum(axis=1)
    found = 2 * weighted / (n * whole) - (n + 1) / n
    return _estimate(found * (n / (n - 1) if corrected else 1.0), sample.n)


def whale_curve(sample: Sample, at: ArrayLike) -> pd.DataFrame:
    """The share of the total that the greatest units bring together.

    Parameters
    ----------
    at : shares of the units, from 0 to 1

    Returns
    -------
    Columns: unit_share, total_share, low, high, n (all units). Between bins the curve is straight.
    """
    places = np.asarray(at, dtype=float)
    found = _curve(sample, places)
    low, high = _interval(found)
    return pd.DataFrame(
        {"unit_share": places, "total_share": found[0], "low": low, "high": high, "n": sample.n}
    )


def top_share(sample: Sample, share: float) -> Estimate:
    """The share of the total that the greatest units bring: ⌈share · n⌉ of them."""
    place = np.ceil(np.round(share * sample.n, 9)) / sample.n
    return _estimate(_curve(sample, np.array([place]))[:, 0], sample.n)


def parts(sample: Sample, edges: ArrayLike) -> pd.DataFrame:
    """The share of the total that each stretch of units brings.

    Parameters
    ----------
    edges : shares of the units at which a stretch ends, the last of them 1

    Returns
    -------
    Columns: total_share, low, high, n (all units); one row a stretch, the greatest units first.
    """
    ends = _curve(sample, np.asarray(edges, dtype=float))
    found = np.diff(ends, axis=1, prepend=0.0)
    low, high = _interval(found)
    return pd.DataFrame({"total_share": found[0], "low": low, "high": high, "n": sample.n})


def peak(sample: Sample) -> Estimate:
    """What all units above zero bring, as a share of the total: the top of the whale curve.

    No bin may hold values of both signs.
    """
    whole = _positive(sample.totals.sum(axis=1))
    gains = np.where(sample.totals[0] > 0, sample.totals, 0.0).sum(axis=1)
    return _estimate(gains / whole, sample.n)


def effective_number(values: ArrayLike) -> float:
    """Units of equal size that would be as concentrated: 1 / the sum of the squared shares.

    It describes these units; of a larger population it would tell too few, and is given no
    interval.

    References
    ----------
    Laakso & Taagepera (1979), Comparative Political Studies 12:3.
    """
    x = np.asarray(values, dtype=float)
    return float(x.sum() ** 2 / (x**2).sum())


def difference(newer: Estimate, older: Estimate) -> Estimate:
    """One estimate less another; the ends add up in squares (Zou & Donner 2008).

    Of independent samples. Where the same units stand in both, the interval is too wide.
    """
    change = newer.estimate - older.estimate
    low = change - np.hypot(newer.estimate - newer.low, older.high - older.estimate)
    high = change + np.hypot(newer.high - newer.estimate, older.estimate - older.low)
    return Estimate(change, float(low), float(high), newer.n + older.n)


def _curve(sample: Sample, places: np.ndarray) -> np.ndarray:
    whole = _positive(sample.totals.sum(axis=1))
    found = np.empty((len(whole), len(places)))
    for row, (counts, totals) in enumerate(zip(sample.counts, sample.totals, strict=True)):
        units = np.concatenate([[0.0], np.cumsum(counts)])
        so_far = np.concatenate([[0.0], np.cumsum(totals)])
        found[row] = np.interp(places * units[-1], units, so_far)
    return found / whole[:, None]


def _positive(totals: np.ndarray) -> np.ndarray:
    return np.where(totals > 0, totals, np.nan)


def _estimate(found: np.ndarray, n: int) -> Estimate:
    low, high = _interval(found[:, None])
    return Estimate(float(found[0]), float(low[0]), float(high[0]), n)


def _interval(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bias-corrected percentiles of each column; its first row is the estimate."""
    own, drawn = found[0], found[1:]
    low, high = np.full((2, found.shape[1]), np.nan)
    for column in range(found.shape[1]):
        values = drawn[:, column]
        if len(values) and not np.isnan(values).any() and not np.isnan(own[column]):
            under = (values < own[column]).mean() + (values == own[column]).mean() / 2
            shift = stats.norm.ppf(np.clip(under, 0.5 / len(values), 1 - 0.5 / len(values)))
            ends = stats.norm.cdf(2 * shift + stats.norm.ppf([0.025, 0.975]))
            low[column], high[column] = np.quantile(values, ends)
    return np.minimum(low, own), np.maximum(high, own)
