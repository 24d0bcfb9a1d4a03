"""The bootstrap of customers where equal customers are one row with a weight.

Each customer is in a sample as often as a Poisson variable of mean 1 says, so that a row of n equal
customers is in it Poisson(n) times, and time does not depend on how many customers there are. A
model is not fitted again on each sample: one Newton step from the fit leads to where that fit would
be, but for terms of the order 1/n.

References: Hanley & MacGibbon (2006), Creating non-parametric bootstrap samples using Poisson
frequencies; Shao & Tu (1995), The Jackknife and Bootstrap, section 5.4 (one-step bootstrap).
"""

from __future__ import annotations

import numpy as np

from templates_lib.stats.likelihood import FLAT

AT_ONCE = 2**23  # weights that are drawn at a time


def one_step(
    slopes: np.ndarray, information: np.ndarray, weight: np.ndarray, *, draws: int, seed: int
) -> np.ndarray:
    """How far the estimates of bootstrap samples are from that of the data.

    Parameters
    ----------
    slopes : derivatives of the log-likelihood of each row by the parameters, at the fit, shape
        (parameters, rows)
    information : minus the second derivatives of the whole log-likelihood, at the fit
    weight : customers that each row stands for

    Returns
    -------
    Array (draws, parameters).
    """
    rng = np.random.default_rng(seed)
    if not np.isfinite(information).all():  # all values are equal: nothing to be wrong about
        return np.zeros((draws, len(slopes)))
    step = np.linalg.pinv(information, rcond=FLAT, hermitian=True) @ slopes
    size = max(1, AT_ONCE // len(weight))
    found = [
        (rng.poisson(weight, (min(size, draws - first), len(weight))) - weight) @ step.T
        for first in range(0, draws, size)
    ]
    return np.concatenate(found)
