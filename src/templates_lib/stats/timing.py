"""When the event comes for those still waiting: the hazard, and where events fall most densely.

Made on a life table, as `survival`: whole numbers of one unit, usually days.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from templates_lib.stats.intervals import wilson
from templates_lib.stats.survival import ROUNDING, at_risk_and_events, checked


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
    window = _shortest(
        table["duration"].to_numpy(), *at_risk_and_events(table), horizon=horizon, share=share
    )
    if window is None:
        raise ValueError(f"no event in (0, {horizon}]: there is no window to find")
    return window


def resampled_windows(
    counts: pd.DataFrame, *, horizon: int, share: float, draws: int, seed: int
) -> np.ndarray:
    """The shortest window of samples drawn anew from the subjects, with replacement.

    Parameters
    ----------
    counts : as for `survival.life_table`
    horizon, share : as for `shortest_window`
    draws : number of samples; each draws cells, so that its time does not grow with the subjects
    seed : of the generator

    Returns
    -------
    Array of two columns, start and end; a sample without an event in the horizon has no row.

    References
    ----------
    Efron (1981), Censored data and the bootstrap, JASA 76:312.
    """
    frame = checked(counts)
    durations, place = np.unique(frame["duration"], return_inverse=True)
    is_event = frame["event"].to_numpy()
    size = frame["count"].to_numpy()
    total = int(size.sum())
    windows = []
    for sample in np.random.default_rng(seed).multinomial(total, size / total, size=draws):
        leaving = np.bincount(place, sample, len(durations))
        events = np.bincount(place, sample * is_event, len(durations))
        at_risk = np.cumsum(leaving[::-1])[::-1]
        seen = at_risk > 0
        window = _shortest(
            durations[seen], at_risk[seen], events[seen], horizon=horizon, share=share
        )
        if window is not None:
            windows.append(window)
    return np.array(windows, dtype=int).reshape(-1, 2)


def _shortest(
    durations: np.ndarray, at_risk: np.ndarray, events: np.ndarray, *, horizon: int, share: float
) -> tuple[int, int] | None:
    """The first of the shortest intervals that hold the share, or None without an event."""
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; expected a number above 0 and at most 1")
    before = np.append(1.0, np.cumprod((at_risk - events) / at_risk))[:-1]
    inside = (durations > 0) & (durations <= horizon) & (events > 0)
    if not inside.any():
        return None
    days = durations[inside]
    reached = np.append(0.0, np.cumsum((before * events / at_risk)[inside]))
    needed = reached[:-1] + share * reached[-1] - ROUNDING
    last = np.searchsorted(reached, needed) - 1
    is_enough = last < len(days)
    starts, ends = days[is_enough], days[last[is_enough]]
    best = np.argmin(ends - starts)
    return int(starts[best]), int(ends[best])
