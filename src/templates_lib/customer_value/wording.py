"""The windows and the groups of customers in words."""

from __future__ import annotations

from textwrap import fill
from typing import NamedTuple

from templates_lib.language import N_, tr
from templates_lib.words import Words

YEAR_DAYS = 365
LINE = 11  # characters of a name under a bar
STEPS = {
    "lost": N_("did not buy again"), "kept_down": N_("bought for less"),
    "kept_up": N_("bought for more"), "back": N_("came back"), "new": N_("new customers"),
}  # fmt: skip
FIRST_SEEN = N_("new or not seen before")
MOST_MOVED = {
    "lost": N_("What moved most {turn}: {money} of {worth} went with customers who did not buy "
               "again"),
    "kept_down": N_("What moved most {turn}: {money} of {worth} less came from who stayed and "
                    "bought for less"),
    "kept_up": N_("What moved most {turn}: {money} of {worth} more came from who stayed and bought "
                  "for more"),
    "back": N_("What moved most {turn}: {money} of {worth} came from customers who were back"),
    "new": N_("What moved most {turn}: {money} of {worth} came from new customers"),
}  # fmt: skip
MOST_FIRST_SEEN = N_("What moved most {turn}: {money} of {worth} came from customers first seen")


class Windows(NamedTuple):
    """The last window and the one before it, each alone and within a sentence, and what is between
    them."""

    the_last: str
    the_before: str
    in_last: str
    in_before: str
    turn: str


def windows(days: int, words: Words) -> Windows:
    """*the last year*, *the year before*, *in the last year*, …; days where it is no year."""
    if days == YEAR_DAYS:
        return Windows(
            tr("the last year"), tr("the year before"), tr("in the last year"),
            tr("in the year before"), tr("from year to year"),
        )  # fmt: skip
    n = words.number(days)
    return Windows(
        tr("the last {n} days", n=n), tr("the {n} days before", n=n),
        tr("in the last {n} days", n=n), tr("in the {n} days before", n=n),
        tr("between two windows of {n} days", n=n),
    )  # fmt: skip


class Groups(NamedTuple):
    """What the tenths, or the fifths, of the customers are called in a table, on an axis and to
    who does not see the figure."""

    title: str
    axis: str
    alt: str


def groups(number: int, *, basis: str, worth: str) -> Groups:
    """The names of ten groups, or of five."""
    if number == 10:
        return Groups(
            tr("Customers in tenths, by {basis}", basis=basis),
            tr("Customers in tenths, the best first"),
            tr("What each tenth of the customers brings, of a hundred of {worth}.", worth=worth),
        )
    return Groups(
        tr("Customers in fifths, by {basis}", basis=basis),
        tr("Customers in fifths, the best first"),
        tr("What each fifth of the customers brings, of a hundred of {worth}.", worth=worth),
    )


def steps(said: Windows, *, whole_history: bool) -> dict[str, str]:
    """The steps of the profit bridge, by ``movement``."""
    new = STEPS | ({} if whole_history else {"new": FIRST_SEEN})
    named = {movement: tr(name) for movement, name in new.items()}
    return {"before": said.the_before, **named, "after": said.the_last}


def broken(name: str) -> str:
    """A name in short lines, to stand under a bar."""
    return fill(name, LINE)


def most_moved(movement: str, *, whole_history: bool, **values: str) -> str:
    """What changed the whole most, as a headline; values: turn, money, worth."""
    if movement == "new" and not whole_history:
        return tr(MOST_FIRST_SEEN, **values)
    return tr(MOST_MOVED[movement], **values)
