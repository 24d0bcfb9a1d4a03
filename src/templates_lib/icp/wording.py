"""The rows of a profile in words: what the best customers say, do and are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from templates_lib.icp.dimensions import COMPANY, FIRST_ORDER
from templates_lib.icp.profile_attributes import OTHER, YES
from templates_lib.labels import LABELS, label
from templates_lib.language import N_, tr
from templates_lib.params.icp import Icp
from templates_lib.report.findings import Evidence
from templates_lib.words import Words

if TYPE_CHECKING:
    from templates_lib.icp.attribute_lift import Missing

# Each is said of “39 of 100 …” and of “the best …”: in Finnish a verb of one person.
DOES = {
    "first_category": N_("began with {value}"),
    "first_product": N_("began with the product {value}"),
    "first_order_value": N_("had a first order of the {value}"),
    "first_is_b2b": N_("are business customers"),
    "first_channel": N_("came by {value}"),
    "first_discounted": N_("had a discount on the first order"),
    "first_weekday": N_("first bought on {value}"),
    "first_time": N_("first bought at this time: {value}"),
    "first_device": N_("first bought on this device: {value}"),
    "first_country": N_("first ordered to {value}"),
    "role": N_("are, in their company, {value}"),
}


def name_of(attribute: str) -> str:
    """What an attribute or a question is called: *what matters most*, *age group*."""
    return label(attribute) if attribute in LABELS else attribute.replace("_", " ")


def quoted(value: str) -> str:
    """A client's own word in quotation marks, a code in the report's words."""
    if value == OTHER:
        return tr("one of the smaller ones")
    return label(value) if value in LABELS else tr("“{value}”", value=value)


def _titled(attribute: str) -> str:
    """An attribute, or a question with the one of its answers that it is about."""
    question, _, option = attribute.partition(": ")
    return f"{name_of(question)}: {label(option)}" if option else name_of(attribute)


def row_name(attribute: str, value: str) -> str:
    """A row of a figure: *first category: Laitteet*, *business customer*."""
    title = _titled(attribute)
    return title if value == YES else f"{title}: {label(value)}"


def in_view(table: pd.DataFrame) -> pd.DataFrame:
    """A table with its columns ``attribute`` and ``value`` in words, for who reads it."""
    return table.assign(attribute=table["attribute"].map(_titled), value=table["value"].map(label))


def does(attribute: str, value: str, *, own: frozenset[str] = frozenset()) -> str:
    """What people of this value do, after *of 100 of them, 39 …*.

    ``own`` are the client's own columns; what is neither these nor of the first order was asked.
    """
    if attribute in DOES:
        return tr(DOES[attribute], value=quoted(value))
    if attribute in own or attribute in COMPANY:
        return tr("have {value} as {attribute}", value=quoted(value), attribute=name_of(attribute))
    answer = tr("“{value}”", value=label(_said(attribute, value)))
    asked = name_of(attribute.partition(": ")[0])
    return tr("answer {value} ({question})", value=answer, question=asked)


def _said(attribute: str, value: str) -> str:
    """The value, or of an answer that was ticked among several, that answer."""
    option = attribute.partition(": ")[2]
    return option if value == YES and option else value


def about(row: pd.Series) -> dict[str, float]:
    """What a row of ``attribute_lift.lift`` tells of, as ``finding`` takes it: above 0 where the
    best have it more often. Nothing of the first order's codes, such as the day of the week."""
    attribute, value = row["attribute"], row["value"]
    if attribute in FIRST_ORDER and value in LABELS:
        return {}
    return {_said(attribute, value): row["gap_share"]}


def evidence(attribute: str, *, own: frozenset[str] = frozenset()) -> Evidence:
    """What an attribute rests on: ``orders`` with the client's own files, or a ``survey``."""
    return "orders" if attribute in own or attribute in (*FIRST_ORDER, *COMPANY) else "survey"


def who(settings: Icp, value: str, words: Words) -> str:
    """Who the target are, in a sentence's end: *the 10 in 100 customers with the highest …*."""
    target, is_company = settings.target, settings.unit == "company"
    days = words.number(settings.value_days)
    if target.by == "value":
        share, worth = words.number(100 * target.share), label(value)
        if is_company:
            return tr(
                "the {share} in 100 companies with the highest {worth} in the first {days} "
                "days from their first purchase",
                share=share,
                worth=worth,
                days=days,
            )
        return tr(
            "the {share} in 100 customers with the highest {worth} in the first {days} days "
            "from their first purchase",
            share=share,
            worth=worth,
            days=days,
        )
    if target.by == "repeat":
        n = words.number(target.purchases)
        if is_company:
            return tr(
                "companies with {n} purchases or more in their first {days} days", n=n, days=days
            )
        return tr("customers with {n} purchases or more in their first {days} days", n=n, days=days)
    if target.by == "promoters":
        days = words.number(target.return_days)
        if is_company:
            return tr(
                "companies that last gave 9 or 10 as their score and bought again within "
                "{days} days of it",
                days=days,
            )
        return tr(
            "customers who last gave 9 or 10 as their score and bought again within {days} "
            "days of it",
            days=days,
        )
    if is_company:
        return tr("the companies of your own list")
    return tr("the customers of your own list")  # fmt: skip


