"""How many will never come back: a range, or why it cannot be told."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from templates_lib.language import N_, tr
from templates_lib.repeat_purchase.repeat_purchase import groups_of
from templates_lib.stats import cure
from templates_lib.words import Words

PLATEAU = "plateau"
REASONS: dict[cure.Reason, str] = {
    "short": N_(
        "How many will never come back cannot be told yet: customers still come back at the end "
        "of the time observed."
    ),
    "families": N_(
        "How many will never come back cannot be told yet: the models that are usual for it "
        "differ, {lowest} or {highest} of 100."
    ),
}


class NeverReturn(NamedTuple):
    """The range and its middle, or the reason why there is none (nan); the table has a row for
    each model and one for the end of the curve: model, never_return (share), low, high,
    log_likelihood, n."""

    estimate: float
    low: float
    high: float
    reason: cure.Reason | None
    follow_up: cure.FollowUp
    table: pd.DataFrame


def never_return(counts: pd.DataFrame) -> NeverReturn | None:
    """The share of customers that will never return, over both cure models (``stats.cure``).

    ``estimate`` is the share by the model of the better likelihood.

    Parameters
    ----------
    counts : of ``return_counts`` without a split

    Returns
    -------
    None with fewer than 30 customers or 10 returns, or where all returns came on one day.
    """
    back = counts[counts["event"]]
    if not groups_of(counts) or back["duration"].nunique() < 2:
        return None
    found = cure.never_return(counts)
    rows = [
        {"model": one.family, "never_return": one.share, "low": one.low, "high": one.high,
         "log_likelihood": one.log_likelihood, "n": one.n}
        for one in found.fits
    ]  # fmt: skip
    level, low, high = found.plateau
    rows.append({"model": PLATEAU, "never_return": level, "low": low, "high": high,
                 "log_likelihood": np.nan, "n": found.follow_up.n})  # fmt: skip
    best = max(found.fits, key=lambda one: one.log_likelihood)
    estimate = np.nan if found.reason else best.share
    table = pd.DataFrame(rows)
    return NeverReturn(estimate, found.low, found.high, found.reason, found.follow_up, table)


def why_not(found: NeverReturn, *, words: Words) -> str:
    """The sentence of a refusal."""
    shares = found.table["never_return"]
    return tr(
        REASONS[found.reason],
        lowest=words.number(100 * shares.min()),
        highest=words.number(100 * shares.max()),
    )


def follow_up_in_words(found: NeverReturn, *, words: Words) -> str:
    """The follow-up test, as a note under the table."""
    seen = found.follow_up
    return tr(
        "Follow-up test of Maller and Zhou: {alpha} (sufficient below {limit}). The last return "
        "came on day {last}, the longest observation is {longest} days.",
        alpha=words.number(seen.alpha, 3),
        limit=words.number(cure.MAX_ALPHA, 2),
        last=words.number(seen.last_event),
        longest=words.number(seen.last_seen),
    )
