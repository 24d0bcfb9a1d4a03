"""How far two people who coded the same answers agree, code by code."""

from __future__ import annotations

import pandas as pd

from templates_lib.coding.marks import CODER, ID, QUESTION, SURVEY
from templates_lib.stats.agreement import krippendorff_alpha

FIRM, TENTATIVE = 0.8, 0.667
LEAST = 100  # answers that two people have coded, or all that were drawn
SEED = 20_261_031


def agreement(sheets: pd.DataFrame, *, draws: int = 1000) -> pd.DataFrame:
    """Krippendorff's alpha (nominal, given or not) of each code, over answers coded twice.

    Parameters
    ----------
    sheets : of ``read_sheets``
    draws : bootstrap samples of answers for the interval

    Returns
    -------
    One row a question and code: survey, question, code, alpha, low, high (95 %), n (answers that
    two people or more coded), n_used (of these, those to which somebody gave the code), coders,
    status: firm (alpha >= .80), tentative (>= .667), suppressed (under it), provisional (coded
    by one person only, or by two on fewer than 100 answers and not on all that were drawn),
    unvaried (nobody or everybody gave it: alpha is not defined).
    """
    rows = []
    for (survey, question, code), part in sheets.groupby([SURVEY, QUESTION, "code"], sort=True):
        table = part.pivot(index=CODER, columns=ID, values="value")
        twice = table.loc[:, table.notna().sum() >= 2]
        found = krippendorff_alpha(table.to_numpy(dtype=float), draws=draws, seed=SEED)
        n, is_enough = found.n_units, found.n_units >= min(LEAST, int(part["drawn"].iloc[0]))
        status = _status(found.alpha, is_enough=is_enough)
        used = int((twice == 1).any().sum())
        numbers = (found.alpha, found.low, found.high, n, used, len(table))
        rows.append((survey, question, code, *numbers, status))
    names = ["alpha", "low", "high", "n", "n_used", "coders", "status"]
    return pd.DataFrame(rows, columns=[SURVEY, QUESTION, "code", *names])


def _status(alpha: float, *, is_enough: bool) -> str:
    if not is_enough:
        return "provisional"
    if alpha != alpha:
        return "unvaried"
    return "firm" if alpha >= FIRM else "tentative" if alpha >= TENTATIVE else "suppressed"
