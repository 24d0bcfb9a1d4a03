"""Pareto/NBD: how often a customer buys while active, and when a customer stops, at any time.

Purchases of an active customer are a Poisson process whose rate differs between customers by a
gamma distribution (r, alpha); a customer stops after an exponential time, whose rate differs by
another gamma distribution (s, beta). Customers may stop at any moment and not only after a
purchase, which is all that sets it apart from BG/NBD: where the two disagree, neither is known.

With one history (x, t_x, T) as in ``bg_nbd`` the likelihood is Γ(r + x) / Γ(r) · alpha^r · beta^s
times the sum of two positive parts,

    still = (alpha + T)^−(r + x) · (beta + T)^−s
    gone  = s · ∫ (alpha + u)^−(r + x) · (beta + u)^−(s + 1) du   over u from t_x to T

The published form writes ``gone`` as a difference of two Gaussian hypergeometric functions, which
overflow for customers of many purchases and cancel. The integral itself does neither: it is taken
by Gauss–Legendre in a variable in which the integrand changes on the scale of 1, in logarithms,
and gives the derivatives too.

References: Schmittlein, Morrison & Colombo (1987), Management Science 33:1; Fader & Hardie (2005),
A Note on Deriving the Pareto/NBD Model and Related Expressions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from templates_lib.stats.bg_nbd import Histories
from templates_lib.stats.likelihood import FittedModel, maximise

LIMITS = {"r": 12.0, "alpha": 12.0, "s": 12.0, "beta": 12.0}
STARTS = ((0.5, 0.3, 0.6, 0.4), (1.0, 1.0, 1.0, 1.0))
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(40)
ROWS = 2**15  # histories that are integrated at a time
NEAREST = 1e-6  # s to 1, where the expectation is a logarithm


@dataclass(frozen=True, eq=False)
class ParetoNbd(FittedModel):
    """A fitted model: r, alpha, s and beta (alpha and beta in the unit of time)."""


def fit(seen: Histories) -> ParetoNbd:
    """Maximum likelihood, from several starts.

    Raises
    ------
    ValueError
        Without a single repeat purchase, from which nothing can be told.
    """
    if not seen.x.any():
        raise ValueError("no customer has a repeat purchase")
    typical = np.average(seen.observed, weights=seen.weight)
    scale = np.array([1.0, typical, 1.0, typical])
    starts = [np.log(np.array(start) * scale) for start in STARTS]
    return ParetoNbd(
        maximise(lambda logs: _log_likelihood(logs, seen), starts, seen.weight, LIMITS)
    )


def _log_likelihood(logs: np.ndarray, seen: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihood of each history, and its derivatives by the logarithms of the parameters."""
    r, alpha, s, beta = np.exp(logs)
    x, observed = seen.x, seen.observed
    gone, slopes_gone = _gone(logs, seen)
    still = _still(logs, seen)
    either = np.logaddexp(still, gone)
    is_gone = np.exp(gone - either)
    slopes_still = np.stack([
        -np.log(alpha + observed), -(r + x) / (alpha + observed),
        -np.log(beta + observed), -s / (beta + observed),
    ])  # fmt: skip
    values = (
        special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha) + s * np.log(beta) + either
    )
    psi = special.digamma
    before = np.stack(np.broadcast_arrays(
        psi(r + x) - psi(r) + np.log(alpha), r / alpha, np.log(beta), s / beta
    ))  # fmt: skip
    slopes = before + (1 - is_gone) * slopes_still + is_gone * slopes_gone
    return values, slopes * np.exp(logs)[:, None]


def _still(logs: np.ndarray, seen: Histories) -> np.ndarray:
    r, alpha, s, beta = np.exp(logs)
    return -(r + seen.x) * np.log(alpha + seen.observed) - s * np.log(beta + seen.observed)


def _gone(logs: np.ndarray, seen: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of ``gone`` of each history, and its derivatives by the parameters.

    Near t_x the integrand falls by e within 1 / steep; u = t_x + (e^y − 1) / steep.
    """
    r, alpha, s, beta = np.exp(logs)
    values, slopes = np.empty(len(seen.x)), np.empty((4, len(seen.x)))
    for start in range(0, len(seen.x), ROWS):
        rows = slice(start, start + ROWS)
        power, last = (r + seen.x[rows])[:, None], seen.last[rows][:, None]
        steep = power / (alpha + last) + (s + 1) / (beta + last)
        longest = np.log1p(steep * (seen.observed[rows][:, None] - last))
        y = longest * (NODES + 1) / 2
        u = last + np.expm1(y) / steep
        log_alpha, log_beta = np.log(alpha + u), np.log(beta + u)
        with np.errstate(divide="ignore"):  # seen until the last purchase: nothing can be gone
            width = np.log(longest / 2)
        parts = y - power * log_alpha - (s + 1) * log_beta - np.log(steep) + width
        top = parts.max(axis=1, keepdims=True, initial=-1e300)
        shares = np.exp(parts - top) * NODE_WEIGHTS
        total = shares.sum(axis=1)
        with np.errstate(divide="ignore"):
            values[rows] = np.log(s) + top[:, 0] + np.log(total)
        shares /= np.where(total > 0, total, 1.0)[:, None]
        slopes[:, rows] = (
            -(shares * log_alpha).sum(axis=1),
            -power[:, 0] * (shares / (alpha + u)).sum(axis=1),
            1 / s - (shares * log_beta).sum(axis=1),
            -(s + 1) * (shares / (beta + u)).sum(axis=1),
        )
    return values, slopes


def alive(model: ParetoNbd, seen: Histories) -> np.ndarray:
    """The probability that a customer has not stopped."""
    gone, _ = _gone(model.vector, seen)
    return special.expit(_still(model.vector, seen) - gone)


def expected(model: ParetoNbd, seen: Histories, horizon: float | np.ndarray) -> np.ndarray:
    """Purchases expected within `horizon` from the end of each history.

    Parameters
    ----------
    horizon : a time, or times as the columns of the result

    Returns
    -------
    Array (histories,), or (histories, times).
    """
    r, alpha, s, beta = model.fit.parameters
    rate = alive(model, seen) * (r + seen.x) / (alpha + seen.observed)
    times = np.asarray(horizon, float)
    spans = (beta + seen.observed)[:, None]
    below = s - 1 if abs(s - 1) > NEAREST else NEAREST
    active = -spans / below * np.expm1(-below * np.log1p(times.reshape(1, -1) / spans))
    return (rate[:, None] * active).reshape(seen.x.shape + times.shape)


def new_customer(model: ParetoNbd, horizon: float) -> float:
    """Purchases after the first one that a new customer is expected to make within `horizon`."""
    nothing = np.zeros(1)
    return float(expected(model, Histories(nothing, nothing, nothing, np.ones(1)), horizon)[0])
