"""How much of an outcome's R² each driver accounts for, with drivers that are correlated.

Everything is computed from covariance matrices, which do not grow with the respondents; the
outcome stands in row and column 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from templates_lib.stats import imputation
from templates_lib.stats.intervals import upper_tail
from templates_lib.stats.resampling import bootstrapped_covariances
from templates_lib.stats.variance_shares import (
    MOST_EXACT,
    condition_number,
    correlation_of,
    inflation,
    lmg,
    lmg_beside_probe,
    r_squared,
    relative_weights,
    shares_of,
    standardised_coefficients,
    weights_beside_probe,
)

WIDEST_RANKED = 2
LEAST_R2 = 0.05


class Estimate(NamedTuple):
    """An estimate with its percentile interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Importance:
    """What `importance` found.

    Attributes
    ----------
    table : one row per driver, or group of items credited together, in the order of the ratings:
        driver, share (of R², summing to 1), low, high, rank (1 the largest share), rank_low,
        rank_high, coefficient (standardised), coefficient_low, coefficient_high, correlation
        (with the outcome), mean_rating (of those who rated), n (who rated), is_ranked,
        is_suppressor, vif, is_above_noise. For a group of several items coefficient and
        correlation are nan (see `items`), mean_rating is the mean of its items', n counts those
        who rated any, and vif is the generalised one of Fox & Monette (1992).
    items : one row per item: item, driver (its row in the table), coefficient, coefficient_low,
        coefficient_high, correlation, mean_rating, n, vif, is_suppressor
    differences : one row per pair of drivers: driver_1, driver_2, difference of their shares,
        low, high, is_different (the interval leaves out 0)
    r2 : of all drivers together, with its interval: percentiles of the samples' R², twice adjusted
        for the number of items (Wherry), since a sample's R² is too high and that of a bootstrap
        sample once more
    probe : share of R² that a driver of random noise gets beside the others
    condition_number : square root of the largest over the smallest eigenvalue of the drivers'
        correlation matrix (Belsley, Kuh & Welsch 1980: above 30 is harmful)
    halo : share of the drivers' variance in their first principal component, 1 / items at least
    method : "lmg" or "relative_weights"
    missing : "impute" or "listwise"
    n : respondents used; needed : the least, max(100, 10 × items)
    draws : bootstrap samples
    is_enough : n reaches needed, and r2 is at least 0.05
    """

    table: pd.DataFrame
    items: pd.DataFrame
    differences: pd.DataFrame
    r2: Estimate
    probe: Estimate
    condition_number: float
    halo: float
    method: str
    missing: str
    n: int
    needed: int
    draws: int
    is_enough: bool


