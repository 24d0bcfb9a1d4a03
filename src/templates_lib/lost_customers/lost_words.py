"""What the findings of those who left say."""

from __future__ import annotations

from typing import Any

import pandas as pd

from templates_lib.labels import label
from templates_lib.stats.trials import test_size, visible_share_change
from templates_lib.words import Words

MIN_HALF = 30
AFTER = {
    "discounted": "whose purchase had a discount",
    "refunded": "who got money back",
}
DONE = {
    "discounted": "Welcome them with something else than a price, such as free delivery of the "
    "next order.",
    "refunded": "Write to whoever gets money back, and offer what fits better.",
    "contact": "Make good what goes wrong with “{value}” at once, and write again two weeks later.",
    "score": "Call those who give a low score within the week.",
}


def still(row: pd.Series | None, words: Words) -> str:
    """How often somebody past the usual time still came back, as a sentence; nothing if not
    known."""
    if row is None:
        return ""
    share = words.of_100(row.share, row.low, row.high)
    days = words.number(row.days)
    past = (
        f"Not all are gone: of 100 times that somebody was so late, {share} ended with a purchase"
    )
    return f"{past} within {days} days."


def named(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``lost_after.after_what`` for the eye: ``what`` is the attribute with its
    value, and ``low`` and ``high`` the limits of the difference."""
    flag = table["value"].eq("yes")
    what = table["attribute"].map(label) + ": " + table["value"].map(label)
    what = what.mask(flag, table["attribute"].map(label))
    return table.assign(what=what, low=table["gap_share_low"], high=table["gap_share_high"])


def after(row: pd.Series, words: Words) -> str:
    """After what most more leave, as a headline."""
    who = "new buyers" if row.group == "one_purchase" else "buyers who had bought before"
    share = words.of_100(row.share, row.low, row.high)
    return f"Of 100 {who} {_which(row)}, {share} do not come back in time"


def _which(row: pd.Series) -> str:
    if row.attribute == "contact":
        return f"who wrote about “{row.value}”"
    if row.attribute == "score":
        return f"who are {label(row.value)}"
    return AFTER[row.attribute]


def done(row: pd.Series) -> str:
    """What to do about it."""
    return DONE[row.attribute].format(value=row.value)


def best(row: pd.Series, listed: int, words: Words, *, knows_consents: bool) -> str:
    """What the best who left have brought, and how many of them are on the list."""
    gone = f"These {words.number(row.customers)} have brought {words.money(row.value)} so far"
    if not knows_consents:
        return f"{gone}. Who of them agreed to be contacted, the customer file has to say."
    return f"{gone}; {words.number(listed)} of them may be contacted and are on the list."


def size(share: float, change: float) -> int:
    """Persons in each half to see a share change so much, or as much the other way where it cannot
    change this way."""
    return test_size(share, change if 0 <= share + change <= 1 else -change)


def action(listed: int, base: float, words: Words) -> dict[str, Any]:
    """What to do with the win-back list, and what the list is long enough to show.

    Parameters
    ----------
    base : share of those who come back by themselves
    """
    half = listed // 2
    if half < MIN_HALF:
        return {
            "do": f"Call these {words.number(listed)}, beginning with the reason beside each.",
            "check": "So few cannot show a difference: count who comes back, and ask all of them "
            "why they had left.",
            "test_size": None,
        }
    rise = words.number(100 * visible_share_change(base, half))
    return {
        "do": f"Write to half of these {words.number(listed)}, drawn by lot, beginning with the "
        "reason beside each.",
        "check": f"Compare purchases in the next 60 days: with {words.number(half)} in each half, "
        f"{rise} more of 100 show.",
        "test_size": half,
    }
