"""The rows of a profile in words: what the best customers say, do and are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from templates_lib.icp.dimensions import COMPANY, FIRST_ORDER
from templates_lib.icp.profile_attributes import OTHER, YES
from templates_lib.labels import LABELS, label
from templates_lib.params.params import Icp
from templates_lib.report.findings import Evidence
from templates_lib.words import Words

if TYPE_CHECKING:
    from templates_lib.icp.attribute_lift import Missing

DOES = {
    "first_category": "began with {}",
    "first_product": "began with {}",
    "first_order_value": "had a first order of the {}",
    "first_is_b2b": "are business customers",
    "first_channel": "came by {}",
    "first_discounted": "had a discount on the first order",
    "first_weekday": "first bought on {}",
    "first_time": "first bought at this time: {}",
    "first_device": "first bought on this device: {}",
    "first_country": "first ordered to {}",
    "role": "are, in their company, {}",
}


def name_of(attribute: str) -> str:
    """What an attribute or a question is called: *what matters most*, *age group*."""
    return LABELS.get(attribute, attribute.replace("_", " "))


def quoted(value: str) -> str:
    """A client's own word in quotation marks, a code in the report's words."""
    if value == OTHER:
        return "one of the smaller ones"
    return LABELS.get(value, f"“{value}”")


def row_name(attribute: str, value: str) -> str:
    """A row of a figure: *first category: Laitteet*, *business customer*."""
    question, _, option = attribute.partition(": ")
    if value == YES:
        return f"{name_of(question)}: {option}" if option else name_of(attribute)
    return f"{name_of(attribute)}: {label(value)}"


def does(attribute: str, value: str, *, own: frozenset[str] = frozenset()) -> str:
    """What people of this value do, after *of 100 of them, 39 …*.

    ``own`` are the client's own columns; what is neither these nor of the first order was asked.
    """
    if attribute in DOES:
        return DOES[attribute].format(quoted(value))
    if attribute in own or attribute in COMPANY:
        return f"have {quoted(value)} as {name_of(attribute)}"
    question, _, option = attribute.partition(": ")
    said = option if value == YES and option else value
    return f"answer {quoted(said)} ({name_of(question)})"


def evidence(attribute: str, *, own: frozenset[str] = frozenset()) -> Evidence:
    """What an attribute rests on: ``orders`` with the client's own files, or a ``survey``."""
    return "orders" if attribute in own or attribute in (*FIRST_ORDER, *COMPANY) else "survey"


def who(settings: Icp, value: str, words: Words) -> str:
    """Who the target are, in a sentence's end: *the tenth of all with the highest …*."""
    target, days = settings.target, settings.value_days
    many = "companies" if settings.unit == "company" else "customers"
    if target.by == "value":
        share = words.number(100 * target.share)
        return (
            f"the {share} in 100 {many} with the highest {label(value)} in the first {days} days "
            "from their first purchase"
        )
    if target.by == "repeat":
        return f"{many} with {target.purchases} purchases or more in their first {days} days"
    if target.by == "promoters":
        return (
            f"{many} who last gave 9 or 10 as their score and bought again within "
            f"{target.return_days} days of it"
        )
    return f"the {many} of your own list"


def _best_and_all(row: pd.Series, words: Words) -> tuple[str, str]:
    best = words.of_100(row["share_target"], row["target_low"], row["target_high"])
    return best, words.number(100 * row["share_base"], 1 if row["share_base"] < 0.02 else 0)


def shares(row: pd.Series, words: Words) -> str:
    """The numbers of a row of ``icp_lift.lift``: *39 (very likely 30–49) of 100; of all, 29*."""
    best, everyone = _best_and_all(row, words)
    return f"{best} of 100; of all, {everyone}"


def headline(row: pd.Series, words: Words, *, many: str, own: frozenset[str]) -> str:
    """A row of ``icp_lift.lift`` as the headline of a finding."""
    best, everyone = _best_and_all(row, words)
    said = does(row["attribute"], row["value"], own=own)
    return f"Of 100 of the best {many}, {best} {said}; of all, {everyone}"


def compared(lift: pd.DataFrame, settings: Icp, words: Words) -> str:
    """Of how many answers and attributes the best differ in how many, in a sentence."""
    tested, found = int(lift["q_value"].count()), int(lift["is_different"].sum())
    chance = words.number(100 * settings.false_discovery_share)
    opening = f"{words.number(tested)} answers and attributes are compared. The best differ "
    if not found:
        return f"{opening}from all in none of them beyond chance."
    return (
        f"{opening}from all in {words.number(found)} of them; of such, up to {chance} in 100 may "
        "be there by chance."
    )


def unknowns(missing: Sequence[Missing], words: Words, *, many: str) -> str:
    """How many are not known by attributes that all should have, in a sentence each."""
    return " ".join(
        f"Of {words.number(one.n)} {many}, {words.number(one.people)} have no "
        f"{_either([name_of(a) for a in one.attributes])}: they are kept as unknown, and the "
        f"shares are of the others. Unknown are {words.number(100 * one.share_target)} of 100 of "
        f"the best, and {words.number(100 * one.share_base)} of 100 of all who are compared."
        for one in missing
    )


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
