"""Time to an event on counts: Kaplan-Meier, hazard, restricted mean, log-rank.

A table of counts per (duration, event) is sufficient for all of it, so the time taken depends on
the number of distinct durations and not on the number of subjects. Durations are whole numbers of
one unit, usually days; a subject whose duration is t is at risk up to and including t.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats.intervals import holm, upper_tail, wilson

# Survival is a product of many fractions: 0.5 reached by hand may be 0.5000000000000001 here.
ROUNDING = 1e-12


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


def life_table(counts: pd.DataFrame) -> pd.DataFrame:
    """Number at risk, events and censorings at each distinct duration.

    Parameters
    ----------
    counts : one row per cell, in any order, cells may repeat
        duration (whole number >= 0), event (True: it happened at `duration`; False: observation
        ended there without it), count (subjects, whole number >= 0). Other columns are ignored.

    Returns
    -------
    One row per distinct duration with a subject in it, ascending: duration, at_risk (subjects
    whose duration is >= this one), events, censored; all int64. A subject censored on the day of
    an event was at risk for it.

    Raises
    ------
    ValueError
        Missing column, or a value that is missing, negative or not whole; all at once.

    Examples
    --------
    >>> counts = pd.DataFrame(
    ...     {"duration": [3, 5, 5], "event": [True, True, False], "count": [2, 1, 4]}
    ... )
    >>> life_table(counts)
       duration  at_risk  events  censored
    0         3        7       2         0
    1         5        5       1         4
    """
    frame = _checked(counts)
    table = (
        frame.assign(
            events=frame["count"].where(frame["event"], 0),
            censored=frame["count"].mask(frame["event"], 0),
        )
        .groupby("duration", as_index=False)[["events", "censored"]]
        .sum()
    )
    at_risk = (table["events"] + table["censored"])[::-1].cumsum()[::-1]
    table.insert(1, "at_risk", at_risk)
    return table


def kaplan_meier(table: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Product-limit estimate of the share still without the event just after each duration.

    Parameters
    ----------
    table : from `life_table`
    confidence : between 0 and 1

    Returns
    -------
    `table` plus survival, se (Greenwood), low, high (log-log, pointwise). While survival is 1,
    low = high = 1: nothing is known yet about its spread. Where survival reaches 0, se, low and
    high are nan, as in R.

    References
    ----------
    Kaplan & Meier (1958), JASA 53:457; Greenwood (1926); Borgan & Liestøl (1990), Scandinavian
    Journal of Statistics 17:35 (log-log). R: `survfit(..., conf.type = "log-log")`.
    """
    at_risk, events = _floats(table)
    z = stats.norm.isf(upper_tail(confidence))
    survival = np.cumprod((at_risk - events) / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative_se = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))
        spread = np.exp(z * relative_se / -np.log(survival))
        low = np.where(survival == 1, 1.0, survival**spread)
        high = np.where(survival == 1, 1.0, survival ** (1 / spread))
        se = survival * relative_se
    return table.assign(survival=survival, se=se, low=low, high=high)


def nelson_aalen(table: pd.DataFrame) -> pd.DataFrame:
    """Cumulative hazard: the sum of events / at_risk.

    Parameters
    ----------
    table : from `life_table`

    Returns
    -------
    `table` plus cumulative_hazard and se, the root of the sum of events / at_risk² (Aalen's
    variance, R's `std.chaz`).

    References
    ----------
    Nelson (1972), Technometrics 14:945; Aalen (1978), Annals of Statistics 6:701.
    """
    at_risk, events = _floats(table)
    return table.assign(
        cumulative_hazard=np.cumsum(events / at_risk),
        se=np.sqrt(np.cumsum(events / at_risk**2)),
    )


def survival_at(curve: pd.DataFrame, times: Iterable[float]) -> pd.DataFrame:
    """Read a curve at given times.

    Parameters
    ----------
    curve : from `kaplan_meier`
    times : numbers >= 0, in any order

    Returns
    -------
    One row per time, in the order given: time, at_risk (subjects whose duration is >= time),
    survival, low, high. The curve is a right-continuous step. A time beyond the last observed
    duration was not observed: nan, never extrapolated, even where survival has reached 0.

    Raises
    ------
    ValueError
        If a time is negative or missing.
    """
    times = np.asarray(list(times))
    if not np.all(times >= 0):
        raise ValueError(f"times must be numbers of at least 0; found {times.tolist()}")
    durations = curve["duration"].to_numpy()
    steps = np.searchsorted(durations, times, side="right")
    is_observed = times <= durations.max(initial=-1)
    values = {
        name: np.where(is_observed, np.append(1.0, curve[name])[steps], np.nan)
        for name in ("survival", "low", "high")
    }
    at_risk = np.append(curve["at_risk"], 0)[np.searchsorted(durations, times)]
    return pd.DataFrame({"time": times, "at_risk": at_risk, **values})


