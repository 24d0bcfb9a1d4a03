"""The people of a company by their role: what each answers, and which roles an account shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.accounts.accounts import persons
from templates_lib.icp.profile_attributes import NO, OTHER, UNKNOWN, YES
from templates_lib.params.surveys import Survey
from templates_lib.privacy import hide_small
from templates_lib.stats.intervals import benjamini_hochberg, mean_interval, newcombe, wilson
from templates_lib.stats.lift import mid_p

MIN_ANSWERS, MIN_ACCOUNTS = 10, 10
NO_OPTION = (OTHER, UNKNOWN, NO)
ROLES = ["role", "attribute", "value", "n", "people", "share", "low", "high", "others_share",
         "gap_share", "gap_low", "gap_high", "p_value", "q_value"]  # fmt: skip
BY_ROLES = ["roles", "n", "persons_mean", "value_mean", "low", "high", "person_mean",
            "person_low", "person_high"]  # fmt: skip


def people(have: Mapping[str, ir.Table]) -> pd.DataFrame:
    """The persons of companies whose role is known: customer_id, company_id, role."""
    who = persons(have)
    if who is None:
        return pd.DataFrame(columns=["customer_id", "company_id", "role"])
    known = who.filter(who.role.notnull()).to_pandas()
    return known.sort_values("customer_id", ignore_index=True)


def answers(attributes: pd.DataFrame, roles: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """What the persons of each role answer, against those of the other roles.

    Parameters
    ----------
    attributes : of ``icp_attributes.attributes``, of customers; of it the answers to surveys
    roles : of ``people``

    Returns
    -------
    Columns: role, attribute (the question), value (the answer), n (persons of the role who
    answered the question: the denominator), people (who gave the answer), share, low, high
    (Wilson), others_share (of the persons of the other roles), gap_share, gap_low, gap_high
    (Newcombe), p_value (Fisher's test, mid-p), q_value (Benjamini-Hochberg over all rows). The
    most frequent answer of a role first. A role with fewer than 10 answers to a question has no
    rows of it; answers of fewer than ``min_cell`` persons are left out, and others with them that
    would tell them.
    """
    said = attributes[~attributes["day_one"] & (attributes["dimension"] != "demographics")]
    said = _as_asked(said).merge(roles, left_on="unit_id", right_on="customer_id")
    parts = [_answers(own, name) for (name, _), own in said.groupby(["attribute", "key"])]
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=ROLES)
    made = pd.concat(parts, ignore_index=True)
    made = hide_small(
        made, count="people", by=["attribute", "role"], also_by=[["attribute", "value"]],
        min_cell=min_cell,
    )  # fmt: skip
    made = made[made["people"].notna() & (made["people"] > 0) & ~made["value"].isin(NO_OPTION)]
    if made.empty:
        return pd.DataFrame(columns=ROLES)
    made = made.assign(people=made["people"].astype("int64"))
    made["q_value"] = benjamini_hochberg(made["p_value"])
    order = ["role", "attribute", "share", "value"]
    ordered = made.sort_values(order, ascending=[True, True, False, True], ignore_index=True)
    return ordered[ROLES]


def _as_asked(said: pd.DataFrame) -> pd.DataFrame:
    """An answer out of several, ``question: answer`` with yes or no, as a question and its answer;
    who did not give it has ``not`` in its place."""
    is_one_of = said["value"].isin([YES, NO]) & said["attribute"].str.contains(": ")
    parts = said["attribute"].str.split(": ")
    named = parts.map(lambda p: 2 if p[0] in get_args(Survey) else 1)
    pairs = list(zip(parts, named, strict=True))
    option = pd.Series([": ".join(p[k:]) for p, k in pairs], said.index)
    question = pd.Series([": ".join(p[:k]) for p, k in pairs], said.index)
    return said.assign(
        key=said["attribute"],
        attribute=question.where(is_one_of, said["attribute"]),
        value=said["value"].where(~is_one_of | (said["value"] == NO), option),
    )


def _answers(own: pd.DataFrame, attribute: str) -> pd.DataFrame:
    counts = pd.crosstab(own["role"], own["value"])
    size, total = counts.sum(axis=1), counts.to_numpy().sum()
    made = counts.stack().rename("people").reset_index()
    made = made.assign(attribute=attribute, n=made["role"].map(size))
    taken = made["value"].map(counts.sum())
    others_n, others = total - made["n"], taken - made["people"]
    is_enough = (made["n"] >= MIN_ANSWERS) & (others_n >= MIN_ANSWERS)
    made, others_n, others = made[is_enough], others_n[is_enough], others[is_enough]
    if made.empty:
        return made
    low, high = wilson(made["people"], made["n"])
    gap_low, gap_high = newcombe(made["people"], made["n"], others, others_n)
    p = mid_p(made["people"], made["n"], others, others_n)
    share, others_share = made["people"] / made["n"], others / others_n
    return made.assign(
        share=share, low=low, high=high, others_share=others_share,
        gap_share=share - others_share, gap_low=gap_low, gap_high=gap_high, p_value=p,
    )  # fmt: skip


def apart(table: pd.DataFrame, *, allowed: float) -> pd.Series | None:
    """The row of ``answers`` in which a role differs most surely from the others; None where none
    does, q up to ``allowed``."""
    beyond = table[(table["q_value"] <= allowed) & (table["n"] >= MIN_ANSWERS)]
    return None if beyond.empty else beyond.loc[beyond["p_value"].idxmin()]


def leading(table: pd.DataFrame) -> pd.DataFrame:
    """Of each role and question the answer given most often, largest roles first."""
    first = table.drop_duplicates(["role", "attribute"])
    return first.sort_values(["attribute", "n", "role"], ascending=[True, False, True],
                             ignore_index=True)  # fmt: skip


def by_roles(
    companies: pd.DataFrame, roles: pd.DataFrame, *, value: str, min_cell: int
) -> pd.DataFrame:
    """What accounts are worth by the roles that their persons have.

    An association, and in part by make: an account with more persons has more who can order.

    Parameters
    ----------
    companies : of ``accounts.accounts``
    value : ``net_sales`` or ``contribution_margin``, taken over the window

    Returns
    -------
    Columns: roles (those of the account's persons, sorted, with `` + `` between), n (accounts that
    ever ordered), persons_mean, value_mean (money in the window, mean of the accounts), low, high,
    person_mean (the same for each person of the account, mean of the accounts), person_low,
    person_high (Hall's intervals). The most frequent first; groups of fewer than 10 or
    ``min_cell`` accounts have no row.
    """
    held = roles.groupby("company_id")["role"].agg(lambda r: " + ".join(sorted(set(r))))
    own = companies[companies["orders"] > 0].assign(roles=companies["company_id"].map(held))
    rows = []
    for name, group in own.dropna(subset=["roles", f"window_{value}"]).groupby("roles"):
        if len(group) < max(MIN_ACCOUNTS, min_cell):
            continue
        x = group[f"window_{value}"].to_numpy(float)
        each = x / group["persons"].to_numpy(float)
        rows.append([name, len(group), group["persons"].mean(), *_mean(x), *_mean(each)])
    made = pd.DataFrame(rows, columns=BY_ROLES)
    return made.sort_values(["n", "roles"], ascending=[False, True], ignore_index=True)


def _mean(x: np.ndarray) -> tuple[float, float, float]:
    low, high = mean_interval(len(x), x.sum(), (x**2).sum(), (x**3).sum())
    return float(x.mean()), float(low), float(high)