def opening(settings: Icp, value: str, groups: pd.DataFrame, words: Words) -> str:
    """The first lines of the page that is read aloud: who the best are and what they brought.

    ``groups`` : of ``icp.groups``
    """
    means = groups.set_index("group")["mean_value"]
    numbers = {
        "who": who(settings, value, words),
        "best": words.money(means["target"], 0),
        "rest": words.money(means["others"], 0),
        "days": words.number(settings.value_days),
    }
    if settings.unit == "company":
        return tr(
            "Our best companies are {who}. They brought {best} each in their first {days} "
            "days, the others {rest}.",
            **numbers,
        )
    return tr("Our best customers are {who}. They brought {best} each in their first {days} days, "
              "the others {rest}.", **numbers)  # fmt: skip


def _best_and_all(row: pd.Series, words: Words) -> tuple[str, str]:
    best = words.of_100(row["share_target"], row["target_low"], row["target_high"])
    return best, words.number(100 * row["share_base"], 1 if row["share_base"] < 0.02 else 0)


def shares(row: pd.Series, words: Words) -> str:
    """The numbers of a row of ``attribute_lift.lift``: *39 (very likely 30–49) of 100; of all,
    29*."""
    best, everyone = _best_and_all(row, words)
    return tr("{best} of 100; of all, {all}", best=best, all=everyone)


def headline(row: pd.Series, words: Words, *, unit: str, own: frozenset[str]) -> str:
    """A row of ``attribute_lift.lift`` as the headline of a finding."""
    best, everyone = _best_and_all(row, words)
    said = does(row["attribute"], row["value"], own=own)
    if unit == "company":
        return tr(
            "Of 100 of the best companies, {best} {did}; of all, {all}",
            best=best,
            did=said,
            all=everyone,
        )
    return tr("Of 100 of the best customers, {best} {did}; of all, {all}",
              best=best, did=said, all=everyone)  # fmt: skip


def lifted(row: pd.Series, words: Words) -> str:
    """By how much a row of ``attribute_lift.lift`` is more frequent among the best."""
    return tr(
        "The share among the best is {lift} times that of all (very likely {range}). It goes with "
        "being among the best; it need not be why.",
        lift=words.number(row["lift"], 1), range=words.span(row["low"], row["high"], 1),
    )  # fmt: skip


def compared(lift: pd.DataFrame, settings: Icp, words: Words) -> str:
    """Of how many answers and attributes the best differ in how many, in a sentence."""
    tested, found = int(lift["q_value"].count()), int(lift["is_different"].sum())
    if not found:
        return tr(
            "{n} answers and attributes are compared. The best differ from all in none of "
            "them beyond chance.",
            n=words.number(tested),
        )
    return tr(
        "{n} answers and attributes are compared. The best differ from all in {found} of them; of "
        "such, up to {chance} in 100 may be there by chance.",
        n=words.number(tested), found=words.number(found),
        chance=words.number(100 * settings.false_discovery_share),
    )  # fmt: skip


def unknowns(missing: Sequence[Missing], words: Words, *, unit: str) -> str:
    """How many are not known by attributes that all should have, in a sentence each."""
    return " ".join(_unknown(one, words, unit) for one in missing)


def _unknown(one: Missing, words: Words, unit: str) -> str:
    numbers = {
        "n": words.number(one.n), "people": words.number(one.people),
        "names": words.listed([name_of(a) for a in one.attributes]),
        "best": words.number(100 * one.share_target), "all": words.number(100 * one.share_base),
    }  # fmt: skip
    if unit == "company":
        return tr(
            "Of {n} companies, {people} are unknown by: {names}. They are kept as unknown, "
            "and the shares are of the others. Unknown are {best} of 100 of the best, and "
            "{all} of 100 of all that are compared.",
            **numbers,
        )
    return tr("Of {n} customers, {people} are unknown by: {names}. They are kept as unknown, and "
              "the shares are of the others. Unknown are {best} of 100 of the best, and {all} of "
              "100 of all who are compared.", **numbers)  # fmt: skip
