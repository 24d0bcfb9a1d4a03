"""Proportional hazards in grouped time: the complementary log-log model on person-periods.

Where events are known by week only, log(-log(1 - p)) of the share p of those at risk in a week who
have the event in it is linear, with the log hazard ratios of continuous time as coefficients. The
cells are counts, so that nothing depends on the number of subjects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.tools.sm_exceptions import PerfectSeparationError

from templates_lib.stats.intervals import upper_tail
from templates_lib.stats.survival import checked

INTERCEPT, LOG_PERIOD = "intercept", "log_period"
MAX_ITERATIONS = 200


class GroupedHazard(NamedTuple):
    """A fitted model.

    coefficients : one row per term, the baseline's first: covariate, coefficient, se, low, high,
        hazard_ratio, ratio_low, ratio_high, p_value
    log_likelihood : binomial, with the constants of the counts, as R's; deviance
    person_periods : subjects at risk, summed over the periods; cells : rows that were fitted
    """

    coefficients: pd.DataFrame
    log_likelihood: float
    deviance: float
    person_periods: int
    cells: int


def person_periods(counts: pd.DataFrame, *, covariates: Sequence[str]) -> pd.DataFrame:
    """Subjects at risk and events in each period, by covariates.

    Parameters
    ----------
    counts : one row per cell, in any order, cells may repeat
        duration (the period in which it ended, a whole number from 1 up), event, count, and the
        covariates; who is censored in a period was at risk in it
    covariates : columns

    Returns
    -------
    One row per combination of covariates and period from 1 to its last one: the covariates,
    period, at_risk, events.

    Raises
    ------
    ValueError
        As `survival.life_table`, or if a duration is 0.
    """
    names = list(covariates)
    frame = checked(counts, *names)
    if (frame["duration"] == 0).any():
        raise ValueError("a duration is 0; periods are numbered from 1")
    frame = frame.assign(events=frame["count"].where(frame["event"], 0))
    parts = []
    for values, own in frame.groupby(names or np.zeros(len(frame)), observed=True):
        ended = own.groupby("duration")[["count", "events"]].sum()
        ended = ended.reindex(range(1, own["duration"].max() + 1), fill_value=0)
        at_risk = ended["count"][::-1].cumsum()[::-1]
        key = dict(zip(names, values, strict=True)) if names else {}
        parts.append(
            pd.DataFrame(
                {**key, "period": ended.index, "at_risk": at_risk.to_numpy(),
                 "events": ended["events"].to_numpy()}
            )
        )  # fmt: skip
    columns = [*names, "period", "at_risk", "events"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def fit(
    counts: pd.DataFrame,
    *,
    covariates: Sequence[str],
    baseline: Literal["log", "free"] = "log",
    confidence: float = 0.95,
) -> GroupedHazard:
    """Largest binomial likelihood of log(-log(1 - p)) = baseline(period) + x β.

    Parameters
    ----------
    counts, covariates : as for `person_periods`; the covariates are numeric
    baseline : an intercept and the logarithm of the period, or a free term for every period with
        an event (the others have a hazard of 0 and are left out)
    confidence : between 0 and 1

    Returns
    -------
    GroupedHazard, with Wald intervals.

    Raises
    ------
    ValueError
        As `person_periods`; without an event, or where no finite coefficients exist.

    References
    ----------
    Prentice & Gloeckler (1978), Biometrics 34:57. R: `glm(cbind(y, n - y) ~ …, binomial(cloglog))`.
    """
    z = stats.norm.isf(upper_tail(confidence))
    cells = person_periods(counts, covariates=covariates)
    if not cells["events"].sum():
        raise ValueError("counts holds no event")
    cells_fitted = cells
    if baseline == "free":
        has_event = cells.groupby("period")["events"].transform("sum") > 0
        cells_fitted = cells[has_event]
        terms = pd.get_dummies(cells_fitted["period"], prefix="period", dtype=float)
    else:
        terms = pd.DataFrame({INTERCEPT: 1.0, LOG_PERIOD: np.log(cells_fitted["period"])})
    design = terms.join(cells_fitted[list(covariates)].astype(float))
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("a covariate does not vary, or repeats the others")
    outcome = np.column_stack(
        [cells_fitted["events"], cells_fitted["at_risk"] - cells_fitted["events"]]
    )
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    try:
        found = sm.GLM(outcome, design, family=family).fit(maxiter=MAX_ITERATIONS, tol=1e-12)
    except PerfectSeparationError:
        raise ValueError("the covariates separate the events: no finite ratio") from None
    if not found.converged:
        raise ValueError("no largest likelihood was found: the covariates separate the events")
    beta, se = found.params.to_numpy(), found.bse.to_numpy()
    low, high = beta - z * se, beta + z * se
    table = pd.DataFrame(
        {
            "covariate": design.columns, "coefficient": beta, "se": se, "low": low, "high": high,
            "hazard_ratio": np.exp(beta), "ratio_low": np.exp(low), "ratio_high": np.exp(high),
            "p_value": found.pvalues.to_numpy(),
        }
    )  # fmt: skip
    return GroupedHazard(
        table, float(found.llf), float(found.deviance), int(cells["at_risk"].sum()),
        len(cells_fitted),
    )  # fmt: skip
