"""What customers correct in their profile: their word comes before anything that was inferred.

A question named ``correct_<attribute>`` of a profile survey asks what is true instead. Corrections
come in with the next run's answers, and hold in every run from then on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import get_args

import ibis
import ibis.expr.types as ir
import pandas as pd

from templates_lib.coverage import local_day
from templates_lib.icp.profile_attributes import NO, OTHER, YES
from templates_lib.params.surveys import Survey
from templates_lib.profiles.resonance import SURVEY
from templates_lib.stats.intervals import wilson

PREFIX = "correct_"
GIVEN, INFERRED, CORRECTED = "given", "inferred", "corrected"
BETWEEN = ": "  # a survey and its question, or a question and one of its several answers
CORRECTIONS = ["unit_id", "attribute", "value", "is_open"]
APPLIED = ["unit_id", "dimension", "attribute", "value", "source"]
COUNTED = ["attribute", "n", "people", "share", "low", "high"]
CHANGES = ["attribute", "before", "now", "people"]


def corrections(responses: ir.Table | None, *, zone: str, as_of: date) -> pd.DataFrame:
    """What customers have corrected: of each attribute the last answer that says anything.

    Returns
    -------
    Columns: unit_id (the customer), attribute, value (an option, or the words of the customer),
    is_open (whether it is words); an attribute with several options has a row each. For companies
    put the company's id in place of the customer's.
    """
    if responses is None:
        return pd.DataFrame(columns=CORRECTIONS)
    rows = responses.filter((responses.survey == SURVEY) & responses.customer_id.notnull())
    rows = rows.filter(rows.question.startswith(PREFIX) & rows.kind.isin(["choice", "open"]))
    rows = rows.filter(local_day(rows, "answered_at", zone) <= as_of)
    said = ibis.coalesce(rows.option, rows.text).strip().nullif("")
    rows = rows.mutate(value=said, attribute=rows.question.substr(len(PREFIX)))
    rows = rows.filter(rows["value"].notnull())
    by = ibis.window(group_by=["customer_id", "attribute"])
    rows = rows.mutate(last=rows.answered_at.max().over(by))
    rows = rows.filter(rows.answered_at == rows["last"])
    found = rows.select(
        "attribute", "value", unit_id=rows.customer_id, is_open=rows.kind == "open"
    ).distinct()
    return found.order_by("unit_id", "attribute", "value").to_pandas()[CORRECTIONS]


def asked(responses: ir.Table | None) -> list[str]:
    """The attributes that a profile survey asks to be corrected."""
    if responses is None:
        return []
    rows = responses.filter((responses.survey == SURVEY) & responses.question.startswith(PREFIX))
    names = rows.select("question").distinct().order_by("question").to_pandas()["question"]
    return [name.removeprefix(PREFIX) for name in names]


def apply(
    attributes: pd.DataFrame, corrected: pd.DataFrame, *, inferred: Collection[str] = ()
) -> pd.DataFrame:
    """The attributes with what customers have corrected in them.

    What is not known of a unit is added. A value is written as it is elsewhere, whatever the case
    of its letters; words of a customer that are no known value become ``other``. Of a question
    with several answers, each an attribute ``question: answer``, those named are yes, the others
    no.

    Parameters
    ----------
    attributes : one row a unit and attribute: unit_id, dimension, attribute, value, and what else
        it has (such as day_one), which an added row has of its attribute
    corrected : of ``corrections``; of an attribute that is not among the attributes nothing is
        taken (``unknown``)
    inferred : attributes that were inferred; all others were given, by an answer or an order

    Returns
    -------
    The same, with source (given, inferred or corrected).
    """
    table = attributes.assign(source=GIVEN)
    table.loc[table["attribute"].isin(list(inferred)), "source"] = INFERRED
    new = _as_attributes(attributes, corrected)
    if new.empty:
        return table
    same = ["dimension", *(c for c in attributes if c not in APPLIED)]
    about = attributes.drop_duplicates("attribute").set_index("attribute")[same]
    new = new.join(about, on="attribute").assign(source=CORRECTED)
    key = ["unit_id", "attribute"]
    is_old = pd.MultiIndex.from_frame(table[key]).isin(pd.MultiIndex.from_frame(new[key]))
    kept = pd.concat([table[~is_old], new[table.columns]]).astype(attributes.dtypes.to_dict())
    place = {name: number for number, name in enumerate(attributes["attribute"].unique())}
    ordered = kept.assign(place=kept["attribute"].map(place))
    ordered = ordered.sort_values(["place", "value", "unit_id"], kind="stable")
    return ordered.drop(columns="place").reset_index(drop=True)


def unknown(attributes: pd.DataFrame, corrected: pd.DataFrame) -> list[str]:
    """The corrected attributes that are called otherwise among the attributes, or not there."""
    names = attributes["attribute"].unique()
    return [name for name in sorted(corrected["attribute"].unique()) if not _meant(name, names)]


def _meant(name: str, attributes: Collection[str]) -> dict[str, str | None]:
    """The attributes that a name means: itself, also with its survey before it, or, each with its
    option, the answers that its question takes."""
    called = [name, *(f"{survey}{BETWEEN}{name}" for survey in get_args(Survey))]
    found: dict[str, str | None] = {one: None for one in called if one in attributes}
    for question in called:
        start = f"{question}{BETWEEN}"
        found |= {a: a.removeprefix(start) for a in attributes if a.startswith(start)}
    return found


def _as_attributes(attributes: pd.DataFrame, corrected: pd.DataFrame) -> pd.DataFrame:
    """The corrections as rows unit_id, attribute, value under the names and values in use."""
    known = {name: own["value"].unique() for name, own in attributes.groupby("attribute")}
    parts = []
    for name, own in corrected.groupby("attribute", sort=True):
        for attribute, option in _meant(str(name), list(known)).items():
            if option is not None:
                is_named = own["value"].str.casefold() == option.casefold()
                value = is_named.groupby(own["unit_id"]).any().map({True: YES, False: NO})
            else:
                one = own.drop_duplicates("unit_id").set_index("unit_id")
                written = {v.casefold(): v for v in known[attribute]}
                elsewhere = one["value"].where(~one["is_open"].astype(bool), OTHER)
                value = one["value"].str.casefold().map(written).fillna(elsewhere)
            parts.append(value.rename("value").reset_index().assign(attribute=attribute))
    if not parts:
        return pd.DataFrame(columns=["unit_id", "attribute", "value"])
    return pd.concat(parts, ignore_index=True)


def counted(
    attributes: pd.DataFrame,
    corrected: pd.DataFrame,
    answered: Collection[str],
    *,
    min_cell: int,
    least: int = 30,
) -> pd.DataFrame:
    """How many of those who saw an attribute of theirs said that it is wrong.

    Parameters
    ----------
    attributes : before ``apply``
    corrected : of ``corrections``
    answered : units that answered the survey and were asked

    Returns
    -------
    One row an attribute, the most corrected first: attribute, n (who answered and of whom it was
    known), people (gave another value), share, low, high (Wilson). Repeating the value that was
    known corrects nothing. An attribute that nobody was asked about, or with n under 30, is left
    out, and a count under ``min_cell`` is hidden.
    """
    before = attributes[attributes["unit_id"].isin(set(answered))]
    new = _changed(before, corrected).groupby("attribute")["unit_id"].nunique()
    n = before.groupby("attribute")["unit_id"].nunique()
    names = [a for name in corrected["attribute"].unique() for a in _meant(name, list(n.index))]
    table = pd.DataFrame({"n": n.reindex(names), "people": new.reindex(names).fillna(0)})
    table = table[table["n"] >= least].astype("int64").rename_axis("attribute").reset_index()
    if table.empty:
        return pd.DataFrame(columns=COUNTED)
    table["share"] = table["people"] / table["n"]
    table["low"], table["high"] = wilson(table["people"], table["n"])
    table = table.sort_values(["share", "attribute"], ascending=[False, True], ignore_index=True)
    small = table["people"].between(1, min_cell - 1)
    table["people"] = table["people"].astype("Int64").mask(small)
    table[["share", "low", "high"]] = table[["share", "low", "high"]].mask(small)
    return table[COUNTED]


def changes(attributes: pd.DataFrame, corrected: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """What became what, most frequent first: attribute, before, now, people; a change of fewer
    than ``min_cell`` people is left out."""
    new = _changed(attributes, corrected)
    counts = new.groupby(["attribute", "before", "now"]).size().rename("people").reset_index()
    counts = counts[counts["people"] >= max(1, min_cell)]
    order = ["people", "attribute", "before", "now"]
    return counts.sort_values(order, ascending=[False, True, True, True], ignore_index=True)[
        CHANGES
    ]


def _changed(attributes: pd.DataFrame, corrected: pd.DataFrame) -> pd.DataFrame:
    """unit_id, attribute, before, now of what a correction changes."""
    new = _as_attributes(attributes, corrected).rename(columns={"value": "now"})
    old = attributes[["unit_id", "attribute", "value"]].rename(columns={"value": "before"})
    both = old.merge(new, on=["unit_id", "attribute"])
    return both[both["before"] != both["now"]]
