"""What marketing cost, by channel and day: totals of several days are spread over their days.

A day without a row is counted and never taken for a day without cost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from templates_lib.purchase_survey import discovery
from templates_lib.tables import SPEND

MONTH_DAYS = 365.25 / 12
KEYS = ["channel", "campaign", "date", "date_to"]
CAMPAIGNS = ["channel", "campaign", "spend", "date_from", "date_to", "is_brand"]
DAYS = ["channel", "date_from", "date_to", "spend", "spread_share", "days_with_row",
        "days_spread", "days_missing"]  # fmt: skip


def costs(
    spend: ir.Table | None, *, channels: discovery.Names, brand: Sequence[str], as_of: date
) -> pd.DataFrame:
    """The cost of each channel, campaign and stretch of days that begins up to ``as_of``; none of a
    client without costs.

    Parameters
    ----------
    channels : name: its names in the costs as ``spend``, ``*`` for any letters; a channel that
        none of them means keeps its own name, in small letters
    brand : patterns of the campaigns that answer a search for the shop's own name

    Returns
    -------
    Columns: channel, campaign, date, date_to (days as datetime64, equal for a single day), cost
    (float), days, is_brand.
    """
    if spend is None:
        spend = ibis.memtable([], schema=SPEND)
    known = spend.filter(spend.date <= ibis.literal(as_of))
    rows = known.group_by(KEYS).aggregate(cost=known.cost.sum().cast("float64"))
    found = rows.order_by(KEYS).to_pandas()
    found["date"], found["date_to"] = (pd.to_datetime(found[c]) for c in ("date", "date_to"))
    raw = found["channel"].astype("object")
    named = discovery.named(raw, "spend", channels)
    found["channel"] = named.where(named != discovery.OTHER, raw.str.casefold())
    found["campaign"] = found["campaign"].astype("object").fillna("")
    found["days"] = (found["date_to"] - found["date"]).dt.days + 1
    forms = [form.casefold() for form in brand]
    found["is_brand"] = [
        any(fnmatchcase(str(name).casefold(), form) for form in forms) for name in found["campaign"]
    ]
    return found


def between(rows: pd.DataFrame, start: date, end: date) -> pd.Series:
    """The part of each row's cost that falls on the days from ``start`` to ``end``, both in it."""
    first = rows["date"].clip(lower=pd.Timestamp(start))
    last = rows["date_to"].clip(upper=pd.Timestamp(end))
    inside = ((last - first).dt.days + 1).clip(lower=0)
    return rows["cost"] * inside / rows["days"]


def other_costs(monthly: Mapping[str, Decimal], start: date, end: date) -> float:
    """Fixed monthly costs over a stretch of days."""
    return float(sum(monthly.values())) * ((end - start).days + 1) / MONTH_DAYS


def span(rows: pd.DataFrame, *, as_of: date) -> tuple[date, date] | None:
    """The first and the last day that any row is about; None without a cost."""
    if not (rows["cost"] > 0).any():
        return None
    return rows["date"].min().date(), min(rows["date_to"].max().date(), as_of)


def campaigns(rows: pd.DataFrame) -> pd.DataFrame:
    """What each campaign cost: channel, campaign, spend, date_from, date_to, is_brand; a campaign
    without cost is in it."""
    table = rows.groupby(["channel", "campaign"], as_index=False).agg(
        spend=("cost", "sum"), date_from=("date", "min"), date_to=("date_to", "max"),
        is_brand=("is_brand", "max"),
    )  # fmt: skip
    for name in ("date_from", "date_to"):
        table[name] = table[name].dt.date
    ordered = table.sort_values(["channel", "spend", "campaign"], ascending=[True, False, True])
    return ordered[CAMPAIGNS].reset_index(drop=True)


def converted_rows(facts: Mapping[str, Any]) -> int:
    """Rows of the costs whose money was in another currency, by what staging noted."""
    return sum(about["converted"] for about in facts["sources"] if about["table"] == "spend")


def days(rows: pd.DataFrame, *, as_of: date) -> pd.DataFrame:
    """How well the days of each channel are known.

    Returns
    -------
    Columns: channel, date_from, date_to (first and last day with a row, up to ``as_of``), spend,
    spread_share (share of it that was spread over the days of its row), days_with_row (days with
    a row of their own), days_spread (days that only a longer row holds), days_missing (days
    between the first and the last without any row).
    """
    found = []
    for channel, own in rows.groupby("channel", sort=True):
        first, last = own["date"].min(), min(own["date_to"].max(), pd.Timestamp(as_of))
        length = (last - first).days + 1
        own_row, any_row = np.zeros(length, dtype=bool), np.zeros(length, dtype=bool)
        begins = (own["date"] - first).dt.days.to_numpy()
        own_row[begins[own["days"].to_numpy() == 1]] = True
        for begin, n in zip(begins, own["days"], strict=True):
            any_row[begin : begin + n] = True
        cost = between(own, first.date(), last.date())
        is_spread = own["days"] > 1
        whole = cost.sum()
        found.append(
            [channel, first.date(), last.date(), whole,
             cost[is_spread].sum() / whole if whole else np.nan, int(own_row.sum()),
             int((any_row & ~own_row).sum()), int((~any_row).sum())]
        )  # fmt: skip
    return pd.DataFrame(found, columns=DAYS)
