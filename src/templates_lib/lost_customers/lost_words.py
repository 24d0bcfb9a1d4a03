"""What the findings of those who left say."""

from __future__ import annotations

from typing import Any

import pandas as pd

from templates_lib.labels import label
from templates_lib.language import N_, tr
from templates_lib.stats.trials import test_size, visible_share_change
from templates_lib.words import Words

MIN_HALF = 30
AFTER = {  # of those who bought once, and of those who had bought before
    "discounted": (
        N_("Of 100 new buyers whose purchase had a discount, {share} do not come back in time"),
        N_(
            "Of 100 buyers who had bought before and got a discount, {share} do not come back in "
            "time"
        ),
    ),
    "refunded": (
        N_("Of 100 new buyers who got money back, {share} do not come back in time"),
        N_("Of 100 buyers who had bought before and got money back, {share} do not come back in "
           "time"),
    ),
    "contact": (
        N_("Of 100 new buyers who wrote about “{value}”, {share} do not come back in time"),
        N_(
            "Of 100 buyers who had bought before and wrote about “{value}”, {share} do not come "
            "back in time"
        ),
    ),
    "score": (
        N_("Of 100 new buyers who answered as {value}, {share} do not come back in time"),
        N_(
            "Of 100 buyers who had bought before and answered as {value}, {share} do not come back "
            "in time"
        ),
    ),
}  # fmt: skip
DONE = {
    "discounted": N_(
        "Welcome them with something else than a price, such as free delivery of the next order."
    ),
    "refunded": N_("Write to whoever gets money back, and offer what fits better."),
    "contact": N_(
        "Make good what goes wrong with “{value}” at once, and write again two weeks later."
    ),
    "score": N_("Call those who give a low score within the week."),
}


def still(row: pd.Series | None, words: Words) -> str:
    """How often somebody past the usual time still came back, as a sentence; nothing if not
    known."""
    if row is None:
        return ""
    share = words.of_100(row.share, row.low, row.high)
    return tr(
        "Not all are gone: of 100 times that somebody was so late, {share} ended with a purchase "
        "within {days} days.",
        share=share, days=words.number(row.days),
    )  # fmt: skip


def named(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``lost_after.after_what`` for the eye: ``what`` is the attribute with its
    value, and ``low`` and ``high`` the limits of the difference."""
    flag = table["value"].eq("yes")
    what = table["attribute"].map(label) + ": " + table["value"].map(label)
    what = what.mask(flag, table["attribute"].map(label))
    return table.assign(what=what, low=table["gap_share_low"], high=table["gap_share_high"])


def after(row: pd.Series, words: Words) -> str:
    """After what most more leave, as a headline."""
    message = AFTER[row.attribute][row.group != "one_purchase"]
    share = words.of_100(row.share, row.low, row.high)
    return tr(message, share=share, value=label(row.value))


def done(row: pd.Series) -> str:
    """What to do about it."""
    return tr(DONE[row.attribute], value=label(row.value))


def best(row: pd.Series, listed: int, words: Words, *, knows_consents: bool) -> str:
    """What the best who left have brought, and how many of them are on the list."""
    told = {"n": words.number(row.customers), "value": words.money(row.value)}
    if not knows_consents:
        return tr(
            "These {n} have brought {value} so far. Who of them agreed to be contacted, the "
            "customer file has to say.",
            **told,
        )
    return tr(
        "These {n} have brought {value} so far; {listed} of them may be contacted and are on the "
        "list.",
        **told, listed=words.number(listed),
    )  # fmt: skip


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
            "do": tr(
                "Call these {n}, beginning with the reason beside each.", n=words.number(listed)
            ),
            "check": tr(
                "So few cannot show a difference: count who comes back, and ask all of them why "
                "they had left."
            ),
            "test_size": None,
        }
    rise = words.number(100 * visible_share_change(base, half))
    return {
        "do": tr(
            "Write to half of these {n}, drawn by lot, beginning with the reason beside each.",
            n=words.number(listed),
        ),
        "check": tr(
            "Compare purchases in the next 60 days: with {half} in each half, {rise} more of 100 "
            "show.",
            half=words.number(half),
            rise=rise,
        ),
        "test_size": half,
    }
