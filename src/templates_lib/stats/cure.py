"""The share that will never have the event: mixture cure models, and when they may be believed.

A share c never has the event, the others have it at a time with survival S0:
S(t) = c + (1 - c) S0(t), with S0 Weibull or log-normal. Made on counts per (duration, event). What
lies beyond the observation comes from the family chosen, so that `never_return` gives a range over
both, and only where observation lasted long enough for the choice not to matter.

References: Boag (1949), Journal of the Royal Statistical Society B 11:15; Maller & Zhou (1996),
Survival Analysis with Long-Term Survivors, chapters 4 and 5.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from templates_lib.stats import survival
from templates_lib.stats.intervals import upper_tail, wilson
from templates_lib.stats.likelihood import Fit, LogLikelihood, maximise
from templates_lib.stats.survival import checked

Reason = Literal["short", "families"]
MAX_ALPHA = 0.05
MIN_AT_RISK = 20
# Burnham & Anderson (2002), section 2.6: more than 10 behind in AIC, that is 5 in log-likelihood
# with as many parameters, a model has essentially no support.
NO_SUPPORT = 5.0
ODDS = 12.0  # how far from 0 the log-odds of never are looked for: beyond, the share is 0 or 1
LIMITS = {
    "weibull": {"odds": ODDS, "scale": 15.0, "shape": 3.0},
    "log_normal": {"odds": ODDS, "median": 15.0, "sigma": 3.0},
}
FAMILIES = tuple(LIMITS)
SAME_TIME = 0.5  # an event on day 0 came within it: its time is half a unit
START_ODDS = (-2.0, 0.0, 1.5)


class Cured(NamedTuple):
    """A fitted model: the share that never has the event, with the limits of its profile
    likelihood; `fit.parameters` are odds = c / (1 - c), then scale and shape of the Weibull, or
    median and sigma (of the logarithm) of the log-normal; n = subjects."""

    family: str
    share: float
    low: float
    high: float
    log_likelihood: float
    n: int
    fit: Fit


class FollowUp(NamedTuple):
    """How long observation went on after the last event: `last_event` and `last_seen` are times,
    `late_events` the events in (2 last_event - last_seen, last_event], alpha as in `follow_up`."""

    alpha: float
    late_events: int
    last_event: int
    last_seen: int
    n: int


class NeverReturn(NamedTuple):
    """The range, or the reason why there is none (`low`, `high` are nan); `plateau` is the level
    of Kaplan-Meier at its end, with its interval."""

    low: float
    high: float
    reason: Reason | None
    follow_up: FollowUp
    plateau: tuple[float, float, float]
    fits: tuple[Cured, ...]


def follow_up(counts: pd.DataFrame) -> FollowUp:
    """Whether observation went on long enough to tell late events from none at all.

    With N events in (2t* - t, t*], where t* is the time of the last event and t the longest time
    observed, alpha = (1 - N / n)^n. Follow-up counts as sufficient below 0.05: events had stopped
    for longer than their last ones were apart. Without events, or with one at the very end, it
    is 1.

    Parameters
    ----------
    counts : as for `survival.life_table`

    References
    ----------
    Maller & Zhou (1994), JASA 89:1499; (1996), section 4.3.
    """
    frame = checked(counts)
    n = int(frame["count"].sum())
    events = frame[frame["event"]]
    if events.empty:
        return FollowUp(1.0, 0, 0, int(frame["duration"].max()) if n else 0, n)
    last, seen = int(events["duration"].max()), int(frame["duration"].max())
    is_late = events["duration"] > 2 * last - seen
    late = int(events.loc[is_late, "count"].sum()) if seen > last else 0
    return FollowUp(float((1 - late / n) ** n), late, last, seen, n)


def fit(counts: pd.DataFrame, *, family: str, confidence: float = 0.95) -> Cured:
    """Maximum likelihood of a mixture cure model, from several starts.

    Parameters
    ----------
    counts : as for `survival.life_table`; an event at 0 counts as half a unit late
    family : `weibull` or `log_normal`
    confidence : of the interval of the share, by the profile likelihood

    Raises
    ------
    ValueError
        Unknown family, or without two different times of events.
    """
    if family not in LIMITS:
        raise ValueError(f"family is {family!r}; expected one of {', '.join(FAMILIES)}")
    frame = checked(counts)
    n = int(frame["count"].sum())
    frame = frame[frame["event"] | (frame["duration"] > 0)]
    is_event, weight = frame["event"].to_numpy(), frame["count"].to_numpy(float)
    times = np.log(np.maximum(frame["duration"].to_numpy(float), SAME_TIME))
    if len(np.unique(times[is_event])) < 2:
        raise ValueError("a cure model needs events at two times at least")
    log_likelihood = _log_likelihood(times, is_event, LATENCY[family])
    middle = np.average(times[is_event], weights=weight[is_event])
    starts = [np.array([odds, middle, 0.0]) for odds in START_ODDS]
    best = maximise(log_likelihood, starts, weight, LIMITS[family])
    low, high = _profile(log_likelihood, best, weight, LIMITS[family], confidence)
    share = float(special.expit(best.log_parameters[0]))
    return Cured(family, share, low, high, best.log_likelihood, n, best)


def never_return(counts: pd.DataFrame) -> NeverReturn:
    """The share that never has the event, as a range over both families, or a refusal.

    Refused as `short` unless `follow_up` gives alpha < 0.05. Refused as `families` where the
    interval of a family does not overlap that of Kaplan-Meier at its end (the last duration with
    20 at risk), or where the two families' do not overlap each other although one of them is 5
    ahead in log-likelihood: then what is told is the choice of the family. The range goes from
    the lowest to the highest limit of the three.

    Parameters
    ----------
    counts : as for `survival.life_table`

    Raises
    ------
    ValueError
        As `fit`, and where never so many are at risk.
    """
    seen = follow_up(counts)
    fits = tuple(fit(counts, family=family) for family in FAMILIES)
    curve = survival.kaplan_meier(survival.life_table(counts))
    end = curve[curve["at_risk"] >= MIN_AT_RISK]
    if end.empty:
        raise ValueError(f"fewer than {MIN_AT_RISK} subjects are at risk")
    level, low, high = (float(end[name].iloc[-1]) for name in ("survival", "low", "high"))
    if level == 0:  # log-log limits are not defined there
        low, high = 0.0, float(wilson(0, end["at_risk"].iloc[-1])[1])
    plateau = (level, low, high)
    spans = [(one.low, one.high) for one in fits]
    ahead = np.ptp([one.log_likelihood for one in fits])
    is_choice = any(_are_apart(span, plateau[1:]) for span in spans)
    is_choice |= ahead > NO_SUPPORT and _are_apart(*spans)
    reason: Reason | None = None
    if seen.alpha >= MAX_ALPHA:
        reason = "short"
    elif is_choice:
        reason = "families"
    if reason:
        return NeverReturn(np.nan, np.nan, reason, seen, plateau, fits)
    lowest = min(plateau[1], *(low for low, _ in spans))
    highest = max(plateau[2], *(high for _, high in spans))
    return NeverReturn(lowest, highest, None, seen, plateau, fits)


def _are_apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] < other[0] or other[1] < one[0]


Latency = Callable[[np.ndarray, float, float], tuple[np.ndarray, ...]]


def _weibull(times: np.ndarray, place: float, logged: float) -> tuple[np.ndarray, ...]:
    """Of the logarithm of the time, by log(scale) and log(shape): the log density of the time and
    its derivatives, the survival and its."""
    shape = np.exp(logged)
    log_z = shape * (times - place)
    z = np.exp(np.minimum(log_z, 700.0))
    left = np.exp(-z)
    density = logged + log_z - times - z
    density_slopes = np.stack([shape * (z - 1), 1 + log_z - z * log_z])
    return density, density_slopes, left, np.stack([shape * z * left, -z * log_z * left])


def _log_normal(times: np.ndarray, place: float, logged: float) -> tuple[np.ndarray, ...]:
    """As `_weibull`, by log(median) and log(sigma)."""
    sigma = np.exp(logged)
    z = (times - place) / sigma
    bell = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    density = -times - logged - z**2 / 2 - np.log(2 * np.pi) / 2
    slopes = np.stack([z / sigma, z**2 - 1])
    return density, slopes, stats.norm.sf(z), np.stack([bell / sigma, bell * z])


LATENCY: dict[str, Latency] = {"weibull": _weibull, "log_normal": _log_normal}


def _log_likelihood(times: np.ndarray, is_event: np.ndarray, latency: Latency) -> LogLikelihood:
    """Of each row, and its derivatives by the logarithms of odds and of the two of the family."""

    def of(logs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        never, ever = special.expit(logs[0]), special.expit(-logs[0])
        density, density_slopes, left, left_slopes = latency(times, logs[1], logs[2])
        still = never + ever * left
        values = np.where(is_event, special.log_expit(-logs[0]) + density, np.log(still))
        by_odds = np.where(is_event, -never, never * ever * (1 - left) / still)
        others = np.where(is_event, density_slopes, ever * left_slopes / still)
        return values, np.vstack([by_odds, others])

    return of


def _profile(
    log_likelihood: LogLikelihood, best: Fit, weight: np.ndarray, limits: dict[str, float],
    confidence: float,
) -> tuple[float, float]:  # fmt: skip
    """Limits of the share: where the likelihood, the best over the other parameters, has fallen
    by half the quantile of chi-square; 0 or 1 where it does not fall so far."""
    fall = stats.chi2.isf(2 * upper_tail(confidence), 1) / 2
    n, bounds = weight.sum(), [(-limit, limit) for limit in list(limits.values())[1:]]

    def fallen(odds: float) -> float:
        def loss(others: np.ndarray) -> tuple[float, np.ndarray]:
            values, slopes = log_likelihood(np.append(odds, others))
            return -(values @ weight) / n, -(slopes[1:] @ weight) / n

        found = optimize.minimize(
            loss, best.log_parameters[1:], jac=True, method="L-BFGS-B", bounds=bounds
        )
        return best.log_likelihood + found.fun * n - fall

    middle, found = best.log_parameters[0], []
    for sign, share in ((-1, 0.0), (1, 1.0)):
        inner, step = middle, 0.25
        while sign * inner < ODDS:
            outer = float(np.clip(inner + sign * step, -ODDS, ODDS))
            if fallen(outer) > 0:
                root = optimize.brentq(fallen, *sorted((inner, outer)), xtol=1e-4)
                share = float(special.expit(root))
                break
            inner, step = outer, 2 * step
        found.append(share)
    return found[0], found[1]
