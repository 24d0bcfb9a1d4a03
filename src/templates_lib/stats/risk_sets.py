"""Risk sets on counts: who could have had each event, and Efron's terms for events that tie.

Subjects who are alike in everything are one cell, and cells of equal covariates one pattern. The
sums over the risk sets are sums over patterns, and the tie terms of d events at once have a
closed form, so that the time taken does not grow with the number of subjects.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse, special

# From here on the asymptotic series below are exact to the last digit of a float.
FAR = 20.0


class RiskSets(NamedTuple):
    """Cells, patterns and the distinct event times of each stratum.

    Of cells: pattern and stratum (positions), duration, entry, is_event, count, last (position
    of the last event time that the cell is at risk for, -1 without one), before (position of the
    last one at or before its entry, -1 without one). Of patterns: covariates, one row each. Of
    event times, by stratum and ascending: time, starts (where each stratum begins, and the end),
    events; at_risk and dying are sparse matrices of subjects by event time and pattern, the first
    of those who leave at the time less those who enter before the next.
    """

    pattern: np.ndarray
    stratum: np.ndarray
    duration: np.ndarray
    entry: np.ndarray
    is_event: np.ndarray
    count: np.ndarray
    last: np.ndarray
    before: np.ndarray
    covariates: np.ndarray
    time: np.ndarray
    starts: np.ndarray
    events: np.ndarray
    at_risk: sparse.csr_matrix
    dying: sparse.csr_matrix

    def sums(self, of_patterns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Sums over all at risk, and over those with the event, at each event time.

        ``of_patterns`` holds one row per pattern.
        """
        return cumulated(self.at_risk @ of_patterns, self.starts, backward=True), (
            self.dying @ of_patterns
        )


class TieTerms(NamedTuple):
    """Sums over the d steps of each event time, q = 0, 1/d, … (d-1)/d (0 for Breslow's way).

    With S the weight at risk, D that of the events and u = 1 / (S - q D): log_weight is the sum
    of log(S - q D), and u, qu, uu, quu, qquu are those of u, q u, u², q u², q² u².
    """

    log_weight: np.ndarray
    u: np.ndarray
    qu: np.ndarray
    uu: np.ndarray
    quu: np.ndarray
    qquu: np.ndarray


def risk_sets(frame: pd.DataFrame, covariates: np.ndarray) -> RiskSets:
    """The risk sets of cells with duration, event, count, entry and stratum (a position).

    A subject is at risk at t where entry < t <= duration, as in R.
    """
    patterns, pattern = np.unique(covariates, axis=0, return_inverse=True)
    pattern = pattern.reshape(-1)
    stratum = frame["stratum"].to_numpy()
    duration, entry = frame["duration"].to_numpy(), frame["entry"].to_numpy()
    is_event, count = frame["event"].to_numpy(), frame["count"].to_numpy(float)
    step = duration.max(initial=0) + 1
    place = stratum * step + duration
    keys = np.unique(place[is_event])
    starts = np.searchsorted(keys, np.arange(stratum.max(initial=0) + 2) * step)

    def last_at(times: np.ndarray) -> np.ndarray:
        found = np.searchsorted(keys, stratum * step + times, side="right") - 1
        return np.where(found >= starts[stratum], found, -1)

    last, before = last_at(duration), last_at(entry)
    shape = (len(keys), len(patterns))

    def matrix(values: np.ndarray, position: np.ndarray, used: np.ndarray) -> sparse.csr_matrix:
        places = (position[used], pattern[used])
        return sparse.coo_matrix((values[used], places), shape=shape).tocsr()

    at_risk = matrix(count, last, last >= 0) - matrix(count, before, before >= 0)
    dying = matrix(count, last, is_event)
    events = np.asarray(dying.sum(axis=1)).reshape(-1)
    return RiskSets(
        pattern, stratum, duration, entry, is_event, count, last, before, patterns,
        keys % step, starts, events, at_risk.tocsr(), dying,
    )  # fmt: skip


def cumulated(values: np.ndarray, starts: np.ndarray, *, backward: bool = False) -> np.ndarray:
    """Running sums within each stratum, from the first event time on or from the last one back."""
    total = np.empty_like(values)
    turn = -1 if backward else 1
    for begin, end in zip(starts[:-1], starts[1:], strict=True):
        total[begin:end] = values[begin:end][::turn].cumsum(axis=0)[::turn]
    return total


def tie_terms(at_risk: np.ndarray, dying: np.ndarray, events: np.ndarray, ties: str) -> TieTerms:
    """The terms of each event time, for its weights at risk and dying and its number of events.

    Efron's sums over S - (l/d) D, l = 0 … d-1, are those over a - l with a = d S / D, which are
    differences of the log-gamma function and its first two derivatives at a + 1 and a - d + 1.

    References
    ----------
    Efron (1977), JASA 72:557; Abramowitz & Stegun (1964), 6.1.15, 6.3.5, 6.4.6.
    """
    if ties == "breslow":
        none = np.zeros_like(at_risk)
        u = events / at_risk
        return TieTerms(events * np.log(at_risk), u, none, u / at_risk, none, none)
    unit = dying / events
    upper = at_risk / unit + 1
    lower = np.maximum(upper - events, 1.0)
    log_product, first, second = _differences(upper, lower)
    a = upper - 1
    first_by_l = a * first - events
    return TieTerms(
        events * np.log(unit) + log_product,
        first / unit,
        first_by_l / events / unit,
        second / unit**2,
        (a * second - first) / events / unit**2,
        (a**2 * second - 2 * a * first + events) / events**2 / unit**2,
    )


def _differences(upper: np.ndarray, lower: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of log-gamma, of digamma, and of trigamma with its sign turned: upper less lower.

    Far from 0 each function is large beside its difference: there the difference is taken term by
    term in the asymptotic series, where nothing cancels.
    """
    near = lower < FAR
    result = np.empty((3, len(upper)))
    x, y = upper[near], lower[near]
    result[:, near] = (
        special.gammaln(x) - special.gammaln(y),
        special.digamma(x) - special.digamma(y),
        special.polygamma(1, y) - special.polygamma(1, x),
    )
    x, y = upper[~near], lower[~near]
    growth = -np.log1p((y - x) / x)
    inverse = (x - y) / (x * y)

    def power(k: int) -> np.ndarray:
        """y to the power of -k less x to it."""
        return inverse if k == 1 else y**-k - x**-k

    result[0, ~near] = (
        (x - y) * np.log(x) + (y - 0.5) * growth - (x - y)
        - power(1) / 12 + power(3) / 360 - power(5) / 1260 + power(7) / 1680
    )  # fmt: skip
    result[1, ~near] = (
        growth + power(1) / 2 + power(2) / 12 - power(4) / 120 + power(6) / 252 - power(8) / 240
    )
    result[2, ~near] = (
        inverse + inverse * (1 / x + 1 / y) / 2 + power(3) / 6 - power(5) / 30 + power(7) / 42
        - power(9) / 30
    )  # fmt: skip
    return result[0], result[1], result[2]