def importance(
    ratings: pd.DataFrame,
    outcome: pd.Series,
    *,
    draws: int = 1000,
    seed: int,
    groups: Mapping[str, Sequence[str]] | None = None,
    missing: str = "impute",
    confidence: float = 0.95,
) -> Importance:
    """Shares of R² of each driver, their ranks and differences, with bootstrap intervals.

    Parameters
    ----------
    ratings : one row per respondent, one numeric column per item, missing where not answered
    outcome : numbers on the same index
    draws : bootstrap samples of respondents
    seed : of the generator
    groups : name of the group -> its items; items in none are credited on their own
    missing : "impute" for maximum likelihood, and in every bootstrap sample EM and one draw of
        the missing ratings; "listwise" for the respondents who rated everything
    confidence : between 0 and 1

    Returns
    -------
    Importance. LMG up to 15 drivers or groups, Johnson's relative weights above. Respondents
    without the outcome, or without any rating, are left out: an outcome is never imputed.

    A driver is ranked where its rank interval is at most 2 wide, say 1 to 3. It is a suppressor
    where the interval of its coefficient leaves out 0, and either the sign is not that of the
    correlation, or the coefficient is the larger while the interval of the correlation holds 0:
    its share is then credit for what it takes away from other drivers, not for going with the
    outcome. It is above noise where its interval lies above that of the probe, a normal variable
    drawn anew in every sample that goes with nothing.

    Raises
    ------
    ValueError
        If the indexes differ, a column is not numeric or holds no or only one value, a group
        names an unknown item or one twice, there are fewer respondents than items + 3, or
        `missing` is unknown.

    References
    ----------
    Grömping (2006), as for `lmg`; bootstrap with imputation inside: Schomaker & Heumann (2018),
    Statistics in Medicine 37:2252, and Honaker & King (2010); suppression: Conger (1974),
    Educational and Psychological Measurement 34:35; noise probe: Tonidandel, LeBreton & Johnson
    (2009), Psychological Methods 14:387.
    """
    tail = upper_tail(confidence)
    if missing not in ("impute", "listwise"):
        raise ValueError(f"missing is {missing!r}; expected 'impute' or 'listwise'")
    data = _respondents(ratings, outcome, missing)
    names, members = _units(list(ratings.columns), groups)
    n, p = len(data), ratings.shape[1]
    method = "lmg" if len(members) <= MOST_EXACT else "relative_weights"
    decompose, beside_probe = (
        (lmg, lmg_beside_probe) if method == "lmg" else (relative_weights, weights_beside_probe)
    )
    model = imputation.em(data)
    correlation = correlation_of(model.covariance)
    r2 = float(r_squared(correlation))
    shares = shares_of(decompose(correlation, groups=members))

    sampled_shares, probes, r2s, coefficients, correlations = [], [], [], [], []
    for covariance in bootstrapped_covariances(
        data, model, draws=draws, rng=np.random.default_rng(seed)
    ):
        drivers = correlation_of(covariance[:, :-1, :-1])
        parts, with_probe = beside_probe(covariance, members)
        sampled_shares.append(shares_of(parts))
        probes.append(shares_of(with_probe)[:, -1])
        r2s.append(parts.sum(axis=1))
        coefficients.append(standardised_coefficients(drivers))
        correlations.append(drivers[:, 0, 1:])
    sampled = np.concatenate(sampled_shares)
    probe = np.concatenate(probes)
    probe_low, probe_high = _interval(probe, tail)

    low, high = _interval(sampled, tail)
    ranks = _ranks(sampled)
    rank_low, rank_high = np.quantile(ranks, [tail, 1 - tail], axis=0, method="inverted_cdf")
    items = _items(
        ratings.columns,
        data,
        correlation,
        beta_interval=_interval(np.concatenate(coefficients), tail),
        correlation_interval=_interval(np.concatenate(correlations), tail),
    )
    items.insert(1, "driver", [names[_unit_of(members, item)] for item in range(p)])
    table = pd.DataFrame(
        {
            "driver": names,
            "share": shares,
            "low": low,
            "high": high,
            "rank": _ranks(shares[None])[0],
            "rank_low": rank_low.astype(int),
            "rank_high": rank_high.astype(int),
        }
    )
    table = table.join(_of_units(items, data, correlation, members)).assign(
        is_ranked=rank_high - rank_low <= WIDEST_RANKED, is_above_noise=low > probe_high
    )
    needed = max(100, 10 * p)
    return Importance(
        table=table,
        items=items,
        differences=_differences(names, shares, sampled, tail),
        r2=Estimate(r2, *map(float, _interval(_adjusted(np.concatenate(r2s), n, p), tail))),
        probe=Estimate(float(np.mean(probe)), float(probe_low), float(probe_high)),
        condition_number=condition_number(correlation),
        halo=float(np.linalg.eigvalsh(correlation[1:, 1:])[-1] / p),
        method=method,
        missing=missing,
        n=n,
        needed=needed,
        draws=draws,
        is_enough=n >= needed and r2 >= LEAST_R2,
    )


def _adjusted(r2: np.ndarray, n: int, items: int) -> np.ndarray:
    """Samples' R² less what chance adds to it, in the respondents and in the sample of them."""
    factor = (n - 1) / (n - items - 1)
    return np.clip(1 - (1 - r2) * factor**2, 0.0, 1.0)


def _interval(sampled: np.ndarray, tail: float) -> np.ndarray:
    """Percentile limits over the draws: two rows, or two numbers."""
    return np.nanquantile(sampled, [tail, 1 - tail], axis=0)


def _ranks(shares: np.ndarray) -> np.ndarray:
    """Rank of each share within its draw; 1 is the largest."""
    return np.argsort(np.argsort(-shares, axis=1, kind="stable"), axis=1) + 1


