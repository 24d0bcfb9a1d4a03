"""Offers and enquiries of companies: how many are won, how soon, and why the others are lost.

A lead is won or lost by its first decision up to the last day observed; until then it is open.
Shares won are of the decided leads. As the newest are undecided most often, the share won is also
told by the days since a lead was created, which counts the open ones for as long as they are known.
A company that had ordered before its lead was created was a customer already: such leads are hardly
ever lost, and are told apart from those that are new business.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.accounts.accounts import FIRMOGRAPHICS
from templates_lib.coverage import local_day
from templates_lib.language import N_, tr
from templates_lib.stats import survival
from templates_lib.stats.competing_risks import aalen_johansen
from templates_lib.stats.intervals import benjamini_hochberg, newcombe, wilson
from templates_lib.stats.lift import mid_p

ATTRIBUTES = ("industry", "size", "channel", "value_chain_stage", "earns_from", "goal")
WON, LOST, OPEN = "won", "lost", "open"
OTHER, UNKNOWN = "other", "unknown"
MIN_GROUP, MIN_LEADS, MIN_EVENTS, MIN_AT_RISK = 10, 30, 10, 20
LEADS = ["lead_id", "company_id", "channel", *FIRMOGRAPHICS, "created_on", "was_customer",
         "outcome", "days", "lost_reason", "lead_value"]  # fmt: skip
WON_BY = ["attribute", "value", "n", "won", "open", "share", "low", "high", "others_share",
          "gap_share", "gap_low", "gap_high", "p_value", "q_value"]  # fmt: skip
REASONS = ["lost_reason", "n", "lost", "share", "low", "high", "lead_value"]


def leads(
    have: Mapping[str, ir.Table], companies: pd.DataFrame, *, zone: str, as_of: date
) -> pd.DataFrame:
    """Every lead created up to ``as_of``, with what is known of its company.

    Parameters
    ----------
    companies : of ``accounts.accounts``

    Returns
    -------
    One row a lead: lead_id, company_id, channel, industry, size, earns_from, goal,
    value_chain_stage (``unknown`` where missing), created_on, was_customer (whether the company
    had ordered before that day), outcome (``won``, ``lost``,
    ``open``: the first decision up to ``as_of``), days (from creation to the decision, or to
    ``as_of``; 0 where a decision is dated before the creation), lost_reason, lead_value (money).
    No rows without leads.
    """
    if "leads" not in have:
        return pd.DataFrame(columns=LEADS)
    rows = have["leads"]
    rows = rows.mutate(
        created_on=local_day(rows, "created_at", zone), won_on=local_day(rows, "won_at", zone),
        lost_on=local_day(rows, "lost_at", zone), lead_value=rows.value.cast("float64"),
    )  # fmt: skip
    rows = rows.filter(rows.created_on.notnull() & (rows.created_on <= as_of))
    rows = rows.mutate(decided_on=ibis.least(rows.won_on, rows.lost_on))
    is_decided = (rows.decided_on <= as_of).fill_null(False)
    is_won = (rows.won_on == rows.decided_on).fill_null(False)
    rows = rows.mutate(
        outcome=ibis.cases((~is_decided, OPEN), (is_won, WON), else_=LOST),
        last_on=is_decided.ifelse(rows.decided_on, ibis.literal(as_of)),
    )
    names = ["lead_id", "company_id", "channel", "created_on", "outcome", "last_on", "lost_reason",
             "lead_value"]  # fmt: skip
    table = rows.select(*names).to_pandas()
    passed = pd.to_datetime(table["last_on"]) - pd.to_datetime(table["created_on"])
    table["days"] = passed.dt.days.clip(lower=0)
    about = companies[["company_id", *FIRMOGRAPHICS, "first_on"]]
    table = table.merge(about, on="company_id", how="left")
    ordered_on = pd.to_datetime(table["first_on"])
    table["was_customer"] = ordered_on < pd.to_datetime(table["created_on"])
    table["lost_reason"] = table["lost_reason"].where(table["outcome"] == LOST)
    table[list(ATTRIBUTES)] = table[list(ATTRIBUTES)].astype(object).fillna(UNKNOWN)
    return table.sort_values("lead_id", ignore_index=True)[LEADS]


def overall(table: pd.DataFrame) -> pd.Series | None:
    """The decided leads as one row: n, won, open, share, low, high (Wilson); None with fewer than
    30 decided."""
    decided = table[table["outcome"] != OPEN]
    n, won = len(decided), int((decided["outcome"] == WON).sum())
    if n < MIN_LEADS:
        return None
    low, high = wilson(won, n)
    values = {"n": n, "won": won, "open": len(table) - n, "share": won / n}
    return pd.Series(values | {"low": float(low), "high": float(high)})


def won_by(table: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """The share won of the decided leads, by what is known of the company and by channel.

    Parameters
    ----------
    table : of ``leads``

    Returns
    -------
    Columns: attribute, value, n (decided leads: the denominator), won, open (undecided, beside),
    share, low, high (Wilson), others_share (of the decided leads with another value of the
    attribute), gap_share (share less others_share), gap_low, gap_high (Newcombe), p_value
    (Fisher's test against the others, mid-p), q_value (Benjamini-Hochberg over all rows). Values
    of fewer than 10 decided leads, or ``min_cell`` companies, are together ``other``, which is
    not tested, and neither is ``unknown``. An attribute with one value has no rows; none have
    with fewer than 30 decided leads. The greatest share first within an attribute.
    """
    if overall(table) is None:
        return pd.DataFrame(columns=WON_BY)
    parts = [_won_by(table, name, min_cell) for name in ATTRIBUTES]
    parts = [part for part in parts if len(part) > 1]
    if not parts:
        return pd.DataFrame(columns=WON_BY)
    made = pd.concat(parts, ignore_index=True)
    made["q_value"] = benjamini_hochberg(made["p_value"])
    return made[WON_BY]


def _won_by(table: pd.DataFrame, attribute: str, min_cell: int) -> pd.DataFrame:
    value = _large(table, attribute, min_cell)
    counts = pd.crosstab(value, table["outcome"]).reindex(columns=[WON, LOST, OPEN], fill_value=0)
    counts = counts[counts[WON] + counts[LOST] > 0]
    won, n = counts[WON].to_numpy(), (counts[WON] + counts[LOST]).to_numpy()
    others_won, others = won.sum() - won, n.sum() - n
    if len(counts) < 2:
        return pd.DataFrame(columns=WON_BY)
    low, high = wilson(won, n)
    gap_low, gap_high = newcombe(won, n, others_won, others)
    is_named = ~counts.index.isin([OTHER, UNKNOWN])
    p = mid_p(won, n, others_won, others)
    made = pd.DataFrame(
        {
            "attribute": attribute, "value": counts.index, "n": n, "won": won,
            "open": counts[OPEN].to_numpy(), "share": won / n, "low": low, "high": high,
            "others_share": others_won / others, "gap_share": won / n - others_won / others,
            "gap_low": gap_low, "gap_high": gap_high, "p_value": np.where(is_named, p, np.nan),
        }
    ).assign(is_named=is_named)  # fmt: skip
    order = ["is_named", "share", "value"]
    return made.sort_values(order, ascending=[False, False, True]).drop(columns="is_named")


def _large(table: pd.DataFrame, attribute: str, min_cell: int) -> pd.Series:
    """Each lead's value, ``other`` where it is too rare to be shown; with the next rarest until
    ``other`` is large enough itself."""
    decided = table[table["outcome"] != OPEN].groupby(attribute)
    sizes = decided.agg(n=("lead_id", "size"), companies=("company_id", "nunique"))
    sizes = sizes.sort_values(["n", "companies"], ascending=False, kind="stable")
    is_large = (sizes["n"] >= MIN_GROUP) & (sizes["companies"] >= min_cell)
    kept = sizes.index[is_large & (sizes.index != OTHER)].tolist()
    while kept:
        rest = sizes.drop(index=kept)
        if rest.empty or (rest["n"].sum() >= MIN_GROUP and rest["companies"].sum() >= min_cell):
            break
        kept.pop()
    return table[attribute].where(table[attribute].isin(kept), OTHER)


class Standout(NamedTuple):
    """A value of which more, or fewer, leads are won than of the others of its attribute."""

    row: pd.Series
    least: pd.Series
    low: float
    high: float


def standout(table: pd.DataFrame, attribute: str, *, allowed: float) -> Standout | None:
    """The row of ``won_by`` that stands out most surely of an attribute's, with ``least``, the row
    of the smallest share.

    low and high are of the share less that of the others (Newcombe), widened by Bonferroni for the
    values it was picked from. None where no q is up to ``allowed``.
    """
    own = table[(table["attribute"] == attribute) & table["q_value"].notna()]
    if own.empty or own["q_value"].min() > allowed:
        return None
    row = own.loc[own["p_value"].idxmin()]
    others = own.loc[own.index != row.name]
    least = others.loc[others["share"].idxmin()] if len(others) else row
    n = table.loc[table["attribute"] == attribute, ["won", "n"]].sum()
    low, high = newcombe(
        row["won"], row["n"], n["won"] - row["won"], n["n"] - row["n"],
        confidence=1 - 0.05 / len(own),
    )  # fmt: skip
    return Standout(row, least, float(low), float(high))


TO_WHOM = {
    "industry": N_("to “{value}”"), "size": N_("to companies of size “{value}”"),
    "channel": N_("through “{value}”"),
    "value_chain_stage": N_("to companies at the stage “{value}”"),
    "earns_from": N_("to companies that earn from “{value}”"),
    "goal": N_("to companies whose goal is “{value}”"),
}  # fmt: skip


def in_words(row: pd.Series) -> str:
    """To whom, or through what, the offers of a row of ``won_by`` went: *to “café”*."""
    return tr(TO_WHOM[row["attribute"]], value=row["value"])


def decisions(table: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """The share of all leads that is won, and lost, by the days since they were created.

    Returns
    -------
    Columns: outcome (``won``, ``lost``), duration (days), at_risk (leads still open then), events
    (decisions since the row before, ``min_cell`` at least), incidence, low, high (of
    ``aalen_johansen``), up to the last day on which 20 leads were still open. No rows with fewer
    than 30 leads or 10 decisions.
    """
    counts = table.groupby(["days", "outcome"]).size().rename("count").reset_index()
    counts = counts.rename(columns={"days": "duration", "outcome": "cause"})
    counts["cause"] = counts["cause"].replace(OPEN, "")
    columns = ["outcome", "duration", "at_risk", "events", "incidence", "low", "high"]
    if len(table) < MIN_LEADS or (table["outcome"] != OPEN).sum() < MIN_EVENTS:
        return pd.DataFrame(columns=columns)
    curve = aalen_johansen(counts)
    curve = curve[curve["duration"] <= survival.reach(curve, min_at_risk=MIN_AT_RISK)]
    parts = [
        survival.merge_steps(own.rename(columns={"incidence": "survival"}), min_events=min_cell)
        .rename(columns={"survival": "incidence"})
        .assign(outcome=outcome)
        for outcome, own in curve.groupby("cause", sort=False)
    ]
    return pd.concat(parts, ignore_index=True)[columns]


def median_days(table: pd.DataFrame) -> tuple[float, float, float]:
    """Days in which half of the leads are decided, either way, and their interval; nan where that
    is not reached or with fewer than 30 leads or 10 decisions."""
    is_decided = table["outcome"] != OPEN
    if len(table) < MIN_LEADS or is_decided.sum() < MIN_EVENTS:
        return np.nan, np.nan, np.nan
    counts = pd.DataFrame({"duration": table["days"], "event": is_decided, "count": 1})
    return survival.quantile(survival.kaplan_meier(survival.life_table(counts)))


def lost_reasons(table: pd.DataFrame, *, min_cell: int) -> pd.DataFrame:
    """Why leads were lost, and what they were worth.

    Returns
    -------
    Columns: lost_reason, n (lost leads with a reason: the denominator), lost (leads), share, low,
    high (Wilson), lead_value (money, the sum of their values). The most frequent first; reasons of
    fewer than ``min_cell`` companies are together ``other``, last. No rows with fewer than 10.
    """
    lost = table[(table["outcome"] == LOST) & table["lost_reason"].notna()]
    if len(lost) < MIN_GROUP:
        return pd.DataFrame(columns=REASONS)
    companies = lost.groupby("lost_reason")["company_id"].nunique().sort_values(ascending=False)
    kept = companies.index[(companies >= min_cell) & (companies.index != OTHER)].tolist()
    while kept and 0 < companies.drop(index=kept).sum() < min_cell:
        kept.pop()
    reason = lost["lost_reason"].where(lost["lost_reason"].isin(kept), OTHER)
    made = lost.assign(lost_reason=reason).groupby("lost_reason", as_index=False)
    made = made.agg(
        lost=("lead_id", "size"), lead_value=("lead_value", lambda v: v.sum(min_count=1))
    )
    made["n"] = len(lost)
    made["share"] = made["lost"] / len(lost)
    made["low"], made["high"] = wilson(made["lost"], len(lost))
    made["is_other"] = made["lost_reason"] == OTHER
    order = ["is_other", "lost", "lost_reason"]
    return made.sort_values(order, ascending=[True, False, True], ignore_index=True)[REASONS]
