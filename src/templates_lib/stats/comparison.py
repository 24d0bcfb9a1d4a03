"""Groups of subjects compared by the time to an event: log-rank and the restricted mean.

Made on counts per (duration, event), as `survival`: exact, whatever the number of subjects.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats.intervals import holm, upper_tail
from templates_lib.stats.survival import at_risk_and_events, checked


class RestrictedMean(NamedTuple):
    """Mean time up to tau, in the unit of the durations; n = subjects behind it."""

    estimate: float
    se: float
    low: float
    high: float
    n: int


class LogRank(NamedTuple):
    """Log-rank test; n = subjects in all groups. nan where nothing can be compared (df = 0)."""

    chi2: float
    df: int
    p_value: float
    n: int


def rmst(table: pd.DataFrame, *, tau: float, confidence: float = 0.95) -> RestrictedMean:
    """Restricted mean survival time: the area under the Kaplan-Meier curve from 0 to `tau`.

    Parameters
    ----------
    table : from `life_table`
    tau : end of the window, in the unit of the durations; to compare groups, one that every
        group reaches
    confidence : between 0 and 1

    Returns
    -------
    RestrictedMean(estimate, se, low, high, n) with a normal interval. The error is that of the
    estimate, not of the restricted time itself: each event time adds the squared area that
    remains after it, times Greenwood's term.

    Raises
    ------
    ValueError
        If tau is not positive, or beyond the last observed duration.

    References
    ----------
    Klein & Moeschberger (2003), Survival Analysis, section 4.5.
    R: `print(survfit(...), rmean = tau)`.
    """
    last = table["duration"].max() if len(table) else 0
    if not 0 < tau <= last:
        raise ValueError(
            f"tau is {tau}, but it must be above 0 and no more than the last observed duration, "
            f"{last}; choose a tau that every group reaches"
        )
    z = stats.norm.isf(upper_tail(confidence))
    n = int(table["at_risk"].iloc[0])
    inside = table[table["duration"] <= tau]
    at_risk, events = at_risk_and_events(inside)
    survival = np.append(1.0, np.cumprod((at_risk - events) / at_risk))
    areas = survival * np.diff(np.concatenate([[0], inside["duration"], [tau]]))
    remaining = np.cumsum(areas[::-1])[::-1][1:]
    # Where all at risk have the event no area remains, and Greenwood's term is infinite.
    is_open = at_risk > events
    terms = events[is_open] / (at_risk * (at_risk - events))[is_open]
    estimate, se = areas.sum(), np.sqrt(np.sum(remaining[is_open] ** 2 * terms))
    return RestrictedMean(
        float(estimate), float(se), float(estimate - z * se), float(estimate + z * se), n
    )


def logrank(counts: pd.DataFrame, *, group: str) -> LogRank:
    """Log-rank test that the hazard is the same in all groups.

    Parameters
    ----------
    counts : as for `life_table`, plus the column named by `group`
    group : column with at least two different values

    Returns
    -------
    LogRank(chi2, df, p_value, n). Ties are met by the hypergeometric variance. A group in which
    nobody was left at risk when the first event came adds no degree of freedom; without two
    comparable groups chi2 and p_value are nan and df is 0.

    Raises
    ------
    ValueError
        As `life_table`, or if there are fewer than two groups.

    References
    ----------
    Mantel (1966), Cancer Chemotherapy Reports 50:163; Peto & Peto (1972). R: `survdiff`.
    """
    frame = checked(counts, group)
    cells = frame.assign(events=frame["count"].where(frame["event"], 0)).pivot_table(
        index="duration",
        columns=group,
        values=["events", "count"],
        aggfunc="sum",
        fill_value=0,
        observed=True,
    )
    if len(frame) == 0 or cells["count"].shape[1] < 2:
        raise ValueError(f"column '{group}' holds fewer than two groups with a subject in them")
    leaving, events = cells["count"].to_numpy(float), cells["events"].to_numpy(float)
    at_risk = leaving[::-1].cumsum(axis=0)[::-1]
    all_at_risk, all_events = at_risk.sum(axis=1), events.sum(axis=1)
    share = at_risk / all_at_risk[:, None]
    weight = all_events * (all_at_risk - all_events) / np.maximum(all_at_risk - 1, 1)
    # Over comparable groups the differences sum to 0, so that one of them is redundant.
    free = np.flatnonzero(weight @ (share * (1 - share)) > 0)[:-1]
    n = int(all_at_risk[0])
    if len(free) == 0:
        return LogRank(np.nan, 0, np.nan, n)
    share = share[:, free]
    difference = events[:, free].sum(axis=0) - all_events @ share
    covariance = np.diag(weight @ share) - share.T @ (weight[:, None] * share)
    chi2 = float(difference @ np.linalg.solve(covariance, difference))
    return LogRank(chi2, len(free), float(stats.chi2.sf(chi2, len(free))), n)


def pairwise_logrank(counts: pd.DataFrame, *, group: str) -> pd.DataFrame:
    """Log-rank test of every pair of groups, with Holm's adjustment over the pairs.

    Parameters
    ----------
    counts, group : as for `logrank`

    Returns
    -------
    One row per pair in sorted order: group_1, group_2, chi2, p_value, p_holm. A pair that cannot
    be compared has nan and does not count in the adjustment. No rows for a single group.

    Raises
    ------
    ValueError
        As `life_table`.
    """
    frame = checked(counts, group)
    members = dict(list(frame.groupby(group, observed=True)))
    rows = []
    for first, second in combinations(members, 2):
        test = logrank(pd.concat([members[first], members[second]]), group=group)
        rows.append((first, second, test.chi2, test.p_value))
    pairs = pd.DataFrame(rows, columns=["group_1", "group_2", "chi2", "p_value"])
    return pairs.assign(p_holm=holm(pairs["p_value"]))
