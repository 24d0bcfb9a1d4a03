"""Several ways for a time to end: the share that each has ended by (Aalen-Johansen), on counts.

One minus Kaplan-Meier of one cause, with the other ends taken as censored, answers what would
happen if there were no other end; the cumulative incidence here is of what does happen. Made on
counts per (duration, cause), as `survival`: exact under ties, whatever the number of subjects.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats.intervals import upper_tail, wilson
from templates_lib.stats.survival import checked

STILL = ""


def aalen_johansen(counts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Cumulative incidence of each cause just after each duration.

    With d_k events of cause k among n at risk, S the share without any event yet:
    F_k(t) = sum over t_j <= t of S(t_j-1) * d_kj / n_j, S(t) = product of 1 - d_j / n_j. The
    causes and those without an event add up to 1.

    Parameters
    ----------
    counts : one row per cell, in any order, cells may repeat
        duration (whole number >= 0), cause (text; empty or missing: observation ended at
        `duration` without an event), count (subjects, whole number >= 0)
    confidence : between 0 and 1

    Returns
    -------
    One row per cause, in sorted order, and distinct duration, ascending: cause, duration,
    at_risk (subjects whose duration is >= this one), events (of this cause), incidence, se,
    low, high. The standard error is the delta method's with multinomial events at each duration,
    which is the infinitesimal jackknife; the interval is log-log, pointwise. While the incidence
    is 0, low and high are 0: nothing is known yet about its spread.

    Raises
    ------
    ValueError
        As `survival.life_table`.

    References
    ----------
    Aalen & Johansen (1978), Scandinavian Journal of Statistics 5:141; Therneau & Grambsch,
    Modeling Survival Data, and R's `survfit` with a factor status, `conf.type = "log-log"`.

    Examples
    --------
    >>> counts = pd.DataFrame(
    ...     {"duration": [1, 2, 3, 3], "cause": ["won", "lost", "won", ""], "count": [2, 1, 1, 1]}
    ... )
    >>> aalen_johansen(counts).query("cause == 'won'")[["duration", "at_risk", "incidence"]]
       duration  at_risk  incidence
    3         1        5        0.4
    4         2        3        0.4
    5         3        2        0.6
    """
    z = stats.norm.isf(upper_tail(confidence))
    named = counts.assign(cause=counts["cause"].fillna(STILL)) if "cause" in counts else counts
    named = named.assign(event=named["cause"] != STILL) if "cause" in named else named
    frame = checked(named, "cause")
    cells = frame.pivot_table(
        index="duration", columns="cause", values="count", aggfunc="sum", fill_value=0
    )
    at_risk = cells.sum(axis=1).to_numpy()[::-1].cumsum()[::-1]
    causes = [name for name in cells.columns if name != STILL]
    hazards = cells[causes].to_numpy(float) / at_risk[:, None]
    stays = 1 - hazards.sum(axis=1)
    before = np.append(1.0, np.cumprod(stays))[:-1]
    incidence = np.cumsum(before[:, None] * hazards, axis=0)
    parts = []
    for place, cause in enumerate(causes):
        se = _standard_errors(incidence[:, place], hazards, place, before, at_risk)
        low, high = _log_log(incidence[:, place], se, z)
        part = {
            "cause": cause, "duration": cells.index, "at_risk": at_risk,
            "events": cells[cause].to_numpy(), "incidence": incidence[:, place], "se": se,
            "low": low, "high": high,
        }  # fmt: skip
        parts.append(pd.DataFrame(part))
    columns = ["cause", "duration", "at_risk", "events", "incidence", "se", "low", "high"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def cumulative_incidence_at(curve: pd.DataFrame, times: Iterable[float]) -> pd.DataFrame:
    """Read the curves of `aalen_johansen` at given times.

    Parameters
    ----------
    curve : from `aalen_johansen`, at its default confidence
    times : numbers >= 0

    Returns
    -------
    One row per cause and time: cause, time, at_risk (subjects whose duration is >= time), share,
    low, high. While nobody has had an event of the cause, the upper limit is Wilson's for none
    of those still at risk. A time beyond the last observed duration was not observed: nan.
    """
    times = np.asarray(list(times))
    parts = []
    for cause, own in curve.groupby("cause", sort=False):
        durations = own["duration"].to_numpy()
        steps = np.searchsorted(durations, times, side="right")
        is_observed = times <= durations.max(initial=-1)
        read = {
            name: np.where(is_observed, np.append(0.0, own[name])[steps], np.nan)
            for name in ("incidence", "low", "high")
        }
        at_risk = np.append(own["at_risk"], 0)[np.searchsorted(durations, times)]
        limit = wilson(0, at_risk)[1]
        high = np.where(read["incidence"] == 0, limit, read["high"])
        parts.append(
            pd.DataFrame(
                {"cause": cause, "time": times, "at_risk": at_risk, "share": read["incidence"],
                 "low": read["low"], "high": high}
            )
        )  # fmt: skip
    columns = ["cause", "time", "at_risk", "share", "low", "high"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _standard_errors(
    incidence: np.ndarray, hazards: np.ndarray, place: int, before: np.ndarray, at_risk: np.ndarray
) -> np.ndarray:
    """Of one cause at each duration, in time linear in the durations.

    The derivative of F(t) by a hazard at t_j is S(t_j-1) for the own cause, less
    (F(t) - F(t_j)) / (1 - all hazards at t_j) for any. Its square is a polynomial in F(t).
    """
    own, anyone = hazards[:, place], hazards.sum(axis=1)
    stays = 1 - anyone
    with np.errstate(divide="ignore", invalid="ignore"):
        # after a duration at which all had an event F does not move any more
        pull = np.where(stays > 0, 1 / stays, 0.0)
    spread_all = pull**2 * anyone * (1 - anyone) / at_risk
    spread_both = before * pull * own * (1 - anyone) / at_risk
    spread_own = before**2 * own * (1 - own) / at_risk
    sums = np.cumsum(
        [
            spread_all, spread_all * incidence, spread_all * incidence**2,
            spread_both, spread_both * incidence, spread_own,
        ],
        axis=1,
    )  # fmt: skip
    squared = incidence**2 * sums[0] - 2 * incidence * sums[1] + sums[2]
    mixed = incidence * sums[3] - sums[4]
    return np.sqrt(np.maximum(squared - 2 * mixed + sums[5], 0.0))


def _log_log(share: np.ndarray, se: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Limits on the scale log(-log(share)); both 0 where the share is 0, nan where it is 1."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = np.exp(z * se / (share * -np.log(share)))
        low = np.where(share == 0, 0.0, share**spread)
        high = np.where(share == 0, 0.0, share ** (1 / spread))
    return low, high