def quantile(curve: pd.DataFrame, *, q: float = 0.5) -> tuple[float, float, float]:
    """First duration by which the share `q` has had the event, and its interval.

    Parameters
    ----------
    curve : from `kaplan_meier`; its confidence and its log-log limits carry over
    q : share of all subjects, 0 < q < 1; 0.5 is the median

    Returns
    -------
    (estimate, low, high) : durations. nan means not reached: within the observation the curve
    (or the limit in question) did not come down to 1 - q. A limit at survival 0 is nan and
    reaches nothing. Where a curve is flat at exactly 1 - q this is the first such duration;
    R reports the middle of the flat part.

    Raises
    ------
    ValueError
        Unless 0 < q < 1.

    References
    ----------
    Brookmeyer & Crowley (1982), Biometrics 38:29.
    """
    if not 0 < q < 1:
        raise ValueError(f"q is {q}; expected a share between 0 and 1")

    def first(name: str) -> float:
        reached = curve.loc[curve[name] <= 1 - q + ROUNDING, "duration"]
        return float(reached.iloc[0]) if len(reached) else np.nan

    return first("survival"), first("low"), first("high")


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
    at_risk, events = _floats(inside)
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
    frame = _checked(counts, group)
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
    frame = _checked(counts, group)
    members = dict(list(frame.groupby(group, observed=True)))
    rows = []
    for first, second in combinations(members, 2):
        test = logrank(pd.concat([members[first], members[second]]), group=group)
        rows.append((first, second, test.chi2, test.p_value))
    pairs = pd.DataFrame(rows, columns=["group_1", "group_2", "chi2", "p_value"])
    return pairs.assign(p_holm=holm(pairs["p_value"]))


def hazard(table: pd.DataFrame, *, edges: Sequence[int], confidence: float = 0.95) -> pd.DataFrame:
    """Probability of the event per unit of time, for one still at risk, in each interval.

    Parameters
    ----------
    table : from `life_table`; durations without events or censorings may be absent
    edges : k + 1 ascending whole numbers >= 0
    confidence : between 0 and 1

    Returns
    -------
    k rows: start, end (the interval [start, end)), at_risk_time (the denominator: over the whole
    times t of the interval, the sum of the subjects at risk at t), events, hazard = events /
    at_risk_time, low, high (Wilson). Time nobody was observed in adds nothing; an interval with
    none at risk has nan.

    Raises
    ------
    ValueError
        If the edges are fewer than two, negative, not whole or not ascending.
    """
    edges = np.asarray(edges)
    if (
        len(edges) < 2
        or edges.dtype.kind not in "iu"
        or edges[0] < 0
        or (np.diff(edges) <= 0).any()
    ):
        raise ValueError(
            f"edges must be two or more ascending whole numbers from 0 up; found {edges.tolist()}"
        )
    durations, at_risk = table["duration"].to_numpy(), table["at_risk"].to_numpy()
    # Between two listed durations the number at risk is that of the later one.
    starts = np.append(0, durations + 1)
    time_before = np.append(0, np.cumsum(at_risk * np.diff(starts)))
    position = np.searchsorted(durations, edges)
    time_to_edge = time_before[position] + np.append(at_risk, 0)[position] * (
        edges - starts[position]
    )
    at_risk_time = np.diff(time_to_edge)
    events = np.diff(np.append(0, np.cumsum(table["events"]))[position])
    low, high = wilson(events, at_risk_time, confidence=confidence)
    with np.errstate(invalid="ignore"):
        rate = events / at_risk_time
    return pd.DataFrame(
        {
            "start": edges[:-1],
            "end": edges[1:],
            "at_risk_time": at_risk_time,
            "events": events,
            "hazard": rate,
            "low": low,
            "high": high,
        }
    )


