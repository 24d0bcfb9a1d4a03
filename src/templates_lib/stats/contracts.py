"""How long customers under a contract stay, from how many are left after each period.

A customer renews with a chance of his own that never changes; the chances differ between customers
by a beta distribution. Retention then rises with the age of a cohort although nobody becomes more
loyal: those who were likely to leave have left. That is the shifted-beta-geometric model (sBG).
Where a customer's own chance changes with the time he has been there, time t counts as t^c: the
beta-discrete-Weibull model (BdW), in which c > 1 says that customers tire, c < 1 that they settle.
Of a customer who joined t periods ago,

    S(t) = B(leave, stay + t^c) / B(leave, stay)

is the probability of still being there; sBG is c = 1. ``leave`` and ``stay`` are α and β of the
first paper, γ and δ of the second.

References: Fader & Hardie (2007), How to Project Customer Retention, Journal of Interactive
Marketing 21:76; Fader, Hardie, Liu, Davin & Steenburgh (2018), "How to Project Customer Retention"
Revisited, Journal of Interactive Marketing 43:1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from templates_lib.stats.likelihood import FittedModel, maximise

MIN_PERIODS = 4
LIMITS = {"leave": 12.0, "stay": 12.0}
SHAPE_LIMITS = {"c": 3.0}
STARTS = ((1.0, 1.0), (0.3, 3.0))


class Ends(NamedTuple):
    """Customers who left in each of the periods 1, 2, …, and who were last seen after so many."""

    left: np.ndarray
    still: np.ndarray


def ends(cohorts: Sequence[ArrayLike]) -> Ends:
    """Of cohorts that may have been followed for different times.

    Parameters
    ----------
    cohorts : of each the customers who joined, and how many of them were left after each period

    Raises
    ------
    ValueError
        Unless the numbers of each cohort never rise and none is below 0.
    """
    counts = [np.asarray(one, float) for one in cohorts]
    longest = max((len(one) for one in counts), default=1) - 1
    left, still = np.zeros(longest), np.zeros(longest)
    for one in counts:
        lost = -np.diff(one)
        if (lost < 0).any() or (one < 0).any():
            raise ValueError("expected counts of customers that never rise")
        if len(lost):
            left[: len(lost)] += lost
            still[len(lost) - 1] += one[-1]
    return Ends(left, still)


@dataclass(frozen=True, eq=False)
class Contracts(FittedModel):
    """A fitted model: leave, stay and, where time changes a customer's chance, c."""


def fit(seen: Ends, *, changing: bool = False) -> Contracts:
    """Maximum likelihood of sBG, or with `changing` of BdW.

    Raises
    ------
    ValueError
        With fewer than four periods, or where nobody or everybody left.
    """
    periods = len(seen.left)
    if periods < MIN_PERIODS:
        raise ValueError(f"expected {MIN_PERIODS} periods or more, not {periods}")
    if not seen.left.any() or not seen.still.any():
        raise ValueError("expected some customers who left and some who stayed")
    ages = np.arange(1, periods + 1, dtype=float)
    starts = [np.log(start) for start in STARTS]
    if changing:
        starts = [np.append(start, 0.0) for start in starts]
    limits = LIMITS | (SHAPE_LIMITS if changing else {})
    weight = np.concatenate([seen.left, seen.still])
    return Contracts(maximise(lambda logs: _log_likelihood(logs, ages), starts, weight, limits))


def likelier(seen: Ends) -> Contracts:
    """sBG, or BdW where that is worth its further parameter: by Akaike's criterion."""
    plain, changing = fit(seen), fit(seen, changing=True)
    gain = changing.fit.log_likelihood - plain.fit.log_likelihood
    return changing if gain > 1 else plain


def survival(model: Contracts, ages: ArrayLike) -> np.ndarray:
    """The share that is still there after so many periods; 1 after 0."""
    return np.exp(_log_survival(model.vector, np.asarray(ages, float))[0])


def retention(model: Contracts, ages: ArrayLike) -> np.ndarray:
    """Of those still there after `ages` − 1 periods, the share that is after `ages`."""
    ages = np.asarray(ages, float)
    return np.exp(_log_survival(model.vector, ages)[0] - _log_survival(model.vector, ages - 1)[0])


def residual_lifetime(
    model: Contracts, ages: ArrayLike, *, horizon: int, rate: float = 0.0
) -> np.ndarray:
    """Further periods that a customer is expected to stay who has been there for `ages` of them.

    Within `horizon` periods: without an end it may be infinite (sBG: where leave is at most 1).

    Parameters
    ----------
    rate : by period, at which periods to come are discounted
    """
    ages = np.asarray(ages, float)
    ahead = np.arange(1, horizon + 1)
    later = _log_survival(model.vector, ages[..., None] + ahead)[0]
    now = _log_survival(model.vector, ages)[0]
    return np.exp(later - now[..., None]) @ (1 + rate) ** -ahead.astype(float)


def _log_survival(logs: np.ndarray, ages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log S(t), and its derivatives by the logarithms of leave, stay and c."""
    leave, stay, c = np.exp([*logs, 0.0][:3])
    time = ages**c
    values = special.betaln(leave, stay + time) - special.betaln(leave, stay)
    psi = special.digamma
    own, whole = psi(stay + time), psi(leave + stay + time)
    grows = time * np.log(np.maximum(ages, 1.0))  # 0 at 0
    slopes = np.stack([
        psi(leave + stay) - whole,
        own - whole - psi(stay) + psi(leave + stay),
        grows * (own - whole),
    ])  # fmt: skip
    return values, slopes * np.array([leave, stay, c]).reshape(3, *[1] * ages.ndim)


def _log_likelihood(logs: np.ndarray, ages: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of leaving in each period and of being there after it, with their derivatives."""
    after, slopes_after = _log_survival(logs, ages)
    before, slopes_before = _log_survival(logs, ages - 1)
    kept = np.exp(after - before)
    leaves = before + np.log(-np.expm1(after - before))
    slopes = (slopes_before - kept * slopes_after) / (1 - kept)
    return np.concatenate([leaves, after]), np.hstack([slopes, slopes_after])[: len(logs)]