def _respondents(ratings: pd.DataFrame, outcome: pd.Series, missing: str) -> np.ndarray:
    """Outcome and ratings of the respondents that are used, as floats."""
    problems = []
    if not ratings.index.equals(outcome.index):
        problems.append("ratings and outcome must have the same index")
    columns = {"the outcome": outcome} | {f"item '{c}'": ratings[c] for c in ratings.columns}
    problems += [
        f"{name} is not numeric"
        for name, column in columns.items()
        if not pd.api.types.is_numeric_dtype(column)
    ]
    if problems or not len(ratings.columns):
        raise ValueError("; ".join(problems) or "ratings has no column")
    data = np.column_stack([c.to_numpy(float, na_value=np.nan) for c in columns.values()])
    is_known = ~np.isnan(data)
    used = is_known[:, 0] & is_known[:, 1:].any(axis=1)
    if missing == "listwise":
        used = is_known.all(axis=1)
    data = data[used]
    needed = data.shape[1] + 2
    if len(data) < needed:
        raise ValueError(
            f"{len(data)} respondents can be used; {needed} are the fewest for "
            f"{len(ratings.columns)} items"
        )
    for name, column in zip(columns, data.T, strict=True):
        values = column[~np.isnan(column)]
        if len(values) == 0 or np.isinf(values).any() or np.ptp(values) == 0:
            problems.append(f"{name} has no two different finite values")
    if problems:
        raise ValueError("; ".join(problems))
    return data


def _units(
    items: list[str], groups: Mapping[str, Sequence[str]] | None
) -> tuple[list[str], list[list[int]]]:
    """Names of what is credited, and the positions of its items, in the order of the items."""
    group_of: dict[str, str] = {}
    for name, members in (groups or {}).items():
        for item in members:
            if item not in items:
                raise ValueError(f"group '{name}' names '{item}', which is no column of ratings")
            if item in group_of:
                raise ValueError(f"item '{item}' stands in two groups, or twice in one")
            group_of[item] = name
    clash = [n for n in groups or {} if n in items and n not in groups[n]]
    if clash:
        raise ValueError(f"group '{clash[0]}' has the name of an item that is not in it")
    units: dict[str, list[int]] = {}
    for position, item in enumerate(items):
        units.setdefault(group_of.get(item, item), []).append(position)
    return list(units), list(units.values())


def _unit_of(members: Sequence[Sequence[int]], item: int) -> int:
    return next(unit for unit, positions in enumerate(members) if item in positions)


def _items(
    names: Sequence[str],
    data: np.ndarray,
    correlation: np.ndarray,
    *,
    beta_interval: np.ndarray,
    correlation_interval: np.ndarray,
) -> pd.DataFrame:
    """What is known of each item on its own."""
    beta, single = standardised_coefficients(correlation), correlation[0, 1:]
    is_sure = (beta_interval[0] > 0) | (beta_interval[1] < 0)
    is_unrelated = (correlation_interval[0] <= 0) & (correlation_interval[1] >= 0)
    is_opposite = beta * single < 0
    return pd.DataFrame(
        {
            "item": list(names),
            "coefficient": beta,
            "coefficient_low": beta_interval[0],
            "coefficient_high": beta_interval[1],
            "correlation": single,
            "mean_rating": np.nanmean(data[:, 1:], axis=0),
            "n": (~np.isnan(data[:, 1:])).sum(axis=0),
            "vif": [inflation(correlation[1:, 1:], [i]) for i in range(len(beta))],
            "is_suppressor": is_sure
            & (is_opposite | (is_unrelated & (np.abs(beta) > np.abs(single)))),
        }
    )


def _of_units(
    items: pd.DataFrame,
    data: np.ndarray,
    correlation: np.ndarray,
    members: Sequence[Sequence[int]],
) -> pd.DataFrame:
    """The items' columns for what is credited together."""
    rows = []
    for positions in members:
        own = items.iloc[list(positions)]
        row = own.iloc[0].drop(["item", "driver"])
        if len(positions) > 1:
            row[row.index.str.startswith(("coefficient", "correlation"))] = np.nan
            row["mean_rating"] = own["mean_rating"].mean()
            rated = ~np.isnan(data[:, [1 + i for i in positions]])
            row["n"] = rated.any(axis=1).sum()
            row["vif"] = inflation(correlation[1:, 1:], positions)
            row["is_suppressor"] = own["is_suppressor"].any()
        rows.append(row)
    columns = items.columns.drop(["item", "driver"])
    return (
        pd.DataFrame(rows, columns=columns)
        .reset_index(drop=True)
        .astype(items.dtypes[columns].to_dict())
    )


def _differences(
    names: Sequence[str], shares: np.ndarray, sampled: np.ndarray, tail: float
) -> pd.DataFrame:
    """Differences of the shares of every pair, with their interval."""
    first, second = np.triu_indices(len(names), 1)
    low, high = _interval(sampled[:, first] - sampled[:, second], tail)
    return pd.DataFrame(
        {
            "driver_1": np.asarray(names, dtype=object)[first],
            "driver_2": np.asarray(names, dtype=object)[second],
            "difference": shares[first] - shares[second],
            "low": low,
            "high": high,
            "is_different": (low > 0) | (high < 0),
        }
    )
