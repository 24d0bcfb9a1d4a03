"""Cox's partial likelihood over the risk sets of counts: value, derivatives, maximum, residuals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from templates_lib.stats.risk_sets import RiskSets, TieTerms, cumulated, tie_terms

MAX_ITERATIONS = 60
TOLERANCE = 1e-11


class State(NamedTuple):
    """The partial likelihood at some coefficients.

    Of event times: residuals (the events' covariates less their mean, Schoenfeld's residuals
    summed), information, and what the residuals of subjects are made of: covariates summed over
    all at risk and over those with the event, and the tie terms. Of patterns: weight, exp(x β).
    """

    log_likelihood: float
    residuals: np.ndarray
    information: np.ndarray
    sums: tuple[np.ndarray, np.ndarray]
    terms: TieTerms
    weight: np.ndarray


def largest(state: State, sets: RiskSets, ties: str) -> tuple[np.ndarray, State]:
    """The largest likelihood, from no effect on; a step that does not gain is halved."""
    beta = np.zeros(sets.covariates.shape[1])
    for _ in range(MAX_ITERATIONS):
        gradient = state.residuals.sum(axis=0)
        move = np.linalg.lstsq(state.information.sum(axis=0), gradient, rcond=None)[0]
        if gradient @ move < TOLERANCE:
            break
        least = state.log_likelihood - 1e-12 * abs(state.log_likelihood)
        trial = state_at(beta + move, sets, ties)
        while not trial.log_likelihood >= least and np.abs(move).max() > TOLERANCE:
            move = move / 2
            trial = state_at(beta + move, sets, ties)
        beta, state = beta + move, trial
    return beta, state


def state_at(beta: np.ndarray, sets: RiskSets, ties: str) -> State:
    """Log-likelihood, residuals and information at each event time."""
    x = sets.covariates
    k = x.shape[1]
    linear = x @ beta
    linear = linear - linear.max()
    weight = np.exp(linear)
    squares = (x[:, :, None] * x[:, None, :]).reshape(len(x), k * k)
    risk, dying = sets.sums(weight[:, None] * np.column_stack([np.ones(len(x)), x, squares]))
    s0, s1, s2 = risk[:, 0], risk[:, 1 : k + 1], risk[:, k + 1 :].reshape(-1, k, k)
    d0, d1, d2 = dying[:, 0], dying[:, 1 : k + 1], dying[:, k + 1 :].reshape(-1, k, k)
    with np.errstate(all="ignore"):
        terms = tie_terms(s0, d0, sets.events, ties)
        residuals = sets.dying @ x - (s1 * terms.u[:, None] - d1 * terms.qu[:, None])
        mixed = s1[:, :, None] * d1[:, None, :]
        information = (
            s2 * terms.u[:, None, None]
            - d2 * terms.qu[:, None, None]
            - s1[:, :, None] * s1[:, None, :] * terms.uu[:, None, None]
            + (mixed + mixed.transpose(0, 2, 1)) * terms.quu[:, None, None]
            - d1[:, :, None] * d1[:, None, :] * terms.qquu[:, None, None]
        )
        value = float((sets.dying @ linear).sum() - terms.log_weight.sum())
    return State(value, residuals, information, (s1, d1), terms, weight)


def score_residuals(state: State, sets: RiskSets) -> np.ndarray:
    """What one subject of each cell adds to the score: its event's covariates less their mean,
    less what was expected of it at every event time that it was at risk for."""
    s1, d1 = state.sums
    terms, x = state.terms, sets.covariates[sets.pattern]
    mean_hazard = s1 * terms.uu[:, None] - d1 * terms.quu[:, None]
    empty = np.zeros((1, x.shape[1]))
    # a last row of zeros is what the position -1 reads: no event time so far
    hazard = np.append(cumulated(terms.u, sets.starts), 0.0)
    hazard_mean = np.concatenate([cumulated(mean_hazard, sets.starts), empty])
    expected = x * (hazard[sets.last] - hazard[sets.before])[:, None]
    expected = expected - (hazard_mean[sets.last] - hazard_mean[sets.before])
    at = sets.last[sets.is_event]
    own = x[sets.is_event]
    spared = own * terms.qu[at, None] - (s1 * terms.quu[:, None] - d1 * terms.qquu[:, None])[at]
    mean = (s1 * terms.u[:, None] - d1 * terms.qu[:, None]) / sets.events[:, None]
    weight = state.weight[sets.pattern][:, None]
    residuals = -weight * expected
    residuals[sets.is_event] += own - mean[at] + weight[sets.is_event] * spared
    return residuals
