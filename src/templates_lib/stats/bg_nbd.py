"""BG/NBD: how often a customer buys while active, and when a customer stops, from counts.

Purchases of an active customer are a Poisson process whose rate differs between customers by a
gamma distribution (r, alpha); after a purchase a customer stops for good with a probability that
differs by a beta distribution (a, b). In the modified form (MBG/NBD) that holds for the first
purchase too, so that a customer with one purchase only may have stopped.

A history is (x, t_x, T): repeat purchases, time of the last one and time observed, both since the
first purchase, in any one unit. Equal histories are one row with a weight.

References: Fader, Hardie & Lee (2005), Marketing Science 24:275; Batislam, Denizel & Filiztekin
(2007), International Journal of Research in Marketing 24:201.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from templates_lib.stats.likelihood import FittedModel, maximise

# How far from 0 the logarithms of the parameters are looked for. Beyond it the distribution is so
# narrow that customers are alike, and the hypergeometric function is no longer computed well.
LIMITS = {"r": 12.0, "alpha": 12.0, "a": 5.0, "b": 12.0}
STARTS = ((0.3, 0.3, 0.8, 2.5), (1.0, 1.0, 1.0, 1.0), (0.7, 0.2, 0.3, 5.0))
NEAREST = 1e-5  # to a pole of the expectation, which is smooth there
# How near to a whole number power − below may come: at one, scipy's hyp2f1 gives no number.
NOT_WHOLE = 1e-7


class Histories(NamedTuple):
    """Histories as arrays of one length: x (counts), last, observed (times), weight (customers)."""

    x: np.ndarray
    last: np.ndarray
    observed: np.ndarray
    weight: np.ndarray


def histories(table: pd.DataFrame) -> Histories:
    """Histories from the columns x, last, observed and, where given, customers.

    Raises
    ------
    ValueError
        Unless x >= 0 and 0 <= last <= observed everywhere, with last = 0 where x = 0.
    """
    x, last, observed = (table[name].to_numpy(float) for name in ("x", "last", "observed"))
    if not ((x >= 0) & (last >= 0) & (last <= observed)).all() or last[x == 0].any():
        raise ValueError("expected x >= 0 and 0 <= last <= observed, and last = 0 where x = 0")
    weight = table["customers"].to_numpy(float) if "customers" in table else np.ones(len(table))
    return Histories(x, last, observed, weight)


@dataclass(frozen=True, eq=False)
class BgNbd(FittedModel):
    """A fitted model: r, alpha (in the unit of time), a, b; `modified` for MBG/NBD."""

    modified: bool


def fit(seen: Histories, *, modified: bool = False) -> BgNbd:
    """Maximum likelihood, from several starts.

    Raises
    ------
    ValueError
        Without a single repeat purchase, from which nothing can be told.
    """
    if not seen.x.any():
        raise ValueError("no customer has a repeat purchase")
    typical = np.average(seen.observed, weights=seen.weight)
    scale = np.array([1.0, typical, 1.0, 1.0])
    starts = [np.log(np.array(start) * scale) for start in STARTS]
    return BgNbd(
        maximise(lambda logs: _log_likelihood(logs, seen, modified), starts, seen.weight, LIMITS),
        modified,
    )


def _log_likelihood(
    logs: np.ndarray, seen: Histories, modified: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihood of each history, and its derivatives by the logarithms of the parameters."""
    r, alpha, a, b = np.exp(logs)
    x, last, observed = seen.x, seen.last, seen.observed
    chances = x + modified  # purchases after which the customer might have stopped
    may_stop = chances > 0
    left = b + np.where(may_stop, chances, 1) - 1
    still = -(r + x) * np.log(alpha + observed)
    gone = np.where(may_stop, np.log(a / left) - (r + x) * np.log(alpha + last), -np.inf)
    either = np.logaddexp(still, gone)
    is_gone = np.exp(gone - either)
    values = (
        special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
        + special.betaln(a, b + chances) - special.betaln(a, b) + either
    )  # fmt: skip
    psi = special.digamma
    both = psi(a + b) - psi(a + b + chances)
    per_time = (1 - is_gone) / (alpha + observed) + is_gone / (alpha + last)
    logged = (1 - is_gone) * np.log(alpha + observed) + is_gone * np.log(alpha + last)
    slopes = np.stack([
        psi(r + x) - psi(r) + np.log(alpha) - logged,
        r / alpha - (r + x) * per_time,
        both + is_gone / a,
        both + psi(b + chances) - psi(b) - is_gone / left,
    ])  # fmt: skip
    return values, slopes * np.exp(logs)[:, None]


