"""Whom the offer would suit but who is hardly among the customers: customers against the market."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

import ibis.expr.types as ir
import pandas as pd
from scipy import stats

from templates_lib.icp import icp, profile_attributes
from templates_lib.icp.profile_attributes import OTHER, UNKNOWN
from templates_lib.language import tr
from templates_lib.params.icp import Icp
from templates_lib.params.purchase_survey import PurchaseSurvey
from templates_lib.stats.intervals import mean_interval, wilson
from templates_lib.words import Words

LEAST_KNOWN = 30
MARGIN = 0.2  # worth at most a fifth less than others is worth as much
COLUMNS = ["unit", "attribute", "value", "n", "share", "low", "high", "market_share", "reach",
           "reach_low", "reach_high", "n_valued", "value_per_customer", "value_low", "value_high",
           "difference_value", "difference_low", "difference_high", "would_suit"]  # fmt: skip


def against_market(
    units: pd.DataFrame,
    attributes: pd.DataFrame,
    market: pd.DataFrame,
    *,
    min_cell: int,
    unit: str = "customer",
) -> pd.DataFrame:
    """Each group of the market: how many of the customers belong to it, and what they are worth.

    Parameters
    ----------
    units : of ``icp.units``; attributes : of ``icp_attributes.attributes``
    market : canonical: attribute, value, share; matched by both names, whatever the case. Its
        shares are taken as exact
    unit : what a unit is: ``customer`` or ``company``

    Returns
    -------
    Columns: unit, attribute, value, n (units of whom the attribute is known), share (of them in the
    group), low, high (Wilson), market_share, reach (share / market_share: 1 is as in the market),
    reach_low, reach_high, n_valued (of the group, observed for the days that value is counted
    over), value_per_customer, value_low, value_high (mean with Hall's interval), difference_value
    (to the mean of all other known customers), difference_low, difference_high (Welch),
    would_suit.
    An attribute known of fewer than 30 customers has no rows; a group of fewer than ``min_cell``
    has no share but the market's, and one of fewer than 30 with a known value no value.

    ``would_suit`` is ``reached`` where reach is not surely under 1; of the others ``suits`` (worth
    at most a fifth less than others, surely), ``less`` (worth less, surely) or ``open``.
    """
    known = attributes[~attributes["value"].isin([UNKNOWN, OTHER])]
    known = known.assign(key=known["attribute"].str.casefold(), group=known["value"].str.casefold())
    rows = [
        row
        for attribute, groups in market.groupby("attribute", sort=False)
        for row in _rows(known[known["key"] == str(attribute).casefold()], groups, units, min_cell)
    ]
    return pd.DataFrame(rows, columns=COLUMNS).assign(unit=unit)


def of_client(
    have: Mapping[str, ir.Table],
    units: pd.DataFrame,
    attributes: pd.DataFrame,
    market: pd.DataFrame | None,
    *,
    settings: Icp,
    survey: PurchaseSurvey,
    value: str,
    zone: str,
    as_of: date,
    service: ir.Table | None,
    min_cell: int,
) -> pd.DataFrame:
    """``against_market`` of the units, and of companies for what is known of companies only.

    Parameters
    ----------
    settings, survey, value, zone, as_of, service : as ``icp.units`` and
        ``profile_attributes.attributes`` take them
    """
    if market is None or market.empty:
        return pd.DataFrame(columns=COLUMNS)
    table = against_market(units, attributes, market, min_cell=min_cell, unit=settings.unit)
    lacking = not_known(market, table)
    if not lacking or settings.unit == "company" or "companies" not in have:
        return table
    company = settings.model_copy(update={"unit": "company"})
    bought = icp.units(have, settings=company, value=value, zone=zone, as_of=as_of, service=service)
    known = profile_attributes.attributes(
        have, bought, company, survey=survey, zone=zone, as_of=as_of
    )
    rest = market[market["attribute"].isin(lacking)]
    firms = against_market(bought, known, rest, min_cell=min_cell, unit="company")
    return pd.concat([part for part in (table, firms) if len(part)] or [table], ignore_index=True)


def _rows(
    own: pd.DataFrame, groups: pd.DataFrame, units: pd.DataFrame, min_cell: int
) -> Iterator[dict]:
    own = own.drop_duplicates("unit_id")
    own = own[own["group"].isin(groups["value"].str.casefold())]
    n = len(own)
    if n < LEAST_KNOWN:
        return
    valued = own.merge(units[units["observed"] & units["value"].notna()], on="unit_id",
                       suffixes=("_said", ""))  # fmt: skip
    for group in groups.itertuples(index=False):
        is_here = own["group"] == group.value.casefold()
        row = {"attribute": group.attribute, "value": group.value, "n": n,
               "market_share": float(group.share), "would_suit": "open"}  # fmt: skip
        if is_here.sum() < min_cell:
            yield row | {"would_suit": "hidden"}
            continue
        low, high = (float(end) for end in wilson(is_here.sum(), n))
        share = is_here.mean()
        row |= {"share": share, "low": low, "high": high}
        for name, end in (("reach", share), ("reach_low", low), ("reach_high", high)):
            row[name] = end / row["market_share"] if row["market_share"] else None
        here = valued["group"] == group.value.casefold()
        row |= _worth(valued.loc[here, "value"], valued.loc[~here, "value"])
        yield row | {"would_suit": _fit(row)}


def _worth(own: pd.Series, others: pd.Series) -> dict:
    row = {"n_valued": len(own)}
    if min(len(own), len(others)) < LEAST_KNOWN:
        return row
    x = own.to_numpy(float)
    low, high = mean_interval(len(x), x.sum(), (x**2).sum(), (x**3).sum())
    row |= {"value_per_customer": x.mean(), "value_low": float(low), "value_high": float(high)}
    apart = stats.ttest_ind(own, others, equal_var=False).confidence_interval()
    row |= {"difference_low": float(apart.low), "difference_high": float(apart.high)}
    return row | {"difference_value": own.mean() - others.mean()}


def _fit(row: dict) -> str:
    if row["reach_high"] is None or row["reach_high"] >= 1:
        return "reached"
    if "difference_value" not in row:
        return "open"
    if row["difference_high"] < 0:
        return "less"
    others = row["value_per_customer"] - row["difference_value"]
    return "suits" if row["difference_low"] >= -MARGIN * abs(others) else "open"


def not_known(market: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Attributes of the market that are known of too few customers to be compared."""
    return [a for a in market["attribute"].unique() if a not in set(table["attribute"])]


def least_reached(table: pd.DataFrame) -> pd.Series | None:
    """The group hardest to find among the customers whose customers are not worth less: one that
    ``suits`` before one that is ``open``; None where there is none."""
    own = table[table["would_suit"].isin(["suits", "open"]) & table["value_per_customer"].notna()]
    ordered = own.sort_values(["would_suit", "reach"], ascending=[False, True], kind="stable")
    return None if own.empty else ordered.iloc[0]


def worth_in_words(row: pd.Series, words: Words) -> str:
    """What a group's customers are worth against others, as a sentence."""
    mean = words.money(row["value_per_customer"], 0)
    if row["would_suit"] == "suits":
        return tr(
            "Those who buy are worth {mean}, as much as others or more: the offer suits them.",
            mean=mean,
        )
    less, more = (words.money(abs(row[f"difference_{end}"]), 0) for end in ("low", "high"))
    return tr(
        "Those who buy are worth {mean}. Whether that is as much as others is open: very likely "
        "between {less} less and {more} more.",
        mean=mean, less=less, more=more,
    )  # fmt: skip
