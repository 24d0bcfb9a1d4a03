"""Time to an event on counts: the life table, Kaplan-Meier and how to read its curve.

A table of counts per (duration, event) is sufficient for all of it, so the time taken depends on
the number of distinct durations and not on the number of subjects. Durations are whole numbers of
one unit, usually days; a subject whose duration is t is at risk up to and including t.
"""

from collections.abc import Iterable
from difflib import get_close_matches

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats.intervals import upper_tail, wilson

# Survival is a product of many fractions: 0.5 reached by hand may be 0.5000000000000001 here.
ROUNDING = 1e-12


def life_table(counts: pd.DataFrame, *, entry: str | None = None) -> pd.DataFrame:
    """Number at risk, events and censorings at each distinct duration.

    Parameters
    ----------
    counts : one row per cell, in any order, cells may repeat
        duration (whole number >= 0), event (True: it happened at `duration`; False: observation
        ended there without it), count (subjects, whole number >= 0). Other columns are ignored.
    entry : column with the time from which a subject is observed (left truncation), below its
        duration; at risk for what happens after it, from 0 on where it is 0

    Returns
    -------
    One row per distinct duration with a subject in it, ascending: duration, at_risk (subjects
    whose duration is >= this one, and whose entry is before it), events, censored; all int64. A
    subject censored on the day of an event was at risk for it. With `entry` there is a row at
    each time of entry too, so that the number at risk changes at rows only.

    Raises
    ------
    ValueError
        Missing column, or a value that is missing, negative or not whole; all at once. An entry
        above 0 that is not before its duration.

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
    frame = checked(counts)
    table = (
        frame.assign(
            events=frame["count"].where(frame["event"], 0),
            censored=frame["count"].mask(frame["event"], 0),
        )
        .groupby("duration", as_index=False)[["events", "censored"]]
        .sum()
    )
    if entry is not None:
        late = _entering(counts, entry)
        table = table.merge(late, on="duration", how="outer").fillna(0).astype("int64")
        # who enters at a time is at risk after it: not yet there, and all before
        waiting = table.pop("entering")[::-1].cumsum()[::-1]
    else:
        waiting = 0
    at_risk = (table["events"] + table["censored"])[::-1].cumsum()[::-1] - waiting
    table.insert(1, "at_risk", at_risk)
    return table


def _entering(counts: pd.DataFrame, entry: str) -> pd.DataFrame:
    """Subjects by the time after 0 at which they enter: duration, entering."""
    started = checked(counts.assign(until=counts["duration"], duration=counts[entry]), "until")
    started = started[started["duration"] > 0]
    wrong = started["duration"] >= started["until"]
    if wrong.any():
        raise ValueError(
            f"counts: column '{entry}' must be 0 or below the duration, which it is not in "
            f"{wrong.sum()} row(s), the first at index {wrong.index[wrong][0]}"
        )
    sums = started.groupby("duration", as_index=False)["count"].sum()
    return sums.rename(columns={"count": "entering"})


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
    at_risk, events = at_risk_and_events(table)
    z = stats.norm.isf(upper_tail(confidence))
    with np.errstate(divide="ignore", invalid="ignore"):
        # nobody may be at risk at a time of entry: then nothing happens there
        survival = np.cumprod(np.where(at_risk > 0, (at_risk - events) / at_risk, 1.0))
        terms = np.where(at_risk > 0, events / (at_risk * (at_risk - events)), 0.0)
        relative_se = np.sqrt(np.cumsum(terms))
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
    at_risk, events = at_risk_and_events(table)
    return table.assign(
        cumulative_hazard=np.cumsum(events / np.maximum(at_risk, 1)),
        se=np.sqrt(np.cumsum(events / np.maximum(at_risk, 1) ** 2)),
    )


def reach(table: pd.DataFrame, *, min_at_risk: int = 20) -> int:
    """The last duration at which so many are still at risk; 0 where that never is so."""
    enough = table.loc[table["at_risk"] >= min_at_risk, "duration"]
    return int(enough.to_numpy().max(initial=0))


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


def incidence_at(curve: pd.DataFrame, times: Iterable[float]) -> pd.DataFrame:
    """The share that has had the event by given times: 1 - survival.

    Parameters
    ----------
    curve : from `kaplan_meier`, at its default confidence
    times : as for `survival_at`

    Returns
    -------
    One row per time: time, at_risk, share, low, high. While nobody has had the event the curve
    says nothing of its spread, and the upper limit is Wilson's for none of those still at risk.
    """
    read = survival_at(curve, times)
    _, limit = wilson(0, read["at_risk"])
    high = (1 - read["low"]).mask(read["survival"] == 1, limit)
    shares = {"share": 1 - read["survival"], "low": 1 - read["high"], "high": high}
    return read[["time", "at_risk"]].assign(**shares)


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


def at_risk_and_events(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Number at risk and events as floats, whose products cannot overflow."""
    return table["at_risk"].to_numpy(float), table["events"].to_numpy(float)


def checked(counts: pd.DataFrame, *groups: str) -> pd.DataFrame:
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