def slopes(model: BgNbd, seen: Histories) -> np.ndarray:
    """What each history says of the parameters: the derivatives of its log-likelihood by
    `vector`, shape (4, histories)."""
    return _log_likelihood(model.vector, seen, model.modified)[1]


def alive(model: BgNbd, seen: Histories) -> np.ndarray:
    """The probability that a customer has not stopped; 1 without a repeat purchase, unless
    `modified`."""
    r, alpha, a, b = model.fit.parameters
    chances = seen.x + model.modified
    left = b + np.where(chances > 0, chances, 1) - 1
    odds = np.log(a / left) + (r + seen.x) * np.log((alpha + seen.observed) / (alpha + seen.last))
    return np.where(chances > 0, special.expit(-odds), 1.0)


def expected(model: BgNbd, seen: Histories, horizon: float | np.ndarray) -> np.ndarray:
    """Purchases expected within `horizon` from the end of each history.

    Euler's transformation of the published form lets the power cancel that overflows for
    customers of many purchases: for the living it is
    (a + b + x − 1) / (a − 1) × (1 − F(r + x, a − 1; a + b + x − 1; −t / (alpha + T))).
    """
    r, alpha, a, b = model.fit.parameters
    chances = seen.x + model.modified
    below = _away_from_0(a - 1)
    top = _away_from_0(a + b + chances - 1)
    inner = _hypergeometric(r + seen.x, below, top, horizon / (alpha + seen.observed))
    return alive(model, seen) * top / below * (1 - inner)


def _away_from_0(value: np.ndarray | float) -> np.ndarray:
    return np.where(np.abs(value) < NEAREST, NEAREST, value)


def _hypergeometric(
    power: np.ndarray, below: np.ndarray, top: np.ndarray, ratio: np.ndarray
) -> np.ndarray:
    """F(power, below; top; −ratio), by Pfaff's transformation onto (0, 1)."""
    z = ratio / (1 + ratio)
    gap = power - below
    power = np.where(np.abs(gap - np.rint(gap)) < NOT_WHOLE, power + 2 * NOT_WHOLE, power)
    return (1 - z) ** below * special.hyp2f1(below, top - power, top, z)


def new_customer(model: BgNbd, horizon: float) -> float:
    """Purchases after the first one that a new customer is expected to make within `horizon`."""
    nothing = np.zeros(1)
    return float(expected(model, Histories(nothing, nothing, nothing, np.ones(1)), horizon)[0])


def draw_times(
    model: BgNbd, seen: Histories, horizon: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One possible future of each history (weights are not used).

    Returns
    -------
    (row, time) : for each purchase the place of its history, and the time from its end.
    """
    r, alpha, a, b = model.fit.parameters
    rate = rng.gamma(r + seen.x, 1 / (alpha + seen.observed))
    stop = rng.beta(a, b + seen.x + model.modified)
    row = np.flatnonzero(rng.random(len(seen.x)) < alive(model, seen))
    time = np.zeros(len(row))
    rows, times = [], []
    while len(row):
        time = time + rng.exponential(1 / rate[row])
        inside = time < horizon
        row, time = row[inside], time[inside]
        rows.append(row)
        times.append(time)
        stays = rng.random(len(row)) >= stop[row]
        row, time = row[stays], time[stays]
    return np.concatenate([*rows, np.array([], int)]), np.concatenate([*times, np.array([])])