def shortest_window(table: pd.DataFrame, *, horizon: int, share: float = 0.5) -> tuple[int, int]:
    """Shortest interval of times that holds `share` of the events expected up to `horizon`.

    Parameters
    ----------
    table : from `life_table`
    horizon : last time considered; events at duration 0 lie before the window
    share : 0 < share <= 1, of the Kaplan-Meier probability of an event in (0, horizon], so that
        the censored are allowed for

    Returns
    -------
    (start, end) : both times included; the earliest of several equally short. What lies beyond
    the last observed duration is not known and is not counted, even within the horizon.

    Raises
    ------
    ValueError
        If no event lies in (0, horizon], or unless 0 < share <= 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; expected a number above 0 and at most 1")
    at_risk, events = _floats(table)
    before = np.append(1.0, np.cumprod((at_risk - events) / at_risk))[:-1]
    mass = before * events / at_risk
    durations = table["duration"].to_numpy()
    inside = (durations > 0) & (durations <= horizon) & (events > 0)
    if not inside.any():
        raise ValueError(f"no event in (0, {horizon}]: there is no window to find")
    durations = durations[inside]
    reached = np.append(0.0, np.cumsum(mass[inside]))
    needed = reached[:-1] + share * reached[-1] - ROUNDING
    last = np.searchsorted(reached, needed) - 1
    is_enough = last < len(durations)
    starts, ends = durations[is_enough], durations[last[is_enough]]
    best = np.argmin(ends - starts)
    return int(starts[best]), int(ends[best])


def merge_steps(curve: pd.DataFrame, *, min_events: int) -> pd.DataFrame:
    """Merge the steps of a curve until each stands for at least `min_events` events.

    Parameters
    ----------
    curve : from `kaplan_meier`
    min_events : whole number >= 1

    Returns
    -------
    One row per merged step: duration, at_risk, survival, low, high as they are at the last event
    time merged, and events, summed. Rows without events are absorbed, and so is a remainder of
    too few events, into the last row. No rows if there are fewer than `min_events` in all.

    Raises
    ------
    ValueError
        If min_events is below 1.
    """
    if min_events < 1:
        raise ValueError(f"min_events is {min_events}; expected at least 1")
    steps = curve[curve["events"] > 0]
    so_far = steps["events"].cumsum().to_numpy()
    ends, merged = [], 0
    while (end := int(np.searchsorted(so_far, merged + min_events))) < len(steps):
        ends.append(end)
        merged = so_far[end]
    if ends:
        ends[-1] = len(steps) - 1
    columns = ["duration", "at_risk", "events", "survival", "low", "high"]
    rows = steps.iloc[ends][columns].reset_index(drop=True)
    return rows.assign(events=np.diff(so_far[ends], prepend=0))


def _floats(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Number at risk and events as floats, whose products cannot overflow."""
    return table["at_risk"].to_numpy(float), table["events"].to_numpy(float)


def _checked(counts: pd.DataFrame, *groups: str) -> pd.DataFrame:
    """The columns needed, with whole numbers as int64 and without the rows that count nobody."""
    columns = ["duration", "event", "count", *groups]
    problems = [
        f"column '{name}' is missing"
        + "".join(
            f"; did you mean '{near}'?" for near in get_close_matches(name, map(str, counts), 1)
        )
        for name in columns
        if name not in counts
    ]
    if problems:
        raise ValueError("counts: " + "; ".join(problems))
    frame = counts[columns]
    numbers = frame[["duration", "count"]].apply(pd.to_numeric, errors="coerce").astype(float)
    is_right = {
        "duration": ("a whole number of at least 0", _is_whole(numbers["duration"])),
        "count": ("a whole number of at least 0", _is_whole(numbers["count"])),
        "event": ("True or False", frame["event"].isin([True, False])),
    } | {name: ("a group", frame[name].notna()) for name in groups}
    problems = [
        f"column '{name}' must hold {expected}, which it does not in {(~right).sum()} row(s), "
        f"the first at index {right.index[~right][0]}"
        for name, (expected, right) in is_right.items()
        if not right.all()
    ]
    if problems:
        raise ValueError("counts: " + "; ".join(problems))
    frame = frame.assign(event=frame["event"].astype(bool), **numbers.astype("int64"))
    return frame[frame["count"] > 0]


def _is_whole(values: pd.Series) -> pd.Series:
    """Whole and not negative; a missing value and infinity are neither."""
    return values.ge(0) & values.mod(1).eq(0)
