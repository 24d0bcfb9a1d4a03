"""Cox's proportional hazards on counts, with Efron's or Breslow's ties, strata and clusters.

Subjects alike in everything are one row with their number. The estimate is the one of the
expanded rows, to the last digit, and the time taken does not grow with the number of subjects:
the tie terms are summed over counts in closed form (``risk_sets``), which no weight of a library
does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats.intervals import upper_tail
from templates_lib.stats.partial_likelihood import State, largest, score_residuals, state_at
from templates_lib.stats.risk_sets import RiskSets, risk_sets
from templates_lib.stats.survival import checked

# Information of an event, in units of a covariate's variance, below which nothing is known.
FLAT = 1e-9
# A logarithm of a ratio over the range of a covariate beyond this, with an error beyond itself,
# grows without end.
ENDLESS = 8.0


class Model(NamedTuple):
    """A fitted model.

    coefficients : one row per covariate: covariate, coefficient (log hazard ratio of one unit
        more), se, model_se, low, high, hazard_ratio, ratio_low, ratio_high, p_value; se, limits and
        p-value are robust where clusters were given, model_se never is
    covariance : of the coefficients, robust where clusters were given
    log_likelihood, null_log_likelihood : partial, of the fit and without covariates
    n : subjects; of counting-process rows, rows
    events, clusters : how many; clusters is None where none were given
    sets, state : what the proportionality check reads
    """

    coefficients: pd.DataFrame
    covariance: np.ndarray
    log_likelihood: float
    null_log_likelihood: float
    n: int
    events: int
    clusters: int | None
    sets: RiskSets
    state: State


class LikelihoodRatio(NamedTuple):
    """Twice the gain in log-likelihood over no covariates, against chi-square."""

    chi2: float
    df: int
    p_value: float


def fit(
    counts: pd.DataFrame,
    *,
    covariates: Sequence[str],
    strata: str | None = None,
    cluster: str | None = None,
    entry: str | None = None,
    ties: Literal["efron", "breslow"] = "efron",
    confidence: float = 0.95,
) -> Model:
    """Largest partial likelihood, by Newton's method with the exact derivatives.

    h(t | x) = h₀(t) exp(x β), h₀ left open and one per stratum. Of d events at t the likelihood
    holds the product over l = 0 … d-1 of exp(x β) / (S - (l/d) D), with S the sum of exp(x β) over
    those at risk and D over those with the event (Breslow: S alone).

    Parameters
    ----------
    counts : one row per cell, in any order, cells may repeat
        duration (whole number >= 0), event (True or False), count (subjects, whole number >= 0),
        and the columns named below; other columns are ignored
    covariates : numeric columns
    strata : column of the strata
    cluster : column of what varies together, such as a customer with several gaps; errors are
        then robust (Lin & Wei's sandwich). A cluster whose rows all hold the count k stands for k
        clusters alike.
    entry : column of the time from which a row is observed (left truncation), below its duration;
        at risk at t is who has entry < t <= duration, and from 0 on who has entry 0
    ties : as above
    confidence : between 0 and 1

    Returns
    -------
    Model, with Wald intervals.

    Raises
    ------
    ValueError
        As `survival.life_table`; without an event; if an entry is not before its duration, a
        cluster's rows differ in their counts, a covariate is not a number, does not vary among
        those at risk or repeats others, or separates the events, so that no finite coefficient
        exists.

    References
    ----------
    Cox (1972), JRSS B 34:187; Efron (1977), JASA 72:557; Lin & Wei (1989), JASA 84:1074.
    R: `survival::coxph`.

    Examples
    --------
    >>> counts = pd.DataFrame(
    ...     {"duration": [1, 1, 2, 2, 3], "event": [True, True, True, False, False],
    ...      "x": [1, 0, 1, 0, 0], "count": [6, 2, 4, 3, 5]}
    ... )
    >>> fit(counts, covariates=["x"]).coefficients[["covariate", "coefficient", "se"]].round(4)
      covariate  coefficient      se
    0         x        2.315  0.8032
    """
    z = stats.norm.isf(upper_tail(confidence))
    frame, x = _prepared(counts, list(covariates), strata, cluster, entry)
    centre = np.average(x, axis=0, weights=frame["count"])
    scale = np.sqrt(np.average((x - centre) ** 2, axis=0, weights=frame["count"]))
    if not scale.all():
        raise ValueError(f"{_named(covariates, scale == 0)} does not vary")
    sets = risk_sets(frame, (x - centre) / scale)
    null = state_at(np.zeros(len(scale)), sets, ties)
    _refuse_flat(null.information.sum(axis=0) / sets.events.sum(), covariates)
    beta, state = largest(null, sets, ties)
    inverse = np.linalg.pinv(state.information.sum(axis=0), hermitian=True)
    model_se = np.sqrt(np.diag(inverse))
    spread = np.abs(beta) * (sets.covariates.max(axis=0) - sets.covariates.min(axis=0))
    endless = (spread > ENDLESS) & (model_se > np.abs(beta))
    if endless.any():
        raise ValueError(
            f"{_named(covariates, endless)} separates the events: its ratio is endless"
        )
    robust, clusters = inverse, None
    if cluster is not None:
        groups, sizes = _clusters(frame)
        moved = pd.DataFrame(score_residuals(state, sets) @ inverse).groupby(groups).sum()
        robust, clusters = (moved * sizes[:, None]).T.to_numpy() @ moved.to_numpy(), sizes.sum()
    table = _table(covariates, beta / scale, np.sqrt(np.diag(robust)) / scale, z)
    table.insert(3, "model_se", model_se / scale)
    total = frame["count"].sum()
    return Model(
        table, robust / np.outer(scale, scale), state.log_likelihood, null.log_likelihood,
        int(total), int(sets.events.sum()), None if clusters is None else int(clusters),
        sets, state,
    )  # fmt: skip


def likelihood_ratio(model: Model) -> LikelihoodRatio:
    """Whether the covariates matter at all, without regard to clusters."""
    chi2 = 2 * (model.log_likelihood - model.null_log_likelihood)
    df = len(model.coefficients)
    return LikelihoodRatio(chi2, df, float(stats.chi2.sf(chi2, df)))


def _prepared(
    counts: pd.DataFrame,
    covariates: list[str],
    strata: str | None,
    cluster: str | None,
    entry: str | None,
) -> tuple[pd.DataFrame, np.ndarray]:
    """The cells under the names used here, and their covariates as floats."""
    if not covariates:
        raise ValueError("covariates is empty: name at least one column")
    others = {"stratum": strata, "cluster": cluster, "entry": entry}
    groups = dict.fromkeys([*covariates, *(name for name in others.values() if name is not None)])
    frame = checked(counts, *groups)
    numbers = frame[covariates].apply(pd.to_numeric, errors="coerce")
    x = numbers.to_numpy(float)
    is_number = np.isfinite(x).all(axis=0)
    if not is_number.all():
        raise ValueError(f"{_named(covariates, ~is_number)} holds a value that is no number")
    if not frame["event"].any():
        raise ValueError("counts holds no event")
    cells = frame[["duration", "event", "count"]].assign(
        stratum=0 if strata is None else pd.factorize(frame[strata], sort=True)[0],
        entry=-1 if entry is None else pd.to_numeric(frame[entry]).replace(0, -1),
        cluster=0 if cluster is None else pd.factorize(frame[cluster])[0],
    )
    if (late := cells["entry"] >= cells["duration"]).any():
        raise ValueError(
            f"column '{entry}' is not before the duration in {late.sum()} row(s), the first at "
            f"index {cells.index[late][0]}"
        )
    return cells.reset_index(drop=True), x


def _named(covariates: Sequence[str], is_one: np.ndarray) -> str:
    """The covariates marked, for a message."""
    names = [f"'{name}'" for name, marked in zip(covariates, is_one, strict=True) if marked]
    return f"covariate {', '.join(names)}"


def _refuse_flat(information: np.ndarray, covariates: Sequence[str]) -> None:
    """Refuses covariates of which the risk sets say nothing, by themselves or beside others.

    ``information`` is that of an event, in units of each covariate's variance.
    """
    own = np.diag(information)
    still = own <= FLAT
    if still.any():
        raise ValueError(f"{_named(covariates, still)} does not vary among those at risk")
    root = np.sqrt(own)
    values, vectors = np.linalg.eigh(information / np.outer(root, root))
    if values[0] <= FLAT:
        involved = np.abs(vectors[:, 0]) > 1e-4
        raise ValueError(f"{_named(covariates, involved)} repeat one another among those at risk")


def _clusters(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Of each cell its cluster, and of each cluster how many are alike."""
    sizes = frame.groupby("cluster")["count"].agg(["min", "max"])
    if (sizes["min"] != sizes["max"]).any():
        raise ValueError("the rows of a cluster hold different counts: one count says how many "
                         "clusters are alike")  # fmt: skip
    return frame["cluster"].to_numpy(), sizes["min"].to_numpy(float)


def _table(covariates: Sequence[str], beta: np.ndarray, se: np.ndarray, z: float) -> pd.DataFrame:
    """One row per covariate, with the ratio and its limits."""
    low, high = beta - z * se, beta + z * se
    with np.errstate(over="ignore"):
        ratios = {
            "hazard_ratio": np.exp(beta),
            "ratio_low": np.exp(low),
            "ratio_high": np.exp(high),
        }
    return pd.DataFrame(
        {
            "covariate": list(covariates), "coefficient": beta, "se": se, "low": low,
            "high": high, **ratios, "p_value": 2 * stats.norm.sf(np.abs(beta) / se),
        }
    )  # fmt: skip
