"""Whether the ratios of a Cox model stay the same as time passes (Schoenfeld residuals)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from templates_lib.stats.cox import Model
from templates_lib.stats.risk_sets import RiskSets

GLOBAL = "global"


def check(
    model: Model,
    *,
    transform: Literal["km", "identity", "log"] = "km",
    terms: Mapping[str, Sequence[str]] | None = None,
) -> pd.DataFrame:
    """Score test that a coefficient does not change with time: β + θ g(t), θ = 0.

    With r the Schoenfeld residuals and V the information at each event time, the score of θ is
    the sum of g r, and the information of (β, θ) has the blocks of the sums of V, g V and g² V.

    Parameters
    ----------
    model : from `cox.fit`; the test uses its information and not the robust errors, as R does
    transform : g(t): the share that has had the event before t by Kaplan-Meier over all strata,
        the time itself, or its logarithm
    terms : name -> covariates tested together, such as the indicators of one attribute; every
        covariate on its own if None

    Returns
    -------
    One row per term and a last one, ``global``, over all covariates: term, chi2, df, p_value.

    Raises
    ------
    ValueError
        If terms names an unknown covariate.

    References
    ----------
    Grambsch & Therneau (1994), Biometrika 81:515. R: `survival::cox.zph`, from survival 3 on.
    """
    names = model.coefficients["covariate"].tolist()
    terms = {name: [name] for name in names} if terms is None else terms
    if unknown := sorted({one for some in terms.values() for one in some} - set(names)):
        raise ValueError(f"terms names {', '.join(unknown)}, which is no covariate of the model")
    residuals, information = model.state.residuals, model.state.information
    g = _times(model.sets, transform)
    g = g - np.average(g, weights=model.sets.events)
    score = g @ residuals
    blocks = [np.tensordot(g**power, information, axes=1) for power in range(3)]
    whole = np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]])
    k = len(names)
    rows = []
    for term, columns in {**terms, GLOBAL: names}.items():
        own = [k + names.index(name) for name in columns]
        used = [*range(k), *own]
        scores = np.concatenate([np.zeros(k), score[[place - k for place in own]]])
        turned = np.linalg.lstsq(whole[np.ix_(used, used)], scores, rcond=None)[0]
        chi2 = float(scores @ turned)
        rows.append((term, chi2, len(own), stats.chi2.sf(chi2, len(own))))
    return pd.DataFrame(rows, columns=["term", "chi2", "df", "p_value"])


def _times(sets: RiskSets, transform: str) -> np.ndarray:
    """g at each event time."""
    if transform == "identity":
        return sets.time.astype(float)
    if transform == "log":
        return np.log(sets.time)
    if transform != "km":
        raise ValueError(f"transform is {transform!r}; expected km, identity or log")
    times, place = np.unique(sets.time, return_inverse=True)
    events = np.bincount(place, sets.events)
    # at risk at t: who leaves at t or later, less who enters at t or later
    leaving, entering = (
        np.bincount(np.searchsorted(times, ends, side="right"), sets.count, len(times) + 1)
        for ends in (sets.duration, sets.entry)
    )
    at_risk = np.cumsum((leaving - entering)[::-1])[::-1][1:]
    survival = np.append(1.0, np.cumprod(1 - events / at_risk))
    return 1 - survival[place]
